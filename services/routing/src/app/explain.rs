//! Why a conversation waits and where agents stand with it, read from the live engine.

#[cfg(test)]
mod crowd;

use super::host::Host;
use crate::wording::Change;
use onqueue_acd::{
    AgentExplanation, AgentProfile, Candidate, Engine, Evaluation, Exclusion, Explanation, InteractionPlace,
    InteractionView, Load, Proficiency, Stage,
};
use onqueue_model::{ConversationId, DivisionId, InteractionId, QueueId, SkillId, Timestamp, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// How many agents are named where many could be.
const NAMED: usize = 10;

/// An interaction that wants an agent, or has one.
#[derive(Clone, Debug)]
pub struct WaitingNow {
    pub interaction: InteractionId,
    pub queue: QueueId,
    pub queue_name: String,
    /// As of when.
    pub at: Timestamp,
    pub entered: Timestamp,
    pub place: Stand,
}

/// Where it is.
#[derive(Clone, Debug)]
pub enum Stand {
    Waiting(Box<InLine>),
    Alerting(Person),
    InHand(Person),
}

/// An agent with their name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub user: UserId,
    pub name: String,
}

/// What is known of one that waits.
#[derive(Clone, Debug)]
pub struct InLine {
    /// 1, and all that rank before it in its queue or in one that shares a member with it.
    pub position: u64,
    /// How many wait in its queue.
    pub waiting: u64,
    pub priority: i32,
    pub explanation: Explanation,
    pub next_stage: Option<(Timestamp, Stage)>,
    /// What is still asked for, with its name and the least proficiency.
    pub skills: Vec<(SkillId, String, Proficiency)>,
    pub members: u32,
    pub reasons: Vec<Reason>,
    pub nearest: Vec<(Person, Reason)>,
    pub changes: Vec<Change>,
    /// Names of candidates.
    pub names: BTreeMap<UserId, String>,
}

/// Why somebody cannot have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub exclusion: Exclusion,
    /// Of the skill or label; the tag of the language.
    pub name: String,
    /// Of how many it is true.
    pub count: u32,
    pub load: Option<Load>,
    /// Of a skill: what is required, and what they have.
    pub proficiency: Option<(Proficiency, Proficiency)>,
}

/// Where an agent stands with an interaction.
#[derive(Clone, Debug)]
pub struct AgentStanding {
    pub interaction: InteractionId,
    pub queue: QueueId,
    pub queue_name: String,
    pub at: Timestamp,
    pub agent: Person,
    pub verdict: Verdict,
}

/// See [`AgentStanding`].
#[derive(Clone, Debug)]
pub enum Verdict {
    Eligible {
        candidate: Candidate,
        /// From 1.
        place: u32,
        /// Who ranks before them, best first, at most ten.
        before: Vec<(Candidate, String)>,
    },
    Excluded(Reason),
    Alerting,
    InHand,
    Elsewhere(Person),
}

/// Looks at one organisation.
pub struct Explainer<'h> {
    host: &'h Host,
    now: Timestamp,
}

/// What a look at every agent finds out about an interaction that waits.
#[derive(Default)]
struct Staff {
    members: u32,
    queues: BTreeSet<QueueId>,
    /// Members who know all that is required, by what else keeps them.
    fitting: u32,
    room: Vec<(Person, Reason)>,
    presence: Vec<(Person, Reason)>,
    join: Vec<(Person, Reason)>,
    counts: [u32; 3],
}

impl<'h> Explainer<'h> {
    pub const fn new(host: &'h Host, now: Timestamp) -> Self {
        Self { host, now }
    }

    /// Where the conversation belongs, if it wants an agent or has one.
    pub fn division(&self, conversation: ConversationId) -> Option<DivisionId> {
        self.host.names().division(self.view(conversation)?.queue)
    }

