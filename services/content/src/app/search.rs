//! The index of each organisation in which somebody searches, kept in memory.
//!
//! Before each search the organisation's revision is read, one row by its key. If the index is behind, what has changed
//! since is read first: what was committed before a search began is found by it, on every replica, without hints or
//! polling. Uses are no changes; those that were counted elsewhere are looked at every few seconds.

use super::Content;
use crate::content::{Response, Variant};
use crate::search::{Asked, Index};
use crate::store::{Known, Tables};
use onqueue_model::{
    Caller, DivisionId, Divisions, Fault, Language, LibraryId, OrganisationId, ResponseId, Timestamp, permissions,
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
}

/// A response that fits, and the text that is nearest to the conversation's language.
#[derive(Clone, Debug)]
pub struct Found {
    pub response: Response,
    pub variant: Variant,
}

impl Content {
    /// The responses that the caller may see and that fit, best first.
    pub async fn search(&self, caller: &Caller, sought: &Sought) -> Result<Vec<Found>, Fault> {
        let divisions = self.authority(caller).divisions(permissions::RESPONSE_VIEW);
        let ids = self.0.indexes.find(caller.organisation, &divisions, sought).await?;
        let responses = self.0.tables.responses(caller.organisation, &ids).await?;
        let found = responses.into_iter().filter_map(|response| {
            let variant = response.content.nearest(sought.language.as_ref())?.clone();
            Some(Found { response, variant })
        });
        Ok(found.collect())
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

    async fn find(
        &self,
        organisation: OrganisationId,
        divisions: &Divisions,
        sought: &Sought,
    ) -> Result<Vec<Uuid>, Fault> {
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
        Ok(current.find(divisions, sought))
    }

    /// Notes at once what was counted here.
    pub async fn count(&self, organisation: OrganisationId, response: ResponseId, uses: i64) {
        let known = self.kept().get(&organisation).map(|kept| Arc::clone(&kept.current));
        if let Some(current) = known {
            current.write().await.index.count(response, uses);
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
        if let Some(at) = self.counted_at.filter(|at| now.since(*at) >= COUNTS) {
            for (response, uses) in tables.used_since(organisation, before(at)).await? {
                self.index.count(response, uses);
            }
            self.counted_at = Some(now);
        }
        self.counted_at.get_or_insert(now);
        Ok(())
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

    fn find(&self, divisions: &Divisions, sought: &Sought) -> Vec<Uuid> {
        let is_asked = |id: &LibraryId| sought.libraries.is_empty() || sought.libraries.contains(id);
        let seen = self
            .libraries
            .iter()
            .filter(|(id, division)| is_asked(id) && divisions.contains(division));
        let libraries = seen.map(|(id, _)| *id).collect();
        let asked = Asked {
            text: &sought.text,
            language: sought.language.as_ref(),
            libraries: &libraries,
            limit: sought.limit,
        };
        self.index.find(&asked).into_iter().map(|id| id.uuid()).collect()
    }
}
