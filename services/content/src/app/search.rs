//! The index of each organisation in which somebody searches, kept in memory.
//!
//! Before each search the organisation's revision is read, one row by its key. If the index is behind, what has changed
//! since is read first: what was committed before a search began is found by it, on every replica, without hints or
//! polling. Uses are no changes; those that were counted elsewhere are looked at every few seconds.

use super::{Content, facts::Allowed};
use crate::content::{Response, Variant};
use crate::search::{Asked, Index, Uses};
use crate::store::{Counted, Known, Tables};
use onqueue_client::Behalf;
use onqueue_model::{
    Caller, ConversationId, DivisionId, Divisions, Fault, Language, LibraryId, OrganisationId, QueueId, ResponseId,
    Timestamp, UserId, permissions,
};
use onqueue_server::Clock;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::RwLock;
use uuid::Uuid;

/// How old the counts of uses may be.
const COUNTS: Duration = Duration::from_secs(10);

/// How long a transaction that counts a use may take, and clocks differ.
const SLACK_MS: i64 = 60_000;

/// How long an index is kept that nobody searches in.
const KEPT: Duration = Duration::from_secs(900);

/// What somebody looks for.
#[derive(Clone, Debug)]
pub struct Sought {
    pub text: String,
    pub language: Option<Language>,
    /// Only of these; empty means all that the caller may see.
    pub libraries: BTreeSet<LibraryId>,
    pub limit: usize,
    /// Where it is to be sent; `None` for anywhere.
    pub conversation: Option<ConversationId>,
}

/// A response that fits, and the text that is nearest to the conversation's language.
#[derive(Clone, Debug)]
pub struct Found {
    pub response: Response,
    pub variant: Variant,
}

impl Content {
    /// The responses that the caller may see, that the conversation's queue allows, and that fit, best first.
    pub async fn search(&self, caller: &Caller, behalf: Behalf, sought: &Sought) -> Result<Vec<Found>, Fault> {
        let allowed = match sought.conversation {
            Some(conversation) => Some(self.allowed(caller, behalf, conversation).await?),
            None => None,
        };
        let within = Within {
            divisions: self.authority(caller).divisions(permissions::RESPONSE_VIEW),
            caller: caller.user(),
            allowed,
        };
        let ids = self.0.indexes.find(caller.organisation, &within, sought).await?;
        let responses = self.0.tables.responses(caller.organisation, &ids).await?;
        let found = responses.into_iter().filter_map(|response| {
            let variant = response.content.nearest(sought.language.as_ref())?.clone();
            Some(Found { response, variant })
        });
        Ok(found.collect())
    }
}

impl Content {
    /// What the conversation allows the caller.
    pub(super) async fn allowed(
        &self,
        caller: &Caller,
        behalf: Behalf,
        conversation: ConversationId,
    ) -> Result<Arc<Allowed>, Fault> {
        let key = (caller.organisation, caller.user(), conversation);
        self.0.allowance.of(behalf, key).await
    }
}

/// Whose search it is, and within what.
struct Within {
    divisions: Divisions,
    caller: Option<UserId>,
    /// Of the conversation, if there is one.
    allowed: Option<Arc<Allowed>>,
}

impl Within {
    fn allows(&self, library: &LibraryId, division: &DivisionId) -> bool {
        let is_allowed = |allowed: &Arc<Allowed>| allowed.libraries.has(library);
        self.divisions.contains(division) && self.allowed.as_ref().is_none_or(is_allowed)
    }

    fn queue(&self) -> Option<QueueId> {
        self.allowed.as_ref().and_then(|allowed| allowed.queue)
    }
}

/// Every index.
pub struct Indexes {
    tables: Tables,
    clock: Clock,
    kept: Mutex<HashMap<OrganisationId, Kept>>,
}

struct Kept {
    current: Arc<RwLock<Current>>,
    searched_at: Timestamp,
}

/// One organisation's, as far as it is known.
#[derive(Default)]
struct Current {
    index: Index,
    libraries: BTreeMap<LibraryId, DivisionId>,
    /// By users and in queues.
    uses: HashMap<Uuid, Uses>,
    responses_known: Known,
    libraries_known: Known,
    revision: i64,
    counted_at: Option<Timestamp>,
}

impl Indexes {
    pub fn new(tables: Tables, clock: Clock) -> Self {
        Self {
            tables,
            clock,
            kept: Mutex::default(),
        }
    }

    async fn find(&self, organisation: OrganisationId, within: &Within, sought: &Sought) -> Result<Vec<Uuid>, Fault> {
        let current = self.of(organisation);
        let revision = self.tables.revision(organisation).await?;
        let is_current = current.read().await.is_current(revision, self.clock.now());
        if !is_current {
            let mut current = current.write().await;
            current
                .follow(&self.tables, organisation, (revision, self.clock.now()))
                .await?;
        }
        let current = current.read().await;
        Ok(current.find(within, sought))
    }

