//! Work that agents have elsewhere, as other systems report it.

use super::agents::{conflict, fault};
use super::{Routing, agent_not_found};
use onqueue_acd::{Command, Medium};
use onqueue_model::{Caller, Fault, LabelId, UserId, WorkId, permissions};
use std::collections::BTreeSet;

/// How much of it an agent has at once at most.
const MOST: usize = 100;

/// Work that an agent has elsewhere.
#[derive(Clone, Debug)]
pub struct Reported {
    /// Who has it.
    pub agent: UserId,
    /// What it is called.
    pub work: WorkId,
    /// Of what kind it is.
    pub medium: Medium,
    /// Its labels.
    pub labels: BTreeSet<LabelId>,
}

impl Routing {
    /// Counts the work; once, however often it is reported.
    pub async fn report_external_work(&self, caller: &Caller, reported: Reported) -> Result<(), Fault> {
        let permission = permissions::EXTERNAL_WORK_REPORT;
        self.may_about(caller, permission, reported.agent).await?;
        let done = self.owner.act(caller.organisation, move |host, turn, traceparent| {
            let view = host.engine().agent(reported.agent).ok_or_else(agent_not_found)?;
            if view.external.iter().any(|work| work.work == reported.work) {
                return Ok(());
            }
            if view.external.len() >= MOST {
                return Err(conflict("the agent has as much work elsewhere as can be counted"));
            }
            let command = Command::StartExternalWork {
                agent: reported.agent,
                work: reported.work,
                medium: reported.medium,
                labels: reported.labels,
            };
            host.apply(turn, command, traceparent)
                .map_or(Ok(()), |refusal| Err(fault(refusal)))
        });
        done.await?
    }

    /// Counts the work no more.
    pub async fn end_external_work(&self, caller: &Caller, agent: UserId, work: WorkId) -> Result<(), Fault> {
        let permission = permissions::EXTERNAL_WORK_REPORT;
        self.may_about(caller, permission, agent).await?;
        let done = self.owner.act(caller.organisation, move |host, turn, traceparent| {
            let view = host.engine().agent(agent).ok_or_else(agent_not_found)?;
            if !view.external.iter().any(|known| known.work == work) {
                return Ok(());
            }
            let command = Command::EndExternalWork { agent, work };
            host.apply(turn, command, traceparent)
                .map_or(Ok(()), |refusal| Err(fault(refusal)))
        });
        done.await?
    }
}
