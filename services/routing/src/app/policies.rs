//! Gives session each queue's policy before the queue's revision counts as in force.

use super::Shared;
use super::handle::Handle;
use super::reporter::Backoff;
use super::tenure::Tenure;
use crate::store::{Queue, Tables};
use onqueue_model::{Fault, OrganisationId};
use onqueue_proto::session::v1::{
    PutQueuePolicyRequest, QueuePolicy, routing_facts_service_client::RoutingFactsServiceClient,
};
use onqueue_server::{Clock, InProcess};
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::Notify;

/// Sends policies and notes that session has them. Clones share it.
#[derive(Clone)]
pub struct Policies {
    tables: Tables,
    session: InProcess,
    clock: Clock,
    /// There may be policies that session does not have.
    wanted: Arc<Notify>,
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
        }
    }

    /// Gives session the queue's policy, and then the queue to the engine. UNAVAILABLE if session cannot be reached now: it
    /// is tried again in the background.
    pub async fn put_in_force(&self, owner: &Handle, organisation: OrganisationId, queue: &Queue) -> Result<(), Fault> {
        if let Err(fault) = self.give(organisation, queue).await {
            self.wanted.notify_one();
            return Err(fault);
        }
        owner.refresh(organisation).await
    }

    async fn give(&self, organisation: OrganisationId, queue: &Queue) -> Result<(), Fault> {
        let request = PutQueuePolicyRequest {
            organisation_id: organisation.to_string(),
            policy: Some(policy(queue)),
        };
        let mut client = RoutingFactsServiceClient::new(self.session.clone());
        let put = client.put_queue_policy(request).await;
        put.map_err(|status| Fault::unavailable(format!("policy of queue {} not taken: {status}", queue.id)))?;
        let now = self.clock.now();
        Ok(self
            .tables
            .acknowledge(organisation, queue.id, queue.revision, now)
            .await?)
    }

    /// Gives session what it does not have; answers whose configuration may go to the engine now.
    async fn give_missing(&self) -> Result<BTreeSet<OrganisationId>, Fault> {
        let mut given = BTreeSet::new();
        for (organisation, queue) in self.tables.unacknowledged().await? {
            self.give(organisation, &queue).await?;
            given.insert(organisation);
        }
        Ok(given)
    }
}

fn policy(queue: &Queue) -> QueuePolicy {
    QueuePolicy {
        queue_id: queue.id.to_string(),
        revision: queue.revision,
        name: queue.content.name.clone(),
        division_id: queue.content.division.to_string(),
        open: true,
        inactivity_timeout_ms: queue.content.inactivity_timeout_ms,
        inactivity_warning_ms: queue.content.inactivity_warning_ms,
    }
}

/// Gives session whatever it does not have until the tenure is over.
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
                    policies.wanted.notified().await;
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

/// Gives session what it does not have, and then the engines the queues.
pub async fn give_and_refresh(shared: &Shared) -> Result<(), Fault> {
    for organisation in shared.policies.give_missing().await? {
        shared.owner.refresh(organisation).await?;
    }
    Ok(())
}
