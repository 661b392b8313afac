//! The rpcs: decode, authorise, one call, encode.

mod agent;
mod decision;
mod decode;
mod encode;
mod queue;

pub use decode::content;

use crate::app::Routing;
use onqueue_proto::routing::v1::{
    agent_service_server::AgentServiceServer, decision_service_server::DecisionServiceServer,
    queue_service_server::QueueServiceServer,
};
use tonic::service::Routes;

/// Every rpc of the service.
pub fn routes(routing: &Routing) -> Routes {
    Routes::new(QueueServiceServer::new(queue::Rpcs(routing.clone())))
        .add_service(AgentServiceServer::new(agent::Rpcs(routing.clone())))
        .add_service(DecisionServiceServer::new(decision::Rpcs(routing.clone())))
}
