//! The tables of this service, in the order in which they came to be.

mod conversations;
mod feed;
mod guests;
mod queue_policies;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DynIden;

/// What session keeps.
pub struct Migrations;

#[async_trait::async_trait]
impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(conversations::Migration),
            Box::new(guests::Migration),
            Box::new(feed::Migration),
            Box::new(queue_policies::Migration),
        ]
    }

    fn migration_table_name() -> DynIden {
        Alias::new("session_migrations").into_iden()
    }
}

fn name(text: &str) -> Alias {
    Alias::new(text)
}

fn table(called: &str, key: &[&str], columns: Vec<ColumnDef>) -> TableCreateStatement {
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

fn index(called: &str, on: &str, columns: &[&str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(called).table(name(on));
    for column in columns {
        index.col(name(column));
    }
    index.to_owned()
}
