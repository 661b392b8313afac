//! A gateway that learns whom to trust from auth.

mod world;

use onqueue_gateway::{AUTH_SILENT, Settings, Upstreams, bind, follow_trust};
use onqueue_model::Timestamp;
use onqueue_proto::{auth::v1::WatchTrustResponse, timestamp};
use onqueue_server::{Context, InProcess, Readiness};
use onqueue_testkit::{running_context, until};
use onqueue_trust::{Deployment, Trust, parts};
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
            more: false,
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
async fn a_large_bundle_is_read_in_parts() {
    let auth = World::new().await;
    for number in 0..10 {
        auth.tokens.deploy(Deployment {
            id: id(70 + number).into(),
            organisation: organisation(),
            name: "x".repeat(900_000),
            enabled: true,
            origins: Vec::new(),
            queues: Vec::new(),
            greetings: std::collections::BTreeMap::new(),
            identity_keys: Vec::new(),
        });
    }
    let context = Context {
        trust: Trust::new(),
        ..running_context(3)
    };
    let (calls, mut received) = mpsc::channel(4);
    follow_trust(played(calls), &context);
    let stream = received.recv().await.expect("the gateway asks").stream();
    let parts = parts((&auth.context.trust.bundle()).into());
    let last = parts.len() - 1;
    assert!(last > 5, "one frame would be more than the library takes");
    for (place, part) in parts.into_iter().enumerate() {
        assert_eq!(
            context.trust.deployment(id(70).into()),
            None,
            "nothing holds before the last part"
        );
        let frame = WatchTrustResponse {
            bundle: Some(part),
            read_at: Some(timestamp(Timestamp(1_000))),
            more: place < last,
        };
        stream.send(&frame).await;
    }
    until("the bundle is in force", PATIENCE, async || {
        (70..80).all(|number| context.trust.deployment(id(number).into()).is_some())
    })
    .await;
}

#[tokio::test]
async fn the_door_is_ready_with_the_first_bundle_and_keeps_the_last() {
    let auth = World::new().await;
    let token = auth.user(&["routing:queue:view"]);
    let context = Context {
        trust: Trust::new(),
        ..running_context(4)
    };
    let (calls, mut received) = mpsc::channel(4);
    let service = || played(calls.clone());
    let readiness = Readiness::new(&context.tasks);
    let upstreams = Upstreams {
        auth: service(),
        routing: service(),
        session: service(),
        content: service(),
    };
    let bound = bind(&Settings::default(), context.clone(), readiness.clone(), upstreams).await;
    bound.expect("binds");
    follow_trust(service(), &context);
    let call = received.recv().await.expect("the gateway asks");
    assert_eq!(readiness.missing(), [AUTH_SILENT]);
    let stream = call.stream();
    let frame = WatchTrustResponse {
        bundle: Some((&auth.context.trust.bundle()).into()),
        read_at: Some(timestamp(context.clock.now())),
        more: false,
    };
    stream.send(&frame).await;
    until("ready", PATIENCE, async || readiness.missing().is_empty()).await;

    stream.break_off().await;
    let again = received.recv().await.expect("the gateway asks again");
    again.refuse(tonic::Status::unavailable("starting"));
    assert!(readiness.missing().is_empty(), "the last bundle is kept");
    assert!(context.trust.verify(&token, context.clock.now()).is_ok());
}
