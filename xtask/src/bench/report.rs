//! The table of what was measured, with the machine it was measured on, and what moved since the last one.

use super::goals;
use crate::{
    cli::{Failure, Outcome},
    process, tree,
};
use std::{collections::BTreeMap, fmt::Write as _, fs};

/// Where the figures are kept.
const FILE: &str = "docs/benchmarks.md";

/// How far an absolute value moves between runs on one machine without a reason.
const NOISE: f64 = 0.25;

/// One measured quantity.
pub struct Figure {
    /// What it is.
    pub label: String,
    /// In what.
    pub unit: String,
    /// What it should be; empty if nothing is asked.
    pub goal: String,
    /// One value for each run; never empty.
    pub values: Vec<f64>,
}

impl Figure {
    fn sorted(&self) -> Vec<f64> {
        let mut values = self.values.clone();
        values.sort_by(f64::total_cmp);
        values
    }

    fn median(&self) -> f64 {
        let sorted = self.sorted();
        let middle = sorted.len() / 2;
        if sorted.len() % 2 == 1 {
            return sorted[middle];
        }
        f64::midpoint(sorted[middle - 1], sorted[middle])
    }

    /// What is said of it if its median is not as it should be.
    fn miss(&self) -> Option<String> {
        let (median, Figure { label, unit, goal, .. }) = (self.median(), self);
        let is_met = goals::met(goal, median)?;
        (!is_met).then(|| format!("- {label}: {} {unit} (goal {goal})", number(median)))
    }

    fn row(&self) -> String {
        let sorted = self.sorted();
        let (lowest, highest) = (number(sorted[0]), number(sorted[sorted.len() - 1]));
        let median = number(self.median());
        format!(
            "| {} | {median} | {lowest} – {highest} | {} | {} |",
            self.label, self.unit, self.goal
        )
    }
}

/// Three digits that count.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 99.95 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Everything of one bench.
pub struct Report {
    name: &'static str,
    runs: usize,
    machine: String,
    date: String,
    figures: Vec<Figure>,
    /// What one must know to read the table.
    notes: String,
}

impl Report {
    /// Adds the machine and the day.
    pub fn of(name: &'static str, runs: usize, figures: Vec<Figure>, notes: String) -> Outcome<Self> {
        let date = process::answer(process::command("date", &["--utc", "+%Y-%m-%d"]))?;
        Ok(Self {
            name,
            runs,
            machine: machine()?,
            date: date.trim().to_owned(),
            figures,
            notes,
        })
    }

    /// Prints the table and what moved since the last committed one, and replaces that.
    pub fn publish(&self) -> Outcome {
        let page = fs::read_to_string(tree::at(FILE)).unwrap_or_default();
        let mut parts = parts(&page);
        println!("\n{}", self.table());
        let last = parts.get(self.name).cloned().unwrap_or_default();
        for line in moved(&medians(&last), &self.figures) {
            println!("{line}");
        }
        let by_hand = last.find(BY_HAND).map_or("", |at| &last[at..]);
        parts.insert(self.name.to_owned(), self.part(by_hand));
        let page = parts.into_iter().fold(TITLE.to_owned(), |page, (name, part)| {
            format!("{page}\n{HEADING}{name}`\n{part}")
        });
        fs::write(tree::at(FILE), page).map_err(|error| Failure(format!("cannot write {FILE}: {error}")))
    }

    fn table(&self) -> String {
        let mut table = String::from("| what | median | lowest – highest | unit | goal |\n|---|---|---|---|---|\n");
        for figure in &self.figures {
            // Writing into a String does not fail.
            let _ = writeln!(table, "{}", figure.row());
        }
        table
    }

    /// The part of the page, with what people have written below it.
    fn part(&self, by_hand: &str) -> String {
        let head = format!("\nOn {}, {} runs of each, on {}.", self.date, self.runs, self.machine);
        let mut part = format!("{head}\n\n{}\n{}{}", self.table(), self.notes, self.misses());
        if !by_hand.is_empty() {
            let _ = write!(part, "\n{}\n", by_hand.trim_end());
        }
        part
    }

    fn misses(&self) -> String {
        let misses: Vec<String> = self.figures.iter().filter_map(Figure::miss).collect();
        match misses.is_empty() {
            true => String::new(),
            false => format!("\nGoals that were missed:\n\n{}\n", misses.join("\n")),
        }
    }
}

/// What the page begins with.
const TITLE: &str = "# Figures\n\nEach table is written by the command above it; anyone can run it again.\n";

