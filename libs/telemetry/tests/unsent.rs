//! Where no traces are sent, calls belong to traces all the same: whatever a call causes has its trace's id.

use http::{Request, Response};
use onqueue_telemetry::{Format, Settings, TraceLayer, current_traceparent, init, link, set_parent};
use std::{
    convert::Infallible,
    future::ready,
    sync::{Arc, Mutex},
};
use tower::{Layer as _, Service as _, service_fn};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn known(_: &str) -> Option<&'static str> {
    None
}

/// The trace of a `traceparent` that is well formed and not recorded.
fn trace(traceparent: &str) -> String {
    let parts: Vec<_> = traceparent.split('-').collect();
    assert!(matches!(parts[..], ["00", _, _, "00"]), "{traceparent}");
    parts[1].to_owned()
}

/// The trace that the handler of a request with that `traceparent` is in, and the one that it tells others.
async fn traces(told: Option<&str>) -> [String; 2] {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = {
        let seen = Arc::clone(&seen);
        move |traceparent: &str| seen.lock().expect("seen").push(trace(traceparent))
    };
    let noted = note.clone();
    let next = service_fn(move |request: Request<()>| {
        noted(request.headers()["traceparent"].to_str().expect("text"));
        ready(Ok::<_, Infallible>(Response::new(())))
    });
    let handler = service_fn(move |_: Request<()>| {
        note(&current_traceparent().expect("inside of a span"));
        let mut next = TraceLayer::client(known).layer(next.clone());
        async move { next.call(Request::new(())).await }
    });
    let mut request = Request::new(());
    if let Some(told) = told {
        let value = told.parse().expect("a value");
        request.headers_mut().insert("traceparent", value);
    }
    let answered = TraceLayer::server(known).layer(handler).call(request).await;
    assert!(answered.is_ok());
    let seen = seen.lock().expect("seen").clone();
    seen.try_into().expect("both")
}

#[tokio::test]
async fn traces_go_on_where_none_are_sent() {
    let settings = Settings {
        level: "warn".to_owned(),
        format: Format::Json,
        endpoint: String::new(),
    };
    let guard = init("onqueue-test", &settings).expect("starts");
    assert_eq!(current_traceparent(), None, "outside of any span");
    let told = format!("00-{TRACE}-b7ad6b7169203331-01");
    assert_eq!(traces(Some(&told)).await, [TRACE, TRACE]);
    let [here, next] = traces(None).await;
    assert!(here == next && here != TRACE);
    let (repeat, other) = (tracing::info_span!("repeat"), tracing::info_span!("other"));
    set_parent(&repeat, &told);
    link(&other, &told);
    let of = |span: &tracing::Span| span.in_scope(|| trace(&current_traceparent().expect("inside of a span")));
    assert_eq!(of(&repeat), TRACE);
    assert_ne!(of(&other), TRACE);
    tokio::task::spawn_blocking(|| guard.shutdown()).await.expect("ends");
}
