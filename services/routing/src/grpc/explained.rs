//! Decisions and explanations as answers, with their sentences.

use crate::app::{AgentStanding, ExclusionReason, Found, InLine, Person, Stand, Verdict, WaitingNow};
use crate::store::Record;
use crate::wording::{Change, Offered, Unavailable, Waits, Why, Words};
use onqueue_acd::{Candidate, Decided, Decision, Exclusion, Explanation, Medium, Stage};
use onqueue_model::{Language, Timestamp, UserId};
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::timestamp;
use std::time::Duration;

/// In whose words.
type Say = &'static dyn Words;

pub fn found(found: &Found, say: Say) -> proto::GetDecisionResponse {
    let all = found.all.as_ref();
    let unavailable = all.and_then(|all| all.as_ref().err()).copied();
    let named = all.and_then(|all| all.as_ref().ok()).into_iter().flatten();
    proto::GetDecisionResponse {
        all_candidates: named.map(|(one, name)| candidate(one, name.clone())).collect(),
        unavailable: unavailable.map_or("", unavailable_reason).to_owned(),
        unavailable_text: unavailable.map(|why| say.unavailable(why)).unwrap_or_default(),
        decision: Some(decision(found, say)),
    }
}

const fn unavailable_reason(why: Unavailable) -> &'static str {
    match why {
        Unavailable::OutOfRetention => "out_of_retention",
        Unavailable::NotRepeatable => "not_repeatable",
    }
}

pub fn decision(found: &Found, say: Say) -> proto::Decision {
    let stored = &found.decision;
    let record = &stored.record;
    let name = |user: UserId| stored.names.get(&user).cloned().unwrap_or_default();
    let skill = |id| found.skills.get(id).cloned().unwrap_or_default();
    let common = proto::Decision {
        decision_id: stored.id.to_string(),
        conversation_id: record.interaction().conversation.to_string(),
        queue_id: record.queue().to_string(),
        queue_name: found.queue_name.clone(),
        at: Some(timestamp(record.at())),
        revision: stored.revision,
        log_position: stored.log_position,
        required_skill_ids: record.skills().iter().map(ToString::to_string).collect(),
        required_skill_names: record.skills().iter().map(skill).collect(),
        candidates: record
            .candidates()
            .iter()
            .map(|one| candidate(one, name(one.agent)))
            .collect(),
        ..proto::Decision::default()
    };
    match record {
        Record::Offer(offer) => offered(common, found, offer, say),
        Record::Waiting(waiting) => waited(common, found, waiting, say),
    }
}

fn offered(common: proto::Decision, found: &Found, offer: &Decision, say: Say) -> proto::Decision {
    let chosen = offer.candidates.first();
    let name = chosen.and_then(|chosen| found.decision.names.get(&chosen.agent));
    let reasons = reasons(found, offer.language.as_ref());
    proto::Decision {
        kind: proto::DecisionKind::Offer.into(),
        rank_key: offer.rank_key,
        stage: stage(offer.stage),
        stage_text: say.stage(offer.stage),
        language: text(offer.language.as_ref()),
        chosen_user_id: chosen.map(|chosen| chosen.agent.to_string()).unwrap_or_default(),
        offer_id: offer.offer.to_string(),
        excluded: reasons.iter().map(|reason| counted(reason, say)).collect(),
        decided_by: decided(offer.decided).to_owned(),
        decided_text: say.decided(offer.decided),
        eligible: whole(offer.eligible),
        summary: say.offered(Offered {
            agent: name.map_or("", String::as_str),
            decided: offer.decided,
            idle_ms: chosen.map_or(0, |chosen| chosen.idle_ms),
            eligible: offer.eligible,
        }),
        ..common
    }
}

fn waited(common: proto::Decision, found: &Found, waiting: &Explanation, say: Say) -> proto::Decision {
    let reasons = reasons(found, waiting.language.as_ref());
    proto::Decision {
        kind: proto::DecisionKind::Waiting.into(),
        rank_key: waiting.rank_key,
        stage: stage(waiting.stage),
        stage_text: say.stage(waiting.stage),
        language: text(waiting.language.as_ref()),
        excluded: reasons.iter().map(|reason| counted(reason, say)).collect(),
        eligible: whole(waiting.eligible),
        summary: say.waits(&Waits {
            waited_ms: None,
            members: None,
            eligible: waiting.eligible,
            reasons: &whys(&reasons),
        }),
        ..common
    }
}

pub fn waiting(now: &WaitingNow, say: Say) -> proto::WaitingExplanation {
    let common = proto::WaitingExplanation {
        conversation_id: now.interaction.conversation.to_string(),
        queue_id: now.queue.to_string(),
        queue_name: now.queue_name.clone(),
        at: Some(timestamp(now.at)),
        entered_at: Some(timestamp(now.entered)),
        ..proto::WaitingExplanation::default()
    };
    let with = |person: &Person, place: proto::WaitingPlace, summary| proto::WaitingExplanation {
        place: place.into(),
        user_id: person.user.to_string(),
        user_name: person.name.clone(),
        summary,
        ..common.clone()
    };
    match &now.place {
        Stand::Alerting(person) => with(person, proto::WaitingPlace::Alerting, say.alerts(&person.name)),
        Stand::InHand(person) => with(person, proto::WaitingPlace::InHand, say.has(&person.name)),
        Stand::Waiting(line) => in_line(common, line, (now.at, now.entered), say),
    }
}

