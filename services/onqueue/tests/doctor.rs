//! What the doctor says of servers that are down, silent or strange: soon, each once, and what it could not look at for that
//! reason; on real PostgreSQL also what is refused.
// How long it takes is part of what is tested.
#![allow(clippy::disallowed_methods)]

use onqueue_credentials::Identity;
use onqueue_daemons::{Disk, PostgresServer, psql};
use onqueue_server::{InProcess, Tasks, listener};
use serde_json::Value;
use std::{
    io::Write as _,
    net::TcpListener,
    path::Path,
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

#[test]
fn the_doctor_says_which_settings_it_went_by() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("onqueue.toml");
    std::fs::write(&file, "[store]\nreaders = 3\n").expect("written");
    let file = file.display().to_string();
    let environment = [
        ("ONQUEUE_STORE__CONNECTIONS", "4".to_owned()),
        ("ONQUEUE_ADMIN_PASSWORD", "hush".to_owned()),
    ];
    let output = doctor(&environment, &["--json", "--config", &file]);
    let found = Found(serde_json::from_slice(&output.stdout).expect("JSON"));
    let told = format!("can be used: of {file}, and of the environment ONQUEUE_STORE__CONNECTIONS");
    assert_eq!(found.of("settings")["found"], told.as_str());
}

/// Makes certificates by the binary.
fn certificates(folder: &Path) {
    let made = Command::new(env!("CARGO_BIN_EXE_onqueue"))
        .args(["certs", "--out"])
        .arg(folder)
        .env_clear()
        .output()
        .expect("runs");
    assert!(made.status.success(), "{made:?}");
}

#[test]
fn folders_of_two_authorities_are_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let (certs, other) = (folder.path().join("certs"), folder.path().join("other"));
    certificates(&certs);
    certificates(&other);
    let environment = [("ONQUEUE_TLS__FOLDER", certs.display().to_string())];
    found(&environment).assert("authority", "ok", "all services accept one another", "");
    for file in ["tls.crt", "tls.key", "ca.crt"] {
        std::fs::copy(other.join("session").join(file), certs.join("session").join(file)).expect("copied");
    }
    let found = found(&environment);
    found.assert("certificate session", "ok", "holds for", "");
    found.assert("authority", "fail", "auth does not accept session", "onqueue certs");
    found.assert("authority", "fail", "session does not accept gateway, auth", "ca");
}

/// Listens as that service does, until the process ends; the address.
fn answering(folder: &Path, service: &'static str) -> String {
    let identity = Identity::load(folder, service).expect("a certificate");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    listener.set_nonblocking(true).expect("set");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            let nothing = tower::service_fn(async |_| Err(tonic::Status::unimplemented("nothing is asked")));
            let (limits, tasks) = (listener::Limits::internal(), Tasks::new());
            listener::serve_peers(listener, InProcess::new(nothing), identity, limits, &tasks, || 0.5);
            std::future::pending::<()>().await;
        });
    });
    address
}

