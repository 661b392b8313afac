//! One session service with everything that a test of it talks to: guests, agents, supervisors, and routing.
#![allow(dead_code, unused_imports)] // each test file uses its part of it

use onqueue_bus::Bus;
use onqueue_model::{DivisionId, Id, OrganisationId, QueueId, Timestamp, UserId};
use onqueue_proto::session::v1::{
    self as proto, Conversation, Event, ListEventsRequest, QueuePolicy, ReportRequest, SendMessageRequest,
    SendMessageResponse, StartConversationRequest, StartConversationResponse, WatchRequest, WatchResponse,
    assistance_service_client::AssistanceServiceClient, conversation_service_client::ConversationServiceClient,
    feed_service_client::FeedServiceClient, report_request::Fact,
    routing_facts_service_client::RoutingFactsServiceClient, supervision_service_client::SupervisionServiceClient,
    transcript_service_client::TranscriptServiceClient,
};
use onqueue_server::{Context, InProcess, ManualClock, as_peer, layered};
use onqueue_session::{Faults, Migrations, Settings};
use onqueue_store::Store;
use onqueue_testkit::{Tokens, migrated_store, still_context, with_token};
use onqueue_trust::{Deployment, DeploymentQueue, IdentityKey, IdentitySecret, Issuer, Key};
use std::{any::Any, time::Duration};
use tonic::{Status, Streaming};
use uuid::Uuid;

mod seen;

pub use seen::{any_frame, events, frame, is_dense, trail, word, words};

/// As long as a machine may take that has much else to do; who waits goes on as soon as it is so.
pub const SOON: Duration = Duration::from_secs(30);

pub fn id<T>(number: u128) -> Id<T> {
    Id::new(Uuid::from_u128(0x0190_a5c8_0000_7000_8000_0000_0000_0000 | number))
}

pub fn organisation() -> OrganisationId {
    id(1)
}

pub fn division() -> DivisionId {
    id(2)
}

pub fn queue() -> QueueId {
    id(3)
}

pub fn closed_queue() -> QueueId {
    id(4)
}

pub fn agent() -> UserId {
    id(10)
}

/// The usual settings, but that who starts a chat is answered without waiting for routing's word: in most of these tests
/// nobody gives one, and each chat would take a second.
pub fn settings() -> Settings {
    Settings {
        verdict_ms: 1,
        ..Settings::default()
    }
}

/// A service on its own connection to the database.
pub struct Desk {
    pub service: InProcess,
    pub store: Store,
    pub context: Context,
}

/// Everything around one database.
pub struct House {
    pub desk: Desk,
    pub clock: ManualClock,
    pub tokens: Tokens,
    pub database: onqueue_store::Settings,
    // Goes last.
    _place: Box<dyn Any>,
}

/// A chat from its guest's point of view.
#[derive(Clone)]
pub struct Chat {
    pub id: String,
    pub guest: String,
    pub token: String,
    pub resume: String,
}

impl House {
    /// On the database that this run of the tests is about.
    pub async fn new(seed: u64) -> Self {
        let temp = migrated_store("session", |store| Box::pin(store.migrate::<Migrations>())).await;
        Self::on(temp.settings().clone(), Box::new(temp), seed).await
    }

    /// On PostgreSQL in every run.
    pub async fn on_postgres(seed: u64) -> Self {
        let database = onqueue_testkit::postgres().await;
        Self::on(database.settings(), Box::new(database), seed).await
    }

    /// On an empty database, which the place keeps.
    pub async fn on(database: onqueue_store::Settings, place: Box<dyn Any>, seed: u64) -> Self {
        let (context, clock) = still_context(seed);
        let store = Store::open(&database).await.expect("opens");
        store.migrate::<Migrations>().await.expect("migrations");
        let tokens = Tokens::new(&context);
        tokens.deploy(deployment());
        let desk = Desk::bind(store, context, Faults::default(), &settings()).await;
        trust_guests(&desk.store, &tokens).await;
        let house = Self {
            desk,
            clock,
            tokens,
            database,
            _place: place,
        };
        house.desk.put_policy(queue(), 1, true).await;
        house.desk.put_policy(closed_queue(), 1, false).await;
        house
    }

