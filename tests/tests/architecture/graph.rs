//! Rules 1 to 3 over cargo's metadata: layers, purity, and which crate may hold which dependency.

use super::source::{assert_clean, root};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    process::Command,
};

/// Every crate's layer: a dependency points to a lower one.
pub const LAYERS: &[&[&str]] = &[
    &["onqueue-model", "onqueue-daemons"],
    &["onqueue-telemetry"],
    &[
        "onqueue-acd",
        "onqueue-chat",
        "onqueue-access",
        "onqueue-script",
        "onqueue-proto",
        "onqueue-store",
        "onqueue-bus",
        "onqueue-credentials",
        "onqueue-files",
    ],
    &["onqueue-trust", "onqueue-simulation"],
    &["onqueue-server", "onqueue-client"],
    &["onqueue-testkit"],
    &[
        "onqueue-gateway",
        "onqueue-routing",
        "onqueue-session",
        "onqueue-auth",
        "onqueue-content",
    ],
    &["onqueue", "onqueue-tests", "xtask"],
];

const PURE: &[&str] = &[
    "onqueue-model",
    "onqueue-acd",
    "onqueue-chat",
    "onqueue-access",
    "onqueue-script",
    "onqueue-simulation",
];
const IMPURE: &[&str] = &["tokio", "tonic", "prost", "sea-orm", "opentelemetry", "config"];

/// Dependencies, by the beginning of their names, that only these crates may hold.
const HOLDERS: &[(&str, &[&str])] = &[
    (
        "sea-orm",
        &[
            "onqueue-store",
            "onqueue-auth",
            "onqueue-routing",
            "onqueue-session",
            "onqueue-content",
            "onqueue-tests",
        ],
    ),
    ("sqlx", &[]),
    ("config", &["onqueue-server"]),
    ("opentelemetry", &["onqueue-telemetry"]),
    ("tracing-opentelemetry", &["onqueue-telemetry"]),
    ("tracing-subscriber", &["onqueue-telemetry"]),
    ("async-nats", &["onqueue-bus"]),
    ("object_store", &["onqueue-files"]),
    ("hyper-rustls", &["onqueue-files"]),
    ("onqueue-files", &["onqueue-session", "onqueue", "onqueue-tests"]),
    ("rcgen", &["onqueue-credentials", "onqueue-tests"]),
    (
        "onqueue-client",
        &[
            "onqueue-gateway",
            "onqueue-routing",
            "onqueue-content",
            "onqueue",
            "onqueue-testkit",
            "onqueue-tests",
        ],
    ),
    ("onqueue-testkit", &["onqueue-tests"]),
    ("onqueue-daemons", &["onqueue-testkit", "onqueue-tests", "xtask"]),
    // Each pure core has one shell; routing logs are repeated by the binary alone, and the simulation is pure too. Claims are
    // also what trust reads and what the chassis hands on.
    (
        "onqueue-acd",
        &["onqueue-routing", "onqueue-simulation", "onqueue", "onqueue-tests"],
    ),
    ("onqueue-chat", &["onqueue-session", "onqueue-tests"]),
    // Whoever keeps scripts in files has them checked by the binary.
    ("onqueue-script", &["onqueue-content", "onqueue", "onqueue-tests"]),
    ("cel", &["onqueue-script"]),
    ("jsonc-parser", &["onqueue-script"]),
    ("onqueue-simulation", &["onqueue", "onqueue-tests"]),
];

/// One declared dependency.
struct Edge {
    from: String,
    to: String,
    is_dev: bool,
}

fn edge(from: &str, to: &str) -> Edge {
    Edge {
        from: from.to_owned(),
        to: to.to_owned(),
        is_dev: false,
    }
}

fn metadata() -> Value {
    let rustc = Command::new("rustc").arg("-vV").output().expect("rustc");
    let rustc = String::from_utf8(rustc.stdout).expect("text");
    let host = rustc
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("host");
    // What this test was built from is here already; nothing has to be fetched.
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--offline",
            "--filter-platform",
            host,
        ])
        .current_dir(root())
        .output()
        .expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The names of the workspace's crates.
pub fn members() -> BTreeSet<String> {
    names_of(&metadata())
}

fn names_of(metadata: &Value) -> BTreeSet<String> {
    let ours = list(&metadata["packages"]).filter(|package| package["source"].is_null());
    ours.map(|package| text(&package["name"])).collect()
}

fn declared(metadata: &Value) -> Vec<Edge> {
    let ours = list(&metadata["packages"]).filter(|package| package["source"].is_null());
    ours.flat_map(|package| {
        list(&package["dependencies"]).map(|dependency| Edge {
            from: text(&package["name"]),
            to: text(&dependency["name"]),
            is_dev: dependency["kind"] == "dev",
        })
    })
    .collect()
}

