//! The one transaction that changes conversations: guess the heads or read them, decide, write what still fits. Where it is
//! only messages in conversations that are remembered, it is one statement.

use super::plan::{Heads, Known, Plan};
use super::policies::Policies;
use super::{Key, heads, messages, write};
use onqueue_chat::Rules;
use onqueue_model::{OrganisationId, QueueId, Timestamp};
use onqueue_store::{Store, StoreError};
use sea_orm::DatabaseTransaction;
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
    /// Conversations about to get a new time for their next look at inactivity: by the rule as it is now.
    pub timed: BTreeSet<Key>,
    /// Queues that conversations are moved to.
    pub queues: BTreeSet<(OrganisationId, QueueId)>,
    /// Instead of the above: at most so many whose next look at inactivity is due by then and which nobody else looks at.
    pub due: Option<(Timestamp, u64)>,
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
    if let Some(heads) = remembered(store, policies, &about) {
        let (plan, answer) = decide(&heads);
        if messages::are_all(&plan) {
            let missed = messages::write(store, &plan).await?;
            return Ok(Appended { answer, missed });
        }
    }
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

/// What a batch is decided upon if nothing of it has to be read, on a database that takes it in one statement.
fn remembered(store: &Store, policies: &Policies, about: &About) -> Option<Heads> {
    let reads = !about.unknown.is_empty() || !about.timed.is_empty() || !about.queues.is_empty() || about.due.is_some();
    if reads || about.delay.is_some() || !store.takes_alone() {
        return None;
    }
    let mut rules = HashMap::new();
    for ((organisation, _), Known { head, .. }) in &about.guesses {
        // Whoever was warned gets a new time, by the rule as it is now.
        if head.warned_at.is_some() {
            return None;
        }
        rules.insert((*organisation, head.queue), policies.held(*organisation, head.queue)?);
    }
    let known = about.guesses.clone();
    Some(Heads { known, rules })
}

/// Who has to read some heads reads them all, in one order and for good: nobody who holds some of them then waits for
/// others, and what was guessed is known.
async fn gather(tx: &DatabaseTransaction, policies: &Policies, about: &About) -> Result<Heads, StoreError> {
    let mut wanted = match about.due {
        Some((now, limit)) => heads::due(tx, now, limit).await?,
        None => about.unknown.clone(),
    };
    let mut gathered = Heads::default();
    if wanted.is_empty() {
        gathered.known.clone_from(&about.guesses);
    } else {
        wanted.extend(about.guesses.keys());
        for head in heads::locked(tx, &wanted).await? {
            let key = (head.organisation, head.conversation);
            let head = Arc::new(head);
            gathered.known.insert(key, Known { head, is_guess: false });
        }
    }
    gathered.rules = rules(tx, policies, about, &gathered.known).await?;
    Ok(gathered)
}

/// The rules of the queues in question. What sets a time reads them anew; the rest may go by those from memory.
async fn rules(
    tx: &DatabaseTransaction,
    policies: &Policies,
    about: &About,
    known: &HashMap<Key, Known>,
) -> Result<HashMap<(OrganisationId, QueueId), Rules>, StoreError> {
    let mut anew: BTreeMap<_, bool> = about.queues.iter().map(|queue| (*queue, true)).collect();
    for (key, Known { head, .. }) in known {
        let sets_time = about.due.is_some() || about.timed.contains(key) || head.warned_at.is_some();
        *anew.entry((key.0, head.queue)).or_default() |= sets_time;
    }
    let mut rules = HashMap::with_capacity(anew.len());
    for ((organisation, queue), anew) in anew {
        let policy = if anew {
            policies.renew(tx, organisation, queue).await?
        } else {
            policies.get(tx, organisation, queue).await?
        };
        let rule = policy.map_or_else(Rules::default, |policy| policy.rules());
        rules.insert((organisation, queue), rule);
    }
    Ok(rules)
}
