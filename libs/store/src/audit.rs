//! The audit trail: one record for each mutation, in its transaction, chained by hash. Each service keeps its own table of
//! this shape, named `<service>_audit`.

use crate::StoreError;
use onqueue_model::{OrganisationId, Timestamp};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, ExprTrait, Order,
    sea_query::{Alias, Expr, Query},
};
use sea_orm_migration::prelude::{DbErr, Index, SchemaManager, Table};
use sea_orm_migration::schema::{big_integer, binary, binary_null, string, uuid};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What was done. Names no personal data: hashes stand for content.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Whose.
    pub organisation: OrganisationId,
    /// When.
    pub at: Timestamp,
    /// Who: `user:<id>`, `client:<id>`, `guest:<participant id>`, `service:<name>` or `operator`.
    pub actor: String,
    /// What, as `entity.verb`, such as `queue.create`.
    pub action: String,
    /// On which object: `queue:<id>`.
    pub object: String,
    /// SHA-256 of the object before, if it was there.
    pub before: Option<[u8; 32]>,
    /// SHA-256 of the object after, if it still is.
    pub after: Option<[u8; 32]>,
}

/// Who changes something, and when.
#[derive(Clone, Debug)]
pub struct Actor {
    /// `user:<id>`, `client:<id>`, `service:<name>` or `operator`.
    pub name: String,
    /// When.
    pub at: Timestamp,
}

/// What was done to one object; its content, as text, is kept as a hash only.
#[derive(Debug)]
pub struct Done<'a> {
    /// What, as `entity.verb`.
    pub action: &'a str,
    /// On which object: `queue:<id>`.
    pub object: String,
    /// What it was, if it was there.
    pub before: Option<String>,
    /// What it is, if it still is.
    pub after: Option<String>,
}

/// A record as it stands in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place in the organisation's chain: 1, 2, 3 …
    pub number: i64,
    /// What was done.
    pub action: String,
    /// On which object.
    pub object: String,
    /// Who did it.
    pub actor: String,
    /// Its hash, over everything above and the hash before it.
    pub hash: Vec<u8>,
}

const COLUMNS: [&str; 10] = [
    "organisation_id",
    "number",
    "at",
    "actor",
    "action",
    "object",
    "before_hash",
    "after_hash",
    "previous_hash",
    "hash",
];

/// Makes the table of a service; for its first migration.
pub async fn create_table(manager: &SchemaManager<'_>, service: &str) -> Result<(), DbErr> {
    let column = Alias::new;
    let table = Table::create()
        .table(table(service))
        .col(uuid(column("organisation_id")))
        .col(big_integer(column("number")))
        .col(big_integer(column("at")))
        .col(string(column("actor")))
        .col(string(column("action")))
        .col(string(column("object")))
        .col(binary_null(column("before_hash")))
        .col(binary_null(column("after_hash")))
        .col(binary(column("previous_hash")))
        .col(binary(column("hash")))
        .primary_key(Index::create().col(column("organisation_id")).col(column("number")))
        .to_owned();
    manager.create_table(table).await
}

/// The most records written in one statement.
const AT_ONCE: usize = 1_000;

/// Adds one record to the organisation's chain.
pub async fn append(tx: &DatabaseTransaction, service: &str, entry: &Entry) -> Result<(), StoreError> {
    append_all(tx, service, std::slice::from_ref(entry)).await
}

/// Adds what was done to one object to the organisation's chain.
pub async fn record(
    tx: &DatabaseTransaction,
    service: &str,
    organisation: OrganisationId,
    by: &Actor,
    done: Done<'_>,
) -> Result<(), StoreError> {
    let hash = |content: Option<String>| content.map(|content| Sha256::digest(content).into());
    let entry = Entry {
        organisation,
        at: by.at,
        actor: by.name.clone(),
        action: done.action.to_owned(),
        object: done.object,
        before: hash(done.before),
        after: hash(done.after),
    };
    append(tx, service, &entry).await
}

