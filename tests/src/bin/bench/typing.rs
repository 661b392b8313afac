//! That somebody types: on session's own path, and through the public door.

use crate::{
    Outcome, append,
    door::{Door, Place, Ways},
    talk::{Carrier, Ears, Load, drive},
};
use clap::Args;
use onqueue_model::{DivisionId, Id, UserId, permissions};
use onqueue_proto::session::v1::{
    MonitorRequest, SendTypingRequest, WatchRequest, WatchResponse,
    conversation_service_client::ConversationServiceClient, supervision_service_client::SupervisionServiceClient,
    watch_response::Frame,
};
use onqueue_server::{InProcess, layered};
use onqueue_testkit::{Tokens, running_context, with_token};
use onqueue_tests::people::{bearing, channel};
use serde_json::Value;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use tonic::{Streaming, transport::Channel};
use uuid::Uuid;

/// On session's own path.
#[derive(Args, Debug)]
pub struct Own {
    /// A new database: sqlite://FILE or postgres://….
    #[arg(long)]
    url: String,
    #[command(flatten)]
    load: Load,
}

/// Through the public door.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    load: Load,
}

/// The way to session.
enum Way {
    Here(ConversationServiceClient<InProcess>),
    There(ConversationServiceClient<Channel>),
}

/// A customer who types; one of the others sees it.
struct Typist {
    way: Way,
    conversation: String,
    token: String,
    typing: bool,
    ears: Arc<Ears>,
}

impl Carrier for Typist {
    // There is no promise that all of it arrives.
    const IS_LOSSY: bool = true;

    async fn carry(&mut self, due: Duration) -> Outcome<()> {
        self.typing = !self.typing;
        let message = SendTypingRequest {
            conversation_id: self.conversation.clone(),
            typing: self.typing,
        };
        self.ears.expect(due);
        match &mut self.way {
            Way::Here(client) => client.send_typing(with_token(message, &self.token)).await?,
            Way::There(client) => client.send_typing(bearing(&self.token, message)).await?,
        };
        Ok(())
    }

    fn streams(&self) -> usize {
        1
    }

    fn ears(&self) -> Arc<Ears> {
        Arc::clone(&self.ears)
    }
}

async fn follow(mut stream: Streaming<WatchResponse>, ears: Arc<Ears>) {
    while let Ok(Some(response)) = stream.message().await {
        if matches!(response.frame, Some(Frame::Typing(_))) {
            ears.hear_next();
        }
    }
}

/// Through the public door.
pub async fn run(options: Options) -> Outcome<Value> {
    let (door, epoch) = (Door::open(&options.place).await?, Instant::now());
    let senders = options.load.senders;
    let (mut ways, mut following, mut typists) = (Ways::of(door.address, senders, senders), JoinSet::new(), Vec::new());
    for number in 0..senders {
        let (chat, ears) = (door.chat(number).await?, Ears::new(epoch));
        door.monitor(&chat.conversation).await?;
        let request = WatchRequest {
            conversation_id: chat.conversation.clone(),
            cursor: String::new(),
        };
        let mut client = ConversationServiceClient::new(ways.way());
        let mut stream = client.watch(bearing(&door.token, request)).await?.into_inner();
        stream.message().await?.ok_or("the stream ended")?;
        following.spawn(follow(stream, Arc::clone(&ears)));
        typists.push(Typist {
            way: Way::There(ConversationServiceClient::new(channel(door.address))),
            conversation: chat.conversation,
            token: chat.token,
            typing: false,
            ears,
        });
    }
    drive(&options.load, typists, epoch).await
}

/// Runs session in this process; says too how many statements there were meanwhile.
pub async fn run_own(options: Own) -> Outcome<Value> {
    let store = append::store(&options.url).await?;
    let context = running_context(7);
    let tokens = Tokens::new(&context);
    tokens.deploy(append::deployment());
    let settings = onqueue_session::Settings {
        verdict_ms: 1,
        typing_per_second: u32::MAX,
        ..onqueue_session::Settings::default()
    };
    let bound = onqueue_session::bind(&settings, store.clone(), context.clone()).await;
    let service = layered(bound.map_err(|fault| format!("{fault:?}"))?, &context);
    append::put_policy(&service).await?;
    let watcher: UserId = Id::new(Uuid::from_u128(5));
    let may = [permissions::WEBCHAT_MONITOR];
    tokens.grant(append::organisation(), watcher, DivisionId::ALL, &may);
    let watcher = tokens.user(append::organisation(), watcher, "Watcher");
    let epoch = Instant::now();
    let (mut following, mut typists) = (JoinSet::new(), Vec::new());
    for number in 0..options.load.senders {
        let chat = append::start(&service, &tokens, number).await?;
        let ears = Ears::new(epoch);
        let stream = watch(&service, &chat.conversation, &watcher).await?;
        following.spawn(follow(stream, Arc::clone(&ears)));
        typists.push(Typist {
            way: Way::Here(ConversationServiceClient::new(service.clone())),
            conversation: chat.conversation,
            token: chat.token,
            typing: false,
            ears,
        });
    }
    let statements = store.statements();
    let mut said = drive(&options.load, typists, epoch).await?;
    let sent = said["sends"]["count"].as_f64().unwrap_or(1.0);
    said["statements_each"] = ((store.statements() - statements) as f64 / sent).into();
    Ok(said)
}

async fn watch(service: &InProcess, conversation: &str, token: &str) -> Outcome<Streaming<WatchResponse>> {
    let request = MonitorRequest {
        conversation_id: conversation.to_owned(),
    };
    let mut supervision = SupervisionServiceClient::new(service.clone());
    supervision.monitor(with_token(request, token)).await?;
    let request = WatchRequest {
        conversation_id: conversation.to_owned(),
        cursor: String::new(),
    };
    let mut client = ConversationServiceClient::new(service.clone());
    let mut stream = client.watch(with_token(request, token)).await?.into_inner();
    stream.message().await?.ok_or("the stream ended")?;
    Ok(stream)
}
