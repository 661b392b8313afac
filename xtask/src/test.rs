//! `cargo xtask test`: everything that must hold before something is merged, in the order in which it fails fastest.

use crate::{
    again::{self, Again},
    alerts,
    cli::{Failure, Outcome, Test},
    deployment, needs, pages,
    process::{self, Output},
    protos, python,
    servers::Servers,
    serving::{Rates, Serving, Start},
    supply_chain, tree,
};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// What a step may use while it works.
struct Work<'a> {
    log: File,
    is_long: bool,
    servers: &'a Servers,
}

/// One thing that is checked.
struct Step {
    name: &'static str,
    output: Output,
    /// Answers a remark for the summary, often empty.
    check: fn(&mut Work<'_>) -> Outcome<String>,
}

/// A step that has been done.
struct Done {
    name: &'static str,
    output: Output,
    took: Duration,
    remark: String,
    log: PathBuf,
}

const STEPS: &[Step] = &[
    quiet("format", |work| cargo(work, &["fmt", "--all", "--check"])),
    quiet("licences, bans and sources", |_| supply_chain::check()),
    quiet("packages of the pages", |work| {
        pages::install(&mut work.log, Output::Logged).map(|()| String::new())
    }),
    quiet("buf lint", |work| protos::lint(&mut work.log).map(|()| String::new())),
    quiet("buf breaking", |work| protos::breaking(&mut work.log)),
    quiet("alerts", |work| alerts::check(&mut work.log)),
    quiet("deployment files", |work| deployment::files(&mut work.log)),
    quiet("pages: build", |work| {
        pages::build(&mut work.log, Output::Logged).map(|()| String::new())
    }),
    quiet("pages: types", |work| npm(work, &["run", "typecheck"])),
    quiet("pages: unit tests", |work| npm(work, &["test"])),
    quiet("pages: in Chromium", |work| npm(work, &["run", "test:browser"])),
    quiet("clippy", |work| {
        cargo(
            work,
            &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
        )
    }),
    // Binaries and tests in one selection, so that both get the same dependencies.
    quiet("build", |work| cargo(work, &["build", "--workspace", "--all-targets"])),
    quiet("client in Python", client),
    quiet("deployment as processes", |work| {
        deployment::processes(&mut work.log, work.servers)
    }),
    quiet("journeys in Chromium", |work| browser(work, "embedded")),
    quiet("journeys in Chromium on separate processes", |work| {
        browser(work, "distributed")
    }),
    quiet("routing in release (long set)", routing_in_release),
    Step {
        name: "cargo test",
        output: Output::Shown,
        check: |work| cargo_test(work),
    },
    Step {
        name: "suites on PostgreSQL",
        output: Output::Shown,
        check: |work| suites(work, &again::ON_POSTGRES),
    },
    Step {
        name: "journeys on separate processes",
        output: Output::Shown,
        check: |work| suites(work, &again::SEPARATE),
    },
];

const fn quiet(name: &'static str, check: fn(&mut Work<'_>) -> Outcome<String>) -> Step {
    Step {
        name,
        output: Output::Logged,
        check,
    }
}

/// Runs every step until one fails; says what each took.
pub fn test(options: &Test) -> Outcome {
    needs::for_test()?;
    let servers = Servers::start()?;
    let first = options.from.as_deref().map_or(Ok(0), beginning)?;
    let mut done = Vec::new();
    for (number, step) in STEPS.iter().enumerate().skip(first) {
        done.push(carry_out(number + 1, step, options, &servers)?);
    }
    summarise(&done);
    Ok(())
}

/// The place of the step whose name begins so.
fn beginning(name: &str) -> Outcome<usize> {
    let found = STEPS.iter().position(|step| step.name.starts_with(name));
    found.ok_or_else(|| {
        let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        Failure(format!(
            "no step's name begins with {name:?}; there are: {}",
            names.join("; ")
        ))
    })
}

fn carry_out(number: usize, step: &Step, options: &Test, servers: &Servers) -> Outcome<Done> {
    println!("[{number}/{}] {}", STEPS.len(), step.name);
    let log = tree::scratch("logs")?.join(format!("{number:02}-{}.log", step.name.replace([' ', ':', ','], "-")));
    let file = File::create(&log).map_err(|error| format!("cannot write {}: {error}", log.display()))?;
    let mut work = Work {
        log: file,
        is_long: options.long,
        servers,
    };
    let begun = Instant::now();
    let outcome = (step.check)(&mut work);
    let took = begun.elapsed();
    match outcome {
        Ok(remark) => {
            println!(
                "      ok in {:.1} s{}{remark}",
                took.as_secs_f64(),
                if remark.is_empty() { "" } else { ": " }
            );
            Ok(Done {
                name: step.name,
                output: step.output,
                took,
                remark,
                log,
            })
        }
        Err(Failure(text)) => Err(failed(step, &text, &log)),
    }
}

/// Shows the end of the log, unless it has been seen already.
fn failed(step: &Step, text: &str, log: &PathBuf) -> Failure {
    const LINES: usize = 200;
    let said = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = said.lines().collect();
    let end = lines[lines.len().saturating_sub(LINES)..].join("\n");
    let end = if step.output == Output::Shown {
        String::new()
    } else {
        format!("{end}\n\n")
    };
    Failure(format!(
        "{end}FAILED: {}\n{text}\nThe whole log: {}",
        step.name,
        log.display()
    ))
}

