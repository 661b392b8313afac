//! Writing a plan. Heads are compared with what was decided upon; the feed is numbered last, so that its numbers follow
//! the order of commits.

use super::entities::{conversation, feed, guest_token, participant};
use super::plan::{Logged, Opening, Plan};
use super::sql::Sql;
use super::{Key, conversations::state_code, feed as feed_rows, heads};
use onqueue_chat::{Body, Head, ParticipantKind, Visibility};
use onqueue_model::{ConversationId, OrganisationId, Timestamp};
use onqueue_store::{StoreError, audit};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _, Value,
    sea_query::{Expr, OnConflict},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use uuid::Uuid;

/// Writes everything but the changes of conversations that are no longer as guessed, which it answers.
pub(super) async fn write(tx: &DatabaseTransaction, plan: &Plan) -> Result<BTreeSet<Key>, StoreError> {
    let hits = heads::advance(tx, plan).await?;
    let missed = plan.changes.keys().filter(|key| !hits.contains(&key.1.uuid()));
    let missed: BTreeSet<Key> = missed.copied().collect();
    let changes = plan.changes.iter().filter(|(key, _)| !missed.contains(key));
    let entries: Vec<Entry<'_>> = changes
        .flat_map(|(_, change)| {
            change.log.iter().map(|logged| Entry {
                logged,
                head: &change.after,
            })
        })
        .chain(plan.openings.iter().flat_map(|opening| {
            opening.log.iter().map(|logged| Entry {
                logged,
                head: &opening.head,
            })
        }))
        .collect();
    insert_openings(tx, &plan.openings).await?;
    move_participants(tx, plan, &entries).await?;
    insert_events(tx, &entries).await?;
    insert_feed(tx, plan, &entries).await?;
    audit_ends(tx, &entries).await?;
    Ok(missed)
}

/// An event about to be written, with the head that it leads to.
struct Entry<'a> {
    logged: &'a Logged,
    head: &'a Arc<Head>,
}

