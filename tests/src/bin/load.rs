//! The load driver of `cargo xtask bench first`: talks to a serving process as customers and a supervisor would, and
//! prints one JSON object with what it measured.
//!
//! Closed loop: every sender sends its next message when the last was acknowledged. A message counts as delivered when it
//! came out of the other side's stream.

// A load driver measures time and starts tasks; it is no part of the product.
#![allow(clippy::disallowed_methods, clippy::print_stdout)]

use clap::Parser;
use onqueue_proto::{
    auth::v1::{LoginRequest, token_service_client::TokenServiceClient},
    routing::v1::{ListQueuesRequest, queue_service_client::QueueServiceClient},
    session::v1::{
        MonitorRequest, SendMessageRequest, StartConversationRequest, WatchRequest,
        conversation_service_client::ConversationServiceClient, event,
        supervision_service_client::SupervisionServiceClient, watch_response,
    },
};
use serde_json::{Value, json};
use std::{
    error::Error,
    path::PathBuf,
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, task::JoinSet};
use tonic::{Request, metadata::MetadataValue, transport::Channel, transport::Endpoint};
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;
type Conversations = ConversationServiceClient<Channel>;

/// What to load and how.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the process serves: host and port.
    #[arg(long)]
    address: String,
    /// Organisation slug.
    #[arg(long)]
    organisation: String,
    /// The file that `onqueue serve --demo --credentials` wrote.
    #[arg(long)]
    passwords: PathBuf,
    /// How many customers send at once.
    #[arg(long, default_value_t = 64)]
    senders: usize,
    /// For how long.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How many pairs send in turn while nobody else does.
    #[arg(long, default_value_t = 1)]
    pairs: usize,
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    let credentials: Value = serde_json::from_slice(&std::fs::read(&arguments.passwords)?)?;
    let supervisor = login(&arguments, &credentials).await?;
    let place = Place {
        deployment: credentials["deployment"].as_str().unwrap_or_default().to_owned(),
        queues: queues(&arguments, &supervisor).await?,
    };
    let pair = alternate(&arguments, &place, &supervisor).await?;
    let sends = together(&arguments, &place, &supervisor).await?;
    println!("{}", json!({ "pair": pair, "sends": sends }));
    Ok(())
}

async fn connect(arguments: &Arguments) -> Outcome<Channel> {
    Ok(Endpoint::from_shared(format!("http://{}", arguments.address))?
        .tcp_nodelay(true)
        .connect()
        .await?)
}

async fn login(arguments: &Arguments, credentials: &Value) -> Outcome<String> {
    let user = credentials["users"]
        .as_array()
        .and_then(|users| users.iter().find(|user| user["role"] == "Supervisor"));
    let user = user.ok_or("the credentials name no supervisor")?;
    let text = |key: &str| user[key].as_str().unwrap_or_default().to_owned();
    let request = LoginRequest {
        organisation: arguments.organisation.clone(),
        email: text("email"),
        password: text("password"),
    };
    let answer = TokenServiceClient::new(connect(arguments).await?)
        .login(request)
        .await?
        .into_inner();
    Ok(answer.tokens.ok_or("no tokens")?.access_token)
}

/// Where customers come in.
struct Place {
    deployment: String,
    queues: Vec<String>,
}

/// The queues that the supervisor may look into: those of another division they would not be shown.
async fn queues(arguments: &Arguments, supervisor: &str) -> Outcome<Vec<String>> {
    let listed = QueueServiceClient::new(connect(arguments).await?)
        .list_queues(bearing(ListQueuesRequest::default(), supervisor)?)
        .await?
        .into_inner();
    let queues: Vec<String> = listed.queues.into_iter().map(|queue| queue.queue_id).collect();
    if queues.is_empty() {
        return Err("the supervisor sees no queue".into());
    }
    Ok(queues)
}

/// A customer with an open chat, and the other side's stream of it.
struct Pair {
    guest: Conversations,
    token: String,
    conversation: String,
    arrivals: mpsc::Receiver<Instant>,
}

impl Pair {
    async fn open(arguments: &Arguments, place: &Place, supervisor: &str, number: usize) -> Outcome<Self> {
        let mut guest = ConversationServiceClient::new(connect(arguments).await?);
        let start = StartConversationRequest {
            request_id: Uuid::now_v7().to_string(),
            deployment_id: place.deployment.clone(),
            queue_id: place.queues[number % place.queues.len()].clone(),
            guest_name: format!("Load {number}"),
            ..StartConversationRequest::default()
        };
        let started = guest.start_conversation(start).await?.into_inner();
        let conversation = started.conversation.ok_or("no conversation")?.conversation_id;
        let token = started.tokens.ok_or("no tokens")?.access_token;
        monitor(arguments, supervisor, &conversation).await?;
        let arrivals = watch(arguments, supervisor, &conversation).await?;
        Ok(Self {
            guest,
            token,
            conversation,
            arrivals,
        })
    }

