//! All of `cargo xtask bench messages`: starts what is measured, runs the drivers in turn and gathers their figures.

mod beside;
mod durable;
mod watched;

use crate::{
    Outcome,
    figures::{Figures, answer, beside, milliseconds, number, own},
    profile,
    serving::{Echoes, Serving, Way},
};
use clap::Args;
use serde_json::{Value, json};
use std::{path::PathBuf, process::Command};

/// How often, and where files may be put.
#[derive(Args, Debug)]
pub struct Options {
    /// How often each figure is taken.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// A folder on the disk that is measured.
    #[arg(long)]
    folder: PathBuf,
    /// Seconds for each driver.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Guests who only watch.
    #[arg(long, default_value_t = 10_000)]
    guests: usize,
    /// The most participants in the table.
    #[arg(long, default_value_t = 20)]
    participants: usize,
    /// Who watch one conversation.
    #[arg(long, default_value_t = 1_000)]
    watchers: usize,
    /// How often something is said to them.
    #[arg(long, default_value_t = 100)]
    messages: usize,
    /// Where Debian's packages of ejabberd are: `/`, or the folder into which they were unpacked. Left out if not said.
    #[arg(long)]
    ejabberd: Option<PathBuf>,
    /// Only in one process on SQLite where that says something too, and at a tenth of the rates.
    #[arg(long)]
    small: bool,
    /// Only what a label begins with.
    #[arg(long, default_value = "")]
    only: String,
}

/// Measures everything, once for each run and in turn within it.
pub async fn run(options: Options) -> Outcome<Value> {
    let mut bench = Bench {
        figures: Figures::default(),
        profiles: String::new(),
        options,
    };
    for run in 1..=bench.options.runs {
        eprintln!("run {run} of {}", bench.options.runs);
        bench.once(run == 1 && profile::is_possible()).await?;
    }
    Ok(json!({ "figures": bench.figures.json(), "notes": format!("{NOTES}{}", bench.profiles) }))
}

struct Bench {
    options: Options,
    figures: Figures,
    /// Where the time goes, as tables.
    profiles: String,
}

/// What one must know to read the table.
const NOTES: &str = "\
- Everything runs on the one machine and shares its cores, drivers included. In each run the sides of a comparison are
  measured one after the other; *of* gives their ratio within each run.
- *Durable*: messages made durable on session's own path (its rpc called in the process, rules, group commit), beside the
  bare database driver that writes the same columns of as many bytes into the same tables, also with group commit (at most
  256 to a transaction, on PostgreSQL in one statement). *1.5 ms flushes*: PostgreSQL waits that long before each flush
  (`commit_delay`), as disks elsewhere do.
- *End to end*: closed loop. *One pair*: a customer sends, the message comes out of the other side's open stream, in turn.
  *64 pairs*: each in a conversation of its own with an open stream on the other side; a send counts when it was
  acknowledged, which is after its commit. *In one process*: all services, as on a laptop. *Separate*: gateway, session,
  routing, auth and content as processes of their own with mutual TLS between them, PostgreSQL and NATS.
- *Pairs*: ejabberd is Debian's package with its settings but for ports, for `mod_mam` (always) on PostgreSQL and for the
  limit on one client's traffic; its clients speak XMPP over TCP without TLS, ours gRPC over HTTP/2 without TLS. *In turn*:
  the next message is sent when the last one has come out of all streams of its conversation (ours also out of the sender's
  own, and acknowledged). *A second*: open loop at that rate over 64 pairs; the time is from the moment at which a message
  was to be sent to its coming out of a stream, for every stream. What ejabberd was sent was looked up in its archive.
- *Table*: conversations × open streams of each, 64 senders together, closed loop by acknowledgement; the time is from the
  call to each stream.
- *Fan-out*: one message to so many open streams of one conversation on at least 16 connections, the median of 100 in
  each run; *bare tonic* hands on frames of the same size without a database. *From the call* includes the commit.
- *Typing*: each typist has one who sees it. *Session's path*: the rpc called in the process; statements are those of all
  that goes on meanwhile.
- *Forwarding*: an echo that the gateway forwards as it would any rpc of content, to a process behind mutual TLS, beside the
  same echo called directly by bare tonic without TLS.
- *Idle*: memory (proportional set size) of the five processes together for each customer whose page only watches.
- For the load, and only for it, the rates and the connections that one address and one caller may have are raised.
- Absolute values move by a quarter between runs; compare medians and ratios.
";

