//! Conversations of Onqueue, through its public door.

use super::{Carrier, Ears, Load, drive, text};
use crate::{
    Outcome,
    door::{Chat, Door, Place, Ways},
};
use clap::Args;
use onqueue_proto::session::v1::{
    SendMessageRequest, WatchRequest, WatchResponse, conversation_service_client::ConversationServiceClient, event,
    watch_response::Frame,
};
use onqueue_tests::people::{bearing, channel};
use serde_json::Value;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};
use tonic::{Streaming, transport::Channel};
use uuid::Uuid;

/// How many chats are begun at the same time.
const AT_ONCE: usize = 32;

/// With so many streams and fewer each has a connection of its own.
const FEW: usize = 200;

/// How long a stream may take to show what was there before.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where, and how many follow.
#[derive(Args, Clone, Debug)]
pub struct Options {
    #[command(flatten)]
    pub place: Place,
    /// How many conversations there are.
    #[arg(long, default_value_t = 64)]
    pub conversations: usize,
    /// Open streams of each: the customer's own, and of those who watch.
    #[arg(long, default_value_t = 2)]
    pub participants: usize,
    #[command(flatten)]
    pub load: Load,
}

/// A customer's connection, and the conversations that they send to in turn.
struct Sender {
    client: ConversationServiceClient<Channel>,
    chats: Vec<(String, String)>,
    next: usize,
    streams: usize,
    ears: Arc<Ears>,
}

impl Carrier for Sender {
    async fn carry(&mut self, due: Duration) -> Outcome<()> {
        let (conversation, token) = &self.chats[self.next % self.chats.len()];
        self.next += 1;
        let message = SendMessageRequest {
            conversation_id: conversation.clone(),
            client_message_id: Uuid::now_v7().to_string(),
            text: text(due),
        };
        self.client.send_message(bearing(token, message)).await?;
        Ok(())
    }

    fn streams(&self) -> usize {
        self.streams
    }

    fn ears(&self) -> Arc<Ears> {
        Arc::clone(&self.ears)
    }
}

/// Begins the conversations, lets everybody follow, and sends.
pub async fn run(options: Options) -> Outcome<Value> {
    let Options {
        conversations,
        participants,
        load,
        place,
    } = options;
    if load.in_turn && load.senders > conversations {
        return Err("in turn, there is one sender for each conversation at the most".into());
    }
    let (door, epoch) = (Door::open(&place).await?, Instant::now());
    let chats = begin(&door, conversations, participants > 1).await?;
    let books = load.senders.min(conversations);
    let ears: Vec<Arc<Ears>> = (0..books).map(|_| Ears::new(epoch)).collect();
    let streams = conversations * participants;
    let mut ways = Ways::of(door.address, streams, streams.min(FEW));
    let (room, mut opening, mut following) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new(), JoinSet::new());
    for (number, chat) in chats.iter().enumerate() {
        for participant in 0..participants {
            let token = if participant == 0 { &chat.token } else { &door.token };
            let follower = Follower {
                client: ConversationServiceClient::new(ways.way()),
                token: token.clone(),
                conversation: chat.conversation.clone(),
                ears: Arc::clone(&ears[number % books]),
            };
            let room = Arc::clone(&room);
            opening.spawn(async move {
                let _room = room.acquire_owned().await?;
                follower.open().await
            });
        }
    }
    while let Some(opened) = opening.join_next().await {
        let (follower, stream) = opened??;
        following.spawn(follower.follow(stream));
    }
    let senders = (0..load.senders).map(|number| Sender {
        client: ConversationServiceClient::new(channel(door.address)),
        chats: own(&chats, number, load.senders),
        next: 0,
        streams: participants,
        ears: Arc::clone(&ears[number % books]),
    });
    drive(&load, senders.collect(), epoch).await
}

/// The conversations of one sender, with their customers' tokens.
fn own(chats: &[Chat], sender: usize, senders: usize) -> Vec<(String, String)> {
    let chat = |chat: &Chat| (chat.conversation.clone(), chat.token.clone());
    match chats.len() < senders {
        true => vec![chat(&chats[sender % chats.len()])],
        false => chats.iter().skip(sender).step_by(senders).map(chat).collect(),
    }
}

async fn begin(door: &Door, conversations: usize, are_watched: bool) -> Outcome<Vec<Chat>> {
    let (room, mut coming) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
    for number in 0..conversations {
        let (door, room) = (door.clone(), Arc::clone(&room));
        coming.spawn(async move {
            let _room = room.acquire_owned().await?;
            let chat = door.chat(number).await?;
            if are_watched {
                door.monitor(&chat.conversation).await?;
            }
            Outcome::Ok(chat)
        });
    }
    let mut chats = Vec::new();
    while let Some(came) = coming.join_next().await {
        chats.push(came??);
    }
    Ok(chats)
}

/// Somebody who follows a conversation.
struct Follower {
    client: ConversationServiceClient<Channel>,
    token: String,
    conversation: String,
    ears: Arc<Ears>,
}

impl Follower {
    /// Opens a stream and reads its first frame.
    async fn open(mut self) -> Outcome<(Self, Streaming<WatchResponse>)> {
        let mut stream = self.watch(String::new()).await?;
        timeout(PATIENCE, stream.message()).await??.ok_or("the stream ended")?;
        Ok((self, stream))
    }

    async fn watch(&mut self, cursor: String) -> Outcome<Streaming<WatchResponse>> {
        let request = WatchRequest {
            conversation_id: self.conversation.clone(),
            cursor,
        };
        Ok(self.client.watch(bearing(&self.token, request)).await?.into_inner())
    }

    /// Notes what comes; goes on where a stream ends.
    async fn follow(mut self, mut stream: Streaming<WatchResponse>) {
        let mut cursor = String::new();
        loop {
            while let Ok(Some(response)) = stream.message().await {
                if let Some(Frame::Event(event)) = response.frame
                    && let Some(event::Body::Message(message)) = event.body
                {
                    self.ears.hear(&message.text);
                }
                if !response.cursor.is_empty() {
                    cursor = response.cursor;
                }
            }
            stream = loop {
                match self.watch(cursor.clone()).await {
                    Ok(stream) => break stream,
                    Err(_) => sleep(Duration::from_millis(20)).await,
                }
            };
        }
    }
}
