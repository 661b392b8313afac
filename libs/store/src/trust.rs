//! The trust tables as every service reads them: auth writes `auth_trust_*`, session writes `session_trust_keys`. What
//! the rows mean is the trust library's.

use crate::{Store, StoreError};
use onqueue_model::{
    DeploymentId, DivisionId, Language, OrganisationId, Permission, QueueId, SkillId, Timestamp, TokenId, UserId,
};
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, DbBackend, IsolationLevel, QueryResult, TransactionTrait as _,
    sea_query::{Alias, Expr, ExprTrait as _, Query, SelectStatement},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Of how many organisations at most changes are read; with more, everything is.
const ORGANISATIONS: u64 = 100;

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
    /// What its page says before a chat begins, by BCP-47 tag.
    pub greetings: BTreeMap<String, String>,
    /// With which its web site proves who its customers are.
    pub identity_keys: Vec<IdentityKey>,
}

/// The public half of a key with which a deployment's web site proves who its customers are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityKey {
    /// Its name in the header of assertions.
    pub kid: String,
    /// Ed25519, 32 bytes.
    pub public_key: [u8; 32],
    /// When it was made.
    pub created_at: Timestamp,
    /// After this nothing signed with it is believed; `None` for the current one.
    pub ends_at: Option<Timestamp>,
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

/// What has changed in the trust tables after a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The revision and session's keys now.
    pub mark: Mark,
    /// All keys of auth.
    pub auth_keys: Vec<Key>,
    /// Token families refused since. Those that have ended meanwhile are not told.
    pub revoked: Vec<Revoked>,
    /// Whose grants or deployments changed since.
    pub organisations: Vec<OrganisationId>,
    /// All grants of these.
    pub grants: Vec<Grant>,
    /// All deployments of these.
    pub deployments: Vec<Deployment>,
}

/// Reads what [`Snapshot::mark`] would be now: two small statements.
pub async fn mark(store: &Store) -> Result<Mark, StoreError> {
    Ok(Mark {
        revision: revision(store.reader()).await?,
        session_keys: session_keys(store).await?,
    })
}

/// Reads all trust tables as they are at one moment.
pub async fn read(store: &Store) -> Result<Snapshot, StoreError> {
    let session_keys = session_keys(store).await?;
    let tx = moment(store).await?;
    let revision = revision(&tx).await?;
    let auth_keys = tx.query_all(&keys_of("auth_trust_keys")).await?;
    let revoked_rows = tx.query_all(&revoked_table()).await?;
    let grants = tx.query_all(&grants_table()).await?;
    let deployments = tx.query_all(&deployments_table()).await?;
    // Before the rows are understood: that takes its time, and the database ends transactions that do nothing.
    tx.commit().await?;
    Ok(Snapshot {
        mark: Mark { revision, session_keys },
        auth_keys: each(&auth_keys, key)?,
        revoked: each(&revoked_rows, revoked)?,
        grants: each(&grants, grant)?,
        deployments: each(&deployments, deployment)?,
    })
}

/// Reads what has changed after the revision `since`, as it is at one moment. `None` if so much has changed that reading
/// everything is as good.
pub async fn changes(store: &Store, since: i64) -> Result<Option<Changes>, StoreError> {
    let session_keys = session_keys(store).await?;
    let tx = moment(store).await?;
    let revision = revision(&tx).await?;
    let organisations = tx.query_all(&organisations_table(since)).await?;
    if organisations.len() as u64 > ORGANISATIONS {
        return Ok(None);
    }
    let organisations = each(&organisations, organisation)?;
    let auth_keys = tx.query_all(&keys_of("auth_trust_keys")).await?;
    let revoked_rows = tx.query_all(&after(revoked_table(), since)).await?;
    let grants = tx.query_all(&of(grants_table(), &organisations)).await?;
    let deployments = tx.query_all(&of(deployments_table(), &organisations)).await?;
    tx.commit().await?;
    Ok(Some(Changes {
        mark: Mark { revision, session_keys },
        auth_keys: each(&auth_keys, key)?,
        revoked: each(&revoked_rows, revoked)?,
        grants: each(&grants, grant)?,
        deployments: each(&deployments, deployment)?,
        organisations,
    }))
}

/// A transaction that sees the database as it is at its first statement, however long it reads.
async fn moment(store: &Store) -> Result<DatabaseTransaction, StoreError> {
    let (reader, beginning) = (store.reader().connection(), store.watch().beginning());
    let tx = match reader.get_database_backend() {
        // Any transaction of it does.
        DbBackend::Sqlite => reader.begin().await?,
        _ => {
            let (isolation, access) = (IsolationLevel::RepeatableRead, AccessMode::ReadOnly);
            reader.begin_with_config(Some(isolation), Some(access)).await?
        }
    };
    beginning.done();
    Ok(tx)
}

async fn revision(connection: &impl ConnectionTrait) -> Result<i64, StoreError> {
    let row = connection.query_one(&select("auth_trust_head", &["revision"])).await?;
    row.map_or(Ok(0), |row| Ok(row.try_get("", "revision")?))
}

/// Session may not have made its table yet, or may not live in this database: then no guest is trusted. Not part of a
/// transaction, which would be over when there is no such table; these keys have no revision anyway.
async fn session_keys(store: &Store) -> Result<Vec<Key>, StoreError> {
    let found = store.reader().query_all(&keys_of("session_trust_keys")).await;
    match found.map_err(StoreError::from) {
        Ok(rows) => each(&rows, key),
        Err(StoreError::Broken(text)) if text.contains("no such table") || text.contains("does not exist") => {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
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

fn revoked_table() -> SelectStatement {
    select("auth_trust_revoked", &["token_id", "expires_at"])
}

fn organisations_table(since: i64) -> SelectStatement {
    let organisations = select("auth_trust_organisations", &["organisation_id"]);
    after(organisations, since).limit(ORGANISATIONS + 1).to_owned()
}

fn after(mut rows: SelectStatement, since: i64) -> SelectStatement {
    rows.and_where(Expr::col(Alias::new("revision")).gt(since)).to_owned()
}

fn of(mut rows: SelectStatement, organisations: &[OrganisationId]) -> SelectStatement {
    let ids = organisations.iter().map(|organisation| organisation.uuid());
    rows.and_where(Expr::col(Alias::new("organisation_id")).is_in(ids))
        .to_owned()
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
        &[
            "organisation_id",
            "id",
            "name",
            "enabled",
            "origins",
            "queues",
            "greetings",
            "identity_keys",
        ],
    )
}

fn each<T>(rows: &[QueryResult], read: fn(&QueryResult) -> Result<T, StoreError>) -> Result<Vec<T>, StoreError> {
    rows.iter().map(read).collect()
}

fn organisation(row: &QueryResult) -> Result<OrganisationId, StoreError> {
    Ok(OrganisationId::new(row.try_get("", "organisation_id")?))
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
        greetings: json(row, "greetings")?,
        identity_keys: json(row, "identity_keys")?,
    })
}

fn json<T: DeserializeOwned>(row: &QueryResult, column: &str) -> Result<T, StoreError> {
    let text: String = row.try_get("", column)?;
    serde_json::from_str(&text).map_err(|error| StoreError::Broken(format!("{column}: {error}")))
}
