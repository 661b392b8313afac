//! Rules 3, 4 and 6 over the sources: what may be used in one place only, and who calls whom.

use super::source::{Source, assert_clean, lines_with, read, rust};
use onqueue_proto::methods;
use std::collections::{BTreeMap, BTreeSet};

/// Something that has homes.
struct Confined {
    needles: &'static [&'static str],
    homes: &'static [&'static str],
    remedy: &'static str,
}

const HOMES: &[Confined] = &[
    Confined {
        needles: &["SystemTime::now", "Instant::now"],
        homes: &["libs/server/src/clock.rs", "libs/telemetry/src/stopwatch.rs", "xtask/"],
        remedy: "take the time from onqueue_server::Clock",
    },
    Confined {
        needles: &[
            "Uuid::new_v4",
            "Uuid::now_v7",
            "getrandom::",
            "thread_rng",
            "OsRng",
            "SysRng",
            "rand::rng",
            "rand::random",
        ],
        homes: &["libs/server/src/ids.rs"],
        remedy: "take ids and random bytes from onqueue_server::Ids",
    },
    Confined {
        needles: &["tokio::spawn", "task::spawn", "thread::spawn", "JoinSet"],
        homes: &["libs/server/src/tasks.rs", "xtask/"],
        remedy: "start tasks with onqueue_server::Tasks, which waits for them",
    },
    Confined {
        needles: &["println!", "eprintln!", "print!", "eprint!", "dbg!"],
        homes: &["services/onqueue/src/output.rs", "xtask/"],
        remedy: "log with tracing, or say it through services/onqueue/src/output.rs",
    },
    Confined {
        needles: &["env::var", "env::vars", "env::var_os", "env::vars_os"],
        homes: &["services/onqueue/src/settings.rs", "xtask/"],
        remedy: "make it a setting: the environment is read once, by the binary, for onqueue_server::settings",
    },
    Confined {
        needles: &["unbounded_channel", "unbounded", "std::sync::mpsc::channel"],
        homes: &[],
        remedy: "give the channel a bound",
    },
    Confined {
        needles: &["clippy::disallowed_methods"],
        homes: &[
            "libs/server/src/clock.rs",
            "libs/server/src/ids.rs",
            "libs/server/src/tasks.rs",
            "libs/telemetry/src/stopwatch.rs",
            "services/onqueue/src/settings.rs",
            "xtask/",
        ],
        remedy: "the lint is switched off in the homes only",
    },
    Confined {
        needles: &["unsafe"],
        homes: &[],
        remedy: "unsafe code is forbidden",
    },
];

/// Names that only some places may use.
const PLACES: &[Confined] = &[
    Confined {
        needles: &["sea_orm", "sea_orm_migration", "sqlx"],
        homes: &["libs/store/"],
        remedy: "in a service, the database lives under src/store and src/migrations",
    },
    Confined {
        needles: &["opentelemetry", "tracing_opentelemetry", "tracing_subscriber"],
        homes: &["libs/telemetry/"],
        remedy: "only libs/telemetry knows the exporters",
    },
    Confined {
        needles: &["async_nats"],
        homes: &["libs/bus/"],
        remedy: "only libs/bus knows the broker",
    },
    Confined {
        needles: &["object_store", "hyper_rustls"],
        homes: &["libs/files/"],
        remedy: "only libs/files knows where bytes are kept and who is asked about them",
    },
    Confined {
        needles: &["cel"],
        homes: &["libs/script/src/expression/"],
        remedy: "only the expressions of libs/script know the interpreter of rules",
    },
];

/// Who may call whom; libs/trust follows auth on behalf of the gateway, which has no database, and the check of a conversation is
/// a client at the public door (docs/adr/0019-check-conversation.md).
const CALLS: &[(&str, &[&str])] = &[
    ("services/gateway", &["auth", "routing", "session", "content"]),
    ("services/routing", &["session"]),
    ("services/content", &["session"]),
    ("libs/trust", &["auth"]),
    ("services/onqueue/src/command/check", &["auth", "routing", "session"]),
];

