//! Calls through the client's layers, against upstreams that fail as told.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use onqueue_client::{Behalf, Policy, Upstream, connect, reason, retry_after};
use onqueue_model::Reason;
use onqueue_proto::rpc::{self, pack};
use prost::Message as _;
use std::{
    sync::{Arc, Mutex, atomic::AtomicU32, atomic::Ordering},
    time::Duration,
};
use tonic::{Code, Status, body::Body};
use tower::{ServiceExt as _, service_fn, util::BoxCloneSyncService};

const READ: &str = "/onqueue.session.v1.ConversationService/GetConversation";
const TYPING: &str = "/onqueue.session.v1.ConversationService/SendTyping";

/// Refuses the first `failures` calls, and keeps what each brought.
#[derive(Clone)]
struct Flaky {
    code: Code,
    failures: u32,
    calls: Arc<AtomicU32>,
    bodies: Arc<Mutex<Vec<Bytes>>>,
}

impl Flaky {
    fn new(code: Code, failures: u32) -> Self {
        Self {
            code,
            failures,
            calls: Arc::default(),
            bodies: Arc::default(),
        }
    }

    fn upstream(&self, policy: Policy) -> Upstream {
        let flaky = self.clone();
        let service = service_fn(move |request: Request<Body>| {
            let flaky = flaky.clone();
            async move {
                let body = request.into_body().collect().await?.to_bytes();
                flaky.bodies.lock().expect("bodies").push(body);
                let call = flaky.calls.fetch_add(1, Ordering::SeqCst);
                let code = if call < flaky.failures { flaky.code } else { Code::Ok };
                Ok::<Response<Body>, Status>(Status::new(code, "").into_http())
            }
        });
        connect(BoxCloneSyncService::new(service), policy, Arc::new(|| 0.5))
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }
}

async fn call(upstream: &Upstream, path: &str) -> Code {
    let body = Body::new(Full::new(Bytes::from_static(b"message")));
    let request = Request::builder().uri(path).body(body).expect("request");
    let response = upstream.clone().oneshot(request).await.expect("answered");
    Status::from_header_map(response.headers()).expect("a status").code()
}

fn quick() -> Policy {
    Policy {
        first_pause: Duration::from_millis(1),
        ..Policy::default()
    }
}

#[tokio::test]
async fn only_what_may_be_repeated_and_was_unavailable_is_repeated() {
    for (path, code, failures, expected, calls) in [
        (READ, Code::Unavailable, 2, Code::Ok, 3),
        (READ, Code::Unavailable, 3, Code::Unavailable, 3),
        (READ, Code::Internal, 1, Code::Internal, 1),
        (READ, Code::DeadlineExceeded, 1, Code::DeadlineExceeded, 1),
        (TYPING, Code::Unavailable, 1, Code::Unavailable, 1),
        (
            "/onqueue.session.v1.ConversationService/Unknown",
            Code::Unavailable,
            1,
            Code::Unavailable,
            1,
        ),
    ] {
        let flaky = Flaky::new(code, failures);
        let upstream = flaky.upstream(quick());
        assert_eq!(call(&upstream, path).await, expected, "{path} {code:?}");
        assert_eq!(flaky.calls(), calls, "{path} {code:?}");
        assert!(
            flaky
                .bodies
                .lock()
                .expect("bodies")
                .iter()
                .all(|body| body == "message")
        );
    }
}

#[tokio::test]
async fn retries_stay_within_their_budget() {
    let flaky = Flaky::new(Code::Unavailable, u32::MAX);
    let upstream = flaky.upstream(quick());
    for _ in 0..100 {
        call(&upstream, READ).await;
    }
    // 10 saved at the start and one for each five calls; the first call's share finds the budget full.
    assert!((120..=130).contains(&flaky.calls()), "{}", flaky.calls());
}

#[test]
fn refusals_are_read_back() {
    let info = |domain: &str| rpc::ErrorInfo {
        reason: "RATE_LIMITED".to_owned(),
        domain: domain.to_owned(),
        ..rpc::ErrorInfo::default()
    };
    let retry = rpc::RetryInfo {
        retry_delay: Some(prost_types::Duration {
            seconds: 1,
            nanos: 500_000_000,
        }),
    };
    let status = |domain| {
        let carried = rpc::Status {
            details: vec![
                pack("google.rpc.ErrorInfo", &info(domain)),
                pack("google.rpc.RetryInfo", &retry),
            ],
            ..rpc::Status::default()
        };
        Status::with_details(Code::ResourceExhausted, "", carried.encode_to_vec().into())
    };
    assert_eq!(reason(&status("onqueue")), Some(Reason::RateLimited));
    assert_eq!(retry_after(&status("onqueue")), Some(Duration::from_millis(1_500)));
    assert_eq!(reason(&status("somebody.else")), None);
    assert_eq!(reason(&Status::internal("")), None);
    assert_eq!(retry_after(&Status::internal("")), None);
}

#[test]
fn the_callers_token_and_patience_go_along() {
    let mut given = tonic::Request::new(());
    given
        .metadata_mut()
        .insert("authorization", "Bearer abc".parse().expect("ascii"));
    given.metadata_mut().insert("cookie", "no".parse().expect("ascii"));
    let request = Behalf::of_request(&given).within(Duration::from_secs(2)).request(7);
    let headers = request.metadata().clone().into_headers();
    assert_eq!(headers["authorization"], "Bearer abc");
    assert_eq!(headers["grpc-timeout"], "2000000u");
    assert!(headers.get("cookie").is_none());
    let same = Behalf::of(&headers).request(7);
    assert_eq!(same.metadata().get("authorization").expect("kept"), "Bearer abc");
}