/// What each package is built from, tests aside.
fn resolved(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let names: BTreeMap<String, String> = list(&metadata["packages"])
        .map(|package| (text(&package["id"]), text(&package["name"])))
        .collect();
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let used = list(&node["deps"])
            .filter(|dependency| list(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null()))
            .filter_map(|dependency| names.get(&text(&dependency["pkg"])).cloned());
        graph.entry(names[&text(&node["id"])].clone()).or_default().extend(used);
    }
    graph
}

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&name))
}

fn without_layer(members: &BTreeSet<String>) -> Vec<String> {
    let lost = members.iter().filter(|name| layer(name).is_none());
    lost.map(|name| format!("{name} has no layer: give it one here and in ARCHITECTURE.md"))
        .collect()
}

fn not_downward(edges: &[Edge]) -> Vec<String> {
    let points_up = |edge: &&Edge| match (layer(&edge.from), layer(&edge.to)) {
        (Some(from), Some(to)) => to >= from && !is_exempt(edge),
        _ => false,
    };
    let describe = |edge: &Edge| {
        format!(
            "{} (layer {}) depends on {} (layer {}): a dependency points to a lower layer",
            edge.from,
            layer(&edge.from).unwrap_or_default(),
            edge.to,
            layer(&edge.to).unwrap_or_default()
        )
    };
    edges.iter().filter(points_up).map(describe).collect()
}

/// Tests may use the kit for tests, and the tests of the whole look at everything.
fn is_exempt(edge: &Edge) -> bool {
    edge.from == "onqueue-tests" || (edge.is_dev && edge.to == "onqueue-testkit")
}

fn impurities(graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let ways = PURE
        .iter()
        .flat_map(|pure| IMPURE.iter().filter_map(|impure| way(graph, pure, impure)));
    ways.map(|way| format!("a pure crate reaches I/O: {}", way.join(" → ")))
        .collect()
}

/// The shortest way from one package to another.
fn way(graph: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> Option<Vec<String>> {
    let mut open = VecDeque::from([vec![from.to_owned()]]);
    let mut seen = BTreeSet::new();
    while let Some(path) = open.pop_front() {
        let last = path.last().cloned().unwrap_or_default();
        if last == to {
            return Some(path);
        }
        for next in graph.get(&last).into_iter().flatten() {
            if seen.insert(next.clone()) {
                open.push_back(path.iter().cloned().chain([next.clone()]).collect());
            }
        }
    }
    None
}

fn strangers(edges: &[Edge]) -> Vec<String> {
    let mut findings = Vec::new();
    for (prefix, holders) in HOLDERS {
        let is_meant =
            |name: &str| name == *prefix || name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-'));
        let edges = edges.iter().filter(|edge| !edge.is_dev && is_meant(&edge.to));
        let edges = edges.filter(|edge| !holders.contains(&edge.from.as_str()));
        findings.extend(edges.map(|edge| format!("{} may not depend on {}: only {holders:?} may", edge.from, edge.to)));
    }
    findings
}

#[test]
fn rule_1_every_crate_has_a_layer_and_depends_downward_only() {
    let metadata = metadata();
    assert_clean("layers", &without_layer(&names_of(&metadata)));
    assert_clean("direction", &not_downward(&declared(&metadata)));
}

#[test]
fn rule_1_finds_what_breaks_it() {
    assert_eq!(
        without_layer(&BTreeSet::from(["onqueue-new".to_owned(), "onqueue".to_owned()])).len(),
        1
    );
    let edges = [
        edge("onqueue-model", "onqueue-server"),
        edge("onqueue-routing", "onqueue-session"),
        edge("onqueue-server", "onqueue-testkit"),
        edge("onqueue-server", "onqueue-trust"),
    ];
    assert_eq!(not_downward(&edges).len(), 3);
    let for_tests = Edge {
        is_dev: true,
        ..edge("onqueue-trust", "onqueue-testkit")
    };
    assert_clean("a dev-dependency on testkit", &not_downward(&[for_tests]));
}

#[test]
fn rule_2_pure_crates_reach_no_input_or_output() {
    let graph = resolved(&metadata());
    assert!(graph["onqueue-server"].contains("tokio"), "the graph is read wrongly");
    assert_clean("purity", &impurities(&graph));
}

#[test]
fn rule_2_finds_what_breaks_it() {
    let set = |name: &str| BTreeSet::from([name.to_owned()]);
    let graph = BTreeMap::from([
        ("onqueue-acd".to_owned(), set("harmless")),
        ("harmless".to_owned(), set("tokio")),
    ]);
    assert_eq!(
        impurities(&graph),
        ["a pure crate reaches I/O: onqueue-acd → harmless → tokio"]
    );
}

#[test]
fn rule_3_dependencies_stay_with_their_holders() {
    assert_clean("holders", &strangers(&declared(&metadata())));
}

#[test]
fn rule_3_finds_what_breaks_it() {
    let edges = [
        edge("onqueue-gateway", "sea-orm-migration"),
        edge("onqueue-store", "config"),
        edge("onqueue-session", "onqueue-client"),
        edge("onqueue-server", "config"),
        edge("onqueue-session", "sea-orm"),
    ];
    assert_eq!(strangers(&edges).len(), 3);
}
