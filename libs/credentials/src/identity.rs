//! What a service shows and trusts at the moment.

use crate::{files::Files, set::Set};
use onqueue_model::Fault;
use std::{
    fmt,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::sync::watch;
use tokio_rustls::rustls::{ClientConfig, ServerConfig, pki_types::UnixTime};

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

    /// Whose it is.
    pub fn service(&self) -> &'static str {
        self.0.service
    }

    /// Looks at the files again and again and takes what changed, all three at once. A set that does not fit, such as one
    /// that is half written, is logged (once) and the former kept; so is that the certificate ends within a day, and that it has
    /// ended. Never returns.
    pub async fn follow(self, every: Duration) {
        let mut problem = None;
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
            Ok(Look::Renewed) => tracing::info!(service = self.0.service, "certificate renewed"),
            Ok(Look::Same) => {}
        }
        self.read(|set| set.worry(UnixTime::now())).map(str::to_owned)
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
