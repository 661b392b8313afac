//! The public door, called as any client does: by HTTP/2, with or without TLS, with a deadline for each call, and again where
//! what was made a moment ago is not known everywhere yet.

use super::tls::{Secured, host};
use onqueue_credentials::SERVICES;
use onqueue_model::{Fault, Reason, Timestamp};
use onqueue_proto::auth::v1::{LoginRequest, token_service_client::TokenServiceClient};
use onqueue_server::{Clock, Ids};
use std::{future::Future, path::Path, time::Duration};
use tokio_rustls::rustls::pki_types::ServerName;
use tonic::{
    Code, Request, Response, Status,
    metadata::MetadataValue,
    transport::{Channel, Endpoint},
};

/// The pause before the second try. Each is twice as long as the one before, up to the longest, so that the tries stay below what
/// one caller may ask for, logins too.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// How long one call may take.
const CALL: Duration = Duration::from_secs(10);

/// What a caller proves who they are with.
#[derive(Clone)]
pub struct Token(MetadataValue<tonic::metadata::Ascii>);

/// The way in.
pub struct Door {
    pub channel: Channel,
    pub clock: Clock,
    pub ids: Ids,
    patience: Duration,
    tls: Option<Secured>,
}

/// Where the door is, and who is trusted there.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// `http://host:port` or `https://host:port`.
    pub address: &'a str,
    /// The authorities to trust (PEM), for https only; the machine's otherwise.
    pub authorities: Option<&'a Path>,
}

impl Place<'_> {
    fn wrong(&self, problem: &str) -> Fault {
        let address = self.address;
        Fault::unavailable(format!(
            "--address {address}: {problem}; it is http://host:port or https://host:port of the public door"
        ))
    }

    fn endpoint(&self) -> Result<(Endpoint, bool), Fault> {
        let is_secured = self.address.starts_with("https://");
        if !is_secured && !self.address.starts_with("http://") {
            return Err(self.wrong("what is spoken there is missing"));
        }
        let endpoint = Endpoint::from_shared(self.address.to_owned());
        let endpoint = endpoint.map_err(|error| self.wrong(&error.to_string()))?;
        if is_secured && ServerName::try_from(host(endpoint.uri())).is_err() {
            return Err(self.wrong("no certificate can be for such a name"));
        }
        if !is_secured && self.authorities.is_some() {
            return Err(self.wrong("--ca is for https://"));
        }
        Ok((endpoint.connect_timeout(CALL), is_secured))
    }
}

impl Door {
    /// There; nothing is sent yet. Each step gets as long as the patience lasts.
    pub fn new(place: Place, patience: Duration, clock: Clock, ids: Ids) -> Result<Self, Fault> {
        let (endpoint, is_secured) = place.endpoint()?;
        let tls = is_secured.then(|| Secured::new(place.authorities)).transpose()?;
        Ok(Self {
            channel: match &tls {
                Some(tls) => tls.channel(&endpoint),
                None => endpoint.connect_lazy(),
            },
            clock,
            ids,
            patience,
            tls,
        })
    }

    /// Opens a session; waits for a door that is not there yet.
    pub async fn login(&self, organisation: &str, email: &str, password: &str) -> Result<Token, Fault> {
        let request = LoginRequest {
            organisation: organisation.to_owned(),
            email: email.to_owned(),
            password: password.to_owned(),
        };
        let login = async || {
            let mut client = TokenServiceClient::new(self.channel.clone());
            client.login(timed(request.clone())).await
        };
        let answer = self.step(&format!("logging in as {email}"), login).await?;
        let tokens = answer.tokens.unwrap_or_default();
        Token::new(&tokens.access_token)
    }

    /// A name or key that nothing else has.
    pub fn unique(&self) -> String {
        self.ids.uuid(self.clock.now()).to_string()
    }

