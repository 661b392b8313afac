//! Reading logs.

use super::entities::event;
use super::plan::Line;
use super::{Key, broken, fixed};
use onqueue_chat::{Body, Class, Event, Hash, Kind, Link, Part, Salt, Visibility};
use onqueue_model::{ConversationId, EventId, OrganisationId, ParticipantId, Timestamp};
use onqueue_store::{Scope, Store, StoreError};
use sea_orm::{
    ColumnTrait as _, Condition, ExprTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

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

/// These events of conversations, in order.
pub(crate) async fn at(
    store: &Store,
    organisation: OrganisationId,
    wanted: BTreeMap<ConversationId, Vec<i64>>,
) -> Result<HashMap<ConversationId, Vec<Arc<Event>>>, StoreError> {
    use event::Column as C;
    let mut found: HashMap<ConversationId, Vec<Arc<Event>>> = HashMap::new();
    if wanted.is_empty() {
        return Ok(found);
    }
    let of = wanted
        .into_iter()
        .fold(Condition::any(), |some, (conversation, sequences)| {
            some.add(
                C::ConversationId
                    .eq(conversation.uuid())
                    .and(C::Sequence.is_in(sequences)),
            )
        });
    let rows = Scope::of(organisation)
        .find::<event::Entity>()
        .filter(of)
        .order_by_asc(C::ConversationId)
        .order_by_asc(C::Sequence)
        .all(store.reader())
        .await?;
    for row in rows {
        let conversation = ConversationId::new(row.conversation_id);
        found.entry(conversation).or_default().push(Arc::new(as_event(row)?));
    }
    Ok(found)
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

/// A stored event as it is checked: whatever is in its columns, nothing of it is taken for granted.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub id: EventId,
    pub link: Link,
    /// `None` if it was erased, or cannot be read.
    pub body: Option<Body>,
    pub visibility: i16,
    pub public_sequence: Option<i64>,
    pub agent_sequence: Option<i64>,
}

/// Events after a place in the whole log, for checking.
pub(crate) async fn stored(store: &Store, key: Key, place: i64, limit: u64) -> Result<Vec<Stored>, StoreError> {
    let rows = of(key)
        .filter(event::Column::Sequence.gt(place))
        .order_by_asc(event::Column::Sequence)
        .limit(limit)
        .all(store.reader())
        .await?;
    Ok(rows.into_iter().map(as_stored).collect())
}

/// The event of that name, for checking.
pub(crate) async fn stored_event(store: &Store, key: Key, id: EventId) -> Result<Option<Stored>, StoreError> {
    let row = of(key).filter(event::Column::Id.eq(id.uuid()));
    Ok(row.one(store.reader()).await?.map(as_stored))
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
    let body = match row.part.as_deref() {
        Some(part) => Body::from_part(part),
        None => erased(&row),
    };
    let salt = row.salt.as_deref().map_or(Ok(Salt::default()), fixed)?;
    Ok(Event {
        id: EventId::new(row.id),
        sequence: row.sequence,
        public_sequence: row.public_sequence,
        agent_sequence: row.agent_sequence,
        at: Timestamp(row.at),
        participant: row.participant_id.map(ParticipantId::new),
        body: body.ok_or_else(|| broken("an event that cannot be read"))?,
        client_message_id: row.client_message_id,
        salt,
        hash: fixed(&row.hash)?,
    })
}

fn erased(row: &event::Model) -> Option<Body> {
    Some(Body::Erased {
        kind: Kind::of(row.kind)?,
        visibility: Visibility::of(row.visibility)?,
    })
}

fn as_stored(row: event::Model) -> Stored {
    /// What is of no length that was ever written fits nothing.
    fn hash(bytes: Option<&[u8]>) -> Hash {
        bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or_default()
    }
    let salt = row.salt.as_deref().map(|salt| salt.try_into().unwrap_or_default());
    let body = row.part.as_deref().and_then(Body::from_part);
    let part = match (row.part, salt) {
        (Some(text), Some(salt)) => Part::Present { salt, text },
        _ => Part::Erased(hash(row.part_hash.as_deref())),
    };
    Stored {
        id: EventId::new(row.id),
        link: Link {
            sequence: row.sequence,
            kind: row.kind,
            at: Timestamp(row.at),
            participant: row.participant_id.map(ParticipantId::new),
            part,
            hash: hash(Some(&row.hash)),
        },
        body,
        visibility: row.visibility,
        public_sequence: row.public_sequence,
        agent_sequence: row.agent_sequence,
    }
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