    /// `None` if there is no such conversation.
    pub fn waiting(&self, conversation: ConversationId) -> Option<WaitingNow> {
        let view = self.view(conversation)?;
        let place = match view.place {
            InteractionPlace::Waiting => Stand::Waiting(Box::new(self.in_line(&view)?)),
            InteractionPlace::Alerting { agent, .. } => Stand::Alerting(self.person(agent)),
            InteractionPlace::Held { agent, .. } => Stand::InHand(self.person(agent)),
        };
        Some(WaitingNow {
            interaction: view.id,
            queue: view.queue,
            queue_name: self.host.names().queue(view.queue),
            at: self.now,
            entered: view.entered,
            place,
        })
    }

    /// `None` if there is no such conversation or agent.
    pub fn agent(&self, conversation: ConversationId, user: UserId) -> Option<AgentStanding> {
        let view = self.view(conversation)?;
        let profile = self.engine().agent(user)?.profile;
        let verdict = match view.place {
            InteractionPlace::Waiting => self.verdict(&view, profile)?,
            InteractionPlace::Alerting { agent, .. } if agent == user => Verdict::Alerting,
            InteractionPlace::Held { agent, .. } if agent == user => Verdict::InHand,
            InteractionPlace::Alerting { agent, .. } | InteractionPlace::Held { agent, .. } => {
                Verdict::Elsewhere(self.person(agent))
            }
        };
        Some(AgentStanding {
            interaction: view.id,
            queue: view.queue,
            queue_name: self.host.names().queue(view.queue),
            at: self.now,
            agent: self.person(user),
            verdict,
        })
    }

    const fn engine(&self) -> &'h Engine {
        self.host.engine()
    }

    fn view(&self, conversation: ConversationId) -> Option<InteractionView<'h>> {
        self.host.live(conversation)
    }

    fn person(&self, user: UserId) -> Person {
        let name = self.host.names().agent(user);
        Person { user, name }
    }

    fn in_line(&self, view: &InteractionView<'_>) -> Option<InLine> {
        let explanation = self.engine().explain(view.id, self.now)?;
        let staff = self.staff(view, &explanation);
        let next_stage = self.engine().next_stage(view.id);
        let changes = changes(&staff, next_stage, self.now);
        let skills = explanation.skills.iter().map(|skill| {
            let least = view.requirements.skills.get(skill).copied().unwrap_or_default();
            (*skill, self.host.names().skill(*skill), least)
        });
        let reasons = explanation.excluded.iter().map(|(exclusion, count)| Reason {
            count: *count,
            ..self.reason(view, *exclusion)
        });
        let candidates = explanation.candidates.iter().map(|candidate| candidate.agent);
        Some(InLine {
            position: self.position(view, &staff.queues),
            waiting: self.engine().queue(view.queue).map_or(0, |queue| queue.waiting as u64),
            priority: view.requirements.priority,
            next_stage,
            skills: skills.collect(),
            members: staff.members,
            reasons: reasons.collect(),
            changes,
            names: candidates.map(|user| (user, self.host.names().agent(user))).collect(),
            nearest: staff.nearest(),
            explanation,
        })
    }

    fn position(&self, view: &InteractionView<'_>, queues: &BTreeSet<QueueId>) -> u64 {
        let own = (!queues.contains(&view.queue)).then_some(view.queue);
        let before = queues.iter().copied().chain(own).map(|queue| {
            let line = self.engine().waiting(queue);
            line.take_while(|other| other.rank < view.rank).count() as u64
        });
        before.sum::<u64>() + 1
    }

    /// Looks at every agent once.
    fn staff(&self, view: &InteractionView<'_>, explanation: &Explanation) -> Staff {
        let mut staff = Staff::default();
        let skilled =
            self.engine().queue(view.queue).map(|queue| queue.config.evaluation) != Some(Evaluation::Disregard);
        for agent in self.engine().agents() {
            let profile = agent.profile;
            if !profile.queues.contains_key(&view.queue) {
                continue;
            }
            staff.members += 1;
            staff.queues.extend(profile.queues.keys().copied());
            if !skilled || knows(profile, view, explanation) {
                staff.fitting += 1;
                self.sort_in(&mut staff, view, profile.id);
            }
        }
        staff
    }

    fn sort_in(&self, staff: &mut Staff, view: &InteractionView<'_>, user: UserId) {
        let stands = self.engine().explain_agent(view.id, user, self.now);
        let Some(AgentExplanation::Excluded { exclusion, load }) = stands else {
            return;
        };
        let (place, list) = match exclusion {
            Exclusion::AtCapacity(_) | Exclusion::BlockedBy(_) | Exclusion::AtLabel(_) => (0, &mut staff.room),
            Exclusion::OffQueue | Exclusion::NotResponding => (1, &mut staff.presence),
            Exclusion::NotJoined => (2, &mut staff.join),
            _ => return,
        };
        staff.counts[place] += 1;
        if list.len() < NAMED {
            let reason = Reason {
                load,
                ..self.reason(view, exclusion)
            };
            list.push((self.person(user), reason));
        }
    }

    fn reason(&self, view: &InteractionView<'_>, exclusion: Exclusion) -> Reason {
        let language = || view.requirements.language.as_ref().map(ToString::to_string);
        let name = match exclusion {
            Exclusion::MissingSkill(skill) => self.host.names().skill(skill),
            Exclusion::AtLabel(label) => label.to_string(),
            Exclusion::Language => language().unwrap_or_default(),
            _ => String::new(),
        };
        Reason {
            exclusion,
            name,
            count: 1,
            load: None,
            proficiency: None,
        }
    }

    fn verdict(&self, view: &InteractionView<'_>, profile: &AgentProfile) -> Option<Verdict> {
        match self.engine().explain_agent(view.id, profile.id, self.now)? {
            AgentExplanation::Excluded { exclusion, load } => {
                let proficiency = match exclusion {
                    Exclusion::MissingSkill(skill) => {
                        let of = |skills: &BTreeMap<_, Proficiency>| skills.get(&skill).copied().unwrap_or_default();
                        Some((of(&view.requirements.skills), of(&profile.skills)))
                    }
                    _ => None,
                };
                Some(Verdict::Excluded(Reason {
                    load,
                    proficiency,
                    ..self.reason(view, exclusion)
                }))
            }
            AgentExplanation::Eligible { candidate, place } => {
                let all = self.engine().all_candidates(view.id, self.now)?;
                let before = all
                    .into_iter()
                    .take(NAMED)
                    .take_while(|other| other.agent != profile.id);
                let before = before.map(|other| (other, self.host.names().agent(other.agent)));
                Some(Verdict::Eligible {
                    candidate,
                    place,
                    before: before.collect(),
                })
            }
        }
    }
}

