//! Transcripts as files, as evidence, and as what is not kept for ever.
#![allow(missing_docs, unreachable_pub)]

#[path = "../support/find.rs"]
mod find;
#[path = "../support/mod.rs"]
mod support;

mod evidence;
mod files;
mod redaction;
mod retention;

use futures::TryStreamExt as _;
use onqueue_model::UserId;
use onqueue_proto::session::v1::{self as proto, ExportTranscriptRequest, TranscriptFormat, VerifyTranscriptResponse};
use onqueue_testkit::with_token;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use support::{Chat, Desk, House, division, id, organisation};
use tonic::Status;

pub const ALL: [&str; 5] = [
    "recording:transcript:view",
    "recording:transcript:export",
    "recording:transcript:redact",
    "recording:transcript:hold",
    "conversation:communication:disconnect",
];

impl House {
    /// A token of a user who may do that with transcripts of the division.
    pub fn archivist(&self, number: u128, may: &[&str]) -> String {
        let user: UserId = id(number);
        self.tokens.grant(organisation(), user, division(), may);
        self.tokens.user(organisation(), user, "Arch")
    }
}

impl Desk {
    pub async fn export(&self, token: &str, request: ExportTranscriptRequest) -> Result<(String, String), Status> {
        let answer = self.transcripts().export_transcript(with_token(request, token)).await?;
        let parts: Vec<_> = answer.into_inner().try_collect().await?;
        assert!(parts.iter().all(|part| part.content.len() <= 64 * 1024));
        let name = parts[0].file_name.clone();
        assert!(parts[1..].iter().all(|part| part.file_name.is_empty()));
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.content.to_vec()).collect();
        Ok((name, String::from_utf8(bytes).expect("UTF-8")))
    }

    pub async fn verified(&self, token: &str, chat: &Chat) -> VerifyTranscriptResponse {
        let request = proto::VerifyTranscriptRequest {
            conversation_id: chat.id.clone(),
        };
        let answer = self.transcripts().verify_transcript(with_token(request, token)).await;
        answer.expect("checked").into_inner()
    }

    pub async fn redact(&self, token: &str, chat: &Chat, event: &str) -> Result<proto::Event, Status> {
        let request = proto::RedactMessageRequest {
            conversation_id: chat.id.clone(),
            event_id: event.to_owned(),
            reason: "not ours to know".to_owned(),
        };
        let answer = self.transcripts().redact_message(with_token(request, token)).await?;
        Ok(answer.into_inner().event.expect("an event"))
    }

    pub async fn hold(&self, token: &str, chat: &Chat, held: bool) -> Option<proto::LegalHold> {
        let request = proto::SetLegalHoldRequest {
            conversation_id: chat.id.clone(),
            held,
            reason: "court".to_owned(),
        };
        let answer = self.transcripts().set_legal_hold(with_token(request, token)).await;
        answer.expect("set").into_inner().hold
    }

    pub async fn sql(&self, sql: String) {
        self.store
            .transaction(move |tx| {
                let sql = sql.clone();
                Box::pin(async move {
                    tx.execute_unprepared(&sql).await?;
                    Ok(())
                })
            })
            .await
            .expect("done");
    }

    /// The id as SQL of this database has it.
    pub fn literal(&self, id: &str) -> String {
        match self.store.reader().get_database_backend() {
            DbBackend::Postgres => format!("'{id}'"),
            _ => format!("x'{}'", id.replace('-', "")),
        }
    }

    pub async fn count(&self, sql: &str) -> i64 {
        let reader = self.store.reader();
        let statement = Statement::from_string(reader.get_database_backend(), sql);
        let row = reader.query_one_raw(statement).await.expect("counts").expect("a row");
        row.try_get("", "count").expect("a count")
    }
}

pub fn order(chat: &Chat, format: TranscriptFormat) -> ExportTranscriptRequest {
    ExportTranscriptRequest {
        conversation_id: chat.id.clone(),
        format: format.into(),
        ..ExportTranscriptRequest::default()
    }
}

/// A chat that has ended, in which this was said, with the events' ids.
pub async fn ended(house: &House, request: u128, said: &[&str]) -> (Chat, Vec<String>) {
    let (desk, ada) = (&house.desk, house.agent_token());
    let chat = house.connected(request).await;
    let mut ids = Vec::new();
    for (at, text) in said.iter().enumerate() {
        let token = if at % 2 == 0 { &chat.token } else { &ada };
        ids.push(
            desk.send(token, &chat.id, &at.to_string(), text)
                .await
                .expect("sent")
                .event_id,
        );
    }
    desk.end(&ada, &chat.id).await.expect("ends");
    (chat, ids)
}
