//! Who answers at the addresses of `[clients]`: the service that is meant, another one, a stranger, or nobody.

use super::Finding;
use crate::{node::OWNERS, settings::Settings};
use futures::future::join_all;
use onqueue_credentials::{Identity, SERVICES, server_name};
use std::{io, net::SocketAddr, path::Path, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{CertificateError, Error},
};

/// How long an address may take to answer.
const ANSWERED: Duration = Duration::from_secs(2);

/// Addresses of one name that are tried.
const MOST: usize = 16;

/// How HTTP/2 begins: its preface, and settings that change nothing (RFC 9113, 3.4). A service says nothing before it has heard
/// that.
const FIRST_WORDS: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

const ONE_AUTHORITY: &str = "the folders there and here must be of one authority: make all with one `onqueue certs` \
    (docs/operate.md, “Certificates”)";

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    /// A service, by its certificate.
    Service(&'static str),
    /// Somebody whose certificate is of another authority, or who takes ours for that.
    Stranger(String),
    /// Something that is no service of ours.
    Other(String),
    /// Nobody.
    Nobody(String),
}

/// An address of a service, as one of its callers sees it.
struct Target {
    service: &'static str,
    address: String,
    identity: Identity,
}

/// Tries every address that a service of this process would call, all at the same time.
pub async fn addresses(settings: &Settings) -> Vec<Finding> {
    let targets = OWNERS.into_iter().flat_map(|service| targets(settings, service));
    let found = join_all(targets.map(Target::examine)).await;
    found.into_iter().flatten().collect()
}

/// Without a certificate to show there is nothing to try; that it is missing is told elsewhere.
fn targets(settings: &Settings, service: &'static str) -> Vec<Target> {
    let folder = Path::new(&settings.tls.folder);
    let services = settings.process.services();
    let callers = services.callers_of(service);
    let identity = callers
        .into_iter()
        .find_map(|caller| Identity::load(folder, caller).ok());
    let Some(identity) = identity.filter(|_| !settings.tls.folder.is_empty()) else {
        return Vec::new();
    };
    let addresses = settings.clients.of(service).iter();
    addresses
        .map(|address| Target {
            service,
            address: address.clone(),
            identity: identity.clone(),
        })
        .collect()
}

impl Target {
    async fn examine(self) -> Vec<Finding> {
        let found = match timeout(ANSWERED, lookup_host(self.address.as_str())).await {
            Ok(Ok(found)) => found.take(MOST).collect(),
            Ok(Err(error)) => return vec![self.told(&self.address, &Answer::Nobody(error.to_string()))],
            Err(_) => Vec::new(),
        };
        if found.is_empty() {
            let problem = "the name has no address".to_owned();
            return vec![self.told(&self.address, &Answer::Nobody(problem))];
        }
        join_all(found.into_iter().map(|at| self.ask(at))).await
    }

    async fn ask(&self, at: SocketAddr) -> Finding {
        let late = |_| Answer::Nobody(format!("no answer within {} s", ANSWERED.as_secs()));
        let answer = timeout(ANSWERED, self.who_is(at)).await.unwrap_or_else(late);
        let place = match at.to_string() {
            same if same == self.address => same,
            at => format!("{} ({at})", self.address),
        };
        self.told(&place, &answer)
    }

    async fn who_is(&self, at: SocketAddr) -> Answer {
        let Err(error) = self.greet(at, self.service).await else {
            return Answer::Service(self.service);
        };
        if !is_other_name(&error) {
            return unanswered(&error);
        }
        for other in SERVICES.into_iter().filter(|other| *other != self.service) {
            if self.greet(at, other).await.is_ok() {
                return Answer::Service(other);
            }
        }
        Answer::Other("its certificate names none of the services".to_owned())
    }

    /// Shakes hands with whom the certificate says to be that service. Whether ours was accepted is known when the other side
    /// says something.
    async fn greet(&self, at: SocketAddr, service: &str) -> io::Result<()> {
        let io = TcpStream::connect(at).await?;
        let tls = TlsConnector::from(self.identity.client());
        let mut io = tls.connect(server_name(service), io).await?;
        io.write_all(FIRST_WORDS).await?;
        io.flush().await?;
        io.read_u8().await.map(drop)
    }

    fn told(&self, place: &str, answer: &Answer) -> Finding {
        let Self { service, .. } = self;
        let check = format!("clients.{service}");
        match answer {
            Answer::Service(found) if found == service => Finding::ok(check, format!("{found} answers at {place}")),
            Answer::Service(other) => Finding::fail(
                check.clone(),
                format!("{other} answers at {place}, not {service}"),
                &format!("correct {check}: name where {service} listens ({service}.listen there)"),
            ),
            Answer::Stranger(problem) => Finding::fail(
                check,
                format!("whoever answers at {place} is a stranger: {problem}"),
                ONE_AUTHORITY,
            ),
            Answer::Other(problem) => Finding::fail(
                check.clone(),
                format!("something else answers at {place}: {problem}"),
                &format!("correct {check}: name where {service} listens ({service}.listen there)"),
            ),
            Answer::Nobody(problem) => Finding::warn(
                check.clone(),
                format!("nobody answers at {place}: {problem}"),
                &format!("start {service} there, or correct {check}"),
            ),
        }
    }
}

fn ours(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref::<Error>()
}

fn is_other_name(error: &io::Error) -> bool {
    use CertificateError::{NotValidForName, NotValidForNameContext};
    matches!(
        ours(error),
        Some(Error::InvalidCertificate(
            NotValidForName | NotValidForNameContext { .. }
        ))
    )
}

fn unanswered(error: &io::Error) -> Answer {
    match ours(error) {
        Some(Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)) => {
            Answer::Stranger("its certificate is of another authority".to_owned())
        }
        Some(Error::InvalidCertificate(why)) => Answer::Stranger(format!("its certificate is not accepted: {why}")),
        Some(Error::AlertReceived(why)) => Answer::Stranger(format!("it does not accept our certificate: {why:?}")),
        Some(_) => Answer::Other("it does not speak TLS as services do".to_owned()),
        None => match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                Answer::Other("it does not speak TLS as services do".to_owned())
            }
            _ => Answer::Nobody(error.to_string()),
        },
    }
}
