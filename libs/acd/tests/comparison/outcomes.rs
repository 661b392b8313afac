//! The random commands reach everything, so that agreeing means something.

use crate::world::{World, log};
use onqueue_acd::{Command, Effect, Engine};
use std::collections::BTreeSet;

/// What `Debug` calls the variant.
fn name(variant: &impl std::fmt::Debug) -> String {
    let text = format!("{variant:?}");
    let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
    text[..end].to_owned()
}

#[derive(Default)]
struct Seen(BTreeSet<String>);

impl Seen {
    fn add(&mut self, of: &str, variant: &impl std::fmt::Debug) {
        self.0.insert(format!("{of} {}", name(variant)));
    }

    fn command(&mut self, command: &Command) {
        self.add("command", command);
        match command {
            Command::UpsertQueue { queue } => {
                self.add("method", &queue.method);
                self.add("evaluation", &queue.evaluation);
                self.add("scoring", &queue.scoring);
                self.add("last agent", &queue.last_agent.mode);
                self.add("after contact", &queue.after_contact.mode);
            }
            Command::Configure { settings } => {
                self.add("decline", &settings.decline);
                self.add("idle", &settings.idle_from);
            }
            _ => {}
        }
    }

    fn effect(&mut self, effect: &Effect, engine: &Engine) {
        self.add("effect", effect);
        match effect {
            Effect::StageChanged { stage, .. } => self.add("stage", stage),
            Effect::Rescinded { end, .. } => self.add("end", end),
            Effect::AgentStateChanged { state, .. } => self.add("state", state),
            Effect::Rejected { refusal, .. } => self.add("refusal", refusal),
            Effect::AcwStarted { agent, interaction, .. } => {
                let agent = engine.agent(*agent);
                let acw = agent.and_then(|agent| agent.acw.iter().find(|acw| acw.interaction == *interaction).cloned());
                let queue = acw.as_ref().and_then(|acw| engine.queue(acw.queue));
                if let Some(queue) = queue {
                    self.add("followed by", &queue.config.after_contact.mode);
                }
                if let Some(acw) = acw {
                    self.add("holds", &acw.holds_slot);
                }
            }
            Effect::DecisionRecorded { decision } => {
                self.add("stage", &decision.stage);
                self.add("decided", &decision.decided);
                self.add("many", &(decision.eligible > 64));
                self.add("cut", &(decision.candidates.len() < 10.min(decision.eligible as usize)));
                decision
                    .excluded
                    .iter()
                    .for_each(|(exclusion, _)| self.add("excluded", exclusion));
            }
            _ => {}
        }
    }
}

/// The names of all variants; fails to compile when one is missing.
macro_rules! all {
    ($of:literal, $type:ident: $($variant:ident)*) => {{
        #[allow(dead_code, reason = "for the compiler alone")]
        fn exhaustive(one: &onqueue_acd::$type) {
            match one {
                $(onqueue_acd::$type::$variant { .. } => {})*
            }
        }
        let names: &[&str] = &[$(stringify!($variant)),*];
        ($of, names)
    }};
}

fn all() -> Vec<(&'static str, &'static [&'static str])> {
    let mut all = all_answers();
    all.extend([
        all!("command", Command: Configure UpsertQueue RemoveQueue UpsertAgent RemoveAgent GoOnQueue GoOffQueue JoinQueue
            LeaveQueue Enqueue SetPriority SetRequirements Cancel Transfer TransferAttended AssignByHand Pull EndWork
            RequestAcw CompleteAcw StartExternalWork EndExternalWork ObserveMetric Accept Decline AgentGone Tick Resume),
        all!("after contact", AfterContactMode: Optional Mandatory MandatoryTimeout MandatoryForced AgentRequested),
        all!("method", Method: Standard Bullseye Preferred Conditional),
        all!("evaluation", Evaluation: AllSkills BestSkills Disregard),
        all!("scoring", Scoring: TimestampAndPriority PriorityOnly),
        all!("last agent", LastAgentMode: Disabled QueueMembersOnly AnyAgent),
        all!("decline", DeclineRule: Stays NotResponding),
        all!("idle", IdleFrom: LastOfAssignmentAndEnd End),
        ("followed by", &["Mandatory", "MandatoryTimeout", "MandatoryForced", "AgentRequested"]),
        ("holds", &["true", "false"]),
        ("many", &["true", "false"]),
        ("cut", &["true", "false"]),
    ]);
    all
}

fn all_answers() -> Vec<(&'static str, &'static [&'static str])> {
    vec![
        all!("refusal", Refusal: QueueFull UnknownQueue UnknownAgent NotMember UnknownOffer OfferExpired OfferRescinded
            OfferAlreadyAccepted UnknownInteraction AlreadyAssigned NotWaiting NotHeld OffQueue NotJoined AtCapacity
            UnknownAcw AcwForced),
        all!("end", OfferEnd: Declined TimedOut AgentGone Reassigned Cancelled Interrupted),
        all!("state", AgentState: OffQueue Idle Interacting Communicating NotResponding),
        all!("stage", Stage: LastAgent Standard Ring Preferred AfterPreferred Groups ByHand),
        all!("excluded", Exclusion: NotMember NotJoined OffQueue NotResponding Declined OuterRing NotPreferredYet NotInGroup
            AtCapacity BlockedBy AtLabel Language MissingSkill),
        all!("decided", Decided: OnlyCandidate Preference Proficiency LeastLoaded LongestIdle AgentId ByHand ByForce Pulled),
        all!("effect", Effect: Queued StageChanged Offered Rescinded Assigned AgentStateChanged SlotFreed AcwStarted AcwEnded
            Rejected Over DecisionRecorded),
    ]
}

#[test]
fn every_outcome_occurs() {
    let mut seen = Seen::default();
    for seed in 0..25 {
        let mut engine = Engine::new();
        let _ = log(&mut World::new(seed), 1_000, |now, command| {
            seen.command(command);
            let applied = engine.apply(now, command.clone());
            applied.refusal.iter().for_each(|refusal| seen.add("refusal", refusal));
            applied.effects.iter().for_each(|effect| seen.effect(effect, &engine));
            applied
        });
    }
    let outcomes = all()
        .into_iter()
        .flat_map(|(of, names)| names.iter().map(move |name| format!("{of} {name}")));
    let missing: Vec<String> = outcomes.filter(|outcome| !seen.0.contains(outcome)).collect();
    assert!(missing.is_empty(), "never occurred: {missing:?}");
}
