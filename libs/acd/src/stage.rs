//! How a waiting interaction's search widens: at which stage it is, what that opens, and when the next one comes.

use crate::config::primary;
use crate::few::Few;
use crate::rules::Rules;
use crate::state::{Interaction, Metrics, Queue};
use crate::table::{Fold, Table};
use crate::{
    Comparison, Evaluation, GroupRule, LastAgentMode, Medium, Method, Metric, PreferredRule, Proficiency, QueueConfig,
    Stage,
};
use onqueue_model::{GroupId, LabelId, Language, SkillId, Timestamp, UserId};
use std::hash::{Hash, Hasher};
use std::time::Duration;

/// Which members are open, those named aside.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Open {
    All,
    Nobody,
    /// Rings from the first of these to the second.
    Rings(u8, u8),
    Groups(Few<GroupId>),
}

/// The first subtag of a language: all that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Tongue([u8; 8]);

impl Tongue {
    pub fn of(language: &Language) -> Self {
        let mut letters = [0; 8];
        letters
            .iter_mut()
            .zip(primary(language).bytes())
            .for_each(|(place, letter)| *place = letter);
        Self(letters)
    }
}

/// Skills and languages as 128 bits, several of them to a bit: enough to see at a glance that somebody lacks something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Knowledge(u128);

impl Knowledge {
    pub fn add(&mut self, what: &impl Hash) {
        let mut hasher = Fold::default();
        what.hash(&mut hasher);
        self.0 |= 1 << (hasher.finish() % 128);
    }

    /// False only if something is surely lacking.
    pub fn may_have(self, needs: Self) -> bool {
        needs.0 & !self.0 == 0
    }
}

/// What decides who may have an interaction: those with an equal signature differ in rank alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Signature {
    /// Number of its queue in the index.
    pub queue: u32,
    pub medium: Medium,
    pub labels: Vec<LabelId>,
    pub required: Vec<(SkillId, Proficiency)>,
    pub language: Option<Tongue>,
    pub open: Open,
    /// Members who are open whatever the stage, their skills and languages.
    pub named: Few<UserId>,
    /// Somebody who is so even if not a member.
    pub anywhere: Option<UserId>,
    pub declined: Few<UserId>,
}

impl Signature {
    pub fn of(interaction: &Interaction, config: &QueueConfig, queue: u32, rules: &Rules) -> Self {
        let wants = &interaction.requirements;
        let skilled = config.evaluation != Evaluation::Disregard;
        let stage = interaction.stage;
        let (named, anywhere) = named(interaction, config);
        Self {
            queue,
            medium: wants.medium,
            labels: wants.labels.iter().copied().collect(),
            required: if skilled {
                required(interaction, config, rules)
            } else {
                Vec::new()
            },
            language: wants.language.as_ref().filter(|_| skilled).map(Tongue::of),
            open: open(interaction, &config.method, stage, rules),
            named,
            anywhere,
            declined: if rules.decline_excludes {
                interaction.declined.clone()
            } else {
                Few::default()
            },
        }
    }

    /// A skill without which no member is eligible who is not named, if there is one: it spares an agent the groups that they
    /// can not have.
    pub fn lead(&self, rules: &Rules) -> Option<SkillId> {
        let first = self.required.first().filter(|_| !rules.any_skill_suffices);
        first.map(|(skill, _)| *skill)
    }

    /// What somebody must know who is not named.
    pub fn needs(&self, rules: &Rules) -> Knowledge {
        let mut needs = Knowledge::default();
        if let Some(tongue) = self.language {
            needs.add(&tongue);
        }
        if !rules.any_skill_suffices {
            self.required.iter().for_each(|(skill, _)| needs.add(skill));
        }
        needs
    }

    /// Everybody who is named.
    pub fn names(&self) -> impl Iterator<Item = UserId> {
        let anywhere = self.anywhere.filter(|agent| !self.named.has(agent));
        self.named.iter().copied().chain(anywhere)
    }

    pub fn is_named(&self, agent: UserId) -> bool {
        self.anywhere == Some(agent) || self.named.has(&agent)
    }
}

fn required(interaction: &Interaction, config: &QueueConfig, rules: &Rules) -> Vec<(SkillId, Proficiency)> {
    let skills = interaction.requirements.skills.iter().filter(|(_, least)| **least > 0);
    let is_left = |skill: SkillId| rules.ring_removes_skills && is_removed(&config.method, interaction.stage, skill);
    skills
        .filter(|(skill, _)| !is_left(**skill))
        .map(|(skill, least)| (*skill, *least))
        .collect()
}

/// Whether the stage has removed a skill.
pub(crate) fn is_removed(method: &Method, stage: Stage, skill: SkillId) -> bool {
    match (method, stage) {
        (Method::Bullseye { rings }, Stage::Ring(ring)) => {
            let left = rings.iter().take(usize::from(ring).saturating_sub(1));
            left.into_iter().any(|ring| ring.skills_to_remove.contains(&skill))
        }
        _ => false,
    }
}

fn open(interaction: &Interaction, method: &Method, stage: Stage, rules: &Rules) -> Open {
    match (method, stage) {
        (_, Stage::LastAgent | Stage::Preferred(_)) => Open::Nobody,
        (Method::Bullseye { rings }, Stage::Ring(ring)) if usize::from(ring) <= rings.len() => {
            Open::Rings(if rules.inner_rings_close { ring } else { 1 }, ring)
        }
        (Method::Bullseye { .. }, Stage::Ring(_)) => Open::Nobody,
        (Method::Conditional { rules }, Stage::Groups(last)) => {
            let opened = interaction.openings.iter().filter(|rule| **rule < last);
            let groups = opened.flat_map(|rule| rules[usize::from(*rule)].groups.iter().copied());
            Open::Groups(groups.collect())
        }
        _ => Open::All,
    }
}

