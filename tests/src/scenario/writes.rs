//! Who wrote to routing's tables while whom the lease named: a trigger on each table notes it within the very transaction
//! that wrote, so that only what was committed is noted, and a stale write cannot hide. It notes rows: a statement that the
//! fence has left without any wrote nothing.

use super::stage::Stage;
use crate::{
    history::facts::{Write, rows},
    installation::Database,
};
use sea_orm::{DatabaseConnection, DbErr};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What only an owner writes.
const TABLES: [&str; 7] = [
    "routing_log",
    "routing_decisions",
    "routing_reports",
    "routing_report_packs",
    "routing_interactions",
    "routing_feed_cursors",
    "routing_snapshots",
];

/// Sets the triggers; the lease that counts is that of the organisation's shard.
pub(super) fn watch(database: &Database, organisation: Uuid) {
    let shard = format!("get_byte(sha256(uuid_send('{organisation}'::uuid)), 0)");
    database.run("CREATE SCHEMA chaos");
    database.run("CREATE TABLE chaos.writes (writer TEXT NOT NULL, owner TEXT NOT NULL, relation TEXT NOT NULL)");
    database.run(&format!(
        "CREATE FUNCTION chaos.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN \
         INSERT INTO chaos.writes SELECT session_user, address, TG_TABLE_NAME \
         FROM onqueue_routing.routing_leases WHERE shard = {shard}; RETURN NULL; END $$"
    ));
    for table in TABLES {
        database.run(&format!(
            "CREATE TRIGGER chaos_note AFTER INSERT OR UPDATE OR DELETE ON onqueue_routing.{table} \
             FOR EACH ROW EXECUTE FUNCTION chaos.note()"
        ));
    }
}

/// What was noted, with members' names for the addresses in the lease.
pub(super) async fn read(stage: &Stage, database: &DatabaseConnection) -> Result<Vec<Write>, DbErr> {
    let statement =
        "SELECT writer, owner, relation, count(*) AS count FROM chaos.writes GROUP BY writer, owner, relation";
    let routings = stage.installation.of("routing");
    let names: BTreeMap<String, String> = routings
        .map(|member| (member.address.to_string(), member.name.clone()))
        .collect();
    let mut writes: Vec<Write> = rows(database, statement).await?;
    for write in &mut writes {
        if let Some(name) = names.get(&write.owner) {
            write.owner.clone_from(name);
        }
    }
    Ok(writes)
}

/// The member that the lease names now, if it holds.
pub(super) fn owner(stage: &Stage) -> Option<String> {
    let address = stage.installation.database.run(
        "SELECT address FROM onqueue_routing.routing_leases \
         WHERE expires_at > EXTRACT(EPOCH FROM clock_timestamp()) * 1000 LIMIT 1",
    );
    let mut routings = stage.installation.of("routing");
    let found = routings.find(|member| member.address.to_string() == address.trim());
    found.map(|member| member.name.clone())
}
