//! What a conversation's queue allows, remembered for some seconds: every keystroke asks for it.

use super::facts::{self, Allowed};
use onqueue_client::Behalf;
use onqueue_model::{ConversationId, Fault, OrganisationId, Timestamp, UserId};
use onqueue_server::{Clock, InProcess};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// For how long: so late a change of the queue, or of who may see the conversation, is heard of.
const KEPT: Duration = Duration::from_secs(5);

/// How many are remembered; when there are more, old ones go.
const MOST: usize = 10_000;

/// Who asks about which conversation.
type Key = (OrganisationId, Option<UserId>, ConversationId);

/// What conversations allow to whom.
pub struct Allowance {
    session: InProcess,
    clock: Clock,
    kept: Mutex<HashMap<Key, (Arc<Allowed>, Timestamp)>>,
}

impl Allowance {
    pub fn new(session: InProcess, clock: Clock) -> Self {
        Self {
            session,
            clock,
            kept: Mutex::default(),
        }
    }

    /// What the conversation allows. Refused as session refuses; UNAVAILABLE when it is away.
    pub async fn of(&self, behalf: Behalf, key: Key) -> Result<Arc<Allowed>, Fault> {
        if let Some(known) = self.known(&key) {
            return Ok(known);
        }
        let (_, user, conversation) = key;
        let told = facts::of_conversation(&self.session, behalf, conversation, user).await?;
        let allowed = Arc::new(told.allowed);
        self.keep(key, &allowed);
        Ok(allowed)
    }

    fn known(&self, key: &Key) -> Option<Arc<Allowed>> {
        let now = self.clock.now();
        let kept = self.kept();
        let (allowed, at) = kept.get(key)?;
        (now.since(*at) < KEPT).then(|| Arc::clone(allowed))
    }

    fn keep(&self, key: Key, allowed: &Arc<Allowed>) {
        let (now, mut kept) = (self.clock.now(), self.kept());
        if kept.len() >= MOST {
            kept.retain(|_, (_, at)| now.since(*at) < KEPT);
        }
        if kept.len() < MOST {
            kept.insert(key, (Arc::clone(allowed), now));
        }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Key, (Arc<Allowed>, Timestamp)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
