//! Requests for a supervisor, as the log says of them. What was asked stays in the log alone.

use super::entities::{assistance, event, participant};
use super::write::Entry;
use super::{broken, supervisors, supervisors::Supervisor};
use onqueue_chat::{Body, ParticipantKind};
use onqueue_model::{AssistanceId, ConversationId, OrganisationId, ParticipantId, QueueId, Timestamp, UserId};
use onqueue_store::{Scope, Store, StoreError};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, QueryTrait as _, Select, sea_query::Expr,
};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// What became of a request; the number is what the database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub(crate) enum State {
    Open = 1,
    Taken = 2,
    Closed = 3,
}

/// One request, without what only the log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub id: AssistanceId,
    pub conversation: ConversationId,
    /// Where in its log it was made.
    sequence: i64,
    /// The queue in which it was made.
    pub queue: QueueId,
    pub state: State,
    pub asked_by: ParticipantId,
    pub asked_at: Timestamp,
    pub taken: Option<Taken>,
    /// When, and how.
    pub closed: Option<(Timestamp, String)>,
}

/// Who helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub user: UserId,
    pub name: String,
    pub at: Timestamp,
}

/// What the log says of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Empty when it was erased.
    pub text: String,
    pub user: Option<UserId>,
    pub name: String,
}

/// Which requests to list, the newest first.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub queues: Vec<QueueId>,
    pub state: Option<State>,
    pub conversation: Option<ConversationId>,
    pub before: Option<(Timestamp, AssistanceId)>,
    pub limit: u64,
}

