//! The public door, called as any client does: with a deadline for each call, and again where what was made a moment ago is not
//! known everywhere yet.

use onqueue_model::{Fault, Timestamp};
use onqueue_proto::auth::v1::{LoginRequest, token_service_client::TokenServiceClient};
use onqueue_server::{Clock, Ids};
use std::{future::Future, time::Duration};
use tonic::{
    Code, Request, Response, Status,
    metadata::MetadataValue,
    transport::{Channel, Endpoint},
};

/// The pause between two tries, below the calls that one caller may make.
const PAUSE: Duration = Duration::from_millis(250);

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
}

impl Door {
    /// At `http://host:port`; nothing is sent yet. Each step gets as long as the patience lasts.
    pub fn new(address: &str, patience: Duration, clock: Clock, ids: Ids) -> Result<Self, Fault> {
        let wrong = |problem: &str| {
            Fault::unavailable(format!(
                "--address {address}: {problem}; it is http://host:port of the public door"
            ))
        };
        if !address.starts_with("http://") {
            return Err(wrong("only plain HTTP is spoken here"));
        }
        let endpoint = Endpoint::from_shared(address.to_owned()).map_err(|error| wrong(&error.to_string()))?;
        Ok(Self {
            channel: endpoint.connect_timeout(CALL).connect_lazy(),
            clock,
            ids,
            patience,
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
    /// is over; then the last refusal is the error.
    pub async fn step<T>(
        &self,
        what: &str,
        mut call: impl AsyncFnMut() -> Result<Response<T>, Status>,
    ) -> Result<T, Fault> {
        let begun = self.clock.now();
        loop {
            let status = match call().await {
                Ok(response) => return Ok(response.into_inner()),
                Err(status) => status,
            };
            if !may_change(status.code()) || since(begun, self.clock.now()) >= self.patience {
                return Err(refused(what, &status));
            }
            self.clock.sleep(PAUSE).await;
        }
    }

    /// Waits for something at most as long as the patience lasts.
    pub async fn wait<T>(&self, what: &str, until: impl Future<Output = Result<T, Status>>) -> Result<T, Fault> {
        match tokio::time::timeout(self.patience, until).await {
            Ok(answered) => answered.map_err(|status| refused(what, &status)),
            Err(_) => Err(Fault::unavailable(format!(
                "{what}: nothing came within {} s",
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

fn refused(what: &str, status: &Status) -> Fault {
    let reason = onqueue_client::reason(status).map(|reason| format!(" ({})", reason.as_str()));
    Fault::unavailable(format!(
        "{what}: {:?}{}: {}",
        status.code(),
        reason.unwrap_or_default(),
        status.message()
    ))
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

    #[tokio::test]
    async fn an_address_is_plain_http() {
        for (address, is_good) in [
            ("http://127.0.0.1:8080", true),
            ("https://127.0.0.1:8080", false),
            ("127.0.0.1:8080", false),
            ("http://", false),
        ] {
            let door = Door::new(address, CALL, Clock::system(), Ids::system());
            assert_eq!(door.is_ok(), is_good, "{address}");
        }
    }
}
