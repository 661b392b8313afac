//! Which web origins may call: our own, and those that a deployment names.

use http::{HeaderValue, Request, header, request::Parts, uri::Authority};
use onqueue_trust::Trust;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

/// Knows the origins. Clones share what they know.
#[derive(Clone, Debug)]
pub(super) struct Origins {
    own: Arc<HashSet<String>>,
    trust: Trust,
    /// Those of the deployments at a revision.
    named: Arc<Mutex<(i64, Arc<HashSet<String>>)>>,
}

impl Origins {
    pub(super) fn new(own: &[String], trust: &Trust) -> Self {
        Self {
            own: Arc::new(own.iter().cloned().collect()),
            trust: trust.clone(),
            named: Arc::new(Mutex::new((-1, Arc::default()))),
        }
    }

    /// The request's origin if it is not our own: what a deployment has to allow.
    pub(super) fn foreign<B>(&self, request: &Request<B>) -> Option<HeaderValue> {
        let origin = request.headers().get(header::ORIGIN)?;
        let host = request.headers().get(header::HOST);
        let host = request
            .uri()
            .authority()
            .map(Authority::as_str)
            .or_else(|| host?.to_str().ok());
        (!self.is_own(origin, host)).then(|| origin.clone())
    }

    /// Whether pages of that origin may read our answers.
    pub(super) fn may_read(&self, origin: &HeaderValue, request: &Parts) -> bool {
        let host = request.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = request.uri.authority().map(Authority::as_str).or(host);
        let named = || origin.to_str().is_ok_and(|origin| self.named().contains(origin));
        self.is_own(origin, host) || named()
    }

    /// A page that we served ourselves calls the host that it came from.
    fn is_own(&self, origin: &HeaderValue, host: Option<&str>) -> bool {
        let Ok(origin) = origin.to_str() else {
            return false;
        };
        let same = origin.split_once("://").is_some_and(|(_, of)| Some(of) == host);
        same || self.own.contains(origin)
    }

    fn named(&self) -> Arc<HashSet<String>> {
        let revision = self.trust.revision();
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if named.0 != revision {
            let deployments = self.trust.deployments().into_iter();
            let origins = deployments
                .filter(|deployment| deployment.enabled)
                .flat_map(|deployment| deployment.origins);
            *named = (revision, Arc::new(origins.collect()));
        }
        Arc::clone(&named.1)
    }
}