fn in_line(
    common: proto::WaitingExplanation,
    line: &InLine,
    (at, entered): (Timestamp, Timestamp),
    say: Say,
) -> proto::WaitingExplanation {
    let (why, next) = (&line.explanation, line.next_stage);
    let name = |user: UserId| line.names.get(&user).cloned().unwrap_or_default();
    proto::WaitingExplanation {
        place: proto::WaitingPlace::Waiting.into(),
        position: i64::try_from(line.position).unwrap_or(i64::MAX),
        waiting_in_queue: i64::try_from(line.waiting).unwrap_or(i64::MAX),
        rank_key: why.rank_key,
        priority: line.priority,
        stage: stage(why.stage),
        stage_text: say.stage(why.stage),
        next_stage: next.map(|(_, next)| stage(next)).unwrap_or_default(),
        next_stage_text: next.map(|(_, next)| say.stage(next)).unwrap_or_default(),
        next_stage_at: next.map(|(at, _)| timestamp(at)),
        required_skills: required(line),
        language: text(why.language.as_ref()),
        members: whole(line.members),
        reasons: line.reasons.iter().map(|reason| counted(reason, say)).collect(),
        nearest: line
            .nearest
            .iter()
            .map(|(person, reason)| near(person, reason, say))
            .collect(),
        next_changes: line.changes.iter().map(|next| change(*next, at, say)).collect(),
        candidates: why
            .candidates
            .iter()
            .map(|one| candidate(one, name(one.agent)))
            .collect(),
        summary: say.waits(&Waits {
            waited_ms: Some(milliseconds(at.since(entered))),
            members: Some(line.members),
            eligible: why.eligible,
            reasons: &whys(&line.reasons),
        }),
        ..common
    }
}

fn required(line: &InLine) -> Vec<proto::AskedSkill> {
    let skills = line.skills.iter().map(|(skill, name, least)| proto::AskedSkill {
        skill_id: skill.to_string(),
        name: name.clone(),
        minimum: i32::from(*least),
    });
    skills.collect()
}

fn near(person: &Person, why: &ExclusionReason, say: Say) -> proto::NearCandidate {
    proto::NearCandidate {
        user_id: person.user.to_string(),
        name: person.name.clone(),
        reason: Some(reason(person, why, say)),
    }
}

fn change(change: Change, now: Timestamp, say: Say) -> proto::NextChange {
    let (kind, agents, at) = match change {
        Change::Stage(_, left) => ("stage", 0, Some(timestamp(now + Duration::from_millis(left)))),
        Change::Room(agents) => ("room", agents, None),
        Change::Presence(agents) => ("presence", agents, None),
        Change::Join(agents) => ("join", agents, None),
        Change::Staffing => ("staffing", 0, None),
    };
    proto::NextChange {
        kind: kind.to_owned(),
        at,
        agents: whole(agents),
        text: say.change(change),
    }
}

pub fn agent(standing: &AgentStanding, say: Say) -> proto::AgentExplanation {
    let agent = &standing.agent;
    let common = proto::AgentExplanation {
        conversation_id: standing.interaction.conversation.to_string(),
        user_id: agent.user.to_string(),
        name: agent.name.clone(),
        queue_id: standing.queue.to_string(),
        queue_name: standing.queue_name.clone(),
        at: Some(timestamp(standing.at)),
        ..proto::AgentExplanation::default()
    };
    let plain = |verdict: proto::AgentVerdict, summary| proto::AgentExplanation {
        verdict: verdict.into(),
        summary,
        ..common.clone()
    };
    match &standing.verdict {
        Verdict::Alerting => plain(proto::AgentVerdict::Alerting, say.alerts(&agent.name)),
        Verdict::InHand => plain(proto::AgentVerdict::InHand, say.has(&agent.name)),
        Verdict::Elsewhere(other) => proto::AgentExplanation {
            other_user_id: other.user.to_string(),
            other_name: other.name.clone(),
            ..plain(proto::AgentVerdict::Elsewhere, say.has(&other.name))
        },
        Verdict::Excluded(why) => {
            let told = reason(agent, why, say);
            proto::AgentExplanation {
                reason: Some(told.clone()),
                ..plain(proto::AgentVerdict::Excluded, told.text)
            }
        }
        Verdict::Eligible {
            candidate: own,
            place,
            before,
        } => {
            let first = before.first().map_or("", |(_, name)| name.as_str());
            proto::AgentExplanation {
                candidate: Some(candidate(own, agent.name.clone())),
                place: whole(*place),
                before: before.iter().map(|(one, name)| candidate(one, name.clone())).collect(),
                ..plain(proto::AgentVerdict::Eligible, say.eligible(&agent.name, *place, first))
            }
        }
    }
}