    /// Calls until it is answered. What is not there yet, not known everywhere yet, or busy is tried again until the patience
    /// is over; then the first refusal is the error, for later ones may only follow from trying again.
    pub async fn step<T>(
        &self,
        what: &str,
        mut call: impl AsyncFnMut() -> Result<Response<T>, Status>,
    ) -> Result<T, Fault> {
        let (begun, mut pause, mut first) = (self.clock.now(), FIRST_PAUSE, None);
        loop {
            let status = match call().await {
                Ok(response) => return Ok(response.into_inner()),
                Err(status) => status,
            };
            let trouble = self.tls.as_ref().and_then(Secured::trouble);
            let is_over = since(begun, self.clock.now()) >= self.patience;
            match trouble {
                Some(trouble) if trouble.is_final || is_over => {
                    return Err(Fault::unavailable(format!("{what}: {}", trouble.text)));
                }
                Some(_) => {}
                None if !may_change(status.code()) => return Err(refused(what, asked::<T>(), &status)),
                None if is_over => return Err(refused(what, asked::<T>(), first.as_ref().unwrap_or(&status))),
                None => {}
            }
            let wanted = onqueue_client::retry_after(&status).unwrap_or_default();
            first = first.or(Some(status));
            self.clock.sleep(pause.max(wanted.min(self.patience))).await;
            pause = later(pause);
        }
    }

    /// Waits for something that a service says, at most as long as the patience lasts.
    pub async fn wait<T>(
        &self,
        (service, what): (&str, &str),
        until: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Fault> {
        match tokio::time::timeout(self.patience, until).await {
            Ok(answered) => answered.map_err(|status| refused(what, Some(service), &status)),
            Err(_) => Err(Fault::unavailable(format!(
                "{what}: nothing came from {service} within {} s",
                self.patience.as_secs()
            ))),
        }
    }
}

impl Token {
    /// An access token, as a call carries it.
    pub fn new(access: &str) -> Result<Self, Fault> {
        let value = MetadataValue::try_from(format!("Bearer {access}"));
        value
            .map(Self)
            .map_err(|_| Fault::unavailable("the access token is not ASCII"))
    }

    /// A call of whoever holds it.
    pub fn bearing<T>(&self, message: T) -> Request<T> {
        self.carried(timed(message))
    }

    /// A stream of theirs: it goes on without a deadline.
    pub fn following<T>(&self, message: T) -> Request<T> {
        self.carried(Request::new(message))
    }

    fn carried<T>(&self, mut request: Request<T>) -> Request<T> {
        request.metadata_mut().insert("authorization", self.0.clone());
        request
    }
}

fn timed<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(CALL);
    request
}

/// How much time lies between.
pub fn since(begun: Timestamp, now: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(now.millis() - begun.millis()).unwrap_or_default())
}

/// Whether the same call may be answered otherwise in a moment: permissions and deployments are in force everywhere within
/// seconds.
fn may_change(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable | Code::PermissionDenied | Code::NotFound | Code::Aborted | Code::ResourceExhausted
    )
}

fn later(pause: Duration) -> Duration {
    LONGEST_PAUSE.min(pause * 2)
}

/// The service whose answers such messages are: they are in the module of its protos.
fn asked<T>() -> Option<&'static str> {
    let name = std::any::type_name::<T>();
    let is_of = |service: &&str| name.contains(&format!("onqueue_proto::{service}::"));
    SERVICES.into_iter().find(is_of)
}

