//! One address of a service: keeps its connections open in the background, so that a call never waits for an address that
//! does not answer, and knows how it has been doing.

use super::{
    connection::{Connection, Place, dial},
    health::Health,
    settings::Settings,
};
use crate::{Chance, Spawn, deadline::now};
use onqueue_credentials::Identity;
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, timeout},
};

/// The pause before the first and the longest before a later attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A connection that ends earlier was no success.
const SETTLED: Duration = Duration::from_secs(1);

/// Calls of one connection that travel together better than apart: what is made at once is written at once.
const TOGETHER: usize = 64;

/// Problems of one address that are remembered.
const MOST_PROBLEMS: usize = 8;

/// What it takes to make connections.
pub(super) struct Making {
    pub(super) service: &'static str,
    pub(super) identity: Identity,
    pub(super) settings: Settings,
    pub(super) spawn: Spawn,
    pub(super) chance: Chance,
    /// Told when connections come and go.
    pub(super) changed: watch::Sender<()>,
}

/// One address.
pub(super) struct Endpoint {
    address: SocketAddr,
    /// What it is called among others: the same in every process.
    pub(super) id: u64,
    making: Arc<Making>,
    connections: RwLock<Vec<Arc<Connection>>>,
    /// Calls that have not been answered.
    waiting: AtomicUsize,
    pub(super) health: Health,
    /// Connections that ended too soon, in a row.
    unsettled: AtomicU32,
    problems: Mutex<Problems>,
    look: Notify,
}

impl Endpoint {
    pub(super) fn new(address: SocketAddr, making: Arc<Making>) -> Self {
        let settings = &making.settings;
        let aside = Duration::from_millis(settings.ejection_ms);
        Self {
            address,
            id: super::balancing::hash(&address.to_string()),
            health: Health::new(settings.ejection_failures, aside),
            making,
            connections: RwLock::default(),
            waiting: AtomicUsize::new(0),
            unsettled: AtomicU32::new(0),
            problems: Mutex::default(),
            look: Notify::new(),
        }
    }

    pub(super) fn service(&self) -> &'static str {
        self.making.service
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether a call can be sent there now.
    pub(super) fn is_connected(&self) -> bool {
        self.read(|all| all.iter().any(|connection| connection.has_room()))
    }

    /// A place on the connection that has the most room, as long as that matters; `None` if there is none.
    pub(super) fn place(self: &Arc<Self>) -> Option<Place> {
        let free = |all: &[Arc<Connection>]| {
            let with_room = all.iter().filter(|connection| connection.has_room());
            with_room.min_by_key(|connection| connection.open() / TOGETHER).cloned()
        };
        Place::take(self.read(free)?, self)
    }

