//! Pairs who talk, through Onqueue and through ejabberd with its archive on PostgreSQL, in turn: as fast as they can, and at
//! constant rates.

use super::Bench;
use crate::{
    Outcome,
    ejabberd::Ejabberd,
    figures::{milliseconds, number, own},
    serving::{Serving, Way},
};
use serde_json::Value;
use std::path::Path;

/// How many pairs there are, but for the one alone.
const PAIRS: &str = "64";

/// What one server answered to each of the loads.
struct Side {
    name: String,
    /// One pair, each message sent when the last one has arrived.
    alone: Value,
    /// 64 pairs, the same.
    many: Value,
    /// 64 pairs together at each rate.
    rates: Vec<(String, Value)>,
}

/// Messages a second, with the goals for the time from when one was to be sent until it came out of every stream.
const RATES: [(u32, &str); 2] = [(300, "P5: ≤ ejabberd's"), (2_000, "P5: ≤ 10")];

/// Drives one server.
fn measure(
    name: String,
    (seconds, rates): (&str, [String; 2]),
    drive: impl Fn(&str, &[&str]) -> Outcome<Value>,
) -> Outcome<Side> {
    let load = |pairs: &str, more: &[&str]| {
        let usual = ["--seconds", seconds, "--senders", pairs];
        drive(pairs, &[&usual, more].concat())
    };
    // Code and tables are warm from here on, on either side.
    load(PAIRS, &["--in-turn"])?;
    Ok(Side {
        name,
        alone: load("1", &["--in-turn"])?,
        many: load(PAIRS, &["--in-turn"])?,
        rates: rates
            .into_iter()
            .map(|rate| Ok((rate.clone(), load(PAIRS, &["--rate", &rate])?)))
            .collect::<Outcome<_>>()?,
    })
}

impl Bench {
    /// Every way to run Onqueue, and ejabberd if it is there.
    pub(super) async fn beside(&mut self) -> Outcome<()> {
        let peer = match self.options.ejabberd.clone() {
            Some(root) => Some(self.peer(&root).await?),
            None => None,
        };
        for (way, name) in self.ways() {
            let side = self.ours(*way, format!("Onqueue, {name}")).await?;
            self.tell(&side)?;
            // It keeps its archive in PostgreSQL.
            let is_like = !matches!(way, Way::Sqlite);
            if let Some(peer) = peer.as_ref().filter(|_| is_like) {
                self.compare(&side, peer)?;
            }
        }
        match peer {
            Some(peer) => self.tell(&peer),
            None => Ok(()),
        }
    }

    fn rates(&self) -> [String; 2] {
        RATES.map(|(rate, _)| self.rate(rate))
    }

    async fn ours(&self, way: Way, name: String) -> Outcome<Side> {
        let serving = Serving::start(way, &self.options.folder).await?;
        let (door, file) = (serving.door.to_string(), serving.credentials.display().to_string());
        let seconds = self.options.seconds.to_string();
        measure(name, (&seconds, self.rates()), |pairs, load| {
            let place = [
                "talk",
                "--address",
                &door,
                "--credentials",
                &file,
                "--conversations",
                pairs,
            ];
            own(&[&place, load].concat())
        })
    }

    async fn peer(&self, root: &Path) -> Outcome<Side> {
        let server = Ejabberd::start(root, &self.options.folder, PAIRS.parse()?).await?;
        let (address, seconds) = (server.address.to_string(), self.options.seconds.to_string());
        let side = measure(
            "ejabberd with its archive".to_owned(),
            (&seconds, self.rates()),
            |_, load| own(&[&["xmpp", "--address", &address], load].concat()),
        )?;
        let all = side.rates.iter().map(|(_, said)| said).chain([&side.alone, &side.many]);
        let sent: f64 = all.map(|said| number(said, "/sends/count")).sum::<Outcome<f64>>()?;
        let archived = server.archived()?;
        if (archived as f64) < sent {
            return Err(format!("{archived} of {sent} messages are in ejabberd's archive").into());
        }
        Ok(side)
    }

    fn tell(&mut self, side: &Side) -> Outcome<()> {
        let label = |what: &str| format!("pairs, {}, {what}", side.name);
        let is_ours = side.name.starts_with("Onqueue");
        let goal = |text: &'static str| if is_ours { text } else { "" };
        for (what, place, limit) in [
            ("one in turn, p50", "/delivered/p50_us", "P5: ≤ 0.8"),
            ("one in turn, p99", "/delivered/p99_us", ""),
        ] {
            self.figures
                .add(&label(what), "ms", goal(limit), milliseconds(&side.alone, place)?);
        }
        let rate = number(&side.many, "/sends/per_second")?;
        self.figures.add(&label("64 in turn"), "1/s", "", rate);
        for ((_, limit), (rate, said)) in RATES.iter().zip(&side.rates) {
            let figures = [("p50", "/delivered/p50_us", ""), ("p99", "/delivered/p99_us", *limit)];
            for (what, place, limit) in figures {
                let label = label(&format!("{rate} a second, {what}"));
                self.figures.add(&label, "ms", goal(limit), milliseconds(said, place)?);
            }
        }
        Ok(())
    }

    fn compare(&mut self, side: &Side, peer: &Side) -> Outcome<()> {
        let quotient =
            |one: &Value, other: &Value, place: &str| Outcome::Ok(number(one, place)? / number(other, place)?);
        let rows = [
            (
                "one in turn, p50, of ejabberd's",
                &side.alone,
                &peer.alone,
                "/delivered/p50_us",
                "",
            ),
            (
                "64 in turn, of ejabberd's",
                &side.many,
                &peer.many,
                "/sends/per_second",
                "P5: ≥ 3",
            ),
            (
                "300 a second, p99, of ejabberd's",
                &side.rates[0].1,
                &peer.rates[0].1,
                "/delivered/p99_us",
                "P5: ≤ 1",
            ),
            (
                "2000 a second, p99, of ejabberd's",
                &side.rates[1].1,
                &peer.rates[1].1,
                "/delivered/p99_us",
                "",
            ),
        ];
        for (what, one, other, place, goal) in rows {
            let label = format!("pairs, {}, {what}", side.name);
            self.figures.add(&label, "×", goal, quotient(one, other, place)?);
        }
        Ok(())
    }
}
