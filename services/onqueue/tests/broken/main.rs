//! Configurations that cannot work, as real processes: each ends at once with exit code 78, before it listens, and names what
//! to change; and no output of the binary holds a secret.
// How long a refusal takes is what is tested.
#![allow(clippy::disallowed_methods)]

mod mistakes;

use mistakes::{FILES, MISTAKES};
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long something may take on a machine that has other things to do; how fast it is, `cargo xtask bench broken` says.
const GENEROUS: Duration = Duration::from_secs(10);

/// What must not be told.
const CANARY: &str = "canary-7f3a";

/// A folder to work in; a call runs there.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        std::fs::write(place.path("no.db"), "this is text, and not what SQLite writes").expect("written");
        std::fs::write(place.path("empty.db"), "").expect("written");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> (Output, Duration) {
        let began = Instant::now();
        // Addresses of its own where the mistake names none: nobody else's are in the way.
        let output = Command::new(env!("CARGO_BIN_EXE_onqueue"))
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("ONQUEUE_GATEWAY__LISTEN", "127.0.0.1:0")
            .env("ONQUEUE_PROCESS__HEALTH_LISTEN", "127.0.0.1:0")
            .envs(environment.iter().copied())
            .output()
            .expect("runs");
        (output, began.elapsed())
    }
}

fn said(output: &Output) -> String {
    let parts = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    parts.concat()
}

fn assert_refused((output, took): &(Output, Duration), key: &str, remedy: &str, what: &dyn std::fmt::Debug) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(78), "{what:?}: {said}");
    assert!(*took <= GENEROUS, "{what:?} hangs: {took:?}");
    let line = said.lines().find(|line| line.contains(key));
    let line = line.unwrap_or_else(|| panic!("{what:?} does not name {key}: {said}"));
    let lines: Vec<&str> = said.lines().filter(|line| line.contains(key)).collect();
    assert!(
        lines.iter().any(|line| line.contains(remedy)),
        "{what:?} does not say “{remedy}”: {line}"
    );
    assert!(!said.contains(CANARY), "{what:?} tells a secret: {said}");
}

#[test]
fn each_broken_configuration_ends_with_78_and_names_key_and_remedy() {
    assert!(MISTAKES.len() + FILES.len() >= 50, "{}", MISTAKES.len() + FILES.len());
    let place = Place::new();
    for (environment, key, remedy) in MISTAKES {
        let ended = place.run(&["serve"], environment);
        assert_refused(&ended, key, remedy, environment);
    }
    let file = place.path("onqueue.toml");
    for (text, key, remedy) in FILES {
        std::fs::write(&file, text).expect("written");
        let ended = place.run(&["serve", "--config", "onqueue.toml"], &[]);
        assert_refused(&ended, key, remedy, text);
    }
    let missing = place.run(&["serve", "--config", "nowhere.toml"], &[]);
    assert_refused(&missing, "nowhere.toml", "cannot be read", &"a file that is not there");
    assert!(!place.path("data").exists(), "nothing was begun");
}

#[test]
fn what_the_machine_does_not_have_is_told_together_with_the_rest() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound").to_string();
    let certificates = place.path("certs");
    let made = place.run(&["certs", "--out", "certs"], &[]).0;
    assert!(made.status.success(), "{}", said(&made));
    std::fs::write(certificates.join("session/tls.crt"), "not PEM").expect("written");
    std::fs::write(certificates.join("auth/tls.key"), CANARY).expect("written");
    let environment = [
        ("ONQUEUE_GATEWAY__LISTEN", address.as_str()),
        ("ONQUEUE_TLS__FOLDER", "certs"),
        ("ONQUEUE_SESSION__BATCH", "0"),
        ("ONQUEUE_STORE__URL", "sqlite:///tmp"),
    ];
    let ended = place.run(&["serve"], &environment);
    for (key, remedy) in [
        ("gateway.listen", "another process listens there"),
        ("tls.folder", "session/tls.crt"),
        ("tls.folder", "auth/tls.key"),
        ("session.batch", "1 to 256"),
        ("store.url", "is a folder"),
    ] {
        assert_refused(&ended, key, remedy, &environment);
    }
}