impl Bench {
    /// Everything that is wanted, once; it may be shown too where the time goes.
    async fn once(&mut self, is_profiled: bool) -> Outcome<()> {
        if self.wants("durable") {
            self.durable(is_profiled).await?;
        }
        if self.wants("end to end") {
            self.end_to_end(is_profiled).await?;
        }
        if self.wants("pairs") {
            self.beside().await?;
        }
        if self.wants("table") {
            self.table().await?;
        }
        if self.wants("fan-out") {
            self.fan_out().await?;
        }
        if self.wants("typing") {
            self.typing(is_profiled).await?;
        }
        if self.wants("forwarding") {
            self.forwarding().await?;
        }
        if self.wants("idle") {
            self.idle().await?;
        }
        Ok(())
    }

    /// The ways to run Onqueue that are compared.
    fn ways(&self) -> &'static [(Way, &'static str)] {
        const WAYS: [(Way, &str); 3] = [
            (Way::Sqlite, "SQLite in one process"),
            (Way::Postgres, "PostgreSQL in one process"),
            (Way::Separate, "PostgreSQL, separate"),
        ];
        if self.options.small { &WAYS[..1] } else { &WAYS }
    }

    /// Messages a second.
    fn rate(&self, full: u32) -> String {
        let rate = if self.options.small { full / 10 } else { full };
        rate.to_string()
    }

    fn wants(&self, part: &str) -> bool {
        part.starts_with(&self.options.only) || self.options.only.starts_with(part)
    }

    /// One pair, then 64, against each way to run it.
    async fn end_to_end(&mut self, is_profiled: bool) -> Outcome<()> {
        for (way, name) in self.ways() {
            let is_sqlite = matches!(way, Way::Sqlite);
            let many = if is_sqlite { "P5: ≥ 5,000" } else { "P5: ≥ 6,000" };
            let serving = Serving::start(*way, &self.options.folder).await?;
            let taken = is_profiled.then(|| serving.profile(self.options.seconds + 1));
            let said = self.load(&serving)?;
            let label = |what: &str| format!("end to end, {name}, {what}");
            for (what, place, goal) in [
                ("one pair, p50", "/pair/p50_us", "P5: ≤ 0.8"),
                ("one pair, p99", "/pair/p99_us", ""),
                ("64 pairs, p50", "/sends/p50_us", ""),
                ("64 pairs, p99", "/sends/p99_us", ""),
            ] {
                self.figures.add(&label(what), "ms", goal, milliseconds(&said, place)?);
            }
            let rate = number(&said, "/sends/per_second")?;
            self.figures.add(&label("64 pairs"), "1/s", many, rate);
            if let Some(taken) = taken {
                let what = format!("end to end, {name}, 64 pairs, our processes");
                self.profiles.push_str(&taken.table(&what)?);
            }
        }
        Ok(())
    }

    fn load(&self, serving: &Serving) -> Outcome<Value> {
        let seconds = self.options.seconds.to_string();
        let mut command = Command::new(beside("load")?);
        command.args(["--organisation", "demo", "--senders", "64", "--pairs", "1"]);
        command.args(["--seconds", &seconds, "--address", &serving.door.to_string()]);
        command.arg("--passwords").arg(&serving.credentials);
        answer(command)
    }

    /// An echo through the gateway and without it, in turn.
    async fn forwarding(&mut self) -> Outcome<()> {
        let echoes = Echoes::start(&self.options.folder).await?;
        let seconds = self.options.seconds.to_string();
        for callers in ["64", "1"] {
            let call = |address: String| {
                let load = ["--callers", callers, "--seconds", &seconds];
                own(&[&["echo", "--address", &address][..], &load[..]].concat())
            };
            let direct = call(echoes.bare.to_string())?;
            let through = call(echoes.door.to_string())?;
            if callers == "1" {
                let added = milliseconds(&through, "/p50_us")? - milliseconds(&direct, "/p50_us")?;
                self.figures
                    .add("forwarding, one caller, added p50", "ms", "P6: ≤ 0.15", added);
                continue;
            }
            let (direct, through) = (number(&direct, "/per_second")?, number(&through, "/per_second")?);
            for (what, unit, goal, value) in [
                ("bare tonic", "1/s", "", direct),
                ("through the gateway", "1/s", "", through),
                ("of bare tonic", "%", "P6: ≥ 55", 100.0 * through / direct),
            ] {
                self.figures
                    .add(&format!("forwarding, 64 callers, {what}"), unit, goal, value);
            }
        }
        Ok(())
    }
}