fn strays(source: &Source, confined: &Confined) -> Vec<String> {
    let is_home = confined.homes.iter().any(|home| source.path.starts_with(home));
    if is_home || source.is_for_tests() {
        return Vec::new();
    }
    let code = source.production();
    let lines = |needle: &&str| {
        lines_with(&code, needle)
            .into_iter()
            .map(|line| (line, (*needle).to_owned()))
            .collect::<Vec<_>>()
    };
    let found: BTreeSet<(usize, String)> = confined.needles.iter().flat_map(lines).collect();
    let describe = |(line, needle)| format!("{}:{line}: {needle}: {}", source.path, confined.remedy);
    found.into_iter().map(describe).collect()
}

/// Whether the file is in the part of a service that holds its database.
fn is_store_of_a_service(source: &Source) -> bool {
    let mut parts = source.path.split('/');
    let is_service = parts.next() == Some("services") && parts.next().is_some() && parts.next() == Some("src");
    let part = parts.next().unwrap_or_default();
    is_service && ["store", "migrations"].contains(&part.trim_end_matches(".rs"))
}

fn misplaced(source: &Source) -> Vec<String> {
    let places = PLACES
        .iter()
        .filter(|place| !(place.homes[0] == "libs/store/" && is_store_of_a_service(source)));
    places.flat_map(|place| strays(source, place)).collect()
}

/// The module of each generated client, with the service that answers it.
fn clients() -> BTreeMap<String, String> {
    let services = methods().iter().map(|method| method.service());
    services
        .filter_map(|service| {
            let mut parts = service.split('.');
            let (owner, name) = (parts.nth(1)?, parts.next_back()?);
            Some((format!("{}_client", snake(name)), owner.to_owned()))
        })
        .collect()
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

fn wrong_calls(source: &Source, clients: &BTreeMap<String, String>) -> Vec<String> {
    let is_production = source.path.starts_with("services/") || source.path.starts_with("libs/");
    if !is_production || source.is_for_tests() {
        return Vec::new();
    }
    let folder: String = source.path.split('/').take(2).collect::<Vec<_>>().join("/");
    let allowed = CALLS
        .iter()
        .find(|(from, _)| is_within(&source.path, from))
        .map_or(&[][..], |(_, to)| to);
    let code = source.production();
    let wrong = clients.iter().filter(|(_, owner)| !allowed.contains(&owner.as_str()));
    wrong
        .flat_map(|(client, owner)| lines_with(&code, client).into_iter().map(move |line| (line, owner)))
        .map(|(line, owner)| {
            format!(
                "{}:{line}: {folder} may not call {owner}; it may call {allowed:?}",
                source.path
            )
        })
        .collect()
}

/// Whether a file is in that folder, or is the module beside it.
fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
}

/// A service that is called again while it waits for its own call.
fn cycles(calls: &[(&str, &[&str])]) -> Vec<String> {
    let callees = |from: &str| {
        calls
            .iter()
            .find(|(name, _)| name.ends_with(from))
            .map_or(&[][..], |(_, to)| to)
    };
    let reaches_itself = |start: &str| {
        let (mut open, mut seen) = (callees(start).to_vec(), BTreeSet::new());
        while let Some(next) = open.pop() {
            if start.ends_with(next) {
                return true;
            }
            if seen.insert(next) {
                open.extend(callees(next));
            }
        }
        false
    };
    let starts = calls.iter().filter(|(from, _)| reaches_itself(from));
    starts.map(|(from, _)| format!("{from} reaches itself")).collect()
}

#[test]
fn rule_3_names_stay_in_their_places() {
    assert_clean("places", &rust().iter().flat_map(misplaced).collect::<Vec<_>>());
}

#[test]
fn rule_3_finds_what_breaks_it() {
    for (path, text, expected) in [
        ("services/session/src/app/send.rs", "use sea_orm::EntityTrait;", 1),
        ("services/session/src/store/log.rs", "use sea_orm::EntityTrait;", 0),
        (
            "services/session/src/migrations.rs",
            "use sea_orm_migration::prelude::*;",
            0,
        ),
        ("services/session/src/store/log.rs", "use opentelemetry::Context;", 1),
        (
            "libs/server/src/start.rs",
            "fn f() { tracing_subscriber::fmt().init() }",
            1,
        ),
        ("libs/store/src/store.rs", "use sea_orm::Database;", 0),
        (
            "services/session/src/store/attachments.rs",
            "use object_store::ObjectStore;",
            1,
        ),
    ] {
        assert_eq!(misplaced(&Source::sample(path, text)).len(), expected, "{path}: {text}");
    }
}