/// Members named, and who is named even if not a member.
fn named(interaction: &Interaction, config: &QueueConfig) -> (Few<UserId>, Option<UserId>) {
    let mut named = opened_preferred(interaction, &config.method);
    let last = interaction
        .requirements
        .last_agent
        .filter(|_| interaction.hold.is_some());
    match last {
        Some(last) if config.last_agent.mode == LastAgentMode::AnyAgent => (named, Some(last)),
        Some(last) => {
            named.insert(last);
            (named, None)
        }
        None => (named, None),
    }
}

fn opened_preferred(interaction: &Interaction, method: &Method) -> Few<UserId> {
    let Method::Preferred {
        rules,
        then_all_preferred,
    } = method
    else {
        return Few::default();
    };
    let lowest = |rules: &[PreferredRule]| rules.iter().map(|rule| rule.threshold).min();
    let least = match interaction.stage {
        Stage::Preferred(rule) => lowest(&rules[..usize::from(rule)]),
        Stage::AfterPreferred if *then_all_preferred => Some(0),
        Stage::AfterPreferred => lowest(rules),
        _ => None,
    };
    let preferred = interaction.requirements.preferred.iter();
    let opened = preferred.filter(|(_, score)| least.is_some_and(|least| **score >= least));
    opened.map(|(agent, _)| *agent).collect()
}

/// Whether preferred agents rank before others.
pub(crate) fn ranks_preferred(method: &Method, stage: Stage) -> bool {
    match stage {
        Stage::Preferred(_) => true,
        Stage::AfterPreferred => matches!(
            method,
            Method::Preferred {
                then_all_preferred: true,
                ..
            }
        ),
        _ => false,
    }
}

/// The stage as of `now`, and when the next one comes.
pub(crate) fn progress(
    interaction: &Interaction,
    config: &QueueConfig,
    rules: &Rules,
    now: Timestamp,
) -> (Stage, Option<Timestamp>) {
    if let Some(until) = interaction.hold.filter(|until| now < *until) {
        return (Stage::LastAgent, Some(until));
    }
    let since = interaction.stage_since;
    match &config.method {
        Method::Bullseye { rings } if !rings.is_empty() => {
            let left = if rules.last_ring_exits {
                rings.len()
            } else {
                rings.len() - 1
            };
            let (left, next) = climb(rings[..left].iter().map(|ring| ring.wait_ms), since, now);
            (Stage::Ring(left + 1), next)
        }
        Method::Preferred { rules, .. } if !interaction.requirements.preferred.is_empty() => {
            let (over, next) = climb(rules.iter().map(|rule| rule.wait_ms), since, now);
            let all_over = usize::from(over) == rules.len();
            let stage = if all_over {
                Stage::AfterPreferred
            } else {
                Stage::Preferred(over + 1)
            };
            (stage, next)
        }
        Method::Conditional { rules } if !interaction.openings.is_empty() => {
            let openings = &interaction.openings;
            let waits = openings[..openings.len() - 1]
                .iter()
                .map(|rule| rules[usize::from(*rule)].wait_ms);
            let (over, next) = climb(waits, since, now);
            (Stage::Groups(openings[usize::from(over)] + 1), next)
        }
        _ => (Stage::Standard, None),
    }
}

/// How many of the waits, one after the other, are over; and when the one under way is.
fn climb(waits: impl Iterator<Item = u64>, since: Timestamp, now: Timestamp) -> (u8, Option<Timestamp>) {
    let (mut over, mut end) = (0, since);
    for wait in waits {
        end = end + Duration::from_millis(wait);
        if end > now {
            return (over, Some(end));
        }
        over += 1;
    }
    (over, None)
}

/// Which rules of a conditional method are true, by their places.
pub(crate) fn openings(queues: &Table<Queue>, config: &QueueConfig, rules: &Rules) -> Vec<u8> {
    let Method::Conditional { rules: conditions } = &config.method else {
        return Vec::new();
    };
    let is_true = |(place, condition): &(u8, &GroupRule)| {
        let queue = if *place == 0 { config.id } else { condition.queue };
        let metrics = queues.get(queue).map(|queue| queue.metrics).unwrap_or_default();
        holds(condition, metrics, rules)
    };
    let all = (0..).zip(conditions).filter(is_true);
    all.map(|(place, _)| place).collect()
}

fn holds(condition: &GroupRule, metrics: Metrics, rules: &Rules) -> bool {
    let metric = match condition.metric {
        Metric::EstimatedWait => metrics.estimated_wait_ms,
        Metric::ServiceLevel => metrics.service_level.map(u64::from),
    };
    let Some(metric) = metric else {
        return rules.unknown_metric_is_true;
    };
    match condition.comparison {
        Comparison::Greater => metric > condition.value,
        Comparison::AtLeast => metric >= condition.value,
        Comparison::Less => metric < condition.value,
        Comparison::AtMost => metric <= condition.value,
    }
}

/// Skills still required or asked for.
pub(crate) fn asked(interaction: &Interaction, method: &Method) -> Vec<SkillId> {
    let skills = interaction.requirements.skills.keys().copied();
    skills
        .filter(|skill| !is_removed(method, interaction.stage, *skill))
        .collect()
}
