//! Writing a plan. Heads are compared with what was decided upon; the feed is numbered last, so that its numbers follow
//! the order of commits.

use super::entities::{conversation, event, feed, guest_token, participant};
use super::plan::{Logged, Opening, Plan};
use super::sql::Sql;
use super::{
    Key, assistance, audits,
    conversations::{opening_number, state_code},
    feed as feed_rows, guest_ids, heads, search, trail,
};
use onqueue_chat::{Body, Closing, Head, ParticipantKind, Visibility};
use onqueue_model::{ContactId, ConversationId, OrganisationId, Timestamp};
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
        .flat_map(|(_, change)| entries_of(&change.log, &change.after, change.before.opening))
        .chain(
            plan.openings
                .iter()
                .flat_map(|opening| entries_of(&opening.log, &opening.head, 1)),
        )
        .collect();
    insert_openings(tx, &plan.openings).await?;
    erase(tx, plan, &missed).await?;
    search::write(tx, plan, &missed).await?;
    move_participants(tx, plan, &entries).await?;
    insert_events(tx, &entries).await?;
    assistance::write(tx, &entries).await?;
    insert_feed(tx, plan, &entries).await?;
    audit_all(tx, &entries).await?;
    Ok(missed)
}

/// An event about to be written, with the head that it leads to.
pub(super) struct Entry<'a> {
    pub logged: &'a Logged,
    pub head: &'a Arc<Head>,
    /// Which opening it belongs to; the head may be further.
    opening: u32,
}

/// The entries of one conversation, which was at that opening before.
fn entries_of<'a>(log: &'a [Logged], head: &'a Arc<Head>, mut opening: u32) -> impl Iterator<Item = Entry<'a>> {
    log.iter().map(move |logged| {
        if let Body::Reopened { opening: next, .. } = logged.event.body {
            opening = next;
        }
        Entry { logged, head, opening }
    })
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
    let given = openings.iter().flat_map(|opening| {
        let key = (opening.head.organisation, opening.head.conversation);
        opening.details.given.iter().map(move |given| (key, given))
    });
    guest_ids::insert(tx, &given.collect::<Vec<_>>()).await
}

fn opening_row(opening: &Opening) -> conversation::ActiveModel {
    let (head, details) = (&opening.head, &opening.details);
    conversation::ActiveModel {
        organisation_id: Set(head.organisation.uuid()),
        id: Set(head.conversation.uuid()),
        opening: Set(opening_number(head)),
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
        kind: Set(head.kind.code()),
        assistance: Set(None),
        attributes: Set(None),
        guest_active_at: Set(Some(head.guest_active_at.millis())),
        agent_active_at: Set(Some(head.agent_active_at.millis())),
        skill_ids: Set(serde_json::to_string(&details.skills).unwrap_or_else(|_| "[]".to_owned())),
        contact_id: Set(details.contact.map(ContactId::uuid)),
        erased_at: Set(None),
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
    for entry in entries {
        if matches!(entry.logged.event.body, Body::Reopened { .. }) && entry.head.ended().is_none() {
            guest_is_back(tx, entry.head).await?;
        }
    }
    Ok(())
}

async fn guest_is_back(tx: &DatabaseTransaction, head: &Head) -> Result<(), StoreError> {
    use participant::Column as C;
    participant::Entity::update_many()
        .col_expr(C::LeftAt, Expr::value(None::<i64>))
        .filter(C::OrganisationId.eq(head.organisation.uuid()))
        .filter(C::ConversationId.eq(head.conversation.uuid()))
        .filter(C::Id.eq(head.guest.uuid()))
        .exec(tx)
        .await?;
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
        .update_columns([C::Kind, C::Name, C::LeftAt])
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

/// What began, began again, falls silent and ended, numbered in each shard by a row that stays locked until the commit.
async fn insert_feed(tx: &DatabaseTransaction, plan: &Plan, entries: &[Entry<'_>]) -> Result<(), StoreError> {
    let began = plan.openings.iter().filter_map(feed_rows::began);
    let mut by_shard: BTreeMap<i16, Vec<feed::ActiveModel>> = BTreeMap::new();
    for row in began {
        by_shard.entry(*row.shard.as_ref()).or_default().push(row);
    }
    for entry in entries {
        let row = feed_rows::of_event(tx, (entry.head, entry.opening), entry.logged).await?;
        if let Some(row) = row {
            by_shard.entry(*row.shard.as_ref()).or_default().push(row);
        }
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

/// Takes out of stored events what they said, and what blinds its hash.
async fn erase(tx: &DatabaseTransaction, plan: &Plan, missed: &BTreeSet<Key>) -> Result<(), StoreError> {
    use event::Column as C;
    for (key, change) in plan.changes.iter().filter(|(key, _)| !missed.contains(key)) {
        for erasure in &change.erased {
            event::Entity::update_many()
                .col_expr(C::Part, Expr::value(None::<String>))
                .col_expr(C::Salt, Expr::value(None::<Vec<u8>>))
                .col_expr(C::PartHash, Expr::value(erasure.part.to_vec()))
                .filter(C::OrganisationId.eq(key.0.uuid()))
                .filter(C::ConversationId.eq(key.1.uuid()))
                .filter(C::Sequence.eq(erasure.sequence))
                .exec(tx)
                .await?;
        }
    }
    Ok(())
}

/// What supervisors do goes into the audit chain, and so does the end of a log, so that a cut-off tail is found.
async fn audit_all(tx: &DatabaseTransaction, entries: &[Entry<'_>]) -> Result<(), StoreError> {
    let records: Vec<_> = entries.iter().filter_map(record).collect();
    trail::append(tx, &records).await
}

fn record(entry: &Entry<'_>) -> Option<audit::Entry> {
    let (event, head) = (&entry.logged.event, entry.head);
    let conversation = head.conversation;
    let (action, object) = match &event.body {
        Body::Ended { .. } => (
            "conversation.end",
            format!("conversation:{conversation} events:{}", event.sequence),
        ),
        Body::MessageRedacted { event: Some(_), .. } => {
            let key = (head.organisation, conversation);
            ("message.redact", audits::object(key, event.sequence))
        }
        Body::AssistanceRequested { assistance, .. } => ("assistance.request", format!("assistance:{assistance}")),
        Body::AssistanceTaken { assistance, .. } => ("assistance.take", format!("assistance:{assistance}")),
        Body::AssistanceClosed {
            assistance,
            how: Closing::Agent | Closing::Supervisor,
        } => ("assistance.close", format!("assistance:{assistance}")),
        Body::ParticipantJoined {
            kind: ParticipantKind::Supervisor,
            ..
        } => ("conversation.barge_in", format!("conversation:{conversation}")),
        _ => return None,
    };
    Some(audit::Entry {
        organisation: head.organisation,
        at: event.at,
        actor: entry.logged.actor.to_string(),
        action: action.to_owned(),
        object,
        before: None,
        after: Some(event.hash),
    })
}
