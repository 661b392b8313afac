//! An organisation with queues and agents, and the service bound to it.

use crate::fake_session::{FakeSession, Wish};
use onqueue_model::{DivisionId, Fault, Id, OrganisationId, Reason, UserId};
use onqueue_proto::routing::v1::{
    self as proto, agent_service_client::AgentServiceClient, decision_service_client::DecisionServiceClient,
    interaction_service_client::InteractionServiceClient, queue_service_client::QueueServiceClient,
    schedule_service_client::ScheduleServiceClient, skill_service_client::SkillServiceClient,
    utilization_service_client::UtilizationServiceClient, watch_me_response::Frame,
    wrap_up_code_service_client::WrapUpCodeServiceClient,
};
use onqueue_routing::{Gate, Membership, Migrations, Owners, Seed, SeedAgent, SeedSkill, Settings, bind_behind, seed};
use onqueue_server::{Context, InProcess, ManualClock, Tasks, as_peer, layered};
use onqueue_store::Store;
use onqueue_testkit::{TempStore, Tokens, migrated_store, still_context, until, with_token};
use sea_orm::{ConnectionTrait as _, QueryResult, Statement};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tonic::{Request, Status, Streaming, body::Body};
use tower::ServiceExt as _;
use uuid::Uuid;

pub const SOON: Duration = Duration::from_secs(10);

pub const DIVISION: u128 = 0xd1;
pub const SALES: u128 = 0x51;
pub const SUPPORT: u128 = 0x52;
pub const BILLING: u128 = 0xb1;

/// Everything that an agent needs.
pub const AGENT: [&str; 4] = [
    "routing:agent:onqueue",
    "routing:queue:join",
    "routing:queue:view",
    "conversation:webchat:accept",
];

pub fn id<T>(number: u128) -> Id<T> {
    Uuid::from_u128(number).into()
}

pub fn organisation() -> OrganisationId {
    id(0x0a)
}

/// An agent of the seed: German and English, three chats, member of sales.
pub fn agent(number: u128, name: &str) -> SeedAgent {
    let member = |queue| Membership {
        queue: id(queue),
        joined: true,
    };
    SeedAgent {
        id: id(number),
        name: name.to_owned(),
        queues: vec![member(SALES)],
        skills: BTreeMap::new(),
        languages: BTreeMap::from([("de".to_owned(), 400), ("en".to_owned(), 300)]),
        maximum_chats: 3,
    }
}

pub fn queue(number: u128, name: &str) -> proto::Queue {
    proto::Queue {
        queue_id: id::<()>(number).to_string(),
        name: name.to_owned(),
        division_id: id::<()>(DIVISION).to_string(),
        ..proto::Queue::default()
    }
}

pub fn seeded(agents: Vec<SeedAgent>) -> Seed {
    let name = "Rechnungen".to_owned();
    Seed {
        organisation: organisation(),
        queues: vec![queue(SALES, "Vertrieb"), queue(SUPPORT, "Support")],
        skills: vec![SeedSkill { id: id(BILLING), name }],
        agents,
    }
}

/// The service with its surroundings.
pub struct World {
    pub temp: TempStore,
    pub context: Context,
    pub hand: ManualClock,
    pub tokens: Tokens,
    pub session: FakeSession,
    pub settings: Settings,
    pub gate: Gate,
    pub routing: InProcess,
    pub net: Net,
}

/// The ways between replicas, by address. Clones are one.
#[derive(Clone, Default)]
pub struct Net(Arc<Mutex<BTreeMap<String, InProcess>>>, Arc<AtomicUsize>);

impl Net {
    /// The replica is reached there from now on.
    pub fn add(&self, address: &str, replica: &InProcess) {
        let (count, replica) = (Arc::clone(&self.1), as_peer(replica.clone(), "routing"));
        let counted = replica.map_request(move |request: http::Request<Body>| {
            assert!(request.headers().contains_key("onqueue-forwarded"));
            count.fetch_add(1, Ordering::Relaxed);
            request
        });
        self.ways().insert(address.to_owned(), InProcess::new(counted));
    }

