use super::*;
use onqueue_server::settings::{fields, reference};
use std::collections::BTreeSet;

/// Every section with the fields of its type; those of services have an address beside their own.
fn declared() -> Vec<(&'static str, Vec<&'static str>)> {
    let listening = |own: &'static [&'static str]| own.iter().copied().chain(["listen"]).collect();
    vec![
        ("gateway", fields::<onqueue_gateway::Settings>().to_vec()),
        ("auth", listening(fields::<onqueue_auth::Settings>())),
        ("routing", listening(fields::<onqueue_routing::Settings>())),
        ("session", listening(fields::<onqueue_session::Settings>())),
        ("attachments", fields::<onqueue_files::Settings>().to_vec()),
        ("content", listening(fields::<onqueue_content::Settings>())),
        ("store", fields::<onqueue_store::Settings>().to_vec()),
        ("bus", fields::<onqueue_bus::Settings>().to_vec()),
        ("tls", fields::<onqueue_credentials::Settings>().to_vec()),
        ("clients", fields::<Clients>().to_vec()),
        ("connections", fields::<onqueue_client::Settings>().to_vec()),
        ("limits", fields::<Limits>().to_vec()),
        ("listener", fields::<listener::Limits>().to_vec()),
        ("internal", fields::<listener::Limits>().to_vec()),
        ("telemetry", fields::<onqueue_telemetry::Settings>().to_vec()),
        ("process", fields::<Process>().to_vec()),
    ]
}

#[test]
fn the_reference_has_every_key_that_is_read_and_no_other() {
    let declared = declared();
    let sections: BTreeSet<&str> = declared.iter().map(|(section, _)| *section).collect();
    assert_eq!(sections, fields::<Settings>().iter().copied().collect());
    let read: BTreeSet<String> = declared
        .iter()
        .flat_map(|(section, keys)| keys.iter().map(move |key| format!("{section}.{key}")))
        .collect();
    let told = reference(DEFAULTS).expect("every key is described");
    let told: BTreeSet<String> = told
        .into_iter()
        .flat_map(|section| section.keys)
        .map(|key| key.name)
        .collect();
    assert_eq!(told.symmetric_difference(&read).collect::<Vec<_>>(), [""; 0]);
    assert!(read.len() > 100, "{}", read.len());
}

#[test]
fn what_may_hold_a_password_is_secret() {
    let secret: Vec<String> = reference(DEFAULTS)
        .expect("described")
        .into_iter()
        .flat_map(|section| section.keys)
        .filter(|key| key.secret)
        .map(|key| key.name)
        .collect();
    for name in ["store.url", "store.session_url", "bus.url", "attachments.s3_secret"] {
        assert!(secret.iter().any(|secret| secret == name), "{name}: {secret:?}");
    }
}

#[test]
fn addresses_are_hosts_with_ports() {
    for (text, expected) in [
        ("session:7003", true),
        ("127.0.0.1:7003", true),
        ("[::1]:7003", true),
        ("::1:7003", false),
        ("session", false),
        ("session:0", false),
        ("session:70000", false),
        ("http://session:7003", false),
        (":7003", false),
        ("", false),
    ] {
        assert_eq!(is_address(text), expected, "{text}");
    }
}
