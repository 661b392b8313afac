//! The worked scenarios of the documentation can be simulated, and their tables in it are what comes out.

use onqueue_simulation::{Outcome, Report, Scenario, table};
use std::{fs, path::PathBuf};

fn docs(path: &str) -> String {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(path);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn scenario(name: &str) -> Scenario {
    let text = docs(&format!("simulation/{name}.toml"));
    Scenario::parse(&text).unwrap_or_else(|mistakes| panic!("{name}: {mistakes:?}"))
}

#[test]
fn each_can_be_simulated() {
    for name in ["how-many-agents", "one-skill-or-two", "concurrency"] {
        let scenario = scenario(name);
        assert!(scenario.variants.len() > 3, "{name}");
        for variant in &scenario.variants {
            let tally = variant.model(scenario.seed).replicate(0);
            assert!(tally.events() > 100, "{name}: {}", variant.name);
        }
    }
}

#[test]
fn the_first_table_is_what_comes_out() {
    let scenario = scenario("how-many-agents");
    let outcomes = scenario.variants.iter().map(|variant| {
        let model = variant.model(scenario.seed);
        let tallies: Vec<_> = (0..scenario.replications)
            .map(|number| model.replicate(number))
            .collect();
        Outcome::of(&variant.name, &model, &tallies)
    });
    let report = Report::new(&scenario, scenario.seed, scenario.replications, outcomes.collect());
    let page = docs("simulation.md");
    for line in table(&report).lines().skip(2) {
        assert!(
            page.contains(line),
            "docs/simulation.md does not have this line:\n{line}"
        );
    }
}