/// What was refused, by whom, and why. The public door itself counts calls, and says which service it cannot reach; a status
/// without a reason is of no service of ours.
fn refused(what: &str, asked: Option<&str>, status: &Status) -> Fault {
    let reason = onqueue_client::reason(status);
    let by = match (onqueue_client::metadata(status, "service"), reason) {
        (Some(service), _) => Some(service),
        (None, Some(Reason::RateLimited)) => Some("gateway".to_owned()),
        (None, Some(_)) => asked.map(str::to_owned),
        (None, None) => None,
    };
    let by = by.map(|service| format!("{service} refused: ")).unwrap_or_default();
    let reason = reason
        .map(|reason| format!(" ({})", reason.as_str()))
        .unwrap_or_default();
    Fault::unavailable(format!("{what}: {by}{:?}{reason}: {}", status.code(), status.message()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_change_is_tried_again() {
        for (code, expected) in [
            (Code::Unavailable, true),
            (Code::NotFound, true),
            (Code::PermissionDenied, true),
            (Code::Unauthenticated, false),
            (Code::InvalidArgument, false),
            (Code::Internal, false),
        ] {
            assert_eq!(may_change(code), expected, "{code:?}");
        }
    }

    #[test]
    fn messages_name_the_service_that_answers_with_them() {
        use onqueue_proto::{auth::v1::LoginResponse, routing::v1::WatchMeResponse, session::v1::SendMessageResponse};
        assert_eq!(asked::<LoginResponse>(), Some("auth"));
        assert_eq!(asked::<SendMessageResponse>(), Some("session"));
        assert_eq!(asked::<tonic::Streaming<WatchMeResponse>>(), Some("routing"));
        assert_eq!(asked::<String>(), None);
    }

    /// A door with that patience; nobody is behind it.
    fn door(patience: Duration) -> Door {
        let place = Place {
            address: "http://127.0.0.1:1",
            authorities: None,
        };
        Door::new(place, patience, Clock::system(), Ids::system()).expect("a door")
    }

    fn told(fault: &Fault) -> String {
        fault.context.clone().unwrap_or_default()
    }

    #[tokio::test]
    async fn the_first_refusal_is_told_with_who_refused() {
        let mut refusals = vec![
            onqueue_server::status(Fault::new(Reason::QueueNotFound, "there is no such queue")),
            onqueue_server::status(Fault::new(Reason::RateLimited, "too many")),
        ]
        .into_iter()
        .cycle();
        let call = async || -> Result<Response<onqueue_proto::session::v1::StartConversationResponse>, Status> {
            Err(refusals.next().expect("without an end"))
        };
        let refused = door(Duration::from_millis(600)).step("starting a chat", call).await;
        let told = told(&refused.expect_err("refused"));
        assert!(
            told.starts_with("starting a chat: session refused: NotFound (QUEUE_NOT_FOUND): "),
            "{told}"
        );
    }

    #[test]
    fn tries_become_rarer() {
        let pauses = std::iter::successors(Some(FIRST_PAUSE), |pause| Some(later(*pause)));
        let seconds: Vec<f64> = pauses.take(7).map(|pause| pause.as_secs_f64()).collect();
        assert_eq!(seconds, [0.25, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0]);
    }

    #[tokio::test]
    async fn an_address_says_what_is_spoken_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "no certificate").expect("written");
        let missing = folder.path().join("missing.pem");
        for (address, authorities, expected) in [
            ("http://127.0.0.1:8080", None, ""),
            ("127.0.0.1:8080", None, "what is spoken there is missing"),
            ("http://", None, "--address http://"),
            ("https://chat..example", None, "no certificate can be for such a name"),
            ("http://127.0.0.1:8080", Some(&empty), "--ca is for https://"),
            ("https://127.0.0.1:8443", Some(&empty), "there is no certificate in it"),
            ("https://127.0.0.1:8443", Some(&missing), "missing.pem: No such file"),
        ] {
            let place = Place {
                address,
                authorities: authorities.map(std::path::PathBuf::as_path),
            };
            let told = Door::new(place, CALL, Clock::system(), Ids::system()).err();
            let told = told
                .map(|fault| fault.context.unwrap_or(fault.message))
                .unwrap_or_default();
            assert!(
                told.contains(expected) && told.is_empty() == expected.is_empty(),
                "{address}: {told}"
            );
        }
    }
}
