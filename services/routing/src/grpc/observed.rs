//! Observations and history as they are answered.

use crate::app::{Changes, NextObservation, Observation, Observations};
use crate::store::Past;
use onqueue_acd::metrics::{
    AgentCounts, AgentTally, Definition, EstimateTally, Measure, QueueTally, Subject, Unit, WindowTally,
};
use onqueue_model::{QueueId, UserId};
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::routing::v1::watch_observations_response::Frame;
use onqueue_proto::timestamp;
use onqueue_store::encode_token;
use std::sync::Arc;

pub fn observations(found: Observations) -> proto::GetObservationsResponse {
    proto::GetObservationsResponse {
        at: Some(timestamp(found.at)),
        next_page_token: found
            .queues
            .next
            .map(|queue| encode_token(&queue.uuid()))
            .unwrap_or_default(),
        queues: found.queues.items.iter().map(queue).collect(),
        organisation: found.organisation.map(|all| observation(None, &all)),
    }
}

pub fn next(next: NextObservation) -> proto::WatchObservationsResponse {
    let frame = match next {
        NextObservation::Changes(changes) => Frame::Changes(told(changes)),
        NextObservation::Heartbeat(at) => Frame::Heartbeat(proto::ObservationHeartbeat {
            at: Some(timestamp(at)),
        }),
        NextObservation::Goodbye(reason) => Frame::Goodbye(proto::ObservationGoodbye {
            reason: reason.to_owned(),
        }),
    };
    proto::WatchObservationsResponse { frame: Some(frame) }
}

fn told(changes: Changes) -> proto::ObservationChanges {
    proto::ObservationChanges {
        at: Some(timestamp(changes.at)),
        queues: changes.queues.iter().map(queue).collect(),
        organisation: changes.organisation.map(|all| observation(None, &all)),
        removed_queue_ids: changes.removed.iter().map(ToString::to_string).collect(),
        complete: changes.complete,
    }
}

fn queue((id, observed): &(QueueId, Arc<Observation>)) -> proto::QueueObservation {
    observation(Some(*id), observed)
}

fn observation(queue: Option<QueueId>, observed: &Observation) -> proto::QueueObservation {
    let counts = &observed.counts;
    proto::QueueObservation {
        queue_id: queue.map(|queue| queue.to_string()).unwrap_or_default(),
        queue_name: observed.name.clone(),
        waiting: number(counts.waiting),
        alerting: number(counts.alerting),
        in_hand: number(counts.in_hand),
        after_contact: number(counts.after_contact),
        oldest_waiting_since: observed.oldest_since.map(timestamp),
        agents: Some(agents(counts.agents)),
        window: Some(window(&counts.window)),
    }
}

fn agents(counts: AgentCounts) -> proto::AgentCounts {
    proto::AgentCounts {
        off_queue: number(counts.off_queue),
        idle: number(counts.idle),
        interacting: number(counts.interacting),
        communicating: number(counts.communicating),
        not_responding: number(counts.not_responding),
    }
}

fn window(tally: &WindowTally) -> proto::WindowMetrics {
    proto::WindowMetrics {
        entered: number(tally.entered),
        offered: number(tally.offered),
        answered: number(tally.answered),
        answered_in_time: number(tally.answered_in_time),
        abandoned: number(tally.abandoned),
        abandoned_short: number(tally.abandoned_short),
        handled: number(tally.handled),
        service_level: tally.service_level().map(i32::from),
        average_speed_of_answer_ms: tally.average_speed_of_answer().map(number),
        handle_time_ms: tally.average_handle_time().map(number),
        after_contact_time_ms: tally.average_after_contact().map(number),
        estimates: Some(estimates(&tally.estimates)),
    }
}

fn estimates(tally: &EstimateTally) -> proto::EstimateAccuracy {
    proto::EstimateAccuracy {
        scored: number(tally.scored),
        error_ms: tally.mean_error().map(number),
        within_p90: tally.share_within_p90().map(i32::from),
    }
}

pub fn queue_interval(past: Past<QueueId, QueueTally>) -> proto::MetricInterval {
    proto::MetricInterval {
        start: Some(timestamp(past.start)),
        queue_id: past.id.to_string(),
        user_id: String::new(),
        name: past.name,
        queue: Some(queue_metrics(&past.tally)),
        agent: None,
    }
}

