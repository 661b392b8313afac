//! What arrives at a collector: the calling and the serving span of one rpc are one trace, and a stream's span lasts as
//! long as the stream.
// The sink is a server of its own, outside the product's task bookkeeping.
#![allow(clippy::disallowed_methods)]

use http::{Request, Response};
use http_body::{Body, Frame};
use onqueue_telemetry::{
    Format, Settings, TraceLayer, current_traceparent, init, link, metrics, set_parent,
    sink::{Sink, Span},
};
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::sync::oneshot;
use tower::{Layer as _, Service as _, service_fn};
use tracing::Instrument as _;

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

const METHOD: &str = "onqueue.test.v1.Tests/Watch";

fn known(path: &str) -> Option<&'static str> {
    (path == "/onqueue.test.v1.Tests/Watch").then_some("/onqueue.test.v1.Tests/Watch")
}

fn find<'a>(spans: &'a [Span], name: &str, kind: &str) -> &'a Span {
    let found: Vec<_> = spans.iter().filter(|s| s.name == name && s.kind == kind).collect();
    assert_eq!(found.len(), 1, "{name} of kind {kind} in {spans:#?}");
    found[0]
}

/// The value of a series that was sent.
fn value(sink: &Sink, metric: &str, label: (&str, &str)) -> Option<f64> {
    let samples = sink.samples();
    let labelled =
        |attributes: &onqueue_telemetry::sink::Attributes| attributes.get(label.0).is_some_and(|v| v == label.1);
    let found = samples.iter().find(|s| s.metric == metric && labelled(&s.attributes));
    found.map(|sample| sample.value)
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
    let mut client = TraceLayer::client(known).layer(TraceLayer::server(known).layer(handler));
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
async fn one_rpc_is_one_trace_and_is_measured() {
    let (sink, endpoint, serve) = Sink::open().await.expect("a free port");
    tokio::spawn(serve);
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
    metrics::MESSAGES.add(3, &[]);
    metrics::RESUME.add(2, &["refused"]);
    metrics::MESSAGE_DELIVERY.record(0.01, &[]);

    tokio::task::spawn_blocking(|| guard.shutdown()).await.expect("flushed");
    let spans = sink.spans();
    let (page, client) = (find(&spans, "page", "Internal"), find(&spans, METHOD, "Client"));
    let server = find(&spans, METHOD, "Server");
    assert_eq!((&client.parent, &server.parent), (&page.id, &client.id));
    assert!(page.trace == client.trace && client.trace == server.trace);
    assert!(server.took >= hold, "{server:#?}");
    assert_eq!(server.resource["service.name"], "onqueue-test");
    assert_eq!(server.resource["service.instance.id"].len(), 32);
    assert_eq!(server.attributes["rpc.method"], METHOD);

    assert_eq!(stored, format!("00-{}-{}-01", server.trace, server.id));
    let (delivery, repeat) = (find(&spans, "delivery", "Internal"), find(&spans, "repeat", "Internal"));
    assert_eq!(delivery.links, [(server.trace.clone(), server.id.clone())]);
    assert_ne!(delivery.trace, server.trace);
    assert_eq!(repeat.parent, server.id);

    for side in ["rpc.server.call.duration", "rpc.client.call.duration"] {
        assert_eq!(value(&sink, side, ("rpc.method", METHOD)), Some(1.0), "{side}");
        assert_eq!(
            value(&sink, side, ("rpc.response.status_code", "UNKNOWN")),
            Some(1.0),
            "no trailers: {side}"
        );
    }
    assert_eq!(value(&sink, "onqueue.resume", ("result", "refused")), Some(2.0));
    assert_eq!(value(&sink, "onqueue.resume", ("result", "resumed")), Some(0.0));
    let plain: Vec<_> = sink.samples().into_iter().filter(|s| s.attributes.is_empty()).collect();
    let sent = |name: &str| plain.iter().find(|s| s.metric == name).map(|s| s.value);
    assert_eq!(
        (sent("onqueue.messages"), sent("onqueue.message_delivery")),
        (Some(3.0), Some(1.0))
    );
}
