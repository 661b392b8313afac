//! All of `cargo xtask bench routing` that needs a database: Onqueue's routing and how others assign, on one PostgreSQL, in
//! turn.

mod centre;
mod count;
pub mod explain;
mod floor;
pub mod ours;
pub mod rivals;
mod session;
mod verdict;
mod ways;

use crate::{
    Outcome,
    figures::{Figures, answer},
};
use clap::Args;
use onqueue_daemons::{Disk, PostgresServer, psql};
use onqueue_testkit::own_postgres;
use serde_json::{Value, json};
use std::{process::Command, time::Duration};

/// How much, where and for how long.
#[derive(Args, Clone, Debug)]
pub struct Load {
    /// A new database.
    #[arg(long)]
    pub url: String,
    /// How many agents there are.
    #[arg(long, default_value_t = 1_000)]
    pub agents: usize,
    /// How many wait all the time.
    #[arg(long, default_value_t = 10_000)]
    pub waiting: usize,
    /// For how long it is measured.
    #[arg(long, default_value_t = 8.0)]
    pub seconds: f64,
    /// How many come a second; as many as are served, if not said.
    #[arg(long)]
    pub rate: Option<f64>,
}

impl Load {
    fn window(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    fn warm_up(&self) -> Duration {
        self.window() / 5
    }

    /// How long those who came last have before everybody goes.
    fn last(&self) -> Duration {
        self.window() / 8
    }

    /// How many are served at once: of all that could be, four fifths while as many come as are served, else half.
    const fn hold(&self, slots: usize) -> usize {
        match self.rate {
            None => slots * 4 / 5,
            Some(_) => slots / 2,
        }
    }
}

/// How often, and how much.
#[derive(Args, Debug)]
pub struct Options {
    /// How often each figure is taken.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// How many agents there are.
    #[arg(long, default_value_t = 1_000)]
    agents: usize,
    /// How many wait all the time.
    #[arg(long, default_value_t = 10_000)]
    waiting: usize,
    /// Seconds for each measurement.
    #[arg(long, default_value_t = 8.0)]
    seconds: f64,
    /// Milliseconds between two rounds of those who assign by the clock.
    #[arg(long, default_value_t = 5_000)]
    tick: u64,
    /// How many agents there are, and how many wait, where it is asked why.
    #[arg(long, default_value_t = 10_000)]
    explained: usize,
    /// Only the side whose name begins so.
    #[arg(long, default_value = "")]
    only: String,
}

/// Name, way and workers of each rival.
const RIVALS: [(&str, &str, usize); 9] = [
    ("SKIP LOCKED, 1 worker", "claim", 1),
    ("SKIP LOCKED, 8 workers", "claim", 8),
    ("SKIP LOCKED, 32 workers", "claim", 32),
    ("one statement, 1 worker", "statement", 1),
    ("one statement, 8 workers", "statement", 8),
    ("64 in a statement, 1 worker", "batch", 1),
    ("64 in a statement, 8 workers", "batch", 8),
    ("department locked, 8 workers", "department", 8),
    ("one each department each 5 s", "tick", 1),
];

const OURS: &str = "Onqueue";

/// What one must know to read the table.
const NOTES: &str = "\
- Everything runs on the one machine and shares its cores, PostgreSQL and drivers included. All sides use the same PostgreSQL
  (`synchronous_commit` and `fsync` on), each measurement in a new database; in each run they are measured one after the other,
  and *Onqueue, of …* gives ratios within each run. The same seeded centre is given to all: 20 queues, 20 skills, each agent
  in 3 queues, with 5 skills and at most 4 chats; in each queue chats of 20 kinds, of up to 2 skills that some member has.
- *Onqueue*: the routing service as it is, with all its layers, called in the driver's process. Chats come over session's feed
  from a session that only hands out and takes everything; each agent has an open stream and accepts every offer by an rpc;
  chats end over the feed. Counted is what was accepted, which is after its commit, with its decision record, log entries and
  reports, and after session has answered to its own report. *Reports under way*: how many were still kept for session at the
  end of the closed loop, in which they are, with those that are kept together with them.
- *SKIP LOCKED*: claim the oldest chat that nobody else claims, count the chats of every agent of the queue who has the skills,
  give it to the longest idle with room. *One statement*: the same in one statement, with the count kept in the agent's row,
  whose claim skips locked agents too. *64 in a statement*: the oldest 64 and the best agent of each, no agent twice.
  *Department locked*: lock the operators of a department, then count as above. *One each department each 5 s*: by the clock.
  They are our emulations of how others assign, not their products: no offer, answer, decision record or report; guests come
  and go in large statements beside them; workers are woken at once.
- *Assignments*: closed loop. 10,000 wait all the time, four fifths of all places are taken; for each that is assigned, the one
  that is held for longest ends, and another comes.
- *Time to offer*, *time to assign*: open loop at half of the side's own assignments a second, from when the chat was to come
  to when the agent hears of it or the assignment is committed; 10,000 more wait in a queue that nobody serves (for the rivals
  outside of their indexes).
- *Over capacity*, *double*, *overtaken*: counted afterwards, in the same way for all, from what is in the database of both
  loops: chats given to somebody who had 4, chats given twice, chats that waited while one was given that came later into the
  same queue and asked for the same.
- *Explain*: through the rpcs, half of the agents on queue, each alerted, with as many more chats waiting as there are agents.
- Absolute values move by a quarter between runs; compare medians and ratios.
";

/// Measures everything, once for each run and in turn within it.
pub async fn run(options: Options) -> Outcome<Value> {
    let mut bench = Bench {
        server: own_postgres(Disk::Synced).await,
        figures: Figures::default(),
        databases: 0,
        options,
    };
    for run in 1..=bench.options.runs {
        eprintln!("run {run} of {}", bench.options.runs);
        bench.once()?;
    }
    Ok(json!({ "figures": bench.figures.json(), "notes": NOTES }))
}

struct Bench {
    server: PostgresServer,
    figures: Figures,
    databases: usize,
    options: Options,
}

impl Bench {
    fn wants(&self, side: &str) -> bool {
        side.starts_with(&self.options.only)
    }

