//! Takes back what agents may no longer have: who lost `routing:agent:onqueue` goes off queue, who lost
//! `routing:queue:join` in a queue's division leaves that queue.

use super::Shared;
use super::tenure::Tenure;
use crate::store::Joined;
use onqueue_acd::{AgentState, Command};
use onqueue_model::{Fault, OrganisationId, UserId, permissions};
use onqueue_store::audit::Actor;
use std::time::Duration;

/// When to look again if not everything could be done.
const AGAIN: Duration = Duration::from_secs(1);

/// Looks whenever grants have changed, until the tenure is over.
pub async fn enforce(shared: Shared, tenure: Tenure) {
    let mut changes = shared.context.trust.changes();
    loop {
        changes.mark_unchanged();
        let looked = tokio::select! {
            () = tenure.over() => return,
            looked = look(&shared, &tenure) => looked,
        };
        let again = async {
            match looked {
                Ok(()) if changes.changed().await.is_ok() => {}
                Ok(()) => std::future::pending().await,
                Err(fault) => {
                    tracing::debug!(%fault, "permissions of agents are checked again");
                    shared.steady.sleep(AGAIN).await;
                }
            }
        };
        tokio::select! {
            () = tenure.over() => return,
            () = again => {}
        }
    }
}

/// Who holds what cannot be told while the trust bundle is stale, and nobody is sent away on a guess.
async fn look(shared: &Shared, tenure: &Tenure) -> Result<(), Fault> {
    shared.context.trust.fresh(shared.context.clock.now())?;
    for organisation in shared.owner.organisations().await? {
        send_off_queue(shared, organisation).await?;
        leave_queues(shared, tenure, organisation).await?;
    }
    Ok(())
}

async fn send_off_queue(shared: &Shared, organisation: OrganisationId) -> Result<(), Fault> {
    let on_queue = shared.owner.look(organisation, |host, _| {
        let agents = host.engine().agents();
        let present = agents.filter(|agent| agent.state != AgentState::OffQueue);
        present.map(|agent| agent.profile.id).collect::<Vec<UserId>>()
    });
    for agent in on_queue.await? {
        let trust = &shared.context.trust;
        if !trust.user_may(organisation, agent, permissions::AGENT_ONQUEUE) {
            shared
                .owner
                .command(organisation, Command::GoOffQueue { agent })
                .await?;
        }
    }
    Ok(())
}

async fn leave_queues(shared: &Shared, tenure: &Tenure, organisation: OrganisationId) -> Result<(), Fault> {
    let trust = &shared.context.trust;
    let mut lost = shared.tables.joined(organisation).await?;
    lost.retain(|joined| !trust.user_may_in(organisation, joined.user, permissions::QUEUE_JOIN, joined.division));
    if lost.is_empty() {
        return Ok(());
    }
    for Joined { user, queue, .. } in lost {
        let by = Actor {
            name: "service:routing".to_owned(),
            at: shared.context.clock.now(),
        };
        shared
            .tables
            .take_out(&tenure.fence, organisation, queue, user, by)
            .await?;
    }
    shared.owner.refresh(organisation).await
}
