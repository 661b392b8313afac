//! What the benches measure, and how one driver asks others.

use crate::Outcome;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// One measured quantity with a value for each run.
struct Figure {
    label: String,
    unit: &'static str,
    goal: &'static str,
    values: Vec<f64>,
}

/// What was measured so far, in the order of the table.
#[derive(Default)]
pub struct Figures(Vec<Figure>);

impl Figures {
    /// Adds the value of a run.
    pub fn add(&mut self, label: &str, unit: &'static str, goal: &'static str, value: f64) {
        eprintln!("    {label}: {value:.2} {unit}");
        match self.0.iter_mut().find(|figure| figure.label == label) {
            Some(figure) => figure.values.push(value),
            None => self.0.push(Figure {
                label: label.to_owned(),
                unit,
                goal,
                values: vec![value],
            }),
        }
    }

    /// As the bench reads them.
    pub fn json(&self) -> Value {
        let figures = self.0.iter().map(
            |figure| json!({ "label": figure.label, "unit": figure.unit, "goal": figure.goal, "values": figure.values }),
        );
        figures.collect()
    }
}

/// This binary's other drivers.
pub fn own(arguments: &[&str]) -> Outcome<Value> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments);
    answer(command)
}

/// A binary of the same build.
pub fn beside(name: &str) -> Outcome<PathBuf> {
    Ok(std::env::current_exe()?.parent().unwrap_or(Path::new(".")).join(name))
}

/// What another driver answers.
pub fn answer(mut command: Command) -> Outcome<Value> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{command:?} failed: {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A number of an answer, by the names that lead to it: `/sends/p50_us`.
pub fn number(said: &Value, place: &str) -> Outcome<f64> {
    let found = said.pointer(place).and_then(Value::as_f64);
    found.ok_or_else(|| format!("no {place} in {said}").into())
}

/// The same of microseconds, in milliseconds.
pub fn milliseconds(said: &Value, place: &str) -> Outcome<f64> {
    Ok(number(said, place)? * 1e-3)
}
