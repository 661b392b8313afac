//! The services of one process: all of them on one SQLite file, or some of them beside other processes on PostgreSQL.

mod stores;
mod wiring;

pub use stores::{OWNERS, Stores, condition, migrate};

use crate::{demo::Demo, settings::Settings};
use onqueue_bus::Bus;
use onqueue_model::Fault;
use onqueue_server::{
    Bound, Clock, Context, Ids, InProcess, Probes, Readiness, Tasks, follow_database, follow_machine, layered_within,
    listener, with_health,
};
use onqueue_store::{Lock, Store};
use onqueue_trust::{Trust, follow_store, read_store};
use std::{collections::BTreeMap, net::SocketAddr, path::Path, time::Duration};
use tokio::net::TcpListener;
use wiring::Wiring;

/// How much of the time for the end is kept for closing the databases.
const CLOSING: Duration = Duration::from_secs(2);

/// How long the public door waits for auth before it opens.
const FIRST_TRUST: Duration = Duration::from_secs(2);

/// What comes from outside of every service.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The time.
    pub clock: Clock,
    /// Ids and chance.
    pub ids: Ids,
    /// Background work.
    pub tasks: Tasks,
    /// Whether the process may be sent work.
    pub readiness: Readiness,
}

impl Surroundings {
    /// With this clock, and chance of the machine's own.
    pub fn new(clock: Clock, tasks: Tasks) -> Self {
        Self {
            clock,
            ids: Ids::system(),
            readiness: Readiness::new(&tasks),
            tasks,
        }
    }

    /// The machine's own; or its clock, moved as the settings say for tests.
    pub fn system(settings: &Settings) -> Self {
        let tasks = Tasks::new();
        let clock = match settings.process.test_clock.as_str() {
            "" => Clock::system(),
            file => Clock::moved_by_file(Path::new(file), &tasks),
        };
        Self::new(clock, tasks)
    }
}

/// The services, running.
#[derive(Debug)]
pub struct Node {
    /// Where the public door listens, if it is here.
    pub door: Option<SocketAddr>,
    /// What the services share.
    pub context: Context,
    /// The databases of the services that have one.
    pub stores: BTreeMap<&'static str, Store>,
    /// Whether it may be sent work.
    pub readiness: Readiness,
    _lock: Option<Lock>,
}

/// Everything that the parts of a start need.
struct Start<'a> {
    settings: &'a Settings,
    context: Context,
    readiness: Readiness,
    stores: Stores,
    wiring: Wiring,
}

impl Node {
    /// Starts the services that the settings name: listens first, then opens the database (a SQLite file is brought up to
    /// date; PostgreSQL is waited for until it is there and `onqueue migrate` has been run), puts the demo into it if there
    /// is one, and serves. When this returns it is ready, or will be as soon as it has heard from auth.
    pub async fn start(settings: &Settings, surroundings: Surroundings, demo: Option<&Demo>) -> Result<Self, Fault> {
        let latch = surroundings.readiness.latch("services");
        let listeners = listen_for_all(settings).await?;
        let door = listeners.door.as_ref().map(TcpListener::local_addr).transpose();
        let door = door.map_err(Fault::unavailable)?;
        // Whoever has no database is in nobody's way, and may have no folder to write to.
        let lock = match settings.process.services().need_database() {
            true => Some(Lock::take(&settings.store)?),
            false => None,
        };
        let context = context(settings, &surroundings)?;
        let stores = Stores::open(settings, &context, &surroundings.readiness).await?;
        let start = Start {
            wiring: Wiring::new(settings, &context)?,
            settings,
            stores,
            readiness: surroundings.readiness,
            context,
        };
        start.keep_time().await?;
        if let Some(demo) = demo {
            demo.put(&start.stores, &start.context).await?;
        }
        start.serve(listeners, demo).await?;
        drop(latch);
        Ok(Self {
            door,
            context: start.context,
            stores: start.stores.into_map(),
            readiness: start.readiness,
            _lock: lock,
        })
    }

    /// Ends in order: streams are told, tasks finish, the database is closed and its lock given up. Answers whether all
    /// ended in time: it returns after `within` even if the database says nothing any more.
    pub async fn stop(self, within: Duration) -> bool {
        let closing = CLOSING.min(within / 2);
        let ended = self.context.tasks.finish(within - closing).await;
        let closed = tokio::time::timeout(closing, close(&self.stores)).await;
        if closed.is_err() {
            tracing::warn!("the database was not closed: it did not answer in time");
        }
        ended && closed.is_ok()
    }
}

async fn close(stores: &BTreeMap<&'static str, Store>) {
    for (service, store) in stores {
        if let Err(error) = store.close().await {
            tracing::warn!(service, %error, "the database did not close");
        }
    }
}

fn context(settings: &Settings, surroundings: &Surroundings) -> Result<Context, Fault> {
    let bus = match settings.bus.url.as_str() {
        "" => Bus::in_process(),
        _ => {
            let (bus, work) = Bus::connect(&settings.bus)?;
            surroundings.tasks.aside("bus", work);
            bus
        }
    };
    Ok(Context {
        clock: surroundings.clock.clone(),
        ids: surroundings.ids.clone(),
        tasks: surroundings.tasks.clone(),
        bus,
        trust: Trust::new(),
    })
}

/// What this process listens on.
struct Listeners {
    door: Option<TcpListener>,
    internal: BTreeMap<&'static str, TcpListener>,
}

