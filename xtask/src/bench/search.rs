//! `cargo xtask bench search`: what searching a million messages costs, on both databases. The measuring itself is done by
//! the release binary `bench`.

use super::{
    build, figure,
    report::{Figure, Report},
};
use crate::{
    cli::{Failure, Outcome},
    needs, process, tree,
};
use onqueue_daemons::{Disk, PostgresServer};
use serde_json::Value;
use std::process::Stdio;

/// What one must know to read the table.
const NOTES: &str = "\
- Conversations of 20 messages each, written by plain statements and indexed by session itself; words have the frequencies
  of language. Searches are made one at a time on session's own path (its rpc called in the process, permissions, the
  database's own index), 40 of each kind.
- The goal holds for all kinds together.
";

/// Fills each database once, searches, and writes its part of docs/benchmarks.md.
pub fn search(messages: u64) -> Outcome {
    needs::for_test()?;
    build()?;
    let folder = super::folder()?;
    let file = format!("sqlite://{}", folder.path().join("onqueue.db").display());
    let mut figures = figures("SQLite", messages, &drive(&file, messages)?)?;
    let server = PostgresServer::start(Disk::Synced).map_err(|failure| Failure(failure.0))?;
    let said = drive(&server.url("onqueue"), messages)?;
    figures.extend(self::figures("PostgreSQL", messages, &said)?);
    Report::of("search", 1, figures, NOTES.to_owned())?.publish()
}

fn drive(url: &str, messages: u64) -> Outcome<Value> {
    println!("filling, indexing and searching {messages} messages in {url}");
    let messages = messages.to_string();
    let arguments = ["search", "--url", url, "--messages", &messages];
    let mut driver = process::command(tree::target().join("release/bench"), &arguments);
    driver.stderr(Stdio::inherit());
    let said = process::answer(driver)?;
    serde_json::from_str(&said).map_err(|error| Failure(format!("the driver does not speak JSON ({error}):\n{said}")))
}

fn figures(database: &str, messages: u64, said: &Value) -> Outcome<Vec<Figure>> {
    let kinds = said["searches"].as_object();
    let kinds = kinds.ok_or_else(|| Failure(format!("the driver said nothing of searches: {said}")))?;
    let mut figures = Vec::new();
    for (kind, spread) in kinds {
        let goal = if kind == "all" { "P11: ≤ 200" } else { "" };
        for (what, key, goal) in [("p50", "p50_us", ""), ("p95", "p95_us", goal)] {
            let value = spread[key].as_f64();
            let value = value.ok_or_else(|| Failure(format!("the driver said no {key} of {kind}")))?;
            let label = format!("search in {messages}, {database}, {kind}, {what}");
            figures.push(figure(&label, "ms", goal, vec![value * 1e-3]));
        }
    }
    let rate = said["indexed_s"].as_f64().map(|seconds| messages as f64 / seconds);
    let label = format!("search, {database}, messages indexed");
    figures.extend(rate.map(|rate| figure(&label, "1/s", "", vec![rate])));
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_kind_has_its_rows_and_all_together_a_goal() {
        let spread = json!({ "p50_us": 1_500.0, "p95_us": 9_000.0 });
        let said = json!({ "indexed_s": 2.0, "searches": { "all": spread, "a word": spread } });
        let figures = figures("SQLite", 100, &said).expect("whole");
        assert_eq!(figures.len(), 5);
        let goals: Vec<&str> = figures.iter().map(|figure| figure.goal.as_str()).collect();
        assert_eq!(goals.iter().filter(|goal| !goal.is_empty()).count(), 1);
        assert!(self::figures("SQLite", 100, &json!({})).is_err());
    }
}
