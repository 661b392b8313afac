//! All of `cargo xtask bench messages`: starts what is measured, runs the drivers in turn and gathers their figures.

use crate::{
    Outcome,
    serving::{SEPARATE, Serving, WHOLE},
};
use clap::Args;
use onqueue_testkit::own_postgres;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

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
    /// Only what a label begins with.
    #[arg(long, default_value = "")]
    only: String,
}

/// One measured quantity with a value for each run.
struct Figure {
    label: String,
    unit: &'static str,
    goal: &'static str,
    values: Vec<f64>,
}

/// What was measured so far, in the order of the table.
#[derive(Default)]
pub struct Figures(Vec<Figure>);

impl Figures {
    /// Adds the value of a run.
    pub fn add(&mut self, label: &str, unit: &'static str, goal: &'static str, value: f64) {
        eprintln!("    {label}: {value:.2} {unit}");
        match self.0.iter_mut().find(|figure| figure.label == label) {
            Some(figure) => figure.values.push(value),
            None => self.0.push(Figure {
                label: label.to_owned(),
                unit,
                goal,
                values: vec![value],
            }),
        }
    }

    /// As the bench reads them.
    pub fn json(&self) -> Value {
        let figures = self.0.iter().map(
            |figure| json!({ "label": figure.label, "unit": figure.unit, "goal": figure.goal, "values": figure.values }),
        );
        figures.collect()
    }
}

/// Measures everything, once for each run and in turn within it.
pub async fn run(options: Options) -> Outcome<Value> {
    let mut bench = Bench {
        figures: Figures::default(),
        profile: String::new(),
        options,
    };
    for run in 1..=bench.options.runs {
        eprintln!("run {run} of {}", bench.options.runs);
        if bench.wants("durable") {
            bench.durable().await?;
        }
        if bench.wants("end to end") {
            bench.end_to_end(run == 1).await?;
        }
        if bench.wants("forwarding") {
            bench.forwarding().await?;
        }
        if bench.wants("idle") {
            bench.idle().await?;
        }
    }
    Ok(json!({ "figures": bench.figures.json(), "notes": format!("{NOTES}{}", bench.profile) }))
}

struct Bench {
    options: Options,
    figures: Figures,
    /// Where the time goes, as a table.
    profile: String,
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
- *Forwarding*: an echo that the gateway forwards as it would any rpc of content, to a process behind mutual TLS, beside the
  same echo called directly by bare tonic without TLS.
- *Idle*: memory (proportional set size) of the five processes together for each customer whose page only watches.
- For the load, and only for it, the rates and the connections that one address and one caller may have are raised.
- Absolute values move by a quarter between runs; compare medians and ratios.
";

impl Bench {
    fn wants(&self, part: &str) -> bool {
        part.starts_with(&self.options.only) || self.options.only.starts_with(part)
    }

    /// Session's own path and the bare driver, in turn: many senders, and one alone.
    async fn durable(&mut self) -> Outcome<()> {
        for senders in [64, 1] {
            for database in ["SQLite", "PostgreSQL"] {
                let (session, bare) = match database {
                    "SQLite" => (self.on_sqlite("session", senders)?, self.on_sqlite("bare", senders)?),
                    _ => (
                        self.on_postgres("session", senders, &[]).await?,
                        self.on_postgres("bare", senders, &[]).await?,
                    ),
                };
                self.compare_durable(database, senders, &session, &bare)?;
            }
        }
        let slow = [
            "ALTER SYSTEM SET commit_delay = 1500",
            "ALTER SYSTEM SET commit_siblings = 0",
        ];
        let said = self.on_postgres("session", 64, &slow).await?;
        let label = "durable, PostgreSQL with 1.5 ms flushes, 64 senders, p50";
        self.figures
            .add(label, "ms", "P4: ≤ 4", number(&said, "p50_us")? * 1e-3);
        Ok(())
    }

    fn compare_durable(&mut self, database: &str, senders: usize, session: &Value, bare: &Value) -> Outcome<()> {
        let figures = &mut self.figures;
        if senders == 1 {
            let (own, plain) = (number(session, "p50_us")?, number(bare, "p50_us")?);
            figures.add(
                &format!("durable, {database}, alone, session's path, p50"),
                "µs",
                "",
                own,
            );
            figures.add(
                &format!("durable, {database}, alone, bare statement, p50"),
                "µs",
                "",
                plain,
            );
            figures.add(
                &format!("durable, {database}, alone, of the bare one"),
                "×",
                "P4: ≤ 1.5",
                own / plain,
            );
            return Ok(());
        }
        let (own, driver) = (number(session, "per_second")?, number(bare, "per_second")?);
        figures.add(
            &format!("durable, {database}, {senders} senders, session's path"),
            "1/s",
            "",
            own,
        );
        figures.add(
            &format!("durable, {database}, {senders} senders, bare driver"),
            "1/s",
            "",
            driver,
        );
        let share = 100.0 * own / driver;
        figures.add(
            &format!("durable, {database}, {senders} senders, of the bare one"),
            "%",
            "P4: ≥ 60",
            share,
        );
        let statements = number(session, "statements_each")?;
        figures.add(
            &format!("durable, {database}, {senders} senders, statements each"),
            "",
            "≤ 0.2",
            statements,
        );
        Ok(())
    }

    fn on_sqlite(&self, who: &str, senders: usize) -> Outcome<Value> {
        let folder = tempfile::tempdir_in(&self.options.folder)?;
        let url = format!("sqlite://{}", folder.path().join("onqueue.db").display());
        self.drive(who, &url, senders)
    }

