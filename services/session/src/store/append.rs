//! The one transaction that changes conversations: guess the heads or read them, decide, write what still fits.

use super::plan::{Heads, Known, Plan};
use super::policies::Policies;
use super::{Key, conversations, write};
use onqueue_model::{ConversationId, OrganisationId};
use onqueue_store::{Store, StoreError};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

/// What a batch is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    /// Heads from memory.
    pub guesses: HashMap<Key, Known>,
    /// Conversations whose heads are to be read.
    pub unknown: BTreeSet<Key>,
    /// How long to wait before committing; for tests.
    pub delay: Option<Duration>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Appended<T> {
    /// What was decided beside the plan.
    pub answer: T,
    /// The conversations of which nothing was written, because they are no longer as guessed.
    pub missed: BTreeSet<Key>,
}

/// Decides and writes in one transaction. `decide` may be called more than once; only the last call counts.
pub(crate) async fn append<T, D>(
    store: &Store,
    policies: &Policies,
    about: About,
    decide: D,
) -> Result<Appended<T>, StoreError>
where
    T: Send + 'static,
    D: Fn(&Heads) -> (Plan, T) + Send + Sync + 'static,
{
    let (about, decide, policies) = (Arc::new(about), Arc::new(decide), policies.clone());
    store
        .transaction(move |tx| {
            let (about, decide, policies) = (Arc::clone(&about), Arc::clone(&decide), policies.clone());
            Box::pin(async move {
                let heads = gather(tx, &policies, &about).await?;
                let (plan, answer) = decide(&heads);
                let missed = write::write(tx, &plan).await?;
                if let Some(delay) = about.delay {
                    tokio::time::sleep(delay).await;
                }
                Ok(Appended { answer, missed })
            })
        })
        .await
}

async fn gather(tx: &DatabaseTransaction, policies: &Policies, about: &About) -> Result<Heads, StoreError> {
    let mut heads = Heads {
        known: about.guesses.clone(),
    };
    let mut unknown: BTreeMap<OrganisationId, Vec<ConversationId>> = BTreeMap::new();
    for (organisation, conversation) in &about.unknown {
        unknown.entry(*organisation).or_default().push(*conversation);
    }
    for (organisation, conversations) in unknown {
        for head in conversations::heads(tx, organisation, conversations).await? {
            let key = (organisation, head.conversation);
            let head = Arc::new(head);
            heads.known.insert(key, Known { head, is_guess: false });
        }
    }
    hold_policies(tx, policies, &heads).await?;
    Ok(heads)
}

/// So that deciding finds the queues' rules in memory.
async fn hold_policies(tx: &impl ConnectionTrait, policies: &Policies, heads: &Heads) -> Result<(), StoreError> {
    let queues: BTreeSet<_> = heads
        .known
        .values()
        .map(|known| (known.head.organisation, known.head.queue))
        .collect();
    for (organisation, queue) in queues {
        policies.get(tx, organisation, queue).await?;
    }
    Ok(())
}
