//! What supervisors do in conversations, who sees it, and that it is on record.
#![allow(missing_docs, unreachable_pub)]

#[path = "../support/mod.rs"]
mod support;

mod following;
mod secrecy;
mod ways;

use onqueue_model::UserId;
use onqueue_proto::session::v1::{self as proto, Conversation};
use onqueue_testkit::with_token;
use support::{Chat, Desk, House, division, id, organisation, reason};
use tonic::{Code, Status};

pub const VIEW: &str = "conversation:communication:view";

pub const EVERYTHING: [&str; 6] = [
    VIEW,
    "conversation:webchat:monitor",
    "conversation:webchat:coach",
    "conversation:webchat:barge",
    "conversation:assistance:take",
    "recording:transcript:view",
];

impl House {
    /// A token of a supervisor who may do that.
    pub fn supervisor(&self, number: u128, name: &str, may: &[&str]) -> String {
        let user: UserId = id(400 + number);
        self.tokens.grant(organisation(), user, division(), may);
        self.tokens.user(organisation(), user, name)
    }
}

impl Desk {
    pub async fn monitors(&self, token: &str, chat: &Chat) -> Result<Conversation, Status> {
        let conversation_id = chat.id.clone();
        let request = with_token(proto::MonitorRequest { conversation_id }, token);
        let answer = self.supervision().monitor(request).await?;
        Ok(answer.into_inner().conversation.expect("a conversation"))
    }

    pub async fn coaches(&self, token: &str, chat: &Chat) -> Result<Conversation, Status> {
        let conversation_id = chat.id.clone();
        let request = with_token(proto::CoachRequest { conversation_id }, token);
        let answer = self.supervision().coach(request).await?;
        Ok(answer.into_inner().conversation.expect("a conversation"))
    }

    pub async fn barges_in(&self, token: &str, chat: &Chat) -> Result<Conversation, Status> {
        let conversation_id = chat.id.clone();
        let request = with_token(proto::BargeInRequest { conversation_id }, token);
        let answer = self.supervision().barge_in(request).await?;
        Ok(answer.into_inner().conversation.expect("a conversation"))
    }

    pub async fn leaves(&self, token: &str, chat: &Chat) -> Result<(), Status> {
        let conversation_id = chat.id.clone();
        let request = with_token(proto::LeaveConversationRequest { conversation_id }, token);
        self.conversations().leave_conversation(request).await.map(drop)
    }

    pub async fn whispers(
        &self,
        token: &str,
        chat: &Chat,
        (key, text): (&str, &str),
    ) -> Result<proto::SendSideMessageResponse, Status> {
        let request = proto::SendSideMessageRequest {
            conversation_id: chat.id.clone(),
            client_message_id: key.to_owned(),
            text: text.to_owned(),
        };
        let answer = self.supervision().send_side_message(with_token(request, token)).await?;
        Ok(answer.into_inner())
    }

    pub async fn asks_for_help(&self, token: &str, chat: &Chat, text: &str) -> String {
        let request = proto::RequestAssistanceRequest {
            request_id: id::<()>(9_000).to_string(),
            conversation_id: chat.id.clone(),
            text: text.to_owned(),
        };
        let asked = self.assistance().request_assistance(with_token(request, token)).await;
        let asked = asked.expect("asks").into_inner().assistance;
        asked.expect("a request").assistance_id
    }

    pub async fn helps(&self, token: &str, assistance_id: String) {
        let request = proto::TakeAssistanceRequest { assistance_id };
        let taken = self.assistance().take_assistance(with_token(request, token)).await;
        taken.expect("takes");
    }
}

pub fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.expect_err("refused");
    (status.code(), reason(&status))
}

pub fn hidden() -> (Code, String) {
    (Code::NotFound, "CONVERSATION_NOT_FOUND".to_owned())
}

pub fn not_allowed() -> (Code, String) {
    (Code::PermissionDenied, "CALLER_NOT_ALLOWED".to_owned())
}
