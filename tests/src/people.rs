//! Customers, agents and supervisors as gRPC clients of a public door.

use onqueue_proto::{
    auth::v1::{LoginRequest, LoginResponse, token_service_client::TokenServiceClient},
    routing::v1::{
        AcceptOfferRequest, GoOnQueueRequest, HeartbeatRequest, Offer, WatchMeRequest,
        agent_service_client::AgentServiceClient, watch_me_response,
    },
    session::v1::{
        Event, ListEventsRequest, ResumeConversationRequest, SendMessageRequest, SendMessageResponse,
        StartConversationRequest, StartConversationResponse, conversation_service_client::ConversationServiceClient,
        event, transcript_service_client::TranscriptServiceClient,
    },
};
use serde_json::Value;
use std::{net::SocketAddr, time::Duration};
use tonic::{Request, Response, Status, metadata::MetadataValue, transport::Channel, transport::Endpoint};
use uuid::Uuid;

/// How long something may take to be so that is on its way.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long whoever waits does not look: nobody may call more often than fifty times a second for long.
const PAUSE: Duration = Duration::from_millis(50);

/// Waits until it is so, looking at it through the public door.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let looks = async || {
        let so = is_so().await;
        if !so {
            tokio::time::sleep(PAUSE).await;
        }
        so
    };
    onqueue_testkit::until(what, PATIENCE, looks).await;
}

/// A connection that is made anew when it breaks.
pub fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}"))
        .expect("an address")
        .connect_timeout(Duration::from_secs(1))
        .connect_lazy()
}

/// A request with a token and a deadline.
pub fn bearing<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert(
        "authorization",
        MetadataValue::try_from(format!("Bearer {token}")).expect("ASCII"),
    );
    request
}

/// A user of the demo by the beginning of their name: e-mail address and password.
pub fn demo_user<'a>(credentials: &'a Value, name: &str) -> (&'a str, &'a str) {
    let users = credentials["users"].as_array().expect("users");
    let user = users
        .iter()
        .find(|user| user["name"].as_str().is_some_and(|full| full.starts_with(name)))
        .expect("in the demo");
    (
        user["email"].as_str().expect("text"),
        user["password"].as_str().expect("text"),
    )
}

/// Logs a demo user in.
pub async fn login(address: SocketAddr, credentials: &Value, name: &str) -> LoginResponse {
    let (email, password) = demo_user(credentials, name);
    let organisation = credentials["organisation"].as_str().expect("text").to_owned();
    let request = LoginRequest {
        organisation,
        email: email.to_owned(),
        password: password.to_owned(),
    };
    TokenServiceClient::new(channel(address))
        .login(request)
        .await
        .expect("logs in")
        .into_inner()
}

/// A customer with an open chat.
#[derive(Clone)]
pub struct Customer {
    pub client: ConversationServiceClient<Channel>,
    pub conversation: String,
    pub token: String,
    pub resume_token: String,
    address: SocketAddr,
}

impl Customer {
    /// A request that starts a chat in a queue of the demo.
    pub fn request(credentials: &Value, queue: &str, language: &str) -> StartConversationRequest {
        StartConversationRequest {
            request_id: Uuid::now_v7().to_string(),
            deployment_id: credentials["deployment"].as_str().expect("text").to_owned(),
            queue_id: credentials["queues"][queue]
                .as_str()
                .expect("a queue of the demo")
                .to_owned(),
            language: language.to_owned(),
            guest_name: "Jürgen".to_owned(),
            ..StartConversationRequest::default()
        }
    }

    /// Starts a chat.
    pub async fn start(address: SocketAddr, credentials: &Value, queue: &str, language: &str) -> Self {
        Self::begin(address, Self::request(credentials, queue, language)).await
    }

    /// Starts what the request asks for.
    pub async fn begin(address: SocketAddr, request: StartConversationRequest) -> Self {
        let mut client = ConversationServiceClient::new(channel(address));
        let started = client.start_conversation(request).await.expect("starts").into_inner();
        Self::of(address, client, started)
    }

    fn of(address: SocketAddr, client: ConversationServiceClient<Channel>, started: StartConversationResponse) -> Self {
        let tokens = started.tokens.expect("tokens");
        let conversation = started.conversation.expect("a conversation").conversation_id;
        Self {
            client,
            conversation,
            token: tokens.access_token,
            resume_token: tokens.resume_token,
            address,
        }
    }

    /// Sends one message.
    pub async fn send(&self, key: &str, text: &str) -> Result<Response<SendMessageResponse>, Status> {
        send(self.client.clone(), &self.token, &self.conversation, key, text).await
    }