    /// A deployment of another organisation.
    pub async fn open_second_shop(&self) {
        self.tokens.deploy(Deployment {
            id: id(5 + 1_000),
            organisation: shop(1),
            ..deployment()
        });
        let request = proto::PutQueuePolicyRequest {
            organisation_id: shop(1).to_string(),
            policy: Some(policy(queue(), 1)),
        };
        self.desk.facts().put_queue_policy(request).await.expect("a policy");
    }

    /// Another replica on the same database, with the same bus, clock and trust.
    pub async fn replica(&self, seed: u64, faults: Faults) -> Desk {
        let bus = self.desk.context.bus.clone();
        self.replica_on(seed, (faults, &settings()), bus, &self.database).await
    }

    /// Another replica that waits for routing's word before it answers who starts a chat, as long as it usually does.
    pub async fn replica_that_waits(&self, seed: u64) -> Desk {
        let (bus, usual) = (self.desk.context.bus.clone(), Settings::default());
        self.replica_on(seed, (Faults::default(), &usual), bus, &self.database)
            .await
    }

    /// Another replica that comes to the same database by another way.
    pub async fn replica_by(&self, seed: u64, database: &onqueue_store::Settings) -> Desk {
        let bus = self.desk.context.bus.clone();
        self.replica_on(seed, (Faults::default(), &settings()), bus, database)
            .await
    }

    /// Another replica that hears nothing from the others.
    pub async fn replica_apart(&self, seed: u64, faults: Faults) -> Desk {
        self.replica_on(seed, (faults, &settings()), Bus::in_process(), &self.database)
            .await
    }

    async fn replica_on(
        &self,
        seed: u64,
        (faults, settings): (Faults, &Settings),
        bus: Bus,
        database: &onqueue_store::Settings,
    ) -> Desk {
        let store = Store::open(database).await.expect("opens again");
        let context = Context {
            ids: onqueue_server::Ids::seeded(seed),
            tasks: onqueue_server::Tasks::new(),
            bus,
            ..self.desk.context.clone()
        };
        Desk::bind(store, context, faults, settings).await
    }

    /// A token of the agent, who may end chats.
    pub fn agent_token(&self) -> String {
        let permissions = ["conversation:communication:disconnect"];
        self.tokens.grant(organisation(), agent(), division(), &permissions);
        self.tokens.user(organisation(), agent(), "Ada")
    }

    /// A token of a user who may look at everything in the division.
    pub fn supervisor_token(&self) -> String {
        let supervisor = id(99);
        let permissions = [
            "conversation:communication:view",
            "conversation:webchat:monitor",
            "recording:transcript:view",
        ];
        self.tokens.grant(organisation(), supervisor, division(), &permissions);
        self.tokens.user(organisation(), supervisor, "Sue")
    }

    /// A chat in which the agent takes part.
    pub async fn connected(&self, request: u128) -> Chat {
        let chat = self.desk.start(request).await;
        for (position, fact) in [queued(), offered(agent()), assigned(agent())].into_iter().enumerate() {
            let position = i64::try_from(position).expect("few") + 1;
            assert!(self.desk.report(&chat.id, 1, position, fact).await.expect("recorded"));
        }
        chat
    }
}

impl Desk {
    pub async fn bind(store: Store, context: Context, faults: Faults, settings: &Settings) -> Self {
        let bound = onqueue_session::bind_with(settings, store.clone(), context.clone(), faults);
        let service = layered(bound.await.expect("binds"), &context);
        Self {
            service,
            store,
            context,
        }
    }

    pub fn conversations(&self) -> ConversationServiceClient<InProcess> {
        ConversationServiceClient::new(self.service.clone())
    }

    pub fn transcripts(&self) -> TranscriptServiceClient<InProcess> {
        TranscriptServiceClient::new(self.service.clone())
    }

    pub fn facts(&self) -> RoutingFactsServiceClient<InProcess> {
        RoutingFactsServiceClient::new(as_peer(self.service.clone(), "routing"))
    }

    pub fn feed(&self) -> FeedServiceClient<InProcess> {
        FeedServiceClient::new(as_peer(self.service.clone(), "routing"))
    }

    pub async fn put_policy(&self, queue: QueueId, revision: i64, open: bool) {
        self.put(QueuePolicy {
            open,
            ..policy(queue, revision)
        })
        .await;
    }

