//! `onqueue demo`: the demo organisation for an installation of several processes.

use super::serve::tell;
use crate::{
    cli,
    demo::{self, Demo},
    node::Stores,
    output::say,
    settings::{Loaded, Settings},
};
use onqueue_bus::Bus;
use onqueue_model::Fault;
use onqueue_server::{Clock, Context, Ids, Readiness, Tasks};
use onqueue_store::Lock;
use onqueue_trust::Trust;
use serde_json::json;

/// Puts the demo into the database and says how to log in, on the terminal or in a file.
pub async fn demo(loaded: Loaded, options: cli::Demo) -> Result<(), Fault> {
    let mut settings = loaded.settings;
    // Whose tables it fills, whatever runs in the processes that share the file.
    settings.process.services = ["auth", "routing", "content"].map(str::to_owned).into();
    if settings.process.production {
        return Err(Fault::unavailable(
            "the demo is not for production (process.production)",
        ));
    }
    let _lock = Lock::take(&settings.store)?;
    let ids = Ids::system();
    let demo = demo::load(&ids)?;
    seed(&settings, &demo, ids).await?;
    match &options.credentials {
        Some(file) => demo.write(file, json!({})),
        None => {
            tell(&demo);
            say(format_args!(
                "chat page: /chat?deployment={}",
                demo.credentials.deployment
            ));
            Ok(())
        }
    }
}

async fn seed(settings: &Settings, demo: &Demo, ids: Ids) -> Result<(), Fault> {
    let context = Context {
        clock: Clock::system(),
        ids,
        tasks: Tasks::new(),
        bus: Bus::in_process(),
        trust: Trust::new(),
    };
    let stores = Stores::open(settings, &context, &Readiness::new(&context.tasks)).await?;
    if let Some(store) = stores.any() {
        context.clock.set(store.now().await?);
    }
    demo.put(&stores, &context).await
}
