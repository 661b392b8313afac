//! The only public door: authenticates, limits, forwards and serves the pages. It owns no data: what it knows of
//! permissions is the trust bundle, and what a call means is known to the service that it belongs to.

mod app;
mod door;
mod grpc;
mod rate;
mod settings;

pub use rate::Rate;
pub use settings::Settings;

use door::Door;
use onqueue_client::{Chance, Policy, connect};
use onqueue_model::Fault;
use onqueue_proto::auth::v1::trust_service_client::TrustServiceClient;
use onqueue_server::{Context, InProcess, Readiness, as_peer, in_process, listener};
use onqueue_trust::follow_service;
use std::sync::Arc;
use tokio::net::TcpListener;

/// The service's name.
pub const NAME: &str = "gateway";

/// Where calls go, with the layers that the services have of themselves.
#[derive(Clone, Debug)]
pub struct Upstreams {
    /// `onqueue.auth.v…`
    pub auth: InProcess,
    /// `onqueue.routing.v…`
    pub routing: InProcess,
    /// `onqueue.session.v…`
    pub session: InProcess,
    /// `onqueue.content.v…`
    pub content: InProcess,
}

/// The door, ready to be opened.
#[derive(Debug)]
pub struct Gateway {
    context: Context,
    settings: Settings,
    door: InProcess,
}

/// What the door waits for before it is ready.
pub const AUTH_SILENT: &str = "auth has not said yet who may do what (clients.auth)";

/// Puts the door together. It judges by `context.trust`: in one process the services' own; elsewhere see
/// [`follow_trust`]. Its health service answers by `readiness`, which it holds back until there is any trust to judge by;
/// later the last one is kept, however long auth is away. Its time is `context.clock`'s: without a database, the machine's.
// Asynchronous as every service's bind is.
#[allow(clippy::unused_async)]
pub async fn bind(
    settings: &Settings,
    context: Context,
    readiness: Readiness,
    upstreams: Upstreams,
) -> Result<Gateway, Fault> {
    settings.check()?;
    let trust = context.trust.clone();
    readiness.watch(AUTH_SILENT, move || trust.read_at().is_some());
    let ids = context.ids.clone();
    let chance: Chance = Arc::new(move || ids.chance());
    let called = |upstream| connect(upstream, Policy::default(), Arc::clone(&chance));
    let upstreams = Upstreams {
        auth: called(upstreams.auth),
        routing: called(upstreams.routing),
        session: called(upstreams.session),
        content: called(upstreams.content),
    };
    Ok(Gateway {
        door: in_process(Door::new(settings, &context, &upstreams, readiness)?),
        settings: settings.clone(),
        context,
    })
}

impl Gateway {
    /// Opens the door until the process drains. Trusted proxies may have any number of connections.
    pub fn serve(self, listener: TcpListener, mut limits: listener::Limits) {
        limits.exempt.extend(self.settings.trusted_proxies);
        let ids = self.context.ids;
        listener::serve(listener, self.door, limits, &self.context.tasks, move || ids.chance());
    }
}

/// Keeps `context.trust` on what auth says, until the process drains: for a gateway that has the process to itself, or is
/// to behave as one.
pub fn follow_trust(auth: InProcess, context: &Context) {
    let upstream = TrustServiceClient::new(as_peer(auth, NAME));
    let (trust, clock) = (context.trust.clone(), context.clock.clone());
    let drain = context.tasks.drain_token().clone();
    context.tasks.spawn("trust", async move {
        follow_service(upstream, trust, move || clock.now(), drain.cancelled()).await;
    });
}
