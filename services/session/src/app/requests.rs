//! Following the open requests for a supervisor that somebody may take.

use super::App;
use super::assistance::Assistance;
use super::following::{Changes, Following, Rights, Set};
use super::open_stream::Watchman;
use crate::store::assistance;
use onqueue_model::{AssistanceId, Caller, Fault, permissions};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The open requests that a caller may take, with those that were shown.
pub(crate) struct Requests {
    app: Arc<App>,
    caller: Caller,
    shown: BTreeSet<AssistanceId>,
}

impl App {
    /// Follows the open requests that the caller may take.
    pub fn watch_requests(self: &Arc<Self>, caller: &Caller) -> Following<Requests> {
        let requests = Requests {
            app: Arc::clone(self),
            caller: caller.clone(),
            shown: BTreeSet::new(),
        };
        let watchman = Watchman::new(&self.context, caller, self.settings.heartbeat());
        Following::new(requests, watchman, self.hub.helps.follow(caller.organisation))
    }

    /// The open requests that the caller may take.
    async fn takeable(&self, caller: &Caller) -> Result<Vec<assistance::Request>, Fault> {
        let mut found = Vec::new();
        for request in assistance::open(&self.store, caller.organisation).await? {
            if self.may_take(caller, &request).await? {
                found.push(request);
            }
        }
        Ok(found)
    }
}

impl Set for Requests {
    type Member = Assistance;
    type Id = AssistanceId;

    async fn read(&mut self) -> Result<Changes<Self>, Fault> {
        let open = self.app.takeable(&self.caller).await?;
        let open: BTreeMap<AssistanceId, assistance::Request> =
            open.into_iter().map(|request| (request.id, request)).collect();
        let gone = |id: &AssistanceId| !open.contains_key(id);
        let removed: Vec<AssistanceId> = self.shown.iter().copied().filter(gone).collect();
        let mut shown: BTreeSet<AssistanceId> = self.shown.iter().copied().filter(|id| !gone(id)).collect();
        let new = open.into_values().filter(|request| !shown.contains(&request.id));
        let new: Vec<assistance::Request> = new.collect();
        let added = self.app.complete(self.caller.organisation, new).await?;
        shown.extend(added.iter().map(|one| one.request.id));
        self.shown = shown;
        Ok(Changes { removed, added })
    }

    /// The caller may have less to see, or nothing any more.
    fn rights(&self) -> Rights {
        let trust = &self.app.context.trust;
        match trust.may(&self.caller, permissions::ASSISTANCE_TAKE) {
            Ok(_) => Rights::Concerned,
            Err(_) => Rights::Gone,
        }
    }
}