impl Staff {
    fn nearest(self) -> Vec<(Person, Reason)> {
        let all = self.room.into_iter().chain(self.presence).chain(self.join);
        all.take(NAMED).collect()
    }
}

/// Whether the agent has the language and every skill that is still required.
fn knows(profile: &AgentProfile, view: &InteractionView<'_>, explanation: &Explanation) -> bool {
    let speaks = explanation
        .language
        .as_ref()
        .is_none_or(|language| profile.speaks(language));
    let has = |skill: &SkillId| {
        let least = view.requirements.skills.get(skill).copied().unwrap_or_default();
        least == 0 || profile.has(*skill, least)
    };
    speaks && explanation.skills.iter().all(has)
}

/// The surest first.
fn changes(staff: &Staff, next_stage: Option<(Timestamp, Stage)>, now: Timestamp) -> Vec<Change> {
    let stage = next_stage.map(|(at, stage)| {
        let left = at.since(now).as_millis();
        Change::Stage(stage, u64::try_from(left).unwrap_or(u64::MAX))
    });
    let [room, presence, join] = staff.counts;
    let agents = [
        (room > 0).then_some(Change::Room(room)),
        (presence > 0).then_some(Change::Presence(presence)),
        (join > 0).then_some(Change::Join(join)),
        (staff.fitting == 0 && stage.is_none()).then_some(Change::Staffing),
    ];
    stage.into_iter().chain(agents.into_iter().flatten()).collect()
}
