//! A script that can be used.

use crate::{
    Run,
    check::{Checked, MAX_BYTES, Rules, checked, no_utf8, too_large},
    digest,
    document::{ButtonAction, ContactFieldType, Document, Item},
    problem::Problem,
    variables::Variables,
};
use std::collections::{BTreeMap, BTreeSet};

/// A document in which nothing is wrong, with its rules ready. It can be shared between threads.
#[derive(Debug)]
pub struct Script {
    pub(crate) document: Document,
    pub(crate) variables: Variables,
    pub(crate) rules: Rules,
    start: usize,
    canonical: String,
    digest: String,
}

/// What a script relies on outside itself; whoever publishes it looks whether it is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The names of queues that it hands conversations to.
    pub queues: BTreeSet<String>,
    /// The names of wrap-up codes that it sets.
    pub wrap_up_codes: BTreeSet<String>,
    /// The shortcuts of responses that it offers.
    pub shortcuts: BTreeSet<String>,
    /// The organisation's own contact fields, with the types that they are to have.
    pub contact_fields: BTreeMap<String, ContactFieldType>,
}

impl Script {
    /// Of the text of a document; all that is wrong with it otherwise, in the order of the text (of more than 200 problems
    /// the first 200).
    pub fn parse(source: &str) -> Result<Self, Vec<Problem>> {
        let Checked {
            document,
            variables,
            rules,
            start,
        } = checked(source)?;
        let canonical = digest::canonical(&document);
        let digest = digest::digest(&canonical);
        Ok(Self {
            document,
            variables,
            rules,
            start,
            canonical,
            digest,
        })
    }

    /// Of the bytes of a file, which must be UTF-8; else as [`Self::parse`].
    pub fn read(bytes: &[u8]) -> Result<Self, Vec<Problem>> {
        match std::str::from_utf8(bytes) {
            _ if bytes.len() > MAX_BYTES => Err(vec![too_large(bytes.len())]),
            Ok(source) => Self::parse(source),
            Err(error) => Err(vec![no_utf8(bytes, error.valid_up_to())]),
        }
    }

    /// What was read.
    pub const fn document(&self) -> &Document {
        &self.document
    }

    /// The document as JSON, the same for all ways of writing the same document.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// SHA-256 of the canonical text, in lower-case hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// A run that stands on the first page.
    pub fn start(&self) -> Run {
        Run::on(&self.document.pages[self.start].id)
    }

    /// What it relies on outside itself.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs {
            contact_fields: self.document.contact_fields.clone(),
            ..Needs::default()
        };
        for page in &self.document.pages {
            for item in &page.items {
                if let Item::Response { shortcut, .. } = item {
                    needs.shortcuts.insert(shortcut.clone());
                }
            }
            for action in page.buttons.iter().flat_map(|button| &button.actions) {
                match action {
                    ButtonAction::Assistance { .. } => {}
                    ButtonAction::Transfer { queue } => _ = needs.queues.insert(queue.clone()),
                    ButtonAction::WrapUp { code } => _ = needs.wrap_up_codes.insert(code.clone()),
                }
            }
        }
        needs
    }
}
