//! Reading conversations.

use super::entities::{conversation, participant};
use super::{Key, broken, fixed, presence};
use onqueue_chat::{Agent, ConversationKind, EndReason, Head, Numbers, ParticipantKind, Place, State};
use onqueue_model::{
    ContactId, ConversationId, DeploymentId, OrganisationId, ParticipantId, QueueId, Timestamp, UserId,
};
use onqueue_store::{Scope, Store, StoreError};
use sea_orm::{
    ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _, ExprTrait as _, JoinType, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, QueryTrait as _, RelationDef, Select,
};
use std::collections::HashMap;
use uuid::Uuid;

/// One exchange with everything that a summary says.
#[derive(Clone, Debug)]
pub(crate) struct Conversation {
    pub head: Head,
    pub deployment: DeploymentId,
    pub language: Option<String>,
    pub guest_name: String,
    pub topic: String,
    pub created_at: Timestamp,
    pub request_hash: Vec<u8>,
    pub participants: Vec<Participant>,
    /// Since when the guest has been away, if they are, and it goes on.
    pub guest_away_since: Option<Timestamp>,
    /// With whom it is, if that is known.
    pub contact: Option<ContactId>,
    /// When everything personal of it was erased, if it was.
    pub erased_at: Option<Timestamp>,
}

/// One party, as stored.
#[derive(Clone, Debug)]
pub(crate) struct Participant {
    pub id: ParticipantId,
    pub kind: ParticipantKind,
    pub user: Option<UserId>,
    pub name: String,
    pub joined_at: Timestamp,
    pub left_at: Option<Timestamp>,
}

/// Which conversations to list, the newest first.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub queues: Vec<QueueId>,
    /// As [`state_code`] numbers them.
    pub state: Option<i16>,
    pub before: Option<ConversationId>,
    pub limit: u64,
}

/// How the database numbers states.
pub(crate) const fn state_code(state: State) -> i16 {
    match state {
        State::Pending => 1,
        State::Queued => 2,
        State::Alerting => 3,
        State::Connected => 4,
        State::Ended { .. } => 5,
    }
}

pub(crate) async fn find(store: &Store, (organisation, id): Key) -> Result<Option<Conversation>, StoreError> {
    let rows = find_many(store, organisation, [id]).await?;
    Ok(rows.into_iter().next())
}

/// Those that exist, in order of id.
pub(crate) async fn find_many(
    store: &Store,
    organisation: OrganisationId,
    ids: impl IntoIterator<Item = ConversationId>,
) -> Result<Vec<Conversation>, StoreError> {
    let wanted = Scope::of(organisation)
        .find::<conversation::Entity>()
        .filter(conversation::Column::Id.is_in(ids.into_iter().map(ConversationId::uuid)));
    read_whole(store, wanted).await
}

/// What was begun by this request.
pub(crate) async fn by_request(
    store: &Store,
    organisation: OrganisationId,
    deployment: DeploymentId,
    request: Uuid,
) -> Result<Option<Conversation>, StoreError> {
    let wanted = Scope::of(organisation)
        .find::<conversation::Entity>()
        .filter(conversation::Column::DeploymentId.eq(deployment.uuid()))
        .filter(conversation::Column::RequestId.eq(request));
    Ok(read_whole(store, wanted).await?.into_iter().next())
}

/// Conversations and their participants in one statement, in order of id: between two, a conversation might end, and
/// whoever took part until then would seem to have left before.
async fn read_whole(store: &Store, wanted: Select<conversation::Entity>) -> Result<Vec<Conversation>, StoreError> {
    use conversation::Column as C;
    use participant::Column as P;
    let participants: RelationDef = conversation::Entity::belongs_to(participant::Entity)
        .from((C::OrganisationId, C::Id))
        .to((P::OrganisationId, P::ConversationId))
        .into();
    let rows = wanted
        .join(JoinType::LeftJoin, participants)
        .select_also(participant::Entity)
        .order_by_asc(C::Id)
        .order_by_asc(P::JoinedAt)
        .order_by_asc(P::Id)
        .all(store.reader())
        .await?;
    rows.chunk_by(|(one, _), (next, _)| one.id == next.id)
        .filter_map(|rows| Some((rows.first()?.0.clone(), rows)))
        .map(|(row, rows)| {
            let participants = rows.iter().filter_map(|(_, one)| one.clone());
            let participants = participants.map(as_participant).collect::<Result<_, _>>()?;
            as_conversation(row, participants)
        })
        .collect()
}

