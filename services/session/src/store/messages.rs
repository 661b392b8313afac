//! The batch that there is most often, messages and nothing else, on PostgreSQL in one statement: its transaction then takes
//! one round trip instead of four, and lists are parsed and planned once, however long they are.

use super::Key;
use super::plan::{Change, Logged, Plan};
use onqueue_chat::{Body, Head};
use onqueue_model::ParticipantId;
use onqueue_store::{Alone, Store, StoreError};
use std::collections::BTreeSet;
use uuid::Uuid;

/// One message: the plain statement costs less than half of the one with lists. A lone row needs no order of locks.
const ONE: &str = "\
    WITH moved AS (\
        UPDATE session_conversations SET last_sequence = $4, last_public_sequence = $5, last_agent_sequence = $6, \
            head_hash = $7, last_activity_at = $8, guest_active_at = $9, agent_active_at = $10 \
        WHERE organisation_id = $1 AND id = $2 AND last_sequence = $3 RETURNING id) \
    INSERT INTO session_events (organisation_id, conversation_id, sequence, public_sequence, agent_sequence, id, \
        kind, visibility, at, participant_id, part, salt, hash, client_message_id, traceparent) \
    SELECT $1, moved.id, $4, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22 FROM moved \
    RETURNING conversation_id";

/// Locks the heads in order of organisation and id, as everybody does; moves those that are still as guessed; appends the
/// events of those; answers which they were.
const MANY: &str = "\
    WITH new AS MATERIALIZED (\
        SELECT wanted.* FROM UNNEST($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], \
            $7::bytea[], $8::bigint[], $9::bigint[], $10::bigint[]) AS wanted(organisation_id, id, guess, sequence, \
            public, agents, hash, at, guest_at, agent_at) \
        JOIN session_conversations AS old ON old.organisation_id = wanted.organisation_id AND old.id = wanted.id \
        ORDER BY old.organisation_id, old.id FOR UPDATE OF old), \
    moved AS (\
        UPDATE session_conversations AS head SET last_sequence = new.sequence, last_public_sequence = new.public, \
            last_agent_sequence = new.agents, head_hash = new.hash, last_activity_at = new.at, \
            guest_active_at = new.guest_at, agent_active_at = new.agent_at \
        FROM new WHERE head.organisation_id = new.organisation_id AND head.id = new.id \
            AND head.last_sequence = new.guess RETURNING head.organisation_id, head.id), \
    logged AS (\
        INSERT INTO session_events (organisation_id, conversation_id, sequence, public_sequence, agent_sequence, id, \
            kind, visibility, at, participant_id, part, salt, hash, client_message_id, traceparent) \
        SELECT event.* FROM UNNEST($11::uuid[], $12::uuid[], $13::bigint[], $14::bigint[], $15::bigint[], \
            $16::uuid[], $17::smallint[], $18::smallint[], $19::bigint[], $20::uuid[], $21::text[], $22::bytea[], \
            $23::bytea[], $24::text[], $25::text[]) AS event(organisation_id, conversation_id, sequence, public, \
            agents, id, kind, visibility, at, participant_id, part, salt, hash, key, traceparent) \
        JOIN moved ON moved.organisation_id = event.organisation_id AND moved.id = event.conversation_id) \
    SELECT id FROM moved";

/// Whether the plan is nothing but messages in conversations that otherwise stay as they are.
pub(super) fn are_all(plan: &Plan) -> bool {
    let is_message = |logged: &Logged| matches!(logged.event.body, Body::Message { .. });
    let mut changes = plan.changes.values();
    let are_messages = changes.all(|change| change.is_narrow() && change.log.iter().all(is_message));
    plan.openings.is_empty() && !plan.changes.is_empty() && are_messages
}

