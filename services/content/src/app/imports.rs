//! Bringing a file of responses into a library.

use super::Content;
use crate::content::Places;
use crate::mistake::{About as _, Mistake};
use crate::store::{Brought, Bulk, Import, Judged, Matching, Part, Received, Refusal};
use crate::transfer::{Column, Format, Headings, Key, Outcome, Problems, Read, Row, read};
use onqueue_model::{Caller, Fault, LibraryId, Reason, ResponseId, permissions};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

/// The longest file, in bytes.
const LONGEST: usize = 16 * 1024 * 1024;

/// A part of a file, and what is to become of the file.
#[derive(Clone, Debug)]
pub struct Incoming {
    pub import: Import,
    pub part: Part,
    pub library: LibraryId,
    pub format: Format,
    pub matching: Matching,
}

/// How far an import is.
#[derive(Clone, Debug)]
pub enum Progress {
    /// So many parts are there.
    Receiving(i32),
    /// This became of it.
    Done(Outcome),
}

/// Somebody who may fill a library.
pub struct Importer<'c> {
    content: &'c Content,
    caller: &'c Caller,
}

impl Content {
    /// Whether the caller may bring responses into the library.
    pub async fn importer<'c>(&'c self, caller: &'c Caller, library: LibraryId) -> Result<Importer<'c>, Fault> {
        let library = BTreeSet::from([library]);
        let places = self.0.tables.places(caller.organisation, &library).await?;
        self.authority(caller)
            .may_fill(permissions::RESPONSE_ADD, &places, library.iter())?;
        Ok(Importer { content: self, caller })
    }
}

impl Importer<'_> {
    /// Takes a part of a file, and with the last one the file: all of its responses, or none. What was begun is brought to
    /// its end also if the caller does not wait for it; whoever asks again hears what became of it.
    pub async fn take(&self, incoming: Incoming) -> Result<Progress, Fault> {
        let Self { content, caller } = self;
        let (import, part) = (incoming.import, incoming.part.clone());
        let at = content.0.context.clock.now();
        match content
            .0
            .tables
            .receive(caller.organisation, (import, at), part)
            .await?
        {
            Received::Some(parts) => Ok(Progress::Receiving(parts)),
            Received::Done(outcome) => Ok(Progress::Done(outcome)),
            Received::All(file) => content.import_aside(caller, incoming, file).await.map(Progress::Done),
        }
    }
}

impl Content {
    async fn import_aside(&self, caller: &Caller, incoming: Incoming, file: Vec<u8>) -> Result<Outcome, Fault> {
        let (done, outcome) = tokio::sync::oneshot::channel();
        let (content, caller) = (self.clone(), caller.clone());
        self.0.context.tasks.spawn("import of responses", async move {
            // Nobody may wait for it any more.
            let _ = done.send(content.import_file(&caller, &incoming, &file).await);
        });
        let gone = |_| Fault::unavailable("the process ends");
        outcome.await.map_err(gone)?
    }

    async fn import_file(&self, caller: &Caller, incoming: &Incoming, file: &[u8]) -> Result<Outcome, Fault> {
        let read = match file.len() > LONGEST {
            true => Err(Problems::too_long()),
            false => read(incoming.format, file),
        };
        match read {
            Ok(read) => self.take_in(caller, incoming, (read, file)).await,
            Err(problems) => self.refuse(caller, incoming, problems).await,
        }
    }

    async fn take_in(
        &self,
        caller: &Caller,
        incoming: &Incoming,
        (read, file): (Read, &[u8]),
    ) -> Result<Outcome, Fault> {
        let Read {
            rows,
            headings,
            problems,
        } = read;
        let by = self.actor(caller);
        let numbered = |row: Row| -> (ResponseId, _) { (self.0.context.ids.id(by.at), row) };
        let bulk = Arc::new(Bulk {
            library: incoming.library,
            matching: incoming.matching,
            rows: rows.into_iter().map(numbered).collect(),
            is_wrong: !problems.is_none(),
            request: incoming.import.request,
            file: hexadecimal(&Sha256::digest(file)),
        });
        let (filler, editor, library) = (self.authority(caller), self.authority(caller), incoming.library);
        let fill = move |places: &Places| filler.may_fill(permissions::RESPONSE_ADD, places, [&library].into_iter());
        let edit = move |judged: &Judged| match &judged.response {
            Some(response) => editor.on_response(permissions::RESPONSE_EDIT, &judged.places, response),
            None => Ok(()),
        };
        let judges = (Arc::new(fill) as _, Arc::new(edit) as _);
        match self
            .0
            .tables
            .bring(caller.organisation, Arc::clone(&bulk), judges, by)
            .await?
        {
            Brought::Done(outcome) => Ok(outcome),
            Brought::Refused(refused) => {
                let all = all_problems(problems, (&bulk, &headings), refused);
                self.refuse(caller, incoming, all).await
            }
        }
    }

    async fn refuse(&self, caller: &Caller, incoming: &Incoming, problems: Problems) -> Result<Outcome, Fault> {
        let (request, outcome) = (incoming.import.request, Outcome::refused(problems));
        let tables = &self.0.tables;
        Ok(tables.refuse_import(caller.organisation, request, outcome).await?)
    }
}

/// What is wrong with the file itself, and beside what is stored.
fn all_problems(
    mut problems: Problems,
    (bulk, headings): (&Bulk, &Headings),
    refused: Vec<(usize, Refusal)>,
) -> Problems {
    for (number, refusal) in refused {
        let Some((_, row)) = bulk.rows.get(number) else {
            continue;
        };
        // Rows of one shortcut are about one response; that they have it twice says it.
        if !(row.repeats && refusal == Refusal::Twice) {
            problems.refuse(headings, row, said(&row.key, refusal));
        }
    }
    problems
}

fn said(key: &Key, refusal: Refusal) -> (Column, Fault) {
    let (column, text) = match key {
        Key::Shortcut(shortcut) => (Column::Shortcut, shortcut.as_str()),
        Key::Name(name) => (Column::Name, name.as_str()),
        Key::Unreadable => (Column::All, ""),
    };
    let taken = |mistake, message: String| Fault::new(Reason::NameTaken, message).mistake(mistake);
    match refusal {
        Refusal::Taken => {
            let message = format!("the library has a response with the shortcut “{text}”");
            let fault = taken(Mistake::ShortcutTaken, message);
            (column, fault.with("shortcut", text))
        }
        Refusal::Ambiguous => {
            let message = format!(
                "the library has several responses called “{text}” without a shortcut; give them shortcuts, or import \
                 this one with a name of its own"
            );
            let fault = taken(Mistake::NameAmbiguous, message);
            (column, fault.with("name", text))
        }
        Refusal::Twice => {
            let message = "an earlier row of the file is about the same response".to_owned();
            (column, taken(Mistake::RowTwice, message))
        }
        Refusal::Denied(fault) => (Column::All, fault),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
