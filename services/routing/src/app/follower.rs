//! Follows session's feed: what began there and what ended.

use super::handle::{Answered, Change, Fact, Row};
use super::tenure::Tenure;
use super::{Shared, reporter::Backoff, unowned};
use crate::store::Details;
use futures::{FutureExt as _, StreamExt as _, stream::FuturesOrdered};
use onqueue_acd::{KNOWN, Medium, Proficiency, Requirements};
use onqueue_model::{Fault, Id, InteractionId, Language, Shard, SkillId, UserId};
use onqueue_proto::millis;
use onqueue_proto::session::v1::{
    ConversationOpened, FeedRequest, FeedResponse, FeedRow, ShardCursor, feed_row,
    feed_service_client::FeedServiceClient,
};
use std::collections::BTreeMap;
use tonic::{Status, Streaming};

/// How many rows are handed over at once at most.
const ROWS: usize = 512;

/// How many such batches are not committed at most: while one is, the next turn is filled with another.
const AHEAD: usize = 2;

/// How many agents a conversation prefers at most.
const PREFERRED: usize = 20;

/// How long the feed may be silent: it sends a heartbeat every second.
const SILENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Hands every row to the owner until the tenure is over; begins anew at the stored cursors whenever the feed breaks.
pub async fn follow(shared: Shared, tenure: Tenure) {
    let mut backoff = Backoff::new(shared.settings.retry());
    loop {
        let followed = tokio::select! {
            () = tenure.over() => return,
            followed = follow_once(&shared, &mut backoff) => followed,
        };
        let is_ending = shared.context.tasks.drain_token().is_cancelled();
        if let (Err(problem), false) = (followed, is_ending) {
            tracing::warn!(%problem, "session's feed is followed anew");
        }
        tokio::select! {
            () = tenure.over() => return,
            () = shared.steady.sleep(backoff.next()) => {}
        }
    }
}

async fn follow_once(shared: &Shared, backoff: &mut Backoff) -> Result<(), String> {
    let mut cursors = shared.tables.cursors().await.map_err(|error| error.to_string())?;
    let shards = Shard::all().zip(&cursors).map(|(shard, after)| ShardCursor {
        shard: i32::from(shard.0),
        after: *after,
    });
    let request = FeedRequest {
        shards: shards.collect(),
    };
    let mut client = FeedServiceClient::new(shared.session.clone());
    let answer = client.feed(request).await.map_err(|status| status.to_string())?;
    let mut feed = answer.into_inner();
    let mut under_way = FuturesOrdered::<Answered<()>>::new();
    loop {
        tokio::select! {
            Some(taken) = under_way.next(), if !under_way.is_empty() => {
                told(taken.unwrap_or_else(|_| Err(unowned())))?;
            }
            rows = next_rows(shared, &mut feed, &mut cursors), if under_way.len() < AHEAD => {
                let rows = rows?;
                backoff.reset();
                if !rows.is_empty() {
                    under_way.push_back(told(shared.owner.feed(rows).await)?);
                }
            }
        }
    }
}

fn told<T>(outcome: Result<T, Fault>) -> Result<T, String> {
    outcome.map_err(|fault| fault.to_string())
}

/// The next row and whatever has arrived with it; empty after a heartbeat.
async fn next_rows(
    shared: &Shared,
    feed: &mut Streaming<FeedResponse>,
    cursors: &mut [i64],
) -> Result<Vec<Row>, String> {
    let first = tokio::select! {
        first = feed.next() => first,
        () = shared.steady.sleep(SILENCE) => return Err("the feed is silent".to_owned()),
    };
    let mut rows = Vec::new();
    let mut frame = first.ok_or_else(|| "the feed ended".to_owned())?;
    loop {
        rows.extend(read(frame)?.map(|row| in_order(cursors, row)).transpose()?.flatten());
        if rows.len() == ROWS {
            return Ok(rows);
        }
        match feed.next().now_or_never() {
            Some(Some(next)) => frame = next,
            Some(None) | None => return Ok(rows),
        }
    }
}