fn summarise(done: &[Done]) {
    println!(
        "\n{} of {} steps were run and passed, in {:.0} s:",
        done.len(),
        STEPS.len(),
        done.iter().map(|one| one.took.as_secs_f64()).sum::<f64>()
    );
    for one in done {
        println!("  {:>7.1} s  {}  {}", one.took.as_secs_f64(), one.name, one.remark);
    }
    for one in done.iter().filter(|one| one.output == Output::Shown) {
        println!("\n{}, binary by binary:", one.name);
        let said = fs::read_to_string(&one.log).unwrap_or_default();
        for line in said.lines().filter(|line| is_summary(line)) {
            println!("{}", line.trim());
        }
    }
}

fn is_summary(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("Running ") || line.starts_with("Doc-tests ") || line.starts_with("test result: ")
}

fn cargo(work: &mut Work, arguments: &[&str]) -> Outcome<String> {
    process::logged(process::cargo(arguments), &mut work.log, Output::Logged)?;
    Ok(String::new())
}

fn npm(work: &mut Work, arguments: &[&str]) -> Outcome<String> {
    process::logged(process::web("npm", arguments), &mut work.log, Output::Logged)?;
    Ok(String::new())
}

/// Lets a client made by other people's tools talk to the built binary.
fn client(work: &mut Work) -> Outcome<String> {
    let pins = Path::new("tests/python/requirements.txt");
    let interpreter = python::environment("client", pins, &mut work.log)?;
    let folder = tempfile::tempdir().map_err(|error| format!("cannot make a folder: {error}"))?;
    let serving = Serving::start(&Start {
        profile: "debug",
        folder: folder.path(),
        demo: true,
        rates: Rates::Default,
    })?;
    let mut client = process::command(interpreter, &["tests/python/client_test.py"]);
    client
        .env("ONQUEUE_ADDRESS", serving.address()?)
        .env("ONQUEUE_CREDENTIALS", serving.credentials()?)
        .env("ONQUEUE_GENERATED", tree::target().join("python/gen"));
    process::logged(client, &mut work.log, Output::Logged)?;
    Ok(String::new())
}

/// Suites once more, in other surroundings.
fn suites(work: &mut Work, which: &Again) -> Outcome<String> {
    let (servers, is_long) = (work.servers, work.is_long);
    again::suites(which, &mut work.log, |command| dressed(command, servers, is_long))
}

/// The pages in real browsers against the built binary, as one process or as an installation of many.
fn browser(work: &mut Work, cluster: &str) -> Outcome<String> {
    let mut files: Vec<String> = fs::read_dir(tree::at("tests/browser"))
        .map_err(|error| format!("cannot read tests/browser: {error}"))?
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".test.mjs"))
        .map(|name| format!("tests/browser/{name}"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(Failure("tests/browser holds no *.test.mjs".into()));
    }
    let mut command = process::command("node", &["--test", "--test-concurrency=1", "--test-reporter=spec"]);
    command.args(&files).env("ONQUEUE_TEST_CLUSTER", cluster);
    let command = dressed(command, work.servers, work.is_long);
    process::logged(command, &mut work.log, Output::Logged)?;
    Ok(format!("{} files", files.len()))
}

/// What the engine decides, and its digests, do not depend on optimisation.
fn routing_in_release(work: &mut Work) -> Outcome<String> {
    if !work.is_long {
        return Ok("left out".into());
    }
    for arguments in [
        &["--package", "onqueue-acd"][..],
        &["--package", "onqueue-routing", "--test", "routing", "crowds"],
    ] {
        let command = process::cargo(&[&["test", "--release"], arguments].concat());
        process::logged(dressed(command, work.servers, true), &mut work.log, Output::Logged)?;
    }
    Ok(String::new())
}

fn cargo_test(work: &mut Work) -> Outcome<String> {
    let command = dressed(process::cargo(&["test", "--workspace"]), work.servers, work.is_long);
    process::logged(command, &mut work.log, Output::Shown)?;
    Ok(String::new())
}

/// The command with what tests need to know.
fn dressed(mut command: Command, servers: &Servers, is_long: bool) -> Command {
    command.envs(servers.environment());
    if is_long {
        command.env("ONQUEUE_LONG", "1");
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_says_its_summaries_so() {
        for (line, expected) in [
            ("     Running unittests src/lib.rs (target/debug/deps/a-1)", true),
            ("   Doc-tests onqueue_model", true),
            (
                "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
                true,
            ),
            ("test tests::one ... ok", false),
        ] {
            assert_eq!(is_summary(line), expected, "{line}");
        }
    }

    #[test]
    fn a_run_begins_where_it_is_told_to() {
        assert_eq!(beginning("format").ok(), Some(0));
        assert_eq!(beginning("suites").ok(), Some(STEPS.len() - 2));
        let Err(Failure(said)) = beginning("Suites") else {
            panic!("there is no such step");
        };
        assert!(said.contains("suites on PostgreSQL"), "{said}");
    }

    #[test]
    fn suites_run_again_after_cargo_test_has_built_them() {
        let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        let last = ["cargo test", "suites on PostgreSQL", "journeys on separate processes"];
        assert!(names.ends_with(&last), "{names:?}");
    }
}