    /// Calls that have not been answered.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) const fn count_waiting(&self) -> &AtomicUsize {
        &self.waiting
    }

    /// Why it can not be reached, if it can not.
    pub(super) fn problem(&self) -> Option<String> {
        self.problems().0.last().cloned()
    }

    /// Has the background look whether connections are missing.
    pub(super) fn look_again(&self) {
        self.look.notify_one();
    }

    /// Tells those who wait for a connection.
    pub(super) fn has_changed(&self) {
        self.making.changed.send_replace(());
    }

    /// Keeps connections open until `kept` is dropped; those open then end when their calls have.
    pub(super) async fn keep(self: Arc<Self>, mut kept: watch::Receiver<()>) {
        tokio::select! {
            () = self.connect_for_ever() => {}
            _ = kept.changed() => {}
        }
        self.write(Vec::clear);
        self.has_changed();
    }

    async fn connect_for_ever(self: &Arc<Self>) {
        let mut failures = 0;
        loop {
            if !self.wants_another() {
                self.look.notified().await;
                continue;
            }
            let pauses = failures.max(self.unsettled.load(Ordering::Relaxed));
            if pauses > 0 {
                sleep(pause(pauses, (self.making.chance)())).await;
            }
            failures = match self.connect().await {
                Ok(()) => 0,
                Err(problem) => {
                    self.note(&problem.to_string());
                    failures.saturating_add(1)
                }
            };
        }
    }

    fn wants_another(&self) -> bool {
        let enough = self.making.settings.connections;
        self.read(|all| all.len() < enough || all.iter().all(|connection| connection.is_crowded()))
    }

    async fn connect(self: &Arc<Self>) -> io::Result<()> {
        let Making {
            service,
            identity,
            settings,
            spawn,
            ..
        } = &*self.making;
        let dialled = timeout(
            settings.connect_timeout(),
            dial(self.address, service, identity, settings),
        );
        let (connection, mut driver) = dialled.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let (connection, since) = (Arc::new(connection), now());
        // What runs it must not hold it: it ends when nobody else does.
        let (endpoint, this) = (Arc::clone(self), Arc::downgrade(&connection));
        self.add(connection);
        spawn(Box::pin(async move {
            let ended = driver.run(&this).await;
            endpoint.remove(&this, since, ended.err());
            driver.finish().await;
        }));
        Ok(())
    }

    fn add(&self, connection: Arc<Connection>) {
        let first = self.write(|all| {
            all.push(connection);
            all.len() == 1
        });
        if first {
            self.health.forget();
            *self.problems() = Problems::default();
            tracing::info!(service = self.making.service, address = %self.address, "connected");
        }
        self.has_changed();
    }

    fn remove(&self, connection: &Weak<Connection>, since: Instant, error: Option<io::Error>) {
        if since.elapsed() < SETTLED {
            self.unsettled.fetch_add(1, Ordering::Relaxed);
        } else {
            self.unsettled.store(0, Ordering::Relaxed);
        }
        let none_left = self.write(|all| {
            let before = all.len();
            all.retain(|other| Arc::as_ptr(other) != connection.as_ptr());
            before > 0 && all.is_empty()
        });
        if none_left {
            let problem = error.map_or_else(|| "closed".to_owned(), |error| error.to_string());
            self.note(&format!("the connection ended: {problem}"));
        }
        self.has_changed();
        self.look_again();
    }

    /// Logs each problem once until it is connected again.
    fn note(&self, problem: &str) {
        if self.problems().is_new(problem) {
            tracing::warn!(service = self.making.service, address = %self.address, problem, "not connected");
        }
    }

    fn problems(&self) -> MutexGuard<'_, Problems> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, what: impl FnOnce(&[Arc<Connection>]) -> T) -> T {
        what(&self.connections.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, what: impl FnOnce(&mut Vec<Arc<Connection>>) -> T) -> T {
        what(&mut self.connections.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Why there is no connection, each once and the latest last. One cause has several: who is refused reads that, or finds
/// the connection closed, as it comes.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn is_new(&mut self, problem: &str) -> bool {
        let known = self.0.iter().position(|known| known == problem);
        if let Some(at) = known {
            self.0.remove(at);
        } else if self.0.len() >= MOST_PROBLEMS {
            self.0.remove(0);
        }
        self.0.push(problem.to_owned());
        known.is_none()
    }
}

/// Doubles with each failure; between half of that and all of it.
fn pause(failures: u32, chance: f64) -> Duration {
    let most = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(16));
    most.min(LONGEST_PAUSE).mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_that_take_turns_are_each_new_once() {
        let mut problems = Problems::default();
        let mut new = |problem: &str| problems.is_new(problem);
        assert!(new("refused") && new("closed"));
        assert!(!new("refused") && !new("closed") && !new("refused"));
        assert_eq!(problems.0, ["closed", "refused"], "the latest last");
        for n in 0..100 {
            assert!(problems.is_new(&n.to_string()));
        }
        assert_eq!(problems.0.len(), MOST_PROBLEMS);
    }

    #[test]
    fn pauses_double_and_vary() {
        for (failures, chance, expected) in [
            (1, 0.0, 25),
            (1, 1.0, 50),
            (3, 1.0, 200),
            (30, 1.0, 2_000),
            (30, 0.0, 1_000),
        ] {
            assert_eq!(pause(failures, chance), Duration::from_millis(expected));
        }
    }
}
