//! From what the settings call a service's endpoints to the addresses they are now.

use futures::future::{BoxFuture, join_all};
use onqueue_model::Fault;
use std::{collections::BTreeSet, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::time::sleep;

/// Gives the addresses of `host:port`.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// The system's way.
pub(super) fn system() -> Lookup {
    Arc::new(|name| Box::pin(async move { Ok(tokio::net::lookup_host(name).await?.collect()) }))
}

/// One line of the settings.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    Address(SocketAddr),
    Name(String),
}

/// FIELD_INVALID about `clients.<service>` for what is not `host:port`, and for nothing at all.
pub(super) fn targets(service: &str, endpoints: &[String]) -> Result<Vec<Target>, Fault> {
    let field = |problem: String| Fault::field("clients", problem).about(&format!("clients.{service}"));
    if endpoints.is_empty() {
        return Err(field("must name at least one endpoint".to_owned()));
    }
    let read = |text: &String| target(text).ok_or_else(|| field(format!("must be host:port, which {text:?} is not")));
    endpoints.iter().map(read).collect()
}

fn target(text: &str) -> Option<Target> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return (address.port() != 0).then_some(Target::Address(address));
    }
    let (host, port) = text.rsplit_once(':')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let port: u16 = port.parse().ok()?;
    let named = !host.is_empty() && host.chars().all(is_name) && port != 0;
    named.then(|| Target::Name(text.to_owned()))
}

/// Gives the addresses to `update`, now and whenever names are looked up anew. A name that can not be looked up keeps its
/// former addresses. Ends only if there are no names.
pub(super) async fn follow(
    targets: Vec<Target>,
    lookup: Lookup,
    every: Duration,
    mut update: impl FnMut(BTreeSet<SocketAddr>),
) {
    let mut fixed = BTreeSet::new();
    let mut names = Vec::new();
    for target in targets {
        match target {
            Target::Address(address) => drop(fixed.insert(address)),
            Target::Name(name) => names.push(Name::new(name)),
        }
    }
    // What needs no looking up does not wait for it.
    update(fixed.clone());
    while !names.is_empty() {
        join_all(names.iter_mut().map(|name| name.look_up(&lookup))).await;
        let named = names.iter().flat_map(|name| &name.addresses);
        update(fixed.iter().chain(named).copied().collect());
        sleep(every).await;
    }
}

struct Name {
    name: String,
    addresses: BTreeSet<SocketAddr>,
    /// Why it could not be looked up the last time.
    problem: Option<String>,
}

impl Name {
    const fn new(name: String) -> Self {
        Self {
            name,
            addresses: BTreeSet::new(),
            problem: None,
        }
    }

    async fn look_up(&mut self, lookup: &Lookup) {
        let found = match lookup(self.name.clone()).await {
            Ok(found) if found.is_empty() => Err("it has no address".to_owned()),
            Ok(found) => Ok(found.into_iter().collect::<BTreeSet<_>>()),
            Err(error) => Err(error.to_string()),
        };
        match found {
            Ok(addresses) => {
                if addresses != self.addresses {
                    tracing::info!(name = self.name, ?addresses, "addresses found");
                }
                self.addresses = addresses;
                self.problem = None;
            }
            Err(problem) => self.note(problem),
        }
    }

    /// Logs a problem once.
    fn note(&mut self, problem: String) {
        if self.problem.as_ref() != Some(&problem) {
            tracing::warn!(name = self.name, problem, "name not found; its former addresses stay");
        }
        self.problem = Some(problem);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_testkit::until;
    use std::sync::Mutex;

    #[test]
    fn endpoints_are_host_and_port() {
        let name = |text: &str| Some(Target::Name(text.to_owned()));
        for (text, expected) in [
            ("127.0.0.1:7003", Some(Target::Address(([127, 0, 0, 1], 7003).into()))),
            (
                "[::1]:7003",
                Some(Target::Address(([0, 0, 0, 0, 0, 0, 0, 1], 7003).into())),
            ),
            ("session:7003", name("session:7003")),
            (
                "session.onqueue.svc.cluster.local:7003",
                name("session.onqueue.svc.cluster.local:7003"),
            ),
            ("session", None),
            ("session:", None),
            ("session:0", None),
            ("127.0.0.1:0", None),
            (":7003", None),
            ("http://session:7003", None),
            ("::1:7003", None),
            ("session:70000", None),
            ("", None),
        ] {
            assert_eq!(target(text), expected, "{text:?}");
        }
        assert!(targets("auth", &[]).is_err());
        let told = targets("auth", &["auth".to_owned()]).map_err(|fault| fault.metadata);
        assert_eq!(told, Err(vec![("field", "clients.auth".to_owned())]));
    }

    #[tokio::test]
    async fn names_are_looked_up_anew_and_keep_what_they_had() {
        let address = |n: u8| SocketAddr::from(([10, 0, 0, n], 1));
        let answers = Mutex::new(vec![
            Ok(vec![address(1), address(2)]),
            Err(io::Error::other("away")),
            Ok(vec![]),
            Ok(vec![address(2)]),
        ]);
        answers.lock().expect("answers").reverse();
        let lookup: Lookup = Arc::new(move |name| {
            assert_eq!(name, "session:1");
            let answer = answers.lock().expect("answers").pop();
            Box::pin(async move {
                match answer {
                    Some(answer) => answer,
                    None => std::future::pending().await,
                }
            })
        });
        let seen = Mutex::new(Vec::new());
        let targets = vec![Target::Address(address(9)), Target::Name("session:1".to_owned())];
        let follow = follow(targets, lookup, Duration::from_millis(1), |addresses| {
            seen.lock()
                .expect("seen")
                .push(addresses.into_iter().collect::<Vec<_>>());
        });
        tokio::select! {
            () = follow => unreachable!("there is a name"),
            () = until("all were seen", Duration::from_secs(20), async || seen.lock().expect("seen").len() == 5) => {}
        }
        let both = vec![address(1), address(2), address(9)];
        let last = vec![address(2), address(9)];
        let seen = seen.into_inner().expect("seen");
        assert_eq!(seen, [vec![address(9)], both.clone(), both.clone(), both, last]);
    }
}
