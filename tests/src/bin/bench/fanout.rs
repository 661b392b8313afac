//! One message to everybody who watches: through the public door, and by bare tonic that hands on what it is sent.

use crate::{
    Outcome,
    door::{Door, Place, Ways},
    summary,
    talk::{Ears, text},
};
use clap::Args;
use futures::stream;
use http::{Request, Response};
use onqueue_proto::session::v1::{
    Event, Message, SendMessageRequest, SendMessageResponse, WatchRequest, WatchResponse,
    conversation_service_client::ConversationServiceClient, event, watch_response::Frame,
};
use onqueue_tests::people::{bearing, channel};
use serde_json::{Value, json};
use std::{
    convert::Infallible,
    future::ready,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    task::JoinSet,
    time::sleep,
};
use tonic::{
    Status, Streaming,
    body::Body,
    client::Grpc,
    codegen::http::uri::PathAndQuery,
    server::{Grpc as Server, NamedService},
    transport::Channel,
};
use tonic_prost::ProstCodec;
use tower::service_fn;
use uuid::Uuid;

/// The pause between two messages.
const PAUSE: Duration = Duration::from_millis(20);

/// What a slow watcher may be behind in the bare one.
const ROOM: usize = 1_024;

const WATCH: &str = "/bench.Hall/Watch";
const SEND: &str = "/bench.Hall/Send";

/// How many watch, and how often something is said.
#[derive(Args, Clone, Debug)]
pub struct Hall {
    /// Open streams of the one conversation.
    #[arg(long, default_value_t = 1_000)]
    watchers: usize,
    /// Over how many connections, at least.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// How often it is measured.
    #[arg(long, default_value_t = 100)]
    messages: usize,
}

/// Through the public door.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    hall: Hall,
}

/// Of the bare one.
#[derive(Args, Debug)]
pub struct Bare {
    /// Host and port.
    #[arg(long)]
    address: SocketAddr,
    #[command(flatten)]
    hall: Hall,
}

/// Where the bare one is served.
#[derive(Args, Debug)]
pub struct Service {
    #[arg(long)]
    listen: SocketAddr,
}

/// Sends through the public door.
pub async fn run(options: Options) -> Outcome<Value> {
    let door = Door::open(&options.place).await?;
    let (chat, epoch) = (door.chat(0).await?, Instant::now());
    let (ears, mut watching) = (Ears::new(epoch), JoinSet::new());
    let mut ways = Ways::of(door.address, options.hall.watchers, options.hall.connections);
    for _ in 0..options.hall.watchers {
        let request = WatchRequest {
            conversation_id: chat.conversation.clone(),
            cursor: String::new(),
        };
        let mut client = ConversationServiceClient::new(ways.way());
        let mut stream = client.watch(bearing(&chat.token, request)).await?.into_inner();
        stream.message().await?.ok_or("the stream ended")?;
        watching.spawn(follow(stream, Arc::clone(&ears)));
    }
    let client = ConversationServiceClient::new(channel(door.address));
    let send = async |due: Duration| {
        let message = SendMessageRequest {
            conversation_id: chat.conversation.clone(),
            client_message_id: Uuid::now_v7().to_string(),
            text: text(due),
        };
        client.clone().send_message(bearing(&chat.token, message)).await?;
        Ok(())
    };
    measure(&options.hall, &ears, epoch, send).await
}

/// Sends through the bare one.
pub async fn run_bare(options: Bare) -> Outcome<Value> {
    let (epoch, hall) = (Instant::now(), options.hall);
    let (ears, mut watching) = (Ears::new(epoch), JoinSet::new());
    let mut ways = Ways::of(options.address, hall.watchers, hall.connections);
    for _ in 0..hall.watchers {
        let mut client = client(ways.way()).await?;
        let codec = ProstCodec::<WatchRequest, WatchResponse>::default();
        let request = tonic::Request::new(WatchRequest::default());
        let opened = client.server_streaming(request, PathAndQuery::from_static(WATCH), codec);
        watching.spawn(follow(opened.await?.into_inner(), Arc::clone(&ears)));
    }
    let client = client(channel(options.address)).await?;
    let send = async |due: Duration| {
        let mut client = client.clone();
        client.ready().await?;
        let codec = ProstCodec::<WatchResponse, SendMessageResponse>::default();
        let request = tonic::Request::new(frame(text(due)));
        client.unary(request, PathAndQuery::from_static(SEND), codec).await?;
        Ok(())
    };
    measure(&hall, &ears, epoch, send).await
}

