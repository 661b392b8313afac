//! The tables of this service, in the order in which they came about.

mod administer_skills_and_utilization;
mod configure_queues;
mod create_routing_tables;
mod find_queues_by_word;
mod index_unapplied_configuration;
mod keep_decisions_about_waiting;
mod keep_history;
mod keep_wrap_ups;
mod list_decisions_by_agent;
mod list_decisions_by_queue;
mod pack_reports;
mod schedules;

use sea_orm_migration::prelude::IntoIden as _;
use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait::async_trait, prelude::Alias, sea_orm::DynIden};

/// Applied by [`onqueue_store::Store::migrate`]; what was applied is kept in `routing_migrations`.
#[derive(Debug)]
pub struct Migrations;

#[async_trait]
impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(create_routing_tables::Migration),
            Box::new(index_unapplied_configuration::Migration),
            Box::new(administer_skills_and_utilization::Migration),
            Box::new(find_queues_by_word::Migration),
            Box::new(list_decisions_by_queue::Migration),
            Box::new(configure_queues::Migration),
            Box::new(keep_wrap_ups::Migration),
            Box::new(keep_history::Migration),
            Box::new(keep_decisions_about_waiting::Migration),
            Box::new(schedules::Migration),
            Box::new(pack_reports::Migration),
            Box::new(list_decisions_by_agent::Migration),
        ]
    }

    fn migration_table_name() -> DynIden {
        Alias::new("routing_migrations").into_iden()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_testkit::temp_store;
    use sea_orm_migration::sea_orm::{ConnectionTrait as _, DbBackend, Statement};
    use uuid::Uuid;

    /// As it was when skills had nothing but a name.
    struct Former;

    #[async_trait]
    impl MigratorTrait for Former {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            Migrations::migrations().into_iter().take(2).collect()
        }

        fn migration_table_name() -> DynIden {
            Migrations::migration_table_name()
        }
    }

    #[tokio::test]
    async fn what_is_there_keeps_its_meaning() {
        let temp = temp_store().await;
        temp.store.migrate::<Former>().await.expect("migrations apply");
        let id = match temp.store.reader().get_database_backend() {
            DbBackend::Postgres => format!("'{}'::uuid", Uuid::from_u128(1)),
            _ => format!("x'{}'", Uuid::from_u128(1).simple()),
        };
        let rows = format!(
            "INSERT INTO routing_skills (organisation_id, skill_id, name) VALUES ({id}, {id}, 'Übergabe'); \
            INSERT INTO routing_agents (organisation_id, user_id, name, maximum_chats, revision, applied_revision) \
            VALUES ({id}, {id}, 'Anna', 3, 1, 1)"
        );
        let written = temp.store.transaction(move |tx| {
            let rows = rows.clone();
            Box::pin(async move {
                tx.execute_unprepared(&rows).await?;
                Ok(())
            })
        });
        written.await.expect("good statements");
        temp.store.migrate::<Migrations>().await.expect("migrations apply");
        let reader = temp.store.reader();
        for (query, number) in [
            (
                "SELECT COUNT(*) FROM routing_skills WHERE name_folded = 'übergabe' AND revision = 1",
                1,
            ),
            (
                "SELECT COUNT(*) FROM routing_skills WHERE deleted_at IS NULL AND description = ''",
                1,
            ),
            (
                "SELECT COUNT(*) FROM routing_capacities WHERE medium = 2 AND maximum = 3",
                1,
            ),
            ("SELECT COUNT(*) FROM routing_capacities", 1),
        ] {
            let statement = Statement::from_string(reader.get_database_backend(), query);
            let row = reader.query_one_raw(statement).await.expect("a query").expect("a row");
            assert_eq!(row.try_get_by_index::<i64>(0).expect("a number"), number, "{query}");
        }
    }
}
