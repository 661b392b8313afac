//! A script that can be used.

use crate::{
    Run,
    check::{Checked, MAX_BYTES, Rules, checked, no_utf8, too_large},
    digest,
    document::Document,
    mention::Mention,
    problem::Problem,
    variables::Variables,
};

/// A document in which nothing is wrong, with its rules ready. It can be shared between threads.
#[derive(Debug)]
pub struct Script {
    pub(crate) document: Document,
    pub(crate) variables: Variables,
    pub(crate) rules: Rules,
    start: usize,
    canonical: String,
    digest: String,
    mentions: Vec<Mention>,
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
            mentions,
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
            mentions,
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

    /// Everything that it names outside itself, in the order of the text: who has those things says whether they are there.
    pub fn mentions(&self) -> &[Mention] {
        &self.mentions
    }
}
