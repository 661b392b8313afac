//! Many responses into a library and out of it: all of them in one transaction, or none.

use super::entities::{place, response};
use super::responses::libraries_of;
use super::{Judge, Judged, ROWS, Tables, imports, lists, lock, next_revision, places, record, rows};
use crate::content::{Places, Response, ResponseContent};
use crate::transfer::{Key, Outcome, Row};
use onqueue_model::{Divisions, Fault, LibraryId, OrganisationId, ResponseId};
use onqueue_store::{
    Scope, StoreError,
    audit::{Actor, Done},
    query::fold,
};
use sea_orm::{ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use serde_json::json;
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// How often an export is begun anew because something changed meanwhile.
const ATTEMPTS: u32 = 3;

/// Whether a row may be about a response that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matching {
    /// All are new.
    Never,
    /// By shortcut, or by name where there is none.
    ByShortcutOrName,
}

/// Responses for a library.
#[derive(Clone, Debug)]
pub struct Bulk {
    pub library: LibraryId,
    pub matching: Matching,
    /// Each with the id that it gets if it is new.
    pub rows: Vec<(ResponseId, Row)>,
    /// Whether something is wrong with the file itself: then nothing is brought in, but what else is wrong is found.
    pub is_wrong: bool,
    /// Of the import.
    pub request: Uuid,
    /// SHA-256 of the file, in hexadecimal.
    pub file: String,
}

/// Why a row cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The library has its shortcut.
    Taken,
    /// The library has several responses of its name without a shortcut.
    Ambiguous,
    /// An earlier row of the file means the same response.
    Twice,
    /// It may not be changed.
    Denied(Fault),
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Brought {
    Done(Outcome),
    /// Nothing: these rows cannot be beside what is stored, in order; none if only the file itself is wrong.
    Refused(Vec<(usize, Refusal)>),
}

impl Tables {
    /// Brings the responses in, if `fill` lets the library be filled and `edit` each response be changed that is changed; or
    /// nothing. An import that was done before answers what it came to.
    pub async fn bring(
        &self,
        organisation: OrganisationId,
        bulk: Arc<Bulk>,
        (fill, edit): (Judge<Places, ()>, Judge<Judged, ()>),
        by: Actor,
    ) -> Result<Brought, StoreError> {
        let given = (bulk, fill, edit, by);
        let work = self.0.transaction_with(given, move |tx, (bulk, fill, edit, by)| {
            Box::pin(bring(tx, organisation, (bulk, fill, edit), by))
        });
        work.await
    }

    /// Every response of the library, by name, as they all were at one time. UNAVAILABLE if something changed again and
    /// again.
    pub async fn whole_library(
        &self,
        organisation: OrganisationId,
        library: LibraryId,
    ) -> Result<Vec<Response>, StoreError> {
        for _ in 0..ATTEMPTS {
            let before = self.revision(organisation).await?;
            let responses = self.read_library(organisation, library).await?;
            if self.revision(organisation).await? == before {
                return Ok(responses);
            }
        }
        Err(Fault::unavailable("responses changed during an export").into())
    }

    async fn read_library(
        &self,
        organisation: OrganisationId,
        library: LibraryId,
    ) -> Result<Vec<Response>, StoreError> {
        let (mut responses, mut after) = (Vec::new(), None);
        loop {
            let listing = lists::Listing {
                text: String::new(),
                after,
                size: ROWS as u64,
            };
            let within = (Some(library), &Divisions::All);
            let any = ("", lists::Usage::Any);
            let page = self.list_responses(organisation, within, any, &listing).await?;
            responses.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(responses);
            }
        }
    }
}

