//! What people and the system say.

use super::Log;
use crate::{Body, ClientMessageId, NoticeCode, Person, Refusal, Sender, inactivity::Side};
use onqueue_model::{ParticipantId, QueueId};

impl Log<'_> {
    /// For everyone, and against inactivity.
    pub(super) fn speak(&mut self, sender: Sender, body: Body, key: ClientMessageId) -> Result<(), Refusal> {
        let participant = self.party(sender)?;
        self.append_with(participant, body, key);
        self.note_activity(match sender {
            Sender::Guest(_) => Side::Guest,
            Sender::User(_) => Side::Agent,
        });
        Ok(())
    }

    /// For agents, and not against inactivity.
    pub(super) fn whisper(&mut self, by: &Person, body: Body, key: ClientMessageId) {
        let participant = self.head.participant_of(by);
        self.append_with(participant, body, key);
    }

    pub(super) fn announce(&mut self, text: String) {
        self.notice(NoticeCode::Announcement, text, None);
    }

    pub(super) fn notice(&mut self, code: NoticeCode, text: String, queue: Option<QueueId>) {
        self.append(None, Body::Notice { code, text, queue });
    }

    fn append_with(&mut self, participant: ParticipantId, body: Body, key: ClientMessageId) {
        self.append(Some(participant), body);
        if let Some(event) = self.events.last_mut() {
            event.client_message_id = Some(key.into_string());
        }
    }

    /// Moves times only, which no index holds; the sweep finds the rest. Unless a warning was out that no longer holds: then
    /// the next one may be due before the end that is being waited for.
    fn note_activity(&mut self, side: Side) {
        let (head, now) = (&mut self.head, self.now);
        head.last_activity_at = head.last_activity_at.max(now);
        let active_at = match side {
            Side::Guest => &mut head.guest_active_at,
            Side::Agent => &mut head.agent_active_at,
        };
        *active_at = (*active_at).max(now);
        if head.warned_at.is_some() && self.rules.inactivity.counts.is_broken_by(side) {
            head.warned_at = None;
            self.set_clock();
        }
    }
}