    async fn on_postgres(&self, who: &str, senders: usize, before: &[&str]) -> Outcome<Value> {
        let server = own_postgres(onqueue_daemons::Disk::Synced).await;
        for sql in before.iter().chain(&["SELECT pg_reload_conf()"]) {
            onqueue_daemons::psql(&server.url("onqueue"), sql).map_err(|failure| failure.0)?;
        }
        self.drive(who, &server.url("onqueue"), senders)
    }

    fn drive(&self, who: &str, url: &str, senders: usize) -> Outcome<Value> {
        let (senders, seconds) = (senders.to_string(), self.options.seconds.to_string());
        self.own(&[who, "--url", url, "--senders", &senders, "--seconds", &seconds])
    }

    /// One pair, then 64, against each way to run it.
    async fn end_to_end(&mut self, profile: bool) -> Outcome<()> {
        for (way, name, single, many) in [
            (WHOLE[0], "SQLite in one process", "P5: ≤ 0.8", "P5: ≥ 5,000"),
            (WHOLE[1], "PostgreSQL in one process", "P5: ≤ 0.8", "P5: ≥ 6,000"),
            (SEPARATE, "PostgreSQL, separate", "P5: ≤ 0.8", "P5: ≥ 6,000"),
        ] {
            let serving = Serving::start(way, &self.options.folder).await?;
            let taken = (profile && serving.can_be_profiled()).then(|| serving.profile(self.options.seconds + 1));
            let said = self.load(&serving)?;
            let at = |place: &str| said.pointer(place).and_then(Value::as_f64).ok_or("no figure");
            let label = |what: &str| format!("end to end, {name}, {what}");
            self.figures
                .add(&label("one pair, p50"), "ms", single, at("/pair/p50_us")? * 1e-3);
            self.figures
                .add(&label("one pair, p99"), "ms", "", at("/pair/p99_us")? * 1e-3);
            self.figures
                .add(&label("64 pairs"), "1/s", many, at("/sends/per_second")?);
            self.figures
                .add(&label("64 pairs, p50"), "ms", "", at("/sends/p50_us")? * 1e-3);
            self.figures
                .add(&label("64 pairs, p99"), "ms", "", at("/sends/p99_us")? * 1e-3);
            if let Some(taken) = taken {
                self.profile.push_str(&taken.table(name)?);
            }
        }
        Ok(())
    }

    fn load(&self, serving: &Serving) -> Outcome<Value> {
        let seconds = self.options.seconds.to_string();
        let mut command = Command::new(beside("load")?);
        command.args([
            "--organisation",
            "demo",
            "--senders",
            "64",
            "--pairs",
            "1",
            "--seconds",
            &seconds,
        ]);
        command
            .args(["--address", &serving.door.to_string()])
            .arg("--passwords")
            .arg(&serving.credentials);
        answer(command)
    }

    /// An echo through the gateway and without it, in turn.
    async fn forwarding(&mut self) -> Outcome<()> {
        let echoes = crate::serving::Echoes::start(&self.options.folder).await?;
        for callers in ["64", "1"] {
            let seconds = self.options.seconds.to_string();
            let call = |address: String| {
                self.own(&[
                    "echo",
                    "--address",
                    &address,
                    "--callers",
                    callers,
                    "--seconds",
                    &seconds,
                ])
            };
            let direct = call(echoes.bare.to_string())?;
            let through = call(echoes.door.to_string())?;
            if callers == "1" {
                let added = (number(&through, "p50_us")? - number(&direct, "p50_us")?) * 1e-3;
                self.figures
                    .add("forwarding, one caller, added p50", "ms", "P6: ≤ 0.15", added);
                continue;
            }
            let (direct, through) = (number(&direct, "per_second")?, number(&through, "per_second")?);
            self.figures
                .add("forwarding, 64 callers, bare tonic", "1/s", "", direct);
            self.figures
                .add("forwarding, 64 callers, through the gateway", "1/s", "", through);
            self.figures.add(
                "forwarding, 64 callers, of bare tonic",
                "%",
                "P6: ≥ 55",
                100.0 * through / direct,
            );
        }
        Ok(())
    }

    /// Customers who only watch, on shared connections and on their own.
    async fn idle(&mut self) -> Outcome<()> {
        for (connections, goal, guests) in [("shared", "P7: ≤ 24", self.options.guests), ("own", "P7: ≤ 50", 2_000)]
        {
            let serving = Serving::start(SEPARATE, &self.options.folder).await?;
            let (guests, processes) = (guests.to_string(), serving.processes.iter().map(ToString::to_string));
            let processes = processes.collect::<Vec<_>>().join(",");
            let (door, file) = (serving.door.to_string(), serving.credentials.display().to_string());
            let mut arguments = vec!["idle", "--address", &door, "--credentials", &file];
            arguments.extend(["--guests", &guests, "--processes", &processes]);
            if connections == "own" {
                arguments.push("--own-connections");
            }
            let said = self.own(&arguments)?;
            let bytes = number(&said, "bytes_each")?;
            self.figures.add(
                &format!("idle, {connections} connections, each of {guests}"),
                "kB",
                goal,
                bytes * 1e-3,
            );
            if connections == "shared" {
                let rate = number(&said, "per_second")?;
                self.figures.add("idle, new ones a second", "1/s", "P7: ≥ 1,000", rate);
            }
        }
        Ok(())
    }

    /// This binary's other drivers.
    fn own(&self, arguments: &[&str]) -> Outcome<Value> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments);
        answer(command)
    }
}

/// A binary of the same build.
pub fn beside(name: &str) -> Outcome<PathBuf> {
    Ok(std::env::current_exe()?.parent().unwrap_or(Path::new(".")).join(name))
}

/// What another driver answers.
pub fn answer(mut command: Command) -> Outcome<Value> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{command:?} failed: {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn number(said: &Value, key: &str) -> Outcome<f64> {
    said[key].as_f64().ok_or_else(|| format!("no {key} in {said}").into())
}