pub(crate) async fn list(
    store: &Store,
    organisation: OrganisationId,
    filter: &Filter,
) -> Result<Vec<Conversation>, StoreError> {
    use conversation::Column as C;
    let page = Scope::of(organisation)
        .find::<conversation::Entity>()
        .filter(C::QueueId.is_in(filter.queues.iter().map(|queue| queue.uuid())))
        .apply_if(filter.state, |query, state| query.filter(C::State.eq(state)))
        .apply_if(filter.before, |query, id| query.filter(C::Id.lt(id.uuid())))
        .order_by_desc(C::Id)
        .limit(filter.limit)
        .select_only()
        .column(C::Id);
    let wanted = Scope::of(organisation)
        .find::<conversation::Entity>()
        .filter(C::Id.in_subquery(page.into_query()));
    let mut found = read_whole(store, wanted).await?;
    found.reverse();
    presence::note(store, &mut found).await?;
    Ok(found)
}

/// All of an organisation, in order, after that one.
pub(crate) async fn ids(
    store: &Store,
    organisation: OrganisationId,
    after: Option<ConversationId>,
    limit: u64,
) -> Result<Vec<ConversationId>, StoreError> {
    use conversation::Column as C;
    let ids: Vec<Uuid> = Scope::of(organisation)
        .find::<conversation::Entity>()
        .apply_if(after, |query, id| query.filter(C::Id.gt(id.uuid())))
        .order_by_asc(C::Id)
        .limit(limit)
        .select_only()
        .column(C::Id)
        .into_tuple()
        .all(store.reader())
        .await?;
    Ok(ids.into_iter().map(ConversationId::new).collect())
}

/// The conversations in which the user takes part now.
pub(crate) async fn of_user(
    store: &Store,
    organisation: OrganisationId,
    user: UserId,
) -> Result<Vec<ConversationId>, StoreError> {
    let ids: Vec<Uuid> = Scope::of(organisation)
        .find::<participant::Entity>()
        .filter(participant::Column::UserId.eq(user.uuid()))
        .filter(participant::Column::LeftAt.is_null())
        .select_only()
        .column(participant::Column::ConversationId)
        .into_tuple()
        .all(store.reader())
        .await?;
    Ok(ids.into_iter().map(ConversationId::new).collect())
}

/// Those whose inactivity is to be looked at, the longest due first.
pub(crate) async fn due(store: &Store, now: Timestamp, limit: u64) -> Result<Vec<Key>, StoreError> {
    use conversation::Column as C;
    let rows: Vec<(Uuid, Uuid)> = conversation::Entity::find()
        .filter(C::CheckAt.lte(now.millis()))
        .order_by_asc(C::CheckAt)
        .limit(limit)
        .select_only()
        .columns([C::OrganisationId, C::Id])
        .into_tuple()
        .all(store.reader())
        .await?;
    let key = |(organisation, id)| (OrganisationId::new(organisation), ConversationId::new(id));
    Ok(rows.into_iter().map(key).collect())
}

/// Heads of conversations whose rows the transaction holds: nobody else moves who takes part in them.
pub(super) async fn as_heads(
    tx: &DatabaseTransaction,
    rows: Vec<conversation::Model>,
) -> Result<Vec<Head>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    use participant::Column as C;
    let wanted = rows.chunk_by(|one, next| one.organisation_id == next.organisation_id);
    let wanted = wanted.filter_map(|rows| {
        let organisation = rows.first()?.organisation_id;
        let ids = rows.iter().map(|row| row.id);
        Some(C::OrganisationId.eq(organisation).and(C::ConversationId.is_in(ids)))
    });
    let participants = participant::Entity::find()
        .filter(wanted.fold(Condition::any(), Condition::add))
        .order_by_asc(C::JoinedAt)
        .order_by_asc(C::Id)
        .all(tx)
        .await?;
    let mut by_conversation: HashMap<Uuid, Vec<Participant>> = HashMap::new();
    for row in participants {
        by_conversation
            .entry(row.conversation_id)
            .or_default()
            .push(as_participant(row)?);
    }
    rows.iter()
        .map(|row| as_head(row, &by_conversation.remove(&row.id).unwrap_or_default()))
        .collect()
}