    fn once(&mut self) -> Outcome<()> {
        let ours = match self.wants(OURS) {
            true => Some(self.ours()?),
            false => None,
        };
        let mut rates = Vec::new();
        for (name, way, workers) in RIVALS {
            if self.wants(name) {
                rates.push((way, self.rival(name, way, workers)?));
            }
        }
        if let Some(ours) = ours {
            self.compare(ours, &rates);
        }
        if self.wants("Explain") {
            self.explain()?;
        }
        Ok(())
    }

    fn ours(&mut self) -> Outcome<f64> {
        let seconds = self.options.seconds;
        let closed = self.drive(&["routing-ours"], seconds, None)?;
        let rate = number(&closed, "/per_second")?;
        self.add(OURS, "assignments", "1/s", "P3: ≥ 5,000", rate);
        let statements = number(&closed, "/statements_each")?;
        self.add(OURS, "statements each", "", "", statements);
        let undelivered = number(&closed, "/undelivered")?;
        self.add(OURS, "reports under way", "", "", undelivered);
        let open = self.drive(&["routing-ours"], seconds, Some(rate / 2.0))?;
        for (what, place, goal) in [
            ("time to offer, p50", "/to_offer/p50_us", ""),
            ("time to offer, p99", "/to_offer/p99_us", "P3: ≤ 10"),
            ("time to assign, p50", "/to_assign/p50_us", ""),
            ("time to assign, p99", "/to_assign/p99_us", "≤ 50"),
        ] {
            self.add(OURS, what, "ms", goal, number(&open, place)? * 1e-3);
        }
        self.judge(OURS, "P3: 0", &[closed, open])?;
        Ok(rate)
    }

