//! `cargo xtask bench responses`: what finding canned responses costs at each letter that is typed, on both databases. The
//! measuring itself is done by the release binary `bench`.

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
- Half of the names that are typed are German, half English; every second has one wrong letter. Each letter is a call on
  content's own path (its rpc called in the process: permissions, the organisation's revision, the index in memory, the rows of
  the ten that are found), one at a time, from one agent of fifty who have all used some of them.
- *Found* is how often a response of the name that was meant is among the ten when all of it is typed, right or wrong.
- *After an edit*: another replica, with its own connections, has just changed a response; the first to look for it reads what
  has changed, and finds it.
- The import is one file through its rpc, in parts of 60 KiB: received, checked, and committed at once.
";

/// Fills each database once, types, and writes its part of docs/benchmarks.md.
pub fn responses(count: u64) -> Outcome {
    needs::for_test()?;
    build()?;
    let folder = super::folder()?;
    let file = format!("sqlite://{}", folder.path().join("onqueue.db").display());
    let mut figures = figures("SQLite", &drive(&file, count)?)?;
    let server = PostgresServer::start(Disk::Synced).map_err(|failure| Failure(failure.0))?;
    figures.extend(self::figures("PostgreSQL", &drive(&server.url("onqueue"), count)?)?);
    Report::of("responses", 1, figures, NOTES.to_owned())?.publish()
}

fn drive(url: &str, count: u64) -> Outcome<Value> {
    println!("importing {count} responses into {url}, and looking for them");
    let count = count.to_string();
    let arguments = ["responses", "--url", url, "--responses", &count];
    let mut driver = process::command(tree::target().join("release/bench"), &arguments);
    driver.stderr(Stdio::inherit());
    let said = process::answer(driver)?;
    serde_json::from_str(&said).map_err(|error| Failure(format!("the driver does not speak JSON ({error}):\n{said}")))
}

fn figures(database: &str, said: &Value) -> Outcome<Vec<Figure>> {
    let number = |pointer: &str| {
        let value = said.pointer(pointer).and_then(Value::as_f64);
        value.ok_or_else(|| Failure(format!("the driver said no {pointer}: {said}")))
    };
    let finds = said["finds"].as_object();
    let finds = finds.ok_or_else(|| Failure(format!("the driver said nothing of finds: {said}")))?;
    let count = number("/responses")?;
    let mut figures = Vec::new();
    for kind in finds.keys().filter(|kind| *kind != "among_ten") {
        let goal = if kind == "all" { "P11: ≤ 10" } else { "" };
        for (what, key, goal) in [("p50", "p50_us", ""), ("p99", "p99_us", goal)] {
            let label = format!("find in {count}, {database}, {kind}, {what}");
            let value = number(&format!("/finds/{kind}/{key}"))? * 1e-3;
            figures.push(figure(&label, "ms", goal, vec![value]));
        }
    }
    for (what, pointer, unit, goal, factor) in [
        ("found", "/finds/among_ten", "%", "", 100.0),
        (
            "find after an edit elsewhere, p99",
            "/after_edit/p99_us",
            "ms",
            "≤ 1,000",
            1e-3,
        ),
        ("first find, which fills the index", "/index_filled_ms", "ms", "", 1.0),
        ("import", "/imported_s", "s", "", 1.0),
        ("export", "/exported_s", "s", "", 1.0),
    ] {
        let label = format!("{what}, {count} responses, {database}");
        figures.push(figure(&label, unit, goal, vec![number(pointer)? * factor]));
    }
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_kind_has_its_rows_and_all_together_a_goal() {
        let spread = json!({ "p50_us": 500.0, "p99_us": 9_000.0 });
        let said = json!({
            "responses": 10, "imported_s": 1.0, "exported_s": 1.0, "index_filled_ms": 3.0, "after_edit": spread,
            "finds": { "all": spread, "de": spread, "among_ten": 0.9 },
        });
        let figures = figures("SQLite", &said).expect("whole");
        assert_eq!(figures.len(), 9);
        let goals: Vec<&str> = figures.iter().map(|figure| figure.goal.as_str()).collect();
        assert_eq!(goals.iter().filter(|goal| !goal.is_empty()).count(), 2);
        assert!(self::figures("SQLite", &json!({})).is_err());
    }
}