fn read(frame: Result<FeedResponse, Status>) -> Result<Option<Row>, String> {
    let frame = frame.map_err(|status| status.to_string())?;
    let Some(row) = frame.row else { return Ok(None) };
    let shard = u8::try_from(row.shard)
        .map(Shard)
        .map_err(|_| format!("no shard {}", row.shard))?;
    let fact = fact(&row);
    if fact.is_none() {
        tracing::error!(
            shard = row.shard,
            number = row.number,
            "a row of session's feed makes no sense"
        );
    }
    Ok(Some(Row {
        shard,
        number: row.number,
        at: row.at.as_ref().map(millis),
        traceparent: (!row.traceparent.is_empty()).then_some(row.traceparent),
        fact,
    }))
}

/// The row, unless it was read before; an error if one before it is missing.
fn in_order(cursors: &mut [i64], row: Row) -> Result<Option<Row>, String> {
    let cursor = &mut cursors[usize::from(row.shard.0)];
    if row.number <= *cursor {
        return Ok(None);
    }
    if row.number != *cursor + 1 {
        return Err(format!("shard {}: {} came after {cursor}", row.shard.0, row.number));
    }
    *cursor = row.number;
    Ok(Some(row))
}

fn fact(row: &FeedRow) -> Option<Fact> {
    let change = match row.fact.as_ref()? {
        feed_row::Fact::Opened(opened) => self::opened(opened)?,
        feed_row::Fact::Ended(_) => Change::Ended,
        feed_row::Fact::InactivityTransfer(transfer) => Change::Silent {
            queue: transfer.queue_id.parse().ok()?,
        },
    };
    Some(Fact {
        organisation: row.organisation_id.parse().ok()?,
        interaction: InteractionId {
            conversation: row.conversation_id.parse().ok()?,
            opening: u32::try_from(row.opening).ok()?,
        },
        change,
    })
}

fn opened(opened: &ConversationOpened) -> Option<Change> {
    let labels = opened.label_ids.iter().map(|id| id.parse().ok());
    Some(Change::Opened {
        queue: opened.queue_id.parse().ok()?,
        requirements: Requirements {
            medium: medium(&opened.medium)?,
            labels: labels.collect::<Option<_>>()?,
            skills: skills(opened)?,
            language: Language::parse(&opened.language),
            priority: opened.priority.clamp(-25_000_000, 25_000_000),
            preferred: preferred(opened)?,
            last_agent: optional(&opened.last_agent_user_id)?,
        },
        details: Box::new(Details {
            guest_name: opened.guest_name.clone(),
            topic: opened.topic.clone(),
            transfer: None,
        }),
    })
}

/// Each at its minimum, if it has one of its own.
fn skills(opened: &ConversationOpened) -> Option<BTreeMap<SkillId, Proficiency>> {
    let all = opened.skill_ids.iter();
    let all = all.map(|id| id.parse::<SkillId>().ok().map(|skill| (skill, KNOWN)));
    let mut skills: BTreeMap<_, _> = all.collect::<Option<_>>()?;
    for given in &opened.skill_minimums {
        let minimum = Proficiency::try_from(given.minimum)
            .ok()
            .filter(|minimum| *minimum <= 500)?;
        if let Some(least) = skills.get_mut(&given.skill_id.parse::<SkillId>().ok()?) {
            *least = minimum;
        }
    }
    Some(skills)
}

/// The first twenty.
fn preferred(opened: &ConversationOpened) -> Option<BTreeMap<UserId, u8>> {
    let agents = opened.preferred.iter().take(PREFERRED);
    let agents = agents.map(|agent| {
        let score = u8::try_from(agent.score).ok().filter(|score| *score <= 100)?;
        Some((agent.user_id.parse().ok()?, score))
    });
    agents.collect()
}

fn medium(text: &str) -> Option<Medium> {
    Some(match text {
        "" | "chat" => Medium::Chat,
        "call" => Medium::Call,
        "email" => Medium::Email,
        "message" => Medium::Message,
        "callback" => Medium::Callback,
        _ => return None,
    })
}

/// `None` for what is no id; nothing for nothing.
fn optional<T>(text: &str) -> Option<Option<Id<T>>> {
    if text.is_empty() {
        return Some(None);
    }
    text.parse().ok().map(Some)
}
