//! What a script names outside itself, and where. Whether that is there only those can say who keep it; a script may name what
//! is made later.

use crate::{
    document::{ButtonAction, Document, Item, Page},
    problem::Place,
};
use serde::Serialize;

/// What kind of thing is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MentionKind {
    /// A queue to which conversations are handed, by its name.
    Queue,
    /// A wrap-up code that is set, by its name.
    WrapUpCode,
    /// A canned response that is offered, by its shortcut.
    Response,
    /// A contact field of the organisation's own, by its key.
    ContactField,
}

impl MentionKind {
    /// What people call it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::WrapUpCode => "wrap-up code",
            Self::Response => "response",
            Self::ContactField => "contact field",
        }
    }
}

/// One place where something is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mention {
    /// What kind of thing.
    pub kind: MentionKind,
    /// Its name, shortcut or key.
    pub name: String,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
}

/// A mention of which only the pointer is known yet.
pub(crate) struct Named {
    pub kind: MentionKind,
    pub name: String,
    pub pointer: String,
}

/// Everything that the document names outside itself.
pub(crate) fn named(document: &Document) -> Vec<Named> {
    let fields = document.contact_fields.keys().map(|key| Named {
        kind: MentionKind::ContactField,
        name: key.clone(),
        pointer: format!("/contact_fields/{key}"),
    });
    let pages = document.pages.iter().enumerate();
    fields
        .chain(pages.flat_map(|(at, page)| offered(page, at).chain(acted(page, at))))
        .collect()
}

fn offered(page: &Page, at: usize) -> impl Iterator<Item = Named> {
    page.items
        .iter()
        .enumerate()
        .filter_map(move |(place, item)| match item {
            Item::Response { shortcut, .. } => Some(Named {
                kind: MentionKind::Response,
                name: shortcut.clone(),
                pointer: format!("/pages/{at}/items/{place}/shortcut"),
            }),
            Item::Paragraph { .. } | Item::Field(_) => None,
        })
}

fn acted(page: &Page, at: usize) -> impl Iterator<Item = Named> {
    let buttons = page.buttons.iter().enumerate();
    buttons.flat_map(move |(button, of)| {
        let actions = of.actions.iter().enumerate();
        actions.filter_map(move |(action, done)| {
            let (kind, name, field) = match done {
                ButtonAction::Assistance { .. } => return None,
                ButtonAction::Transfer { queue } => (MentionKind::Queue, queue, "queue"),
                ButtonAction::WrapUp { code } => (MentionKind::WrapUpCode, code, "code"),
            };
            Some(Named {
                kind,
                name: name.clone(),
                pointer: format!("/pages/{at}/buttons/{button}/actions/{action}/{field}"),
            })
        })
    })
}
