//! `onqueue routing export`: a live routing log as text.

use super::organisation;
use crate::{cli::RoutingExport, node::Stores, output::lines, settings::Loaded};
use onqueue_bus::Bus;
use onqueue_model::Fault;
use onqueue_routing::{Beginning, Export};
use onqueue_server::{Clock, Context, Ids, Tasks};
use onqueue_store::Lock;
use onqueue_trust::Trust;
use std::{
    fs,
    io::{self, ErrorKind, Write},
    path::Path,
};

/// Writes the log to the standard output, page by page.
pub async fn export(loaded: Loaded, options: RoutingExport) -> Result<(), Fault> {
    let mut settings = loaded.settings;
    // Whose tables it reads, whatever runs in the processes that share the file.
    settings.process.services = ["routing".to_owned()].into();
    // A running installation holds the lock; it goes on.
    let _lock = Lock::take(&settings.store).ok();
    let context = context();
    let organisation = organisation::named(&settings, &context, &options.organisation).await?;
    let stores = Stores::open_at_once(&settings, &context).await?;
    let store = stores
        .of("routing")
        .ok_or_else(|| Fault::internal("routing has no database"))?;
    let beginning = match options.from_snapshot {
        Some(_) => Beginning::Snapshot,
        None => Beginning::First,
    };
    let mut export = Export::begin(store, organisation, beginning).await?;
    if let (Some(file), Some(snapshot)) = (options.from_snapshot.as_deref(), export.snapshot()) {
        fs::write(file, snapshot).map_err(|error| written(file, &error))?;
    }
    match print(&mut export).await {
        // Who listens no more (`onqueue routing export … | head`) has heard enough.
        Ok(Err(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Ok(printed) => printed.map_err(Fault::unavailable),
        Err(fault) => Err(fault),
    }
}

async fn print(export: &mut Export) -> Result<io::Result<()>, Fault> {
    let mut page = vec![export.first_line()];
    while !page.is_empty() {
        if let Err(error) = put(&page) {
            return Ok(Err(error));
        }
        page = export.next().await?;
    }
    Ok(Ok(()))
}

fn put(page: &[String]) -> io::Result<()> {
    let mut lines = lines();
    page.iter().try_for_each(|line| writeln!(lines, "{line}"))?;
    lines.flush()
}

fn written(file: &Path, error: &io::Error) -> Fault {
    Fault::unavailable(format!("{}: {error}", file.display()))
}

fn context() -> Context {
    Context {
        clock: Clock::system(),
        ids: Ids::system(),
        tasks: Tasks::new(),
        bus: Bus::in_process(),
        trust: Trust::new(),
    }
}
