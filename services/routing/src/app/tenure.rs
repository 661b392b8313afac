//! Holding the leases: taking them, renewing them, and stopping in time.

use super::{Gate, Owners, Place, Shared, Whereabouts};
use crate::Settings;
use crate::store::{Claim, Epochs, Fence, Holder, Kept, Tables};
use futures::stream::{FuturesUnordered, StreamExt as _};
use onqueue_model::{OrganisationId, Timestamp};
use onqueue_server::Clock;
use onqueue_store::StoreError;
use std::{
    sync::Arc,
    sync::atomic::{AtomicI64, Ordering},
};
use tokio::sync::{Notify, watch};
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
        let is_in_time = self.steady.now() < self.until() || !self.fence.is_checked;
        is_in_time && !self.over.is_cancelled()
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

    fn extend(&self, until: Timestamp) {
        self.until.fetch_max(until.millis(), Ordering::Relaxed);
    }

    fn until(&self) -> Timestamp {
        Timestamp(self.until.load(Ordering::Relaxed))
    }
}

/// How many renewals are on their way at most, each on a connection of its own: where the database is slow, the next does not
/// wait for the one before.
const RENEWALS: usize = 5;

/// How many times sooner the next renewal is begun while one is not answered.
const HURRY: u32 = 3;

/// How many connections the leases need for themselves: one for each renewal, and one to look and to take.
pub const CONNECTIONS: u32 = 6;

/// Into how many looks the time between two renewals is divided: so soon it is noticed that nobody owns the shards.
const LOOKS: u32 = 4;

/// Takes the leases whenever they are free and renews them.
#[derive(Debug)]
pub struct Keeper {
    leases: Tables,
    kept: Kept,
    settings: Arc<Settings>,
    steady: Clock,
    gate: Gate,
    /// Names this run of this process.
    owner: String,
    tenures: watch::Sender<Option<Tenure>>,
    place: watch::Sender<Place>,
    doubts: Arc<Notify>,
    finished: CancellationToken,
}

impl Keeper {
    pub fn new(shared: &Shared) -> (Self, watch::Receiver<Option<Tenure>>) {
        let (tenures, receiver) = watch::channel(None);
        let keeper = Self {
            leases: shared.leases.clone(),
            kept: Kept::default(),
            settings: Arc::clone(&shared.settings),
            steady: shared.steady.clone(),
            gate: shared.gate.clone(),
            owner: shared.context.ids.uuid(shared.context.clock.now()).to_string(),
            tenures,
            place: watch::channel(Place::Nobody).0,
            doubts: Arc::new(Notify::new()),
            finished: CancellationToken::new(),
        };
        (keeper, receiver)
    }

    /// Cancelled by the owner when it needs the leases no more.
    pub fn finished(&self) -> CancellationToken {
        self.finished.clone()
    }

    /// Where the owner is, as this keeps finding out.
    pub fn whereabouts(&self, owners: Owners) -> Whereabouts {
        let (place, doubts) = (self.place.subscribe(), Arc::clone(&self.doubts));
        Whereabouts::new(place, doubts, owners, self.steady.clone())
    }

    /// Lets go of the leases when the owner has finished; then only looks who takes them, for as long as calls still come.
    pub async fn run(self) {
        tokio::select! {
            () = self.finished.cancelled() => {}
            () = self.keep() => {}
        }
        self.let_go().await;
        if self.settings.is_replicated() {
            tokio::select! {
                () = self.steady.sleep(self.settings.drain()) => {}
                () = self.follow() => {}
            }
        }
    }

    async fn keep(&self) {
        let mut claim = match self.settings.take_at_once {
            true => Claim::All,
            false => Claim::Free,
        };
        let mut not_before = self.steady.now();
        loop {
            let tenure = self.acquire(claim, not_before).await;
            claim = Claim::Free;
            self.hold(&tenure).await;
            self.let_go().await;
            // Whatever was wrong here, others go first.
            not_before = self.steady.now() + self.settings.renew();
        }
    }

    async fn let_go(&self) {
        if let Some(tenure) = self.tenures.send_replace(None) {
            tenure.give_up();
        }
        self.see(Place::Nobody);
        if let Err(error) = self.in_time(self.leases.release_leases(&self.kept, &self.owner)).await {
            tracing::warn!(%error, "leases not released; they run out by themselves");
        }
    }

    /// Takes the leases as soon as it may; keeps an eye on who has them until then.
    async fn acquire(&self, claim: Claim, not_before: Timestamp) -> Tenure {
        loop {
            self.gate.pass().await;
            let may_take = self.look().await && self.steady.now() >= not_before;
            if may_take || claim == Claim::All {
                let begun = self.steady.now();
                if let Some(tenure) = self.take(claim, begun).await {
                    return tenure;
                }
            }
            self.pause().await;
        }
    }

