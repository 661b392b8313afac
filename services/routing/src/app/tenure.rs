//! Holding the leases: taking them, renewing them, and stopping in time.

use super::{Gate, Shared};
use crate::Settings;
use crate::store::{Claim, Epochs, Fence, Tables};
use onqueue_model::{OrganisationId, Timestamp};
use onqueue_server::Clock;
use std::{
    sync::Arc,
    sync::atomic::{AtomicI64, Ordering},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The time during which this process owns the shards, from one taking to its end. Clones are one tenure.
#[derive(Clone, Debug)]
pub struct Tenure {
    pub fence: Fence,
    steady: Clock,
    /// Until when the owner may act, on the steady clock.
    until: Arc<AtomicI64>,
    over: CancellationToken,
}

impl Tenure {
    /// At which epoch the organisation's shard is held.
    pub fn epoch(&self, organisation: OrganisationId) -> i64 {
        self.fence.epochs.of(organisation)
    }

    /// Whether the owner may still act.
    pub fn holds(&self) -> bool {
        !self.over.is_cancelled() && self.steady.now() < self.until()
    }

    /// Ends it.
    pub fn give_up(&self) {
        self.over.cancel();
    }

    /// Returns when it has ended.
    pub async fn over(&self) {
        self.over.cancelled().await;
    }

    pub fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    fn until(&self) -> Timestamp {
        Timestamp(self.until.load(Ordering::Relaxed))
    }
}

/// Takes the leases whenever they are free and renews them.
#[derive(Debug)]
pub struct Keeper {
    tables: Tables,
    settings: Arc<Settings>,
    steady: Clock,
    gate: Gate,
    /// Names this run of this process.
    owner: String,
    tenures: watch::Sender<Option<Tenure>>,
    finished: CancellationToken,
}

impl Keeper {
    pub fn new(shared: &Shared) -> (Self, watch::Receiver<Option<Tenure>>) {
        let (tenures, receiver) = watch::channel(None);
        let keeper = Self {
            tables: shared.tables.clone(),
            settings: Arc::clone(&shared.settings),
            steady: shared.steady.clone(),
            gate: shared.gate.clone(),
            owner: shared.context.ids.uuid(shared.context.clock.now()).to_string(),
            tenures,
            finished: CancellationToken::new(),
        };
        (keeper, receiver)
    }

    /// Cancelled by the owner when it needs the leases no more.
    pub fn finished(&self) -> CancellationToken {
        self.finished.clone()
    }

    /// Ends, and lets go of the leases, when the owner has finished.
    pub async fn run(self) {
        let mut claim = match self.settings.take_at_once {
            true => Claim::All,
            false => Claim::Free,
        };
        loop {
            let tenure = tokio::select! {
                tenure = self.acquire(claim) => tenure,
                () = self.finished.cancelled() => return,
            };
            claim = Claim::Free;
            self.tenures.send_replace(Some(tenure.clone()));
            self.hold(&tenure).await;
            tenure.give_up();
            self.tenures.send_replace(None);
            if let Err(error) = self.tables.release_leases(&self.owner).await {
                tracing::warn!(%error, "leases not released; they run out by themselves");
            }
            tokio::select! {
                () = self.steady.sleep(self.settings.renew()) => {}
                () = self.finished.cancelled() => return,
            }
        }
    }

    async fn acquire(&self, claim: Claim) -> Tenure {
        loop {
            self.gate.pass().await;
            let begun = self.steady.now();
            let (address, lease) = (&self.settings.address, self.settings.lease());
            let taken = self.tables.take_leases(&self.owner, address, lease, claim);
            match taken.await {
                Ok(Some(epochs)) => return self.tenure(epochs, begun),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "leases not taken"),
            }
            self.steady.sleep(self.settings.renew() / 4).await;
        }
    }

    fn tenure(&self, epochs: Epochs, begun: Timestamp) -> Tenure {
        tracing::info!(owner = self.owner, "routing shards taken");
        Tenure {
            fence: Fence {
                owner: self.owner.clone(),
                epochs: Arc::new(epochs),
            },
            steady: self.steady.clone(),
            until: Arc::new(AtomicI64::new((begun + self.settings.tenure()).millis())),
            over: CancellationToken::new(),
        }
    }

    /// Renews until the tenure is over, the leases are lost, or time runs out.
    async fn hold(&self, tenure: &Tenure) {
        loop {
            tokio::select! {
                () = tenure.over() => return,
                () = self.finished.cancelled() => return,
                () = self.steady.sleep(self.settings.renew()) => {}
            }
            self.gate.pass().await;
            let begun = self.steady.now();
            let renewed = tokio::select! {
                renewed = self.tables.renew_leases(&self.owner, self.settings.lease()) => renewed,
                () = self.steady.sleep_until(tenure.until()) => {
                    tracing::warn!("leases not renewed in time: routing stops here");
                    return;
                }
            };
            match renewed {
                Ok(true) => tenure
                    .until
                    .store((begun + self.settings.tenure()).millis(), Ordering::Relaxed),
                Ok(false) => {
                    tracing::warn!("leases lost: routing stops here");
                    return;
                }
                Err(error) => tracing::warn!(%error, "leases not renewed"),
            }
        }
    }
}
