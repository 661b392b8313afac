//! Checking logs without a service: for the operator at the database.

use crate::app::verify::{Report, Verdict, check};
use crate::store::conversations;
use onqueue_model::{ConversationId, Fault, OrganisationId};
use onqueue_store::Store;

/// How many conversations are listed at once.
const PAGE: u64 = 200;

/// What a check of one conversation's log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Which.
    pub conversation: ConversationId,
    /// How many events were read.
    pub events: i64,
    /// Of how many the content was removed as it should be.
    pub removals: usize,
    /// What is wrong, if anything is, with the first event that is not as it was written.
    pub problem: Option<String>,
}

/// Checks the log of one conversation; CONVERSATION_NOT_FOUND.
pub async fn verify_one(
    store: &Store,
    organisation: OrganisationId,
    conversation: ConversationId,
) -> Result<Verification, Fault> {
    let report = check(store, (organisation, conversation)).await?;
    Ok(told(conversation, &report))
}

/// Checks the logs of some of an organisation's conversations, in the order of their ids; none at the end.
pub async fn verify_some(
    store: &Store,
    organisation: OrganisationId,
    after: Option<ConversationId>,
) -> Result<Vec<Verification>, Fault> {
    let mut checked = Vec::new();
    for conversation in conversations::ids(store, organisation, after, PAGE).await? {
        checked.push(verify_one(store, organisation, conversation).await?);
    }
    Ok(checked)
}

fn told(conversation: ConversationId, report: &Report) -> Verification {
    let problem = match report.verdict {
        Verdict::Intact => None,
        Verdict::Changed(sequence) => Some(format!("event {sequence} is not as it was written")),
        Verdict::CutOff(sequence) => Some(format!("the end is missing from event {sequence} on")),
        Verdict::Removed(sequence) => Some(format!(
            "the content of event {sequence} was removed and nothing says by whom"
        )),
    };
    Verification {
        conversation,
        events: report.events,
        removals: report.removals.len(),
        problem,
    }
}