    /// Nobody is reached there from now on.
    pub fn cut(&self, address: &str) {
        self.ways().remove(address);
    }

    /// How many calls have gone from one replica to another.
    pub fn forwarded(&self) -> usize {
        self.1.load(Ordering::Relaxed)
    }

    pub fn owners(&self) -> Owners {
        let net = self.clone();
        Arc::new(move |address| {
            let way = net.ways().get(address).cloned();
            way.ok_or_else(|| Fault::unavailable(format!("nobody at {address}")))
        })
    }

    fn ways(&self) -> MutexGuard<'_, BTreeMap<String, InProcess>> {
        self.0.lock().expect("no test panics with it")
    }
}

/// Another process on the same database.
pub struct Replica {
    pub routing: InProcess,
    pub tasks: Tasks,
    pub store: Store,
}

impl World {
    /// Bound, with these agents who may do what agents do.
    pub async fn new(agents: Vec<SeedAgent>) -> Self {
        Self::with(seeded(agents), Settings::default()).await
    }

    pub async fn with(seed: Seed, settings: Settings) -> Self {
        Self::granted(seed, settings, |_| {}).await
    }

    /// With these grants beside those of the agents, from the start.
    pub async fn granted(seed: Seed, settings: Settings, grant: impl FnOnce(&Tokens)) -> Self {
        let (context, hand) = still_context(7);
        let (tokens, session, gate) = (Tokens::new(&context), FakeSession::new(), Gate::default());
        let temp = migrated_store("routing", |store| Box::pin(store.migrate::<Migrations>())).await;
        let queues = seed.queues.len();
        for agent in &seed.agents {
            tokens.grant(seed.organisation, agent.id, id(DIVISION), &AGENT);
        }
        grant(&tokens);
        onqueue_routing::seed(&temp.store, &context, seed)
            .await
            .expect("the seed is good");
        let net = Net::default();
        let surroundings = (net.owners(), gate.clone());
        let routing = bound(&settings, temp.store.clone(), &context, &session, surroundings).await;
        net.add(&settings.address, &routing);
        let known = || BTreeSet::from_iter(session.policies().into_iter().map(|policy| policy.queue_id)).len();
        until("every queue is in force", SOON, async || known() == queues).await;
        Self {
            temp,
            context,
            hand,
            tokens,
            session,
            settings,
            gate,
            routing,
            net,
        }
    }

    /// A second process on the same database, beside the first.
    pub async fn beside(&self) -> Replica {
        self.beside_at("").await
    }

    /// The same with an address.
    pub async fn beside_at(&self, address: &str) -> Replica {
        let context = Context {
            tasks: Tasks::new(),
            ..self.context.clone()
        };
        let settings = Settings {
            address: address.to_owned(),
            ..self.settings.clone()
        };
        let store = Store::open(self.temp.settings()).await.expect("opens again");
        let surroundings = (self.net.owners(), Gate::default());
        let routing = bound(&settings, store.clone(), &context, &self.session, surroundings).await;
        self.net.add(address, &routing);
        Replica {
            routing,
            tasks: context.tasks,
            store,
        }
    }

    /// Ends the process in order and begins another on the same database.
    pub async fn restart(&mut self) {
        assert!(self.context.tasks.finish(SOON).await, "every task ends");
        self.context.tasks = Tasks::new();
        let store = Store::open(self.temp.settings()).await.expect("opens again");
        self.gate = Gate::default();
        let surroundings = (self.net.owners(), self.gate.clone());
        self.routing = bound(&self.settings, store, &self.context, &self.session, surroundings).await;
        self.net.add(&self.settings.address, &self.routing);
    }

    /// What a query finds in its first column.
    pub async fn number(&self, sql: &str) -> i64 {
        number(&self.temp.store, sql).await
    }