    pub async fn put(&self, policy: QueuePolicy) {
        let request = proto::PutQueuePolicyRequest {
            organisation_id: organisation().to_string(),
            policy: Some(policy),
        };
        self.facts().put_queue_policy(request).await.expect("a policy");
    }

    pub async fn try_start(&self, request: StartConversationRequest) -> Result<StartConversationResponse, Status> {
        let answer = self.conversations().start_conversation(request).await;
        answer.map(tonic::Response::into_inner)
    }

    /// A chat that routing has said nothing of.
    pub async fn start(&self, request: u128) -> Chat {
        chat(self.try_start(wish(request)).await.expect("starts"))
    }

    pub async fn send(&self, token: &str, chat: &str, key: &str, text: &str) -> Result<SendMessageResponse, Status> {
        let message = SendMessageRequest {
            conversation_id: chat.to_owned(),
            client_message_id: key.to_owned(),
            text: text.to_owned(),
        };
        let answer = self.conversations().send_message(with_token(message, token)).await;
        answer.map(tonic::Response::into_inner)
    }

    pub async fn report(&self, chat: &str, epoch: i64, position: i64, fact: Fact) -> Result<bool, Status> {
        self.report_of((chat, 1), epoch, position, fact).await
    }

    /// Of one opening of a conversation.
    pub async fn report_of(
        &self,
        (chat, opening): (&str, i64),
        epoch: i64,
        position: i64,
        fact: Fact,
    ) -> Result<bool, Status> {
        let report = ReportRequest {
            organisation_id: organisation().to_string(),
            conversation_id: chat.to_owned(),
            opening,
            epoch,
            position,
            fact: Some(fact),
        };
        let answer = self.facts().report(report).await;
        answer.map(|answer| answer.into_inner().recorded)
    }

    pub async fn get(&self, token: &str, chat: &str) -> Result<Conversation, Status> {
        let request = proto::GetConversationRequest {
            conversation_id: chat.to_owned(),
        };
        let answer = self.conversations().get_conversation(with_token(request, token)).await;
        answer.map(|answer| answer.into_inner().conversation.expect("a conversation"))
    }

    pub async fn end(&self, token: &str, chat: &str) -> Result<Conversation, Status> {
        let request = proto::EndConversationRequest {
            conversation_id: chat.to_owned(),
        };
        let answer = self.conversations().end_conversation(with_token(request, token)).await;
        answer.map(|answer| answer.into_inner().conversation.expect("a conversation"))
    }

    pub async fn watch(&self, token: &str, chat: &str, cursor: &str) -> Result<Streaming<WatchResponse>, Status> {
        let request = WatchRequest {
            conversation_id: chat.to_owned(),
            cursor: cursor.to_owned(),
        };
        let answer = self.conversations().watch(with_token(request, token)).await;
        answer.map(tonic::Response::into_inner)
    }

    pub fn supervision(&self) -> SupervisionServiceClient<InProcess> {
        SupervisionServiceClient::new(self.service.clone())
    }

    pub fn assistance(&self) -> AssistanceServiceClient<InProcess> {
        AssistanceServiceClient::new(self.service.clone())
    }

    /// Follows a chat silently.
    pub async fn monitor(&self, token: &str, chat: &str, cursor: &str) -> Result<Streaming<WatchResponse>, Status> {
        let request = proto::MonitorRequest {
            conversation_id: chat.to_owned(),
        };
        self.supervision().monitor(with_token(request, token)).await?;
        self.watch(token, chat, cursor).await
    }

    /// The whole log as the caller sees it, read in pages.
    pub async fn log(&self, token: &str, chat: &str) -> Result<Vec<Event>, Status> {
        let (mut events, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListEventsRequest {
                conversation_id: chat.to_owned(),
                page_size: 3,
                page_token,
            };
            let page = self
                .transcripts()
                .list_events(with_token(request, token))
                .await?
                .into_inner();
            events.extend(page.events);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(events);
            }
        }
    }
}

pub fn policy(queue: QueueId, revision: i64) -> QueuePolicy {
    QueuePolicy {
        queue_id: queue.to_string(),
        revision,
        name: "Sales".to_owned(),
        division_id: division().to_string(),
        open: true,
        inactivity_timeout_ms: 15 * 60 * 1_000,
        inactivity_warning_ms: 60 * 1_000,
        // Most guests here have no stream.
        abandon_after_ms: 24 * 3_600 * 1_000,
        ..QueuePolicy::default()
    }
}

