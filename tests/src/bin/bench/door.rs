//! The public door as drivers use it: an administrator who may look at everything, and customers who come without end.

use crate::Outcome;
use clap::Args;
use onqueue_proto::{
    routing::v1::{ListQueuesRequest, UpdateQueueRequest, queue_service_client::QueueServiceClient},
    session::v1::{
        MonitorRequest, StartConversationRequest, conversation_service_client::ConversationServiceClient,
        supervision_service_client::SupervisionServiceClient,
    },
};
use onqueue_tests::people::{bearing, channel, login};
use serde_json::Value;
use std::{net::SocketAddr, path::PathBuf, time::Duration};
use tonic::{Code, Status};
use uuid::Uuid;

/// Streams on one connection; the public door allows 100.
const STREAMS: usize = 80;

/// How often what is not measured is tried, and the pause before the next time: who comes with hundreds at once is told to
/// come again.
const TRIES: usize = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// Where it is.
#[derive(Args, Clone, Debug)]
pub struct Place {
    /// The public door: host and port.
    #[arg(long)]
    pub address: SocketAddr,
    /// The file that the demo wrote.
    #[arg(long)]
    pub credentials: PathBuf,
}

/// The door, with everything that one needs there.
#[derive(Clone)]
pub struct Door {
    pub address: SocketAddr,
    deployment: String,
    queues: Vec<String>,
    /// A token of somebody who may do everything.
    pub token: String,
}

impl Door {
    /// Logs in, and lets as many wait in each queue as come.
    pub async fn open(place: &Place) -> Outcome<Self> {
        let credentials: Value = serde_json::from_slice(&std::fs::read(&place.credentials)?)?;
        let users = credentials["users"].as_array().into_iter().flatten();
        let named = |user: &&Value| user["role"] == "Administrator";
        let name = users.clone().find(named).and_then(|user| user["name"].as_str());
        let name = name.ok_or("the credentials name no administrator")?.to_owned();
        let tokens = login(place.address, &credentials, &name).await.tokens;
        let mut door = Self {
            address: place.address,
            deployment: credentials["deployment"].as_str().unwrap_or_default().to_owned(),
            queues: Vec::new(),
            token: tokens.ok_or("no tokens")?.access_token,
        };
        door.lift_limits().await?;
        Ok(door)
    }

    async fn lift_limits(&mut self) -> Outcome<()> {
        let mut client = QueueServiceClient::new(channel(self.address));
        let request = bearing(&self.token, ListQueuesRequest::default());
        for mut queue in client.list_queues(request).await?.into_inner().queues {
            self.queues.push(queue.queue_id.clone());
            if queue.limit == 0 {
                continue;
            }
            queue.limit = 0;
            let mut request = UpdateQueueRequest {
                queue: Some(queue),
                ..UpdateQueueRequest::default()
            };
            request
                .update_mask
                .get_or_insert_default()
                .paths
                .push("limit".to_owned());
            client.update_queue(bearing(&self.token, request)).await?;
        }
        match self.queues.is_empty() {
            true => Err("there is no queue".into()),
            false => Ok(()),
        }
    }

    /// A chat of somebody who has just come.
    pub async fn chat(&self, number: usize) -> Outcome<Chat> {
        let request = StartConversationRequest {
            request_id: Uuid::now_v7().to_string(),
            deployment_id: self.deployment.clone(),
            queue_id: self.queues[number % self.queues.len()].clone(),
            guest_name: format!("Load {number}"),
            ..StartConversationRequest::default()
        };
        let client = ConversationServiceClient::new(channel(self.address));
        let call = || {
            let (mut client, request) = (client.clone(), request.clone());
            async move { client.start_conversation(request).await }
        };
        let started = again(call).await?.into_inner();
        Ok(Chat {
            conversation: started.conversation.ok_or("no conversation")?.conversation_id,
            token: started.tokens.ok_or("no tokens")?.access_token,
        })
    }

    /// The token's holder may follow the chat from now on.
    pub async fn monitor(&self, conversation: &str) -> Outcome<()> {
        let request = MonitorRequest {
            conversation_id: conversation.to_owned(),
        };
        let client = SupervisionServiceClient::new(channel(self.address));
        let call = || {
            let (mut client, request) = (client.clone(), bearing(&self.token, request.clone()));
            async move { client.monitor(request).await }
        };
        again(call).await.map(drop)
    }
}

/// A customer's conversation, and what they may do in it.
pub struct Chat {
    pub conversation: String,
    pub token: String,
}

/// Calls until it is answered.
async fn again<T, F: Future<Output = Result<T, Status>>>(call: impl Fn() -> F) -> Outcome<T> {
    const BUSY: [Code; 4] = [
        Code::Unavailable,
        Code::ResourceExhausted,
        Code::DeadlineExceeded,
        Code::Aborted,
    ];
    for _ in 1..TRIES {
        match call().await {
            Err(status) if BUSY.contains(&status.code()) => tokio::time::sleep(PAUSE).await,
            answer => return Ok(answer?),
        }
    }
    Ok(call().await?)
}

/// Connections to the door for many streams.
pub struct Ways {
    channels: Vec<tonic::transport::Channel>,
    next: usize,
}

impl Ways {
    /// As many as these streams need, at least so many.
    pub fn of(address: SocketAddr, streams: usize, least: usize) -> Self {
        let connections = streams.div_ceil(STREAMS).max(least);
        Self {
            channels: (0..connections).map(|_| channel(address)).collect(),
            next: 0,
        }
    }

    /// The one for the next stream.
    pub fn way(&mut self) -> tonic::transport::Channel {
        self.next += 1;
        self.channels[self.next % self.channels.len()].clone()
    }
}