/// Takes connections and says something that is no TLS.
fn chatting() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    std::thread::spawn(move || {
        for io in listener.incoming() {
            let _ = io.expect("accepts").write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    address
}

#[test]
fn each_address_of_a_service_says_who_answers_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let (certs, other) = (folder.path().join("certs"), folder.path().join("other"));
    certificates(&certs);
    certificates(&other);
    let auth = answering(&certs, "auth");
    let clients = |session: &str, routing: &str, content: &str| {
        [
            ("ONQUEUE_PROCESS__SERVICES", "gateway".to_owned()),
            ("ONQUEUE_TLS__FOLDER", certs.display().to_string()),
            ("ONQUEUE_CLIENTS__AUTH", auth.clone()),
            ("ONQUEUE_CLIENTS__SESSION", session.to_owned()),
            ("ONQUEUE_CLIENTS__ROUTING", routing.to_owned()),
            ("ONQUEUE_CLIENTS__CONTENT", content.to_owned()),
        ]
    };
    let (stranger, nobody) = (answering(&other, "routing"), format!("127.0.0.1:{}", nowhere()));
    let wrong = found(&clients(&auth, &stranger, &nobody));
    wrong.assert("clients.auth", "ok", &format!("auth answers at {auth}"), "");
    let meant = format!("auth answers at {auth}, not session");
    wrong.assert("clients.session", "fail", &meant, "correct clients.session");
    let told = format!("whoever answers at {stranger} is a stranger");
    wrong.assert("clients.routing", "fail", &told, "one authority");
    let told = format!("nobody answers at {nobody}");
    wrong.assert(
        "clients.content",
        "warn",
        &told,
        "start content there, or correct clients.content",
    );
    let (session, routing) = (answering(&certs, "session"), answering(&certs, "routing"));
    let plain = chatting();
    let right = found(&clients(&session, &routing, &plain));
    right.assert("clients.session", "ok", &format!("session answers at {session}"), "");
    right.assert("clients.routing", "ok", &format!("routing answers at {routing}"), "");
    let told = format!("something else answers at {plain}");
    right.assert("clients.content", "fail", &told, "correct clients.content");
}

/// A PostgreSQL that asks `guarded` for a password and lets everybody else in without one.
fn guarding() -> PostgresServer {
    let server = PostgresServer::start(Disk::Unsynced).expect("PostgreSQL");
    let url = server.url("postgres");
    let run = |sql: &str| psql(&url, sql).expect("done");
    run("CREATE ROLE guarded LOGIN PASSWORD 'right'");
    let rules = run("SHOW hba_file");
    let lines = "VALUES ('host all guarded 127.0.0.1/32 scram-sha-256'), ('host all all 127.0.0.1/32 trust')";
    run(&format!("COPY ({lines}) TO '{}'", rules.trim()));
    run("SELECT pg_reload_conf()");
    let end = Instant::now() + SOON;
    // It reads its rules anew a moment after it was told to.
    while psql(&at(&server, "guarded:wrong", "postgres"), "SELECT 1").is_ok() {
        assert!(Instant::now() < end, "it still lets everybody in");
        std::thread::sleep(Duration::from_millis(50));
    }
    server
}

fn at(server: &PostgresServer, who: &str, database: &str) -> String {
    format!(
        "postgres://{who}@127.0.0.1:{}/{database}?sslmode=disable",
        server.port()
    )
}

#[test]
fn a_postgresql_that_refuses_is_quoted_with_the_setting_to_correct() {
    let server = guarding();
    let place = format!("127.0.0.1:{} does not let us in", server.port());
    for (who, database, problem, remedy) in [
        (
            "guarded:hush",
            "postgres",
            "password authentication failed",
            "correct user and password in store.url",
        ),
        (
            "nobody:hush",
            "postgres",
            "role \"nobody\" does not exist",
            "correct user and password in store.url",
        ),
        (
            "onqueue:hush",
            "nowhere",
            "database \"nowhere\" does not exist",
            "createdb",
        ),
    ] {
        let found = found(&[("ONQUEUE_STORE__URL", at(&server, who, database))]);
        found.assert("database (store.url)", "fail", &place, remedy);
        found.assert("database (store.url)", "fail", problem, remedy);
        found.assert_skipped("does not let us in with store.url");
        assert_eq!(found.count("fail"), 1, "each once: {:?}", found.0);
        assert!(!format!("{:?}", found.0).contains("hush"), "{:?}", found.0);
    }
    let one = found(&[
        ("ONQUEUE_STORE__URL", at(&server, "guarded:right", "postgres")),
        ("ONQUEUE_STORE__SESSION_URL", at(&server, "guarded:hush", "postgres")),
    ]);
    let remedy = "correct user and password in store.session_url";
    one.assert(
        "database (store.session_url)",
        "fail",
        "password authentication failed",
        remedy,
    );
    one.assert("database", "ok", "PostgreSQL", "");
    one.assert("tables session", "skipped", "store.session_url", "");
    one.assert("tables auth", "fail", "not up to date", "onqueue migrate");
    one.assert("signing key session", "skipped", "store.session_url", "");
    one.assert("signing key auth", "fail", "auth_signing_keys", "onqueue migrate");
}

#[test]
fn the_owner_is_tried_where_no_service_comes_as_them() {
    let server = guarding();
    let entering = |owner: &str, session: &str| {
        let url = |who: &str| at(&server, who, "postgres");
        found(&[
            ("ONQUEUE_STORE__URL", url(owner)),
            ("ONQUEUE_STORE__AUTH_URL", url("onqueue:a")),
            ("ONQUEUE_STORE__ROUTING_URL", url("onqueue:a")),
            ("ONQUEUE_STORE__SESSION_URL", url(session)),
            ("ONQUEUE_STORE__CONTENT_URL", url("onqueue:a")),
        ])
    };
    let check = "database (store.url)";
    let right = entering("guarded:right", "onqueue:a");
    right.assert(check, "ok", "lets us in; no service here uses this", "");
    let wrong = entering("guarded:hush", "onqueue:a");
    wrong.assert(
        check,
        "warn",
        "password authentication failed",
        "correct user and password in store.url",
    );
    wrong.assert(
        check,
        "warn",
        "only `onqueue migrate` and `onqueue restored`",
        "store.url",
    );
    wrong.assert("database", "ok", "PostgreSQL", "");
    assert!(!format!("{:?}", wrong.0).contains("hush"), "{:?}", wrong.0);
    let used = entering("onqueue:a", "");
    assert!(
        used.0.iter().all(|finding| finding["check"] != check),
        "session uses it: {:?}",
        used.0
    );
}

#[test]
fn a_silent_server_is_told_once_though_it_is_the_owners_too() {
    let port = nowhere();
    let url = |who: &str| format!("postgres://{who}:hush@127.0.0.1:{port}/onqueue");
    let found = found(&[
        ("ONQUEUE_STORE__URL", url("owner")),
        ("ONQUEUE_STORE__AUTH_URL", url("auth")),
        ("ONQUEUE_STORE__ROUTING_URL", url("routing")),
        ("ONQUEUE_STORE__SESSION_URL", url("session")),
        ("ONQUEUE_STORE__CONTENT_URL", url("content")),
    ]);
    assert_eq!(found.count("fail"), 1, "{:?}", found.0);
    let owner = found
        .0
        .iter()
        .find(|finding| finding["check"] == "database (store.url)");
    assert!(owner.is_none(), "{owner:?}");
}
