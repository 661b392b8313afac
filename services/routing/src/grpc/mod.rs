//! The rpcs: decode, authorise, one call, encode.

mod agent;
mod decision;
mod decode;
mod encode;
mod forward;
mod pipe;
mod queue;

pub use decode::content;

use crate::app::Routing;
use forward::Owned;
use onqueue_proto::routing::v1::{
    agent_service_server::AgentServiceServer, decision_service_server::DecisionServiceServer,
    queue_service_server::QueueServiceServer,
};
use tonic::service::Routes;

/// Every rpc of the service.
pub fn routes(routing: &Routing) -> Routes {
    let (queues, agents) = (
        QueueServiceServer::new(queue::Rpcs(routing.clone())),
        AgentServiceServer::new(agent::Rpcs(routing.clone())),
    );
    Routes::new(Owned::new(queues, routing.whereabouts(), routing.draining()))
        .add_service(Owned::new(agents, routing.whereabouts(), routing.draining()))
        .add_service(DecisionServiceServer::new(decision::Rpcs(routing.clone())))
}
