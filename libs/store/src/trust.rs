//! The trust tables as every service reads them: auth writes `auth_trust_*`, session writes `session_trust_keys`. What
//! the rows mean is the trust library's.

use crate::{Store, StoreError};
use onqueue_model::{
    DeploymentId, DivisionId, Language, OrganisationId, Permission, QueueId, SkillId, Timestamp, TokenId, UserId,
};
use sea_orm::{
    ConnectionTrait, QueryResult,
    sea_query::{Alias, Query, SelectStatement},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use uuid::Uuid;

/// How often the tables are read again when somebody changes them meanwhile.
const ATTEMPTS: u32 = 5;

/// A public Ed25519 key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in the header of tokens.
    pub kid: String,
    /// Its 32 bytes.
    pub public_key: [u8; 32],
    /// After this no token of it is valid.
    pub expires_at: Timestamp,
}

/// A token family that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// The family.
    pub token: TokenId,
    /// After this no token of it can be valid any more.
    pub expires_at: Timestamp,
}

/// One permission that one user holds in one division.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// Whose organisation.
    pub organisation: OrganisationId,
    /// Who holds it.
    pub subject: UserId,
    /// Where.
    pub division: DivisionId,
    /// What; may contain `*`.
    pub permission: Permission,
}

/// What the public side of a chat page's configuration settles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Which.
    pub id: DeploymentId,
    /// Whose.
    pub organisation: OrganisationId,
    /// Its name.
    pub name: String,
    /// Whether chats may begin from it.
    pub enabled: bool,
    /// Web origins that may use it, matched exactly; empty means the gateway's own origin only.
    pub origins: Vec<String>,
    /// Queues that a customer may choose.
    pub queues: Vec<DeploymentQueue>,
}

/// A queue as a deployment offers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentQueue {
    /// Which.
    pub queue_id: QueueId,
    /// What the customer reads, by BCP-47 tag.
    pub labels: BTreeMap<String, String>,
    /// Languages that a customer may choose; empty means any.
    pub languages: Vec<Language>,
    /// Skills that a chat from here asks for.
    pub skill_ids: Vec<SkillId>,
}

/// What a poll compares to find out whether anything has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The revision of auth's tables.
    pub revision: i64,
    /// Session's keys, which have no revision of their own.
    pub session_keys: Vec<Key>,
}

/// Everything in the trust tables at one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The revision and session's keys.
    pub mark: Mark,
    /// Auth's keys.
    pub auth_keys: Vec<Key>,
    /// Refused token families.
    pub revoked: Vec<Revoked>,
    /// Every grant.
    pub grants: Vec<Grant>,
    /// Every deployment.
    pub deployments: Vec<Deployment>,
}

/// Reads what [`Snapshot::mark`] would be now: two small statements.
pub async fn mark(store: &Store) -> Result<Mark, StoreError> {
    Ok(Mark {
        revision: revision(store).await?,
        session_keys: session_keys(store).await?,
    })
}

/// Reads all trust tables. Every change of auth's tables moves the revision in its transaction, so reading between two
/// equal revisions is reading one state, on either database; tried again a few times, then UNAVAILABLE.
pub async fn read(store: &Store) -> Result<Snapshot, StoreError> {
    for _ in 0..ATTEMPTS {
        let before = revision(store).await?;
        let snapshot = rows(store, before).await?;
        if revision(store).await? == before {
            return Ok(snapshot);
        }
    }
    Err(StoreError::Contended("the trust tables keep changing".to_owned()))
}

async fn rows(store: &Store, revision: i64) -> Result<Snapshot, StoreError> {
    Ok(Snapshot {
        mark: Mark {
            revision,
            session_keys: session_keys(store).await?,
        },
        auth_keys: list(store, &keys_of("auth_trust_keys"), key).await?,
        revoked: list(
            store,
            &select("auth_trust_revoked", &["token_id", "expires_at"]),
            revoked,
        )
        .await?,
        grants: list(store, &grants_table(), grant).await?,
        deployments: list(store, &deployments_table(), deployment).await?,
    })
}

async fn revision(store: &Store) -> Result<i64, StoreError> {
    let row = store
        .reader()
        .query_one(&select("auth_trust_head", &["revision"]))
        .await?;
    row.map_or(Ok(0), |row| Ok(row.try_get("", "revision")?))
}

/// Session may not have made its table yet, or may not live in this database: then no guest is trusted.
async fn session_keys(store: &Store) -> Result<Vec<Key>, StoreError> {
    match list(store, &keys_of("session_trust_keys"), key).await {
        Err(StoreError::Broken(text)) if text.contains("no such table") || text.contains("does not exist") => {
            Ok(Vec::new())
        }
        other => other,
    }
}

fn select(table: &str, columns: &[&str]) -> SelectStatement {
    Query::select()
        .columns(columns.iter().map(|column| Alias::new(*column)))
        .from(Alias::new(table))
        .to_owned()
}

fn keys_of(table: &str) -> SelectStatement {
    let mut keys = select(table, &["kid", "public_key", "expires_at"]);
    keys.order_by(Alias::new("kid"), sea_orm::Order::Asc).to_owned()
}

fn grants_table() -> SelectStatement {
    select(
        "auth_trust_grants",
        &["organisation_id", "subject_id", "division_id", "permission"],
    )
}

fn deployments_table() -> SelectStatement {
    select(
        "auth_trust_deployments",
        &["organisation_id", "id", "name", "enabled", "origins", "queues"],
    )
}

async fn list<T>(
    store: &Store,
    statement: &SelectStatement,
    read: fn(&QueryResult) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    store.reader().query_all(statement).await?.iter().map(read).collect()
}

fn key(row: &QueryResult) -> Result<Key, StoreError> {
    let bytes: Vec<u8> = row.try_get("", "public_key")?;
    Ok(Key {
        kid: row.try_get("", "kid")?,
        public_key: bytes
            .try_into()
            .map_err(|_| StoreError::Broken("a public key is not 32 bytes".to_owned()))?,
        expires_at: Timestamp(row.try_get("", "expires_at")?),
    })
}

fn revoked(row: &QueryResult) -> Result<Revoked, StoreError> {
    Ok(Revoked {
        token: TokenId::new(row.try_get("", "token_id")?),
        expires_at: Timestamp(row.try_get("", "expires_at")?),
    })
}

fn grant(row: &QueryResult) -> Result<Grant, StoreError> {
    let permission: String = row.try_get("", "permission")?;
    Ok(Grant {
        organisation: OrganisationId::new(row.try_get("", "organisation_id")?),
        subject: UserId::new(row.try_get("", "subject_id")?),
        division: DivisionId::new(row.try_get("", "division_id")?),
        permission: Permission::try_from(permission).map_err(StoreError::Broken)?,
    })
}

fn deployment(row: &QueryResult) -> Result<Deployment, StoreError> {
    let (id, organisation): (Uuid, Uuid) = (row.try_get("", "id")?, row.try_get("", "organisation_id")?);
    Ok(Deployment {
        id: DeploymentId::new(id),
        organisation: OrganisationId::new(organisation),
        name: row.try_get("", "name")?,
        enabled: row.try_get("", "enabled")?,
        origins: json(row, "origins")?,
        queues: json(row, "queues")?,
    })
}

fn json<T: DeserializeOwned>(row: &QueryResult, column: &str) -> Result<T, StoreError> {
    let text: String = row.try_get("", column)?;
    serde_json::from_str(&text).map_err(|error| StoreError::Broken(format!("{column}: {error}")))
}