    async fn send(&mut self) -> Outcome<()> {
        let message = SendMessageRequest {
            conversation_id: self.conversation.clone(),
            client_message_id: Uuid::now_v7().to_string(),
            text: "Guten Tag, ich habe eine Frage zu meiner letzten Rechnung.".to_owned(),
        };
        self.guest.send_message(bearing(message, &self.token)?).await?;
        Ok(())
    }
}

fn bearing<T>(message: T, token: &str) -> Outcome<Request<T>> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", MetadataValue::try_from(format!("Bearer {token}"))?);
    Ok(request)
}

/// The supervisor may follow the conversation from now on.
async fn monitor(arguments: &Arguments, token: &str, conversation: &str) -> Outcome<()> {
    let request = MonitorRequest {
        conversation_id: conversation.to_owned(),
    };
    let mut client = SupervisionServiceClient::new(connect(arguments).await?);
    client.monitor(bearing(request, token)?).await?;
    Ok(())
}

/// When each message of the conversation came out of the supervisor's stream.
async fn watch(arguments: &Arguments, token: &str, conversation: &str) -> Outcome<mpsc::Receiver<Instant>> {
    let request = bearing(
        WatchRequest {
            conversation_id: conversation.to_owned(),
            cursor: String::new(),
        },
        token,
    )?;
    let mut stream = ConversationServiceClient::new(connect(arguments).await?)
        .watch(request)
        .await?
        .into_inner();
    let (arrived, arrivals) = mpsc::channel(4_096);
    tokio::spawn(async move {
        while let Ok(Some(response)) = stream.message().await {
            let Some(watch_response::Frame::Event(event)) = response.frame else {
                continue;
            };
            if matches!(event.body, Some(event::Body::Message(_))) && arrived.send(Instant::now()).await.is_err() {
                return;
            }
        }
    });
    Ok(arrivals)
}

/// One pair at a time: from the call to the message on the other side's stream.
async fn alternate(arguments: &Arguments, place: &Place, supervisor: &str) -> Outcome<Value> {
    let mut taken = Vec::new();
    for number in 0..arguments.pairs {
        let mut pair = Pair::open(arguments, place, supervisor, number).await?;
        let until = Instant::now() + Duration::from_secs(arguments.seconds.min(5));
        while Instant::now() < until {
            let began = Instant::now();
            pair.send().await?;
            let arrived = tokio::time::timeout(Duration::from_secs(5), pair.arrivals.recv())
                .await?
                .ok_or("the stream ended")?;
            taken.push(arrived.saturating_duration_since(began));
        }
    }
    Ok(summary(&mut taken))
}

/// Everybody at once.
async fn together(arguments: &Arguments, place: &Place, supervisor: &str) -> Outcome<Value> {
    let mut pairs = Vec::new();
    for number in 0..arguments.senders {
        pairs.push(Pair::open(arguments, place, supervisor, number).await?);
    }
    let (began, until) = (Instant::now(), Instant::now() + Duration::from_secs(arguments.seconds));
    let mut senders = JoinSet::new();
    for pair in pairs {
        senders.spawn(send_until(pair, until));
    }
    let (mut taken, mut delivered) = (Vec::new(), 0_usize);
    while let Some(one) = senders.join_next().await {
        let (acknowledged, arrived) = one??;
        taken.extend(acknowledged);
        delivered += arrived;
    }
    let per_second = taken.len() as f64 / began.elapsed().as_secs_f64();
    let mut summary = summary(&mut taken);
    summary["per_second"] = json!(per_second.round());
    summary["delivered"] = json!(delivered);
    Ok(summary)
}

/// How long each send took, and how many came out on the other side.
async fn send_until(mut pair: Pair, until: Instant) -> Outcome<(Vec<Duration>, usize)> {
    let (mut taken, mut arrived) = (Vec::new(), 0);
    while Instant::now() < until {
        let began = Instant::now();
        pair.send().await?;
        taken.push(began.elapsed());
        while pair.arrivals.try_recv().is_ok() {
            arrived += 1;
        }
    }
    while arrived < taken.len() {
        tokio::time::timeout(Duration::from_secs(10), pair.arrivals.recv())
            .await?
            .ok_or("the stream ended")?;
        arrived += 1;
    }
    Ok((taken, arrived))
}

fn summary(taken: &mut [Duration]) -> Value {
    taken.sort_unstable();
    let at = |part: f64| {
        let place = ((taken.len() as f64 - 1.0) * part).round().max(0.0) as usize;
        taken.get(place).map_or(0, Duration::as_micros)
    };
    json!({ "count": taken.len(), "p50_us": at(0.5) as u64, "p99_us": at(0.99) as u64 })
}