async fn listen_for_all(settings: &Settings) -> Result<Listeners, Fault> {
    let services = settings.process.services();
    let mut listeners = Listeners {
        door: None,
        internal: BTreeMap::new(),
    };
    if services.has("gateway") {
        listeners.door = Some(listen("the public door (--listen)", settings.gateway.listen).await?);
    }
    if settings.is_distributed() {
        for service in services.iter() {
            if let Some(address) = settings.listen(service) {
                let what = format!("other services ({service}.listen)");
                listeners.internal.insert(service, listen(&what, address).await?);
            }
        }
    }
    Ok(listeners)
}

/// Binds an address early, so that one that is taken is told before anything else happens.
pub async fn listen(what: &str, address: SocketAddr) -> Result<TcpListener, Fault> {
    let taken = |error| Fault::unavailable(format!("cannot listen on {address} for {what}: {error}"));
    TcpListener::bind(address).await.map_err(taken)
}

impl Start<'_> {
    /// Goes by the database's time, if there is one; the gateway by itself goes by the machine's.
    async fn keep_time(&self) -> Result<(), Fault> {
        let Context { clock, tasks, .. } = &self.context;
        match self.stores.any() {
            Some(store) => {
                clock.set(store.now().await?);
                follow_database(clock.clone(), store.clone(), tasks);
            }
            None => follow_machine(clock.clone(), tasks),
        }
        Ok(())
    }

    async fn serve(&self, listeners: Listeners, demo: Option<&Demo>) -> Result<(), Fault> {
        let mut local = BTreeMap::new();
        // Called services first.
        for service in ["auth", "session", "routing", "content"] {
            if self.settings.process.services().has(service) {
                let bound = self.bind(service, &local).await?;
                local.insert(service, self.layered(bound));
            }
        }
        self.follow_trust(&local).await?;
        for (service, listener) in listeners.internal {
            let (Some(bound), Some(identity)) = (local.get(service), self.wiring.identity(service)) else {
                continue;
            };
            let (ids, limits) = (self.context.ids.clone(), self.settings.internal.clone());
            let chance = move || ids.chance();
            listener::serve_peers(
                listener,
                bound.clone(),
                identity.clone(),
                limits,
                &self.context.tasks,
                chance,
            );
        }
        if let Some(listener) = listeners.door {
            let upstreams = self.wiring.upstreams(&local)?;
            let door = door_settings(self.settings, demo);
            let gateway = onqueue_gateway::bind(&door, self.context.clone(), self.readiness.clone(), upstreams).await?;
            gateway.serve(listener, self.settings.listener.clone());
        }
        Ok(())
    }

    async fn bind(&self, service: &'static str, local: &BTreeMap<&str, InProcess>) -> Result<Bound, Fault> {
        let (settings, context) = (self.settings, self.context.clone());
        let store = self.stores.of(service).cloned();
        let store = store.ok_or_else(|| Fault::internal(format_args!("{service} has no database")));
        match service {
            "auth" => onqueue_auth::bind(&settings.auth.own, store?, context).await,
            "session" => {
                let mut own = settings.session.own.clone();
                own.attachments = settings.attachments.clone();
                onqueue_session::bind(&own, store?, context).await
            }
            "routing" => {
                let mut own = settings.routing.own.clone();
                own.take_at_once |= !settings.store.is_postgres();
                own.address = settings.routing_address().unwrap_or_default();
                let (session, owners) = (self.wiring.called("routing", "session", local)?, self.wiring.owners());
                onqueue_routing::bind(&own, store?, context, session, owners).await
            }
            _ => {
                let session = self.wiring.called("content", "session", local)?;
                onqueue_content::bind(&settings.content.own, store?, context, session).await
            }
        }
    }

    fn layered(&self, bound: Bound) -> InProcess {
        let Bound { name, routes } = bound;
        let routes = with_health(routes, Probes::new(self.readiness.clone(), [name]));
        layered_within(Bound { name, routes }, &self.context, &self.settings.limits)
    }

    /// Keeps the trust bundle up to date from the database, which is read once before anything is served; without one,
    /// from auth: ready then as soon as it has sent it.
    async fn follow_trust(&self, local: &BTreeMap<&str, InProcess>) -> Result<(), Fault> {
        let context = self.context.clone();
        let Some(store) = self.stores.any().cloned() else {
            let auth = self.wiring.called("gateway", "auth", local)?;
            onqueue_gateway::follow_trust(auth, &context);
            first_trust(&context).await;
            return Ok(());
        };
        read_store(&store, &context.trust, context.clock.now()).await?;
        let (trust, clock) = (context.trust.clone(), context.clock.clone());
        self.readiness.watch("permissions read from the database", move || {
            trust.fresh(clock.now()).is_ok()
        });
        let stop = context.tasks.drain_token().clone();
        let clock = context.clock.clone();
        context.tasks.spawn("trust", async move {
            follow_store(store, context.trust, context.bus, move || clock.now(), stop.cancelled()).await;
        });
        Ok(())
    }
}

/// Whoever comes to the door before it can judge waits there for a moment instead of being refused; without auth the door
/// opens all the same and says what is missing.
async fn first_trust(context: &Context) {
    let (mut reads, clock) = (context.trust.reads(), Clock::system());
    tokio::select! {
        _ = reads.wait_for(Option::is_some) => {}
        () = clock.sleep(FIRST_TRUST) => {}
    }
}

/// In the demo `/chat` shows the demo's chat page unless the settings say otherwise.
fn door_settings(settings: &Settings, demo: Option<&Demo>) -> onqueue_gateway::Settings {
    let mut door = settings.gateway.clone();
    if let (Some(demo), true) = (demo, door.default_deployment.is_empty()) {
        door.default_deployment.clone_from(&demo.credentials.deployment);
    }
    door
}
