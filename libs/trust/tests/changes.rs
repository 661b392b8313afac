//! Bundles that come as changes are the bundles that come whole.

use onqueue_model::{Id, Permission, Reason, Timestamp};
use onqueue_proto::auth::v1 as proto;
use onqueue_trust::{Bundle, Change, Deployment, Grant, Holdings, Issuer, Revoked, Signer, Trust};
use proptest::prelude::*;
use std::{collections::BTreeMap, time::Duration};

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const LATER: Timestamp = Timestamp(1_790_000_600_000);

fn id<T>(number: u8) -> Id<T> {
    format!("0190a5c8-0000-7abc-8def-000000000{number:03}")
        .parse()
        .expect("a UUID")
}

fn grant((organisation, subject, division): (u8, u8, u8)) -> Grant {
    Grant {
        organisation: id(organisation),
        subject: id(subject),
        division: id(division),
        permission: Permission::parse("routing:queue:view").expect("grammar"),
    }
}

fn deployment((organisation, number, enabled): (u8, u8, bool)) -> Deployment {
    Deployment {
        // Ids are the only ones in the installation.
        id: id(10 * organisation + number),
        organisation: id(organisation),
        name: "Shop".to_owned(),
        enabled,
        origins: Vec::new(),
        queues: Vec::new(),
        greetings: std::collections::BTreeMap::new(),
        identity_keys: Vec::new(),
    }
}

fn revoked(number: u8) -> Revoked {
    Revoked {
        token: id(number),
        expires_at: LATER,
    }
}

/// A bundle in the order of ids, as an installed one is copied. Only what is refused grows.
fn bundles() -> impl Strategy<Value = Vec<Bundle>> {
    let grants = prop::collection::btree_set((0..3_u8, 0..3_u8, 0..2_u8), 0..6);
    let deployments = prop::collection::btree_map((0..3_u8, 0..2_u8), any::<bool>(), 0..4);
    let keys = prop::collection::btree_set(1..4_u8, 0..3);
    let one = (grants, deployments, keys, 0..3_u8, 0..2_i64);
    prop::collection::vec(one, 1..6).prop_map(|all| {
        let (mut revision, mut count) = (0, 0);
        let bundle = |(grants, deployments, keys, revokes, step): (_, BTreeMap<_, _>, _, u8, _)| {
            revision += step;
            count += revokes;
            let key = |secret: u8| Signer::new(secret.to_string(), Issuer::Auth, [secret; 32]).trust_key(LATER);
            Bundle {
                revision,
                keys: std::collections::BTreeSet::into_iter(keys).map(key).collect(),
                revoked: (0..count).map(revoked).collect(),
                grants: std::collections::BTreeSet::into_iter(grants).map(grant).collect(),
                deployments: deployments
                    .into_iter()
                    .map(|((organisation, number), enabled)| deployment((organisation, number, enabled)))
                    .collect(),
            }
        };
        all.into_iter().map(bundle).collect()
    })
}

fn over_the_wire(change: &Change) -> Change {
    Change::try_from(proto::TrustBundle::from(change)).expect("well formed")
}

proptest! {
    #[test]
    fn changes_lead_to_the_same_bundle(bundles in bundles()) {
        let (source, follower, late) = (Trust::new(), Trust::new(), Trust::new());
        late.install(bundles[0].clone(), NOW);
        let first = {
            source.install(bundles[0].clone(), NOW);
            source.installed()
        };
        follower.install(bundles[0].clone(), NOW);
        let mut sent = source.installed();
        for bundle in &bundles {
            source.install(bundle.clone(), NOW);
            let installed = source.installed();
            if let Some(change) = installed.change_since(&sent) {
                prop_assert!(follower.apply(&over_the_wire(&change), NOW));
            }
            sent = installed;
            prop_assert_eq!(follower.bundle(), bundle.clone());
        }
        // All at once, for who was away; and once more upon what has it already.
        if let Some(change) = sent.change_since(&first) {
            prop_assert!(late.apply(&change, NOW));
            prop_assert!(follower.apply(&change, NOW));
        }
        prop_assert_eq!(late.bundle(), follower.bundle());
    }
}

fn change(since: i64, revision: i64) -> Change {
    Change {
        since,
        revision,
        revoked: vec![revoked(9)],
        ..Change::default()
    }
}

#[test]
fn a_gap_is_not_bridged_and_what_is_older_is_ignored() {
    let trust = Trust::new();
    let bundle = |revision| Bundle {
        revision,
        ..Bundle::default()
    };
    trust.install(bundle(5), NOW);
    assert!(!trust.apply(&change(6, 7), LATER), "6 is missing");
    assert!(trust.apply(&change(3, 4), LATER));
    assert_eq!(
        (trust.bundle(), trust.read_at()),
        (bundle(5), Some(NOW)),
        "neither has changed or confirmed anything"
    );
    assert!(trust.apply(&change(4, 6), LATER));
    assert_eq!(
        (trust.revision(), trust.bundle().revoked, trust.read_at()),
        (6, vec![revoked(9)], Some(LATER))
    );
}

#[test]
fn an_organisation_without_anything_left_is_gone_and_the_others_stay() {
    let trust = Trust::new();
    let whole = Bundle {
        revision: 1,
        grants: vec![grant((1, 1, 1)), grant((2, 1, 1))],
        deployments: vec![deployment((1, 1, true))],
        ..Bundle::default()
    };
    trust.install(whole, NOW);
    let gone = Change {
        since: 1,
        revision: 2,
        organisations: BTreeMap::from([(id(1), Holdings::default())]),
        ..Change::default()
    };
    assert!(trust.apply(&over_the_wire(&gone), NOW));
    let left = trust.bundle();
    assert_eq!((left.grants, left.deployments), (vec![grant((2, 1, 1))], Vec::new()));
    assert_eq!(trust.deployment(id(11)), None);
    assert!(trust.user_may(id(2), id(1), "routing:queue:view"));
    assert!(!trust.user_may(id(1), id(1), "routing:queue:view"));
}

#[test]
fn revocations_go_when_their_tokens_have_ended() {
    let trust = Trust::new();
    assert!(trust.apply(&change(0, 1), NOW));
    let next = Change {
        revoked: vec![Revoked {
            token: id(10),
            expires_at: LATER + Duration::from_secs(1),
        }],
        ..change(1, 2)
    };
    assert!(trust.apply(&next, LATER));
    assert_eq!(trust.bundle().revoked, next.revoked);
}

#[test]
fn a_change_that_is_malformed_is_not_believed() {
    let sent = Change {
        since: 1,
        revision: 2,
        organisations: BTreeMap::from([(
            id(1),
            Holdings {
                grants: vec![grant((1, 2, 3))],
                deployments: Vec::new(),
            },
        )]),
        ..change(1, 2)
    };
    let wire = proto::TrustBundle::from(&sent);
    assert_eq!(Change::try_from(wire.clone()), Ok(sent));
    let broken: [fn(&mut proto::TrustBundle); 4] = [
        |wire| wire.since = None,
        |wire| wire.changed_organisation_ids.clear(),
        |wire| wire.changed_organisation_ids[0] = "x".to_owned(),
        |wire| wire.revoked[0].expires_at = None,
    ];
    for breaking in broken {
        let mut wire = wire.clone();
        breaking(&mut wire);
        let reason = Change::try_from(wire).map_err(|fault| fault.reason);
        assert_eq!(reason, Err(Reason::Internal));
    }
    let whole = Bundle::try_from(wire).map_err(|fault| fault.reason);
    assert_eq!(whole, Err(Reason::Internal), "a change is no bundle");
}
