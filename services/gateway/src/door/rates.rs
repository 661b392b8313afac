//! How often whom may call what.

use super::{client_address::ClientAddress, is_call};
use crate::{Rate, Settings, rate::Buckets};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{Extensions, StatusCode, header};
use onqueue_model::{ApiClientId, Caller, Fault, ParticipantId, Principal, Reason, UserId};
use onqueue_server::{Clock, status};
use onqueue_telemetry::metrics::SHED;
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tonic::Status;

const LOGIN: &str = "/onqueue.auth.v1.TokenService/Login";
const CLIENT: &str = "/onqueue.auth.v1.TokenService/ClientCredentials";
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
    page: Rate,
    buckets: Buckets<(Kind, Who)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Login,
    Chat,
    GuestMessage,
    Typing,
    Call,
    /// Calls that were not let in.
    Refused,
    Page,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who {
    User(UserId),
    Client(ApiClientId),
    Guest(ParticipantId),
    Address(IpAddr),
    /// No address is known: only where no listener of ours stands in front.
    Unknown,
}

impl Who {
    /// Whose a request is: the verified caller's, else its address's.
    pub(super) fn of(extensions: &Extensions) -> Self {
        match extensions.get::<Caller>().map(|caller| &caller.principal) {
            Some(Principal::User { user, .. }) => Self::User(*user),
            Some(Principal::Client { client, .. }) => Self::Client(*client),
            Some(Principal::Guest { participant, .. }) => Self::Guest(*participant),
            None => Self::address(extensions),
        }
    }

    fn address(extensions: &Extensions) -> Self {
        let address = extensions.get::<ClientAddress>();
        address.map_or(Self::Unknown, |address| Self::Address(address.counted()))
    }
}

/// In a call's extensions: whether it was let in, and so counted among its caller's.
#[derive(Clone, Default)]
struct LetIn(Arc<AtomicBool>);

/// A call that is looked at: if it is not let in, it counts among the refusals of its address.
pub(super) struct Looked {
    address: Who,
    let_in: LetIn,
}

/// Too Many Requests, with the time to wait, for an address that loads pages too often. Calls are counted elsewhere.
pub(super) async fn limit_pages(State(rates): State<Arc<Rates>>, request: Request, next: Next) -> Response {
    if is_call(&request) {
        return next.run(request).await;
    }
    match rates.count_page(request.extensions()) {
        Ok(()) => next.run(request).await,
        Err(wait) => {
            SHED.add(1, &["rate"]);
            let seconds = wait.as_secs_f64().ceil().max(1.0).to_string();
            let told = "too many requests; try again soon\n";
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds)], told).into_response()
        }
    }
}

fn too_often(wait: Duration) -> Fault {
    SHED.add(1, &["rate"]);
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
            page: settings.page_rate,
            buckets: Buckets::new(settings.rate_entries),
        }
    }

    /// Looks at a call, unless too many from its address were refused: nothing from there is looked at until it has waited.
    /// Whoever guesses at tokens is not let check any number of them.
    pub(super) fn look(&self, extensions: &mut Extensions) -> Result<Looked, Status> {
        let address = Who::address(extensions);
        let looked = self.buckets.look(&(Kind::Refused, address), self.clock.now());
        looked.map_err(|wait| status(too_often(wait)))?;
        let let_in = LetIn::default();
        extensions.insert(let_in.clone());
        Ok(Looked { address, let_in })
    }

    /// The call was answered.
    pub(super) fn answered(&self, looked: &Looked) {
        if !looked.let_in.0.load(Ordering::Relaxed) {
            // Those that were under way together may empty the bucket; the next one is told.
            let refused = (Kind::Refused, looked.address);
            let _ = self.buckets.take(refused, self.call, self.clock.now());
        }
    }

    /// Counts a call that was let in. RATE_LIMITED, with the time to wait, for whoever calls too often.
    pub(super) fn let_in<B>(&self, request: &http::Request<B>) -> Result<(), Fault> {
        if let Some(LetIn(let_in)) = request.extensions().get() {
            let_in.store(true, Ordering::Relaxed);
        }
        self.count(request).map_err(too_often)
    }

    fn count_page(&self, extensions: &Extensions) -> Result<(), Duration> {
        let page = (Kind::Page, Who::address(extensions));
        self.buckets.take(page, self.page, self.clock.now())
    }

    fn count<B>(&self, request: &http::Request<B>) -> Result<(), Duration> {
        let address = Who::address(request.extensions());
        let caller = Who::of(request.extensions());
        let is_guest = matches!(caller, Who::Guest(_));
        let now = self.clock.now();
        self.buckets.take((Kind::Call, caller), self.call, now)?;
        let (kind, who, rate) = match request.uri().path() {
            LOGIN | CLIENT => (Kind::Login, address, self.login),
            START => (Kind::Chat, address, self.chat),
            SEND if is_guest => (Kind::GuestMessage, caller, self.guest_message),
            TYPING => (Kind::Typing, caller, self.typing),
            _ => return Ok(()),
        };
        self.buckets.take((kind, who), rate, now)
    }
}
