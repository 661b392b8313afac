//! Bringing scripts' answers into contacts, through session, in the order in which they were given. What session has not taken
//! stays due, is tried again, and is found again after a restart.

use super::Content;
use crate::script::{ContactWrite, Run, WriteState};
use onqueue_client::{Behalf, reason};
use onqueue_model::{Category, Fault, Reason, Timestamp, UserId};
use onqueue_proto::session::v1::{
    AnswerOutcome, ScriptOrigin, WriteScriptAnswerRequest, WriteScriptAnswerResponse,
    content_facts_service_client::ContentFactsServiceClient,
};
use std::{collections::BTreeMap, time::Duration};
use tonic::Status;

/// How often it is looked for what is due.
const EVERY: Duration = Duration::from_secs(1);

/// How long session may take over one answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Who took each step of a run.
type Takers = BTreeMap<i64, UserId>;

impl Content {
    /// Brings what is left of a run's answers into the contact, and answers how all of them are. What cannot be brought now
    /// waits, and with it what was answered later.
    pub(super) async fn bring(&self, run: &Run, takers: &Takers) -> Result<Vec<ContactWrite>, Fault> {
        let key = (run.organisation, run.id);
        let mut writes = self.0.tables.contact_writes(key).await?;
        for write in &mut writes {
            if matches!(write.state, WriteState::Written | WriteState::Refused) {
                continue;
            }
            let Some(user) = takers.get(&write.step) else { continue };
            let (state, why) = outcome(self.tell(run, write, *user).await);
            let now = self.0.context.clock.now();
            write.due_at = write.next_due(state, now);
            write.attempts += 1;
            (write.state, write.reason) = (state, why);
            self.0.tables.note_write(key, write.clone()).await?;
            if state == WriteState::Pending {
                break;
            }
        }
        Ok(writes)
    }

    async fn tell(&self, run: &Run, write: &ContactWrite, user: UserId) -> Result<WriteScriptAnswerResponse, Status> {
        let told = WriteScriptAnswerRequest {
            organisation_id: run.organisation.to_string(),
            conversation_id: run.conversation.to_string(),
            user_id: user.to_string(),
            script: Some(ScriptOrigin {
                script_id: run.script.to_string(),
                script_name: run.script_name.clone(),
                version: run.version,
                run_id: run.id.to_string(),
            }),
            step: write.step,
            place: write.place,
            contact_field: write.key.clone(),
            value: write.value.clone(),
        };
        let mut client = ContentFactsServiceClient::new(self.0.session.clone());
        let told = Behalf::default().within(PATIENCE).request(told);
        Ok(client.write_script_answer(told).await?.into_inner())
    }

    /// Tries again what is due, for ever; for a task.
    pub async fn keep_bringing(&self) {
        loop {
            if let Err(fault) = self.bring_due(self.0.context.clock.now()).await {
                tracing::warn!(%fault, context = fault.context, "answers are not in their contacts yet; it is tried again");
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn bring_due(&self, now: Timestamp) -> Result<(), Fault> {
        for (organisation, id) in self.0.tables.claim_due(now).await? {
            if let Some(run) = self.0.tables.run(organisation, id).await? {
                let steps = self.0.tables.steps(organisation, id).await?;
                let takers = steps.iter().map(|taken| (taken.number, taken.user)).collect();
                self.bring(&run, &takers).await?;
            }
        }
        Ok(())
    }
}

fn outcome(answer: Result<WriteScriptAnswerResponse, Status>) -> (WriteState, String) {
    match answer {
        Ok(answer) => match answer.outcome() {
            AnswerOutcome::Written => (WriteState::Written, String::new()),
            AnswerOutcome::NoContact => (WriteState::NoContact, String::new()),
            AnswerOutcome::Refused => (WriteState::Refused, answer.reason),
            AnswerOutcome::Unspecified => (WriteState::Pending, String::new()),
        },
        Err(status) => match reason(&status).filter(|reason| is_final(*reason)) {
            Some(reason) => (WriteState::Refused, reason.as_str().to_owned()),
            None => (WriteState::Pending, String::new()),
        },
    }
}

/// Whether the same would be refused the next time too.
fn is_final(reason: Reason) -> bool {
    matches!(
        reason.category(),
        Category::Invalid | Category::NotFound | Category::Exists | Category::Precondition
    )
}