/// What people write of where the time goes and what was tried begins so; it stays when the tables are written again.
const BY_HAND: &str = "### What was tried";

/// What a bench's part begins with.
const HEADING: &str = "## `cargo xtask bench ";

/// The parts of the page by the names of their benches.
fn parts(page: &str) -> BTreeMap<String, String> {
    let part = |text: &str| {
        let (name, part) = text.split_once("`\n")?;
        Some((name.to_owned(), format!("{}\n", part.trim_end())))
    };
    page.split(HEADING).skip(1).filter_map(part).collect()
}

/// CPU, cores, memory and kernel.
fn machine() -> Outcome<String> {
    let read = |path: &str| fs::read_to_string(path).map_err(|error| Failure(format!("cannot read {path}: {error}")));
    let cpus = read("/proc/cpuinfo")?;
    let model = value(&cpus, "model name").unwrap_or("an unnamed CPU");
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let memory = read("/proc/meminfo")?;
    let kib: f64 = value(&memory, "MemTotal")
        .and_then(|text| text.split_whitespace().next())
        .and_then(|text| text.parse().ok())
        .unwrap_or_default();
    let kernel = read("/proc/sys/kernel/osrelease")?;
    let gib = kib / 1_048_576.0;
    Ok(format!(
        "{model}, {cores} cores, {gib:.0} GiB of memory, Linux {}",
        kernel.trim()
    ))
}

fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == key)
        .map(|(_, value)| value.trim())
}

/// The medians of a table as we write it.
fn medians(page: &str) -> BTreeMap<String, f64> {
    page.lines()
        .filter_map(|line| {
            let mut cells = line.trim_matches('|').split('|').map(str::trim);
            Some((cells.next()?.to_owned(), cells.next()?.parse().ok()?))
        })
        .collect()
}

fn moved(last: &BTreeMap<String, f64>, figures: &[Figure]) -> Vec<String> {
    figures
        .iter()
        .filter_map(|figure| Some((figure, *last.get(&figure.label)?, figure.median())))
        .filter(|(_, before, now)| (now - before).abs() > NOISE * before.abs())
        .map(|(figure, before, now)| {
            let change = (now / before - 1.0) * 100.0;
            format!(
                "moved: {} {} → {} {} ({change:+.0} %)",
                figure.label,
                number(before),
                number(now),
                figure.unit
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(values: &[f64]) -> Figure {
        Figure {
            label: "start".to_owned(),
            unit: "ms".to_owned(),
            goal: "≤ 300".to_owned(),
            values: values.to_vec(),
        }
    }

    #[test]
    fn each_bench_has_its_own_part_of_the_page() {
        let page = format!("{TITLE}\n{HEADING}first`\n\nOne.\n\n{HEADING}messages`\n\nTwo.\n");
        let parts = parts(&page);
        assert_eq!(parts.get("first").map(String::as_str), Some("\nOne.\n"));
        assert_eq!(parts.get("messages").map(String::as_str), Some("\nTwo.\n"));
    }

    #[test]
    fn what_is_missed_is_named_and_what_people_wrote_stays() {
        let report = Report {
            name: "first",
            runs: 1,
            machine: "a machine".to_owned(),
            date: "2026-11-22".to_owned(),
            figures: vec![start(&[100.0]), start(&[400.0])],
            notes: "- A note.\n".to_owned(),
        };
        let part = report.part("### What was tried\n\nSleeping less.\n");
        assert!(
            part.contains("- A note.\n\nGoals that were missed:\n\n- start: 400 ms (goal ≤ 300)\n"),
            "{part}"
        );
        assert!(part.ends_with("\n\n### What was tried\n\nSleeping less.\n"), "{part}");
        assert_eq!(report.part("").matches("###").count(), 0);
    }

    #[test]
    fn medians_and_spread() {
        assert_eq!(
            start(&[3.0, 1.0, 2.0]).row(),
            "| start | 2.00 | 1.00 – 3.00 | ms | ≤ 300 |"
        );
        assert!((start(&[4.0, 1.0]).median() - 2.5).abs() < 1e-9);
    }

    #[test]
    fn the_last_table_is_read_back_and_only_large_moves_are_told() {
        let page = format!("| what | median |\n|---|---|\n{}\n", start(&[100.0]).row());
        let last = medians(&page);
        assert_eq!(last.get("start"), Some(&100.0));
        assert!(moved(&last, &[start(&[120.0])]).is_empty());
        assert_eq!(moved(&last, &[start(&[150.0])]), ["moved: start 100 → 150 ms (+50 %)"]);
    }
}
