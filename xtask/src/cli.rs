//! What can be typed, and the one place where a failure becomes an exit code.

use crate::{bench, chaos, run, test};
use clap::{Args, Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// What went wrong, as a sentence for the person at the terminal.
#[derive(Debug)]
pub struct Failure(pub String);

/// What every step answers.
pub type Outcome<T = ()> = Result<T, Failure>;

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self(text)
    }
}

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The commands of Onqueue's workspace")]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds the pages and the binary and starts everything in one process, with a demo organisation
    Run(Run),
    /// Runs every check there is, in the order in which they fail fastest
    #[command(alias = "ci")]
    Test(Test),
    /// Measures the release build and writes docs/benchmarks.md
    Bench(Bench),
    /// Kills, pauses and cuts off what runs under load, and judges what is left
    Chaos(Chaos),
}

/// Options of `run`.
#[derive(Args)]
pub struct Run {
    /// Where the database lives; made if it does not exist
    #[arg(long, default_value = "data")]
    pub data: PathBuf,
    /// Port of the pages and the API; health is served on the port 1010 above
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Start without the demo organisation
    #[arg(long)]
    pub no_demo: bool,
    /// Build with optimisations: slower to build, faster to run
    #[arg(long)]
    pub release: bool,
}

/// Options of `test`.
#[derive(Args)]
pub struct Test {
    /// Also what takes many minutes (sets ONQUEUE_LONG=1 for the tests)
    #[arg(long)]
    pub long: bool,
    /// Begin with the step whose name begins so, when those before it have passed already
    #[arg(long, value_name = "STEP")]
    pub from: Option<String>,
}

/// Options of `bench`.
#[derive(Args)]
pub struct Bench {
    #[command(subcommand)]
    pub name: Suite,
}

/// Options of `chaos`.
#[derive(Args)]
pub struct Chaos {
    /// A scenario, the beginning of several, or `all`
    pub scenario: String,
    /// Makes a run repeatable as far as the machine allows
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Rounds instead of the scenario's own
    #[arg(long)]
    pub rounds: Option<usize>,
    /// A few rounds under a tenth of the load
    #[arg(long)]
    pub short: bool,
    /// Debug builds, which are quicker to build
    #[arg(long)]
    pub debug: bool,
    /// Without routing's fence, which must be noticed; debug builds only
    #[arg(long, requires = "debug")]
    pub no_fence: bool,
}

/// What can be measured.
#[derive(Subcommand)]
pub enum Suite {
    /// Start, idle memory, size, one pair's round trip, sends a second with 64 senders
    First {
        /// How often each figure is taken; at least 5
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(5..))]
        runs: u8,
    },
    /// What a message costs: durable, end to end, through the gateway, watched; on both databases, beside the bare limits and
    /// ejabberd
    Messages {
        /// How often each figure is taken; at least 5
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(5..))]
        runs: u8,
    },
    /// Searching transcripts, on both databases
    Search {
        /// How many messages there are to be searched
        #[arg(long, default_value_t = 1_000_000)]
        messages: u64,
    },
    /// Finding canned responses while typing, on both databases
    Responses {
        /// How many responses there are
        #[arg(long, default_value_t = 20_000)]
        responses: u64,
    },
    /// How long it takes to refuse settings that cannot be used; prints it, and fails above a second
    Broken {
        /// How often each is tried
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
        runs: u8,
        /// This binary instead of the release build, which is built first otherwise
        #[arg(long, value_name = "FILE")]
        binary: Option<PathBuf>,
    },
    /// What an assignment costs: the engine alone, then durable beside emulations of how others assign, on one PostgreSQL
    Routing {
        /// How often each figure is taken; at least 5
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(5..))]
        runs: u8,
    },
}

/// Parses the command line and carries it out.
pub fn main() -> ExitCode {
    let outcome = match Line::parse().command {
        Command::Run(options) => run::run(&options),
        Command::Test(options) => test::test(&options),
        Command::Chaos(options) => chaos::chaos(&options),
        Command::Bench(Bench {
            name: Suite::First { runs },
        }) => bench::first(usize::from(runs)),
        Command::Bench(Bench {
            name: Suite::Broken { runs, binary },
        }) => bench::broken(usize::from(runs), binary),
        Command::Bench(Bench {
            name: Suite::Messages { runs },
        }) => bench::messages(usize::from(runs)),
        Command::Bench(Bench {
            name: Suite::Search { messages },
        }) => bench::search(messages),
        Command::Bench(Bench {
            name: Suite::Responses { responses },
        }) => bench::responses(responses),
        Command::Bench(Bench {
            name: Suite::Routing { runs },
        }) => bench::routing(usize::from(runs)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(text)) => {
            eprintln!("\n{text}");
            ExitCode::FAILURE
        }
    }
}
