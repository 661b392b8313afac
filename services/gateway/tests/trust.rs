//! A gateway that learns whom to trust from auth.

mod world;

use onqueue_gateway::follow_trust;
use onqueue_model::Timestamp;
use onqueue_proto::{auth::v1::WatchTrustResponse, timestamp};
use onqueue_server::{Context, InProcess};
use onqueue_testkit::{running_context, until};
use onqueue_trust::Trust;
use tokio::sync::mpsc;
use world::{PATIENCE, World, played};

#[tokio::test]
async fn trust_follows_auth_across_interruptions() {
    let auth = World::new().await;
    let context = Context {
        trust: Trust::new(),
        ..running_context(2)
    };
    let (calls, mut received) = mpsc::channel(4);
    let upstream: InProcess = played(calls);
    follow_trust(upstream, &context);
    for grants in 1..=2 {
        let call = received.recv().await.expect("the gateway asks");
        assert_eq!(call.path, "/onqueue.auth.v1.TrustService/WatchTrust");
        let stream = call.stream();
        auth.user(&["routing:queue:view"]);
        let frame = WatchTrustResponse {
            bundle: Some((&auth.context.trust.bundle()).into()),
            read_at: Some(timestamp(Timestamp(1_000))),
        };
        stream.send(&frame).await;
        until("the bundle is in force", PATIENCE, async || {
            context.trust.bundle().grants.len() == grants
        })
        .await;
        stream.end().await;
    }
    assert!(context.tasks.finish(PATIENCE).await);
}
