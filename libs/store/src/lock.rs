//! One process for one SQLite file.

use crate::{Settings, StoreError, place};
use std::fs::{File, OpenOptions, TryLockError};

/// Held while this process uses a SQLite file; the operating system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: Option<File>,
}

impl Lock {
    /// Takes the lock beside the file, or says who is in the way. Other databases need none.
    pub fn take(settings: &Settings) -> Result<Self, StoreError> {
        let Some(path) = settings.sqlite_path() else {
            return Ok(Self { _file: None });
        };
        let path = path.with_extension("lock");
        let unavailable =
            |error: &dyn std::fmt::Display| StoreError::Unavailable(format!("{}: {error}", path.display()));
        place::folder_of(&path).map_err(|error| unavailable(&error))?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| unavailable(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(unavailable(
                &"another onqueue process uses this data folder; stop it or give another",
            )),
            Err(TryLockError::Error(error)) => Err(unavailable(&error)),
        }
    }
}