fn queue_metrics(tally: &QueueTally) -> proto::QueueMetrics {
    proto::QueueMetrics {
        enqueued: number(tally.enqueued),
        transferred_in: number(tally.transferred_in),
        returned: number(tally.returned),
        entered: number(tally.entered()),
        refused: number(tally.refused),
        offered: number(tally.offered),
        declined: number(tally.declined),
        missed: number(tally.missed),
        withdrawn: number(tally.withdrawn),
        answered: number(tally.answered),
        answered_in_time: number(tally.answered_in_time),
        abandoned: number(tally.abandoned),
        abandoned_short: number(tally.abandoned_short),
        redirected: number(tally.redirected),
        lost: number(tally.lost),
        wait_ms: number(tally.wait_ms),
        abandoned_wait_ms: number(tally.abandoned_wait_ms),
        longest_wait_ms: number(tally.longest_wait_ms),
        handled: number(tally.handled),
        talk_ms: number(tally.talk_ms),
        after_contact: number(tally.after_contact),
        after_contact_ms: number(tally.after_contact_ms),
        transferred_out: number(tally.transferred_out),
        service_level: tally.service_level().map(i32::from),
        average_speed_of_answer_ms: tally.average_speed_of_answer().map(number),
        wait_p50_ms: tally.waits.percentile(50).map(number),
        wait_p90_ms: tally.waits.percentile(90).map(number),
        handle_time_ms: tally.average_handle_time().map(number),
        after_contact_time_ms: tally.average_after_contact().map(number),
        estimates: Some(estimates(&tally.estimates)),
    }
}

pub fn agent_interval(past: Past<UserId, AgentTally>) -> proto::MetricInterval {
    proto::MetricInterval {
        start: Some(timestamp(past.start)),
        queue_id: String::new(),
        user_id: past.id.to_string(),
        name: past.name,
        queue: None,
        agent: Some(agent_metrics(&past.tally)),
    }
}

fn agent_metrics(tally: &AgentTally) -> proto::AgentMetrics {
    let handle_ms = tally.talk_ms + tally.after_contact_ms;
    proto::AgentMetrics {
        offered: number(tally.offered),
        declined: number(tally.declined),
        missed: number(tally.missed),
        withdrawn: number(tally.withdrawn),
        answered: number(tally.answered),
        handled: number(tally.handled),
        talk_ms: number(tally.talk_ms),
        after_contact: number(tally.after_contact),
        after_contact_ms: number(tally.after_contact_ms),
        transferred_out: number(tally.transferred_out),
        idle_ms: number(tally.states.idle_ms),
        interacting_ms: number(tally.states.interacting_ms),
        communicating_ms: number(tally.states.communicating_ms),
        not_responding_ms: number(tally.states.not_responding_ms),
        occupancy: tally.occupancy().map(i32::from),
        handle_time_ms: handle_ms.checked_div(tally.handled).map(number),
        after_contact_time_ms: tally.after_contact_ms.checked_div(tally.after_contact).map(number),
    }
}

pub fn in_english(definition: &Definition) -> proto::MetricDefinition {
    defined(definition, definition.english)
}

pub fn in_german(definition: &Definition) -> proto::MetricDefinition {
    defined(definition, definition.german)
}

fn defined(definition: &Definition, words: &str) -> proto::MetricDefinition {
    let unit = match definition.unit {
        Unit::Count => proto::MetricUnit::Count,
        Unit::Milliseconds => proto::MetricUnit::Milliseconds,
        Unit::HundredthsOfPercent => proto::MetricUnit::HundredthsOfPercent,
    };
    let measure = match definition.measure {
        Measure::Now => proto::MetricMeasure::Now,
        Measure::Sum => proto::MetricMeasure::Sum,
        Measure::Highest => proto::MetricMeasure::Highest,
        Measure::Mean => proto::MetricMeasure::Mean,
        Measure::Share => proto::MetricMeasure::Share,
        Measure::Percentile => proto::MetricMeasure::Percentile,
    };
    let subjects = definition.subjects.iter().map(|subject| match subject {
        Subject::Queue => proto::MetricSubject::Queue.into(),
        Subject::Organisation => proto::MetricSubject::Organisation.into(),
        Subject::Agent => proto::MetricSubject::Agent.into(),
    });
    proto::MetricDefinition {
        name: definition.name.to_owned(),
        unit: unit.into(),
        measure: measure.into(),
        subjects: subjects.collect(),
        definition: words.to_owned(),
    }
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