async fn insert_openings(tx: &DatabaseTransaction, openings: &[Opening]) -> Result<(), StoreError> {
    if openings.is_empty() {
        return Ok(());
    }
    // In the order of the key that tells requests apart: two writers who were sent the same ones wait in turn.
    let mut in_order: Vec<&Opening> = openings.iter().collect();
    in_order.sort_by_key(|opening| {
        let details = &opening.details;
        (opening.head.organisation, details.deployment, details.request)
    });
    let rows = in_order.into_iter().map(opening_row);
    conversation::Entity::insert_many(rows)
        .exec_without_returning(tx)
        .await?;
    let tokens = openings.iter().map(|opening| guest_token::ActiveModel {
        token_hash: Set(opening.details.resume_hash.to_vec()),
        organisation_id: Set(opening.head.organisation.uuid()),
        conversation_id: Set(opening.head.conversation.uuid()),
        participant_id: Set(opening.head.guest.uuid()),
        replaces_hash: Set(None),
        created_at: Set(opening.at.millis()),
        used_at: Set(None),
        expires_at: Set(opening.details.resume_expires_at.millis()),
    });
    guest_token::Entity::insert_many(tokens)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

fn opening_row(opening: &Opening) -> conversation::ActiveModel {
    let (head, details) = (&opening.head, &opening.details);
    conversation::ActiveModel {
        organisation_id: Set(head.organisation.uuid()),
        id: Set(head.conversation.uuid()),
        opening: Set(i32::try_from(head.opening).unwrap_or(i32::MAX)),
        deployment_id: Set(details.deployment.uuid()),
        queue_id: Set(head.queue.uuid()),
        guest_id: Set(head.guest.uuid()),
        language: Set(details.language.clone()),
        guest_name: Set(details.guest_name.clone()),
        topic: Set(details.topic.clone()),
        request_id: Set(details.request),
        request_hash: Set(details.request_hash.to_vec()),
        state: Set(state_code(head.state)),
        last_sequence: Set(head.numbers.sequence),
        last_public_sequence: Set(head.numbers.public),
        last_agent_sequence: Set(head.numbers.agents),
        head_hash: Set(head.hash.to_vec()),
        report_epoch: Set(head.reported.epoch),
        report_position: Set(head.reported.position),
        created_at: Set(opening.at.millis()),
        last_activity_at: Set(head.last_activity_at.millis()),
        warned_at: Set(None),
        check_at: Set(None),
        ended_at: Set(None),
        end_reason: Set(None),
    }
}

/// Who joined and who left, and everybody when it ended.
async fn move_participants(tx: &DatabaseTransaction, plan: &Plan, entries: &[Entry<'_>]) -> Result<(), StoreError> {
    let guests = plan.openings.iter().map(guest_row);
    let rows: Vec<_> = guests.chain(entries.iter().filter_map(joined_row)).collect();
    // The same agent may join twice in one batch; one statement must not touch a row twice.
    let mut last: BTreeMap<Uuid, participant::ActiveModel> = BTreeMap::new();
    last.extend(rows.into_iter().map(|row| (*row.id.as_ref(), row)));
    if !last.is_empty() {
        participant::Entity::insert_many(last.into_values())
            .on_conflict(come_back())
            .exec_without_returning(tx)
            .await?;
    }
    for entry in entries {
        if let Body::ParticipantLeft { participant } = entry.logged.event.body
            && !entry
                .head
                .agents
                .iter()
                .any(|agent| agent.participant == participant && agent.active)
        {
            leave(
                entry.head.organisation,
                [entry.head.conversation],
                entry.logged.event.at,
            )
            .filter(participant::Column::Id.eq(participant.uuid()))
            .exec(tx)
            .await?;
        }
    }
    let mut ended: BTreeMap<(OrganisationId, Timestamp), Vec<ConversationId>> = BTreeMap::new();
    for entry in entries
        .iter()
        .filter(|entry| matches!(entry.logged.event.body, Body::Ended { .. }))
    {
        let key = (entry.head.organisation, entry.logged.event.at);
        ended.entry(key).or_default().push(entry.head.conversation);
    }
    for ((organisation, at), conversations) in ended {
        leave(organisation, conversations, at).exec(tx).await?;
    }
    Ok(())
}

fn leave(
    organisation: OrganisationId,
    conversations: impl IntoIterator<Item = ConversationId>,
    at: Timestamp,
) -> sea_orm::UpdateMany<participant::Entity> {
    use participant::Column as C;
    participant::Entity::update_many()
        .col_expr(C::LeftAt, Expr::value(at.millis()))
        .filter(C::OrganisationId.eq(organisation.uuid()))
        .filter(C::ConversationId.is_in(conversations.into_iter().map(ConversationId::uuid)))
        .filter(C::LeftAt.is_null())
}

fn come_back() -> OnConflict {
    use participant::Column as C;
    OnConflict::columns([C::OrganisationId, C::ConversationId, C::Id])
        .update_columns([C::Name, C::LeftAt])
        .to_owned()
}

fn guest_row(opening: &Opening) -> participant::ActiveModel {
    participant::ActiveModel {
        organisation_id: Set(opening.head.organisation.uuid()),
        conversation_id: Set(opening.head.conversation.uuid()),
        id: Set(opening.head.guest.uuid()),
        kind: Set(ParticipantKind::Guest.code()),
        user_id: Set(None),
        name: Set(opening.details.guest_name.clone()),
        joined_at: Set(opening.at.millis()),
        left_at: Set(None),
    }
}

fn joined_row(entry: &Entry<'_>) -> Option<participant::ActiveModel> {
    let Body::ParticipantJoined {
        participant,
        kind,
        name,
        user,
    } = &entry.logged.event.body
    else {
        return None;
    };
    Some(participant::ActiveModel {
        organisation_id: Set(entry.head.organisation.uuid()),
        conversation_id: Set(entry.head.conversation.uuid()),
        id: Set(participant.uuid()),
        kind: Set(kind.code()),
        user_id: Set(user.map(onqueue_model::UserId::uuid)),
        name: Set(name.clone()),
        joined_at: Set(entry.logged.event.at.millis()),
        left_at: Set(None),
    })
}

async fn insert_events(tx: &DatabaseTransaction, entries: &[Entry<'_>]) -> Result<(), StoreError> {
    const KINDS: [&str; 15] = [
        "uuid", "uuid", "bigint", "bigint", "bigint", "uuid", "smallint", "smallint", "bigint", "uuid", "text",
        "bytea", "bytea", "text", "text",
    ];
    // SQLite takes 32,766 values in a statement.
    for some in entries.chunks(2_000) {
        let mut sql = Sql::new(
            tx.get_database_backend(),
            "INSERT INTO session_events (organisation_id, conversation_id, sequence, public_sequence, agent_sequence, \
             id, kind, visibility, at, participant_id, part, salt, hash, client_message_id, traceparent) \
             SELECT * FROM (VALUES ",
        );
        sql.rows(KINDS, some.iter().map(event_row))
            .text(") AS new WHERE column1 IS NOT NULL");
        tx.execute_raw(sql.done()).await?;
    }
    Ok(())
}

fn event_row(entry: &Entry<'_>) -> [Value; 15] {
    let event = &entry.logged.event;
    let visibility: Visibility = event.body.visibility();
    [
        entry.head.organisation.uuid().into(),
        entry.head.conversation.uuid().into(),
        event.sequence.into(),
        event.public_sequence.into(),
        event.agent_sequence.into(),
        event.id.uuid().into(),
        event.body.kind().code().into(),
        visibility.code().into(),
        event.at.millis().into(),
        event.participant.map(onqueue_model::ParticipantId::uuid).into(),
        event.body.to_part().into(),
        event.salt.to_vec().into(),
        event.hash.to_vec().into(),
        event.client_message_id.clone().into(),
        entry.logged.traceparent.as_deref().map(str::to_owned).into(),
    ]
}

/// What began and ended, numbered in each shard by a row that stays locked until the commit.
async fn insert_feed(tx: &DatabaseTransaction, plan: &Plan, entries: &[Entry<'_>]) -> Result<(), StoreError> {
    let began = plan.openings.iter().filter_map(feed_rows::began);
    let ended = entries
        .iter()
        .filter_map(|entry| feed_rows::ended(entry.head, entry.logged));
    let mut by_shard: BTreeMap<i16, Vec<feed::ActiveModel>> = BTreeMap::new();
    for row in began.chain(ended) {
        by_shard.entry(*row.shard.as_ref()).or_default().push(row);
    }
    let mut rows = Vec::new();
    for (shard, mut facts) in by_shard {
        let count = i64::try_from(facts.len()).unwrap_or(i64::MAX);
        let last = feed_rows::count(tx, shard, count).await?;
        for (fact, number) in facts.iter_mut().zip(last - count + 1..) {
            fact.number = Set(number);
        }
        rows.append(&mut facts);
    }
    if !rows.is_empty() {
        feed::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// The end of a log goes into the audit chain, so that a cut-off tail is found. After the feed's numbers, whose rows keep
/// two writers from adding to one organisation's chain at once.
async fn audit_ends(tx: &DatabaseTransaction, entries: &[Entry<'_>]) -> Result<(), StoreError> {
    let ends = entries
        .iter()
        .filter(|entry| matches!(entry.logged.event.body, Body::Ended { .. }));
    let records: Vec<_> = ends.map(end_record).collect();
    audit::append_all(tx, "session", &records).await
}

fn end_record(entry: &Entry<'_>) -> audit::Entry {
    let (event, head) = (&entry.logged.event, entry.head);
    audit::Entry {
        organisation: head.organisation,
        at: event.at,
        actor: entry.logged.actor.to_string(),
        action: "conversation.end".to_owned(),
        object: format!("conversation:{} events:{}", head.conversation, event.sequence),
        before: None,
        after: Some(event.hash),
    }
}
