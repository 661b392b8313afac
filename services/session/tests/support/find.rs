//! Looking for what was said.

use crate::support::{Chat, Desk, SOON};
use onqueue_proto::session::v1::{FoundTranscript, SearchTranscriptsRequest, SearchTranscriptsResponse};
use onqueue_testkit::{until, with_token};
use sea_orm::{ConnectionTrait as _, Statement};
use tonic::Status;

/// Conversations of which not everything is in the index.
const BEHIND: &str = "SELECT COUNT(*) AS behind FROM session_search AS s JOIN session_conversations AS c \
    ON c.organisation_id = s.organisation_id AND c.id = s.conversation_id WHERE c.last_sequence > s.sequence";

/// In no chat.
pub const NOWHERE: [usize; 0] = [];

pub fn text(text: &str) -> SearchTranscriptsRequest {
    SearchTranscriptsRequest {
        text: text.to_owned(),
        ..SearchTranscriptsRequest::default()
    }
}

impl Desk {
    /// Waits until what was said is found.
    pub async fn indexed(&self) {
        until("the index is behind", SOON, async || {
            let reader = self.store.reader();
            let statement = Statement::from_string(reader.get_database_backend(), BEHIND);
            let row = reader.query_one_raw(statement).await.expect("counts").expect("a row");
            row.try_get::<i64>("", "behind").expect("a count") == 0
        })
        .await;
    }

    pub async fn search(
        &self,
        token: &str,
        request: SearchTranscriptsRequest,
    ) -> Result<SearchTranscriptsResponse, Status> {
        let answer = self.transcripts().search_transcripts(with_token(request, token)).await;
        answer.map(tonic::Response::into_inner)
    }

    /// Everything that is found, page by page.
    pub async fn find(&self, token: &str, mut request: SearchTranscriptsRequest) -> Vec<FoundTranscript> {
        let mut found = Vec::new();
        loop {
            let page = self.search(token, request.clone()).await.expect("an answer");
            assert!(page.transcripts.len() <= usize::try_from(request.page_size.max(20)).expect("a size"));
            found.extend(page.transcripts);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return found;
            }
        }
    }

    /// Which of the chats are found, in the order in which they are.
    pub async fn finds(&self, token: &str, request: SearchTranscriptsRequest, chats: &[Chat]) -> Vec<usize> {
        let found = self.find(token, request).await;
        let place = |one: &FoundTranscript| {
            let id = &one.conversation.as_ref().expect("a conversation").conversation_id;
            chats.iter().position(|chat| chat.id == *id).expect("one of the chats")
        };
        found.iter().map(place).collect()
    }
}
