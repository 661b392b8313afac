//! What lies in the folder of one service.

use onqueue_model::Fault;
use std::{
    fmt::Display,
    fs,
    path::{Path, PathBuf},
};

pub(crate) const CERTIFICATE: &str = "tls.crt";
pub(crate) const KEY: &str = "tls.key";
pub(crate) const AUTHORITY: &str = "ca.crt";

/// The three files as they are now, not looked into.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Files {
    pub(crate) folder: PathBuf,
    pub(crate) certificate: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) authority: Vec<u8>,
}

impl Files {
    /// Reads them. The fault says which one can not be read.
    pub(crate) fn read(folder: &Path) -> Result<Self, Fault> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).map_err(|error| fault(&path, error))
        };
        Ok(Self {
            folder: folder.to_owned(),
            certificate: read(CERTIFICATE)?,
            key: read(KEY)?,
            authority: read(AUTHORITY)?,
        })
    }

    /// Something is wrong with the file of that name.
    pub(crate) fn fault(&self, name: &str, problem: impl Display) -> Fault {
        fault(&self.folder.join(name), problem)
    }
}

/// Something is wrong with a file below the setting `tls.folder`.
pub(crate) fn fault(path: &Path, problem: impl Display) -> Fault {
    Fault::field("tls.folder", format!("{}: {problem}", path.display()))
}