async fn bring(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    (bulk, fill, edit): (&Bulk, &Judge<Places, ()>, &Judge<Judged, ()>),
    by: &Actor,
) -> Result<Brought, StoreError> {
    let present = lock(tx, organisation).await?;
    if let Some(outcome) = imports::done(tx, organisation, bulk.request).await? {
        return Ok(Brought::Done(outcome));
    }
    let place = libraries_of(tx, organisation, &BTreeSet::from([bulk.library])).await?;
    fill(&place)?;
    let shelf = Shelf::read(tx, organisation, bulk.library).await?;
    let (meant, mut refused) = shelf.meant(bulk);
    let known = known(tx, organisation, meant.values()).await?;
    let places = libraries_of(tx, organisation, &all_libraries(bulk, &known)).await?;
    let sorted = Sorted::of(bulk, &meant, known);
    refused.extend(sorted.denied(edit, &places));
    if bulk.is_wrong || !refused.is_empty() {
        refused.sort_by_key(|(row, _)| *row);
        return Ok(Brought::Refused(refused));
    }
    let outcome = sorted.outcome();
    if outcome.added + outcome.changed > 0 {
        let revision = next_revision(tx, organisation, present).await?;
        sorted.write(tx, organisation, (revision, by, &places)).await?;
        record(tx, organisation, by, done(bulk, &outcome)).await?;
    }
    imports::close(tx, organisation, bulk.request, &outcome).await?;
    Ok(Brought::Done(outcome))
}

/// What a library has, by what rows are known by.
struct Shelf {
    shortcuts: HashMap<String, Uuid>,
    /// Of those without a shortcut.
    names: HashMap<String, Vec<Uuid>>,
}

impl Shelf {
    async fn read(
        tx: &DatabaseTransaction,
        organisation: OrganisationId,
        library: LibraryId,
    ) -> Result<Self, StoreError> {
        use place::{Column, Entity};
        let found: Vec<(Uuid, String, Option<String>)> = Scope::of(organisation)
            .find::<Entity>()
            .select_only()
            .columns([Column::ResponseId, Column::NameFolded, Column::ShortcutFolded])
            .filter(Column::LibraryId.eq(library.uuid()))
            .into_tuple()
            .all(tx)
            .await?;
        let mut shelf = Self {
            shortcuts: HashMap::new(),
            names: HashMap::new(),
        };
        for (id, name, shortcut) in found {
            match shortcut {
                Some(shortcut) => drop(shelf.shortcuts.insert(shortcut, id)),
                None => shelf.names.entry(name).or_default().push(id),
            }
        }
        Ok(shelf)
    }

    /// Which rows mean which responses, and which rows cannot be.
    fn meant(&self, bulk: &Bulk) -> (HashMap<usize, Uuid>, Vec<(usize, Refusal)>) {
        let (mut meant, mut refused, mut seen) = (HashMap::new(), Vec::new(), HashSet::new());
        for (number, (_, row)) in bulk.rows.iter().enumerate() {
            match self.find(&row.key, bulk.matching) {
                Ok(None) => {}
                Ok(Some(id)) if seen.insert(id) => drop(meant.insert(number, id)),
                Ok(Some(_)) => refused.push((number, Refusal::Twice)),
                Err(refusal) => refused.push((number, refusal)),
            }
        }
        (meant, refused)
    }

    fn find(&self, key: &Key, matching: Matching) -> Result<Option<Uuid>, Refusal> {
        let by_shortcut = |shortcut: &str| self.shortcuts.get(&fold(shortcut)).copied();
        match (matching, key) {
            (_, Key::Unreadable) | (Matching::Never, Key::Name(_)) => Ok(None),
            (Matching::Never, Key::Shortcut(shortcut)) => match by_shortcut(shortcut) {
                None => Ok(None),
                Some(_) => Err(Refusal::Taken),
            },
            (Matching::ByShortcutOrName, Key::Shortcut(shortcut)) => Ok(by_shortcut(shortcut)),
            (Matching::ByShortcutOrName, Key::Name(name)) => match self.names.get(&fold(name)).map(Vec::as_slice) {
                None | Some([]) => Ok(None),
                Some([only]) => Ok(Some(*only)),
                Some(_) => Err(Refusal::Ambiguous),
            },
        }
    }
}

async fn known(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    ids: impl Iterator<Item = &Uuid>,
) -> Result<HashMap<Uuid, Response>, StoreError> {
    use response::{Column, Entity};
    let ids: Vec<Uuid> = ids.copied().collect();
    let mut known = HashMap::new();
    for ids in ids.chunks(ROWS) {
        let rows = Scope::of(organisation)
            .find::<Entity>()
            .filter(Column::ResponseId.is_in(ids.iter().copied()));
        for row in rows.all(tx).await? {
            known.insert(row.response_id, Response::try_from(row)?);
        }
    }
    Ok(known)
}

