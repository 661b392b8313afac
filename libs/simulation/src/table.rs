//! The report as text for a terminal.

use crate::{Estimate, Line, Outcome, Report, Staff};
use std::fmt::Write as _;

/// The report as tables: those who came, then those who answered. Columns in which nothing happened are left out.
pub fn table(report: &Report) -> String {
    let mut text = String::new();
    if !report.title.is_empty() {
        let _ = writeln!(text, "{}\n", report.title);
    }
    text.push_str(&aligned(&arrivals(report)));
    text.push('\n');
    text.push_str(&aligned(&staff(report)));
    let _ = writeln!(
        text,
        "\n{} replications, seed {}; ± is half of the {:.0} % interval (Student's t)",
        report.replications,
        report.seed,
        report.confidence * 100.0
    );
    if is_overloaded(report) {
        text.push_str("some still waited in the end: the agents cannot keep up, and waits would be longer still\n");
    }
    text
}

fn is_overloaded(report: &Report) -> bool {
    let mut lines = report.outcomes.iter().flat_map(|outcome| &outcome.lines);
    lines.any(|line| line.left.is_some_and(|left| left.value > 0.0))
}

type Row = Vec<String>;

/// A column of the first table: its head, what stands in it, and whether it is shown although nothing happened.
struct Column {
    head: &'static str,
    cell: fn(&Line) -> String,
    is_always: bool,
}

const fn column(head: &'static str, cell: fn(&Line) -> String) -> Column {
    Column {
        head,
        cell,
        is_always: true,
    }
}

const fn if_any(head: &'static str, cell: fn(&Line) -> String) -> Column {
    Column {
        head,
        cell,
        is_always: false,
    }
}

const COLUMNS: &[Column] = &[
    column("offered", |line| number(line.offered, 1)),
    if_any("service level", |line| percent(line.service_level)),
    column("must wait", |line| percent(line.delayed)),
    column("mean wait [s]", |line| number(line.wait, 2)),
    column("P50 [s]", |line| number(line.wait_p50, 1)),
    column("P90 [s]", |line| number(line.wait_p90, 1)),
    column("conversation [s]", |line| number(line.conversation, 0)),
    if_any("abandoned", |line| percent(line.abandoned)),
    if_any("refused", |line| percent(line.refused)),
    if_any("left waiting", |line| percent(line.left)),
];

fn arrivals(report: &Report) -> Vec<Row> {
    let lines: Vec<(&Outcome, &Line)> = report
        .outcomes
        .iter()
        .flat_map(|outcome| outcome.lines.iter().map(move |line| (outcome, line)))
        .collect();
    let is_shown = |column: &&Column| {
        let is_empty = |line: &Line| ["–", "0.00 %"].iter().any(|none| (column.cell)(line).starts_with(none));
        column.is_always || !lines.iter().all(|(_, line)| is_empty(line))
    };
    let shown: Vec<&Column> = COLUMNS.iter().filter(is_shown).collect();
    let heads = shown.iter().map(|column| column.head.to_owned());
    let mut rows = vec![["variant", "who"].map(str::to_owned).into_iter().chain(heads).collect()];
    for (outcome, line) in lines {
        let cells = shown.iter().map(|column| (column.cell)(line));
        rows.push(
            [outcome.variant.clone(), line.name()]
                .into_iter()
                .chain(cells)
                .collect(),
        );
    }
    without_empty_variant(report, rows)
}

fn staff(report: &Report) -> Vec<Row> {
    let heads = ["variant", "pool", "agents", "occupancy", "least–most", "in hand"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    for outcome in &report.outcomes {
        for staff in &outcome.staff {
            rows.push(vec![
                outcome.variant.clone(),
                staff.pool.clone(),
                staff.agents.to_string(),
                percent(staff.occupancy),
                range(staff),
                number(staff.in_hand, 2),
            ]);
        }
    }
    without_empty_variant(report, rows)
}

/// The least and the most that an agent of the pool is occupied.
fn range(staff: &Staff) -> String {
    let each = staff.each.iter().flatten().map(|estimate| estimate.value * 100.0);
    let least = each.clone().fold(f64::INFINITY, f64::min);
    let most = each.fold(0.0, f64::max);
    if least > most {
        return "–".to_owned();
    }
    format!("{least:.1}–{most:.1} %")
}

fn without_empty_variant(report: &Report, mut rows: Vec<Row>) -> Vec<Row> {
    if report.outcomes.iter().all(|outcome| outcome.variant.is_empty()) {
        rows.iter_mut().for_each(|row| drop(row.remove(0)));
    }
    rows
}

fn percent(estimate: Option<Estimate>) -> String {
    let Some(estimate) = estimate else {
        return "–".to_owned();
    };
    let half = estimate.half_width.map(|half| format!(" ± {:.2}", half * 100.0));
    format!("{:.2} %{}", estimate.value * 100.0, half.unwrap_or_default())
}

fn number(estimate: Option<Estimate>, digits: usize) -> String {
    let Some(estimate) = estimate else {
        return "–".to_owned();
    };
    let half = estimate.half_width.map(|half| format!(" ± {half:.digits$}"));
    format!("{:.digits$}{}", estimate.value, half.unwrap_or_default())
}

/// Columns one beside the other: names to the left, figures to the right.
fn aligned(rows: &[Row]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let is_name = |column: usize| matches!(rows[0][column].as_str(), "variant" | "who" | "pool");
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            let _ = if is_name(column) {
                write!(line, "{cell:<width$}  ")
            } else {
                write!(line, "{cell:>width$}  ")
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
