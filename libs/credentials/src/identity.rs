//! What a service shows and trusts at the moment.

use crate::{files::Files, set::Set};
use onqueue_model::Fault;
use onqueue_telemetry::metrics;
use std::{
    fmt,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::sync::watch;
use tokio_rustls::rustls::{ClientConfig, ServerConfig, pki_types::UnixTime};

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// How many days are looked ahead.
const LONGEST: u64 = 3_650;

/// A service's certificate, key and authority; always a set that fits. Clones share it and its renewals.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    service: &'static str,
    current: RwLock<(Files, Set)>,
    generation: watch::Sender<u64>,
}

impl Identity {
    /// Reads `<folder>/<service>/{tls.crt,tls.key,ca.crt}`. FIELD_INVALID about `tls.folder`, with the file and what is
    /// wrong with it: missing or unreadable, not PEM, expired, of another authority or name, or a key that does not fit.
    pub fn load(folder: &Path, service: &'static str) -> Result<Self, Fault> {
        let files = Files::read(&folder.join(service))?;
        let set = Set::new(&files, service)?;
        Ok(Self(Arc::new(Inner {
            service,
            current: RwLock::new((files, set)),
            generation: watch::channel(0).0,
        })))
    }

    /// Whether it would let that other service in: both folders are of one authority.
    pub fn trusts(&self, other: &Self) -> bool {
        let now = UnixTime::now();
        let (certificate, name) = other.read(|set| (Arc::clone(&set.own), set.name.clone()));
        self.read(|set| set.accepts(&certificate, &name, now))
    }

    /// Whose it is.
    pub fn service(&self) -> &'static str {
        self.0.service
    }

    /// Looks at the files again and again and takes what changed, all three at once. A set that does not fit, such as one
    /// that is half written, is logged (once) and the former kept; so is that the certificate ends within a day, and that it has
    /// ended. Until when it holds is among the metrics. Never returns.
    pub async fn follow(self, every: Duration) {
        let mut problem = None;
        self.show_end();
        loop {
            let identity = self.clone();
            let looked = tokio::task::spawn_blocking(move || identity.look()).await;
            let found = looked.unwrap_or_else(|error| Err(Fault::internal(error)));
            let worry = self.worry(found);
            if worry.is_some() && worry != problem {
                tracing::error!(service = self.0.service, problem = worry, "look after the certificate");
            }
            problem = worry;
            tokio::time::sleep(every).await;
        }
    }

    /// What somebody has to look after.
    fn worry(&self, found: Result<Look, Fault>) -> Option<String> {
        match found {
            Err(fault) => return Some(fault.context.unwrap_or(fault.message)),
            Ok(Look::Renewed) => {
                tracing::info!(service = self.0.service, "certificate renewed");
                self.show_end();
            }
            Ok(Look::Same) => {}
        }
        self.read(|set| set.worry(UnixTime::now())).map(str::to_owned)
    }

    /// Until when others accept the certificate, if they still do.
    fn ends(&self) -> Option<UnixTime> {
        self.read(|set| set.ends(UnixTime::now()))
    }

    fn show_end(&self) {
        // One that has ended already ended at some time before now, which is what alerts need to know.
        let ends = self.ends().unwrap_or_else(UnixTime::now);
        let seconds = Duration::from_secs(ends.as_secs()).as_secs_f64();
        metrics::CERTIFICATE_EXPIRY.set(seconds, &[self.0.service]);
    }

    /// For how many whole days others will accept the certificate, counted up to 3,650.
    pub fn days_left(&self) -> u64 {
        let now = UnixTime::now().as_secs();
        let holds = |days: u64| {
            let at = UnixTime::since_unix_epoch(Duration::from_secs(now + days * DAY));
            self.read(|set| set.holds(at))
        };
        let (mut holding, mut ended) = (0, LONGEST + 1);
        while holding + 1 < ended {
            let middle = holding.midpoint(ended);
            match holds(middle) {
                true => holding = middle,
                false => ended = middle,
            }
        }
        holding
    }

    /// A number that grows with each renewal; for whoever holds connections made with a former set.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.0.generation.subscribe()
    }

    /// For the next connection to us: TLS 1.3 with HTTP/2, and only for those who show a certificate of our authority.
    pub fn server(&self) -> Arc<ServerConfig> {
        self.read(|set| Arc::clone(&set.server))
    }

    /// For the next connection of ours: TLS 1.3 with HTTP/2, showing our certificate, trusting our authority only. Expect
    /// [`server_name`](crate::server_name) of the service that is called.
    pub fn client(&self) -> Arc<ClientConfig> {
        self.read(|set| Arc::clone(&set.client))
    }

    fn read<T>(&self, what: impl FnOnce(&Set) -> T) -> T {
        what(&self.0.current.read().unwrap_or_else(PoisonError::into_inner).1)
    }

    fn look(&self) -> Result<Look, Fault> {
        let current = || self.0.current.read().unwrap_or_else(PoisonError::into_inner);
        let files = Files::read(&current().0.folder)?;
        if files == current().0 {
            return Ok(Look::Same);
        }
        let set = Set::new(&files, self.0.service)?;
        *self.0.current.write().unwrap_or_else(PoisonError::into_inner) = (files, set);
        self.0.generation.send_modify(|generation| *generation += 1);
        Ok(Look::Renewed)
    }
}

/// What a look at the files found.
enum Look {
    Same,
    Renewed,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("service", &self.0.service)
            .field("generation", &*self.0.generation.borrow())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