    /// The one column that a query answers.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let connection = self.temp.store.reader();
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let rows = connection.query_all_raw(statement).await.expect("a good query");
        let text = |row: &QueryResult| row.try_get_by_index(0).expect("a text");
        rows.iter().map(text).collect()
    }

    /// Runs a statement behind the service's back.
    pub async fn write(&self, sql: &str) {
        let sql = sql.to_owned();
        let work = self.temp.store.transaction(move |tx| {
            let statement = Statement::from_string(tx.get_database_backend(), sql.clone());
            Box::pin(async move {
                tx.execute_raw(statement).await?;
                Ok(())
            })
        });
        work.await.expect("a good statement");
    }

    pub async fn seed(&self, more: Seed) {
        seed(&self.temp.store, &self.context, more)
            .await
            .expect("the seed is good");
    }

    /// Somebody of the organisation with a token.
    pub fn user(&self, number: u128, name: &str) -> Desk {
        self.user_of(organisation(), number, name)
    }

    pub fn user_of(&self, organisation: OrganisationId, number: u128, name: &str) -> Desk {
        Desk {
            routing: self.routing.clone(),
            token: self.tokens.user(organisation, id(number), name),
        }
    }

    pub fn grant(&self, number: u128, permissions: &[&str]) {
        let (user, division): (UserId, DivisionId) = (id(number), id(DIVISION));
        self.tokens.grant(organisation(), user, division, permissions);
    }

    /// An agent on queue with an open stream.
    pub async fn on_queue(&self, number: u128, name: &str) -> Watching {
        let desk = self.user(number, name);
        let watching = desk.watch().await;
        desk.go_on_queue().await;
        watching
    }

    pub fn open(&self, conversation: u128, wish: &Wish) {
        self.session.open(organisation(), conversation, wish);
    }

    pub fn end(&self, conversation: u128) {
        self.session.end(organisation(), conversation);
    }

    /// Waits for the reports of a conversation to be these.
    pub async fn reported(&self, conversation: u128, facts: &[&str]) {
        let mut last = Vec::new();
        let all = async {
            loop {
                last = self.session.facts(conversation);
                if last == facts {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(SOON, all).await.is_err() {
            assert_eq!(last, facts);
        }
    }
}

/// What a query finds in its first column.
pub async fn number(store: &Store, sql: &str) -> i64 {
    let connection = store.reader();
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection.query_one_raw(statement).await.expect("a good query");
    row.expect("a row").try_get_by_index(0).expect("a number")
}

pub async fn bound(
    settings: &Settings,
    store: Store,
    context: &Context,
    session: &FakeSession,
    surroundings: (Owners, Gate),
) -> InProcess {
    let session = session.serve(context);
    let bound = bind_behind(settings, store, context.clone(), session, surroundings);
    layered(bound.await.expect("binds"), context)
}

pub fn sales() -> Wish {
    Wish {
        queue: SALES,
        language: "de",
        ..Wish::default()
    }
}

/// Why it was refused.
pub fn reason<T>(answer: Result<T, Status>) -> Option<Reason> {
    answer.err().and_then(|status| onqueue_client::reason(&status))
}

/// Somebody who calls.
#[derive(Clone)]
pub struct Desk {
    routing: InProcess,
    token: String,
}

impl Desk {
    /// Somebody with that token.
    pub const fn new(routing: InProcess, token: String) -> Self {
        Self { routing, token }
    }

    /// The same person calling another replica.
    pub fn at(&self, replica: &Replica) -> Self {
        Self {
            routing: replica.routing.clone(),
            token: self.token.clone(),
        }
    }

    pub fn routing(&self) -> InProcess {
        self.routing.clone()
    }

    pub fn queues(&self) -> QueueServiceClient<InProcess> {
        QueueServiceClient::new(self.routing.clone())
    }

    pub fn agents(&self) -> AgentServiceClient<InProcess> {
        AgentServiceClient::new(self.routing.clone())
    }

    pub fn decisions(&self) -> DecisionServiceClient<InProcess> {
        DecisionServiceClient::new(self.routing.clone())
    }

    pub fn skills(&self) -> SkillServiceClient<InProcess> {
        SkillServiceClient::new(self.routing.clone())
    }

    pub fn schedules(&self) -> ScheduleServiceClient<InProcess> {
        ScheduleServiceClient::new(self.routing.clone())
    }

    pub fn utilization(&self) -> UtilizationServiceClient<InProcess> {
        UtilizationServiceClient::new(self.routing.clone())
    }

    pub fn interactions(&self) -> InteractionServiceClient<InProcess> {
        InteractionServiceClient::new(self.routing.clone())
    }

    pub fn wrap_up_codes(&self) -> WrapUpCodeServiceClient<InProcess> {
        WrapUpCodeServiceClient::new(self.routing.clone())
    }

    /// The message with the token.
    pub fn with<T>(&self, message: T) -> Request<T> {
        with_token(message, &self.token)
    }

    pub async fn go_on_queue(&self) -> proto::Agent {
        let answer = self.agents().go_on_queue(self.with(proto::GoOnQueueRequest {})).await;
        answer.expect("goes on queue").into_inner().agent.expect("an agent")
    }

    pub async fn state(&self) -> (proto::AgentState, i32) {
        let me = self.with(proto::GetAgentRequest::default());
        let agent = self.agents().get_agent(me).await.expect("an agent").into_inner().agent;
        let agent = agent.expect("an agent");
        (agent.state(), agent.active_chats)
    }

    pub async fn accept(&self, offer: &proto::Offer) -> Result<String, Status> {
        let offer_id = offer.offer_id.clone();
        let request = self.with(proto::AcceptOfferRequest { offer_id });
        let answer = self.agents().accept_offer(request).await?;
        Ok(answer.into_inner().conversation_id)
    }

    pub async fn decline(&self, offer: &proto::Offer) -> Result<(), Status> {
        let offer_id = offer.offer_id.clone();
        let request = self.with(proto::DeclineOfferRequest { offer_id });
        self.agents().decline_offer(request).await.map(drop)
    }

    pub async fn watch(&self) -> Watching {
        let request = self.with(proto::WatchMeRequest {});
        let frames = self.agents().watch_me(request).await.expect("may watch");
        Watching {
            desk: self.clone(),
            frames: frames.into_inner(),
        }
    }
}

/// Somebody with an open stream.
pub struct Watching {
    pub desk: Desk,
    frames: Streaming<proto::WatchMeResponse>,
}

impl Watching {
    /// The next frame; `None` when the stream has ended.
    pub async fn next(&mut self) -> Option<Frame> {
        let next = tokio::time::timeout(SOON, self.frames.message())
            .await
            .expect("a frame in time");
        next.expect("no error").map(|response| response.frame.expect("a frame"))
    }

    /// The next frame that the closure wants; others are skipped.
    pub async fn skip_to<T>(&mut self, what: &str, mut wanted: impl FnMut(Frame) -> Option<T>) -> T {
        loop {
            let frame = self
                .next()
                .await
                .unwrap_or_else(|| panic!("the stream ended before {what}"));
            if let Some(found) = wanted(frame) {
                return found;
            }
        }
    }

    pub async fn offer(&mut self) -> proto::Offer {
        let offered = |frame| match frame {
            Frame::Offered(offer) => Some(offer),
            _ => None,
        };
        self.skip_to("an offer", offered).await
    }

    pub async fn ended(&mut self) -> String {
        let ended = |frame| match frame {
            Frame::OfferEnded(ended) => Some(ended.reason),
            _ => None,
        };
        self.skip_to("the end of an offer", ended).await
    }

    pub async fn goodbye(&mut self) -> String {
        let goodbye = |frame| match frame {
            Frame::Goodbye(goodbye) => Some(goodbye.reason),
            _ => None,
        };
        self.skip_to("goodbye", goodbye).await
    }

    pub async fn state(&mut self, wanted: proto::AgentState) -> proto::Agent {
        let is_wanted = |frame| match frame {
            Frame::Agent(agent) if agent.state() == wanted => Some(agent),
            _ => None,
        };
        self.skip_to("that state", is_wanted).await
    }
}
