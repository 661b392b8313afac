//! Guests who only watch: what an open stream costs, and how fast they can come.

use crate::Outcome;
use clap::Args;
use onqueue_proto::session::v1::{
    StartConversationRequest, WatchRequest, WatchResponse, conversation_service_client::ConversationServiceClient,
};
use onqueue_testkit::with_token;
use onqueue_tests::memory::resident;
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::Semaphore, task::JoinSet};
use tonic::{
    Streaming,
    transport::{Channel, Endpoint},
};
use uuid::Uuid;

/// Streams on one connection; the public door allows 100.
const STREAMS: usize = 90;

/// How many come at the same time.
const AT_ONCE: usize = 64;

/// How many, and where.
#[derive(Args, Debug)]
pub struct Options {
    /// The public door: host and port.
    #[arg(long)]
    address: String,
    /// The file that the demo wrote.
    #[arg(long)]
    credentials: PathBuf,
    /// How many.
    #[arg(long, default_value_t = 10_000)]
    guests: usize,
    /// Each on a connection of its own.
    #[arg(long)]
    own_connections: bool,
    /// The processes whose memory counts.
    #[arg(long, value_delimiter = ',')]
    processes: Vec<u32>,
    /// How long they only watch.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

/// Lets them come, waits, and says what they cost.
pub async fn run(options: Options) -> Outcome<Value> {
    let credentials: Value = serde_json::from_slice(&std::fs::read(&options.credentials)?)?;
    let warm = come(&options, &credentials, 200).await?;
    let before = resident(&options.processes)?;
    let began = Instant::now();
    let streams = come(&options, &credentials, options.guests).await?;
    let came = began.elapsed();
    tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    let after = resident(&options.processes)?;
    drop((warm, streams));
    Ok(json!({
        "guests": options.guests,
        "per_second": (options.guests as f64 / came.as_secs_f64()).round(),
        "bytes_each": (after.saturating_sub(before)) as f64 / options.guests as f64,
    }))
}

async fn come(options: &Options, credentials: &Value, guests: usize) -> Outcome<Vec<Streaming<WatchResponse>>> {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let shared = if options.own_connections { 1 } else { STREAMS };
    let channels: Vec<Channel> = (0..guests.div_ceil(shared))
        .map(|_| Ok(Endpoint::from_shared(format!("http://{}", options.address))?.connect_lazy()))
        .collect::<Outcome<_>>()?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let deployment = text(&credentials["deployment"]);
    let queue = credentials["queues"]
        .as_object()
        .and_then(|queues| queues.values().next());
    let queue = queue.map(text).unwrap_or_default();
    let mut coming = JoinSet::new();
    for number in 0..guests {
        let (room, channel) = (Arc::clone(&room), channels[number / shared].clone());
        let request = StartConversationRequest {
            request_id: Uuid::now_v7().to_string(),
            deployment_id: deployment.clone(),
            queue_id: queue.clone(),
            guest_name: format!("Idle {number}"),
            ..StartConversationRequest::default()
        };
        coming.spawn(async move {
            let _room = room.acquire_owned().await?;
            watch(channel, request).await
        });
    }
    let mut streams = Vec::new();
    while let Some(one) = coming.join_next().await {
        streams.push(one??);
    }
    Ok(streams)
}

/// Starts a chat and watches it up to its first frame.
async fn watch(channel: Channel, request: StartConversationRequest) -> Outcome<Streaming<WatchResponse>> {
    let mut client = ConversationServiceClient::new(channel);
    let started = client.start_conversation(request).await?.into_inner();
    let request = WatchRequest {
        conversation_id: started.conversation.ok_or("no conversation")?.conversation_id,
        cursor: String::new(),
    };
    let token = started.tokens.ok_or("no tokens")?.access_token;
    let mut stream = client.watch(with_token(request, &token)).await?.into_inner();
    stream.message().await?.ok_or("the stream ended")?;
    Ok(stream)
}