async fn client(channel: Channel) -> Outcome<Grpc<Channel>> {
    let mut client = Grpc::new(channel);
    client.ready().await?;
    Ok(client)
}

async fn follow(mut stream: Streaming<WatchResponse>, ears: Arc<Ears>) {
    while let Ok(Some(response)) = stream.message().await {
        if let Some(Frame::Event(event)) = response.frame
            && let Some(event::Body::Message(message)) = event.body
        {
            ears.hear(&message.text);
        }
    }
}

/// How long the last watcher waits for each message: from the call, and from its acknowledgement.
async fn measure(
    hall: &Hall,
    ears: &Ears,
    epoch: Instant,
    send: impl AsyncFn(Duration) -> Outcome<()>,
) -> Outcome<Value> {
    let (mut from_call, mut from_answer) = (Vec::new(), Vec::new());
    let began = Instant::now();
    // The first ones are not counted: buffers grow then.
    for number in 0..hall.messages + 5 {
        sleep(PAUSE).await;
        let due = epoch.elapsed();
        send(due).await?;
        let answered = epoch.elapsed().saturating_sub(due);
        ears.heard(hall.watchers).await?;
        let last = ears.take().into_iter().max().unwrap_or_default();
        if number >= 5 {
            from_call.push(last);
            from_answer.push(last.saturating_sub(answered));
        }
    }
    let over = began.elapsed();
    Ok(json!({ "from_call": summary(from_call, over), "from_answer": summary(from_answer, over) }))
}

/// A frame as large as Onqueue's.
fn frame(text: String) -> WatchResponse {
    let id = Uuid::now_v7().to_string();
    WatchResponse {
        frame: Some(Frame::Event(Event {
            sequence: 1_000,
            event_id: id.clone(),
            participant_id: id.clone(),
            body: Some(event::Body::Message(Message {
                client_message_id: String::new(),
                text,
            })),
            ..Event::default()
        })),
        cursor: id[..12].to_owned(),
    }
}

/// Hands what one sends to all who watch.
#[derive(Clone)]
struct Everybody(broadcast::Sender<WatchResponse>);

impl NamedService for Everybody {
    const NAME: &'static str = "bench.Hall";
}

impl tower::Service<Request<Body>> for Everybody {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let everybody = self.0.clone();
        Box::pin(async move {
            let answer = match request.uri().path() {
                WATCH => {
                    let watch = service_fn(move |_: tonic::Request<WatchRequest>| {
                        let stream = stream::unfold(everybody.subscribe(), heard);
                        ready(Ok::<_, Status>(tonic::Response::new(stream)))
                    });
                    let codec = ProstCodec::<WatchResponse, WatchRequest>::default();
                    Server::new(codec).server_streaming(watch, request).await
                }
                _ => {
                    let send = service_fn(move |request: tonic::Request<WatchResponse>| {
                        let count = everybody.send(request.into_inner());
                        let answer = count.map(|_| tonic::Response::new(SendMessageResponse::default()));
                        ready(answer.map_err(|_| Status::unavailable("nobody watches")))
                    });
                    let codec = ProstCodec::<SendMessageResponse, WatchResponse>::default();
                    Server::new(codec).unary(send, request).await
                }
            };
            Ok(answer)
        })
    }
}

/// The next of what was sent; the end for who has missed some.
async fn heard(
    mut from: broadcast::Receiver<WatchResponse>,
) -> Option<(Result<WatchResponse, Status>, broadcast::Receiver<WatchResponse>)> {
    match from.recv().await {
        Ok(response) => Some((Ok(response), from)),
        Err(RecvError::Lagged(_)) => Some((Err(Status::data_loss("too slow")), from)),
        Err(RecvError::Closed) => None,
    }
}

/// Serves the bare one.
pub async fn serve_bare(options: Service) -> Outcome<()> {
    let everybody = Everybody(broadcast::channel(ROOM).0);
    let server = tonic::transport::Server::builder()
        .tcp_nodelay(true)
        .add_service(everybody);
    Ok(server.serve(options.listen).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::append::TEXT;
    use prost::Message as _;

    #[test]
    fn a_frame_is_as_large_as_a_message() {
        let size = frame(text(Duration::from_secs(1))).encoded_len();
        assert!(size > TEXT.len() + 100, "{size}");
    }
}
