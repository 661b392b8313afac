//! A gateway that learns whom to trust from auth.

mod world;

use onqueue_gateway::follow_trust;
use onqueue_model::Timestamp;
use onqueue_proto::{auth::v1::WatchTrustResponse, timestamp};
use onqueue_server::{Context, InProcess};
use onqueue_testkit::{running_context, until};
use onqueue_trust::{Deployment, Trust};
use tokio::sync::mpsc;
use world::{PATIENCE, World, id, organisation, played};

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

#[tokio::test]
async fn a_large_bundle_is_read() {
    let auth = World::new().await;
    auth.tokens.deploy(Deployment {
        id: id(7).into(),
        organisation: organisation(),
        name: "x".repeat(5 << 20),
        enabled: true,
        origins: Vec::new(),
        queues: Vec::new(),
    });
    let context = Context {
        trust: Trust::new(),
        ..running_context(3)
    };
    let (calls, mut received) = mpsc::channel(4);
    follow_trust(played(calls), &context);
    let stream = received.recv().await.expect("the gateway asks").stream();
    let frame = WatchTrustResponse {
        bundle: Some((&auth.context.trust.bundle()).into()),
        read_at: Some(timestamp(Timestamp(1_000))),
    };
    stream.send(&frame).await;
    until("the bundle is in force", PATIENCE, async || {
        context.trust.deployment(id(7).into()).is_some()
    })
    .await;
}
