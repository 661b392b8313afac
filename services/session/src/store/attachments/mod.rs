//! Files in conversations, without their bytes.

mod change;
mod row;

pub(crate) use change::{
    Announced, Cleared, Limits, New, announce, begin, claim, clear, close, erase, postpone, refuse, settle,
};

use super::{Key, broken};
use onqueue_files::{Place, Refusal};
use onqueue_model::{AttachmentId, ConversationId, OrganisationId, ParticipantId, Timestamp, UserId};
use onqueue_store::{Scope, Store, StoreError};
use row::{Column as C, Entity, Model};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, ExprTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _, Select,
};
use uuid::Uuid;

/// A file in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attachment {
    pub place: Place,
    pub participant: ParticipantId,
    /// The user behind the participant; `None` for the guest.
    pub user: Option<UserId>,
    pub name: String,
    pub bytes: u64,
    /// Known once it is clean.
    pub media_type: Option<String>,
    pub state: State,
    /// Which attempt to bring it counts.
    pub attempt: Option<Uuid>,
    /// SHA-256 of each part, one after the other, once it is clean.
    pub hashes: Vec<u8>,
    /// How often it was looked at without a verdict.
    pub tries: u32,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// When something is to be done about it.
    pub due_at: Option<Timestamp>,
}

/// Where a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Uploading,
    Quarantined,
    Clean,
    Refused(Refusal),
    Erased,
}

impl State {
    const fn code(self) -> i16 {
        match self {
            Self::Uploading => 1,
            Self::Quarantined => 2,
            Self::Clean => 3,
            Self::Refused(_) => 4,
            Self::Erased => 5,
        }
    }
}

pub(crate) async fn find(store: &Store, place: Place) -> Result<Option<Attachment>, StoreError> {
    let row = select(place).one(store.reader()).await?;
    row.map(from_row).transpose()
}

/// Those that the viewer may know of, in the order in which they were announced.
pub(crate) async fn list(
    store: &Store,
    (organisation, conversation): Key,
    viewer: Option<ParticipantId>,
    after: Option<AttachmentId>,
    limit: u64,
) -> Result<Vec<Attachment>, StoreError> {
    let mut known = Condition::any().add(C::State.is_in([State::Clean.code(), State::Erased.code()]));
    if let Some(viewer) = viewer {
        known = known.add(C::ParticipantId.eq(viewer.uuid()));
    }
    let rows = Scope::of(organisation)
        .find::<Entity>()
        .filter(C::ConversationId.eq(conversation.uuid()))
        .filter(known)
        .apply_if(after, |query, after| query.filter(C::Id.gt(after.uuid())))
        .order_by_asc(C::Id)
        .limit(limit)
        .all(store.reader())
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// How many bytes of a conversation's quota are taken.
pub(crate) async fn used(store: &Store, (organisation, conversation): Key) -> Result<u64, StoreError> {
    let lengths: Vec<i64> = Scope::of(organisation)
        .find::<Entity>()
        .filter(C::ConversationId.eq(conversation.uuid()))
        .filter(counts())
        .select_only()
        .column(C::Bytes)
        .into_tuple()
        .all(store.reader())
        .await?;
    Ok(lengths.into_iter().map(unsigned).sum())
}

/// Those about which something is to be done, the longest due first.
pub(crate) async fn due(store: &Store, now: Timestamp, limit: u64) -> Result<Vec<Attachment>, StoreError> {
    let rows = Entity::find()
        .filter(C::DueAt.lte(now.millis()))
        .order_by_asc(C::DueAt)
        .limit(limit)
        .all(store.reader())
        .await?;
    rows.into_iter().map(from_row).collect()
}

/// Those that count towards the quota.
fn counts() -> Condition {
    let counted = [State::Uploading, State::Quarantined, State::Clean];
    Condition::all().add(C::State.is_in(counted.map(State::code)))
}

fn select(place: Place) -> Select<Entity> {
    Scope::of(place.organisation).find::<Entity>().filter(is(place))
}

fn is(place: Place) -> Condition {
    let of = C::OrganisationId.eq(place.organisation.uuid());
    let within = C::ConversationId.eq(place.conversation.uuid());
    Condition::all()
        .add(of.and(within))
        .add(C::Id.eq(place.attachment.uuid()))
}

fn from_row(row: Model) -> Result<Attachment, StoreError> {
    let state = match (row.state, row.refusal.as_deref().map(Refusal::parse)) {
        (1, _) => State::Uploading,
        (2, _) => State::Quarantined,
        (3, _) => State::Clean,
        (4, Some(Some(refusal))) => State::Refused(refusal),
        (5, _) => State::Erased,
        _ => return Err(broken("an attachment in no known state")),
    };
    Ok(Attachment {
        place: Place {
            organisation: OrganisationId::new(row.organisation_id),
            conversation: ConversationId::new(row.conversation_id),
            attachment: AttachmentId::new(row.id),
        },
        participant: ParticipantId::new(row.participant_id),
        user: row.user_id.map(UserId::new),
        name: row.name,
        bytes: unsigned(row.bytes),
        media_type: row.media_type,
        state,
        attempt: row.attempt,
        hashes: row.hashes.unwrap_or_default(),
        tries: u32::try_from(row.tries).unwrap_or(0),
        created_at: Timestamp(row.created_at),
        expires_at: Timestamp(row.expires_at),
        due_at: row.due_at.map(Timestamp),
    })
}

fn unsigned(bytes: i64) -> u64 {
    u64::try_from(bytes).unwrap_or(0)
}
