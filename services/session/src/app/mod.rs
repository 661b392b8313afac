//! The use cases. What each decides is in libs/chat; here it is loaded, committed, and only then let out.

pub(crate) mod access;
pub(crate) mod assistance;
pub(crate) mod attachments;
mod attributes;
mod changed;
pub(crate) mod commit;
pub(crate) mod contact_fields;
pub(crate) mod contacts;
pub(crate) mod content_facts;
pub(crate) mod cursor;
pub(crate) mod decide;
pub(crate) mod deliver;
pub(crate) mod erase;
pub(crate) mod export;
pub(crate) mod feed;
pub(crate) mod following;
pub(crate) mod guests;
pub(crate) mod helps;
pub(crate) mod hint;
pub(crate) mod hub;
pub(crate) mod indexer;
mod mask;
pub(crate) mod mine;
pub(crate) mod open_stream;
pub(crate) mod presence;
pub(crate) mod recognise;
pub(crate) mod redact;
pub(crate) mod report;
pub(crate) mod requests;
pub(crate) mod retention;
pub(crate) mod search;
pub(crate) mod sets;
pub(crate) mod settle;
pub(crate) mod start;
pub(crate) mod supervise;
pub(crate) mod sweep;
pub(crate) mod talk;
pub(crate) mod verify;
pub(crate) mod watch;

use crate::{Faults, Settings, store::policies::Policies};
use attachments::Files;
use commit::{Committer, Item, Outcome};
use guests::Guests;
use hub::Hub;
use onqueue_chat::Mask;
use onqueue_model::{Fault, OrganisationId};
use onqueue_server::Context;
use onqueue_store::{Batcher, Store};
use presence::Presence;
use std::{future::Future, sync::Arc};
use talk::Typists;
use tokio::sync::Notify;

/// Everything that the use cases share.
pub(crate) struct App {
    pub settings: Settings,
    /// Of the logs in the store: what it holds while the process runs.
    pub generation: i64,
    pub store: Store,
    pub context: Context,
    pub policies: Policies,
    pub hub: Arc<Hub>,
    pub guests: Guests,
    pub typists: Typists,
    pub committer: Arc<Committer>,
    pub files: Files,
    pub mask: Mask,
    pub presence: Arc<Presence>,
    /// Told when something is to be erased.
    pub erasing: Notify,
    batcher: Batcher<Item, Outcome>,
}

impl App {
    /// The use cases, and the writer to be run as a task.
    pub fn new(
        settings: &Settings,
        (store, generation): (Store, i64),
        context: Context,
        guests: Guests,
        faults: Faults,
        mask: Mask,
    ) -> (Arc<Self>, impl Future<Output = ()> + Send + use<>) {
        let (policies, hub) = (Policies::new(), Arc::new(Hub::default()));
        let committer = Arc::new(Committer::new(
            settings,
            store.clone(),
            &context,
            policies.clone(),
            Arc::clone(&hub),
            faults,
        ));
        // A file has one writer: a second batch would only wait for its turn.
        let at_once = if store.takes_alone() { settings.batches } else { 1 };
        let (batcher, writer) = Batcher::new(Arc::clone(&committer), settings.batch, at_once, settings.waiting);
        let replica = context.ids.uuid(context.clock.now());
        let app = Self {
            presence: Arc::new(Presence::new(replica, context.clock.clone())),
            erasing: Notify::new(),
            typists: Typists::new(settings.typing_per_second),
            files: Files::new(&settings.attachments),
            settings: settings.clone(),
            generation,
            store,
            context,
            policies,
            hub,
            guests,
            mask,
            committer,
            batcher,
        };
        (Arc::new(app), writer)
    }

    /// Whether no change waits or is being committed.
    pub fn is_idle(&self) -> bool {
        self.batcher.is_idle()
    }

    /// Commits one change together with whatever else waits, without what must not be stored.
    pub async fn submit(&self, organisation: OrganisationId, item: Item) -> Outcome {
        let item = mask::item(&self.mask, item);
        let group = organisation.uuid().as_u128();
        let place = item.conversation().uuid().as_u128();
        let last = self.context.tasks.drain_token().is_cancelled().then(|| item.clone());
        match (self.batcher.submit(group, place, item).await, last) {
            (Ok(outcome), _) => outcome,
            (Err(_), Some(item)) => self.committer.commit_alone(item).await,
            (Err(closed), None) => Outcome::Failed(Fault::unavailable(closed)),
        }
    }
}
