//! The command line, as a person types it.

use onqueue_daemons::{Disk, PostgresServer, psql};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Output, Stdio},
};

fn onqueue(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_onqueue"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn unusable_settings_end_with_78_and_name_every_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("onqueue.toml");
    std::fs::write(
        &file,
        "[gateway]\nlisten = 7\nlistne = \"x\"\n[routing]\nlease_ms = 10\n",
    )
    .expect("written");
    let environment = [("ONQUEUE_STORE__READERS", "many"), ("ONQUEUE_NOWHERE__KEY", "x")];
    let ended = onqueue(&["serve", "--config", path(&file)], &environment);
    assert_eq!(ended.status.code(), Some(78));
    let said = text(&ended.stderr);
    for key in ["gateway.listen", "gateway.listne", "ONQUEUE_STORE__READERS", "nowhere"] {
        assert!(said.contains(key), "{key} is named: {said}");
    }
}

#[test]
fn contradictions_between_settings_are_refused_too() {
    for (key, value, named) in [
        ("ONQUEUE_ROUTING__LEASE_MS", "10", "routing.lease_ms"),
        ("ONQUEUE_AUTH__ACCESS_TOKEN_MINUTES", "11", "auth.access_token_minutes"),
        ("ONQUEUE_SESSION__BATCH", "257", "session.batch"),
        ("ONQUEUE_TELEMETRY__LEVEL", "loud=very", "telemetry.level"),
        ("ONQUEUE_TELEMETRY__ENDPOINT", "collector", "telemetry.endpoint"),
        ("ONQUEUE_PROCESS__DRAIN_MS", "0", "process.drain_ms"),
        ("ONQUEUE_LIMITS__UNARY_CALLS", "0", "limits.unary_calls"),
        ("ONQUEUE_LISTENER__CONNECTIONS", "0", "listener.connections"),
        ("ONQUEUE_INTERNAL__CONNECTIONS", "0", "internal.connections"),
        (
            "ONQUEUE_GATEWAY__DEFAULT_DEPLOYMENT",
            "demo",
            "gateway.default_deployment",
        ),
    ] {
        let ended = onqueue(&["config", "print"], &[(key, value)]);
        let said = text(&ended.stderr);
        assert!(
            ended.status.code() == Some(78) && said.contains(named),
            "{key}={value}: {said}"
        );
    }
}

#[test]
fn what_separate_processes_need_is_named_all_at_once() {
    let alone = [("ONQUEUE_PROCESS__SERVICES", "gateway,routing")];
    let said = refused(&alone);
    for key in [
        "tls.folder",
        "store.url",
        "clients.auth",
        "clients.session",
        "clients.content",
    ] {
        assert!(said.contains(key), "{key} is named: {said}");
    }
    assert!(!said.contains("clients.routing"), "routing is here: {said}");
    for (given, named) in [
        (("ONQUEUE_PROCESS__SERVICES", "gatway"), "process.services"),
        (("ONQUEUE_STORE__URL", "mysql://db/onqueue"), "store.url"),
        (("ONQUEUE_BUS__URL", "http://bus"), "bus.url"),
        (("ONQUEUE_ROUTING__FENCE", "false"), "routing.fence"),
        (("ONQUEUE_PROCESS__TEST_CLOCK", "/tmp/moved"), "process.test_clock"),
    ] {
        let said = refused(&[given, ("ONQUEUE_PROCESS__PRODUCTION", "true")]);
        assert!(said.contains(named), "{given:?}: {said}");
    }
    let everywhere = [
        ("ONQUEUE_TLS__FOLDER", "certs"),
        ("ONQUEUE_ROUTING__LISTEN", "0.0.0.0:7002"),
    ];
    assert!(refused(&everywhere).contains("routing.address"));
}

fn refused(environment: &[(&str, &str)]) -> String {
    let ended = onqueue(&["config", "print"], environment);
    assert_eq!(ended.status.code(), Some(78), "{environment:?}");
    text(&ended.stderr)
}

