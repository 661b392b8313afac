//! Noting something of a conversation.

use super::App;
use super::access::{Seen, not_found, sender};
use super::commit::Outcome;
use onqueue_chat::{Changes, Input};
use onqueue_model::{Caller, ConversationId, Fault, permissions};

impl App {
    /// Sets attributes of a conversation that the caller takes part in or may see. CONVERSATION_NOT_FOUND,
    /// PERMISSION_MISSING, CONVERSATION_CLOSED, FIELD_INVALID.
    pub async fn set_attributes(&self, caller: &Caller, id: ConversationId, changes: Changes) -> Result<Seen, Fault> {
        let by = sender(caller, id)?;
        let trust = &self.context.trust;
        trust.may(caller, permissions::ATTRIBUTE_EDIT)?;
        let seen = self.see(caller, id, permissions::COMMUNICATION_VIEW).await?;
        let division = seen.policy.ok_or_else(not_found)?.division;
        trust.may_in(caller, permissions::ATTRIBUTE_EDIT, division)?;
        let by = Some(by);
        match self.submit_for(caller, id, Input::SetAttributes { by, changes }).await {
            Outcome::Done(_) => self.see(caller, id, permissions::COMMUNICATION_VIEW).await,
            other => Err(self.refusal(caller, id, other).await),
        }
    }
}