#[test]
fn rule_4_services_call_along_the_declared_graph() {
    assert_clean("cycles", &cycles(CALLS));
    let clients = clients();
    assert!(
        clients
            .get("conversation_service_client")
            .is_some_and(|owner| owner == "session"),
        "{clients:?}"
    );
    let findings: Vec<String> = rust().iter().flat_map(|source| wrong_calls(source, &clients)).collect();
    assert_clean("calls", &findings);
}

#[test]
fn rule_4_finds_what_breaks_it() {
    let clients = BTreeMap::from([("agent_service_client".to_owned(), "routing".to_owned())]);
    let text = "use onqueue_proto::routing::v1::agent_service_client::AgentServiceClient;";
    for (path, expected) in [
        ("services/session/src/app/start.rs", 1),
        ("services/gateway/src/desk.rs", 0),
        ("services/routing/src/lib.rs", 1),
        ("libs/server/src/lib.rs", 1),
        ("services/session/tests/start.rs", 0),
        ("services/onqueue/src/command/check/talk.rs", 0),
        ("services/onqueue/src/command/check.rs", 0),
        ("services/onqueue/src/command/checks.rs", 1),
        ("services/onqueue/src/command/serve.rs", 1),
        ("services/gateways/src/lib.rs", 1),
    ] {
        assert_eq!(
            wrong_calls(&Source::sample(path, text), &clients).len(),
            expected,
            "{path}"
        );
    }
    assert_eq!(
        cycles(&[
            ("services/a", &["b"]),
            ("services/b", &["c"]),
            ("services/c", &["a"]),
            ("services/d", &["a"])
        ])
        .len(),
        3
    );
}

#[test]
fn rule_6_time_chance_tasks_and_the_world_have_one_home() {
    let findings: Vec<String> = rust()
        .iter()
        .flat_map(|source| HOMES.iter().flat_map(|home| strays(source, home)).collect::<Vec<_>>())
        .collect();
    assert_clean("homes", &findings);
}

#[test]
fn rule_6_finds_what_breaks_it() {
    for (text, expected) in [
        ("let now = std::time::Instant::now();", 1),
        ("let id = Uuid::now_v7();", 1),
        ("tokio::spawn(async {});", 1),
        ("println!(\"x\");", 1),
        ("let home = std::env::var(\"HOME\");", 1),
        ("let home = env!(\"HOME\");", 0),
        ("let (a, b) = mpsc::unbounded_channel();", 1),
        ("#[allow(clippy::disallowed_methods)]\nfn f() {}", 1),
        ("unsafe { x() }", 1),
        ("// tokio::spawn is not for us\n", 0),
        ("#[cfg(test)]\nmod tests { fn f() { println!(\"x\"); } }", 0),
    ] {
        let source = Source::sample("services/session/src/app/send.rs", text);
        let found: Vec<String> = HOMES.iter().flat_map(|home| strays(&source, home)).collect();
        assert_eq!(found.len(), expected, "{text}: {found:?}");
    }
    let home = Source::sample("libs/server/src/clock.rs", "Instant::now()");
    assert_eq!(strays(&home, &HOMES[0]), Vec::<String>::new());
}

#[test]
fn rule_6_clippy_knows_it_too() {
    let clippy = read("clippy.toml");
    let wanted = [
        "std::time::SystemTime::now",
        "std::time::Instant::now",
        "tokio::time::Instant::now",
        "uuid::Uuid::new_v4",
        "uuid::Uuid::now_v7",
        "getrandom::fill",
        "tokio::spawn",
        "tokio::task::spawn",
        "std::thread::spawn",
        "std::env::var",
        "tokio::sync::mpsc::unbounded_channel",
    ];
    let lost: Vec<String> = wanted
        .iter()
        .filter(|path| !clippy.contains(&format!("path = \"{path}\", reason = \"")))
        .map(|path| format!("clippy.toml: disallow {path} with a reason"))
        .collect();
    assert_clean("clippy", &lost);
}