/// Follows what the log says of requests and supervisors.
pub(super) async fn write(tx: &DatabaseTransaction, entries: &[Entry<'_>]) -> Result<(), StoreError> {
    for entry in entries {
        let key = (entry.head.organisation, entry.head.conversation);
        match &entry.logged.event.body {
            Body::AssistanceRequested { assistance, .. } => insert(tx, entry, *assistance).await?,
            Body::AssistanceTaken { assistance, user, name } => take(tx, entry, (*assistance, *user, name)).await?,
            Body::AssistanceClosed { assistance, how } => {
                close(tx, entry, *assistance, how.as_str()).await?;
                supervisors::helped(tx, key).await?;
            }
            Body::ParticipantJoined {
                kind: ParticipantKind::Supervisor,
                user: Some(user),
                ..
            } => supervisors::joined(tx, key, *user).await?,
            _ => {}
        }
    }
    end(tx, entries).await
}

/// Nobody supervises what is over.
async fn end(tx: &DatabaseTransaction, entries: &[Entry<'_>]) -> Result<(), StoreError> {
    let mut ended: BTreeMap<OrganisationId, Vec<ConversationId>> = BTreeMap::new();
    for entry in entries
        .iter()
        .filter(|entry| matches!(entry.logged.event.body, Body::Ended { .. }))
    {
        ended
            .entry(entry.head.organisation)
            .or_default()
            .push(entry.head.conversation);
    }
    for (organisation, conversations) in ended {
        supervisors::ended(tx, organisation, &conversations).await?;
    }
    Ok(())
}

async fn insert(tx: &DatabaseTransaction, entry: &Entry<'_>, id: AssistanceId) -> Result<(), StoreError> {
    let (event, head) = (&entry.logged.event, entry.head);
    let row = assistance::ActiveModel {
        organisation_id: Set(head.organisation.uuid()),
        id: Set(id.uuid()),
        conversation_id: Set(head.conversation.uuid()),
        sequence: Set(event.sequence),
        queue_id: Set(head.queue.uuid()),
        state: Set(State::Open as i16),
        asked_by: Set(event.participant.unwrap_or(head.guest).uuid()),
        asked_at: Set(event.at.millis()),
        taken_by: Set(None),
        taken_by_name: Set(None),
        taken_at: Set(None),
        closed_at: Set(None),
        closed_how: Set(None),
    };
    assistance::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

async fn take(
    tx: &DatabaseTransaction,
    entry: &Entry<'_>,
    (id, user, name): (AssistanceId, UserId, &str),
) -> Result<(), StoreError> {
    use assistance::Column as C;
    let (event, head) = (&entry.logged.event, entry.head);
    let taken = changed(head.organisation, id)
        .col_expr(C::State, Expr::value(State::Taken as i16))
        .col_expr(C::TakenBy, Expr::value(user.uuid()))
        .col_expr(C::TakenByName, Expr::value(name))
        .col_expr(C::TakenAt, Expr::value(event.at.millis()));
    taken.exec(tx).await?;
    if head.active(user).is_some() {
        return Ok(());
    }
    let helper = Supervisor {
        user,
        // As good as any: it is nobody else's, and known to whoever repeats this.
        participant: ParticipantId::new(event.id.uuid()),
        name: name.to_owned(),
        mode: supervisors::Mode::Help,
        since: event.at,
    };
    supervisors::put(tx, (head.organisation, head.conversation), &helper).await?;
    Ok(())
}

async fn close(tx: &DatabaseTransaction, entry: &Entry<'_>, id: AssistanceId, how: &str) -> Result<(), StoreError> {
    use assistance::Column as C;
    let closed = changed(entry.head.organisation, id)
        .col_expr(C::State, Expr::value(State::Closed as i16))
        .col_expr(C::ClosedAt, Expr::value(entry.logged.event.at.millis()))
        .col_expr(C::ClosedHow, Expr::value(how));
    closed.exec(tx).await?;
    Ok(())
}

fn changed(organisation: OrganisationId, id: AssistanceId) -> sea_orm::UpdateMany<assistance::Entity> {
    assistance::Entity::update_many()
        .filter(assistance::Column::OrganisationId.eq(organisation.uuid()))
        .filter(assistance::Column::Id.eq(id.uuid()))
}

/// One request.
pub(crate) async fn find(
    store: &Store,
    organisation: OrganisationId,
    id: AssistanceId,
) -> Result<Option<Request>, StoreError> {
    let row = of(organisation).filter(assistance::Column::Id.eq(id.uuid()));
    row.one(store.reader()).await?.map(as_request).transpose()
}

/// A page of requests.
pub(crate) async fn list(
    store: &Store,
    organisation: OrganisationId,
    filter: &Filter,
) -> Result<Vec<Request>, StoreError> {
    use assistance::Column as C;
    let rows = of(organisation)
        .filter(C::QueueId.is_in(filter.queues.iter().map(|queue| queue.uuid())))
        .apply_if(filter.state, |query, state| query.filter(C::State.eq(state as i16)))
        .apply_if(filter.conversation, |query, id| {
            query.filter(C::ConversationId.eq(id.uuid()))
        })
        .apply_if(filter.before, |query, place| query.filter(before(place)))
        .order_by_desc(C::AskedAt)
        .order_by_desc(C::Id)
        .limit(filter.limit);
    rows.all(store.reader()).await?.into_iter().map(as_request).collect()
}

/// It says twice where the times begin: from the first an index knows where to begin to read.
fn before((at, id): (Timestamp, AssistanceId)) -> Condition {
    use assistance::Column as C;
    let earlier = Condition::any()
        .add(C::AskedAt.lt(at.millis()))
        .add(C::Id.lt(id.uuid()));
    Condition::all().add(C::AskedAt.lte(at.millis())).add(earlier)
}

/// Every open request of an organisation, the oldest first.
pub(crate) async fn open(store: &Store, organisation: OrganisationId) -> Result<Vec<Request>, StoreError> {
    let rows = of(organisation)
        .filter(assistance::Column::State.eq(State::Open as i16))
        .order_by_asc(assistance::Column::AskedAt)
        .order_by_asc(assistance::Column::Id);
    rows.all(store.reader()).await?.into_iter().map(as_request).collect()
}

/// The open requests of each of these organisations that has any.
pub(crate) async fn open_of(
    store: &Store,
    organisations: &[OrganisationId],
) -> Result<HashMap<OrganisationId, Vec<AssistanceId>>, StoreError> {
    use assistance::Column as C;
    let mut found: HashMap<OrganisationId, Vec<AssistanceId>> = HashMap::new();
    if organisations.is_empty() {
        return Ok(found);
    }
    let rows: Vec<(Uuid, Uuid)> = assistance::Entity::find()
        .filter(C::OrganisationId.is_in(organisations.iter().map(|organisation| organisation.uuid())))
        .filter(C::State.eq(State::Open as i16))
        .order_by_asc(C::Id)
        .select_only()
        .columns([C::OrganisationId, C::Id])
        .into_tuple()
        .all(store.reader())
        .await?;
    for (organisation, id) in rows {
        found
            .entry(OrganisationId::new(organisation))
            .or_default()
            .push(AssistanceId::new(id));
    }
    Ok(found)
}

/// What the log says of these requests of one organisation, in their order.
pub(crate) async fn asked(
    store: &Store,
    organisation: OrganisationId,
    requests: &[Request],
) -> Result<Vec<Asked>, StoreError> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    let texts = texts(store, organisation, requests).await?;
    let people = people(store, organisation, requests).await?;
    let asked = requests.iter().map(|request| {
        let by = people.get(&(request.conversation.uuid(), request.asked_by.uuid()));
        Asked {
            text: texts.get(&request.id).cloned().unwrap_or_default(),
            user: by.and_then(|by| by.user_id).map(UserId::new),
            name: by.map(|by| by.name.clone()).unwrap_or_default(),
        }
    });
    Ok(asked.collect())
}

async fn texts(
    store: &Store,
    organisation: OrganisationId,
    requests: &[Request],
) -> Result<HashMap<AssistanceId, String>, StoreError> {
    use event::Column as C;
    let wanted = requests.iter().map(|request| {
        let of = C::ConversationId.eq(request.conversation.uuid());
        Condition::all().add(of).add(C::Sequence.eq(request.sequence))
    });
    let rows = Scope::of(organisation)
        .find::<event::Entity>()
        .filter(wanted.fold(Condition::any(), Condition::add))
        .all(store.reader())
        .await?;
    let text = |row: event::Model| match Body::from_part(row.part.as_deref()?)? {
        Body::AssistanceRequested { assistance, text } => Some((assistance, text)),
        _ => None,
    };
    Ok(rows.into_iter().filter_map(text).collect())
}

async fn people(
    store: &Store,
    organisation: OrganisationId,
    requests: &[Request],
) -> Result<HashMap<(Uuid, Uuid), participant::Model>, StoreError> {
    use participant::Column as C;
    let rows = Scope::of(organisation)
        .find::<participant::Entity>()
        .filter(C::ConversationId.is_in(requests.iter().map(|request| request.conversation.uuid())))
        .filter(C::Id.is_in(requests.iter().map(|request| request.asked_by.uuid())))
        .all(store.reader())
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| ((row.conversation_id, row.id), row))
        .collect())
}

fn of(organisation: OrganisationId) -> Select<assistance::Entity> {
    Scope::of(organisation).find::<assistance::Entity>()
}

fn as_request(row: assistance::Model) -> Result<Request, StoreError> {
    let state = match row.state {
        1 => State::Open,
        2 => State::Taken,
        3 => State::Closed,
        other => return Err(broken(format_args!("{other} is no state of a request"))),
    };
    let taken = row.taken_by.zip(row.taken_at).map(|(user, at)| Taken {
        user: UserId::new(user),
        name: row.taken_by_name.unwrap_or_default(),
        at: Timestamp(at),
    });
    Ok(Request {
        id: AssistanceId::new(row.id),
        conversation: ConversationId::new(row.conversation_id),
        sequence: row.sequence,
        queue: QueueId::new(row.queue_id),
        state,
        asked_by: ParticipantId::new(row.asked_by),
        asked_at: Timestamp(row.asked_at),
        taken,
        closed: row.closed_at.map(Timestamp).zip(row.closed_how),
    })
}