    fn rival(&mut self, name: &str, way: &str, workers: usize) -> Outcome<f64> {
        let (workers, tick) = (workers.to_string(), self.options.tick.to_string());
        let side = ["routing-rival", "--way", way, "--workers", &workers, "--tick", &tick];
        // Two rounds to count how many, four to see how long.
        let round = self.options.tick as f64 * 1e-3;
        let seconds = match way {
            "tick" => [2.0 * round, 4.0 * round],
            _ => [self.options.seconds; 2],
        };
        let closed = self.drive(&side, seconds[0], None)?;
        let rate = number(&closed, "/per_second")?;
        self.add(name, "assignments", "1/s", "", rate);
        let open = self.drive(&side, seconds[1], Some(rate / 2.0))?;
        for (what, place) in [("p50", "/to_assign/p50_us"), ("p99", "/to_assign/p99_us")] {
            let taken = number(&open, place)? * 1e-3;
            self.add(name, &format!("time to assign, {what}"), "ms", "", taken);
        }
        self.judge(name, "", &[closed, open])?;
        Ok(rate)
    }

    /// What both loops left in their databases.
    fn judge(&mut self, side: &str, goal: &'static str, said: &[Value]) -> Outcome<()> {
        for (what, place) in [
            ("over capacity", "/verdict/over_capacity"),
            ("double", "/verdict/double"),
            ("overtaken", "/verdict/overtaken"),
        ] {
            let counted: Outcome<Vec<f64>> = said.iter().map(|said| number(said, place)).collect();
            self.add(side, what, "", goal, counted?.iter().sum());
        }
        Ok(())
    }

    fn compare(&mut self, ours: f64, rates: &[(&str, f64)]) {
        for (name, ways, goal) in [
            ("of the best SKIP LOCKED", &["claim"][..], "P3: ≥ 25"),
            ("of the best statement", &["statement", "batch"], "P3: ≥ 4"),
            ("of department locked", &["department"], ""),
            ("of one each department each 5 s", &["tick"], ""),
        ] {
            let of_way = rates.iter().filter(|(way, _)| ways.contains(way));
            if let Some(best) = of_way.map(|(_, rate)| *rate).reduce(f64::max) {
                self.add(OURS, name, "×", goal, ours / best);
            }
        }
    }

    fn explain(&mut self) -> Outcome<()> {
        let (size, url) = (self.options.explained.to_string(), self.database()?);
        let said = own(&["routing-explain", "--url", &url, "--agents", &size, "--waiting", &size])?;
        for (rpc, place) in [("ExplainWaiting", "/waiting"), ("ExplainAgent", "/agent")] {
            for (what, goal) in [("p50", ""), ("p99", "≤ 50")] {
                let label = format!("at {size} agents, {what}");
                let taken = number(&said, &format!("{place}/{what}_us"))? * 1e-3;
                self.add(rpc, &label, "ms", goal, taken);
            }
        }
        Ok(())
    }

    fn add(&mut self, side: &str, what: &str, unit: &'static str, goal: &'static str, value: f64) {
        self.figures.add(&format!("{side}, {what}"), unit, goal, value);
    }

    /// One side in a new database, closed loop or at a rate.
    fn drive(&mut self, side: &[&str], seconds: f64, rate: Option<f64>) -> Outcome<Value> {
        let (url, seconds) = (self.database()?, seconds.to_string());
        let (agents, waiting) = (self.options.agents.to_string(), self.options.waiting.to_string());
        let mut arguments = side.to_vec();
        arguments.extend(["--url", &url, "--seconds", &seconds]);
        arguments.extend(["--agents", &agents, "--waiting", &waiting]);
        let rate = rate.map(|rate| rate.to_string());
        arguments.extend(rate.iter().flat_map(|rate| ["--rate", rate]));
        own(&arguments)
    }

    /// A new database in place of the last.
    fn database(&mut self) -> Outcome<String> {
        let (postgres, last) = (self.server.url("postgres"), self.databases);
        self.databases += 1;
        for sql in [
            format!("DROP DATABASE IF EXISTS bench_{last} WITH (FORCE)"),
            format!("CREATE DATABASE bench_{}", self.databases),
            "CHECKPOINT".to_owned(),
        ] {
            psql(&postgres, &sql).map_err(|failure| failure.0)?;
        }
        Ok(self.server.url(&format!("bench_{}", self.databases)))
    }
}

/// This binary's other drivers.
fn own(arguments: &[&str]) -> Outcome<Value> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments);
    answer(command)
}

fn number(said: &Value, place: &str) -> Outcome<f64> {
    let number = said.pointer(place).and_then(Value::as_f64);
    number.ok_or_else(|| format!("no {place} in {said}").into())
}
