//! All services in one process: one SQLite file, one bus, one door.

use crate::{demo::Demo, settings::Settings};
use onqueue_bus::Bus;
use onqueue_gateway::Upstreams;
use onqueue_model::Fault;
use onqueue_server::{
    Bound, Clock, Context, Ids, Readiness, Tasks, as_peer, follow_database, layered_within, with_health,
};
use onqueue_store::{Lock, Store, StoreError};
use onqueue_trust::{Trust, follow_store, read_store};
use std::{net::SocketAddr, time::Duration};
use tokio::net::TcpListener;

/// What comes from outside of every service.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The time.
    pub clock: Clock,
    /// Ids and chance.
    pub ids: Ids,
}

impl Surroundings {
    /// The machine's own.
    pub fn system() -> Self {
        Self {
            clock: Clock::system(),
            ids: Ids::system(),
        }
    }
}

/// Every service, running.
#[derive(Debug)]
pub struct Embedded {
    /// Where the public door listens.
    pub address: SocketAddr,
    /// What the services share.
    pub context: Context,
    /// The database.
    pub store: Store,
    /// Whether it may be sent work.
    pub readiness: Readiness,
    _lock: Lock,
}

impl Embedded {
    /// Starts everything: binds the door first, then opens and migrates the database, makes the demo if there is one, and
    /// serves. When this returns it is ready.
    pub async fn start(settings: &Settings, surroundings: Surroundings, demo: Option<&Demo>) -> Result<Self, Fault> {
        let listener = listen("the public door (--listen)", settings.gateway.listen).await?;
        let address = listener.local_addr().map_err(Fault::unavailable)?;
        let lock = Lock::take(&settings.store)?;
        let context = Context {
            clock: surroundings.clock,
            ids: surroundings.ids,
            tasks: Tasks::new(),
            bus: Bus::in_process(),
            trust: Trust::new(),
        };
        let readiness = Readiness::new(&context.tasks);
        let latch = readiness.latch("services");
        let store = Store::open(&settings.store).await?;
        migrate(&store).await?;
        context.clock.set(store.now().await?);
        follow_database(context.clock.clone(), store.clone(), &context.tasks);
        if let Some(demo) = demo {
            onqueue_auth::seed(&store, &context, demo.auth.clone()).await?;
            onqueue_routing::seed(&store, &context, demo.routing.clone()).await?;
        }
        let services = bind(settings, &store, &context, &readiness).await?;
        trust(&store, &context).await?;
        let door = door_settings(settings, demo);
        let gateway = onqueue_gateway::bind(&door, context.clone(), readiness.clone(), services).await?;
        gateway.serve(listener, settings.listener.clone());
        drop(latch);
        Ok(Self {
            address,
            context,
            store,
            readiness,
            _lock: lock,
        })
    }

    /// Ends in order: streams are told, tasks finish, the database is closed and its lock given up. Answers whether all
    /// ended in time.
    pub async fn stop(self, within: Duration) -> bool {
        let ended = self.context.tasks.finish(within).await;
        if let Err(error) = self.store.close().await {
            tracing::warn!(%error, "the database did not close");
        }
        ended
    }
}

/// Brings every service's tables up to date.
pub async fn migrate(store: &Store) -> Result<(), StoreError> {
    store.migrate::<onqueue_auth::Migrations>().await?;
    store.migrate::<onqueue_session::Migrations>().await?;
    store.migrate::<onqueue_routing::Migrations>().await
}

/// Binds an address early, so that one that is taken is told before anything else happens.
pub async fn listen(what: &str, address: SocketAddr) -> Result<TcpListener, Fault> {
    let taken = |error| Fault::unavailable(format!("cannot listen on {address} for {what}: {error}"));
    TcpListener::bind(address).await.map_err(taken)
}

async fn bind(
    settings: &Settings,
    store: &Store,
    context: &Context,
    readiness: &Readiness,
) -> Result<Upstreams, Fault> {
    let layers = |bound: Bound| layered_within(healthy(bound, context, readiness), context, &settings.limits);
    let auth = layers(onqueue_auth::bind(&settings.auth, store.clone(), context.clone()).await?);
    let session = layers(onqueue_session::bind(&settings.session, store.clone(), context.clone()).await?);
    let for_routing = as_peer(session.clone(), "routing");
    let routing = layers(onqueue_routing::bind(&settings.routing, store.clone(), context.clone(), for_routing).await?);
    let content = layers(onqueue_content::bind(&settings.content, context.clone()).await?);
    Ok(Upstreams {
        auth,
        routing,
        session,
        content,
    })
}

fn healthy(bound: Bound, context: &Context, readiness: &Readiness) -> Bound {
    let Bound { name, routes } = bound;
    Bound {
        name,
        routes: with_health(routes, [name], readiness.clone(), &context.tasks),
    }
}

/// Reads the bundle once, so that the first call finds it, and follows it from then on.
async fn trust(store: &Store, context: &Context) -> Result<(), Fault> {
    read_store(store, &context.trust, context.clock.now()).await?;
    let (store, context) = (store.clone(), context.clone());
    let (clock, tasks, stop) = (
        context.clock.clone(),
        context.tasks.clone(),
        context.tasks.drain_token().clone(),
    );
    tasks.spawn("trust", async move {
        follow_store(store, context.trust, context.bus, move || clock.now(), stop.cancelled()).await;
    });
    Ok(())
}

/// In the demo `/chat` shows the demo's chat page unless the settings say otherwise.
fn door_settings(settings: &Settings, demo: Option<&Demo>) -> onqueue_gateway::Settings {
    let mut door = settings.gateway.clone();
    if let (Some(demo), true) = (demo, door.default_deployment.is_empty()) {
        door.default_deployment.clone_from(&demo.credentials.deployment);
    }
    door
}
