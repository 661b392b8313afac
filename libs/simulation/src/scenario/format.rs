//! The format of a scenario, as it stands in the file. Every time is in the unit that its name says.

use onqueue_acd::{AfterContactMode, Comparison, Evaluation, IdleFrom, LastAgentMode, Medium, Metric, Scoring};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub run: Run,
    #[serde(default)]
    pub settings: Settings,
    pub queues: BTreeMap<String, Queue>,
    pub arrivals: BTreeMap<String, Arrivals>,
    pub agents: BTreeMap<String, Agents>,
    #[serde(default)]
    pub variants: Vec<toml::Table>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Run {
    pub replications: u32,
    pub seed: u64,
    /// What is measured.
    pub hours: f64,
    /// What is simulated before, and not measured.
    pub warm_up_hours: f64,
    /// The time of day when the simulation begins, warm-up included.
    pub begins: ClockTime,
    /// Results are told for each such interval too; 0 is not at all.
    pub interval_minutes: f64,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            replications: 20,
            seed: 1,
            hours: 24.0,
            warm_up_hours: 0.0,
            begins: ClockTime { minutes: 0 },
            interval_minutes: 0.0,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// 0 is no cut.
    pub top_n: u32,
    pub language_counts: bool,
    pub least_loaded: bool,
    pub idle_from: IdleFrom,
    pub on_queue_resets_idle: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let usual = onqueue_acd::Settings::default();
        Self {
            top_n: usual.top.unwrap_or(0),
            language_counts: usual.language_counts,
            least_loaded: usual.least_loaded,
            idle_from: usual.idle_from,
            on_queue_resets_idle: usual.on_queue_resets_idle,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Queue {
    pub target_seconds: Option<f64>,
    pub limit: Option<u32>,
    pub evaluation: Evaluation,
    pub scoring: Scoring,
    pub method: MethodName,
    pub rings: Vec<Ring>,
    pub preferred: Preferred,
    pub conditional: Conditional,
    pub last_agent: LastAgent,
    pub after_contact: AfterContact,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MethodName {
    #[default]
    Standard,
    Bullseye,
    Preferred,
    Conditional,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ring {
    #[serde(default)]
    pub seconds: f64,
    #[serde(default)]
    pub skills_to_remove: Vec<String>,
    #[serde(default)]
    pub groups: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Preferred {
    pub rules: Vec<PreferredRule>,
    pub then_all_preferred: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreferredRule {
    pub threshold: u8,
    pub seconds: f64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Conditional {
    pub rules: Vec<GroupRule>,
}

/// The estimated wait is compared in seconds, the service level in percent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRule {
    pub queue: Option<String>,
    pub metric: Metric,
    pub comparison: Comparison,
    pub value: f64,
    pub groups: Vec<String>,
    #[serde(default)]
    pub seconds: f64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LastAgent {
    pub mode: LastAgentMode,
    pub hold_seconds: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AfterContact {
    pub mode: AfterContactMode,
    pub timeout_seconds: Option<f64>,
    pub holds_slot: bool,
}

impl Default for AfterContact {
    fn default() -> Self {
        Self {
            mode: AfterContactMode::Optional,
            timeout_seconds: None,
            holds_slot: true,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrivals {
    pub queue: String,
    pub per_hour: Rate,
    /// How long each number of a list of rates holds.
    #[serde(default = "an_hour")]
    pub interval_minutes: f64,
    #[serde(default)]
    pub medium: Medium,
    #[serde(default)]
    pub skills: Asked,
    pub language: Option<String>,
    #[serde(default)]
    pub priority: i32,
    pub handle_seconds: Spread,
    pub wrap_up_seconds: Option<Spread>,
    pub patience_seconds: Option<Spread>,
    pub preferred: Option<PreferredAgents>,
    /// The share of those who name the agent whom they had last: one of the queue's members, by chance.
    #[serde(default)]
    pub last_agent_share: f64,
}

const fn an_hour() -> f64 {
    60.0
}

#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "write a number of arrivals per hour, or a list of them, one for each interval"
)]
pub enum Rate {
    Steady(f64),
    Profile(Vec<f64>),
}

/// Skills that are asked for, perhaps with the least stars.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "write a list of skills (one star is enough) or a table of skills with the least stars: { billing = 3 }"
)]
pub enum Asked {
    Names(BTreeSet<String>),
    Least(BTreeMap<String, f64>),
}

impl Default for Asked {
    fn default() -> Self {
        Self::Names(BTreeSet::new())
    }
}

impl Asked {
    pub fn with_stars(&self) -> BTreeMap<String, f64> {
        match self {
            Self::Names(names) => names.iter().map(|name| (name.clone(), 1.0)).collect(),
            Self::Least(least) => least.clone(),
        }
    }
}

/// How long something takes, in seconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// Always so long.
    Constant(f64),
    /// With this mean.
    Exponential(f64),
    Erlang(Erlang),
    Lognormal(Lognormal),
}

/// The sum of so many equal exponential stages.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erlang {
    pub mean: f64,
    pub stages: u32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lognormal {
    pub mean: f64,
    pub deviation: f64,
}

/// Each of them prefers so many agents of a pool, by chance, with scores between these.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreferredAgents {
    pub pool: String,
    #[serde(default = "one")]
    pub agents: u32,
    #[serde(default)]
    pub least_score: u8,
    #[serde(default = "hundred")]
    pub most_score: u8,
}

const fn one() -> u32 {
    1
}

const fn hundred() -> u8 {
    100
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agents {
    pub count: u32,
    pub queues: Memberships,
    #[serde(default)]
    pub skills: BTreeMap<String, f64>,
    #[serde(default)]
    pub languages: BTreeMap<String, f64>,
    /// How much of each medium at once; what is absent has its usual maximum.
    #[serde(default)]
    pub at_once: BTreeMap<Medium, u8>,
    #[serde(default)]
    pub interruptible_by: BTreeMap<Medium, BTreeSet<Medium>>,
    #[serde(default = "usual_speed")]
    pub speed: f64,
    #[serde(default)]
    pub slowdown: f64,
    #[serde(default)]
    pub shifts: Vec<Shift>,
}

const fn usual_speed() -> f64 {
    1.0
}

#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "write a list of queues, or a table of queues with the ring and the groups there: { support = { ring = 2 } }"
)]
pub enum Memberships {
    Names(BTreeSet<String>),
    Places(BTreeMap<String, Place>),
}

impl Memberships {
    pub fn places(&self) -> BTreeMap<String, Place> {
        match self {
            Self::Names(names) => names.iter().map(|name| (name.clone(), Place::default())).collect(),
            Self::Places(places) => places.clone(),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Place {
    pub ring: u8,
    pub groups: BTreeSet<String>,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            ring: 1,
            groups: BTreeSet::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    pub from: ClockTime,
    pub to: ClockTime,
}

/// A time of day, in minutes since midnight; 24:00 is the day's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct ClockTime {
    pub minutes: u32,
}

impl TryFrom<String> for ClockTime {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed = text
            .split_once(':')
            .and_then(|(hours, minutes)| Some((hours.parse::<u32>().ok()?, minutes.parse::<u32>().ok()?)))
            .filter(|(hours, minutes)| *minutes < 60 && hours * 60 + minutes <= 24 * 60);
        let (hours, minutes) = parsed.ok_or(format!("“{text}” is no time of day; write it as \"08:30\""))?;
        Ok(Self {
            minutes: hours * 60 + minutes,
        })
    }
}
