//! The sentences in which routing explains itself, in German and English. The only place that has them.

mod de;
mod en;
#[cfg(test)]
mod tests;

use onqueue_acd::{Decided, Exclusion, Load, Medium, Stage};

/// The words of the language for somebody who reads that one (BCP-47): German for `de…`, else English.
pub fn words(language: &str) -> &'static dyn Words {
    let primary = language.split(['-', '_']).next().unwrap_or_default();
    match primary.eq_ignore_ascii_case("de") {
        true => &de::German,
        false => &en::English,
    }
}

/// A reason with the name of what it is about: the skill, the label, or the language asked for as its tag.
#[derive(Clone, Copy, Debug)]
pub struct Why<'a> {
    pub exclusion: Exclusion,
    pub name: &'a str,
}

/// An offer.
#[derive(Clone, Copy, Debug)]
pub struct Offered<'a> {
    pub agent: &'a str,
    pub decided: Decided,
    pub idle_ms: u64,
    /// How many could have had it, themselves included.
    pub eligible: u32,
}

/// Something that waits.
#[derive(Clone, Debug)]
pub struct Waits<'a> {
    /// Since when; not known of an earlier look.
    pub waited_ms: Option<u64>,
    /// How many members the queue has; not known of an earlier look.
    pub members: Option<u32>,
    /// How many could have it.
    pub eligible: u32,
    /// With their numbers.
    pub reasons: &'a [(Why<'a>, u32)],
}

/// What would change that something waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// That stage opens after so many milliseconds.
    Stage(Stage, u64),
    /// So many who know all that is required are kept by what they have in hand.
    Room(u32),
    /// So many of them are not on queue, or do not respond.
    Presence(u32),
    /// So many of them have not joined the queue.
    Join(u32),
    /// There is nobody among the members who knows all that is required.
    Staffing,
}

/// Why there is no list of all candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// The log of that time is not kept any more.
    OutOfRetention,
    /// The log leads to another decision now.
    NotRepeatable,
}

/// What is said, in one language. Sentences end with a full stop; the others are parts of sentences or of tables.
pub trait Words: Sync {
    /// How long, in the largest units that say enough.
    fn duration(&self, ms: u64) -> String;
    /// What the language of that tag is called.
    fn language(&self, tag: &str) -> String;
    /// So many of a kind of work.
    fn work(&self, medium: Medium, number: u32) -> String;
    /// How many have not had it for that reason: the number and the end of a sentence.
    fn counted(&self, why: Why<'_>, count: u32) -> String;
    /// A sentence: why an agent cannot have it.
    fn excluded(&self, agent: &str, why: Why<'_>, load: Option<Load>) -> String;
    /// To whom it is open.
    fn stage(&self, stage: Stage) -> String;
    /// What decided.
    fn decided(&self, decided: Decided) -> String;
    /// A sentence: who got it, and why.
    fn offered(&self, offered: Offered<'_>) -> String;
    /// A sentence: since when it waits, and why.
    fn waits(&self, waits: &Waits<'_>) -> String;
    /// A sentence: what would change it.
    fn change(&self, change: Change) -> String;
    /// A sentence: it alerts the agent.
    fn alerts(&self, agent: &str) -> String;
    /// A sentence: the agent has it.
    fn has(&self, agent: &str) -> String;
    /// A sentence: the agent could have it, at that place among so many; who is first.
    fn eligible(&self, agent: &str, place: u32, first: &str) -> String;
    /// A sentence: why there is no list.
    fn unavailable(&self, why: Unavailable) -> String;
}

/// A time in its two largest units that are not 0, of days, hours, minutes and seconds; at least a second is spoken of.
fn units(ms: u64) -> Vec<(u64, usize)> {
    let seconds = (ms / 1_000).max(1);
    let all = [seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60];
    let first = all.iter().position(|number| *number > 0).unwrap_or(3);
    let told = (first..all.len()).take(if first < 2 { 2 } else { 1 });
    told.filter(|unit| all[*unit] > 0)
        .map(|unit| (all[unit], unit))
        .collect()
}

/// The first subtag of a language.
fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or_default()
}