fn candidate(candidate: &Candidate, name: String) -> proto::Candidate {
    proto::Candidate {
        user_id: candidate.agent.to_string(),
        name,
        idle_ms: i64::try_from(candidate.idle_ms).unwrap_or(i64::MAX),
        active_chats: i32::from(candidate.active),
        preference: candidate.preference.map(i32::from),
        proficiency: whole(candidate.proficiency),
    }
}

/// Reasons of a record, with their names.
fn reasons(found: &Found, language: Option<&Language>) -> Vec<ExclusionReason> {
    let excluded = found.decision.record.excluded().iter();
    let reasons = excluded.map(|(exclusion, count)| ExclusionReason {
        exclusion: *exclusion,
        name: match exclusion {
            Exclusion::MissingSkill(skill) => found.skills.get(skill).cloned().unwrap_or_default(),
            Exclusion::AtLabel(label) => label.to_string(),
            Exclusion::Language => text(language),
            _ => String::new(),
        },
        count: *count,
        load: None,
        proficiency: None,
    });
    reasons.collect()
}

fn whys(reasons: &[ExclusionReason]) -> Vec<(Why<'_>, u32)> {
    reasons.iter().map(|reason| (why(reason), reason.count)).collect()
}

fn why(reason: &ExclusionReason) -> Why<'_> {
    Why {
        exclusion: reason.exclusion,
        name: &reason.name,
    }
}

fn counted(reason: &ExclusionReason, say: Say) -> proto::ReasonCount {
    let about = about(reason.exclusion);
    proto::ReasonCount {
        reason: about.reason.to_owned(),
        count: whole(reason.count),
        medium: about.medium.to_owned(),
        skill_name: if about.skill.is_empty() {
            String::new()
        } else {
            reason.name.clone()
        },
        skill_id: about.skill,
        label_id: about.label,
        text: say.counted(why(reason), reason.count),
    }
}

fn reason(person: &Person, reason: &ExclusionReason, say: Say) -> proto::ExclusionReason {
    let about = about(reason.exclusion);
    let is_language = reason.exclusion == Exclusion::Language;
    proto::ExclusionReason {
        reason: about.reason.to_owned(),
        medium: about.medium.to_owned(),
        active: reason.load.map_or(0, |load| whole(load.active)),
        maximum: reason.load.map_or(0, |load| whole(load.maximum)),
        skill_name: if about.skill.is_empty() {
            String::new()
        } else {
            reason.name.clone()
        },
        skill_id: about.skill,
        required_proficiency: reason.proficiency.map_or(0, |(required, _)| i32::from(required)),
        proficiency: reason.proficiency.map_or(0, |(_, known)| i32::from(known)),
        label_id: about.label,
        language: if is_language {
            reason.name.clone()
        } else {
            String::new()
        },
        text: say.excluded(&person.name, why(reason), reason.load),
    }
}

/// A reason and what it is about, as texts.
struct About {
    reason: &'static str,
    medium: &'static str,
    skill: String,
    label: String,
}

fn about(exclusion: Exclusion) -> About {
    let plain = |reason| About {
        reason,
        medium: "",
        skill: String::new(),
        label: String::new(),
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
        Exclusion::AtCapacity(of) => About {
            medium: medium(of),
            ..plain("at_capacity")
        },
        Exclusion::BlockedBy(by) => About {
            medium: medium(by),
            ..plain("blocked")
        },
        Exclusion::AtLabel(label) => About {
            label: label.to_string(),
            ..plain("at_label")
        },
        Exclusion::Language => plain("language"),
        Exclusion::MissingSkill(skill) => About {
            skill: skill.to_string(),
            ..plain("missing_skill")
        },
    }
}

const fn medium(medium: Medium) -> &'static str {
    match medium {
        Medium::Call => "call",
        Medium::Chat => "chat",
        Medium::Email => "email",
        Medium::Message => "message",
        Medium::Callback => "callback",
    }
}

pub fn stage(stage: Stage) -> String {
    match stage {
        Stage::LastAgent => "last_agent".to_owned(),
        Stage::Standard => "standard".to_owned(),
        Stage::Ring(ring) => format!("ring_{ring}"),
        Stage::Preferred(rule) => format!("preferred_{rule}"),
        Stage::AfterPreferred => "after_preferred".to_owned(),
        Stage::Groups(rule) => format!("groups_{rule}"),
        Stage::ByHand => "by_hand".to_owned(),
    }
}

const fn decided(decided: Decided) -> &'static str {
    match decided {
        Decided::OnlyCandidate => "only_candidate",
        Decided::Preference => "preference",
        Decided::Proficiency => "proficiency",
        Decided::LeastLoaded => "least_loaded",
        Decided::LongestIdle => "longest_idle",
        Decided::AgentId => "agent_id",
        Decided::ByHand => "by_hand",
        Decided::ByForce => "by_force",
        Decided::Pulled => "pulled",
    }
}

fn text(language: Option<&Language>) -> String {
    language.map(ToString::to_string).unwrap_or_default()
}

fn whole(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
