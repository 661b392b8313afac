//! An agent asks for a supervisor: one request at a time, which exactly one supervisor takes.

use super::Log;
use crate::{Assistance, Body, Closing, Person, Refusal, Sender, State};
use onqueue_model::{AssistanceId, ParticipantId, UserId};

impl Log<'_> {
    /// The same request again does nothing.
    pub(super) fn ask(&mut self, by: UserId, assistance: AssistanceId, text: String) -> Result<(), Refusal> {
        let agent = self.head.active_agent(by).ok_or(Refusal::NotTakingPart)?;
        let participant = agent.participant;
        match self.head.assistance {
            Some(open) if open.id == assistance => return Ok(()),
            Some(open) => return Err(Refusal::AssistanceIsOpen { assistance: open.id }),
            None if self.head.state != State::Connected => return Err(Refusal::NotConnected),
            None => {}
        }
        self.head.assistance = Some(Assistance {
            id: assistance,
            asked_by: by,
            asked_at: self.now,
            taken_by: None,
        });
        self.append(Some(participant), Body::AssistanceRequested { assistance, text });
        Ok(())
    }

    /// The first one has it; for them the same again does nothing.
    pub(super) fn take_request(&mut self, by: Person, assistance: AssistanceId) -> Result<(), Refusal> {
        let open = self.open(assistance)?;
        if self.head.active_agent(by.user).is_some() {
            return Err(Refusal::HasInHand);
        }
        match open.taken_by {
            Some(user) if user == by.user => return Ok(()),
            Some(other) => return Err(Refusal::AssistanceIsTaken { by: other }),
            None => {}
        }
        self.head.assistance = Some(Assistance {
            taken_by: Some(by.user),
            ..open
        });
        let Person { user, name, .. } = by;
        let participant = self.head.party(Sender::User(user));
        self.append(participant, Body::AssistanceTaken { assistance, user, name });
        Ok(())
    }

    /// By whoever helps, the agent who has the conversation in hand or who asked, or, while nobody helps, anybody who the
    /// shell says may.
    pub(super) fn close_by(&mut self, by: UserId, assistance: AssistanceId) -> Result<(), Refusal> {
        let open = self.open(assistance)?;
        let is_agent = by == open.asked_by || self.head.active_agent(by).is_some();
        let helps = open.taken_by.is_none_or(|helper| helper == by);
        let how = match (is_agent, helps) {
            (true, _) => Closing::Agent,
            (_, true) => Closing::Supervisor,
            _ => return Err(Refusal::NotTakingPart),
        };
        self.close(how, self.head.former_party(Sender::User(by)));
        Ok(())
    }

    /// That user leaves or becomes something else: a request that they asked for or took is done with.
    pub(super) fn help_is_over(&mut self, user: UserId) {
        let Some(open) = self.head.assistance else { return };
        let how = match (open.asked_by == user, open.taken_by == Some(user)) {
            (true, _) => Closing::Agent,
            (_, true) => Closing::Supervisor,
            _ => return,
        };
        self.close(how, self.head.former_party(Sender::User(user)));
    }

    pub(super) fn end_assistance(&mut self) {
        self.close(Closing::Ended, None);
    }

    fn open(&self, assistance: AssistanceId) -> Result<Assistance, Refusal> {
        let open = self.head.assistance.filter(|open| open.id == assistance);
        open.ok_or(Refusal::NoSuchAssistance)
    }

    fn close(&mut self, how: Closing, by: Option<ParticipantId>) {
        if let Some(open) = self.head.assistance.take() {
            let assistance = open.id;
            self.append(by, Body::AssistanceClosed { assistance, how });
        }
    }
}
