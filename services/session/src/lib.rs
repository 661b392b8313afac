//! Conversations, transcripts and inactivity: the shell of libs/chat. Owns the logs of conversations; who gets a chat is
//! routing's to decide, who somebody is auth's.
#![deny(missing_docs)]

mod app;
mod contact;
mod grpc;
mod migrations;
mod rotation;
mod settings;
mod store;
mod transcript;
mod verification;
mod words;

pub use migrations::Migrations;
pub use rotation::{SigningKey, rotate_signing_key, signing_keys, withdraw_signing_key};
pub use settings::Settings;
pub use verification::{Verification, verify_one, verify_some};

use app::{App, deliver, guests::Guests};
use onqueue_model::{ConversationId, Fault, OrganisationId};
use onqueue_server::{Bound, Context};
use onqueue_store::Store;
use std::{
    future::Future,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

/// Told to end, the writer goes on until nothing is left to do and nobody has asked it for anything for this long.
const LAST_CALLS: Duration = Duration::from_secs(1);

/// What tests make go wrong; nothing does by default.
#[doc(hidden)]
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Each transaction waits a random time up to this before it commits.
    pub delay_before_commit_ms: u32,
    /// Counts the conversations that were not as guessed, because another replica had moved them on.
    pub missed: Arc<AtomicU64>,
}

/// Session's gRPC services, and what goes on behind them as tasks of the context. The schema must be in place
/// ([`Migrations`]). Makes a signing key for guests' tokens if there is none that holds.
pub async fn bind(settings: &Settings, store: Store, context: Context) -> Result<Bound, Fault> {
    bind_with(settings, store, context, Faults::default()).await
}

/// As [`bind`], with faults.
#[doc(hidden)]
pub async fn bind_with(settings: &Settings, store: Store, context: Context, faults: Faults) -> Result<Bound, Fault> {
    settings.check()?;
    let guests = Guests::new(&store, &context).await?;
    let generation = store::generation::current(&store).await?;
    let (app, writer) = App::new(settings, (store, generation), context, guests, faults, settings.mask()?);
    start(&app, writer);
    Ok(Bound {
        name: "session",
        routes: grpc::routes(&app),
    })
}

fn start(app: &Arc<App>, writer: impl Future<Output = ()> + Send + 'static) {
    let tasks = &app.context.tasks;
    let (ending, asked) = (tasks.clone(), Arc::clone(app));
    tasks.spawn("session writer", async move {
        let last_calls = async {
            ending.draining().await;
            let mut batches = asked.committer.batches();
            loop {
                tokio::time::sleep(LAST_CALLS).await;
                let before = std::mem::replace(&mut batches, asked.committer.batches());
                if before == batches && asked.is_idle() {
                    return;
                }
            }
        };
        tokio::select! {
            () = writer => {}
            () = last_calls => {}
        }
    });
    deliver::start(app);
    let sweeper = Arc::clone(app);
    tasks.spawn("session sweep", async move {
        let drain = sweeper.context.tasks.drain_token().clone();
        drain.run_until_cancelled(sweeper.sweep()).await;
    });
    let present = Arc::clone(app);
    tasks.spawn("session presence", async move {
        let drain = present.context.tasks.drain_token().clone();
        drain.run_until_cancelled(present.keep_presence()).await;
        present.end_presence().await;
    });
    let (porter, began) = (Arc::clone(app), app.context.clock.now());
    tasks.spawn("session attachments", async move {
        let drain = porter.context.tasks.drain_token().clone();
        drain.run_until_cancelled(porter.attend(began)).await;
    });
    let indexer = Arc::clone(app);
    tasks.spawn("session search", async move {
        let drain = indexer.context.tasks.drain_token().clone();
        drain.run_until_cancelled(indexer.index()).await;
    });
    let eraser = Arc::clone(app);
    tasks.spawn("session erasing", async move {
        let drain = eraser.context.tasks.drain_token().clone();
        drain.run_until_cancelled(eraser.keep_erasing()).await;
    });
    let retainer = Arc::clone(app);
    tasks.spawn("session retention", async move {
        let drain = retainer.context.tasks.drain_token().clone();
        drain.run_until_cancelled(retainer.retain()).await;
    });
    let keeper = Arc::clone(app);
    tasks.spawn("session keys", async move {
        let drain = keeper.context.tasks.drain_token().clone();
        drain.run_until_cancelled(keeper.renew_keys()).await;
    });
}

/// Says that the database was restored from a backup: cursors of before are refused from the next start on, with
/// LOG_RESTORED. No process may use the database meanwhile. Answers the new generation of the logs.
pub async fn restored(store: &Store) -> Result<i64, Fault> {
    Ok(store::generation::begin(store).await?)
}

/// Checks the hash chain of a conversation's log against its head. The error names the first event that does not fit.
pub async fn verify(store: &Store, organisation: OrganisationId, conversation: ConversationId) -> Result<(), Fault> {
    let key = (organisation, conversation);
    let found = store::conversations::find(store, key).await?;
    let head = found.ok_or_else(app::access::not_found)?.head;
    let links = store::log::links(store, key).await?;
    onqueue_chat::verify(&links, head.numbers.sequence, &head.hash).map_err(|broken| {
        Fault::internal(format_args!(
            "the log of {conversation} breaks at event {}",
            broken.sequence
        ))
    })
}
