//! Turns that are filled: committed, then let out.

use super::{Owner, told};
use crate::app::figures::{self, EndedWait};
use crate::app::turn::{Snapshot, Turn, Watching};
use crate::app::{agent_not_found, unowned};
use crate::store::{Batch, Fence};
use onqueue_acd::Effect;
use onqueue_model::{Fault, OrganisationId, Timestamp, UserId};
use onqueue_store::StoreError;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// A turn that is being committed.
pub struct Commit {
    turn: Turn,
    batch: Arc<Batch>,
    outcome: oneshot::Receiver<Result<(), StoreError>>,
}

/// What became of the commit that is under way; never without one.
pub async fn of(under_way: &mut Option<Commit>) -> Result<(), StoreError> {
    match under_way {
        Some(commit) => {
            let broken_off = |_| Err(StoreError::Unknown("the commit broke off".to_owned()));
            (&mut commit.outcome).await.unwrap_or_else(broken_off)
        }
        None => std::future::pending().await,
    }
}

impl Owner {
    /// Begins to commit a turn under the fence: none other is under way. In a task of its own, so that the next is decided
    /// meanwhile.
    pub(super) fn launch(&mut self, mut turn: Turn) -> Result<(), StoreError> {
        self.draw_up(&mut turn);
        let refused = match turn.defect.take() {
            Some(defect) => Some(StoreError::Broken(defect)),
            None if turn.tenure.holds() => None,
            None => Some(StoreError::Refused(Fault::unavailable("the lease is about to end"))),
        };
        if let Some(error) = refused {
            turn.fail(&told(&error));
            return Err(error);
        }
        let batch = Arc::new(std::mem::take(&mut turn.batch));
        if batch.is_empty() {
            self.let_out(turn, &batch);
            return Ok(());
        }
        let (told, outcome) = oneshot::channel();
        let (tables, gate) = (self.shared.tables.clone(), self.shared.gate.clone());
        let (fence, written) = (turn.tenure.fence.clone(), Arc::clone(&batch));
        self.shared.context.tasks.spawn("routing commit", async move {
            gate.pass().await;
            let committed = tables.commit(&fence, written).await;
            if let Err(StoreError::Refused(_)) = &committed {
                figures::fence_rejection();
            }
            let _ = told.send(committed);
        });
        self.under_way = Some(Commit { turn, batch, outcome });
        Ok(())
    }

    /// Waits for the commit that is under way, if there is one.
    pub(super) async fn land(&mut self) -> Result<(), StoreError> {
        if self.under_way.is_none() {
            return Ok(());
        }
        let outcome = of(&mut self.under_way).await;
        self.conclude(outcome)
    }

    /// What was under way was committed, or not.
    pub(super) fn conclude(&mut self, outcome: Result<(), StoreError>) -> Result<(), StoreError> {
        let Some(Commit { turn, batch, .. }) = self.under_way.take() else {
            return outcome;
        };
        if let Err(error) = outcome {
            turn.fail(&told(&error));
            return Err(error);
        }
        self.let_out(turn, &batch);
        Ok(())
    }

    /// Makes ready what is to be let out, as long as the engines are as the turn has left them.
    fn draw_up(&mut self, turn: &mut Turn) {
        let mut sorted: BTreeMap<OrganisationId, (Vec<&Effect>, Vec<UserId>)> = BTreeMap::new();
        for (organisation, effect) in &turn.effects {
            sorted.entry(*organisation).or_default().0.push(effect);
        }
        for (organisation, user) in &turn.changed {
            sorted.entry(*organisation).or_default().1.push(*user);
        }
        for (organisation, (effects, changed)) in sorted {
            if let Some(host) = self.hosts.get(&organisation) {
                turn.told.extend(host.tell(&effects, &changed));
            }
        }
        for watching in std::mem::take(&mut turn.watching) {
            self.watch(turn, watching);
        }
        for (organisation, reports) in std::mem::take(&mut turn.reports) {
            if let Some(host) = self.hosts.get(&organisation) {
                host.pack(turn, reports);
            }
        }
        for (organisation, interaction) in &turn.batch.ended {
            if let Some(host) = self.hosts.get_mut(organisation) {
                host.forget(*interaction);
            }
        }
        let age = Duration::from_millis(self.shared.settings.snapshot_ms);
        let inputs = self.shared.settings.snapshot_inputs;
        let hosts = self.hosts.values_mut();
        turn.snapshots = hosts
            .filter_map(|host| host.snapshot_due(turn.now, inputs, age))
            .collect();
    }

    fn watch(&mut self, turn: &mut Turn, watching: Watching) {
        let host = self.hosts.get_mut(&watching.organisation);
        let first = host.ok_or_else(unowned).and_then(|host| {
            let first = host.watch(watching.user, &watching.stream, turn.now);
            // They were heard of: when to look for them next may be another time.
            self.agenda.set(watching.organisation, host.next_deadline());
            first.ok_or_else(agent_not_found)
        });
        let answer = first.map(|first| turn.told.extend(first));
        turn.answer(watching.answer, answer);
    }

    /// It is committed: answers, tells who watches, and wakes the reporter.
    fn let_out(&mut self, mut turn: Turn, batch: &Batch) {
        turn.succeed();
        for at in &turn.fed {
            figures::feed_lag(*at, turn.now);
        }
        for (_, effect) in &turn.effects {
            figures::offers(effect);
        }
        turn.ended_waits.iter().for_each(EndedWait::record);
        if let Some(figures) = self.figures.as_mut().filter(|_| !batch.log.is_empty()) {
            figures.touch(self.shared.steady.now());
        }
        for told in turn.told {
            let is_taken = told.stream.try_send(told.frame).is_ok();
            if let Some(host) = self.hosts.get_mut(&told.organisation).filter(|_| !is_taken) {
                host.watchers.drop(told.user, &told.stream);
            }
        }
        if !turn.packs.is_empty() {
            self.shared.post.put(turn.packs);
        }
        for snapshot in turn.snapshots {
            self.write_snapshot(&turn.tenure.fence, turn.now, snapshot);
        }
    }

    fn write_snapshot(&self, fence: &Fence, now: Timestamp, snapshot: Snapshot) {
        let (tables, fence) = (self.shared.tables.clone(), fence.clone());
        let organisation = snapshot.organisation;
        self.shared.context.tasks.spawn("routing snapshot", async move {
            let written = async {
                let broken = |error: serde_json::Error| StoreError::Broken(error.to_string());
                let engine = serde_json::to_vec(&snapshot.engine).map_err(broken)?;
                let copies = (engine, serde_json::to_vec(&snapshot.history).map_err(broken)?);
                tables
                    .save_snapshot(&fence, organisation, snapshot.position, now, copies)
                    .await
            };
            if let Err(error) = written.await {
                tracing::warn!(%error, %organisation, "snapshot not written");
            }
        });
    }
}
