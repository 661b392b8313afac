//! `cargo xtask chaos SCENARIO`: breaks what runs under load, and judges what is left. The driver is a binary of the tests'
//! crate; this builds it and what it breaks.

use crate::{
    bench,
    cli::{Chaos, Outcome},
    process, tree,
};

/// Builds and runs; fails if anything did not hold.
pub fn chaos(options: &Chaos) -> Outcome {
    if options.debug {
        process::show(process::cargo(&[
            "build",
            "--workspace",
            "--bin",
            "onqueue",
            "--bin",
            "chaos",
        ]))?;
    } else {
        println!("Building the release binaries (the first time on two cores about 20 minutes)");
        process::show(process::cargo(&bench::MEASURED))?;
    }
    let profile = if options.debug { "debug" } else { "release" };
    let mut driver = process::command(tree::target().join(profile).join("chaos"), &[]);
    driver
        .arg(&options.scenario)
        .args(["--seed", &options.seed.to_string()]);
    if let Some(rounds) = options.rounds {
        driver.args(["--rounds", &rounds.to_string()]);
    }
    if options.short {
        driver.arg("--short");
    }
    if options.no_fence {
        driver.arg("--no-fence");
    }
    process::show(driver)
}