pub fn chat(started: StartConversationResponse) -> Chat {
    let tokens = started.tokens.expect("tokens");
    Chat {
        id: started.conversation.expect("a conversation").conversation_id,
        guest: started.participant_id,
        token: tokens.access_token,
        resume: tokens.resume_token,
    }
}

pub fn wish(request: u128) -> StartConversationRequest {
    StartConversationRequest {
        request_id: id::<()>(1_000_000 + request).to_string(),
        deployment_id: id::<()>(5).to_string(),
        queue_id: queue().to_string(),
        language: "de".to_owned(),
        guest_name: "Ann".to_owned(),
        topic: "Bill".to_owned(),
        first_message: "Hallo".to_owned(),
        kind: proto::ConversationKind::Chat.into(),
        ..StartConversationRequest::default()
    }
}

/// The organisations with a shop: the usual one, and after [`House::open_second_shop`] another.
pub fn shop(number: u128) -> OrganisationId {
    id(1 + 1_000 * number)
}

pub fn wish_at(shop: u128, request: u128) -> StartConversationRequest {
    StartConversationRequest {
        deployment_id: id::<()>(5 + 1_000 * shop).to_string(),
        ..wish(request)
    }
}

pub fn queued() -> Fact {
    Fact::Queued(proto::QueuedFact {
        queue_id: queue().to_string(),
    })
}

pub fn offered(user: UserId) -> Fact {
    Fact::Offered(proto::OfferedFact {
        offer_id: id::<()>(500).to_string(),
        user_id: user.to_string(),
        agent_name: "Ada".to_owned(),
        expires_at: None,
    })
}

pub fn assigned(user: UserId) -> Fact {
    Fact::Assigned(proto::AssignedFact {
        offer_id: id::<()>(500).to_string(),
        user_id: user.to_string(),
        agent_name: "Ada".to_owned(),
        ..proto::AssignedFact::default()
    })
}

pub fn refused(reason: &str) -> Fact {
    Fact::Refused(proto::RefusedFact {
        reason: reason.to_owned(),
    })
}

/// The reason that a status names.
pub fn reason(status: &Status) -> String {
    let details = String::from_utf8_lossy(status.details()).into_owned();
    let known = onqueue_model::Reason::ALL.iter().map(|reason| reason.as_str());
    // The longest that occurs: no reason is told apart by less.
    let found = known
        .filter(|reason| details.contains(reason))
        .max_by_key(|reason| reason.len());
    found.unwrap_or_default().to_owned()
}

/// The key with which the web site proves who its customers are.
pub fn site() -> IdentitySecret {
    IdentitySecret::new([7; 32])
}

fn deployment() -> Deployment {
    let offers = |queue: QueueId| DeploymentQueue {
        queue_id: queue,
        labels: [].into(),
        languages: vec![],
        skill_ids: vec![id(20)],
    };
    Deployment {
        id: id(5),
        organisation: organisation(),
        name: "Shop".to_owned(),
        enabled: true,
        origins: vec!["https://shop.example".to_owned()],
        queues: vec![offers(queue()), offers(closed_queue()), offers(id(6))],
        greetings: std::collections::BTreeMap::new(),
        identity_keys: vec![IdentityKey {
            kid: "site".to_owned(),
            public_key: site().public(),
            created_at: Timestamp(0),
            ends_at: None,
        }],
    }
}

/// What the process does every two seconds: trusts the key that session made.
async fn trust_guests(store: &Store, tokens: &Tokens) {
    use sea_orm::{ConnectionTrait as _, Statement};
    let reader = store.reader();
    let sql = "SELECT kid, public_key, expires_at FROM session_trust_keys";
    let rows = reader
        .query_all_raw(Statement::from_string(reader.get_database_backend(), sql))
        .await;
    for row in rows.expect("keys") {
        let public_key: Vec<u8> = row.try_get("", "public_key").expect("a key");
        tokens.trust_key(Key {
            kid: row.try_get("", "kid").expect("a name"),
            issuer: Issuer::Session,
            public_key: public_key.try_into().expect("32 bytes"),
            expires_at: Timestamp(row.try_get("", "expires_at").expect("an end")),
        });
    }
}
