//! What a PostgreSQL database needs before the first migration: a schema and a role for each service, and who may read
//! what.

use crate::{
    Settings, Store, StoreError,
    error::sqlstate,
    settings::{TRUST, schema},
};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbErr, Statement, TransactionTrait as _};

/// Of a key for `pg_advisory_xact_lock` nothing is asked but that nobody else in this database uses it.
const ALONE: &str = "SET LOCAL statement_timeout = 0; \
    SET LOCAL idle_in_transaction_session_timeout = 0; \
    SELECT pg_advisory_xact_lock(7958552634295722301)";

const GRANTS: &str = include_str!("grants.sql");

impl Store {
    /// Makes what these services need on PostgreSQL and is not there yet: the schemas `onqueue_<service>`, the roles of the
    /// same names, and their rights, reading the trust tables of auth and session included. A role may log in, with the
    /// password that the service's own url gives it, or else without one. Doing it again changes nothing. Roles are passed over where the user of `url` may not make any, unless a service's
    /// own url asks for one. Where rights are missing the error names the SQL that an administrator has to run. SQLite needs
    /// nothing.
    pub async fn prepare(settings: &Settings, services: &[&str]) -> Result<(), StoreError> {
        if !settings.is_postgres() {
            return Ok(());
        }
        let owner = Settings {
            connections: 1,
            ..settings.as_owner()
        };
        let store = Self::open(&owner).await?;
        let outcome = store.prepared(settings, services).await;
        store.close().await?;
        outcome
    }

    async fn prepared(&self, settings: &Settings, services: &[&str]) -> Result<(), StoreError> {
        let tx = self.writer().begin().await?;
        alone(&tx).await?;
        let wanted = wanted(&tx, settings, services).await?;
        for statement in &wanted {
            tx.execute_unprepared(&statement.sql)
                .await
                .map_err(|error| explain(error, &wanted))?;
        }
        grant(&tx).await?;
        tx.commit().await.map_err(StoreError::of_commit)
    }
}

/// Keeps other processes from doing the same at once; no time limit holds in this transaction any more.
pub(crate) async fn alone(tx: &DatabaseTransaction) -> Result<(), StoreError> {
    tx.execute_unprepared(ALONE).await?;
    Ok(())
}

/// Gives the roles that are there their rights on what is there.
pub(crate) async fn grant(tx: &DatabaseTransaction) -> Result<(), StoreError> {
    tx.execute_unprepared(GRANTS).await?;
    Ok(())
}

/// The schema in which an unqualified table would be made.
pub(crate) async fn current_schema(tx: &DatabaseTransaction) -> Result<Option<String>, StoreError> {
    let select = Statement::from_string(tx.get_database_backend(), "SELECT current_schema()::text AS name");
    match tx.query_one_raw(select).await? {
        Some(row) => Ok(row.try_get("", "name")?),
        None => Ok(None),
    }
}

/// Something that is to be made.
struct Wanted {
    sql: String,
    /// The same for an administrator's eyes.
    shown: String,
}

impl Wanted {
    fn schema(name: &str) -> Self {
        let sql = format!("CREATE SCHEMA {name};");
        Self {
            shown: sql.clone(),
            sql,
        }
    }

    /// Roles belong to all databases of a server: another may be prepared at the same moment.
    fn role(name: &str, password: Option<&str>) -> Self {
        let quoted = password.map(|password| format!(" PASSWORD '{}'", password.replace('\'', "''")));
        let create = |password: &str| format!("CREATE ROLE {name} LOGIN{password};");
        let sql = create(&quoted.unwrap_or_default());
        Self {
            sql: format!(
                "DO $onqueue$ BEGIN {sql} EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $onqueue$"
            ),
            shown: create(" PASSWORD '…'"),
        }
    }
}

async fn wanted(tx: &DatabaseTransaction, settings: &Settings, services: &[&str]) -> Result<Vec<Wanted>, StoreError> {
    let may_make_roles = is_so(
        tx,
        "SELECT 1 FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolcreaterole)",
    )
    .await?;
    let mut wanted = Vec::new();
    let trust = TRUST.iter().filter(|service| !services.contains(service));
    for service in services.iter().chain(trust) {
        let name = schema(service);
        if !is_so(tx, &format!("SELECT 1 FROM pg_namespace WHERE nspname = '{name}'")).await? {
            wanted.push(Wanted::schema(&name));
        }
        let own = settings.of(service).url;
        let is_asked_for = own != settings.url;
        let is_there = is_so(tx, &format!("SELECT 1 FROM pg_roles WHERE rolname = '{name}'")).await?;
        if !is_there && (may_make_roles || is_asked_for) {
            wanted.push(Wanted::role(&name, password_of(&own, &name).as_deref()));
        }
    }
    Ok(wanted)
}

/// The password in a url, if it is for this role.
fn password_of(url: &str, role: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let server = rest.split(['/', '?']).next()?;
    let (user, _) = server.rsplit_once('@')?;
    let (name, password) = user.split_once(':')?;
    (name == role).then(|| unescaped(password)).flatten()
}

/// With `%20` and the like as what they stand for.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            plain.push(byte);
            continue;
        }
        let digits = [bytes.next()?, bytes.next()?];
        plain.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    String::from_utf8(plain).ok()
}

async fn is_so(tx: &DatabaseTransaction, select: &str) -> Result<bool, StoreError> {
    let select = Statement::from_string(tx.get_database_backend(), select);
    Ok(tx.query_one_raw(select).await?.is_some())
}

fn explain(error: DbErr, wanted: &[Wanted]) -> StoreError {
    const INSUFFICIENT_PRIVILEGE: &str = "42501";
    if sqlstate(&error).as_deref() != Some(INSUFFICIENT_PRIVILEGE) {
        return error.into();
    }
    let shown: Vec<&str> = wanted.iter().map(|wanted| wanted.shown.as_str()).collect();
    StoreError::Broken(format!(
        "the user of store.url may not prepare the database ({error}); let an administrator run this in it, and give that \
         user the schemas (ALTER SCHEMA … OWNER TO …):\n{}",
        shown.join("\n")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_gets_the_password_of_its_url_and_nobody_sees_it() {
        for (url, expected) in [
            ("postgres://onqueue_auth:s%3Acret@db:5432/x", Some("s:cret")),
            ("postgres://onqueue_auth:p@ss@db/x?sslmode=require", Some("p@ss")),
            ("postgres://onqueue_auth@db/x", None),
            ("postgres://owner:secret@db/x", None),
            ("postgres://db/x:y@z", None),
        ] {
            assert_eq!(password_of(url, "onqueue_auth").as_deref(), expected, "{url}");
        }
        let role = Wanted::role("onqueue_auth", Some("it's"));
        assert!(role.sql.contains("LOGIN PASSWORD 'it''s';"), "{}", role.sql);
        assert!(!role.shown.contains("it'"), "{}", role.shown);
    }
}
