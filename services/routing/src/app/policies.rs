//! Gives session each queue's policy before the queue's revision counts as in force.

use super::Shared;
use super::handle::Handle;
use super::opening;
use super::reporter::Backoff;
use super::tenure::Tenure;
use crate::store::{Queue, Tables};
use futures::{StreamExt as _, stream};
use onqueue_model::{Fault, OrganisationId, QueueId};
use onqueue_proto::session::v1::{PutQueuePolicyRequest, routing_facts_service_client::RoutingFactsServiceClient};
use onqueue_server::{Clock, InProcess};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::{Mutex, Notify};

/// How often it is looked whether something was committed and not taken over.
const LOOK: Duration = Duration::from_secs(1);

/// How many policies are given at a time.
const AT_ONCE: usize = 16;

/// Sends policies and notes that session has them. Clones share it.
#[derive(Clone)]
pub struct Policies {
    tables: Tables,
    session: InProcess,
    clock: Clock,
    /// There may be policies that session does not have.
    wanted: Arc<Notify>,
    /// Held while policies are given, so that nobody gives what another is giving.
    giving: Arc<Mutex<()>>,
}

impl std::fmt::Debug for Policies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policies").finish_non_exhaustive()
    }
}

impl Policies {
    pub fn new(tables: Tables, session: InProcess, clock: Clock) -> Self {
        Self {
            tables,
            session,
            clock,
            wanted: Arc::new(Notify::new()),
            giving: Arc::default(),
        }
    }

    /// Gives session the queue's policy, and then the queue to the engine. UNAVAILABLE if session cannot be reached now: it
    /// is tried in the background too, also if nobody waits for this any more.
    pub async fn put_in_force(&self, owner: &Handle, organisation: OrganisationId, queue: &Queue) -> Result<(), Fault> {
        self.wanted.notify_one();
        let giving = self.giving.lock().await;
        self.give(organisation, queue.id).await?;
        drop(giving);
        owner.refresh(organisation).await
    }

    /// Gives session the policies of the organisation that it does not have, and then the engine what it does not have.
    /// UNAVAILABLE if session cannot be reached now: it is tried in the background too.
    pub async fn put_all_in_force(&self, owner: &Handle, organisation: OrganisationId) -> Result<(), Fault> {
        self.wanted.notify_one();
        let giving = self.giving.lock().await;
        let ungiven = self.tables.ungiven(self.clock.now()).await?.into_iter();
        let of_it = ungiven.filter(|(whose, _)| *whose == organisation);
        let queues: Vec<QueueId> = of_it.map(|(_, queue)| queue).collect();
        self.give_all(organisation, &queues).await?;
        drop(giving);
        owner.refresh(organisation).await
    }

    async fn give(&self, organisation: OrganisationId, id: QueueId) -> Result<(), Fault> {
        let opening = self.tables.opening(organisation, id).await?;
        let now = self.clock.now();
        let policy = opening::policy(&opening, now)?;
        let revision = policy.revision;
        let renew_at = policy.next_change_at.as_ref().map(onqueue_proto::millis);
        let request = PutQueuePolicyRequest {
            organisation_id: organisation.to_string(),
            policy: Some(policy),
        };
        let mut client = RoutingFactsServiceClient::new(self.session.clone());
        let put = client.put_queue_policy(request).await;
        put.map_err(|status| Fault::unavailable(format!("policy of queue {id} not taken: {status}")))?;
        let given = self.tables.acknowledge(organisation, id, revision, (now, renew_at));
        Ok(given.await?)
    }

    /// Gives session queues of an organisation, several at once. What fails holds up no others.
    async fn give_all(&self, organisation: OrganisationId, queues: &[QueueId]) -> Result<(), Fault> {
        let each = stream::iter(queues.to_vec()).map(|queue| {
            let this = self.clone();
            async move { this.give(organisation, queue).await }
        });
        let given: Vec<Result<(), Fault>> = each.buffer_unordered(AT_ONCE).collect().await;
        given.into_iter().collect()
    }
}

/// Gives session whatever it does not have or must be told again because a queue opens or closes, and the engines what they
/// do not have, until the tenure is over. It looks every second: whoever committed something may have ended before they could
/// say so. That is soon enough for opening hours too, since session knows the next change and looks at its own clock.
pub async fn push(shared: Shared, tenure: Tenure) {
    let policies = &shared.policies;
    let mut backoff = Backoff::new(shared.settings.retry());
    loop {
        let given = tokio::select! {
            () = tenure.over() => return,
            given = give_and_refresh(&shared) => given,
        };
        let again = async {
            match given {
                Ok(()) => {
                    backoff.reset();
                    tokio::select! {
                        () = policies.wanted.notified() => {}
                        () = shared.steady.sleep(LOOK) => {}
                    }
                }
                Err(fault) => {
                    tracing::warn!(%fault, context = fault.context.as_deref(), "policies are given again");
                    shared.steady.sleep(backoff.next()).await;
                }
            }
        };
        tokio::select! {
            () = tenure.over() => return,
            () = again => {}
        }
    }
}

/// Gives session what it does not have, one organisation after the other and each then to its engine; and the engines
/// whatever else they do not have. What fails holds up nothing else.
pub async fn give_and_refresh(shared: &Shared) -> Result<(), Fault> {
    let _giving = shared.policies.giving.lock().await;
    let mut missing: BTreeMap<OrganisationId, Vec<QueueId>> = BTreeMap::new();
    for (organisation, queue) in shared.tables.ungiven(shared.context.clock.now()).await? {
        missing.entry(organisation).or_default().push(queue);
    }
    let mut outcome = Ok(());
    for (organisation, queues) in missing {
        let given = shared.policies.give_all(organisation, &queues).await;
        let refreshed = shared.owner.refresh(organisation).await;
        outcome = outcome.and(given).and(refreshed);
    }
    for organisation in shared.tables.unapplied().await? {
        outcome = outcome.and(shared.owner.refresh(organisation).await);
    }
    outcome
}
