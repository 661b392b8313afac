//! What an operator does with an embedded installation: looks whether it is well, copies it, puts it back, changes its keys.

use serde_json::Value;
use std::{
    path::Path,
    process::{Command, Output},
};
use tempfile::TempDir;

fn onqueue(folder: &TempDir, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_onqueue"))
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .output()
        .expect("runs")
}

fn said(output: &Output) -> String {
    let parts = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    parts.concat()
}

fn good(folder: &TempDir, arguments: &[&str]) -> String {
    let output = onqueue(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    said(&output)
}

fn refused(folder: &TempDir, arguments: &[&str], because: &str) {
    let output = onqueue(folder, arguments);
    let said = said(&output);
    assert!(
        output.status.code() == Some(1) && said.contains(because),
        "{arguments:?}: {said}"
    );
}

fn findings(folder: &TempDir, arguments: &[&str]) -> Vec<(String, String, String)> {
    let output = onqueue(folder, &[&["doctor", "--json"], arguments].concat());
    let found: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let has_failed = found.iter().any(|finding| finding["state"] == "fail");
    assert_eq!(output.status.code(), Some(i32::from(has_failed)), "{found:?}");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    found
        .iter()
        .map(|finding| {
            (
                text(&finding["check"]),
                text(&finding["state"]),
                text(&finding["remedy"]),
            )
        })
        .collect()
}

fn state(findings: &[(String, String, String)], check: &str) -> String {
    let found = findings.iter().find(|(name, ..)| name == check);
    let (_, state, remedy) = found.unwrap_or_else(|| panic!("{check}: {findings:?}"));
    assert_eq!(
        state == "ok",
        remedy.is_empty(),
        "{check}: who is not well is told what to do"
    );
    state.clone()
}

#[test]
fn the_doctor_says_what_is_not_well_and_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(state(&findings(&folder, &[]), "database"), "warn", "there is none yet");
    good(&folder, &["demo", "--credentials", "credentials.json"]);
    let well = findings(&folder, &[]);
    for check in ["settings", "database", "clock", "tables auth", "tables content", "bus"] {
        assert_eq!(state(&well, check), "ok", "{check}");
    }
    assert_eq!(state(&well, "signing key auth"), "warn", "nothing was ever started");
    good(&folder, &["keys", "rotate"]);
    assert_eq!(state(&findings(&folder, &[]), "signing key auth"), "ok");
    let broken = findings(&folder, &["--services", "sesion"]);
    assert_eq!(state(&broken, "settings"), "fail");
    std::fs::write(folder.path().join("data/onqueue.db"), "no database at all").expect("written");
    assert_eq!(state(&findings(&folder, &[]), "database"), "fail");
    let output = onqueue(&folder, &["doctor"]);
    assert!(
        said(&output).contains("FAIL") && said(&output).contains('→'),
        "{}",
        said(&output)
    );
}

#[test]
fn a_copy_goes_back_into_an_empty_place_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let there = |name: &str| folder.path().join(name).exists();
    refused(&folder, &["backup", "copy.db"], "there is no database");
    good(&folder, &["demo", "--credentials", "credentials.json"]);
    good(&folder, &["backup", "copy.db"]);
    refused(&folder, &["backup", "copy.db"], "copy.db");
    refused(&folder, &["restore", "copy.db"], "is there already");
    std::fs::write(
        folder.path().join("bad.db"),
        "no database at all, and long enough to be one",
    )
    .expect("written");
    for name in ["data/onqueue.db", "data/onqueue.db-wal", "data/onqueue.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    refused(&folder, &["restore", "nowhere.db"], "no such file");
    assert_eq!(onqueue(&folder, &["restore", "bad.db"]).status.code(), Some(1));
    assert!(!there("data/onqueue.db"), "what is no database is not put there");
    let first = generation(&good(&folder, &["restore", "copy.db"]));
    assert!(there("copy.db") && there("data/onqueue.db"));
    let second = generation(&good(&folder, &["restored"]));
    assert!(first > 1 && second > first, "{first}, {second}");
    let refusal = onqueue(
        &folder,
        &["admin", "create", "--organisation", "demo", "--email", "a@b.example"],
    );
    assert!(
        said(&refusal).contains("already"),
        "what was in it is there: {}",
        said(&refusal)
    );
}

