//! `onqueue backup`, `restore` and `restored`: copies of the database, and beginning again on one.

use crate::{
    cli::Backup,
    node,
    output::say,
    settings::{Loaded, holds_something, is_there},
};
use onqueue_model::Fault;
use onqueue_store::{DAMAGED, Lock, Profile, Settings, Store, StoreError, put_back};

/// Copies the SQLite file while whoever uses it goes on.
pub async fn back_up(loaded: Loaded, options: Backup) -> Result<(), Fault> {
    let settings = &loaded.settings.store;
    let file = sqlite(
        settings,
        "`pg_dump --format custom --file FILE` copies it, while it runs too",
    )?;
    is_there(&file)?;
    let store = Store::open(settings).await?;
    let copied = store.back_up(&options.file).await;
    store.close().await?;
    copied?;
    let size = options.file.metadata().map(|found| found.len()).unwrap_or_default();
    say(format_args!(
        "{} holds the database, {size} bytes",
        options.file.display()
    ));
    say(format_args!(
        "copy the files of conversations now, after it: {}",
        place_of_files(&loaded)
    ));
    Ok(())
}

/// Puts a copy where the settings want the database, and says that it was restored.
pub async fn restore(loaded: Loaded, options: Backup) -> Result<(), Fault> {
    let settings = &loaded.settings.store;
    sqlite(settings, "`pg_restore` puts it back, and `onqueue restored` says so")?;
    let _lock = Lock::take(settings)?;
    whole(&Settings::sqlite(&options.file), &options.file, "the copy is damaged").await?;
    put_back(&options.file, settings)?;
    begin_again(settings).await?;
    say(format_args!(
        "put the files of conversations back, if they are gone too: {}",
        place_of_files(&loaded)
    ));
    Ok(())
}

/// Says that the database was restored.
pub async fn restored(loaded: Loaded) -> Result<(), Fault> {
    let settings = &loaded.settings.store;
    let _lock = Lock::take(settings)?;
    if let Some(file) = settings.sqlite_path() {
        whole(settings, &file, DAMAGED).await?;
    }
    begin_again(settings).await
}

fn sqlite(settings: &Settings, otherwise: &str) -> Result<std::path::PathBuf, Fault> {
    let problem = || {
        Fault::unavailable(format!(
            "this is for SQLite, and the database is PostgreSQL: {otherwise}"
        ))
    };
    settings.sqlite_path().ok_or_else(problem)
}

/// Refuses a file that SQLite itself finds damaged, in these words, and one that is not there.
async fn whole(settings: &Settings, file: &std::path::Path, damaged: &str) -> Result<(), Fault> {
    let refuse = |problem: &str| Err(Fault::unavailable(format!("{}: {problem}", file.display())));
    if !file.is_file() {
        return refuse("there is no such file");
    }
    holds_something(file)?;
    match damage(settings).await {
        Ok(None) => Ok(()),
        Ok(Some(first)) | Err(StoreError::Damaged(first)) => refuse(&format!(
            "{damaged}: {first}; take another copy: `onqueue restore FILE` (docs/operate.md, “Restore”)"
        )),
        Err(error) => Err(error.into()),
    }
}

/// The first of what is wrong with it.
async fn damage(settings: &Settings) -> Result<Option<String>, StoreError> {
    let store = Store::open(settings).await?;
    let damage = store.damage().await;
    store.close().await?;
    Ok(damage?.into_iter().next())
}

async fn begin_again(settings: &Settings) -> Result<(), Fault> {
    let owner = settings.as_owner();
    nobody_uses(&owner).await?;
    node::migrate(settings).await?;
    let store = Store::open_as(&owner, &Profile::of("session")).await?;
    let begun = onqueue_session::restored(&store).await;
    store.close().await?;
    say(format_args!(
        "the logs are generation {} now: clients that go on from before read anew (LOG_RESTORED); start all processes, those of \
         the gateway too",
        begun?
    ));
    Ok(())
}

/// Processes that run would go on with what they hold of before.
async fn nobody_uses(settings: &Settings) -> Result<(), Fault> {
    let store = Store::open(settings).await?;
    let connected = store.connected().await;
    store.close().await?;
    let connected = connected?;
    match connected.is_empty() {
        true => Ok(()),
        false => Err(Fault::unavailable(format!(
            "the database is in use by {}: end all processes first, then say so again",
            connected.join(", ")
        ))),
    }
}

fn place_of_files(loaded: &Loaded) -> String {
    let files = &loaded.settings.attachments;
    match files.s3_bucket.is_empty() {
        true => format!("the folder {}", files.folder),
        false => format!("the bucket {}", files.s3_bucket),
    }
}