/// Writes the plan; answers the conversations of which nothing was written, because they are no longer as guessed.
pub(super) async fn write(store: &Store, plan: &Plan) -> Result<BTreeSet<Key>, StoreError> {
    let changes: Vec<&Change> = plan.changes.values().collect();
    let statement = match &changes[..] {
        [Change { after, before, log, .. }] if log.len() == 1 => one(before, after, &log[0]),
        _ => many(&changes),
    };
    let moved: BTreeSet<Uuid> = store.alone(&statement).await?.into_iter().collect();
    let missed = plan.changes.keys().filter(|key| !moved.contains(&key.1.uuid()));
    Ok(missed.copied().collect())
}

fn one(before: &Head, after: &Head, logged: &Logged) -> Alone {
    let event = &*logged.event;
    Alone::new(ONE)
        .with(after.organisation.uuid())
        .with(after.conversation.uuid())
        .with(before.numbers.sequence)
        .with(after.numbers.sequence)
        .with(after.numbers.public)
        .with(after.numbers.agents)
        .with(after.hash.to_vec())
        .with(after.last_activity_at.millis())
        .with(after.guest_active_at.millis())
        .with(after.agent_active_at.millis())
        .with(event.public_sequence)
        .with(event.agent_sequence)
        .with(event.id.uuid())
        .with(event.body.kind().code())
        .with(event.body.visibility().code())
        .with(event.at.millis())
        .with(event.participant.map(ParticipantId::uuid))
        .with(event.body.to_part())
        .with(event.salt.to_vec())
        .with(event.hash.to_vec())
        .with(event.client_message_id.clone())
        .with(logged.traceparent.as_deref().map(str::to_owned))
}

fn many(changes: &[&Change]) -> Alone {
    let events = changes
        .iter()
        .flat_map(|change| change.log.iter().map(|logged| (&*change.after, logged)));
    let events: Vec<(&Head, &Logged)> = events.collect();
    with_events(with_heads(Alone::new(MANY), changes), &events)
}

fn with_heads(statement: Alone, changes: &[&Change]) -> Alone {
    statement
        .with(list(changes, |change| change.after.organisation.uuid()))
        .with(list(changes, |change| change.after.conversation.uuid()))
        .with(list(changes, |change| change.before.numbers.sequence))
        .with(list(changes, |change| change.after.numbers.sequence))
        .with(list(changes, |change| change.after.numbers.public))
        .with(list(changes, |change| change.after.numbers.agents))
        .with(list(changes, |change| change.after.hash.to_vec()))
        .with(list(changes, |change| change.after.last_activity_at.millis()))
        .with(list(changes, |change| change.after.guest_active_at.millis()))
        .with(list(changes, |change| change.after.agent_active_at.millis()))
}

fn with_events(statement: Alone, events: &[(&Head, &Logged)]) -> Alone {
    statement
        .with(list(events, |(head, _)| head.organisation.uuid()))
        .with(list(events, |(head, _)| head.conversation.uuid()))
        .with(list(events, |(_, logged)| logged.event.sequence))
        .with(list(events, |(_, logged)| logged.event.public_sequence))
        .with(list(events, |(_, logged)| logged.event.agent_sequence))
        .with(list(events, |(_, logged)| logged.event.id.uuid()))
        .with(list(events, |(_, logged)| logged.event.body.kind().code()))
        .with(list(events, |(_, logged)| logged.event.body.visibility().code()))
        .with(list(events, |(_, logged)| logged.event.at.millis()))
        .with(list(events, |(_, logged)| {
            logged.event.participant.map(ParticipantId::uuid)
        }))
        .with(list(events, |(_, logged)| logged.event.body.to_part()))
        .with(list(events, |(_, logged)| logged.event.salt.to_vec()))
        .with(list(events, |(_, logged)| logged.event.hash.to_vec()))
        .with(list(events, |(_, logged)| logged.event.client_message_id.clone()))
        .with(list(events, |(_, logged)| {
            logged.traceparent.as_deref().map(str::to_owned)
        }))
}

fn list<T, V>(of: &[T], each: impl Fn(&T) -> V) -> Vec<V> {
    of.iter().map(each).collect()
}
