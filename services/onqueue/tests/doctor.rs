//! What the doctor says of servers that are down, silent or strange: soon, each once, and what it could not look at for that
//! reason; on real PostgreSQL also what is refused.
// How long it takes is part of what is tested.
#![allow(clippy::disallowed_methods)]

use serde_json::Value;
use std::{
    net::TcpListener,
    process::{Command, Output},
    time::{Duration, Instant},
};

/// How long the doctor may take whatever is down, on a machine that has other things to do.
const SOON: Duration = Duration::from_secs(12);

struct Found(Vec<Value>);

impl Found {
    fn of<'a>(&'a self, check: &str) -> &'a Value {
        let found = self.0.iter().find(|finding| finding["check"] == check);
        found.unwrap_or_else(|| panic!("{check}: {:?}", self.0))
    }

    fn assert(&self, check: &str, state: &str, found: &str, remedy: &str) {
        let finding = self.of(check);
        let text = |key: &str| finding[key].as_str().expect("text").to_owned();
        assert_eq!(text("state"), state, "{finding}");
        assert!(text("found").contains(found), "{finding}");
        assert!(text("remedy").contains(remedy), "{finding}");
        assert_eq!(text("remedy").is_empty(), remedy.is_empty(), "{finding}");
    }

    /// All that depends on the database, but for what is said of it itself.
    fn assert_skipped(&self, because: &str) {
        for service in ["auth", "session", "routing", "content"] {
            for check in ["tables", "rights"] {
                self.assert(&format!("{check} {service}"), "skipped", because, "");
            }
        }
        for check in ["clock", "signing key auth", "signing key session"] {
            self.assert(check, "skipped", because, "");
        }
    }

    fn count(&self, state: &str) -> usize {
        self.0.iter().filter(|finding| finding["state"] == state).count()
    }
}

fn doctor(environment: &[(&str, String)], arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let began = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_onqueue"))
        .arg("doctor")
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (*name, value.as_str())))
        .output()
        .expect("runs");
    assert!(began.elapsed() < SOON, "{environment:?} took {:?}", began.elapsed());
    output
}

fn found(environment: &[(&str, String)]) -> Found {
    let output = doctor(environment, &["--json"]);
    let found = Found(serde_json::from_slice(&output.stdout).expect("JSON"));
    assert_eq!(
        output.status.code(),
        Some(i32::from(found.count("fail") > 0)),
        "{:?}",
        found.0
    );
    found
}

fn servers(postgres: u16, nats: u16) -> [(&'static str, String); 2] {
    [
        (
            "ONQUEUE_STORE__URL",
            format!("postgres://me:hush@127.0.0.1:{postgres}/onqueue"),
        ),
        ("ONQUEUE_BUS__URL", format!("nats://127.0.0.1:{nats}")),
    ]
}

/// Where nobody listens.
fn nowhere() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("bound").port()
}

#[test]
fn servers_that_are_down_are_named_once_and_the_rest_is_not_looked_at() {
    let (postgres, nats) = (nowhere(), nowhere());
    let found = found(&servers(postgres, nats));
    let database = format!("PostgreSQL at 127.0.0.1:{postgres} does not answer");
    found.assert("database", "fail", &database, "start it there");
    found.assert("database", "fail", "refused", "start it there");
    found.assert(
        "bus",
        "fail",
        &format!("NATS at 127.0.0.1:{nats} does not answer"),
        "start it there",
    );
    found.assert_skipped(&format!("not looked at, because {database}"));
    assert_eq!(found.count("fail"), 2, "{:?}", found.0);
}

#[test]
fn servers_that_say_nothing_are_not_waited_for() {
    let silent = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    let [postgres, nats] = silent
        .each_ref()
        .map(|listener| listener.local_addr().expect("bound").port());
    let found = found(&servers(postgres, nats));
    found.assert("database", "fail", "no answer within 2 s", "start it there");
    found.assert("bus", "fail", "no answer", "start it there");
    found.assert_skipped("does not answer");
}

#[test]
fn what_is_typed_says_how_much_was_not_looked_at() {
    let output = doctor(&servers(nowhere(), nowhere()), &[]);
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        said.contains("-     tables auth          not looked at, because PostgreSQL"),
        "{said}"
    );
    assert!(said.trim_end().ends_with("2 failed, 11 not looked at"), "{said}");
    assert!(!said.contains("hush"), "{said}");
}
