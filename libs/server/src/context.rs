//! What every bind function gets and gives.

use crate::{Clock, Ids, Tasks};
use onqueue_bus::Bus;
use onqueue_trust::Trust;
use tonic::{Status, body::Body};
use tower::util::BoxCloneSyncService;

/// A service in this process, or a channel to it: what generated clients are made from.
pub type InProcess = BoxCloneSyncService<http::Request<Body>, http::Response<Body>, Status>;

/// What a service needs of its surroundings.
#[derive(Clone, Debug)]
pub struct Context {
    /// The time.
    pub clock: Clock,
    /// Ids and chance.
    pub ids: Ids,
    /// Background work.
    pub tasks: Tasks,
    /// Hints.
    pub bus: Bus,
    /// Who may do what.
    pub trust: Trust,
}

/// What a bind function gives: its routes, before any layer. The chassis adds the layers.
pub struct Bound {
    /// The service's name: `auth`, `routing`, `session`, `content`, `gateway`.
    pub name: &'static str,
    /// Its gRPC services.
    pub routes: tonic::service::Routes,
}
