//! `grpc.health.v1`: for callers beside every service, and for whoever keeps the process running; and reflection.

use crate::{Readiness, status};
use futures::{StreamExt as _, stream, stream::BoxStream};
use onqueue_model::Fault;
use tonic::{Request, Response, Status, service::Routes};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_check_response::ServingStatus,
    health_server::{Health, HealthServer},
};

/// Asked for by this name, the answer is whether the process may be sent work.
pub const READINESS: &str = "readiness";

/// Asked for by this name, the answer is whether the process answers at all; it does not look at the database, since
/// nothing there is made better by starting the process again.
pub const LIVENESS: &str = "liveness";

/// What is answered about health, by name: each of the services, [`READINESS`] and the empty name for all are SERVING while
/// the process is ready, [`LIVENESS`] always is; whatever else is asked for is unknown.
#[derive(Clone, Debug)]
pub struct Probes {
    readiness: Readiness,
    services: Vec<&'static str>,
}

impl Probes {
    /// Of a process with these services.
    pub fn new(readiness: Readiness, services: impl IntoIterator<Item = &'static str>) -> Self {
        Self {
            readiness,
            services: services.into_iter().collect(),
        }
    }

    pub(crate) const fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    pub(crate) fn server(self) -> HealthServer<Self> {
        HealthServer::new(self)
    }

    fn of(&self, name: &str) -> ServingStatus {
        let is_ready = || self.readiness.missing().is_empty();
        match name {
            LIVENESS => ServingStatus::Serving,
            name if !matches!(name, "" | READINESS) && !self.services.contains(&name) => ServingStatus::ServiceUnknown,
            _ if is_ready() => ServingStatus::Serving,
            _ => ServingStatus::NotServing,
        }
    }
}

fn told(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl Health for Probes {
    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        match self.of(&request.get_ref().service) {
            ServingStatus::ServiceUnknown => Err(status(Fault::not_found("service"))),
            known => Ok(Response::new(told(known))),
        }
    }

    /// What it is, and whenever it is something else.
    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let (probes, name) = (self.clone(), request.into_inner().service);
        let beginning = (probes.readiness.looks(), None);
        let changes = stream::unfold(beginning, move |(mut looks, mut last)| {
            let (probes, name) = (probes.clone(), name.clone());
            async move {
                loop {
                    let now = probes.of(&name);
                    if last.replace(now) != Some(now) {
                        return Some((Ok(told(now)), (looks, last)));
                    }
                    looks.next().await;
                }
            }
        });
        Ok(Response::new(changes.boxed()))
    }
}

/// Adds `grpc.health.v1.Health`.
pub fn with_health(routes: Routes, probes: Probes) -> Routes {
    routes.add_service(probes.server())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tasks;
    use std::time::Duration;

    #[test]
    fn who_may_be_sent_work_and_who_answers_at_all() {
        let tasks = Tasks::new();
        let readiness = Readiness::new(&tasks);
        let probes = Probes::new(readiness.clone(), ["session", "auth"]);
        let all = ["", READINESS, "session", "auth"].map(|name| probes.of(name));
        assert_eq!(all, [ServingStatus::Serving; 4]);
        let latch = readiness.latch("database");
        let all = ["", READINESS, "session", "auth"].map(|name| probes.of(name));
        assert_eq!(all, [ServingStatus::NotServing; 4]);
        assert_eq!(
            probes.of(LIVENESS),
            ServingStatus::Serving,
            "whatever the database does"
        );
        assert_eq!(probes.of("routing"), ServingStatus::ServiceUnknown, "it runs elsewhere");
        drop(latch);
        tasks.drain();
        assert_eq!(probes.of(READINESS), ServingStatus::NotServing);
        assert_eq!(probes.of(LIVENESS), ServingStatus::Serving, "until it has ended");
    }

    #[tokio::test]
    async fn who_watches_hears_of_changes_only() {
        let readiness = Readiness::new(&Tasks::new());
        let latch = readiness.latch("database");
        let probes = Probes::new(readiness.clone(), []);
        let asked = |service: &str| {
            let service = service.to_owned();
            Request::new(HealthCheckRequest { service })
        };
        let mut stream = probes.watch(asked("")).await.expect("watches").into_inner();
        let mut next = async || {
            let next = tokio::time::timeout(Duration::from_secs(10), stream.next()).await;
            next.expect("in time").expect("goes on").expect("well").status()
        };
        assert_eq!(next().await, ServingStatus::NotServing);
        drop(latch);
        assert_eq!(next().await, ServingStatus::Serving);
        let unknown = probes.check(asked("nobody")).await.expect_err("unknown");
        assert_eq!(unknown.code(), tonic::Code::NotFound);
    }
}
