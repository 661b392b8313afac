//! Agents who are lost: nothing was heard of their desk for too long. What they have in hand is kept for them for a while, as
//! its queue says; then it goes back in line, as old as it is, or ends.

use super::host::Host;
use super::turn::Turn;
use crate::store::AgentLostAction;
use onqueue_acd::{AgentState, Command};
use onqueue_model::{InteractionId, QueueId, Timestamp, UserId};
use onqueue_proto::session::v1::{AgentLostFact, report_request::Fact};
use std::{collections::BTreeMap, time::Duration};

/// Between two looks at a queue that has no room for what is to go back into it.
const AGAIN: Duration = Duration::from_secs(1);

/// Who is lost with something in hand, and since when.
#[derive(Debug, Default)]
pub struct Lost {
    since: BTreeMap<UserId, Timestamp>,
    /// Not to be looked at before.
    pause: Option<Timestamp>,
}

/// Something that a lost agent has.
#[derive(Clone, Copy, Debug)]
struct Kept {
    agent: UserId,
    interaction: InteractionId,
    queue: QueueId,
    until: Timestamp,
}

impl Host {
    /// The agent has shown that they are there: what was kept for them stays theirs.
    pub fn hear(&mut self, agent: UserId, now: Timestamp) {
        if self.lost.since.remove(&agent).is_some() {
            self.presence.came(agent, now);
        }
        self.presence.hear(agent, now);
    }

    /// Nothing was heard of the agent for too long.
    pub(super) fn lose(&mut self, turn: &mut Turn, agent: UserId) {
        let Some(view) = self.engine.agent(agent) else { return };
        let holds = !view.held.is_empty();
        if holds || view.state != AgentState::OffQueue {
            self.apply(turn, Command::AgentGone { agent }, None);
        }
        if holds {
            self.lost.since.insert(agent, turn.now);
        }
    }

    /// Takes away what was kept long enough. What its queue has no room for is tried again soon.
    pub(super) fn give_up(&mut self, turn: &mut Turn) {
        if self.next_giving_up().is_none_or(|at| turn.now < at) {
            return;
        }
        self.lost.pause = None;
        let overdue: Vec<Kept> = self.kept().filter(|kept| kept.until <= turn.now).collect();
        for kept in overdue {
            self.take_away(turn, kept);
        }
        let engine = &self.engine;
        let holds = |agent: &UserId| engine.agent(*agent).is_some_and(|view| !view.held.is_empty());
        self.lost.since.retain(|agent, _| holds(agent));
    }

    /// When there is something to be taken away next.
    pub(super) fn next_giving_up(&self) -> Option<Timestamp> {
        let first = self.kept().map(|kept| kept.until).min()?;
        Some(self.lost.pause.map_or(first, |pause| first.max(pause)))
    }

    fn kept(&self) -> impl Iterator<Item = Kept> + '_ {
        self.lost.since.iter().flat_map(|(agent, since)| {
            let held = self.engine.agent(*agent).map_or(&[][..], |view| view.held);
            let known = held.iter().filter_map(|id| self.engine.interaction(*id));
            known.map(|it| Kept {
                agent: *agent,
                interaction: it.id,
                queue: it.queue,
                until: *since + Duration::from_millis(self.names().rules(it.queue).agent_lost_hold_ms),
            })
        })
    }

    fn take_away(&mut self, turn: &mut Turn, kept: Kept) {
        let action = self.names().rules(kept.queue).agent_lost_action;
        let Some(queue) = self.engine.queue(kept.queue) else {
            return self.end_lost(turn, kept);
        };
        let inside = queue.waiting + queue.alerting;
        let limit = queue.config.limit.and_then(|limit| usize::try_from(limit).ok());
        let is_full = limit.is_some_and(|limit| inside >= limit);
        match action {
            AgentLostAction::End => self.end_lost(turn, kept),
            AgentLostAction::Requeue if is_full => self.lost.pause = Some(turn.now + AGAIN),
            AgentLostAction::Requeue => {
                let back = Command::Transfer {
                    interaction: kept.interaction,
                    queue: kept.queue,
                    keep_age: true,
                    agent: None,
                    requirements: None,
                };
                if self.apply(turn, back, None).is_some() {
                    self.lost.pause = Some(turn.now + AGAIN);
                }
                self.spare(turn, kept.agent);
            }
        }
    }

    fn end_lost(&mut self, turn: &mut Turn, kept: Kept) {
        let interaction = kept.interaction;
        self.apply(turn, Command::Cancel { interaction }, None);
        let user_id = kept.agent.to_string();
        self.say(turn, interaction, (Fact::AgentLost(AgentLostFact { user_id }), None));
        self.spare(turn, kept.agent);
    }

    /// Nobody is there for the work that follows a conversation.
    fn spare(&mut self, turn: &mut Turn, agent: UserId) {
        if self.engine.agent(agent).is_some_and(|view| !view.acw.is_empty()) {
            self.apply(turn, Command::AgentGone { agent }, None);
        }
    }
}