fn all_libraries(bulk: &Bulk, known: &HashMap<Uuid, Response>) -> BTreeSet<LibraryId> {
    let others = known.values().flat_map(|response| &response.content.libraries);
    others.chain([&bulk.library]).copied().collect()
}

/// What is to be written, if nothing is wrong.
struct Sorted {
    new: Vec<(ResponseId, ResponseContent)>,
    /// Row, what it is, and what it is to be.
    changed: Vec<(usize, Response, ResponseContent)>,
    /// Rows that cannot be, and what they are about: mended, they change it.
    wrong: Vec<(usize, Response)>,
    unchanged: i64,
}

impl Sorted {
    fn of(bulk: &Bulk, meant: &HashMap<usize, Uuid>, mut known: HashMap<Uuid, Response>) -> Self {
        let mut sorted = Self {
            new: Vec::new(),
            changed: Vec::new(),
            wrong: Vec::new(),
            unchanged: 0,
        };
        for (number, (id, row)) in bulk.rows.iter().enumerate() {
            let present = meant.get(&number).and_then(|id| known.remove(id));
            match (present, row.content.clone()) {
                (None, None) => {}
                (Some(present), None) => sorted.wrong.push((number, present)),
                (None, Some(mut content)) => {
                    content.libraries = BTreeSet::from([bulk.library]);
                    sorted.new.push((*id, content));
                }
                (Some(present), Some(content)) => sorted.change(number, present, content),
            }
        }
        sorted
    }

    fn change(&mut self, row: usize, present: Response, mut content: ResponseContent) {
        content.libraries.clone_from(&present.content.libraries);
        match content == present.content {
            true => self.unchanged += 1,
            false => self.changed.push((row, present, content)),
        }
    }

    fn denied(&self, edit: &Judge<Judged, ()>, places: &Places) -> Vec<(usize, Refusal)> {
        let judge = |(row, response): (usize, &Response)| {
            let judged = Judged {
                response: Some(response.clone()),
                places: places.clone(),
            };
            let fault = edit(&judged).err()?;
            Some((row, Refusal::Denied(fault)))
        };
        let changed = self.changed.iter().map(|(row, response, _)| (*row, response));
        let wrong = self.wrong.iter().map(|(row, response)| (*row, response));
        changed.chain(wrong).filter_map(judge).collect()
    }

    fn outcome(&self) -> Outcome {
        Outcome {
            added: self.new.len() as i64,
            changed: self.changed.len() as i64,
            unchanged: self.unchanged,
            ..Outcome::default()
        }
    }

    async fn write(
        self,
        tx: &DatabaseTransaction,
        organisation: OrganisationId,
        (revision, by, places): (i64, &Actor, &Places),
    ) -> Result<(), StoreError> {
        let made = |(id, content)| Response {
            id,
            revision,
            content,
            uses: 0,
            last_used_at: None,
            created_at: by.at,
            is_deleted: false,
        };
        let made: Vec<Response> = self.new.into_iter().map(made).collect();
        for responses in made.chunks(ROWS) {
            let rows = responses
                .iter()
                .map(|response| rows::new_response(organisation, response, None));
            let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
            response::Entity::insert_many(rows).exec_without_returning(tx).await?;
        }
        let changed = self.changed.into_iter().map(|(_, present, content)| Response {
            revision,
            content,
            ..present
        });
        let changed: Vec<Response> = changed.collect();
        for response in &changed {
            let row = rows::response(organisation, response)?;
            response::Entity::update(row).exec_without_returning(tx).await?;
        }
        let ids: Vec<Uuid> = changed.iter().map(|response| response.id.uuid()).collect();
        for ids in ids.chunks(ROWS) {
            places::leave(tx, organisation, ids).await?;
        }
        places::enter(tx, organisation, &changed, places).await?;
        places::enter(tx, organisation, &made, places).await
    }
}

fn done(bulk: &Bulk, outcome: &Outcome) -> Done<'static> {
    let after = json!({
        "file": bulk.file,
        "added": outcome.added,
        "changed": outcome.changed,
        "unchanged": outcome.unchanged,
    });
    Done {
        action: "response.import",
        object: format!("library:{}", bulk.library),
        before: None,
        after: Some(after.to_string()),
    }
}
