//! Files and folders for nobody but their owner: signing keys lie in the database.

use std::{
    fs::{DirBuilder, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

/// Makes the folder of a file, and those above it, if they are not there.
pub(crate) fn folder_of(file: &Path) -> io::Result<()> {
    match file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => DirBuilder::new().recursive(true).mode(0o700).create(folder),
        None => Ok(()),
    }
}

/// Makes the file and its folder if they are not there. SQLite gives its log files the same rights.
pub(crate) fn file(file: &Path) -> io::Result<()> {
    folder_of(file)?;
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(file)
        .map(drop)
}

/// Lets nobody but its owner at a file that is there.
pub(crate) fn own(file: &Path) -> io::Result<()> {
    std::fs::set_permissions(file, Permissions::from_mode(0o600))
}
