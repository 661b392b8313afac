//! The rpcs: decode, authorise, one call, encode.

mod agent;
mod burden;
mod decision;
mod decode;
mod encode;
mod explained;
mod forward;
mod hours;
mod interaction;
mod observation;
mod observed;
mod pipe;
mod queue;
mod queue_settings;
mod revision;
mod schedule;
mod settings;
mod skill;
mod utilization;
mod wait;
mod wrap_up_code;

pub use decode::content;
pub use queue_settings::Groups;

use crate::app::Routing;
use forward::Owned;
use onqueue_proto::routing::v1::{
    agent_service_server::AgentServiceServer, decision_service_server::DecisionServiceServer,
    interaction_service_server::InteractionServiceServer, observation_service_server::ObservationServiceServer,
    queue_service_server::QueueServiceServer, schedule_service_server::ScheduleServiceServer,
    settings_service_server::SettingsServiceServer, skill_service_server::SkillServiceServer,
    utilization_service_server::UtilizationServiceServer, wait_service_server::WaitServiceServer,
    wrap_up_code_service_server::WrapUpCodeServiceServer,
};
use tonic::service::Routes;

/// Every rpc of the service.
pub fn routes(routing: &Routing) -> Routes {
    let queues = QueueServiceServer::new(queue::Rpcs(routing.clone()));
    let agents = AgentServiceServer::new(agent::Rpcs(routing.clone()));
    let skills = SkillServiceServer::new(skill::Rpcs(routing.clone()));
    let schedules = ScheduleServiceServer::new(schedule::Rpcs(routing.clone()));
    let utilization = UtilizationServiceServer::new(utilization::Rpcs(routing.clone()));
    let observations = ObservationServiceServer::new(observation::Rpcs(routing.clone()));
    let waits = WaitServiceServer::new(wait::Rpcs(routing.clone()));
    let settings = SettingsServiceServer::new(settings::Rpcs(routing.clone()));
    let interactions = InteractionServiceServer::new(interaction::Rpcs(routing.clone()));
    let codes = WrapUpCodeServiceServer::new(wrap_up_code::Rpcs(routing.clone()));
    let decisions = DecisionServiceServer::new(decision::Rpcs(routing.clone()));
    Routes::new(owned(routing, queues))
        .add_service(owned(routing, agents))
        .add_service(owned(routing, skills))
        .add_service(owned(routing, schedules))
        .add_service(owned(routing, utilization))
        .add_service(owned(routing, observations))
        .add_service(owned(routing, waits))
        .add_service(owned(routing, settings))
        .add_service(owned(routing, interactions))
        .add_service(owned(routing, codes))
        .add_service(owned(routing, decisions))
}

fn owned<S>(routing: &Routing, service: S) -> Owned<S> {
    Owned::new(service, routing.whereabouts(), routing.draining())
}