#[test]
fn certificates_are_made_and_renewed() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("certs");
    let made = |name: &str| std::fs::read(out.join(name)).expect("there");
    assert!(onqueue(&["certs", "--out", path(&out)], &[]).status.success());
    let before = (made("auth/ca.crt"), made("auth/tls.crt"));
    let ended = onqueue(&["certs", "--out", path(&out), "--days", "7"], &[]);
    assert!(text(&ended.stdout).contains("7 days"), "{}", text(&ended.stderr));
    assert_eq!(made("session/ca.crt"), before.0, "one authority");
    assert_ne!(made("auth/tls.crt"), before.1, "a new certificate");
    for days in ["0", "3651"] {
        let ended = onqueue(&["certs", "--out", path(&out), "--days", days], &[]);
        let said = text(&ended.stderr);
        assert!(
            ended.status.code() == Some(2) && said.contains("--days") && said.contains("1..=3650"),
            "{said}"
        );
    }
}

#[test]
fn it_is_said_which_authority_signed() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("certs");
    let said = || text(&onqueue(&["certs", "--out", path(&out)], &[]).stdout);
    let (first, second) = (said(), said());
    assert!(
        first.contains("a NEW authority was made") && !first.contains("ANOTHER"),
        "{first}"
    );
    assert!(
        second.contains("certs/ca was used") && !second.contains("NEW"),
        "{second}"
    );
    std::fs::rename(out.join("ca"), folder.path().join("kept elsewhere")).expect("moved");
    let third = said();
    assert!(third.contains("a NEW authority was made"), "{third}");
    assert!(
        third.contains("gateway, auth, routing, session, content were of ANOTHER authority"),
        "{third}"
    );
}

#[test]
fn settings_in_force_are_printed_with_secrets_hidden() {
    let environment = [
        ("ONQUEUE_STORE__URL", "postgres://me:hush@db/onqueue"),
        ("ONQUEUE_BUS__URL", "nats://hush@a, nats://hush@b"),
        ("ONQUEUE_GATEWAY__LISTEN", "127.0.0.1:81"),
    ];
    let ended = onqueue(&["config", "print"], &environment);
    let said = text(&ended.stdout);
    assert!(ended.status.success(), "{}", text(&ended.stderr));
    assert!(
        said.contains("127.0.0.1:81") && said.contains("postgres://me:(hidden)@db/onqueue"),
        "{said}"
    );
    assert!(!said.contains("hush"), "{said}");
}

#[test]
fn who_reads_no_more_of_what_is_printed_ends_nothing() {
    let mut print = Command::new(env!("CARGO_BIN_EXE_onqueue"))
        .args(["config", "print"])
        .env_clear()
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    drop(print.stdout.take());
    assert!(print.wait().expect("ended").success());
}

#[test]
fn migrate_can_be_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    for _ in 0..2 {
        let ended = onqueue(&["migrate", "--data", path(folder.path())], &[]);
        assert!(ended.status.success(), "{}", text(&ended.stderr));
        assert!(text(&ended.stdout).contains("up to date"));
    }
    assert!(folder.path().join("onqueue.db").exists());
}

#[test]
fn an_administrator_is_made_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("password");
    std::fs::write(&file, "four words of chance\n").expect("written");
    let data = folder.path().join("data");
    let create = |more: &[&str], environment: &[(&str, &str)]| {
        let arguments = ["admin", "create", "--data", path(&data), "--email", "root@acme.example"];
        let ended = onqueue(&[&arguments, more].concat(), environment);
        (ended.status.code(), text(&ended.stdout), text(&ended.stderr))
    };
    let whole = [
        "--organisation",
        "acme",
        "--name",
        "Acme",
        "--language",
        "de",
        "--time-zone",
        "Europe/Berlin",
    ];
    let chosen = [&whole[..], &["--password-file", path(&file)]].concat();
    let (code, out, said) = create(&chosen, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(out.contains("acme") && !out.contains("four words"), "{out}");
    let (code, _, said) = create(&whole, &[]);
    assert!(code == Some(1) && said.contains("already"), "{said}");
    let (code, out, said) = create(&["--organisation", "second"], &[]);
    assert!(code == Some(0) && out.contains("not shown again"), "{out}{said}");
    let given = [("ONQUEUE_ADMIN_PASSWORD", "another four words")];
    let (code, out, said) = create(&["--organisation", "third"], &given);
    assert!(code == Some(0) && !out.contains("password"), "{out}{said}");
    for (option, wrong) in [
        ("--organisation", "Not a slug"),
        ("--time-zone", "Berlin"),
        ("--language", "no language"),
        ("--email", "nobody"),
    ] {
        let usual = [("--organisation", "fourth"), ("--email", "root@acme.example")];
        let usual = usual.into_iter().filter(|(name, _)| *name != option);
        let arguments: Vec<&str> = ["admin", "create", "--data", path(&data)]
            .into_iter()
            .chain(usual.chain([(option, wrong)]).flat_map(|(name, value)| [name, value]))
            .collect();
        let ended = onqueue(&arguments, &[]);
        let said = text(&ended.stderr);
        assert!(
            ended.status.code() == Some(1) && said.contains(option),
            "{option}: {said}"
        );
    }
    let given = [("ONQUEUE_ADMIN_PASSWORD", "password1234")];
    let (code, _, said) = create(&["--organisation", "fourth"], &given);
    assert!(code == Some(1) && said.contains("password"), "{said}");
}

