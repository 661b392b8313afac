//! Installing bundles, what they permit, how long they hold, and their way over the wire.

use onqueue_model::{Caller, Divisions, Id, Language, Permission, Principal, Reason, Timestamp, permissions as may};
use onqueue_proto::auth::v1 as proto;
use onqueue_trust::{Bundle, Deployment, DeploymentQueue, Grant, IdentityKey, Issuer, Revoked, Signer, Trust};
use std::{collections::BTreeMap, time::Duration};

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn id<T>(number: u8) -> Id<T> {
    format!("0190a5c8-0000-7abc-8def-0000000000{number:02}")
        .parse()
        .expect("a UUID")
}

fn grant(subject: u8, division: u8, permission: &str) -> Grant {
    Grant {
        organisation: id(1),
        subject: id(subject),
        division: id(division),
        permission: Permission::parse(permission).expect("grammar"),
    }
}

fn caller(organisation: u8, user: u8) -> Caller {
    Caller {
        organisation: id(organisation),
        principal: Principal::User {
            user: id(user),
            name: "Ada".to_owned(),
        },
        token: id(9),
        key: String::new(),
        expires_at: NOW + Duration::from_secs(600),
    }
}

fn guest() -> Caller {
    Caller {
        principal: Principal::Guest {
            conversation: id(2),
            participant: id(2),
        },
        ..caller(1, 2)
    }
}

fn deployment() -> Deployment {
    Deployment {
        id: id(5),
        organisation: id(1),
        name: "Shop".to_owned(),
        enabled: false,
        origins: vec!["https://shop.example".to_owned()],
        queues: vec![DeploymentQueue {
            queue_id: id(6),
            labels: BTreeMap::from([("de".to_owned(), "Bestellungen".to_owned())]),
            languages: Language::parse("de").into_iter().collect(),
            skill_ids: vec![id(7)],
        }],
        greetings: std::collections::BTreeMap::new(),
        identity_keys: vec![IdentityKey {
            kid: "k".to_owned(),
            public_key: [9; 32],
            created_at: NOW,
            ends_at: Some(NOW),
        }],
    }
}

fn bundle(revision: i64) -> Bundle {
    Bundle {
        revision,
        keys: vec![Signer::new("a", Issuer::Auth, [1; 32]).trust_key(NOW)],
        revoked: vec![Revoked {
            token: id(8),
            expires_at: NOW,
        }],
        grants: vec![
            grant(2, 3, may::QUEUE_VIEW),
            grant(2, 4, may::QUEUE_VIEW),
            grant(2, 4, "Routing:*:Join"),
        ],
        deployments: vec![deployment()],
    }
}

#[test]
fn permissions_are_those_of_the_grants() {
    let trust = Trust::new();
    let agent = caller(1, 2);
    let missing = Err(Reason::PermissionMissing);
    let reason = |answer: Result<(), onqueue_model::Fault>| answer.map_err(|fault| fault.reason);
    assert_eq!(reason(trust.may(&agent, may::QUEUE_VIEW)), missing);
    trust.install(bundle(1), NOW);
    assert_eq!(reason(trust.may(&agent, may::QUEUE_VIEW)), Ok(()));
    assert_eq!(reason(trust.may_in(&agent, may::QUEUE_VIEW, id(3))), Ok(()));
    assert_eq!(reason(trust.may_in(&agent, may::QUEUE_JOIN, id(4))), Ok(()));
    assert_eq!(reason(trust.may_in(&agent, may::QUEUE_JOIN, id(3))), missing);
    assert_eq!(
        trust.divisions(&agent, may::QUEUE_VIEW),
        Divisions::from_iter([id(3), id(4)])
    );
    assert_eq!(trust.permissions(&agent), [may::QUEUE_JOIN, may::QUEUE_VIEW]);
    assert!(trust.user_may(id(1), id(2), may::QUEUE_JOIN) && !trust.user_may(id(2), id(2), may::QUEUE_JOIN));
    assert!(trust.user_may_in(id(1), id(2), may::QUEUE_JOIN, id(4)));
    assert!(!trust.user_may_in(id(1), id(2), may::QUEUE_JOIN, id(3)));
    assert!(!trust.user_may_in(id(2), id(2), may::QUEUE_JOIN, id(4)));
    for stranger in [guest(), caller(1, 3), caller(2, 2)] {
        assert_eq!(reason(trust.may(&stranger, may::QUEUE_VIEW)), missing);
        assert_eq!(reason(trust.may_in(&stranger, may::QUEUE_VIEW, id(3))), missing);
        assert!(trust.divisions(&stranger, may::QUEUE_VIEW).is_empty() && trust.permissions(&stranger).is_empty());
    }
    let fault = trust.may(&agent, may::QUEUE_ADD).expect_err("not granted");
    assert_eq!(fault.metadata, [("permission", may::QUEUE_ADD.to_owned())]);
}

#[test]
fn a_newer_bundle_replaces_and_an_older_one_does_not() {
    let trust = Trust::new();
    let mut changes = trust.changes();
    trust.install(bundle(7), NOW);
    assert!(changes.has_changed().expect("open"));
    assert_eq!(*changes.borrow_and_update(), 7);
    trust.install(Bundle::default(), NOW + Duration::from_secs(9));
    assert_eq!(
        (trust.revision(), trust.read_at()),
        (7, Some(NOW)),
        "an older one tells nothing"
    );
    trust.install(bundle(7), NOW);
    assert!(!changes.has_changed().expect("open"), "the same again is no change");
    let mut other_keys = bundle(7);
    other_keys.keys.clear();
    trust.install(other_keys, NOW);
    assert!(
        changes.has_changed().expect("open"),
        "session's keys change without the revision"
    );
    assert_eq!(trust.deployment(id(5)), Some(deployment()));
    assert_eq!(trust.deployment(id(6)), None);
}

#[test]
fn what_was_read_too_long_ago_is_stale() {
    let trust = Trust::new();
    let at = |seconds| NOW + Duration::from_secs(seconds);
    let fresh = |seconds| trust.fresh(at(seconds)).map_err(|fault| fault.reason);
    assert_eq!(fresh(0), Err(Reason::TrustStale));
    trust.install(bundle(1), NOW);
    assert_eq!(
        (fresh(0), fresh(30), fresh(31)),
        (Ok(()), Ok(()), Err(Reason::TrustStale))
    );
    trust.confirm(at(40));
    trust.confirm(at(5));
    assert_eq!(
        (fresh(70), fresh(71)),
        (Ok(()), Err(Reason::TrustStale)),
        "a late confirmation takes nothing back"
    );
}

#[test]
fn a_bundle_comes_back_from_the_wire_or_not_at_all() {
    let sent = bundle(3);
    let wire = proto::TrustBundle::from(&sent);
    assert_eq!(Bundle::try_from(wire.clone()), Ok(sent));
    let broken: [fn(&mut proto::TrustBundle); 7] = [
        |wire| wire.keys[0].issuer = "content".to_owned(),
        |wire| wire.keys[0].public_key = vec![0; 31].into(),
        |wire| wire.keys[0].expires_at = None,
        |wire| wire.revoked[0].token_id = "x".to_owned(),
        |wire| wire.grants[0].permission = "all".to_owned(),
        |wire| wire.deployments[0].queues[0].queue_id = String::new(),
        |wire| wire.deployments[0].queues[0].languages = vec!["d_e".to_owned()],
    ];
    for breaking in broken {
        let mut wire = wire.clone();
        breaking(&mut wire);
        assert_eq!(
            Bundle::try_from(wire).map_err(|fault| fault.reason),
            Err(Reason::Internal)
        );
    }
}
