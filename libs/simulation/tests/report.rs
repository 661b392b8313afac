//! What people get to see: tables and plots of a scenario with variants.

use onqueue_simulation::{Outcome, Report, Scenario, plots, table};

const SCENARIO: &str = "
title = \"Two teams\"
[run]
replications = 3
hours = 4
interval_minutes = 60
[queues.sales]
target_seconds = 20
limit = 1
[queues.support]
target_seconds = 20
[arrivals.calls]
queue = \"sales\"
per_hour = [30, 60]
handle_seconds = { constant = 120 }
[arrivals.chats]
queue = \"support\"
per_hour = 60
handle_seconds = { erlang = { mean = 100, stages = 2 } }
patience_seconds = { exponential = 60 }
[agents.team]
count = 2
queues = [\"sales\", \"support\"]
at_once = { chat = 1 }
[[variants]]
name = \"two\"
[[variants]]
name = \"five & more\"
agents.team.count = 5
";

fn report(seed: u64) -> Report {
    let scenario = Scenario::parse(SCENARIO).expect("is sensible");
    let outcomes = scenario.variants.iter().map(|variant| {
        let model = variant.model(seed);
        let tallies: Vec<_> = (0..3).map(|number| model.replicate(number)).collect();
        Outcome::of(&variant.name, &model, &tallies)
    });
    Report::new(&scenario, seed, 3, outcomes.collect())
}

#[test]
fn the_same_seed_gives_the_same_table_and_another_one_another() {
    let first = table(&report(1));
    assert_eq!(first, table(&report(1)));
    assert_ne!(first, table(&report(2)));
}

#[test]
fn the_table_has_a_row_for_all_each_queue_and_each_pool_of_each_variant() {
    let table = table(&report(1));
    for row in [
        "two          all",
        "two          sales",
        "two          support",
        "five & more  all",
        "five & more  team",
    ] {
        assert!(table.lines().any(|line| line.starts_with(row)), "{row}\n{table}");
    }
    assert!(table.contains("refused") && table.contains("abandoned"), "{table}");
    assert!(table.contains("3 replications, seed 1"), "{table}");
}

#[test]
fn what_came_adds_up() {
    let report = report(1);
    for outcome in &report.outcomes {
        let offered = |queue| {
            outcome
                .line(queue, None)
                .and_then(|line| line.offered)
                .expect("came")
                .value
        };
        let all = outcome.lines[0].offered.expect("came").value;
        assert!((all - offered("sales") - offered("support")).abs() < 1e-9);
        let support = outcome.line("support", None).expect("the queue");
        let by_interval = support.intervals.iter().filter_map(|interval| interval.offered);
        let sum: f64 = by_interval.map(|estimate| estimate.value).sum();
        assert_eq!(support.intervals.len(), 4);
        assert!((sum - offered("support")).abs() < 1e-9);
        // Whoever comes to support is answered or goes away; sales takes one at a time into its line.
        let sales = outcome.line("sales", None).expect("the queue");
        assert!(support.refused.is_some_and(|refused| refused.value == 0.0));
        assert!(sales.refused.is_some_and(|refused| refused.value > 0.0) || outcome.variant != "two");
    }
}

#[test]
fn the_plots_are_pictures_of_their_own() {
    let plots = plots(&report(1));
    let names: Vec<&str> = plots.iter().map(|plot| plot.name).collect();
    assert_eq!(
        names,
        [
            "waits",
            "shares-by-variant",
            "waits-by-variant",
            "service-level-by-time",
            "waits-by-time",
            "occupancy"
        ]
    );
    for plot in plots {
        assert!(
            plot.svg.starts_with("<svg ") && plot.svg.trim_end().ends_with("</svg>"),
            "{}",
            plot.name
        );
        assert!(!plot.svg.contains("NaN") && !plot.svg.contains("inf"), "{}", plot.name);
        assert!(!plot.svg.contains("five & more"), "{} is not escaped", plot.name);
    }
}
