//! A service in other processes: connections of our own to each of its addresses, and each call on the one that suits it
//! best. An address that is dead has no connection and therefore gets no call.

mod balancing;
mod call;
mod carrier;
mod connection;
mod driver;
mod endpoint;
mod health;
mod pool;
mod reply;
mod resolution;
mod settings;

pub(crate) use balancing::Avoid;
pub use balancing::{Affinity, affinity};
pub use resolution::Lookup;
pub use settings::Settings;

use crate::{Chance, Spawn, Upstream};
use endpoint::Making;
use http::uri::Authority;
use onqueue_credentials::{Identity, server_name};
use onqueue_model::Fault;
use pool::{Keeper, Pool};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::sync::watch;
use tonic::body::Body;
use tower::{service_fn, util::BoxCloneSyncService};

/// A service in other processes. Its connections are kept until the last clone and the last [`Upstream`] of it is gone.
#[derive(Clone)]
pub struct Remote(Arc<Inner>);

struct Inner {
    pool: Arc<Pool>,
    authority: Authority,
    /// Ends the background when it is dropped.
    _alive: watch::Sender<()>,
}

impl Remote {
    /// The service of that name at `endpoints`, `host:port` each: names are looked up again and again, and every address of
    /// a name is an endpoint. Who answers there must prove the service's name, and we show `identity`. What runs in the
    /// background is started by `spawn`. FIELD_INVALID about `clients.<service>` for what is no endpoint.
    pub fn new(
        service: &'static str,
        endpoints: &[String],
        identity: Identity,
        settings: &Settings,
        spawn: Spawn,
        chance: Chance,
    ) -> Result<Self, Fault> {
        let lookup = resolution::system();
        Self::with_lookup(service, endpoints, identity, settings, spawn, chance, lookup)
    }

    /// The same with another way of looking up names than the system's.
    pub fn with_lookup(
        service: &'static str,
        endpoints: &[String],
        identity: Identity,
        settings: &Settings,
        spawn: Spawn,
        chance: Chance,
        lookup: Lookup,
    ) -> Result<Self, Fault> {
        settings.check()?;
        let targets = resolution::targets(service, endpoints)?;
        let authority = Authority::try_from(server_name(service).to_str().as_ref()).map_err(Fault::internal)?;
        let every = Duration::from_millis(settings.resolve_ms);
        let start = Arc::clone(&spawn);
        let making = Arc::new(Making {
            service,
            identity,
            settings: settings.clone(),
            spawn,
            chance,
            changed: watch::channel(()).0,
        });
        let pool = Arc::new(Pool::new(making));
        let (alive, until) = watch::channel(());
        let mut keeper = Keeper::new(Arc::clone(&pool));
        let follow = async move {
            resolution::follow(targets, lookup, every, |addresses| keeper.update(&addresses)).await;
            std::future::pending::<()>().await;
        };
        start(Box::pin(until_dropped(follow, until)));
        Ok(Self(Arc::new(Inner {
            pool,
            authority,
            _alive: alive,
        })))
    }

    /// Calls go to the endpoint that has less to do, or where their [`Affinity`] leads, among those that are connected. A
    /// request that never left, or that the other side promises not to have carried out, goes elsewhere at once. Without any
    /// connection a call waits for one, within limits. A deadline (`grpc-timeout`) is kept on this side too. Whatever
    /// happens, the answer is a response with a status: UNAVAILABLE or DEADLINE_EXCEEDED where there was none.
    pub fn upstream(&self) -> Upstream {
        let remote = Arc::clone(&self.0);
        BoxCloneSyncService::new(service_fn(move |request: http::Request<Body>| {
            let remote = Arc::clone(&remote);
            async move {
                let answer = call::call(&remote.pool, &remote.authority, request).await;
                Ok::<_, tonic::Status>(answer)
            }
        }))
    }

    /// Whether a call would find a connection.
    pub fn is_connected(&self) -> bool {
        self.0.pool.is_connected()
    }

    /// Returns when a call would find a connection.
    pub async fn connected(&self) {
        self.0.pool.connected().await;
    }
}

async fn until_dropped(work: impl Future<Output = ()>, mut alive: watch::Receiver<()>) {
    tokio::select! {
        () = work => {}
        _ = alive.changed() => {}
    }
}