#[test]
fn a_damaged_file_is_named_and_not_sent_to_migrate() {
    let folder = tempfile::tempdir().expect("a folder");
    good(&folder, &["migrate"]);
    good(&folder, &["backup", "copy.db"]);
    let file = folder.path().join("data/onqueue.db");
    let whole = std::fs::read(&file).expect("read");
    let mut schema = whole.clone();
    schema[100..4_096].fill(0xff);
    for (damaged, how) in [(schema, "malformed"), (vec![b'x'; whole.len()], "SQLite database")] {
        std::fs::write(&file, &damaged).expect("written");
        let found = findings(&folder, &[]);
        let failed: Vec<_> = found.iter().filter(|(_, state, _)| state == "fail").collect();
        assert!(!failed.is_empty(), "{found:?}");
        for (check, _, remedy) in failed {
            assert!(
                remedy.contains("onqueue restore") && !remedy.contains("migrate"),
                "{check}: {remedy}"
            );
        }
        let nowhere = "127.0.0.1:0";
        for arguments in [
            &["migrate"][..],
            &["serve", "--listen", nowhere, "--health-listen", nowhere],
        ] {
            let output = onqueue(&folder, arguments);
            let said = said(&output);
            assert_eq!(output.status.code(), Some(78), "{how}: {arguments:?}: {said}");
            for part in [
                "store.url: data/onqueue.db",
                "damaged",
                "onqueue restore FILE",
                "docs/operate.md",
            ] {
                assert!(said.contains(part), "{how}: {arguments:?} does not say {part}: {said}");
            }
        }
        refused(&folder, &["restored"], "the database's file is damaged");
        std::fs::write(folder.path().join("bad.db"), &damaged).expect("written");
        std::fs::rename(folder.path().join("data"), folder.path().join(how)).expect("moved away");
        refused(&folder, &["restore", "bad.db"], "bad.db: the copy is damaged");
        assert!(!file.exists(), "what is damaged is not put there");
        good(&folder, &["restore", "copy.db"]);
        assert_eq!(state(&findings(&folder, &[]), "tables auth"), "ok");
    }
}

#[test]
fn an_empty_file_is_not_begun_upon_as_if_there_had_never_been_data() {
    let folder = tempfile::tempdir().expect("a folder");
    good(&folder, &["migrate"]);
    good(&folder, &["backup", "copy.db"]);
    let file = folder.path().join("data/onqueue.db");
    std::fs::write(&file, "").expect("cut off");
    let nowhere = "127.0.0.1:0";
    for arguments in [
        &["migrate"][..],
        &["serve", "--listen", nowhere, "--health-listen", nowhere],
    ] {
        let output = onqueue(&folder, arguments);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(78), "{arguments:?}: {said}");
        for part in [
            "store.url: data/onqueue.db: is empty",
            "onqueue restore FILE",
            "remove it, and a new one is made",
        ] {
            assert!(said.contains(part), "{arguments:?} does not say {part}: {said}");
        }
    }
    for arguments in [
        &["restored"][..],
        &["backup", "other.db"],
        &["keys", "list"],
        &["demo", "--credentials", "credentials.json"],
        &["admin", "create", "--organisation", "acme", "--email", "a@b.example"],
    ] {
        refused(&folder, arguments, "data/onqueue.db is empty (0 bytes)");
    }
    let found = findings(&folder, &[]);
    let (_, state, remedy) = found.iter().find(|(check, ..)| check == "database").expect("looked at");
    assert!(state == "fail" && remedy.contains("onqueue restore"), "{found:?}");
    assert_eq!(file.metadata().expect("there").len(), 0, "nobody has written into it");
    std::fs::remove_file(&file).expect("removed");
    good(&folder, &["migrate"]);
    assert!(file.metadata().expect("there").len() > 0, "begun anew, as told");
}

#[test]
fn one_damaged_page_is_seen_though_everything_opens() {
    const PAGE: usize = 4_096;
    let folder = tempfile::tempdir().expect("a folder");
    good(&folder, &["demo", "--credentials", "credentials.json"]);
    good(&folder, &["backup", "copy.db"]);
    let well = good(&folder, &["doctor"]);
    assert!(well.contains("no damaged page in its "), "{well}");
    let well = good(&folder, &["doctor", "--thorough"]);
    assert!(well.contains("MiB, all of which was looked at"), "{well}");
    for name in ["data/onqueue.db", "data/onqueue.db-wal", "data/onqueue.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    let mut bytes = std::fs::read(folder.path().join("copy.db")).expect("read");
    let middle = bytes.len() / PAGE / 2 * PAGE;
    bytes[middle..middle + PAGE].fill(0xa5);
    std::fs::write(folder.path().join("data/onqueue.db"), bytes).expect("written");
    for arguments in [&[][..], &["--thorough"]] {
        let found = findings(&folder, arguments);
        assert_eq!(state(&found, "database"), "ok", "it can be opened");
        let (_, state, remedy) = found.iter().find(|(check, ..)| check == "file").expect("looked at");
        assert!(
            state == "fail" && remedy.contains("onqueue restore"),
            "{arguments:?}: {found:?}"
        );
    }
}

/// Runs it as somebody who may not look into the folder: whoever we are, or nobody if we may look everywhere.
fn as_stranger(folder: &Path, arguments: &[&str]) -> Output {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let allow = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
    };
    let program = folder.join("onqueue");
    let built = Path::new(env!("CARGO_BIN_EXE_onqueue"));
    std::fs::hard_link(built, &program)
        .or_else(|_| std::fs::copy(built, &program).map(drop))
        .expect("put where all may run it");
    allow(folder, 0o755);
    let mut command = match folder.metadata().expect("there").uid() {
        0 => {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
                .arg(&program);
            command
        }
        _ => Command::new(&program),
    };
    allow(&folder.join("data"), 0o000);
    let output = command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .expect("runs");
    allow(&folder.join("data"), 0o700);
    std::fs::remove_file(program).expect("removed");
    output
}

