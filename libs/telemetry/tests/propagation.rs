//! What arrives at a collector: the calling and the serving span of one rpc are one trace, and a stream's span lasts as
//! long as the stream.
// The sink is a server of its own, outside the product's task bookkeeping.
#![allow(clippy::disallowed_methods)]

use http::{Request, Response};
use http_body::{Body, Frame};
use onqueue_telemetry::{Format, Settings, TraceLayer, current_traceparent, init, link, set_parent};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    trace::v1::Span,
};
use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};
use tokio::sync::oneshot;
use tower::{Layer as _, Service as _, service_fn};
use tracing::Instrument as _;

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Sink {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        let scopes = request
            .into_inner()
            .resource_spans
            .into_iter()
            .flat_map(|r| r.scope_spans);
        self.0
            .lock()
            .expect("sink")
            .extend(scopes.flat_map(|scope| scope.spans));
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

/// Sends one frame when told to, then ends.
struct Held(Option<oneshot::Receiver<()>>);

impl Body for Held {
    type Data = &'static [u8];
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<&'static [u8]>, Infallible>>> {
        let Some(wait) = self.0.as_mut() else {
            return Poll::Ready(None);
        };
        std::task::ready!(Pin::new(wait).poll(cx)).expect("told");
        self.0 = None;
        Poll::Ready(Some(Ok(Frame::data(&b"frame"[..]))))
    }
}

async fn sink() -> (Sink, String) {
    let sink = Sink::default();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let server = tonic::transport::Server::builder().add_service(TraceServiceServer::new(sink.clone()));
    tokio::spawn(server.serve(address));
    while tokio::net::TcpStream::connect(address).await.is_err() {
        tokio::task::yield_now().await;
    }
    (sink, format!("http://{address}"))
}

fn find<'a>(spans: &'a [Span], name: &str, kind: i32) -> &'a Span {
    let found: Vec<_> = spans.iter().filter(|s| s.name == name && s.kind == kind).collect();
    assert_eq!(found.len(), 1, "{name} of kind {kind} in {spans:#?}");
    found[0]
}

/// One call through both layers; answers the `traceparent` that the handler saw.
async fn call(hold: Duration) -> String {
    let (seen, saw) = oneshot::channel();
    let (go, wait) = oneshot::channel();
    let mut slot = Some((seen, wait));
    let handler = service_fn(move |_: Request<()>| {
        let (seen, wait) = slot.take().expect("called once");
        seen.send(current_traceparent().expect("inside a span"))
            .expect("waited for");
        async move { Ok::<_, Infallible>(Response::new(Held(Some(wait)))) }
    });
    let mut client = TraceLayer::client().layer(TraceLayer::server().layer(handler));
    let request = Request::builder()
        .uri("/onqueue.test.v1.Tests/Watch")
        .body(())
        .expect("request");
    let mut body = client.call(request).await.expect("answered").into_body();
    tokio::time::sleep(hold).await;
    go.send(()).expect("held");
    while std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx))
        .await
        .is_some()
    {}
    saw.await.expect("handler ran")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_rpc_is_one_trace() {
    let (sink, endpoint) = sink().await;
    let settings = Settings {
        level: "warn".to_owned(),
        format: Format::Json,
        endpoint,
    };
    let guard = init("onqueue-test", &settings).expect("starts");
    assert!(init("onqueue-test", &settings).is_err(), "only once");
    assert_eq!(current_traceparent(), None);

    let hold = Duration::from_millis(120);
    let root = tracing::info_span!("page");
    let stored = call(hold).instrument(root.clone()).await;
    drop(root);

    let (delivery, repeat) = (tracing::info_span!("delivery"), tracing::info_span!("repeat"));
    link(&delivery, &stored);
    set_parent(&repeat, &stored);
    set_parent(&repeat, "00-not-a-context");
    drop((delivery, repeat));

    tokio::task::spawn_blocking(|| guard.shutdown()).await.expect("flushed");
    let spans = sink.0.lock().expect("sink").clone();
    let (page, client) = (find(&spans, "page", 1), find(&spans, "/onqueue.test.v1.Tests/Watch", 3));
    let server = find(&spans, "/onqueue.test.v1.Tests/Watch", 2);
    assert_eq!(client.parent_span_id, page.span_id);
    assert_eq!(server.parent_span_id, client.span_id);
    assert!(page.trace_id == client.trace_id && client.trace_id == server.trace_id);
    let nanos = u64::try_from(hold.as_nanos()).expect("short");
    assert!(
        server.end_time_unix_nano - server.start_time_unix_nano >= nanos,
        "{server:#?}"
    );

    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(
        stored,
        format!("00-{}-{}-01", hex(&server.trace_id), hex(&server.span_id))
    );
    let (delivery, repeat) = (find(&spans, "delivery", 1), find(&spans, "repeat", 1));
    assert_eq!(delivery.links[0].span_id, server.span_id);
    assert_ne!(delivery.trace_id, server.trace_id);
    assert_eq!(repeat.parent_span_id, server.span_id);
}
