//! `cargo xtask run`: from a checkout to a working desk and chat page.

use crate::{
    cli::{Failure, Outcome, Run},
    needs, pages,
    process::{self, Output},
    tree,
};
use std::{
    fs::File, net::TcpListener, os::unix::process::CommandExt as _, path::PathBuf, process::Command, time::Instant,
};

/// The setting of how log lines look.
const FORMAT: &str = "ONQUEUE_TELEMETRY__FORMAT";

/// Builds what changed and becomes the running program, so that signals and exit code are its own.
pub fn run(options: &Run) -> Outcome {
    needs::for_run()?;
    for port in ports(options) {
        free(port)?;
    }
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
    // For a person at a terminal; what they set themselves goes before it.
    if std::env::var_os(FORMAT).is_none() {
        command.env(FORMAT, "pretty");
    }
    command.arg(data(options));
    let [public, health] = ports(options).map(|port| format!("127.0.0.1:{port}"));
    command.args(["--listen", &public, "--health-listen", &health]);
    if !options.no_demo {
        command.arg("--demo");
    }
    command
}

/// The public one and the one of health, which is 9090 for 8080 and keeps its distance for others. 0 takes a free one.
fn ports(options: &Run) -> [u16; 2] {
    let health = if options.port == 0 {
        0
    } else {
        options.port.checked_add(1_010).unwrap_or(0)
    };
    [options.port, health]
}

/// Better said now than after some minutes of building.
fn free(port: u16) -> Outcome {
    let taken = |error| {
        Failure(format!(
            "port {port} can not be used ({error}); choose others with --port"
        ))
    };
    TcpListener::bind(("127.0.0.1", port)).map(drop).map_err(taken)
}

/// A relative folder counts from where the command was typed.
fn data(options: &Run) -> PathBuf {
    std::env::current_dir().map_or_else(|_| options.data.clone(), |here| here.join(&options.data))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(port: u16) -> Run {
        Run {
            data: "data".into(),
            port,
            no_demo: false,
            release: false,
        }
    }

    #[test]
    fn health_has_a_port_of_its_own() {
        for (port, expected) in [
            (8080, [8080, 9090]),
            (8081, [8081, 9091]),
            (0, [0, 0]),
            (65_000, [65_000, 0]),
        ] {
            assert_eq!(ports(&on(port)), expected, "{port}");
        }
    }

    #[test]
    fn a_taken_port_is_named_before_the_work() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = taken.local_addr().expect("address").port();
        let Failure(text) = free(port).expect_err("it is taken");
        assert!(text.contains(&port.to_string()) && text.contains("--port"), "{text}");
        drop(taken);
        free(port).expect("it is free");
    }

    #[test]
    fn it_serves_as_asked() {
        let typed = process::typed(&serve(&on(8081)));
        assert!(typed.starts_with("onqueue serve --data /"), "{typed}");
        assert!(
            typed.ends_with("--listen 127.0.0.1:8081 --health-listen 127.0.0.1:9091 --demo"),
            "{typed}"
        );
    }
}
