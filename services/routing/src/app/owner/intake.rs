//! What comes in, given to the engine that it is for.

use super::Owner;
use crate::app::handle::{Change, Fact, Message, Row};
use crate::app::{
    host::Host,
    legs::opening,
    turn::{Turn, Watching},
};
use onqueue_acd::{Command, InteractionPlace};
use onqueue_model::{Fault, InteractionId, OrganisationId, QueueId};
use onqueue_store::StoreError;
use std::collections::btree_map;

impl Owner {
    pub(super) async fn take_in(&mut self, turn: &mut Turn, message: Message) -> Result<(), StoreError> {
        if message.about().is_some_and(|about| self.unreadable.contains(&about)) {
            message.fail(Fault::unavailable("this organisation's routing log cannot be read"));
            return Ok(());
        }
        turn.messages += 1;
        turn.is_asked_for |= !matches!(message, Message::Delivered { .. });
        match message {
            Message::Command {
                organisation,
                command,
                traceparent,
                answer,
            } => {
                let refusal = self
                    .host(organisation)
                    .await?
                    .apply(turn, *command, traceparent.as_deref());
                turn.answer(answer, Ok(refusal));
            }
            Message::Act { organisation, work } => work(Ok((self.host(organisation).await?, turn))),
            Message::Feed { rows, answer } => {
                let taken = self.take_rows(turn, rows).await?;
                turn.answer(answer, taken);
            }
            Message::Refresh { organisation, answer } => {
                self.configure(turn, organisation, None).await?;
                turn.answer(answer, Ok(()));
            }
            Message::Delivered { parcels, answer } => {
                turn.batch.delivered.extend(parcels);
                turn.answer(answer, Ok(()));
            }
            Message::Organisations { answer } => turn.answer(answer, Ok(self.hosts.keys().copied().collect())),
            Message::Watch {
                organisation,
                user,
                frames,
                answer,
            } => {
                self.host(organisation).await?;
                turn.watching.push(Watching {
                    organisation,
                    user,
                    stream: frames,
                    answer,
                });
            }
        }
        Ok(())
    }

    /// One that comes too early is not taken, and whoever handed it over begins anew at the cursors that are stored: rows
    /// before it were handed over before a transaction failed, or the feed has a defect.
    async fn take_rows(&mut self, turn: &mut Turn, rows: Vec<Row>) -> Result<Result<(), Fault>, StoreError> {
        for row in rows {
            let (shard, number) = (row.shard.0, row.number);
            if !self.take_row(turn, row).await? {
                tracing::warn!(shard, number, "a row of session's feed came too early");
                return Ok(Err(Fault::unavailable("a row before this one was not taken")));
            }
        }
        Ok(Ok(()))
    }

    /// A row that was taken before changes nothing. What cannot be taken now stays in the feed, with all that comes after it in
    /// its shard. False if it came too early.
    async fn take_row(&mut self, turn: &mut Turn, row: Row) -> Result<bool, StoreError> {
        let fact = row.fact.as_ref();
        if fact.is_some_and(|fact| self.unreadable.contains(&fact.organisation)) {
            self.stalled.insert(row.shard);
        }
        if self.stalled.contains(&row.shard) {
            return Ok(true);
        }
        let read = self.cursors.get(usize::from(row.shard.0)).copied().unwrap_or(0);
        if row.number <= read {
            return Ok(true);
        }
        if row.number != read + 1 {
            return Ok(false);
        }
        if let Some(fact) = row.fact {
            self.take_fact(turn, fact, row.traceparent.as_deref()).await?;
        }
        self.cursors[usize::from(row.shard.0)] = row.number;
        turn.batch.cursors.insert(row.shard, row.number);
        turn.fed.extend(row.at);
        Ok(true)
    }

    async fn take_fact(&mut self, turn: &mut Turn, fact: Fact, traceparent: Option<&str>) -> Result<(), StoreError> {
        let interaction = fact.interaction;
        match fact.change {
            Change::Opened {
                queue,
                mut requirements,
                details,
            } => {
                if !self.host(fact.organisation).await?.knows(queue, &requirements) {
                    self.configure(turn, fact.organisation, Some(queue)).await?;
                }
                let host = self.host(fact.organisation).await?;
                // Nobody can have a skill that is no more, so nobody is to wait for one who has.
                requirements.skills.retain(|skill, _| host.names().has_skill(*skill));
                let enqueue = Command::Enqueue {
                    interaction,
                    queue,
                    requirements,
                };
                if host.apply(turn, enqueue, traceparent).is_none() {
                    host.open(turn, interaction, *details);
                }
            }
            Change::Silent { queue } => {
                if self.host(fact.organisation).await?.engine().queue(queue).is_none() {
                    self.configure(turn, fact.organisation, Some(queue)).await?;
                }
                let host = self.host(fact.organisation).await?;
                pass_on(host, turn, (interaction, queue), traceparent);
            }
            Change::Ended => {
                let host = self.host(fact.organisation).await?;
                for interaction in host.legs_of(interaction) {
                    host.apply(turn, Command::Cancel { interaction }, traceparent);
                    turn.batch.ended.push((fact.organisation, interaction));
                }
            }
        }
        Ok(())
    }

    /// Takes over what was committed of the organisation's configuration.
    pub(super) async fn configure(
        &mut self,
        turn: &mut Turn,
        organisation: OrganisationId,
        used: Option<QueueId>,
    ) -> Result<(), StoreError> {
        let pending = self.shared.tables.pending_configuration(organisation, used).await?;
        self.host(organisation).await?.configure(turn, pending);
        Ok(())
    }

    /// The organisation's host, made from the log if it is not there yet.
    pub(super) async fn host(&mut self, organisation: OrganisationId) -> Result<&mut Host, StoreError> {
        self.agenda.touch(organisation);
        if let btree_map::Entry::Vacant(place) = self.hosts.entry(organisation) {
            let tables = &self.shared.tables;
            let loaded = tables.load(organisation).await?;
            let configuration = tables.configuration(organisation).await?;
            let details = tables.interactions(organisation).await?;
            let (now, gone_after) = (self.shared.context.clock.now(), self.shared.settings.gone_after());
            place.insert(Host::new(
                organisation,
                loaded,
                &configuration,
                details,
                now,
                gone_after,
            ));
        }
        self.hosts
            .get_mut(&organisation)
            .ok_or_else(|| StoreError::Broken("a host is gone".to_owned()))
    }
}

/// Nobody wrote while an agent had it: it goes to that queue, unless it is on its way already. What is refused because the
/// queue is full or no more stays where it is, and session asks again.
fn pass_on(
    host: &mut Host,
    turn: &mut Turn,
    (interaction, queue): (InteractionId, QueueId),
    traceparent: Option<&str>,
) {
    let live = host.live(interaction.conversation);
    let live = live.filter(|it| opening(it.id) == interaction.opening && it.offered_as.is_none());
    let held = live
        .filter(|it| matches!(it.place, InteractionPlace::Held { .. }))
        .map(|it| it.id);
    if let Some(interaction) = held {
        let elsewhere = Command::Transfer {
            interaction,
            queue,
            keep_age: host.names().rules(queue).transfer_keeps_age,
            agent: None,
            requirements: None,
        };
        host.apply(turn, elsewhere, traceparent);
    }
}