    /// The service is somewhere else now; the access token is renewed on the way, as a page does.
    pub async fn moved_to(&mut self, address: SocketAddr) {
        (self.address, self.client) = (address, ConversationServiceClient::new(channel(address)));
        let request = ResumeConversationRequest {
            resume_token: self.resume_token.clone(),
        };
        let tokens = self
            .client
            .resume_conversation(request)
            .await
            .expect("resumes")
            .into_inner()
            .tokens
            .expect("tokens");
        (self.token, self.resume_token) = (tokens.access_token, tokens.resume_token);
    }

    /// Waits until somebody has joined the chat: what routing has given is in session's log soon after.
    pub async fn until_joined(&self) {
        let joined = |event: &Event| matches!(event.body, Some(event::Body::ParticipantJoined(_)));
        let shown = async || self.events().await.iter().any(joined);
        until("somebody to join", shown).await;
    }

    /// The log as the customer sees it.
    pub async fn events(&self) -> Vec<Event> {
        events(self.address, &self.token, &self.conversation).await
    }
}

/// Sends one message as whoever holds the token.
pub async fn send(
    mut client: ConversationServiceClient<Channel>,
    token: &str,
    conversation: &str,
    key: &str,
    text: &str,
) -> Result<Response<SendMessageResponse>, Status> {
    let message = SendMessageRequest {
        conversation_id: conversation.to_owned(),
        client_message_id: key.to_owned(),
        text: text.to_owned(),
    };
    let mut request = bearing(token, message);
    request.set_timeout(Duration::from_secs(2));
    client.send_message(request).await
}

/// A conversation's whole log, as whoever holds the token sees it.
pub async fn events(address: SocketAddr, token: &str, conversation: &str) -> Vec<Event> {
    let mut client = TranscriptServiceClient::new(channel(address));
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListEventsRequest {
            conversation_id: conversation.to_owned(),
            page_size: 500,
            page_token,
        };
        let page = client
            .list_events(bearing(token, request))
            .await
            .expect("lists")
            .into_inner();
        all.extend(page.events);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}

/// The texts of the messages in a log, in order.
pub fn messages(events: &[Event]) -> Vec<String> {
    let text = |event: &Event| match &event.body {
        Some(event::Body::Message(message)) => Some(message.text.clone()),
        _ => None,
    };
    events.iter().filter_map(text).collect()
}

/// Fails unless the numbers are 1, 2, 3 …
pub fn assert_dense(events: &[Event]) {
    let numbers: Vec<i64> = events.iter().map(|event| event.sequence).collect();
    let expected: Vec<i64> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, expected);
}

/// An agent who is logged in.
#[derive(Clone)]
pub struct Agent {
    pub client: AgentServiceClient<Channel>,
    pub token: String,
    pub user: String,
}

impl Agent {
    /// Logs a demo user in.
    pub async fn login(address: SocketAddr, credentials: &Value, name: &str) -> Self {
        let answer = login(address, credentials, name).await;
        let token = answer.tokens.expect("tokens").access_token;
        Self {
            client: AgentServiceClient::new(channel(address)),
            token,
            user: answer.identity.expect("identity").user_id,
        }
    }

    /// Goes on queue.
    pub async fn on_queue(&mut self) {
        self.client
            .go_on_queue(bearing(&self.token, GoOnQueueRequest {}))
            .await
            .expect("goes on queue");
    }

    /// Follows offers until one alerts; answers heartbeats meanwhile.
    pub async fn next_offer(&mut self) -> Offer {
        let mut stream = self
            .client
            .watch_me(bearing(&self.token, WatchMeRequest {}))
            .await
            .expect("watches")
            .into_inner();
        loop {
            let response = tokio::time::timeout(Duration::from_secs(20), stream.message())
                .await
                .expect("in time")
                .expect("lives")
                .expect("open");
            match response.frame {
                Some(watch_me_response::Frame::Offered(offer)) => return offer,
                Some(watch_me_response::Frame::Heartbeat(_)) => {
                    self.client
                        .heartbeat(bearing(&self.token, HeartbeatRequest {}))
                        .await
                        .expect("answers");
                }
                _ => {}
            }
        }
    }

    /// Accepts an offer; answers the conversation.
    pub async fn accept(&mut self, offer: &Offer) -> String {
        let request = AcceptOfferRequest {
            offer_id: offer.offer_id.clone(),
        };
        self.client
            .accept_offer(bearing(&self.token, request))
            .await
            .expect("accepts")
            .into_inner()
            .conversation_id
    }
}