/// Adds records to their organisations' chains, in this order: one statement for the end of each chain, and one for all
/// records of up to a thousand.
pub async fn append_all(tx: &DatabaseTransaction, service: &str, entries: &[Entry]) -> Result<(), StoreError> {
    let mut ends = BTreeMap::new();
    for entries in entries.chunks(AT_ONCE) {
        let mut insert = Query::insert()
            .into_table(table(service))
            .columns(COLUMNS.map(Alias::new))
            .to_owned();
        for entry in entries {
            let (number, previous) = match ends.remove(&entry.organisation) {
                Some(end) => end,
                None => last(tx, service, entry.organisation).await?,
            };
            let number = number + 1;
            let hash = hash(&previous, number, entry).to_vec();
            ends.insert(entry.organisation, (number, hash.clone()));
            insert
                .values(row(entry, number, previous, hash))
                .map_err(|error| StoreError::Broken(error.to_string()))?;
        }
        tx.execute(&insert).await?;
    }
    Ok(())
}

fn row(entry: &Entry, number: i64, previous: Vec<u8>, hash: Vec<u8>) -> [Expr; 10] {
    let optional = |hash: Option<[u8; 32]>| hash.map(|bytes| bytes.to_vec());
    [
        entry.organisation.uuid().into(),
        number.into(),
        entry.at.millis().into(),
        entry.actor.clone().into(),
        entry.action.clone().into(),
        entry.object.clone().into(),
        optional(entry.before).into(),
        optional(entry.after).into(),
        previous.into(),
        hash.into(),
    ]
}

/// The organisation's records in order, checked: an error names the first that is missing or was changed.
pub async fn verify<C: ConnectionTrait>(
    connection: &C,
    service: &str,
    organisation: OrganisationId,
) -> Result<Vec<Record>, StoreError> {
    let select = Query::select()
        .columns(COLUMNS.map(Alias::new))
        .from(table(service))
        .and_where(Expr::col(Alias::new("organisation_id")).eq(organisation.uuid()))
        .order_by(Alias::new("number"), Order::Asc)
        .to_owned();
    let (mut records, mut previous) = (Vec::new(), Vec::new());
    for row in connection.query_all(&select).await? {
        let fixed = |bytes: Option<Vec<u8>>| bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let entry = Entry {
            organisation,
            at: Timestamp(row.try_get("", "at")?),
            actor: row.try_get("", "actor")?,
            action: row.try_get("", "action")?,
            object: row.try_get("", "object")?,
            before: fixed(row.try_get("", "before_hash")?),
            after: fixed(row.try_get("", "after_hash")?),
        };
        let number: i64 = row.try_get("", "number")?;
        let stored: Vec<u8> = row.try_get("", "hash")?;
        let expected = i64::try_from(records.len()).unwrap_or(i64::MAX) + 1;
        if number != expected || stored != hash(&previous, number, &entry) {
            return Err(StoreError::Broken(format!(
                "the audit chain of {service} breaks at record {expected}"
            )));
        }
        previous.clone_from(&stored);
        records.push(Record {
            number,
            action: entry.action,
            object: entry.object,
            actor: entry.actor,
            hash: stored,
        });
    }
    Ok(records)
}

async fn last(
    tx: &DatabaseTransaction,
    service: &str,
    organisation: OrganisationId,
) -> Result<(i64, Vec<u8>), StoreError> {
    let select = Query::select()
        .columns(["number", "hash"].map(Alias::new))
        .from(table(service))
        .and_where(Expr::col(Alias::new("organisation_id")).eq(organisation.uuid()))
        .order_by(Alias::new("number"), Order::Desc)
        .limit(1)
        .to_owned();
    match tx.query_one(&select).await? {
        Some(row) => Ok((row.try_get("", "number")?, row.try_get("", "hash")?)),
        None => Ok((0, Vec::new())),
    }
}

fn table(service: &str) -> Alias {
    Alias::new(format!("{service}_audit"))
}

/// SHA-256 over the previous hash and every field, each with its length in front so that no two records look alike.
fn hash(previous: &[u8], number: i64, entry: &Entry) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    field(previous);
    field(&number.to_be_bytes());
    field(entry.organisation.uuid().as_bytes());
    field(&entry.at.millis().to_be_bytes());
    for text in [&entry.actor, &entry.action, &entry.object] {
        field(text.as_bytes());
    }
    for optional in [entry.before, entry.after] {
        field(optional.as_ref().map_or(&[][..], |bytes| &bytes[..]));
    }
    hasher.finalize().into()
}
