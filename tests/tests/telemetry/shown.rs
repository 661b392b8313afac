//! The guide, what processes show, the dashboard and the alert rules speak of the same metrics, and of data that is there.

use super::{prometheus, stage::Stage};
use onqueue_testkit::PrometheusServer;
use onqueue_tests::installation::Installation;
use regex::Regex;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::LazyLock,
    time::Duration,
};

/// How long until every panel shows something: rates need two scrapes, and the service level an answer.
const SHOWN: Duration = Duration::from_secs(180);

/// What Prometheus itself knows of its targets.
const ITS_OWN: [&str; 2] = ["up", "scrape_duration_seconds"];

/// Labels that Prometheus, or its operator, gives every sample: one of ours of that name would be called otherwise there.
const ITS_LABELS: [&str; 7] = [
    "job",
    "instance",
    "service",
    "namespace",
    "pod",
    "container",
    "endpoint",
];

/// What Prometheus adds to the name of a histogram.
const SUFFIXES: [&str; 3] = ["_bucket", "_count", "_sum"];

fn file(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(file(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Each panel's title with its expressions.
fn panels() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(&read("helm/onqueue/files/dashboard.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let mut all = Vec::new();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let title = panel["title"].as_str().expect("a title");
        let targets = panel["targets"].as_array().expect("expressions");
        assert!(!targets.is_empty(), "{title} shows nothing");
        let expressions = targets
            .iter()
            .map(|target| target["expr"].as_str().expect("an expression"));
        all.extend(expressions.map(|expression| (title.to_owned(), expression.to_owned())));
    }
    all
}

/// Each alert's name with its expression. Read as the file is laid out: `alert:` begins a rule, and `expr:` is one line in
/// quotes or a block.
fn rules() -> Vec<(String, String)> {
    static RULE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?m)^ +- alert: (\w+)\n +expr: (?:'(.*)'|\|-\n((?: {10}.*\n)+))").expect("an expression")
    });
    let text = read("helm/onqueue/files/alerts.yaml");
    let found: Vec<(String, String)> = RULE
        .captures_iter(&text)
        .map(|rule| {
            let line = rule.get(2).or(rule.get(3)).expect("an expression").as_str();
            (rule[1].to_owned(), line.replace("''", "'"))
        })
        .collect();
    assert_eq!(
        found.len(),
        text.matches("- alert:").count(),
        "the file is laid out otherwise"
    );
    found
}

/// The metrics of the guide, with their kinds.
fn guide() -> BTreeMap<String, String> {
    let text = read("docs/metrics.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let (name, rest) = row.split_once('`').expect("a name");
        let kind = rest.split('|').nth(1).expect("a kind").trim();
        (name.to_owned(), kind.to_owned())
    })
    .collect()
}

/// The metrics that an expression names.
fn metrics(expression: &str) -> BTreeSet<String> {
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\b(?:onqueue|rpc|process|scrape)_[a-z_]+\b|\bup\b").expect("an expression"));
    static LABELS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"\{[^{}]*\}|\b(?:by|on|without|ignoring) ?\([^()]*\)|"[^"]*""#).expect("an expression")
    });
    let bare = LABELS.replace_all(expression, " ");
    NAME.find_iter(&bare).map(|name| name.as_str().to_owned()).collect()
}

/// The metric as the guide has it.
fn listed(name: &str, guide: &BTreeMap<String, String>) -> bool {
    let is_part = |suffix: &str| {
        name.strip_suffix(suffix)
            .is_some_and(|base| guide.get(base).is_some_and(|kind| kind == "histogram"))
    };
    ITS_OWN.contains(&name) || guide.contains_key(name) || SUFFIXES.iter().any(|suffix| is_part(suffix))
}

#[test]
fn every_expression_names_metrics_of_the_guide() {
    let guide = guide();
    let mut unused: BTreeSet<&String> = guide.keys().collect();
    for (title, expression) in panels().iter().chain(&rules()) {
        let named = metrics(expression);
        assert!(!named.is_empty(), "{title}: {expression}");
        for name in &named {
            assert!(listed(name, &guide), "{title}: {name} is not in docs/metrics.md");
            unused.retain(|metric| !name.starts_with(metric.as_str()));
        }
    }
    assert!(unused.is_empty(), "no panel and no alert shows {unused:?}");
}

