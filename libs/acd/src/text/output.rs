//! What comes about, one JSON object a line, in the names of the log.

use super::log::Log;
use super::names::Names;
use super::run::{Event, What};
use super::write::command;
use crate::{Candidate, Decided, Decision, Engine, Exclusion, Medium, Refusal, Stage};
use onqueue_model::{Language, OfferId};
use serde::Serialize;

/// The line of an event.
pub(super) fn line(log: &Log, event: &Event) -> String {
    let t = event.at.millis();
    let names = &log.names;
    match &event.what {
        What::Assigned { interaction, agent } => json(&Assigned {
            t,
            interaction: names.interaction(*interaction),
            agent: names.agent(*agent),
        }),
        What::Decided(decision) => json(&Decisive {
            t,
            decision: written(names, decision),
        }),
        What::Refused { line, refusal } => refused(
            t,
            Refused {
                line: Some(*line),
                command: Some(command(log, *line)),
                interaction: None,
                reason: *refusal,
            },
        ),
        What::Rejected { interaction, refusal } => refused(
            t,
            Refused {
                line: None,
                command: None,
                interaction: Some(names.interaction(*interaction)),
                reason: *refusal,
            },
        ),
    }
}

/// The line of the digest.
pub(super) fn digest(engine: &Engine) -> String {
    let digest: String = engine.digest().iter().map(|byte| format!("{byte:02x}")).collect();
    json(&Digested { digest })
}

fn refused(t: i64, refused: Refused) -> String {
    json(&Refusing { t, refused })
}

fn json(line: &impl Serialize) -> String {
    serde_json::to_string(line).expect("names are strings and numbers are whole")
}

#[derive(Serialize)]
struct Assigned {
    t: i64,
    interaction: String,
    agent: String,
}

#[derive(Serialize)]
struct Digested {
    digest: String,
}

#[derive(Serialize)]
struct Refusing {
    t: i64,
    refused: Refused,
}

#[derive(Serialize)]
struct Refused {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interaction: Option<String>,
    reason: Refusal,
}

#[derive(Serialize)]
struct Decisive {
    t: i64,
    decision: Written,
}

#[derive(Serialize)]
struct Written {
    interaction: String,
    queue: String,
    offer: OfferId,
    rank_key: i64,
    stage: Stage,
    skills: Vec<String>,
    language: Option<Language>,
    eligible: u32,
    candidates: Vec<WrittenCandidate>,
    excluded: Vec<WrittenReason>,
    decided: Decided,
}

#[derive(Serialize)]
struct WrittenCandidate {
    agent: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    preference: Option<u8>,
    proficiency: u32,
    active: u8,
    idle_ms: u64,
}

#[derive(Serialize)]
struct WrittenReason {
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    medium: Option<Medium>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skill: Option<String>,
    count: u32,
}

fn written(names: &Names, decision: &Decision) -> Written {
    let excluded = decision.excluded.iter();
    Written {
        interaction: names.interaction(decision.interaction),
        queue: names.queue(decision.queue),
        offer: decision.offer,
        rank_key: decision.rank_key,
        stage: decision.stage,
        skills: decision.skills.iter().map(|skill| names.skill(*skill)).collect(),
        language: decision.language.clone(),
        eligible: decision.eligible,
        candidates: decision.candidates.iter().map(|one| candidate(names, one)).collect(),
        excluded: excluded
            .map(|(exclusion, count)| reason(names, *exclusion, *count))
            .collect(),
        decided: decision.decided,
    }
}

fn candidate(names: &Names, candidate: &Candidate) -> WrittenCandidate {
    WrittenCandidate {
        agent: names.agent(candidate.agent),
        preference: candidate.preference,
        proficiency: candidate.proficiency,
        active: candidate.active,
        idle_ms: candidate.idle_ms,
    }
}

fn reason(names: &Names, exclusion: Exclusion, count: u32) -> WrittenReason {
    let plain = |reason| WrittenReason {
        reason,
        medium: None,
        label: None,
        skill: None,
        count,
    };
    let of_medium = |reason, medium| WrittenReason {
        medium: Some(medium),
        ..plain(reason)
    };
    match exclusion {
        Exclusion::NotMember => plain("not_member"),
        Exclusion::NotJoined => plain("not_joined"),
        Exclusion::OffQueue => plain("off_queue"),
        Exclusion::NotResponding => plain("not_responding"),
        Exclusion::Declined => plain("declined"),
        Exclusion::OuterRing => plain("outer_ring"),
        Exclusion::NotPreferredYet => plain("not_preferred_yet"),
        Exclusion::NotInGroup => plain("not_in_group"),
        Exclusion::AtCapacity(medium) => of_medium("at_capacity", medium),
        Exclusion::BlockedBy(medium) => of_medium("blocked_by", medium),
        Exclusion::AtLabel(label) => WrittenReason {
            label: Some(names.label(label)),
            ..plain("at_label")
        },
        Exclusion::Language => plain("language"),
        Exclusion::MissingSkill(skill) => WrittenReason {
            skill: Some(names.skill(skill)),
            ..plain("missing_skill")
        },
    }
}
