//! Who reaches whom: a service in this process is called directly, one elsewhere over connections that prove both names.

use crate::settings::Settings;
use onqueue_client::{Chance, Policy, Remote, Spawn, connect};
use onqueue_credentials::Identity;
use onqueue_gateway::Upstreams;
use onqueue_model::Fault;
use onqueue_routing::Owners;
use onqueue_server::{Context, InProcess, as_peer};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The ways to other services.
#[derive(Clone)]
pub struct Wiring {
    settings: Settings,
    context: Context,
    identities: BTreeMap<&'static str, Identity>,
}

impl Wiring {
    /// Reads the certificates of this process's services, and keeps reading them.
    pub fn new(settings: &Settings, context: &Context) -> Result<Self, Fault> {
        let mut identities = BTreeMap::new();
        if settings.is_distributed() {
            let every = Duration::from_millis(settings.tls.reload_ms);
            for service in settings.process.services().iter() {
                let identity = Identity::load(Path::new(&settings.tls.folder), service)?;
                context.tasks.aside("certificates", identity.clone().follow(every));
                identities.insert(service, identity);
            }
        }
        Ok(Self {
            settings: settings.clone(),
            context: context.clone(),
            identities,
        })
    }

    /// How this service proves its name; `None` in one process.
    pub fn identity(&self, service: &str) -> Option<&Identity> {
        self.identities.get(service)
    }

    /// The way from one service to another.
    pub fn called(
        &self,
        from: &'static str,
        to: &'static str,
        local: &BTreeMap<&str, InProcess>,
    ) -> Result<InProcess, Fault> {
        match local.get(to) {
            Some(here) => Ok(as_peer(here.clone(), from)),
            None => self.remote(from, to, self.settings.clients.of(to)),
        }
    }

    /// The gateway's ways. Calls within the process carry no service's name: what only services may call, nobody may call
    /// through the door.
    pub fn upstreams(&self, local: &BTreeMap<&str, InProcess>) -> Result<Upstreams, Fault> {
        let way = |to| match local.get(to) {
            Some(here) => Ok(here.clone()),
            None => self.remote("gateway", to, self.settings.clients.of(to)),
        };
        Ok(Upstreams {
            auth: way("auth")?,
            routing: way("routing")?,
            session: way("session")?,
            content: way("content")?,
        })
    }

    /// The ways from one replica of routing to another, by the address in its lease. There is one owner at a time: the way
    /// to it is kept, and let go when another is asked for.
    pub fn owners(&self) -> Owners {
        let (wiring, known) = (self.clone(), Mutex::new(None::<(String, InProcess)>));
        Arc::new(move |address: &str| {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, way)) = known.as_ref().filter(|(at, _)| at == address) {
                return Ok(way.clone());
            }
            let way = wiring.remote("routing", "routing", &[address.to_owned()])?;
            *known = Some((address.to_owned(), way.clone()));
            Ok(way)
        })
    }

    fn remote(&self, from: &'static str, to: &'static str, addresses: &[String]) -> Result<InProcess, Fault> {
        let identity = self.identity(from).cloned();
        let identity =
            identity.ok_or_else(|| Fault::unavailable(format!("{from} has no certificate to reach {to}")))?;
        let (tasks, ids) = (self.context.tasks.clone(), self.context.ids.clone());
        let spawn: Spawn = Arc::new(move |work| tasks.aside("connection", work));
        let chance: Chance = Arc::new(move || ids.chance());
        let remote = Remote::new(
            to,
            addresses,
            identity,
            &self.settings.connections,
            spawn,
            Arc::clone(&chance),
        )?;
        // The gateway repeats calls itself; routing repeats what it has committed until session has answered.
        let once = Policy {
            attempts: 1,
            ..Policy::default()
        };
        Ok(match from {
            "gateway" => remote.upstream(),
            _ => connect(remote.upstream(), once, chance),
        })
    }
}
