//! The gRPC services that every server has: health for each service by name, and reflection.

use crate::{Readiness, Tasks};
use onqueue_model::Fault;
use tonic::service::Routes;
use tonic_health::{ServingStatus, server::health_reporter};

/// Adds `grpc.health.v1.Health`. Each of the services, and the empty name for all, is SERVING while the process is ready.
pub fn with_health(
    routes: Routes,
    services: impl IntoIterator<Item = &'static str>,
    readiness: Readiness,
    tasks: &Tasks,
) -> Routes {
    let names: Vec<&'static str> = services.into_iter().chain([""]).collect();
    let (reporter, service) = health_reporter();
    let drain = tasks.drain_token().clone();
    tasks.spawn("health over grpc", async move {
        let mut looks = readiness.looks();
        loop {
            let status = match readiness.missing().is_empty() {
                true => ServingStatus::Serving,
                false => ServingStatus::NotServing,
            };
            for name in &names {
                reporter.set_service_status(*name, status).await;
            }
            if drain.is_cancelled() {
                return;
            }
            looks.next().await;
        }
    });
    routes.add_service(service)
}

/// Adds `grpc.reflection` for every proto of ours, in version 1 and in the older alpha that many clients still ask for.
pub fn with_reflection(routes: Routes) -> Result<Routes, Fault> {
    let protos = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(onqueue_proto::DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let current = protos().build_v1().map_err(Fault::internal)?;
    let older = protos().build_v1alpha().map_err(Fault::internal)?;
    Ok(routes.add_service(current).add_service(older))
}
