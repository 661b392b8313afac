//! The use cases. What each decides is in libs/chat; here it is loaded, committed, and only then let out.

pub(crate) mod access;
pub(crate) mod commit;
pub(crate) mod cursor;
pub(crate) mod decide;
pub(crate) mod deliver;
pub(crate) mod feed;
pub(crate) mod guests;
pub(crate) mod hint;
pub(crate) mod hub;
pub(crate) mod mine;
pub(crate) mod open_stream;
pub(crate) mod report;
pub(crate) mod sets;
pub(crate) mod settle;
pub(crate) mod start;
pub(crate) mod sweep;
pub(crate) mod talk;
pub(crate) mod watch;

use crate::{Faults, Settings, store::policies::Policies};
use commit::{Committer, Item, Outcome};
use guests::Guests;
use hub::Hub;
use onqueue_model::{Fault, OrganisationId};
use onqueue_server::Context;
use onqueue_store::{Batcher, Store};
use std::{future::Future, sync::Arc};
use talk::Typists;

/// Everything that the use cases share.
pub(crate) struct App {
    pub settings: Settings,
    pub store: Store,
    pub context: Context,
    pub policies: Policies,
    pub hub: Arc<Hub>,
    pub guests: Guests,
    pub typists: Typists,
    pub committer: Arc<Committer>,
    batcher: Batcher<Item, Outcome>,
}

impl App {
    /// The use cases, and the writer to be run as a task.
    pub fn new(
        settings: &Settings,
        store: Store,
        context: Context,
        guests: Guests,
        faults: Faults,
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
        let app = Self {
            typists: Typists::new(settings.typing_per_second),
            settings: settings.clone(),
            store,
            context,
            policies,
            hub,
            guests,
            committer,
            batcher,
        };
        (Arc::new(app), writer)
    }

    /// Whether no change waits or is being committed.
    pub fn is_idle(&self) -> bool {
        self.batcher.is_idle()
    }

    /// Commits one change together with whatever else waits.
    pub async fn submit(&self, organisation: OrganisationId, item: Item) -> Outcome {
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