#[test]
fn an_address_that_is_taken_is_no_mistake_in_the_settings() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound").to_string();
    for (variable, key) in [
        ("ONQUEUE_GATEWAY__LISTEN", "gateway.listen"),
        ("ONQUEUE_PROCESS__HEALTH_LISTEN", "process.health_listen"),
    ] {
        let (output, _) = place.run(&["serve"], &[(variable, address.as_str())]);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "a supervisor tries again: {said}");
        let expected = format!("{key}: cannot listen on {address}: another process listens there");
        assert!(said.contains(&expected), "{said}");
        assert!(!place.path("data").exists(), "nothing was begun");
    }
}

#[test]
fn no_output_holds_a_secret() {
    let place = Place::new();
    let secret = |name: &str| {
        let file = place.path(name);
        std::fs::write(&file, format!("{CANARY}\n")).expect("written");
        file.display().to_string()
    };
    let (file, url) = (secret("secret"), format!("postgres://me:{CANARY}@127.0.0.1:1/onqueue"));
    let address = place.path("url");
    std::fs::write(&address, &url).expect("written");
    let bus = format!("nats://me:{CANARY}@127.0.0.1:1");
    let scanner = format!("http://me:{CANARY}@127.0.0.1:1/scan");
    let endpoint = format!("http://me:{CANARY}@127.0.0.1:1");
    let environment = [
        ("ONQUEUE_STORE__URL_FILE", path(&address)),
        ("ONQUEUE_STORE__SESSION_URL", url.as_str()),
        ("ONQUEUE_STORE__ACQUIRE_TIMEOUT_MS", "200"),
        ("ONQUEUE_BUS__URL", bus.as_str()),
        ("ONQUEUE_ATTACHMENTS__S3_BUCKET", "files"),
        ("ONQUEUE_ATTACHMENTS__S3_KEY", "key"),
        ("ONQUEUE_ATTACHMENTS__S3_SECRET_FILE", file.as_str()),
        ("ONQUEUE_ATTACHMENTS__SCANNER_URL", scanner.as_str()),
        ("ONQUEUE_TELEMETRY__ENDPOINT", endpoint.as_str()),
        ("ONQUEUE_TELEMETRY__LEVEL", "debug"),
    ];
    for arguments in [
        &["config", "print"][..],
        &["config", "reference"],
        &["doctor"],
        &["doctor", "--json"],
        &["migrate"],
        &["keys", "list"],
        &["backup", "copy.db"],
        &["restored"],
    ] {
        let (output, _) = place.run(arguments, &environment);
        let said = said(&output);
        assert!(!said.is_empty(), "{arguments:?} says something");
        assert!(!said.contains(CANARY), "{arguments:?}: {said}");
    }
    let serving = place.serve_for_a_while(&environment);
    assert!(serving.contains("waiting for the database"), "{serving}");
    assert!(!serving.contains(CANARY), "{serving}");
}

impl Place {
    /// What a process says that waits for its database.
    fn serve_for_a_while(&self, environment: &[(&str, &str)]) -> String {
        let log = self.path("serve.log");
        let out = std::fs::File::create(&log).expect("a log");
        let mut serving = Command::new(env!("CARGO_BIN_EXE_onqueue"))
            .args(["serve", "--listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0"])
            .current_dir(self.0.path())
            .env_clear()
            .envs(environment.iter().copied())
            .stdout(out.try_clone().expect("a log"))
            .stderr(out)
            .spawn()
            .expect("runs");
        let end = Instant::now() + 3 * GENEROUS;
        let text = || std::fs::read_to_string(&log).expect("a log");
        while !text().contains("waiting for the database") && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
        }
        serving.kill().expect("ends");
        serving.wait().expect("ended");
        text()
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn the_page_of_settings_is_what_the_binary_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md");
    let told = said(&Place::new().run(&["config", "reference"], &[]).0);
    let page = std::fs::read_to_string(page).expect("docs/settings.md");
    assert!(
        page == told,
        "docs/settings.md is not up to date: write it with `onqueue config reference > docs/settings.md`"
    );
    let json = said(&Place::new().run(&["config", "reference", "--json"], &[]).0);
    let keys: Vec<serde_json::Value> = serde_json::from_str(&json).expect("JSON");
    for key in &keys {
        let name = key["name"].as_str().expect("a name");
        let variable = format!("ONQUEUE_{}", name.to_uppercase().replacen('.', "__", 1));
        assert_eq!(key["variable"], variable.as_str());
        assert!(page.contains(&format!("`{variable}`")), "{name}");
    }
}
