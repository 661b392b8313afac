//! How often whom may call what.

use super::client_address::ClientAddress;
use crate::{Rate, Settings, rate::Buckets};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use onqueue_model::{Caller, Fault, ParticipantId, Principal, Reason, UserId};
use onqueue_server::{Clock, status};
use std::{net::IpAddr, sync::Arc, time::Duration};

const LOGIN: &str = "/onqueue.auth.v1.TokenService/Login";
const START: &str = "/onqueue.session.v1.ConversationService/StartConversation";
const SEND: &str = "/onqueue.session.v1.ConversationService/SendMessage";
const TYPING: &str = "/onqueue.session.v1.ConversationService/SendTyping";

/// Counts calls against the settings' rates.
pub(super) struct Rates {
    clock: Clock,
    login: Rate,
    chat: Rate,
    guest_message: Rate,
    typing: Rate,
    call: Rate,
    buckets: Buckets<(Kind, Who)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Login,
    Chat,
    GuestMessage,
    Typing,
    Call,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Who {
    User(UserId),
    Guest(ParticipantId),
    Address(IpAddr),
    /// No address is known: only where no listener of ours stands in front.
    Unknown,
}

/// RESOURCE_EXHAUSTED / RATE_LIMITED, with the time to wait, for whoever calls too often.
pub(super) async fn limit(State(rates): State<Arc<Rates>>, request: Request, next: Next) -> Response {
    match rates.count(&request) {
        Ok(()) => next.run(request).await,
        Err(wait) => status(too_often(wait)).into_http(),
    }
}

fn too_often(wait: Duration) -> Fault {
    let wait = wait.max(Duration::from_millis(1));
    let message = format!("too many calls; try again in {} ms", wait.as_millis());
    Fault::new(Reason::RateLimited, message).with_retry_after(wait)
}

impl Rates {
    pub(super) fn new(settings: &Settings, clock: &Clock) -> Self {
        Self {
            clock: clock.clone(),
            login: settings.login_rate,
            chat: settings.chat_rate,
            guest_message: settings.guest_message_rate,
            typing: settings.typing_rate,
            call: settings.call_rate,
            buckets: Buckets::new(settings.rate_entries),
        }
    }

    fn count(&self, request: &Request) -> Result<(), Duration> {
        let address = request.extensions().get::<ClientAddress>().copied();
        let address = address.map_or(Who::Unknown, |address| Who::Address(address.counted()));
        let caller = request.extensions().get::<Caller>().map_or(address, who);
        let is_guest = matches!(caller, Who::Guest(_));
        let now = self.clock.now();
        self.buckets.take((Kind::Call, caller), self.call, now)?;
        let (kind, who, rate) = match request.uri().path() {
            LOGIN => (Kind::Login, address, self.login),
            START => (Kind::Chat, address, self.chat),
            SEND if is_guest => (Kind::GuestMessage, caller, self.guest_message),
            TYPING => (Kind::Typing, caller, self.typing),
            _ => return Ok(()),
        };
        self.buckets.take((kind, who), rate, now)
    }
}

const fn who(caller: &Caller) -> Who {
    match caller.principal {
        Principal::User { user, .. } => Who::User(user),
        Principal::Guest { participant, .. } => Who::Guest(participant),
    }
}