#[test]
fn who_may_not_look_is_told_so_and_not_that_there_is_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    good(&folder, &["migrate"]);
    let output = as_stranger(folder.path(), &["doctor"]);
    let told = said(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    for part in [
        "data/onqueue.db may not be looked at by ",
        "user id ",
        "sudo -u",
        "the folder is of ",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("none yet"), "{told}");
    let output = as_stranger(folder.path(), &["backup", "copy.db"]);
    let told = said(&output);
    assert_ne!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("data/onqueue.db may not be looked at by "), "{told}");
    assert!(!told.contains("no database"), "{told}");
    let nowhere = "127.0.0.1:0";
    let output = as_stranger(
        folder.path(),
        &["serve", "--listen", nowhere, "--health-listen", nowhere],
    );
    let told = said(&output);
    assert_eq!(output.status.code(), Some(78), "{told}");
    assert!(
        told.contains("store.url: data/onqueue.db may not be looked at by "),
        "{told}"
    );
}

#[test]
fn certificates_of_another_user_are_told_from_such_that_are_not_there() {
    let folder = tempfile::tempdir().expect("a folder");
    good(&folder, &["certs", "--out", "data/certs"]);
    std::fs::write(folder.path().join("onqueue.toml"), "[tls]\nfolder = 'data/certs'\n").expect("written");
    let output = as_stranger(folder.path(), &["doctor", "--config", "onqueue.toml"]);
    let told = said(&output);
    let at = told.find("certificate auth").unwrap_or_else(|| panic!("{told}"));
    let remedy = told[at..].lines().nth(1).expect("a remedy");
    assert!(
        remedy.contains("sudo -u") && !remedy.contains("onqueue certs"),
        "{told}"
    );
}

#[test]
fn who_makes_certificates_as_root_is_told_whose_they_are() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let folder = tempfile::tempdir().expect("a folder");
    let told = good(&folder, &["certs"]);
    let is_root = folder.path().metadata().expect("there").uid() == 0;
    let for_another = "for nobody else: if the services run as another user, as root `chown -R USER: certs`";
    assert_eq!(told.contains(for_another), is_root, "{told}");
    if is_root {
        chown(folder.path().join("certs/gateway"), Some(65_432), None).expect("given away");
        let told = good(&folder, &["certs"]);
        assert!(told.contains("`chown -R 65432: certs`"), "{told}");
    }
}

#[test]
fn an_organisation_goes_by_its_short_name_too() {
    let folder = tempfile::tempdir().expect("a folder");
    good(&folder, &["demo", "--credentials", "credentials.json"]);
    let checked = good(&folder, &["transcript", "verify", "demo"]);
    assert!(checked.contains("0 conversations with 0 events checked"), "{checked}");
    // Nothing has been served yet.
    refused(
        &folder,
        &["routing", "export", "demo"],
        "there is no routing log of an organisation",
    );
    for command in [["transcript", "verify", "nobody"], ["routing", "export", "nobody"]] {
        refused(&folder, &command, "there is no organisation “nobody”");
    }
}

/// The number that is said of the logs.
fn generation(said: &str) -> i64 {
    let (_, rest) = said.split_once("generation ").expect("named");
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

#[test]
fn keys_are_listed_replaced_and_taken_away() {
    let folder = tempfile::tempdir().expect("a folder");
    good(&folder, &["migrate"]);
    assert_eq!(keys(&folder), Vec::<(String, String)>::new());
    good(&folder, &["keys", "rotate"]);
    let first = keys(&folder);
    let services: Vec<&str> = first.iter().map(|(service, _)| service.as_str()).collect();
    assert_eq!(services, ["auth", "session"]);
    good(&folder, &["keys", "rotate", "--of", "session"]);
    assert_eq!(keys(&folder).len(), 3);
    for (_, kid) in &first {
        good(&folder, &["keys", "withdraw", kid]);
    }
    let left = keys(&folder);
    assert!(left.iter().all(|key| !first.contains(key)), "{left:?}");
    assert_eq!(left.len(), 2, "auth has another at once: {left:?}");
    refused(&folder, &["keys", "withdraw", "nobody"], "there is no such key");
    assert_eq!(
        onqueue(&folder, &["keys", "rotate", "--of", "gateway"]).status.code(),
        Some(2)
    );
    assert!(good(&folder, &["keys", "list"]).contains("verifies until"));
}

fn keys(folder: &TempDir) -> Vec<(String, String)> {
    let keys: Vec<Value> = serde_json::from_str(&good(folder, &["keys", "list", "--json"])).expect("JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    keys.iter()
        .map(|key| (text(&key["service"]), text(&key["kid"])))
        .collect()
}

#[test]
fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    good(&folder, &["migrate"]);
    good(&folder, &["backup", "copy.db"]);
    let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder.path().join("copy.db")), 0o600, "signing keys lie in it");
}
