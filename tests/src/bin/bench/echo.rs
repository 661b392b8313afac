//! An echo behind the gateway and beside it: what forwarding costs.

use crate::{Outcome, summary};
use bytes::Bytes;
use clap::Args;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use onqueue_credentials::Identity;
use onqueue_server::{Ids, InProcess, Tasks, listener};
use serde_json::Value;
use std::{
    convert::Infallible,
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, task::JoinSet};
use tonic::{
    Status,
    body::Body,
    client::Grpc,
    codegen::http::uri::PathAndQuery,
    server::NamedService,
    transport::{Channel, Endpoint, Server},
};
use tower::service_fn;

/// An rpc that the gateway does not know and forwards to content.
const PATH: &str = "/onqueue.content.v1.EchoService/Echo";

/// Where the echo is served as a service.
#[derive(Args, Debug)]
pub struct Service {
    #[arg(long)]
    listen: SocketAddr,
    /// The folder with the certificates.
    #[arg(long)]
    certificates: PathBuf,
}

/// Where the echo is served bare.
#[derive(Args, Debug)]
pub struct Bare {
    #[arg(long)]
    listen: SocketAddr,
}

/// Whom to call, and how.
#[derive(Args, Debug)]
pub struct Options {
    /// Host and port.
    #[arg(long)]
    address: String,
    /// Calls at once.
    #[arg(long, default_value_t = 64)]
    callers: usize,
    /// For how long.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

/// Answers with what came.
async fn echo(request: Request<Body>) -> Result<Response<Body>, Status> {
    let message = request.into_body().collect().await?.to_bytes();
    let trailers = http::HeaderMap::from_iter([(
        http::HeaderName::from_static("grpc-status"),
        http::HeaderValue::from_static("0"),
    )]);
    let body = Full::<Bytes>::new(message).with_trailers(std::future::ready(Some(Ok(trailers))));
    let response = Response::builder().header("content-type", "application/grpc");
    response
        .body(Body::new(body))
        .map_err(|error| Status::internal(error.to_string()))
}

/// Serves the echo as the services are: behind mutual TLS, by our listener.
pub async fn serve(options: Service) -> Outcome<()> {
    let identity = Identity::load(&options.certificates, "content").map_err(|fault| format!("{fault:?}"))?;
    let listener = TcpListener::bind(options.listen).await?;
    let (tasks, ids) = (Tasks::new(), Ids::system());
    let service = InProcess::new(service_fn(echo));
    let limits = listener::Limits::internal();
    listener::serve_peers(listener, service, identity, limits, &tasks, move || ids.chance());
    std::future::pending().await
}

#[derive(Clone)]
struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "onqueue.content.v1.EchoService";
}

impl tower::Service<Request<Body>> for Echo {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(async move { Ok(echo(request).await.unwrap_or_else(Status::into_http)) })
    }
}

/// Serves the echo by bare tonic.
pub async fn serve_bare(options: Bare) -> Outcome<()> {
    Ok(Server::builder()
        .tcp_nodelay(true)
        .add_service(Echo)
        .serve(options.listen)
        .await?)
}

/// Calls in a closed loop over a few connections.
pub async fn call(options: Options) -> Outcome<Value> {
    let endpoint = Endpoint::from_shared(format!("http://{}", options.address))?.tcp_nodelay(true);
    let connections = options.callers.div_ceil(16);
    let mut channels = Vec::new();
    for _ in 0..connections {
        channels.push(endpoint.connect().await?);
    }
    once(&mut Grpc::new(channels[0].clone())).await?;
    let (began, mut running) = (Instant::now(), JoinSet::new());
    let end = began + Duration::from_secs(options.seconds);
    for caller in 0..options.callers {
        running.spawn(until(channels[caller % connections].clone(), end));
    }
    let mut taken = Vec::new();
    while let Some(one) = running.join_next().await {
        taken.extend(one??);
    }
    Ok(summary(taken, began.elapsed()))
}

async fn until(channel: Channel, end: Instant) -> Outcome<Vec<Duration>> {
    let (mut client, mut taken) = (Grpc::new(channel), Vec::new());
    while Instant::now() < end {
        let began = Instant::now();
        once(&mut client).await?;
        taken.push(began.elapsed());
    }
    Ok(taken)
}

/// The message is any that protobuf knows; nobody on the way looks into it.
async fn once(client: &mut Grpc<Channel>) -> Outcome<()> {
    type Message = onqueue_proto::session::v1::SendMessageRequest;
    let message = Message {
        text: crate::append::TEXT.to_owned(),
        ..Message::default()
    };
    client.ready().await?;
    let codec = tonic_prost::ProstCodec::<Message, Message>::default();
    let request = tonic::Request::new(message.clone());
    let answer = client.unary(request, PathAndQuery::from_static(PATH), codec).await?;
    match answer.into_inner() == message {
        true => Ok(()),
        false => Err("another answer".into()),
    }
}