    /// Notes at once what was counted here.
    pub async fn count(&self, organisation: OrganisationId, response: ResponseId, counted: &Counted) {
        let known = self.kept().get(&organisation).map(|kept| Arc::clone(&kept.current));
        if let Some(current) = known {
            current.write().await.count(response, counted);
        }
    }

    /// The organisation's; whoever was not searched in for long goes when another comes.
    fn of(&self, organisation: OrganisationId) -> Arc<RwLock<Current>> {
        let (now, mut kept) = (self.clock.now(), self.kept());
        if !kept.contains_key(&organisation) {
            kept.retain(|_, kept| now.since(kept.searched_at) < KEPT);
        }
        let own = kept.entry(organisation).or_insert_with(|| Kept {
            current: Arc::default(),
            searched_at: now,
        });
        own.searched_at = now;
        Arc::clone(&own.current)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<OrganisationId, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Early enough that nothing counted since is missed.
const fn before(at: Timestamp) -> Timestamp {
    Timestamp(at.millis() - SLACK_MS)
}

impl Current {
    fn is_current(&self, revision: i64, now: Timestamp) -> bool {
        let are_counts = self.counted_at.is_some_and(|at| now.since(at) < COUNTS);
        self.revision >= revision && are_counts
    }

    /// Reads what has changed up to a revision at least, and what was used meanwhile.
    async fn follow(
        &mut self,
        tables: &Tables,
        organisation: OrganisationId,
        (revision, now): (i64, Timestamp),
    ) -> Result<(), Fault> {
        if self.revision < revision {
            if self.index.is_worn() {
                *self = Self::default();
            }
            self.follow_libraries(tables, organisation).await?;
            self.follow_responses(tables, organisation).await?;
            self.revision = revision;
        }
        self.follow_uses(tables, organisation, now).await
    }

    /// Reads what was used since the last time, here and elsewhere; the first time, by whom and where at all.
    async fn follow_uses(
        &mut self,
        tables: &Tables,
        organisation: OrganisationId,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let since = match self.counted_at {
            Some(at) if now.since(at) < COUNTS => return Ok(()),
            Some(at) => before(at),
            None => Timestamp(0),
        };
        if self.counted_at.is_some() {
            for (response, uses) in tables.used_since(organisation, since).await? {
                self.index.count(response, uses);
            }
        }
        for (who, response, uses) in tables.counted_since(organisation, since).await? {
            self.uses.entry(who).or_default().insert(response, uses);
        }
        self.counted_at = Some(now);
        Ok(())
    }

    fn count(&mut self, response: ResponseId, counted: &Counted) {
        self.index.count(response, counted.uses);
        for (who, uses) in &counted.each {
            self.uses.entry(*who).or_default().insert(response, *uses);
        }
    }

    async fn follow_libraries(&mut self, tables: &Tables, organisation: OrganisationId) -> Result<(), Fault> {
        loop {
            let changed = tables.changed_libraries(organisation, self.libraries_known).await?;
            let Some(last) = changed.last() else { return Ok(()) };
            self.libraries_known = (last.revision, last.id.uuid());
            for library in changed {
                match library.is_deleted {
                    true => self.libraries.remove(&library.id),
                    false => self.libraries.insert(library.id, library.content.division),
                };
            }
        }
    }

    async fn follow_responses(&mut self, tables: &Tables, organisation: OrganisationId) -> Result<(), Fault> {
        loop {
            let changed = tables.changed_responses(organisation, self.responses_known).await?;
            let Some(last) = changed.last() else { return Ok(()) };
            self.responses_known = (last.revision, last.id.uuid());
            changed.iter().for_each(|response| self.index.put(response));
        }
    }

    fn find(&self, within: &Within, sought: &Sought) -> Vec<Uuid> {
        let is_asked = |id: &LibraryId| sought.libraries.is_empty() || sought.libraries.contains(id);
        let seen = self
            .libraries
            .iter()
            .filter(|(id, division)| is_asked(id) && within.allows(id, division));
        let libraries = seen.map(|(id, _)| *id).collect();
        let asked = Asked {
            text: &sought.text,
            language: sought.language.as_ref(),
            libraries: &libraries,
            limit: sought.limit,
            own: within.caller.and_then(|user| self.uses.get(&user.uuid())),
            queue: within.queue().and_then(|queue| self.uses.get(&queue.uuid())),
        };
        self.index.find(&asked).into_iter().map(|id| id.uuid()).collect()
    }
}
