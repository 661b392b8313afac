//! What an operator asks of a database: its version, who uses it, what roles may do.

use crate::{Store, StoreError, settings::schema};
use sea_orm::{ConnectionTrait as _, DbBackend, QueryResult, Statement};

/// What the role that a service uses may do on PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Its name.
    pub role: String,
    /// Whether it is a superuser of the server.
    pub is_superuser: bool,
    /// Tables of the service.
    pub own: i64,
    /// Those of them whose rows it may not read and write.
    pub missing: i64,
    /// Tables of other services whose rows it may write.
    pub foreign: i64,
}

impl Store {
    /// The database's kind and version, for people.
    pub async fn version(&self) -> Result<String, StoreError> {
        let (kind, select) = match self.reader().get_database_backend() {
            DbBackend::Sqlite => ("SQLite", "SELECT sqlite_version() AS version"),
            _ => ("PostgreSQL", "SELECT current_setting('server_version') AS version"),
        };
        let version: String = self.one(select).await?.try_get("", "version")?;
        Ok(format!("{kind} {version}"))
    }

    /// The services that have connections to this PostgreSQL database now; none on SQLite, which has its lock.
    pub async fn connected(&self) -> Result<Vec<String>, StoreError> {
        let backend = self.reader().get_database_backend();
        if backend != DbBackend::Postgres {
            return Ok(Vec::new());
        }
        let select = "SELECT DISTINCT application_name AS name FROM pg_stat_activity \
            WHERE datname = current_database() AND application_name LIKE 'onqueue\\_%' ORDER BY 1";
        let rows = self
            .reader()
            .query_all_raw(Statement::from_string(backend, select))
            .await?;
        let name = |row: &QueryResult| -> Result<String, StoreError> { Ok(row.try_get("", "name")?) };
        rows.iter().map(name).collect()
    }

    /// What the role of this connection may do with the tables of a service; `None` on SQLite, which has no roles.
    pub async fn rights(&self, service: &str) -> Result<Option<Rights>, StoreError> {
        if self.reader().get_database_backend() != DbBackend::Postgres {
            return Ok(None);
        }
        let own = schema(service);
        let may = "has_table_privilege(t.oid, 'SELECT') AND has_table_privilege(t.oid, 'INSERT') \
            AND has_table_privilege(t.oid, 'UPDATE') AND has_table_privilege(t.oid, 'DELETE')";
        let select = format!(
            "SELECT current_user::text AS role, \
                (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS is_superuser, \
                count(*) FILTER (WHERE n.nspname = '{own}') AS own, \
                count(*) FILTER (WHERE n.nspname = '{own}' AND NOT ({may})) AS missing, \
                count(*) FILTER (WHERE n.nspname <> '{own}' AND has_table_privilege(t.oid, 'INSERT')) AS foreign_tables \
            FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace \
            WHERE t.relkind IN ('r', 'p') AND n.nspname LIKE 'onqueue\\_%'"
        );
        let row = self.one(&select).await?;
        Ok(Some(Rights {
            role: row.try_get("", "role")?,
            is_superuser: row.try_get("", "is_superuser")?,
            own: row.try_get("", "own")?,
            missing: row.try_get("", "missing")?,
            foreign: row.try_get("", "foreign_tables")?,
        }))
    }

    async fn one(&self, select: &str) -> Result<QueryResult, StoreError> {
        let backend = self.reader().get_database_backend();
        let row = self
            .reader()
            .query_one_raw(Statement::from_string(backend, select))
            .await?;
        row.ok_or_else(|| StoreError::Broken("no row".to_owned()))
    }
}
