//! The endpoints that a service has now, and the choice among them.

use super::{
    balancing::{Affinity, less_busy, nearest},
    connection::Place,
    endpoint::{Endpoint, Making},
};
use futures::future::BoxFuture;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::watch, time::timeout};

/// What a call asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    pub(super) affinity: Option<Affinity>,
    /// Endpoints that it would rather not have.
    pub(super) avoid: Vec<u64>,
}

pub(super) struct Pool {
    making: Arc<Making>,
    endpoints: RwLock<Arc<[Arc<Endpoint>]>>,
    turn: AtomicU64,
}

impl Pool {
    pub(super) fn new(making: Arc<Making>) -> Self {
        Self {
            making,
            endpoints: RwLock::new(Arc::new([])),
            turn: AtomicU64::new(0),
        }
    }

    pub(super) fn service(&self) -> &'static str {
        self.making.service
    }

    pub(super) fn is_connected(&self) -> bool {
        self.endpoints().iter().any(|endpoint| endpoint.is_connected())
    }

    /// Returns when there is a connection.
    pub(super) async fn connected(&self) {
        let mut changed = self.making.changed.subscribe();
        while !self.is_connected() {
            // The sender is ours.
            let _ = changed.changed().await;
        }
    }

    /// A place for a stream; waits for a connection if there is none, for half of what is `left` to the caller at most: so
    /// that there is time to say why there is no answer. `None` if there was none in time.
    pub(super) async fn place(&self, wish: &Wish, left: Option<Duration>) -> Option<Place> {
        if let Some(place) = self.place_now(wish) {
            return Some(place);
        }
        let patience = self.making.settings.wait();
        let patience = left.map_or(patience, |left| patience.min(left / 2));
        timeout(patience, self.next_place(wish)).await.ok()
    }

    async fn next_place(&self, wish: &Wish) -> Place {
        let mut changed = self.making.changed.subscribe();
        loop {
            if let Some(place) = self.place_now(wish) {
                return place;
            }
            let _ = changed.changed().await;
        }
    }

    /// Among the healthy that are not to be avoided, else among the healthy, else anywhere.
    fn place_now(&self, wish: &Wish) -> Option<Place> {
        let endpoints = self.endpoints();
        if let [only] = &*endpoints {
            return only.place();
        }
        let mut connected: Vec<&Arc<Endpoint>> = endpoints.iter().filter(|endpoint| endpoint.is_connected()).collect();
        loop {
            let chosen = Arc::clone(self.choose(wish, &connected)?);
            if let Some(place) = chosen.place() {
                return Some(place);
            }
            connected.retain(|endpoint| !Arc::ptr_eq(endpoint, &chosen));
        }
    }

    fn choose<'a>(&self, wish: &Wish, connected: &[&'a Arc<Endpoint>]) -> Option<&'a Arc<Endpoint>> {
        let healthy = |endpoint: &&&'a Arc<Endpoint>| !endpoint.health.is_aside();
        let welcome = |endpoint: &&&'a Arc<Endpoint>| !wish.avoid.contains(&endpoint.id);
        let pick = |among: Vec<&'a Arc<Endpoint>>| self.pick(wish, &among);
        pick(connected.iter().filter(healthy).filter(welcome).copied().collect())
            .or_else(|| pick(connected.iter().filter(healthy).copied().collect()))
            .or_else(|| self.pick(wish, connected))
    }

    fn pick<'a>(&self, wish: &Wish, among: &[&'a Arc<Endpoint>]) -> Option<&'a Arc<Endpoint>> {
        let at = match wish.affinity {
            Some(affinity) => nearest(affinity, among.iter().map(|endpoint| endpoint.id)),
            None => {
                let turn = self.turn.fetch_add(1, Ordering::Relaxed);
                less_busy(turn, among.len(), |at| among[at].waiting())
            }
        };
        Some(among[at?])
    }

    /// Whether calls have somewhere else to go.
    pub(super) fn has_other_than(&self, endpoint: &Endpoint) -> bool {
        let endpoints = self.endpoints();
        let mut others = endpoints.iter().filter(|other| other.id != endpoint.id);
        others.any(|other| other.is_connected() && !other.health.is_aside())
    }

    /// Logs why no endpoint can be reached; louder when that begins, not with each call.
    pub(super) fn explain(&self) {
        let endpoints = self.endpoints();
        let problem = |endpoint: &Arc<Endpoint>| Some(format!("{}: {}", endpoint.address(), endpoint.problem()?));
        let problems = endpoints.iter().filter_map(problem).collect::<Vec<_>>().join("; ");
        tracing::debug!(service = self.service(), problems, "no connection for a call");
    }

    fn endpoints(&self) -> Arc<[Arc<Endpoint>]> {
        Arc::clone(&self.endpoints.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, endpoints: Arc<[Arc<Endpoint>]>) {
        *self.endpoints.write().unwrap_or_else(PoisonError::into_inner) = endpoints;
        self.making.changed.send_replace(());
    }
}

/// Keeps the pool's endpoints as long as it lives itself.
pub(super) struct Keeper {
    pool: Arc<Pool>,
    kept: BTreeMap<SocketAddr, (Arc<Endpoint>, watch::Sender<()>)>,
}

impl Keeper {
    pub(super) const fn new(pool: Arc<Pool>) -> Self {
        Self {
            pool,
            kept: BTreeMap::new(),
        }
    }

    /// From now on these. What vanished takes no new call; its connections end with their calls.
    pub(super) fn update(&mut self, addresses: &BTreeSet<SocketAddr>) {
        if self.kept.keys().eq(addresses) {
            return;
        }
        self.kept.retain(|address, _| addresses.contains(address));
        for address in addresses {
            if !self.kept.contains_key(address) {
                let started = self.start(*address);
                self.kept.insert(*address, started);
            }
        }
        let endpoints = self.kept.values().map(|(endpoint, _)| Arc::clone(endpoint));
        self.pool.replace(endpoints.collect());
    }

    fn start(&self, address: SocketAddr) -> (Arc<Endpoint>, watch::Sender<()>) {
        let making = &self.pool.making;
        let endpoint = Arc::new(Endpoint::new(address, Arc::clone(making)));
        let (kept, until) = watch::channel(());
        let keep: BoxFuture<'static, ()> = Box::pin(Arc::clone(&endpoint).keep(until));
        (making.spawn)(keep);
        (endpoint, kept)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.pool.replace(Arc::new([]));
    }
}