/// `admin password` with something at its standard input: exit code, output, complaint.
fn recover(data: &Path, more: &[&str], environment: &[(&str, &str)], input: &str) -> (Option<i32>, String, String) {
    let mut running = Command::new(env!("CARGO_BIN_EXE_onqueue"))
        .args(["admin", "password", "--data", path(data)])
        .args(more)
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut stdin = running.stdin.take().expect("piped");
    // Who does not read it has ended before.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let ended = running.wait_with_output().expect("ended");
    (ended.status.code(), text(&ended.stdout), text(&ended.stderr))
}

#[test]
fn a_lost_password_is_replaced_and_never_comes_from_arguments() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let password = |more: &[&str], environment: &[(&str, &str)], input| recover(&data, more, environment, input);
    let who = ["--organisation", "acme", "--email", "Root@acme.example"];
    let (code, _, said) = password(&who, &[], "");
    assert!(code == Some(1) && said.contains("there is no database"), "{said}");
    assert!(!data.exists(), "and none is made");
    let create = ["admin", "create", "--data", path(&data)];
    let create = [&create[..], &["--organisation", "acme", "--email", "root@acme.example"]].concat();
    assert!(onqueue(&create, &[]).status.success());

    let (code, out, said) = password(&who, &[], "");
    assert!(code == Some(0) && out.contains("not shown again"), "{out}{said}");
    let from_input = [&who[..], &["--password-file", "-"]].concat();
    let (code, out, said) = password(&from_input, &[], "four words of chance\n");
    assert!(code == Some(0) && out.contains("logged out"), "{out}{said}");
    assert!(!out.contains("four words") && !out.contains("not shown again"), "{out}");
    let file = folder.path().join("password");
    std::fs::write(&file, "another four words\n").expect("written");
    let from_file = [&who[..], &["--password-file", path(&file)]].concat();
    assert_eq!(password(&from_file, &[], "").0, Some(0));
    let given = [("ONQUEUE_ADMIN_PASSWORD", "yet another four words")];
    assert_eq!(password(&who, &given, "").0, Some(0));

    for (wrong, input, expected) in [
        (&from_input[..], "password1234\n", "the password: "),
        (&from_input, "", "the password: 12–1,024 characters"),
        (
            &["--organisation", "nobody", "--email", "root@acme.example"],
            "",
            "--organisation: there is no",
        ),
        (
            &["--organisation", "acme", "--email", "nobody@acme.example"],
            "",
            "--email: nobody logs in",
        ),
        (
            &[&who[..], &["--password-file", "/nowhere/at/all"]].concat(),
            "",
            "/nowhere/at/all: ",
        ),
    ] {
        let (code, out, said) = password(wrong, &[], input);
        assert!(code == Some(1) && said.contains(expected), "{wrong:?}: {out}{said}");
    }
    let (code, _, said) = password(&[&who[..], &["--password", "four words"]].concat(), &[], "");
    assert!(code == Some(2), "{said}");
}