    async fn take(&self, claim: Claim, begun: Timestamp) -> Option<Tenure> {
        let (address, lease) = (&self.settings.address, self.settings.lease());
        let taken = self.leases.take_leases(&self.owner, address, lease, claim);
        match self.in_time(taken).await {
            Ok(epochs) => {
                let tenure = self.tenure(epochs?, begun);
                self.tenures.send_replace(Some(tenure.clone()));
                self.see(Place::Here);
                Some(tenure)
            }
            Err(error) => {
                tracing::warn!(%error, "leases not taken");
                None
            }
        }
    }

    async fn follow(&self) {
        loop {
            self.look().await;
            self.pause().await;
        }
    }

    async fn pause(&self) {
        tokio::select! {
            () = self.doubts.notified() => {}
            () = self.steady.sleep(self.settings.renew() / LOOKS) => {}
        }
    }

    /// Notes who owns the shards; answers whether nobody does.
    async fn look(&self) -> bool {
        match self.in_time(self.leases.holder()).await {
            Ok(None) => {
                self.see(Place::Nobody);
                true
            }
            Ok(Some(holder)) => {
                self.see(self.place_of(holder));
                false
            }
            Err(error) => {
                tracing::debug!(%error, "leases not read");
                false
            }
        }
    }

    /// A database that is gone without a word is not waited for longer than a lease lasts.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::select! {
            outcome = work => outcome,
            () = self.steady.sleep(self.settings.lease()) => Err(StoreError::Unavailable("no answer in time".to_owned())),
        }
    }

    fn place_of(&self, holder: Holder) -> Place {
        if holder.owner == self.owner || holder.address.is_empty() {
            return Place::Nobody;
        }
        Place::At {
            address: holder.address.into(),
            epoch: holder.epoch,
        }
    }

    fn see(&self, place: Place) {
        self.place.send_if_modified(|known| {
            let is_news = *known != place;
            *known = place;
            is_news
        });
    }

    fn tenure(&self, epochs: Epochs, begun: Timestamp) -> Tenure {
        tracing::info!(owner = self.owner, "routing shards taken");
        Tenure {
            fence: Fence {
                owner: self.owner.clone(),
                epochs: Arc::new(epochs),
                is_checked: self.settings.fence,
            },
            steady: self.steady.clone(),
            until: Arc::new(AtomicI64::new((begun + self.settings.tenure()).millis())),
            over: CancellationToken::new(),
        }
    }

    /// Renews until the tenure is over, the leases are lost, or time runs out.
    async fn hold(&self, tenure: &Tenure) {
        let mut last = self.steady.now();
        // The first ones at once: they open every connection while all is well.
        let mut renewals: FuturesUnordered<_> = (0..RENEWALS).map(|_| self.renewal()).collect();
        loop {
            let pause = match renewals.is_empty() {
                true => self.settings.renew(),
                false => self.settings.renew() / HURRY,
            };
            tokio::select! {
                biased;
                () = tenure.over() => return,
                () = self.run_out(tenure) => {
                    tracing::warn!("leases not renewed in time: routing stops here");
                    return;
                }
                Some((begun, renewed)) = renewals.next(), if !renewals.is_empty() => {
                    if !self.is_held(tenure, begun, renewed) {
                        tracing::warn!("leases lost: routing stops here");
                        return;
                    }
                }
                () = self.steady.sleep_until(last + pause), if renewals.len() < RENEWALS => {
                    self.gate.pass().await;
                    last = self.steady.now();
                    renewals.push(self.renewal());
                }
            }
        }
    }

    /// When it was begun, and whether the leases were still held.
    async fn renewal(&self) -> (Timestamp, Result<bool, StoreError>) {
        let begun = self.steady.now();
        let renewed = self.leases.renew_leases(&self.kept, &self.owner, self.settings.lease());
        (begun, renewed.await)
    }

    /// Returns when the owner must not act any more.
    async fn run_out(&self, tenure: &Tenure) {
        if !self.settings.fence {
            std::future::pending::<()>().await;
        }
        self.steady.sleep_until(tenure.until()).await;
    }

    /// Takes note of a renewal that was begun then; answers whether the leases are still held.
    fn is_held(&self, tenure: &Tenure, begun: Timestamp, renewed: Result<bool, StoreError>) -> bool {
        match renewed {
            Ok(true) => tenure.extend(begun + self.settings.tenure()),
            Ok(false) => return !self.settings.fence,
            Err(error) => tracing::warn!(%error, "leases not renewed"),
        }
        true
    }
}