fn as_participant(row: participant::Model) -> Result<Participant, StoreError> {
    let kind = ParticipantKind::of(row.kind);
    Ok(Participant {
        id: ParticipantId::new(row.id),
        kind: kind.ok_or_else(|| broken("a participant of no known kind"))?,
        user: row.user_id.map(UserId::new),
        name: row.name,
        joined_at: Timestamp(row.joined_at),
        left_at: row.left_at.map(Timestamp),
    })
}

fn as_conversation(row: conversation::Model, participants: Vec<Participant>) -> Result<Conversation, StoreError> {
    let head = as_head(&row, &participants)?;
    Ok(Conversation {
        head,
        deployment: DeploymentId::new(row.deployment_id),
        language: row.language,
        guest_name: row.guest_name,
        topic: row.topic,
        created_at: Timestamp(row.created_at),
        request_hash: row.request_hash,
        participants,
        guest_away_since: None,
        contact: row.contact_id.map(ContactId::new),
        erased_at: row.erased_at.map(Timestamp),
    })
}

fn as_head(row: &conversation::Model, participants: &[Participant]) -> Result<Head, StoreError> {
    let ended_at = row.ended_at.map(Timestamp);
    let takes_part = |one: &Participant| one.left_at.is_none() || one.left_at == ended_at;
    let agent = |one: &Participant| {
        one.user.map(|user| Agent {
            participant: one.id,
            user,
            kind: one.kind,
            active: takes_part(one),
        })
    };
    let kind = ConversationKind::of(row.kind);
    let active_at = |at: Option<i64>| Timestamp(at.unwrap_or(row.last_activity_at));
    Ok(Head {
        organisation: OrganisationId::new(row.organisation_id),
        conversation: ConversationId::new(row.id),
        kind: kind.ok_or_else(|| broken("a conversation of no known kind"))?,
        opening: u32::try_from(row.opening).map_err(broken)?,
        queue: QueueId::new(row.queue_id),
        guest: ParticipantId::new(row.guest_id),
        agents: participants.iter().filter_map(agent).collect(),
        state: state(row)?,
        numbers: Numbers {
            sequence: row.last_sequence,
            public: row.last_public_sequence,
            agents: row.last_agent_sequence,
        },
        hash: fixed(&row.head_hash)?,
        reported: Place {
            epoch: row.report_epoch,
            position: row.report_position,
        },
        assistance: read(row.assistance.as_deref())?,
        attributes: read(row.attributes.as_deref())?.unwrap_or_default(),
        last_activity_at: Timestamp(row.last_activity_at),
        guest_active_at: active_at(row.guest_active_at),
        agent_active_at: active_at(row.agent_active_at),
        warned_at: row.warned_at.map(Timestamp),
        check_at: row.check_at.map(Timestamp),
    })
}

/// As the database holds it.
pub(super) fn opening_number(head: &Head) -> i32 {
    i32::try_from(head.opening).unwrap_or(i32::MAX)
}

/// As the database holds it; `None` for none.
pub(super) fn assistance_text(head: &Head) -> Option<String> {
    head.assistance
        .as_ref()
        .and_then(|open| serde_json::to_string(open).ok())
}

/// As the database holds them; `None` for none.
pub(super) fn attributes_text(head: &Head) -> Option<String> {
    let some = Some(&*head.attributes).filter(|attributes| !attributes.is_empty())?;
    serde_json::to_string(some).ok()
}

fn read<T: serde::de::DeserializeOwned>(text: Option<&str>) -> Result<Option<T>, StoreError> {
    text.map(|text| serde_json::from_str(text).map_err(broken)).transpose()
}

fn state(row: &conversation::Model) -> Result<State, StoreError> {
    match (row.state, row.ended_at, row.end_reason.and_then(EndReason::of)) {
        (1, ..) => Ok(State::Pending),
        (2, ..) => Ok(State::Queued),
        (3, ..) => Ok(State::Alerting),
        (4, ..) => Ok(State::Connected),
        (5, Some(at), Some(reason)) => Ok(State::Ended {
            at: Timestamp(at),
            reason,
        }),
        _ => Err(broken("a conversation in no known state")),
    }
}
