//! Reads from the databases what was done.

use super::{
    centre::Kind,
    ours::number,
    verdict::{Given, Verdict},
};
use crate::Outcome;
use sea_orm::sqlx::{self, Connection as _, Executor as _, PgConnection, Row as _};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What routing decided and took in: an offer holds its place from its decision on, until the chat's end was taken in. An error
/// if an assignment is missing that was acknowledged.
pub async fn ours(url: &str, acknowledged: usize, kinds: &[Kind]) -> Outcome<Verdict> {
    let mut connection = PgConnection::connect(url).await?;
    connection.execute("SET search_path = onqueue_routing").await?;
    let mut given = offers(&mut connection).await?;
    // After the offers, while routing still takes in ends: what made room for an offer is there by then.
    let ended = ends(&mut connection).await?;
    for one in &mut given {
        one.ended = ended.get(&one.chat).copied();
    }
    let sql = "SELECT COUNT(*), COUNT(*) - COUNT(DISTINCT (conversation_id, opening)) FROM routing_wrap_ups";
    let row = sqlx::query(sql).fetch_one(&mut connection).await?;
    let (assigned, double): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    if assigned < i64::try_from(acknowledged)? {
        return Err(format!("{acknowledged} assignments were acknowledged, {assigned} are there").into());
    }
    let mut verdict = Verdict::of(&given, kinds);
    verdict.double += usize::try_from(double)?;
    Ok(verdict)
}

/// How many reports are still kept for session, those of which not all that was kept with them was answered included.
pub async fn undelivered(url: &str) -> Outcome<i64> {
    let mut connection = PgConnection::connect(url).await?;
    let sql = "SELECT COALESCE(SUM(reports), 0)::bigint FROM onqueue_routing.routing_report_packs";
    let row = sqlx::query(sql).fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(row.try_get(0)?)
}

/// Where in the log each chat's end is.
async fn ends(connection: &mut PgConnection) -> Outcome<BTreeMap<usize, i64>> {
    let sql = "SELECT position, command FROM routing_log WHERE command LIKE '%\"command\":\"cancel\"%'";
    let mut ends = BTreeMap::new();
    for row in sqlx::query(sql).fetch_all(connection).await? {
        let command: Value = serde_json::from_str(row.try_get(1)?)?;
        ends.insert(named(&command, "/interaction/conversation")?, row.try_get(0)?);
    }
    Ok(ends)
}

/// Of no chat is known yet when it ended.
async fn offers(connection: &mut PgConnection) -> Outcome<Vec<Given>> {
    let sql = "SELECT log_position, record FROM routing_decisions WHERE kind = 1";
    let mut given = Vec::new();
    for row in sqlx::query(sql).fetch_all(connection).await? {
        let record: Value = serde_json::from_str(row.try_get(1)?)?;
        let chat = named(&record, "/interaction/conversation")?;
        given.push(Given {
            at: row.try_get(0)?,
            ended: None,
            chat,
            agent: named(&record, "/candidates/0/agent")?,
        });
    }
    Ok(given)
}

fn named(json: &Value, place: &str) -> Outcome<usize> {
    let id = json.pointer(place).and_then(Value::as_str);
    let id = id.ok_or_else(|| format!("no {place} in {json}"))?;
    Ok(number(id.parse::<Uuid>()?))
}

/// What a rival wrote down.
pub async fn rival(connection: &mut PgConnection, acknowledged: usize, kinds: &[Kind]) -> Outcome<Verdict> {
    let sql = "SELECT a.at, c.ended, a.chat, a.agent FROM assignments a JOIN chats c ON c.id = a.chat";
    let mut given = Vec::new();
    for row in sqlx::query(sql).fetch_all(connection).await? {
        let (chat, agent): (i64, i32) = (row.try_get(2)?, row.try_get(3)?);
        given.push(Given {
            at: row.try_get(0)?,
            ended: row.try_get(1)?,
            chat: usize::try_from(chat)?,
            agent: usize::try_from(agent)?,
        });
    }
    if given.len() < acknowledged {
        return Err(format!(
            "{acknowledged} assignments were acknowledged, {} are there",
            given.len()
        )
        .into());
    }
    Ok(Verdict::of(&given, kinds))
}
