//! What routing decided.

use super::Log;
use crate::{Agent, Body, EndReason, Fact, ParticipantKind, Person, Place, Refusal, Sender, State};
use onqueue_model::{QueueId, Reason, UserId, WrapUpCodeId};

impl Log<'_> {
    /// Records it, unless it is about another opening or a later report has been recorded.
    pub(super) fn report(&mut self, opening: u32, place: Place, fact: Fact) -> Result<(), Refusal> {
        if opening > self.head.opening {
            return Err(Refusal::Early);
        }
        if opening < self.head.opening || place <= self.head.reported {
            return Err(Refusal::Older);
        }
        self.head.reported = place;
        self.record(fact);
        self.set_clock();
        Ok(())
    }

    fn record(&mut self, fact: Fact) {
        match fact {
            Fact::Queued { queue, queue_name } => self.wait_in(queue, queue_name),
            Fact::Offered { user, agent_name } => self.offer(user, agent_name),
            Fact::Rescinded { user, reason } => {
                if self.head.state == State::Alerting {
                    self.head.state = State::Queued;
                }
                self.append(None, Body::OfferWithdrawn { user, reason });
            }
            Fact::Assigned {
                user,
                agent_name,
                participant,
                queue,
            } => {
                let person = Person {
                    user,
                    name: agent_name,
                    participant,
                };
                self.assign(&person, queue);
            }
            Fact::Refused { reason } => self.refuse(reason),
            Fact::Transferred {
                queue,
                queue_name,
                to,
                attended,
                note,
            } => {
                let (user, agent_name) = to.map_or((None, String::new()), |(user, name)| (Some(user), name));
                self.transfer(Body::Transferred {
                    queue,
                    queue_name: queue_name.clone(),
                    user,
                    agent_name,
                    attended,
                    note,
                });
                if !attended {
                    self.move_to(queue, user.is_some().then_some(queue_name));
                }
            }
            Fact::WrapUpSet { user, code } => self.set_wrap_up(user, code),
            Fact::AgentLost { user } => {
                if self.head.active_agent(user).is_some() {
                    self.end(None, EndReason::AgentLost);
                }
            }
        }
    }

    fn wait_in(&mut self, queue: QueueId, queue_name: String) {
        self.leave_all(None);
        self.head.queue = queue;
        self.head.state = State::Queued;
        self.append(None, Body::Queued { queue, queue_name });
    }

    fn offer(&mut self, user: UserId, agent_name: String) {
        if self.head.state != State::Connected {
            self.head.state = State::Alerting;
        }
        self.append(None, Body::Offered { user, agent_name });
    }

    /// The agent takes part from now on, instead of whoever did.
    fn assign(&mut self, person: &Person, queue: Option<QueueId>) {
        let is_here = self.head.active_agent(person.user).is_some();
        if !is_here {
            self.help_is_over(person.user);
        }
        self.leave_all(Some(person.user));
        self.head.queue = queue.unwrap_or(self.head.queue);
        self.head.state = State::Connected;
        if is_here {
            return;
        }
        self.head.last_activity_at = self.head.last_activity_at.max(self.now);
        self.restart_clock();
        self.join(person, ParticipantKind::Agent);
    }

    fn refuse(&mut self, reason: Reason) {
        let reason = reason.as_str().to_owned();
        self.append(None, Body::Refused { reason });
        self.end(None, EndReason::Refused);
    }

    fn transfer(&mut self, moved: Body) {
        let has_it = |agent: &&Agent| agent.active && agent.kind == ParticipantKind::Agent;
        let had = self.head.agents.iter().find(has_it).map(|agent| agent.participant);
        self.append(had, moved);
    }

    /// Whoever had it leaves. Everyone hears that it waits: from the queue that it goes to, or here, where it is named, if
    /// an agent is asked first.
    fn move_to(&mut self, queue: QueueId, queue_name: Option<String>) {
        self.leave_all(None);
        self.head.queue = queue;
        self.head.state = State::Queued;
        if let Some(queue_name) = queue_name {
            self.append(None, Body::Queued { queue, queue_name });
        }
    }

    fn set_wrap_up(&mut self, user: UserId, code: Option<(WrapUpCodeId, String)>) {
        let (code, code_name) = code.map_or((None, String::new()), |(code, name)| (Some(code), name));
        let participant = self.head.former_party(Sender::User(user));
        self.append(participant, Body::WrapUpSet { user, code, code_name });
    }

    /// Every agent but `except` leaves; the help that they asked for is over. A supervisor who joined stays with the
    /// customer.
    fn leave_all(&mut self, except: Option<UserId>) {
        let leaves = |kind, user| kind == ParticipantKind::Agent && Some(user) != except;
        let agents = self.head.agents.iter();
        let leaving = agents.filter(|agent| agent.active && leaves(agent.kind, agent.user));
        let leaving: Vec<UserId> = leaving.map(|agent| agent.user).collect();
        for user in leaving {
            self.leave(user);
        }
    }
}