#[test]
fn every_alert_is_tested_and_explained() {
    let (tests, manual) = (read("tests/deployment/alerts_test.yaml"), read("docs/operate.md"));
    for (alert, _) in rules() {
        for part in [
            format!("  - name: {alert}\n"),
            format!("runbook_url: 'docs/operate.md#{}'\n", alert.to_lowercase()),
            format!("{{eval_time: 178m, alertname: {alert}}}"),
        ] {
            assert!(tests.contains(&part), "{part}");
        }
        let heading = format!("\n### {alert}\n");
        assert!(
            manual.contains(&heading),
            "docs/operate.md does not say what to do about {alert}"
        );
    }
}

/// A rule without its comparisons: what it looks at, whether or not that is well. Of codes that mean a fault there are no
/// series in a run without one.
fn looked_at(rule: &str) -> String {
    static COMPARISON: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r" (?:>|<|==) -?[0-9.]+(?: \* [0-9.]+)?").expect("an expression"));
    static CODES: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#",?rpc_response_status_code=~"[A-Z_|]+""#).expect("an expression"));
    let bare = COMPARISON.replace_all(rule, "");
    CODES.replace_all(&bare, "").replace("absent(", "count(")
}

fn shows(values: &[f64]) -> bool {
    values.iter().any(|value| !value.is_nan())
}

/// Waits until each of them has a value.
async fn until_shown(server: &PrometheusServer, mut expressions: Vec<(String, String)>) {
    let end = std::time::Instant::now() + SHOWN;
    loop {
        let mut still = Vec::new();
        for (title, expression) in expressions {
            let values = prometheus::query(server, &expression).await;
            let values = values.unwrap_or_else(|problem| panic!("{title}: {problem}"));
            if !shows(&values) {
                still.push((title, expression));
            }
        }
        if still.is_empty() {
            return;
        }
        assert!(
            std::time::Instant::now() < end,
            "these show nothing: {still:#?}\n{}",
            server.log()
        );
        expressions = still;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// What each member shows is what the guide lists, and no label has an id in it.
async fn every_scrape_agrees(installation: &mut Installation, guide: &BTreeMap<String, String>) {
    static ID: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}").expect("an expression"));
    let mut samples = BTreeSet::new();
    for member in installation.members() {
        let page = member.page("/metrics").await.expect("is shown");
        let typed = page
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
        let shown: BTreeMap<String, String> = typed
            .map(|(name, kind)| (name.to_owned(), kind.trim().to_owned()))
            .collect();
        assert_eq!(&shown, guide, "{} against docs/metrics.md", member.name);
        let lines = page
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()) && line.contains('_'));
        for line in lines.filter(|line| !line.contains(": ")) {
            let series = line.rsplit_once(' ').map_or(line, |(series, _)| series);
            assert!(!ID.is_match(series), "{}: an id as a label: {line}", member.name);
            let is_its_own =
                |label: &&str| line.contains(&format!("{{{label}=")) || line.contains(&format!(",{label}="));
            assert!(!ITS_LABELS.iter().any(is_its_own), "{}: {line}", member.name);
            let name = line.split(['{', ' ']).next().expect("a name");
            let base = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix));
            samples.insert(base.filter(|base| guide.contains_key(*base)).unwrap_or(name).to_owned());
        }
    }
    let without: Vec<_> = guide.keys().filter(|name| !samples.contains(*name)).collect();
    assert!(without.is_empty(), "no member has a sample of {without:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_panel_shows_something() {
    let mut stage = Stage::set().await;
    let server = prometheus::of(&mut stage.installation, &file("helm/onqueue/files/alerts.yaml")).await;
    // What happens only once has to happen between two scrapes.
    let all = stage.installation.members().count();
    let everybody = format!("count(onqueue_ready) == {all}");
    until_shown(&server, vec![("every process".to_owned(), everybody)]).await;
    stage.script().await;
    let panels = panels().into_iter();
    let panels = panels.map(|(title, expression)| (title, expression.replace("$__rate_interval", "2m")));
    let rules_looked_at = rules().into_iter();
    let rules_looked_at = rules_looked_at.map(|(alert, expression)| (alert, looked_at(&expression)));
    until_shown(&server, panels.chain(rules_looked_at).collect()).await;
    stage.load.check();
    every_scrape_agrees(&mut stage.installation, &guide()).await;
    let judged = prometheus::rules(&server).await;
    let expected: Vec<(String, String)> = rules()
        .into_iter()
        .map(|(alert, _)| (alert, "ok ".to_owned()))
        .collect();
    assert_eq!(judged, expected, "Prometheus judges every rule");
}
