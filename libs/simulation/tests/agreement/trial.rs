//! Running a scenario and comparing what comes out with what must.

use onqueue_simulation::{Estimate, Outcome, Report, Scenario};

pub const REPLICATIONS: u32 = 40;

/// Whether there is time for all of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Set {
    Short,
    Long,
}

pub fn set() -> Set {
    match std::env::var_os("ONQUEUE_LONG") {
        Some(_) => Set::Long,
        None => Set::Short,
    }
}

impl Set {
    /// How many hours are measured in each replication if so many are wanted in the long set.
    pub fn hours(self, long: f64) -> f64 {
        match self {
            Self::Short => (long / 10.0).max(60.0),
            Self::Long => long,
        }
    }
}

/// The lines of `[run]`. The mean time that handling takes is some minutes everywhere; so there are hundreds of them to warm up.
pub fn run_section(hours: f64, seed: u64) -> String {
    format!("[run]\nreplications = {REPLICATIONS}\nseed = {seed}\nhours = {hours}\nwarm_up_hours = 40\n")
}

/// Runs the only variant of a scenario.
pub fn outcome(text: &str) -> Outcome {
    let scenario = Scenario::parse(text).unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{text}"));
    let model = scenario.variants[0].model(scenario.seed);
    let tallies: Vec<_> = (0..scenario.replications)
        .map(|number| model.replicate(number))
        .collect();
    let outcome = Outcome::of("", &model, &tallies);
    assert_eq!(Report::new(&scenario, 1, 1, vec![outcome.clone()]).outcomes.len(), 1);
    outcome
}

/// What was found, and what it must be.
pub struct Point {
    pub name: String,
    pub found: Option<Estimate>,
    pub truth: f64,
}

pub fn point(name: impl Into<String>, found: Option<Estimate>, truth: f64) -> Point {
    Point {
        name: name.into(),
        found,
        truth,
    }
}

/// Fails with a table of all points if one of them is off.
pub fn assert_agreement(set: Set, points: &[Point]) {
    let mut table = String::new();
    let mut is_off = false;
    for Point { name, found, truth } in points {
        let found = found.unwrap_or_else(|| panic!("{name}: nothing was found"));
        let width = found.half_width.unwrap_or(f64::INFINITY) / truth;
        let z = found.z(*truth);
        let is_wide = set == Set::Long && width >= 0.02;
        is_off |= z.is_nan() || z.abs() >= 4.0 || is_wide;
        table += &format!(
            "{name:<40} {truth:>12.6} found {:>12.6} z {z:>6.2} half-width {:.2} %{}\n",
            found.value,
            width * 100.0,
            if is_wide { " too wide" } else { "" }
        );
    }
    assert!(!is_off, "\n{table}");
    // Shown by `--nocapture`.
    println!("{table}");
}
