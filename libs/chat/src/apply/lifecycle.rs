//! How a conversation ends, rests and is opened again, and who leaves it.

use super::Log;
use crate::{
    Body, ConversationKind, EndReason, NoticeCode, ParticipantKind, Person, Refusal, Sender, State, Then,
    inactivity::Due,
};
use onqueue_model::{ParticipantId, UserId};

impl Log<'_> {
    pub(super) fn end_by(&mut self, by: Sender) -> Result<(), Refusal> {
        let participant = self.party(by)?;
        let reason = match by {
            Sender::Guest(_) => EndReason::GuestLeft,
            Sender::User(_) => EndReason::AgentEnded,
        };
        self.end(Some(participant), reason);
        Ok(())
    }

    /// Who waits with a chat is given up when they have gone. A message may wait for days.
    pub(super) fn abandon(&mut self) {
        let waits = matches!(self.head.state, State::Pending | State::Queued | State::Alerting);
        if waits && self.head.kind == ConversationKind::Chat {
            self.end(None, EndReason::Abandoned);
        }
    }

    /// Messaging rests where a chat is over, unless the customer wants it to be or it never got as far as a queue.
    pub(super) fn end(&mut self, by: Option<ParticipantId>, reason: EndReason) {
        let rests = match reason {
            EndReason::AgentEnded | EndReason::Inactivity | EndReason::AgentLost => true,
            EndReason::Refused => self.head.opening > 1,
            EndReason::GuestLeft | EndReason::Abandoned | EndReason::Rested => false,
        };
        let reason = match self.head.kind {
            ConversationKind::Messaging if rests => EndReason::Rested,
            _ => reason,
        };
        self.end_assistance();
        self.append(by, Body::Ended { reason });
        self.head.state = State::Ended { at: self.now, reason };
        self.set_clock();
    }

    /// Whether a message of that sender opens it again.
    pub(super) fn can_reopen(&self, sender: Sender) -> bool {
        let until = self.head.reopens_until(self.rules.messaging_window);
        matches!(sender, Sender::Guest(_)) && self.party(sender).is_ok() && until.is_some_and(|until| self.now < until)
    }

    /// Routing gets it as something new. Who took part when it was put to rest no longer does.
    pub(super) fn reopen(&mut self) {
        let last_agent = self.head.last_agent();
        self.head.agents.iter_mut().for_each(|agent| agent.active = false);
        self.head.opening += 1;
        self.head.state = State::Pending;
        self.head.warned_at = None;
        self.set_clock();
        let opening = self.head.opening;
        self.append(Some(self.head.guest), Body::Reopened { opening, last_agent });
    }

    /// Whoever has it in hand leaves by passing it on, or by ending it.
    pub(super) fn leave_by(&mut self, user: UserId) -> Result<(), Refusal> {
        if self.head.active_agent(user).is_some() {
            return Err(Refusal::HasInHand);
        }
        self.leave(user);
        Ok(())
    }

    pub(super) fn leave(&mut self, user: UserId) {
        self.help_is_over(user);
        let found = self
            .head
            .agents
            .iter_mut()
            .find(|agent| agent.user == user && agent.active);
        if let Some(agent) = found {
            agent.active = false;
            let participant = agent.participant;
            self.append(Some(participant), Body::ParticipantLeft { participant });
        }
    }

    /// A supervisor takes part beside the agent.
    pub(super) fn barge_in(&mut self, by: &Person) -> Result<(), Refusal> {
        if self.head.active_agent(by.user).is_some() {
            return Err(Refusal::HasInHand);
        }
        if self.head.state != State::Connected {
            return Err(Refusal::NotConnected);
        }
        self.join(by, ParticipantKind::Supervisor);
        Ok(())
    }

    pub(super) fn sweep(&mut self) {
        match self.rules.inactivity.due(&self.head, self.now) {
            Due::Nothing => {}
            Due::Warn { ends_at } => {
                self.append(None, Body::InactivityWarned { ends_at });
                self.head.warned_at = Some(self.now);
            }
            Due::Then(Then::End) => self.end(None, EndReason::Inactivity),
            Due::Then(Then::Transfer(queue)) => {
                self.notice(NoticeCode::InactivityTransfer, String::new(), Some(queue));
                // Should routing not bring it there, it is asked again after as much silence.
                self.restart_clock();
            }
        }
        self.set_clock();
    }
}
