//! Where the owner is, as far as this replica knows, and the way there.

use onqueue_model::Fault;
use onqueue_server::{Clock, InProcess};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Notify, watch};

/// Gives the way to another replica, by the address in its lease; a fault if there is none.
pub type Owners = Arc<dyn Fn(&str) -> Result<InProcess, Fault> + Send + Sync>;

/// Who owns the shards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// This replica.
    Here,
    /// Another replica.
    At {
        /// Where it is reached.
        address: Arc<str>,
        /// Its epoch: the same address may come back as another owner.
        epoch: i64,
    },
    /// Nobody, or somebody who cannot be reached.
    Nobody,
}

/// Follows where the owner is. Clones follow for themselves.
#[derive(Clone)]
pub struct Whereabouts {
    place: watch::Receiver<Place>,
    doubts: Arc<Notify>,
    owners: Owners,
    steady: Clock,
}

impl std::fmt::Debug for Whereabouts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Whereabouts")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Whereabouts {
    /// Of the place that somebody keeps up to date, who looks anew when there are doubts.
    pub const fn new(place: watch::Receiver<Place>, doubts: Arc<Notify>, owners: Owners, steady: Clock) -> Self {
        Self {
            place,
            doubts,
            owners,
            steady,
        }
    }

    /// Where the owner is now; [`Whereabouts::moved`] waits for another place than this.
    pub fn now(&mut self) -> Place {
        self.place.borrow_and_update().clone()
    }

    /// Returns when the owner is elsewhere than it was when last asked.
    pub async fn moved(&mut self) {
        if self.place.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Returns when another replica is known to be the owner.
    pub async fn elsewhere(mut self) {
        let found = self.place.wait_for(|place| matches!(place, Place::At { .. })).await;
        if found.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The owner did not answer as the owner: it is to be looked where it is.
    pub fn doubt(&self) {
        self.doubts.notify_one();
    }

    /// The way to the replica at that address.
    pub fn way(&self, address: &str) -> Result<InProcess, Fault> {
        (self.owners)(address)
    }

    /// Returns after that long, whatever the service's own clock says.
    pub async fn pause(&self, duration: Duration) {
        self.steady.sleep(duration).await;
    }
}
