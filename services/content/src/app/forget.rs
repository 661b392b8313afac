//! Forgetting with session: what was answered in a conversation goes when everything personal of it has gone there, whether a
//! customer was erased or the queue's retention has passed. Session keeps a list until it is told that it was done.

use super::Content;
use onqueue_client::Behalf;
use onqueue_model::{Fault, Id};
use onqueue_proto::session::v1::{
    ConfirmForgottenRequest, ForgottenAnswers, ForgottenConversation, ListForgottenRequest,
    content_facts_service_client::ContentFactsServiceClient,
};
use onqueue_server::resource::id;
use onqueue_store::Purged;
use std::time::Duration;
use tonic::Status;

/// How often session is asked.
const EVERY: Duration = Duration::from_secs(2);

/// How long session may take over an answer.
const PATIENCE: Duration = Duration::from_secs(2);

impl Content {
    /// Forgets what session has forgotten, for ever; for a task.
    pub async fn keep_forgetting(&self) {
        let mut is_told = false;
        loop {
            match self.forget_some().await {
                Ok(()) => is_told = false,
                Err(fault) if !is_told => {
                    tracing::warn!(%fault, context = fault.context, "session cannot be asked what to forget; it is asked again");
                    is_told = true;
                }
                Err(_) => {}
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn forget_some(&self) -> Result<(), Fault> {
        let mut client = ContentFactsServiceClient::new(self.0.session.clone());
        let asked = Behalf::default().within(PATIENCE).request(ListForgottenRequest {});
        let listed = client.list_forgotten(asked).await.map_err(away)?.into_inner();
        if listed.conversations.is_empty() {
            return Ok(());
        }
        let (mut forgotten, mut had_any) = (Vec::with_capacity(listed.conversations.len()), false);
        for one in listed.conversations {
            let answers = self.forget(&one).await?;
            had_any |= answers.is_some();
            forgotten.push(ForgottenAnswers {
                organisation_id: one.organisation_id,
                conversation_id: one.conversation_id,
                script_answers: answers.unwrap_or(0),
            });
        }
        // While somebody reads what was there before, it is not gone: it is said when it is.
        if had_any && self.0.tables.purge().await? == Purged::Busy {
            return Ok(());
        }
        let done = ConfirmForgottenRequest {
            conversations: forgotten,
        };
        let done = Behalf::default().within(PATIENCE).request(done);
        client.confirm_forgotten(done).await.map_err(away)?;
        Ok(())
    }

    async fn forget(&self, one: &ForgottenConversation) -> Result<Option<i64>, Fault> {
        let organisation = id("organisation_id", &one.organisation_id)?;
        let conversation: Id<_> = id("conversation_id", &one.conversation_id)?;
        let at = self.0.context.clock.now();
        Ok(self.0.tables.forget(organisation, conversation, at).await?)
    }
}

fn away(status: Status) -> Fault {
    Fault::unavailable(status)
}
