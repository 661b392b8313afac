//! `cargo xtask run`: from a checkout to a working desk and chat page.

use crate::{
    cli::{Failure, Outcome, Run},
    needs, pages,
    process::{self, Output},
    tree,
};
use std::{fs::File, os::unix::process::CommandExt as _, path::PathBuf, process::Command, time::Instant};

/// Builds what changed and becomes the running program, so that signals and exit code are its own.
pub fn run(options: &Run) -> Outcome {
    needs::for_run()?;
    let path = tree::scratch("logs")?.join("pages.log");
    let mut log = File::create(&path).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    say("packages of the pages (the first time half a minute)", || {
        pages::install(&mut log, Output::Logged)
    })
    .and_then(|()| say("pages (a few seconds)", || pages::build(&mut log, Output::Logged)))
    .map_err(|Failure(text)| Failure(format!("{text}\nThe whole log: {}", path.display())))?;
    say(&format!("the binary ({})", cost(options)), || {
        process::show(build(options))
    })?;
    Err(Failure(format!("cannot start onqueue: {}", serve(options).exec())))
}

fn say(what: &str, work: impl FnOnce() -> Outcome) -> Outcome {
    println!("Building {what}");
    let begun = Instant::now();
    work()?;
    println!("  done in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(())
}

const fn cost(options: &Run) -> &'static str {
    if options.release {
        "the first time on two cores about 12 minutes, later half a minute"
    } else {
        "the first time on two cores 4 to 6 minutes, later seconds"
    }
}

/// `--workspace --bin onqueue`, not `--package onqueue`: which features the dependencies get depends on the packages that
/// are selected, so this way nearly all of them are built once for this command and for the tests.
fn build(options: &Run) -> Command {
    let mut command = process::cargo(&["build", "--workspace", "--bin", "onqueue"]);
    if options.release {
        command.arg("--release");
    }
    command
}

fn serve(options: &Run) -> Command {
    let profile = if options.release { "release" } else { "debug" };
    let mut command = process::command(tree::target().join(profile).join("onqueue"), &["serve", "--data"]);
    command.arg(data(options));
    command.args(["--listen", &format!("127.0.0.1:{}", options.port)]);
    if !options.no_demo {
        command.arg("--demo");
    }
    command
}

/// A relative folder counts from where the command was typed.
fn data(options: &Run) -> PathBuf {
    std::env::current_dir().map_or_else(|_| options.data.clone(), |here| here.join(&options.data))
}
