//! Copies of a SQLite database, and what a copy is looked at for. PostgreSQL brings tools of its own for both.

use crate::{Settings, Store, StoreError, look::one_line, place};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use std::path::{Path, PathBuf};

/// What is being written ends so until it is whole.
const UNFINISHED: &str = "unfinished";

impl Store {
    /// Writes the database as it is at one moment into a new file, for its owner only; whoever writes goes on meanwhile. The
    /// file appears when it is whole and on the disk. SQLite only.
    pub async fn back_up(&self, file: &Path) -> Result<(), StoreError> {
        if self.reader().get_database_backend() != DbBackend::Sqlite {
            return Err(StoreError::Broken("only a SQLite database can be copied so".to_owned()));
        }
        let unavailable = |error: std::io::Error| StoreError::Unavailable(format!("{}: {error}", file.display()));
        if file.exists() {
            return Err(unavailable(std::io::ErrorKind::AlreadyExists.into()));
        }
        let unfinished = unfinished(file);
        remove(&unfinished).map_err(unavailable)?;
        place::file(&unfinished).map_err(unavailable)?;
        let into = format!("VACUUM INTO '{}'", unfinished.display().to_string().replace('\'', "''"));
        // Without the time limit of a statement: a large file takes as long as it takes.
        let copied = self.reader().connection().execute_unprepared(&into).await;
        let kept = copied
            .map_err(StoreError::from)
            .and_then(|_| keep(&unfinished, file).map_err(unavailable));
        if kept.is_err() {
            let _ = remove(&unfinished);
        }
        kept
    }

    /// What is wrong with the file by SQLite's own reckoning; nothing if all is well. PostgreSQL checks itself.
    pub async fn damage(&self) -> Result<Vec<String>, StoreError> {
        let backend = self.reader().get_database_backend();
        if backend != DbBackend::Sqlite {
            return Ok(Vec::new());
        }
        let check = Statement::from_string(backend, "PRAGMA integrity_check(10)");
        let rows = self.reader().connection().query_all_raw(check).await?;
        let mut said = Vec::new();
        for row in rows {
            let text: String = row.try_get("", "integrity_check")?;
            said.extend((text != "ok").then(|| one_line(&text)));
        }
        Ok(said)
    }
}

/// Puts a copy in the place of a database that is not there, and leaves the copy. Whatever stands there already is left as it
/// is, and refused: a restored database goes into an empty place.
pub fn put_back(copy: &Path, settings: &Settings) -> Result<(), StoreError> {
    let Some(file) = settings.sqlite_path() else {
        return Err(StoreError::Broken(
            "only a SQLite database can be put back so".to_owned(),
        ));
    };
    let unavailable =
        |path: &Path, error: &dyn std::fmt::Display| StoreError::Unavailable(format!("{}: {error}", path.display()));
    for there in [file.clone(), beside(&file, "-wal"), beside(&file, "-shm")] {
        if there.exists() {
            let problem = "is there already: move it away first, it is not overwritten";
            return Err(unavailable(&there, &problem));
        }
    }
    let unfinished = unfinished(&file);
    remove(&unfinished).map_err(|error| unavailable(&unfinished, &error))?;
    place::file(&unfinished).map_err(|error| unavailable(&unfinished, &error))?;
    std::fs::copy(copy, &unfinished).map_err(|error| unavailable(copy, &error))?;
    place::own(&unfinished)
        .and_then(|()| keep(&unfinished, &file))
        .map_err(|error| unavailable(&file, &error))
}

fn unfinished(file: &Path) -> PathBuf {
    beside(file, &format!(".{UNFINISHED}"))
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn remove(file: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Gives a written file its name, with both on the disk.
fn keep(unfinished: &Path, file: &Path) -> std::io::Result<()> {
    std::fs::File::open(unfinished)?.sync_all()?;
    std::fs::rename(unfinished, file)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    std::fs::File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}
