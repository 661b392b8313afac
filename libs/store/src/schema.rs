//! The shapes that every service's tables have, for their migrations.

use sea_orm_migration::prelude::{
    Alias, ColumnDef, DbErr, Index, IndexCreateStatement, SchemaManager, Table, TableCreateStatement,
};
use sea_orm_migration::schema::{string, uuid};
use sea_orm_migration::sea_orm::DbBackend;

/// The column by which everything of an organisation is found.
const ORGANISATION: &str = "organisation_id";

/// The name of a table or column.
pub fn name(text: &str) -> Alias {
    Alias::new(text)
}

/// A table with these columns and that key.
pub fn table(called: &str, key: &[&str], columns: Vec<ColumnDef>) -> TableCreateStatement {
    let mut primary = Index::create();
    for column in key {
        primary.col(name(column));
    }
    let mut table = Table::create();
    table.table(name(called));
    for column in columns {
        table.col(column);
    }
    table.primary_key(&mut primary).to_owned()
}

/// A table whose rows belong to an organisation: that is its first column and the first part of its key.
pub fn table_of_organisation(called: &str, key: &[&str], columns: Vec<ColumnDef>) -> TableCreateStatement {
    let key: Vec<&str> = [ORGANISATION].into_iter().chain(key.iter().copied()).collect();
    let columns = [uuid(name(ORGANISATION))].into_iter().chain(columns).collect();
    table(called, &key, columns)
}

/// An index on these columns.
pub fn index(called: &str, on: &str, columns: &[&str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(called).table(name(on));
    for column in columns {
        index.col(name(column));
    }
    index.to_owned()
}

/// An index on the organisation and these columns.
pub fn index_of_organisation(called: &str, on: &str, columns: &[&str]) -> IndexCreateStatement {
    let columns: Vec<&str> = [ORGANISATION].into_iter().chain(columns.iter().copied()).collect();
    index(called, on, &columns)
}

/// An index on these columns in which each combination comes once.
pub fn unique(called: &str, on: &str, columns: &[&str]) -> IndexCreateStatement {
    index(called, on, columns).unique().to_owned()
}

/// Adds columns to a table that is there, one after the other as SQLite wants it.
pub async fn add_columns(manager: &SchemaManager<'_>, called: &str, columns: Vec<ColumnDef>) -> Result<(), DbErr> {
    for column in columns {
        let change = Table::alter().table(name(called)).add_column(column).to_owned();
        manager.alter_table(change).await?;
    }
    Ok(())
}

/// The column `name_folded` for [`crate::query::fold`]ed names, empty at first: compared by its bytes on both databases, so
/// that an index serves its order and its beginnings.
pub fn name_folded(manager: &SchemaManager<'_>) -> ColumnDef {
    let mut column = string(name("name_folded"));
    if manager.get_database_backend() == DbBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column.default("").take()
}