#[test]
fn a_lost_password_is_replaced_on_postgresql_as_auths_own_role() {
    let server = PostgresServer::start(Disk::Unsynced).expect("PostgreSQL");
    let (owner, auth) = (server.url("onqueue"), server.url_as("onqueue_auth", "onqueue"));
    let owner = [("ONQUEUE_STORE__URL", owner.as_str())];
    let who = ["--organisation", "acme", "--email", "root@acme.example"];
    let run = |command: &[&str], environment: &[(&str, &str)]| onqueue(&[command, &who].concat(), environment);
    let early = run(&["admin", "password"], &owner);
    assert!(
        text(&early.stderr).contains("onqueue migrate"),
        "{}",
        text(&early.stderr)
    );
    let separate = [owner[0], ("ONQUEUE_STORE__AUTH_URL", auth.as_str())];
    assert!(onqueue(&["migrate"], &separate).status.success());
    assert!(run(&["admin", "create"], &separate).status.success());
    let recorded = || {
        let count = "SELECT count(*) FROM onqueue_auth.auth_audit \
            WHERE actor = 'operator' AND action = 'user.set_password'";
        let rows = psql(&server.url("onqueue"), count).expect("read");
        rows.trim().parse::<u32>().expect("a number")
    };
    let before = recorded();
    let ended = run(&["admin", "password"], &separate);
    let (out, said) = (text(&ended.stdout), text(&ended.stderr));
    assert!(ended.status.success() && out.contains("not shown again"), "{out}{said}");
    assert_eq!(recorded(), before + 1, "the trail names the operator");
}

#[test]
fn an_administrator_is_made_while_it_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let (nowhere, data) = ("127.0.0.1:0", path(folder.path()));
    let arguments = ["serve", "--data", data, "--listen", nowhere, "--health-listen", nowhere];
    let mut running = Command::new(env!("CARGO_BIN_EXE_onqueue"))
        .args(arguments)
        .env_clear()
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut said = String::new();
    let out = running.stdout.take().expect("piped");
    BufReader::new(out).read_line(&mut said).expect("it says something");
    let arguments = [
        "admin",
        "create",
        "--data",
        data,
        "--organisation",
        "acme",
        "--email",
        "root@acme.example",
    ];
    let ended = onqueue(&arguments, &[]);
    let still = running.try_wait().expect("asked");
    running.kill().expect("ends");
    running.wait().expect("ended");
    assert!(ended.status.success(), "{}", text(&ended.stderr));
    assert_eq!(still, None, "it went on");
}

#[test]
fn a_health_check_of_nobody_fails() {
    let ended = onqueue(&["healthcheck", "--address", "127.0.0.1:1"], &[]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(text(&ended.stderr).contains("127.0.0.1:1"));
}

#[test]
fn a_gateway_by_itself_uses_no_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let certs = folder.path().join("certs");
    assert!(onqueue(&["certs", "--out", path(&certs)], &[]).status.success());
    let nobody = "127.0.0.1:1";
    let environment = [
        ("ONQUEUE_TLS__FOLDER", path(&certs)),
        ("ONQUEUE_CLIENTS__AUTH", nobody),
        ("ONQUEUE_CLIENTS__ROUTING", nobody),
        ("ONQUEUE_CLIENTS__SESSION", nobody),
        ("ONQUEUE_CLIENTS__CONTENT", nobody),
    ];
    let data = folder.path().join("data");
    let arguments = [
        "serve",
        "--services",
        "gateway",
        "--listen",
        "127.0.0.1:0",
        "--health-listen",
        "127.0.0.1:0",
    ];
    let mut gateway = Command::new(env!("CARGO_BIN_EXE_onqueue"))
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .envs(environment)
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut said = String::new();
    let out = gateway.stdout.take().expect("piped");
    BufReader::new(out).read_line(&mut said).expect("it says something");
    gateway.kill().expect("ends");
    gateway.wait().expect("ended");
    assert_eq!(said, "onqueue is serving gateway\n");
    assert!(!data.exists(), "it has no data");
}

#[test]
fn unusable_arguments_end_with_2() {
    assert_eq!(onqueue(&["serve", "--nothing"], &[]).status.code(), Some(2));
    assert_eq!(onqueue(&[], &[]).status.code(), Some(2));
    assert_eq!(onqueue(&["serve", "--credentials", "x"], &[]).status.code(), Some(2));
}
