//! SQLite's file: whether there is one that this user may use, and whether its pages are whole.

use super::Finding;
use crate::settings::{RESTORE, emptied, unusable_by_us};
use onqueue_store::{Look, Store, StoreError};
use std::{io::ErrorKind, path::Path, time::Duration};

/// How long pages are looked at unless all are to be: enough for some hundred megabytes.
const GLANCE: Duration = Duration::from_secs(2);

const MEBIBYTE: u64 = 1 << 20;

/// Why there is no file to open: there is none, none that this user may open, or none that holds anything.
pub fn unseen(file: &Path) -> Option<Finding> {
    if let Some([problem, remedy]) = unusable_by_us(file) {
        return Some(Finding::fail("database", problem, &remedy));
    }
    if matches!(file.metadata(), Err(error) if error.kind() == ErrorKind::NotFound) {
        let remedy = "the first `onqueue serve` makes it; where there was one, look at store.url or --data";
        return Some(Finding::warn("database", "there is none yet", remedy));
    }
    let [problem, remedy] = emptied(file)?;
    Some(Finding::fail(
        "database",
        format!("{} {problem}", file.display()),
        remedy,
    ))
}

/// Looks at its pages for a moment.
pub async fn glance(file: &Path, store: &Store) -> Finding {
    match store.look(GLANCE).await {
        Ok(Look::Whole) => Finding::ok("file", format!("no damaged page in its {}", size(file))),
        Ok(Look::Part) => Finding::ok(
            "file",
            format!(
                "no damaged page in that part of its {} which was looked at in {} s; `onqueue doctor --thorough` looks at all of it",
                size(file),
                GLANCE.as_secs()
            ),
        ),
        Ok(Look::Damaged(first)) => damaged(first),
        Err(error) => unread(error),
    }
}

/// Looks at all that is in it, indexes too.
pub async fn all_of(file: &Path, store: &Store) -> Finding {
    match store.damage().await.map(|damage| damage.into_iter().next()) {
        Ok(None) => Finding::ok(
            "file",
            format!("no damage in its {}, all of which was looked at", size(file)),
        ),
        Ok(Some(first)) => damaged(first),
        Err(error) => unread(error),
    }
}

fn damaged(first: String) -> Finding {
    Finding::fail("file", StoreError::Damaged(first).to_string(), RESTORE)
}

fn unread(error: StoreError) -> Finding {
    match error {
        StoreError::Damaged(first) => damaged(first),
        other => Finding::fail(
            "file",
            other.to_string(),
            "look at the disk, and at what the system's log says of it",
        ),
    }
}

fn size(file: &Path) -> String {
    let bytes = file.metadata().map(|found| found.len()).unwrap_or_default();
    format!("{} MiB", bytes.div_ceil(MEBIBYTE))
}
