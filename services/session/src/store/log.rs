//! Reading logs.

use super::entities::event;
use super::plan::Line;
use super::{Key, broken, fixed};
use onqueue_chat::{Body, Class, Event, Link, Part};
use onqueue_model::{EventId, ParticipantId, Timestamp};
use onqueue_store::{Scope, Store, StoreError};
use sea_orm::{ColumnTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select};
use std::sync::Arc;

/// What a viewer sees after a place in its own numbering, in order.
pub(crate) async fn after(
    store: &Store,
    key: Key,
    class: Class,
    place: i64,
    limit: u64,
) -> Result<Vec<Line>, StoreError> {
    // A place in the whole log is never before the place in what a class sees of it, so the key's index serves.
    let rows = of(key)
        .filter(event::Column::Sequence.gt(place))
        .filter(number(class).gt(place))
        .order_by_asc(event::Column::Sequence)
        .limit(limit)
        .all(store.reader())
        .await?;
    rows.into_iter().map(as_line).collect()
}

/// The message that this participant sent with this key.
pub(crate) async fn by_client_message(
    store: &Store,
    key: Key,
    participant: ParticipantId,
    client_message_id: &str,
) -> Result<Option<Event>, StoreError> {
    let row = of(key)
        .filter(event::Column::ParticipantId.eq(participant.uuid()))
        .filter(event::Column::ClientMessageId.eq(client_message_id))
        .one(store.reader())
        .await?;
    row.map(as_event).transpose()
}

/// Where a place in one class's numbering lies in another's: the last of its events that come no later.
pub(crate) async fn translate(store: &Store, key: Key, from: Class, place: i64, to: Class) -> Result<i64, StoreError> {
    let last: Option<Option<i64>> = of(key)
        .filter(number(from).lte(place))
        .select_only()
        .column_as(number(to).max(), "last")
        .into_tuple()
        .one(store.reader())
        .await?;
    Ok(last.flatten().unwrap_or(0))
}

/// The whole log as the hash chain covers it.
pub(crate) async fn links(store: &Store, key: Key) -> Result<Vec<Link>, StoreError> {
    let rows = of(key)
        .order_by_asc(event::Column::Sequence)
        .all(store.reader())
        .await?;
    rows.into_iter().map(as_link).collect()
}

fn of((organisation, conversation): Key) -> Select<event::Entity> {
    Scope::of(organisation)
        .find::<event::Entity>()
        .filter(event::Column::ConversationId.eq(conversation.uuid()))
}

const fn number(class: Class) -> event::Column {
    match class {
        Class::Guest => event::Column::PublicSequence,
        Class::Agent => event::Column::AgentSequence,
        Class::Supervisor => event::Column::Sequence,
    }
}

fn as_line(mut row: event::Model) -> Result<Line, StoreError> {
    let traceparent = row.traceparent.take().map(Into::into);
    let event = Arc::new(as_event(row)?);
    Ok(Line { event, traceparent })
}

fn as_event(row: event::Model) -> Result<Event, StoreError> {
    let part = row.part.as_deref().ok_or_else(|| broken("an erased event"))?;
    Ok(Event {
        id: EventId::new(row.id),
        sequence: row.sequence,
        public_sequence: row.public_sequence,
        agent_sequence: row.agent_sequence,
        at: Timestamp(row.at),
        participant: row.participant_id.map(ParticipantId::new),
        body: Body::from_part(part).ok_or_else(|| broken("an event that cannot be read"))?,
        client_message_id: row.client_message_id,
        salt: fixed(row.salt.as_deref().unwrap_or_default())?,
        hash: fixed(&row.hash)?,
    })
}

fn as_link(row: event::Model) -> Result<Link, StoreError> {
    let part = match (row.part, row.salt) {
        (Some(text), Some(salt)) => Part::Present {
            salt: fixed(&salt)?,
            text,
        },
        _ => Part::Erased(fixed(row.part_hash.as_deref().unwrap_or_default())?),
    };
    Ok(Link {
        sequence: row.sequence,
        kind: row.kind,
        at: Timestamp(row.at),
        participant: row.participant_id.map(ParticipantId::new),
        part,
        hash: fixed(&row.hash)?,
    })
}
