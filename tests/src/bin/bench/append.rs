//! Messages made durable on session's own path: the rpc called in this process, the group commit, the database.

use crate::{Outcome, summary};
use clap::Args;
use onqueue_model::{Id, OrganisationId};
use onqueue_proto::session::v1::{
    PutQueuePolicyRequest, QueuePolicy, SendMessageRequest, StartConversationRequest,
    conversation_service_client::ConversationServiceClient, routing_facts_service_client::RoutingFactsServiceClient,
};
use onqueue_server::{InProcess, as_peer, layered};
use onqueue_store::{Profile, Settings as Place, Store};
use onqueue_testkit::{Tokens, running_context, with_token};
use onqueue_trust::{Deployment, DeploymentQueue};
use serde_json::Value;
use std::{
    path::Path,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use uuid::Uuid;

/// How much, where and for how long.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// A new database: sqlite://FILE or postgres://….
    #[arg(long)]
    pub url: String,
    /// Who send at once, each in a conversation of its own.
    #[arg(long, default_value_t = 64)]
    pub senders: usize,
    /// For how long.
    #[arg(long, default_value_t = 5)]
    pub seconds: u64,
    /// How many transactions session may have under way at once; as by default if not said.
    #[arg(long)]
    pub batches: Option<usize>,
}

impl Options {
    /// Opens the database and makes session's tables.
    pub async fn store(&self) -> Outcome<Store> {
        store(&self.url).await
    }
}

/// Opens the database and makes session's tables.
pub async fn store(url: &str) -> Outcome<Store> {
    let mut place = Place::sqlite(Path::new("unused"));
    url.clone_into(&mut place.url);
    if place.is_postgres() {
        Store::prepare(&place, &["auth", "session", "routing", "content"]).await?;
    }
    let store = Store::open_as(&place, &Profile::of("session")).await?;
    store.migrate::<onqueue_session::Migrations>().await?;
    Ok(store)
}

/// What each message says; the bare driver writes as many bytes.
pub const TEXT: &str = "Guten Tag, ich habe eine Frage zu meiner letzten Rechnung.";

/// Whose conversations they are.
pub fn organisation() -> OrganisationId {
    Id::new(Uuid::from_u128(1))
}

/// One customer who sends.
pub struct Sender {
    session: ConversationServiceClient<InProcess>,
    pub token: String,
    pub conversation: String,
}

impl Sender {
    async fn until(mut self, end: Instant) -> Outcome<Vec<Duration>> {
        let mut taken = Vec::new();
        while Instant::now() < end {
            let message = SendMessageRequest {
                conversation_id: self.conversation.clone(),
                client_message_id: Uuid::now_v7().to_string(),
                text: TEXT.to_owned(),
            };
            let began = Instant::now();
            self.session.send_message(with_token(message, &self.token)).await?;
            taken.push(began.elapsed());
        }
        Ok(taken)
    }
}

/// Runs session in this process and sends through it.
pub async fn session(options: Options) -> Outcome<Value> {
    let store = options.store().await?;
    let context = running_context(7);
    let tokens = Tokens::new(&context);
    tokens.deploy(deployment());
    let usual = onqueue_session::Settings::default();
    let settings = onqueue_session::Settings {
        verdict_ms: 1,
        batches: options.batches.unwrap_or(usual.batches),
        ..usual
    };
    let bound = onqueue_session::bind(&settings, store.clone(), context.clone())
        .await
        .map_err(|fault| format!("{fault:?}"))?;
    let service = layered(bound, &context);
    put_policy(&service).await?;
    let mut senders = Vec::new();
    for number in 0..options.senders {
        senders.push(start(&service, &tokens, number).await?);
    }
    let statements = store.statements();
    let (began, mut running) = (Instant::now(), JoinSet::new());
    let end = began + Duration::from_secs(options.seconds);
    senders.into_iter().for_each(|sender| {
        running.spawn(sender.until(end));
    });
    let mut taken = Vec::new();
    while let Some(one) = running.join_next().await {
        taken.extend(one??);
    }
    let mut said = summary(taken, began.elapsed());
    let sent = said["count"].as_f64().unwrap_or(1.0);
    said["statements_each"] = ((store.statements() - statements) as f64 / sent).into();
    Ok(said)
}

/// The queue's rules, as routing gives them.
pub async fn put_policy(service: &InProcess) -> Outcome<()> {
    let policy = QueuePolicy {
        queue_id: queue(),
        revision: 1,
        name: "Sales".to_owned(),
        division_id: Uuid::from_u128(2).to_string(),
        open: true,
        inactivity_timeout_ms: 900_000,
        inactivity_warning_ms: 60_000,
        ..QueuePolicy::default()
    };
    let request = PutQueuePolicyRequest {
        organisation_id: organisation().to_string(),
        policy: Some(policy),
    };
    RoutingFactsServiceClient::new(as_peer(service.clone(), "routing"))
        .put_queue_policy(request)
        .await?;
    Ok(())
}

/// A customer who has just come.
pub async fn start(service: &InProcess, tokens: &Tokens, number: usize) -> Outcome<Sender> {
    let mut session = ConversationServiceClient::new(service.clone());
    let request = StartConversationRequest {
        request_id: Uuid::now_v7().to_string(),
        deployment_id: Uuid::from_u128(4).to_string(),
        queue_id: queue(),
        guest_name: format!("Load {number}"),
        ..StartConversationRequest::default()
    };
    let started = session.start_conversation(request).await?.into_inner();
    let conversation = started.conversation.ok_or("no conversation")?.conversation_id;
    let token = tokens.guest(
        organisation(),
        conversation.parse().map_err(|_| "an id")?,
        started.participant_id.parse().map_err(|_| "an id")?,
    );
    Ok(Sender {
        session,
        token,
        conversation,
    })
}

fn queue() -> String {
    Uuid::from_u128(3).to_string()
}

/// Where customers come in.
pub fn deployment() -> Deployment {
    let queue = DeploymentQueue {
        queue_id: Id::new(Uuid::from_u128(3)),
        labels: [].into(),
        languages: vec![],
        skill_ids: vec![],
    };
    Deployment {
        id: Id::new(Uuid::from_u128(4)),
        organisation: organisation(),
        name: "Bench".to_owned(),
        enabled: true,
        origins: vec![],
        queues: vec![queue],
        greetings: std::collections::BTreeMap::new(),
        identity_keys: Vec::new(),
    }
}
