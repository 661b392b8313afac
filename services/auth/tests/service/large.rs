//! A large installation's bundle: in parts at first, then what changes only.
//!
//! ONQUEUE_TEST_GRANTS says how many grants there are.
#![allow(clippy::disallowed_methods)] // A test's own measure, no setting of the product.

use crate::fixture::{Auth, PASSWORD, description, id};
use onqueue_auth::{Seed, seed};
use onqueue_model::{Id, permissions};
use onqueue_proto::auth::v1::{TrustBundle, WatchTrustRequest, WatchTrustResponse};
use onqueue_testkit::{still_context, until};
use onqueue_trust::{Bundle, follow_service};
use prost::Message as _;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// Of how many organisations, and how many grants each of their users has.
const ORGANISATIONS: usize = 10;
const EACH: usize = 20;

fn grants() -> usize {
    let set = std::env::var("ONQUEUE_TEST_GRANTS").ok();
    set.map_or(10_000, |number| number.parse().expect("a number"))
}

fn numbered<T>(kind: usize, number: usize) -> Id<T> {
    format!("0190a5c8-{kind:04x}-7abc-8def-{number:012x}")
        .parse()
        .expect("a UUID")
}

/// An organisation whose users have one role of twenty permissions.
fn organisation(place: usize, users: usize) -> Seed {
    let person = |number: usize| seed::User {
        id: numbered(1 + place, number),
        division: numbered(100, place),
        name: format!("User {number}"),
        email: format!("user{number}@example.org"),
        language: "en".to_owned(),
        password: None,
    };
    Seed {
        organisation: seed::Organisation {
            id: numbered(101, place),
            slug: format!("large-{place}"),
            name: format!("Large {place}"),
            language: "en".to_owned(),
            time_zone: "UTC".to_owned(),
        },
        divisions: vec![seed::Division {
            id: numbered(100, place),
            name: "Main".to_owned(),
        }],
        users: (0..users).map(person).collect(),
        roles: vec![seed::Role {
            id: numbered(102, place),
            name: "Everything".to_owned(),
            permissions: (0..EACH)
                .map(|number| format!("domain:entity:action{number}"))
                .collect(),
        }],
        grants: (0..users)
            .map(|number| seed::Grant {
                user: numbered(1 + place, number),
                role: numbered(102, place),
                division: numbered(100, place),
            })
            .collect(),
        deployments: Vec::new(),
    }
}

async fn large() -> Auth {
    let auth = Auth::start().await;
    let users = grants() / ORGANISATIONS / EACH;
    for place in 0..ORGANISATIONS {
        let seeded = seed(&auth.store.store, &auth.context, organisation(place, users)).await;
        seeded.expect("seeded");
    }
    until("everything is known", PATIENCE, async || {
        auth.context.trust.bundle().grants.len() >= users * EACH * ORGANISATIONS
    })
    .await;
    auth
}

async fn next(frames: &mut tonic::Streaming<WatchTrustResponse>) -> WatchTrustResponse {
    frames.message().await.expect("open").expect("a frame")
}

/// The next that is not only a confirmation.
async fn news(frames: &mut tonic::Streaming<WatchTrustResponse>) -> TrustBundle {
    loop {
        let frame = next(frames).await;
        assert!(!frame.more, "in one frame");
        if let Some(bundle) = frame.bundle {
            return bundle;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_bundle_comes_in_parts_and_then_what_changes() {
    let auth = large().await;
    let mut frames = auth
        .trust_as("gateway")
        .watch_trust(WatchTrustRequest {})
        .await
        .expect("may")
        .into_inner();
    let (mut count, mut received) = (0, 0);
    loop {
        let frame = next(&mut frames).await;
        assert!(frame.encoded_len() < 1 << 20);
        count += 1;
        received += frame.bundle.map_or(0, |bundle| bundle.grants.len());
        if !frame.more {
            break;
        }
    }
    assert!(count > 1);
    assert_eq!(received, auth.context.trust.bundle().grants.len());

    let session = auth.login(PASSWORD).await.expect("logged in");
    auth.revoke(session.refresh_token()).await;
    let change = news(&mut frames).await;
    assert_eq!(
        (change.revoked.len(), change.grants.len()),
        (1, 0),
        "the revocation alone"
    );
    auth.seed_with(|seed| seed.grants.truncate(1)).await;
    let change = news(&mut frames).await;
    let expected = description().roles[0].permissions.len();
    assert_eq!(
        (change.revoked.len(), change.grants.len()),
        (0, expected),
        "of one organisation"
    );
    assert_eq!(change.changed_organisation_ids, [id::<()>(1).to_string()]);
}

fn sorted(mut bundle: Bundle) -> Bundle {
    bundle.grants.sort();
    bundle.deployments.sort_by_key(|deployment| deployment.id);
    bundle.revoked.sort_by_key(|revoked| revoked.token);
    bundle
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_changes_knows_what_is_in_the_tables() {
    let auth = large().await;
    let (gateway, _) = still_context(8);
    let clock = gateway.clock.clone();
    gateway.tasks.spawn(
        "trust",
        follow_service(
            auth.trust_as("gateway"),
            gateway.trust.clone(),
            move || clock.now(),
            gateway.tasks.drain_token().clone().cancelled_owned(),
        ),
    );
    let steps: [&dyn Fn(&mut Seed); 5] = [
        &|_| {},
        &|seed| seed.grants.clear(),
        &|seed| seed.roles[1].permissions.truncate(1),
        &|seed| seed.deployments[0].enabled = false,
        &|_| {},
    ];
    for (step, change) in steps.into_iter().enumerate() {
        auth.seed_with(change).await;
        let session = auth.login(PASSWORD).await.expect("logged in");
        auth.revoke(session.refresh_token()).await;
        let rows = onqueue_store::trust::read(&auth.store.store).await.expect("read");
        let expected = sorted(rows.into());
        until("both know it", PATIENCE, async || {
            [&auth.context, &gateway]
                .iter()
                .all(|context| context.trust.revision() == expected.revision)
        })
        .await;
        for context in [&auth.context, &gateway] {
            assert!(sorted(context.trust.bundle()) == expected, "after step {step}");
        }
        let caller = gateway.trust.verify(&session.tokens.access_token, gateway.clock.now());
        assert!(caller.is_err(), "revoked");
        assert_eq!(
            gateway.trust.user_may(id(1), id(10), permissions::QUEUE_VIEW),
            step != 1,
            "Ada may unless all grants are gone"
        );
    }
    gateway.tasks.drain();
}
