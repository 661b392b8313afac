//! What many see: conversations with many participants, one message to a thousand watchers, previews of typing, customers who
//! only watch.

use super::Bench;
use crate::{
    Outcome,
    figures::{milliseconds, number, own},
    profile,
    serving::{BareHall, Serving, Way},
};
use onqueue_testkit::own_postgres;

/// Conversations, and open streams of each.
const CONVERSATIONS: [usize; 3] = [1, 16, 256];
const PARTICIPANTS: [usize; 3] = [2, 5, 20];

/// Previews a second for the one of their goals, of all typists together.
const PREVIEWS: u32 = 5_000;

impl Bench {
    /// Sends a second and the time until every stream has a message, by conversations and participants, 64 senders together.
    pub(super) async fn table(&mut self) -> Outcome<()> {
        for (way, name) in self.ways().iter().take(2) {
            let serving = Serving::start(*way, &self.options.folder).await?;
            let (door, file) = (serving.door.to_string(), serving.credentials.display().to_string());
            let few = if self.options.small { 2 } else { CONVERSATIONS.len() };
            for conversations in &CONVERSATIONS[..few] {
                for participants in PARTICIPANTS.iter().filter(|count| **count <= self.options.participants) {
                    let (many, each) = (conversations.to_string(), participants.to_string());
                    let place = ["talk", "--address", &door, "--credentials", &file];
                    let seconds = self.options.seconds.min(3).to_string();
                    let load = ["--conversations", &many, "--participants", &each, "--seconds", &seconds];
                    let said = own(&[&place[..], &load[..]].concat())?;
                    let label = |what: &str| format!("table, {name}, {many} × {each}, {what}");
                    let sends = number(&said, "/sends/per_second")?;
                    self.figures.add(&label("sends"), "1/s", "", sends);
                    let late = milliseconds(&said, "/delivered/p99_us")?;
                    self.figures.add(&label("to every stream, p99"), "ms", "", late);
                }
            }
        }
        Ok(())
    }

    /// One message to everybody, beside bare tonic.
    pub(super) async fn fan_out(&mut self) -> Outcome<()> {
        let (watchers, messages) = (self.options.watchers.to_string(), self.options.messages.to_string());
        let hall = ["--watchers", &watchers, "--messages", &messages];
        let bare = {
            let hall_service = BareHall::start(&self.options.folder)?;
            let address = hall_service.address.to_string();
            own(&[&["fan-out-bare", "--address", &address][..], &hall[..]].concat())?
        };
        for (way, name) in self.ways() {
            let serving = Serving::start(*way, &self.options.folder).await?;
            let (door, file) = (serving.door.to_string(), serving.credentials.display().to_string());
            let place = ["fan-out", "--address", &door, "--credentials", &file];
            let said = own(&[&place[..], &hall[..]].concat())?;
            let label = |what: &str| format!("fan-out, {name}, last of {watchers}, {what}");
            let last = milliseconds(&said, "/from_call/p50_us")?;
            self.figures.add(&label("from the call"), "ms", "P8: ≤ 40", last);
            let after = milliseconds(&said, "/from_answer/p50_us")?;
            self.figures.add(&label("after the answer"), "ms", "", after);
            let plain = milliseconds(&bare, "/from_call/p50_us")?;
            self.figures.add(&label("of bare tonic"), "×", "", last / plain);
        }
        for (what, place) in [("median", "/from_call/p50_us"), ("p99", "/from_call/p99_us")] {
            let label = format!("fan-out, bare tonic, last of {watchers}, from the call, {what}");
            self.figures.add(&label, "ms", "", milliseconds(&bare, place)?);
        }
        Ok(())
    }

    /// Previews on session's own path, and through the door.
    pub(super) async fn typing(&mut self, is_profiled: bool) -> Outcome<()> {
        let seconds = self.options.seconds.to_string();
        let server = own_postgres(onqueue_daemons::Disk::Synced).await;
        let url = server.url("onqueue");
        let said = own(&["typing-session", "--url", &url, "--seconds", &seconds])?;
        if is_profiled {
            let what = "typing, session's path, 64 typists";
            let other = own_postgres(onqueue_daemons::Disk::Synced).await;
            let arguments = ["typing-session", "--url", &other.url("onqueue")];
            let table = profile::of_driver(&arguments, &self.options.folder, what)?;
            self.profiles.push_str(&table);
        }
        drop(server);
        let label = |what: &str| format!("typing, session's path, 64 typists, {what}");
        let sent = number(&said, "/sends/per_second")?;
        self.figures.add(&label("sent"), "1/s", "P8: ≥ 50,000", sent);
        let seen = number(&said, "/delivered/per_second")?;
        self.figures.add(&label("seen by another"), "1/s", "", seen);
        let statements = 1e3 * number(&said, "/statements_each")?;
        self.figures
            .add(&label("statements for 1,000"), "", "P8: 0", statements);
        for (way, name) in self.ways() {
            let serving = Serving::start(*way, &self.options.folder).await?;
            let (door, file) = (serving.door.to_string(), serving.credentials.display().to_string());
            let place = [
                "typing",
                "--address",
                &door,
                "--credentials",
                &file,
                "--seconds",
                &seconds,
            ];
            let label = |what: &str| format!("typing, {name}, {what}");
            let (most, rate) = (own(&place)?, self.rate(PREVIEWS));
            self.figures.add(
                &label("64 typists, sent"),
                "1/s",
                "",
                number(&most, "/sends/per_second")?,
            );
            let said = own(&[&place[..], &["--rate", &rate][..]].concat())?;
            for (what, place, goal) in [
                ("p50", "/delivered/p50_us", ""),
                ("p99", "/delivered/p99_us", "P8: ≤ 5"),
            ] {
                let label = label(&format!("{rate} a second, {what}"));
                self.figures.add(&label, "ms", goal, milliseconds(&said, place)?);
            }
            self.figures.add(
                &label(&format!("{rate} a second, left out")),
                "",
                "",
                number(&said, "/lost")?,
            );
        }
        Ok(())
    }

    /// Customers who only watch, on shared connections and on their own.
    pub(super) async fn idle(&mut self) -> Outcome<()> {
        for (connections, goal, guests) in [("shared", "P7: ≤ 24", self.options.guests), ("own", "P7: ≤ 50", 2_000)]
        {
            let serving = Serving::start(Way::Separate, &self.options.folder).await?;
            let guests = guests.min(self.options.guests).to_string();
            let processes: Vec<String> = serving.processes.iter().map(ToString::to_string).collect();
            let processes = processes.join(",");
            let (door, file) = (serving.door.to_string(), serving.credentials.display().to_string());
            let mut arguments = vec!["idle", "--address", &door, "--credentials", &file];
            arguments.extend(["--guests", &guests, "--processes", &processes]);
            if connections == "own" {
                arguments.push("--own-connections");
            }
            let said = own(&arguments)?;
            let label = format!("idle, {connections} connections, each of {guests}");
            self.figures
                .add(&label, "kB", goal, number(&said, "/bytes_each")? * 1e-3);
            if connections == "shared" {
                let rate = number(&said, "/per_second")?;
                self.figures.add("idle, new ones a second", "1/s", "P7: ≥ 1,000", rate);
            }
        }
        Ok(())
    }
}
