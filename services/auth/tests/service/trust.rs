//! The trust bundle on its way: from the tables, and by WatchTrust to a gateway that has none.

use crate::fixture::{Auth, PASSWORD, id};
use onqueue_auth::{Migrations, Settings};
use onqueue_client::reason;
use onqueue_model::{Reason, permissions};
use onqueue_proto::auth::v1::WatchTrustRequest;
use onqueue_server::Context;
use onqueue_testkit::{still_context, temp_store, until};
use onqueue_trust::follow_service;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn only_the_gateway_may_watch() {
    let auth = Auth::start().await;
    for peer in ["routing", "browser"] {
        let status = auth.trust_as(peer).watch_trust(WatchTrustRequest {}).await.err();
        assert_eq!(
            status.as_ref().and_then(reason),
            Some(Reason::CallerNotAllowed),
            "{peer}"
        );
    }
}

#[tokio::test]
async fn the_bundle_comes_first_then_confirmations_and_changes() {
    let auth = Auth::start().await;
    let mut frames = auth
        .trust_as("gateway")
        .watch_trust(WatchTrustRequest {})
        .await
        .expect("may")
        .into_inner();
    let first = frames.message().await.expect("open").expect("a frame");
    let revision = first.bundle.map(|bundle| bundle.revision);
    assert_eq!(revision, Some(auth.context.trust.revision()));
    let confirmation = frames.message().await.expect("open").expect("a frame");
    assert!(confirmation.bundle.is_none() && confirmation.read_at.is_some());
    auth.seed_with(|seed| seed.grants.clear()).await;
    let changed = loop {
        let frame = frames.message().await.expect("open").expect("a frame");
        if let Some(bundle) = frame.bundle {
            break bundle;
        }
    };
    assert_eq!(
        (Some(changed.revision), changed.grants.len()),
        (revision.map(|at| at + 1), 0)
    );
    auth.context.tasks.drain();
    while let Some(frame) = frames.message().await.expect("ends in order") {
        assert!(frame.read_at.is_some());
    }
}

#[tokio::test]
async fn a_gateway_judges_as_auth_does_and_gets_stale_when_auth_is_silent() {
    let auth = Auth::start().await;
    let (gateway, hand) = still_context(8);
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
    let fresh = || gateway.trust.fresh(gateway.clock.now()).is_ok();
    until("the bundle has come", SOON, async || gateway.trust.revision() > 0).await;
    assert!(fresh());
    let session = auth.login(PASSWORD).await.expect("logged in");
    let verify = || gateway.trust.verify(&session.tokens.access_token, gateway.clock.now());
    let caller = verify().expect("believed");
    assert!(gateway.trust.may(&caller, permissions::QUEUE_VIEW).is_ok());
    assert!(
        gateway
            .trust
            .deployment(id(30))
            .is_some_and(|deployment| deployment.enabled)
    );
    auth.revoke(session.refresh_token()).await;
    until("the revocation has come", SOON, async || verify().is_err()).await;

    hand.advance(31 * SECOND);
    assert!(!fresh(), "by its own clock nothing was read for 31 seconds");
    auth.hand.advance(2 * SECOND);
    until("it is fresh again", SOON, async || fresh()).await;
}

#[tokio::test]
async fn a_key_of_session_is_noticed_although_the_revision_stands() {
    let auth = Auth::start().await;
    let mut changes = auth.context.trust.changes();
    let is_postgres = auth.store.settings().is_postgres();
    let bytes = if is_postgres { "BYTEA" } else { "BLOB" };
    auth.write(&format!(
        "CREATE TABLE session_trust_keys (kid TEXT PRIMARY KEY, public_key {bytes} NOT NULL, expires_at BIGINT NOT NULL)"
    ))
    .await;
    let signer = onqueue_trust::Signer::new("guests", onqueue_trust::Issuer::Session, [5; 32]);
    let hex: String = signer.public().iter().map(|byte| format!("{byte:02x}")).collect();
    let bytes = if is_postgres {
        format!("'\\x{hex}'")
    } else {
        format!("x'{hex}'")
    };
    auth.write(&format!(
        "INSERT INTO session_trust_keys VALUES ('guests', {bytes}, 1999999999999)"
    ))
    .await;
    let revision = auth.context.trust.revision();
    tokio::time::timeout(SOON, changes.changed())
        .await
        .expect("within 5 seconds, without a hint")
        .expect("open");
    assert_eq!(auth.context.trust.revision(), revision);
    let now = auth.context.clock.now();
    let claims = onqueue_trust::Claims::guest(id(1), id(60), id(61), id(62), now, 600 * SECOND);
    assert!(auth.context.trust.verify(&signer.sign(&claims), now).is_ok());
}

/// For longer than from one reading to the next. One that has begun at an earlier time may still end.
pub async fn nothing_is_read(context: &Context) {
    let (mut reads, now) = (context.trust.reads(), context.clock.now());
    let read = reads.wait_for(|read_at| *read_at >= Some(now));
    assert!(
        tokio::time::timeout(3 * SECOND, read).await.is_err(),
        "something was read"
    );
}

#[tokio::test]
async fn mutations_are_refused_when_the_database_is_gone_for_thirty_seconds() {
    let auth = Auth::start().await;
    let fresh = || auth.context.trust.fresh(auth.context.clock.now());
    auth.hand.advance(60 * SECOND);
    until("it was read again", SOON, async || fresh().is_ok()).await;
    auth.store.store.close().await.expect("closed");
    auth.hand.advance(31 * SECOND);
    nothing_is_read(&auth.context).await;
    assert_eq!(fresh().map_err(|fault| fault.reason), Err(Reason::TrustStale));
}

#[tokio::test]
async fn an_older_state_of_the_database_is_not_believed() {
    let auth = Auth::start().await;
    let revision = auth.context.trust.revision();
    auth.write("UPDATE auth_trust_head SET revision = 0").await;
    auth.write("DELETE FROM auth_trust_revoked").await;
    auth.hand.advance(31 * SECOND);
    nothing_is_read(&auth.context).await;
    assert_eq!(auth.context.trust.revision(), revision);
    let stale = auth.context.trust.fresh(auth.context.clock.now());
    assert_eq!(stale.map_err(|fault| fault.reason), Err(Reason::TrustStale));
}

#[tokio::test]
async fn the_key_is_made_once_and_renewed_in_time() {
    let (context, hand) = still_context(9);
    let store = temp_store().await;
    store.store.migrate::<Migrations>().await.expect("migrated");
    let settings = Settings {
        signing_key_days: 3,
        ..Settings::default()
    };
    let keys = async || {
        let snapshot = onqueue_store::trust::read(&store.store).await.expect("read");
        snapshot.auth_keys.into_iter().map(|key| key.kid).collect::<Vec<_>>()
    };
    for _ in 0..2 {
        onqueue_auth::bind(&settings, store.store.clone(), context.clone())
            .await
            .expect("bound");
    }
    let first = keys().await;
    assert_eq!(first.len(), 1, "the second start finds the first one's");
    assert!(!context.trust.bundle().keys.is_empty(), "trusted at once");
    hand.advance(49 * 60 * 60 * SECOND);
    until("the next key is there", SOON, async || keys().await.len() == 2).await;
    until("the first key is gone", SOON, async || {
        hand.advance(60 * 60 * SECOND);
        !keys().await.contains(&first[0])
    })
    .await;
    assert_ne!(keys().await, [] as [String; 0]);
    context.tasks.drain();
    assert!(
        context
            .trust
            .bundle()
            .keys
            .iter()
            .all(|key| key.issuer == onqueue_trust::Issuer::Auth)
    );
}
