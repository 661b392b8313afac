//! The use cases: who owns the engines, what goes into them and what comes out, and what callers may ask for.

mod agents;
mod decisions;
mod enforcement;
mod facts;
mod follower;
mod frames;
mod gate;
mod handle;
mod host;
mod owner;
mod policies;
mod presence;
mod queues;
mod reporter;
mod tenure;
mod turn;

pub use agents::{Next, Watch};
pub use frames::{AgentNow, Frame, Named, OfferNow};
pub use gate::Gate;
pub use queues::{Draft, Page};

use crate::Settings;
use crate::store::Tables;
use handle::Handle;
use onqueue_model::{DivisionId, Fault, Reason};
use onqueue_server::{Clock, Context, InProcess};
use onqueue_store::Store;
use owner::Owner;
use policies::Policies;
use std::{collections::BTreeSet, sync::Arc};
use tenure::Keeper;
use tokio::sync::Notify;

/// The service as its rpcs see it. Clones share it.
#[derive(Clone, Debug)]
pub struct Routing {
    tables: Tables,
    context: Context,
    settings: Arc<Settings>,
    owner: Handle,
    policies: Policies,
}

/// What the background work shares.
#[derive(Clone)]
struct Shared {
    tables: Tables,
    context: Context,
    settings: Arc<Settings>,
    session: InProcess,
    gate: Gate,
    /// Tells the time monotonically: leases and retries stay on real time when the service's own clock is moved.
    steady: Clock,
    owner: Handle,
    policies: Policies,
    /// There may be reports to deliver.
    reports: Arc<Notify>,
}

impl Routing {
    /// Starts the background work. Returns when this process owns the shards and session knows every queue; or soon, if
    /// another process owns them or session does not answer.
    pub async fn start(settings: &Settings, store: Store, context: Context, session: InProcess, gate: Gate) -> Self {
        let (tables, settings) = (Tables(store), Arc::new(settings.clone()));
        let (owner, inbox) = Handle::new();
        let policies = Policies::new(tables.clone(), session.clone(), context.clock.clone());
        let shared = Shared {
            tables: tables.clone(),
            context: context.clone(),
            settings: Arc::clone(&settings),
            session,
            gate,
            steady: Clock::system(),
            owner: owner.clone(),
            policies: policies.clone(),
            reports: Arc::new(Notify::new()),
        };
        let (keeper, tenures) = Keeper::new(&shared);
        let (owner_task, mut ready) = Owner::new(shared.clone(), inbox, tenures, keeper.finished());
        context.tasks.spawn("routing lease", keeper.run());
        context.tasks.spawn("routing owner", owner_task.run());
        let in_force = async {
            let _ = ready.wait_for(|ready| *ready).await;
            policies::give_and_refresh(&shared).await
        };
        let reached = tokio::select! {
            reached = in_force => reached,
            () = shared.steady.sleep(settings.renew()) => Err(unowned()),
        };
        if let Err(fault) = reached {
            let context = fault.context.as_deref();
            tracing::warn!(
                context,
                "queues are not all in force yet; it is tried again in the background"
            );
        }
        Self {
            tables,
            context,
            settings,
            owner,
            policies,
        }
    }

    fn divisions(&self, caller: &onqueue_model::Caller, permission: &str) -> BTreeSet<DivisionId> {
        self.context.trust.divisions(caller, permission)
    }
}

/// The caller is a user; guests have no business here.
fn user(caller: &onqueue_model::Caller) -> Result<onqueue_model::UserId, Fault> {
    caller
        .user()
        .ok_or_else(|| Fault::new(Reason::CallerNotAllowed, "only users may call this"))
}

fn agent_not_found() -> Fault {
    Fault::new(Reason::AgentNotFound, "there is no agent of this id")
}

/// Nobody here can decide at the moment.
fn unowned() -> Fault {
    Fault::unavailable("this process does not own routing now").with_retry_after(std::time::Duration::from_secs(1))
}
