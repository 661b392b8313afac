//! The rpcs: decode, authorise, one call, encode.

mod agent;
mod decision;
mod decode;
mod encode;
mod explained;
mod forward;
mod pipe;
mod queue;
mod skill;
mod utilization;

pub use decode::content;

use crate::app::Routing;
use forward::Owned;
use onqueue_proto::routing::v1::{
    agent_service_server::AgentServiceServer, decision_service_server::DecisionServiceServer,
    queue_service_server::QueueServiceServer, skill_service_server::SkillServiceServer,
    utilization_service_server::UtilizationServiceServer,
};
use tonic::service::Routes;

/// Every rpc of the service.
pub fn routes(routing: &Routing) -> Routes {
    let queues = QueueServiceServer::new(queue::Rpcs(routing.clone()));
    let agents = AgentServiceServer::new(agent::Rpcs(routing.clone()));
    let skills = SkillServiceServer::new(skill::Rpcs(routing.clone()));
    let utilization = UtilizationServiceServer::new(utilization::Rpcs(routing.clone()));
    let decisions = DecisionServiceServer::new(decision::Rpcs(routing.clone()));
    Routes::new(owned(routing, queues))
        .add_service(owned(routing, agents))
        .add_service(owned(routing, skills))
        .add_service(owned(routing, utilization))
        .add_service(owned(routing, decisions))
}

fn owned<S>(routing: &Routing, service: S) -> Owned<S> {
    Owned::new(service, routing.whereabouts(), routing.draining())
}
