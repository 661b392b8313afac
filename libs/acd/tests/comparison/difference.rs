//! Where the engine does not do as the naive one: found by seed, and cut down to what it takes.

use crate::naive::Naive;
use crate::world::{Log, World, log};
use onqueue_acd::{Applied, Command, Engine, Rules};
use onqueue_model::Timestamp;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Commands of a world after its opening.
pub const STEPS: usize = 1_000;

/// Both, side by side.
struct Pair {
    engine: Engine,
    naive: Naive,
    steps: usize,
}

impl Pair {
    fn new(rules: Rules) -> Self {
        Self {
            engine: Engine::with_rules(rules),
            naive: Naive::default(),
            steps: 0,
        }
    }

    /// What the naive one makes of it, and how the engine differs.
    fn step(&mut self, now: Timestamp, command: &Command) -> (Applied, Option<String>) {
        let (engine, naive) = (&mut self.engine, &mut self.naive);
        let right = catch_unwind(AssertUnwindSafe(|| naive.apply(now, command)));
        let Ok(right) = right else {
            return (nothing(), Some("the naive one panicked".to_owned()));
        };
        let applied = catch_unwind(AssertUnwindSafe(|| engine.apply(now, command.clone())));
        self.steps += 1;
        let differs = match applied {
            Err(_) => Some("the engine panicked".to_owned()),
            Ok(applied) if applied != right => Some(what_differs(&applied, &right)),
            Ok(_) => self.view_differs(),
        };
        (right, differs)
    }

    fn view_differs(&self) -> Option<String> {
        let (deadline, right) = (self.engine.next_deadline(), self.naive.next_deadline());
        if deadline.map(Timestamp::millis) != right {
            return Some(format!("next deadline {deadline:?}, but {right:?} for the naive one"));
        }
        // Reading everything after each command would take most of the time.
        if !self.steps.is_multiple_of(8) {
            return None;
        }
        self.engine.queues().find_map(|queue| {
            let waiting: Vec<_> = self.engine.waiting(queue.config.id).map(|it| it.id).collect();
            let right = self.naive.waiting(queue.config.id);
            if waiting != right {
                return Some(format!("waiting {waiting:?}, but {right:?} for the naive one"));
            }
            waiting.into_iter().find_map(|id| {
                let explained = self.engine.explain(id, self.engine.now())?;
                let explained = Some((explained.stage, explained.excluded));
                let right = self.naive.why_waiting(id);
                (explained != right).then(|| format!("{id} waits by {explained:?}, but {right:?} for the naive one"))
            })
        })
    }
}

fn nothing() -> Applied {
    let effects = Vec::new();
    Applied { effects, refusal: None }
}

/// From the first effect on in which they differ.
fn what_differs(applied: &Applied, right: &Applied) -> String {
    let pairs = applied.effects.iter().zip(&right.effects);
    let same = pairs.take_while(|(one, other)| one == other).count();
    let rest = |of: &Applied| {
        let mut text = String::new();
        for effect in of.effects.iter().skip(same).take(3) {
            let _ = writeln!(text, "  {effect:?}");
        }
        let _ = write!(text, "  refusal: {:?}", of.refusal);
        text
    };
    format!(
        "after {same} equal effects the engine:\n{}\nthe naive one:\n{}",
        rest(applied),
        rest(right)
    )
}

/// A log after whose last command they differ.
pub struct Difference {
    pub log: Log,
    pub text: String,
}

/// The first difference in the world of this seed; how many commands it took otherwise.
pub fn by_seed(seed: u64, rules: Rules) -> Result<usize, Difference> {
    let mut pair = Pair::new(rules);
    let mut found: Option<String> = None;
    let mut until_then: Log = Vec::new();
    let log = log(&mut World::new(seed), STEPS, |now, command| {
        if found.is_some() {
            // What follows a difference is thrown away.
            return nothing();
        }
        let (right, differs) = pair.step(now, command);
        until_then.push((now, command.clone()));
        found = differs;
        right
    });
    match found {
        None => Ok(log.len()),
        Some(text) => Err(Difference { log: until_then, text }),
    }
}

/// The first difference in this log.
fn in_log(log: &[(Timestamp, Command)], rules: Rules) -> Option<(usize, String)> {
    let mut pair = Pair::new(rules);
    let mut steps = log.iter().enumerate();
    steps.find_map(|(step, (now, command))| Some((step, pair.step(*now, command).1?)))
}

/// Leaves out what the difference does not need: half of the log, a quarter, … a command.
pub fn shrink(found: Difference, rules: Rules) -> Difference {
    let mut least = found;
    let mut size = least.log.len().div_ceil(2);
    loop {
        let mut from = 0;
        while from < least.log.len() {
            let mut fewer = least.log.clone();
            fewer.drain(from..least.log.len().min(from + size));
            match in_log(&fewer, rules) {
                Some((step, text)) => {
                    fewer.truncate(step + 1);
                    least = Difference { log: fewer, text };
                }
                None => from += size,
            }
        }
        if size == 1 {
            return least;
        }
        size = size.div_ceil(2);
    }
}

/// What to print of a difference: the commands that it takes, and what differs.
pub fn report(seed: u64, found: Difference) -> String {
    let steps = found.log.len();
    let least = shrink(found, Rules::default());
    let mut text = format!(
        "seed {seed} differs in step {steps}; {} of the commands suffice:\n",
        least.log.len()
    );
    for (now, command) in &least.log {
        let command = serde_json::to_string(command).expect("commands are JSON");
        let _ = writeln!(text, "{} {command}", now.0);
    }
    text + &least.text
}
