//! `cargo xtask bench messages`: what a message costs, on both databases, beside the bare driver, bare tonic and ejabberd. The
//! measuring itself is done by the release binary `bench`, which starts what it needs.

use super::{
    build, ejabberd,
    report::{Figure, Report},
};
use crate::{
    cli::{Failure, Outcome},
    needs, process, tree,
};
use serde_json::Value;
use std::process::Stdio;

/// Measures every figure `runs` times and writes its part of docs/benchmarks.md.
pub fn messages(runs: usize) -> Outcome {
    needs::for_test()?;
    let peer = ejabberd::root()?;
    build()?;
    let folder = super::folder()?;
    let runs_text = runs.to_string();
    let mut driver = process::command(
        tree::target().join("release/bench"),
        &["messages", "--runs", &runs_text],
    );
    // What it is at is said on standard error.
    driver.arg("--folder").arg(folder.path()).stderr(Stdio::inherit());
    if let Some(root) = &peer {
        driver.arg("--ejabberd").arg(root);
    }
    let said = process::answer(driver)?;
    let said: Value = serde_json::from_str(&said)
        .map_err(|error| Failure(format!("the driver does not speak JSON ({error}):\n{said}")))?;
    let figures = said["figures"].as_array().into_iter().flatten().map(figure);
    let missing = if peer.is_none() { ejabberd::MISSING } else { "" };
    let notes = format!("{missing}{}", said["notes"].as_str().unwrap_or_default());
    Report::of("messages", runs, figures.collect::<Outcome<_>>()?, notes)?.publish()
}

/// A figure as the driver says it.
pub(super) fn figure(said: &Value) -> Outcome<Figure> {
    let text = |key: &str| said[key].as_str().unwrap_or_default().to_owned();
    let values: Vec<f64> = said["values"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_f64)
        .collect();
    if values.is_empty() {
        return Err(Failure(format!("the driver measured nothing for {said}")));
    }
    Ok(Figure {
        label: text("label"),
        unit: text("unit"),
        goal: text("goal"),
        values,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_without_values_is_a_failure() {
        let said = serde_json::json!({ "label": "x", "unit": "ms", "goal": "", "values": [1.5, 2] });
        assert_eq!(figure(&said).expect("good").values, [1.5, 2.0]);
        assert!(figure(&serde_json::json!({ "label": "x", "values": [] })).is_err());
    }
}
