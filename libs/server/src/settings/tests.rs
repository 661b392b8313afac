use super::*;
use serde::Deserialize;

const DEFAULTS: &str = r#"
    [gateway]
    # Where to listen.
    listen = "127.0.0.1:8080"
    streams = 100
    origins = []
    [store]
    url = "sqlite://data/onqueue.db"
    signing_secret = ""
    ratio = 0.5
    verbose = false
"#;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct All {
    gateway: Gateway,
    store: Store,
}
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Gateway {
    listen: std::net::SocketAddr,
    streams: u32,
    origins: Vec<String>,
}
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Store {
    url: String,
    signing_secret: String,
    ratio: f64,
    verbose: bool,
}

fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

#[test]
fn the_environment_beats_the_file_beats_the_defaults() {
    let folder = tempfile::tempdir().expect("folder");
    let (file, secret) = (folder.path().join("onqueue.toml"), folder.path().join("secret"));
    std::fs::write(
        &file,
        "[gateway]\nlisten = '0.0.0.0:80'\nstreams = 7\n[store]\nratio = 1\n",
    )
    .expect("written");
    std::fs::write(&secret, "hush\n").expect("written");
    let given = environment(&[
        ("ONQUEUE_GATEWAY__STREAMS", "9"),
        ("ONQUEUE_GATEWAY__ORIGINS", "https://a.example, https://b.example"),
        ("ONQUEUE_STORE__VERBOSE", "true"),
        ("ONQUEUE_STORE__URL", "postgres://me:pw@db:5432/onqueue?a=b@c"),
        ("ONQUEUE_STORE__SIGNING_SECRET_FILE", secret.to_str().expect("path")),
        ("ONQUEUE_TEST_POSTGRES_URL", "not a setting"),
        ("PATH", "/bin"),
    ]);
    let loaded = good(Some(&file), given);
    let All { gateway, store } = &loaded.settings;
    assert_eq!(
        (gateway.listen.to_string().as_str(), gateway.streams),
        ("0.0.0.0:80", 9)
    );
    assert_eq!(gateway.origins, ["https://a.example", "https://b.example"]);
    assert_eq!(
        (store.ratio, store.verbose, store.signing_secret.as_str()),
        (1.0, true, "hush")
    );
    let printed = loaded.print();
    assert!(
        store.url.contains(":pw@") && !printed.contains("pw") && !printed.contains("hush"),
        "{printed}"
    );
    assert!(
        printed.contains("postgres://me:(hidden)@db:5432/onqueue?a=b@c"),
        "{printed}"
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("onqueue.toml");
    let text = "gatway = {}\n[gateway]\nlisten = 1\nnothing = 2\nstreems = 3\n[nowhere]\na = 1\n";
    std::fs::write(&file, text).expect("written");
    let given = environment(&[
        ("ONQUEUE_GATEWAY__STREAMS", "many"),
        ("ONQUEUE_STORE__RATIOS", "x"),
        ("ONQUEUE_STORE__URL_FILE", "/nowhere/at/all"),
        ("ONQUEUE_STORE_VERBOSE", "true"),
        ("ONQUEUE_STORE__SIGNING_SECRET", "a"),
        ("ONQUEUE_STORE__SIGNING_SECRET_FILE", "b"),
    ]);
    let mut said: Vec<String> = mistakes(Some(&file), given).iter().map(ToString::to_string).collect();
    said.sort();
    let expected = [
        "ONQUEUE_GATEWAY__STREAMS: must be a whole number",
        "ONQUEUE_STORE_VERBOSE: sets nothing: write ONQUEUE_STORE__VERBOSE",
        "gateway.listen: must be of type string, not integer",
        "gateway.nothing: there is no such setting; `onqueue config reference`",
        "gateway.streems: there is no such setting; did you mean gateway.streams?",
        "gatway: there is no such section of settings; did you mean [gateway]?",
        "nowhere: there is no such section of settings",
        "store.ratios: there is no such setting; did you mean store.ratio?",
        "store.signing_secret: is given twice, as signing_secret and as signing_secret_file",
        "store.signing_secret_file: must be the path of a file",
        "store.url_file: must be the path of a file",
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (mistake, expected) in said.iter().zip(expected) {
        assert!(mistake.starts_with(expected), "{mistake} is not {expected}");
    }
}

#[test]
fn values_that_do_not_parse_are_all_named() {
    let given = environment(&[
        ("ONQUEUE_GATEWAY__LISTEN", "nowhere"),
        ("ONQUEUE_GATEWAY__STREAMS", "-1"),
    ]);
    let found = mistakes(None, given);
    let keys: Vec<&str> = found.iter().map(|mistake| mistake.key.as_str()).collect();
    assert_eq!(keys, ["gateway.listen", "gateway.streams"], "{found:?}");
    assert!(found[0].problem.contains("such as 0.0.0.0:8080"), "{found:?}");
    let missing = mistakes(Some(Path::new("/nowhere.toml")), Vec::new());
    assert_eq!(missing[0].key, "/nowhere.toml");
    assert!(missing[0].problem.contains("after --config"), "{missing:?}");
    let folder = mistakes(Some(Path::new("/")), Vec::new());
    assert!(folder[0].problem.contains("the file in that folder"), "{folder:?}");
}

#[test]
fn what_follows_from_a_mistake_is_not_told_too() {
    let given = environment(&[("ONQUEUE_STORE__URL_FILE", "/nowhere/at/all")]);
    let mut tried = load::<All>(DEFAULTS, None, given).expect("good defaults");
    tried.add([
        Mistake::new("store.url", "must be PostgreSQL"),
        Mistake::new("store.ratio", "too large"),
    ]);
    let keys: Vec<&str> = tried.mistakes.iter().map(|mistake| mistake.key.as_str()).collect();
    assert_eq!(keys, ["store.url_file", "store.ratio"]);
}

#[test]
fn nothing_that_may_be_secret_is_repeated() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("onqueue.toml");
    for text in [
        "[store]\nurl = \"postgres://me:hush@db\n",
        "[store]\nsigning_secret = hush\n",
        "[store]\nsigning_secret = \"x\"\nsigning_secret = \"hush\"\n",
        "[store]\n\"hush\" \"hush\"\n",
        "[store]\nsigning_secret_file = \"hush\"\n",
        "[store]\nratio = \"hush\"\n",
    ] {
        std::fs::write(&file, text).expect("written");
        let said = format!("{:?}", mistakes(Some(&file), Vec::new()));
        assert!(!said.contains("hush"), "{text}: {said}");
    }
}

fn good(file: Option<&Path>, given: Vec<(String, String)>) -> Loaded<All> {
    let tried = load::<All>(DEFAULTS, file, given).expect("good defaults");
    assert_eq!(tried.mistakes, []);
    tried.loaded
}

fn mistakes(file: Option<&Path>, given: Vec<(String, String)>) -> Vec<Mistake> {
    load::<All>(DEFAULTS, file, given).expect("good defaults").mistakes
}
