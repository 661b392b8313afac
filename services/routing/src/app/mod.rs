//! The use cases: who owns the engines, what goes into them and what comes out, and what callers may ask for.

mod agents;
mod burden;
mod decisions;
mod enforcement;
mod explain;
mod external_work;
mod facts;
mod figures;
mod follower;
mod frames;
mod gate;
mod handle;
mod host;
mod interactions;
mod legs;
mod lines;
mod lookout;
mod lost;
mod notes;
mod notices;
mod observations;
mod opening;
mod overview;
mod owner;
mod place;
mod places;
mod policies;
mod positions;
mod post;
mod presence;
mod pulse;
mod queues;
mod report;
mod reporter;
mod retention;
mod revisions;
mod schedule_groups;
mod schedules;
mod settings;
mod skills;
mod takings;
mod tenure;
mod turn;
mod utilization;
mod wrap_up_codes;
mod wrap_ups;

pub use agents::{Next, Watch};
pub use burden::{AfterContactNow, Burden};
pub use decisions::{Extent, Found, Sought, Span};
pub use explain::{AgentStanding, InLine, Person, Reason as ExclusionReason, Stand, Verdict, WaitingNow};
pub use external_work::Reported;
pub use frames::{AgentNow, Frame, Named, OfferNow};
pub use gate::Gate;
pub use interactions::{InteractionNow, Mark, Order, State, Which};
pub use legs::opening as opening_of;
pub use observations::{Changes, NextObservation, ObservationWatch, Observations, Observing};
pub use opening::read;
pub use overview::Observation;
pub use place::{Owners, Place, Whereabouts};
pub use positions::{Heard, NextPosition, PositionWatch};
pub use queues::{NewGroup, Wanted};
pub use revisions::{Comparison, Revisions};
pub use schedules::Preview;
pub use takings::{Asked, Assignment, Transfer};

use crate::Settings;
use crate::store::Tables;
use handle::Handle;
use onqueue_model::{Divisions, Fault, Reason};
use onqueue_server::{Clock, Context, InProcess};
use onqueue_store::Store;
use owner::Owner;
use policies::Policies;
use post::Post;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tenure::Keeper;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

/// How long the start waits for the leases, and for session; what is not done by then is done in the background.
const BEGINNING: Duration = Duration::from_secs(2);

/// The service as its rpcs see it. Clones share it.
#[derive(Clone, Debug)]
pub struct Routing {
    tables: Tables,
    context: Context,
    settings: Arc<Settings>,
    owner: Handle,
    policies: Policies,
    whereabouts: Whereabouts,
    /// Tells the time monotonically, also when the service's own clock is moved.
    steady: Clock,
    /// One at a time: each holds an engine of its own.
    replays: Arc<Semaphore>,
}

/// What the background work shares.
#[derive(Clone)]
struct Shared {
    tables: Tables,
    /// On connections of their own, so that no crowd keeps the owner from renewing its leases.
    leases: Tables,
    context: Context,
    settings: Arc<Settings>,
    session: InProcess,
    gate: Gate,
    /// Tells the time monotonically: leases and retries stay on real time when the service's own clock is moved.
    steady: Clock,
    owner: Handle,
    policies: Policies,
    /// Reports to deliver.
    post: Arc<Post>,
}

impl Routing {
    /// Starts the background work. Returns when this process owns the shards and session knows every queue, or another
    /// process owns them; or soon, if that cannot be told or session does not answer.
    pub async fn start(
        settings: &Settings,
        store: Store,
        context: Context,
        session: InProcess,
        surroundings: (Owners, Gate),
    ) -> Result<Self, Fault> {
        let (owners, gate) = surroundings;
        let settings = Arc::new(settings.clone());
        let leases = Tables(store.apart(tenure::CONNECTIONS).await?);
        let tables = Tables(store);
        let (owner, inbox) = Handle::new();
        let shared = Shared {
            policies: Policies::new(tables.clone(), session.clone(), context.clock.clone()),
            tables,
            leases,
            context,
            settings,
            session,
            gate,
            steady: Clock::system(),
            owner,
            post: Arc::new(Post::new()),
        };
        let (keeper, tenures) = Keeper::new(&shared);
        let whereabouts = keeper.whereabouts(owners);
        let (owner_task, ready) = Owner::new(shared.clone(), inbox, tenures, keeper.finished());
        let tasks = &shared.context.tasks;
        tasks.spawn("routing lease", keeper.run());
        tasks.spawn("routing owner", owner_task.run());
        begun(&shared, whereabouts.clone(), ready).await;
        Ok(Self {
            tables: shared.tables,
            context: shared.context,
            settings: shared.settings,
            owner: shared.owner,
            policies: shared.policies,
            whereabouts,
            steady: shared.steady,
            replays: Arc::new(Semaphore::new(1)),
        })
    }

    /// Where the owner is.
    pub fn whereabouts(&self) -> Whereabouts {
        self.whereabouts.clone()
    }

    /// Cancelled when the process is to end.
    pub fn draining(&self) -> CancellationToken {
        self.context.tasks.drain_token().clone()
    }

    /// Whether the caller may see or change that about an agent: routing knows no division of theirs, so it must be held in
    /// the division of a queue that they serve, or in all. AGENT_NOT_FOUND otherwise, and PERMISSION_MISSING for who holds
    /// it nowhere.
    async fn may_about(
        &self,
        caller: &onqueue_model::Caller,
        permission: &str,
        agent: onqueue_model::UserId,
    ) -> Result<(), Fault> {
        self.context.trust.may(caller, permission)?;
        let divisions = self.divisions(caller, permission);
        if divisions == Divisions::All || self.tables.serves_in(caller.organisation, agent, &divisions).await? {
            return Ok(());
        }
        Err(agent_not_found())
    }

    fn divisions(&self, caller: &onqueue_model::Caller, permission: &str) -> Divisions {
        self.context.trust.divisions(caller, permission)
    }
}

async fn begun(shared: &Shared, whereabouts: Whereabouts, mut ready: watch::Receiver<bool>) {
    let in_force = async {
        let _ = ready.wait_for(|ready| *ready).await;
        policies::give_and_refresh(shared).await
    };
    let begun = tokio::select! {
        reached = in_force => reached,
        () = whereabouts.elsewhere() => Ok(()),
        () = shared.steady.sleep(BEGINNING) => Err(unowned()),
    };
    if let Err(fault) = begun {
        let context = fault.context.as_deref();
        tracing::warn!(
            context,
            "queues are not all in force yet; it is tried again in the background"
        );
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

/// What [`unowned`] says that others do not.
const UNOWNED: (&str, &str) = ("resource", "routing_owner");

/// Nobody here can decide at the moment.
pub fn unowned() -> Fault {
    Fault::unavailable("this process does not own routing now")
        .with(UNOWNED.0, UNOWNED.1)
        .with_retry_after(Duration::from_secs(1))
}

/// Whether a refusal with these metadata is [`unowned`].
pub fn is_unowned(metadata: &HashMap<String, String>) -> bool {
    metadata.get(UNOWNED.0).is_some_and(|value| value == UNOWNED.1)
}
