//! The owner's transaction in one statement, on PostgreSQL: one round trip instead of one for each table, and a text that is
//! parsed once on each connection, however many rows there are. What there is seldom takes the long way.

use super::commit::{decision_row, interaction_row, log_row, pack_row};
use super::{Batch, Details, Fence, Logged, NewDecision, NewPack, Tables, refused};
use onqueue_model::{Fault, InteractionId, OrganisationId, QueueId, Shard, UserId};
use onqueue_store::{Alone, StoreError};
use std::{
    collections::{BTreeMap, BTreeSet},
    mem::take,
};

/// Locks the leases in the order of the shards, as everybody does, and weakly, so that renewals need not wait; writes unless
/// one of them is not held at its epoch any more; answers one id if it wrote. Where a lease is being taken by somebody else the
/// statement waits for them and then sees what they have written.
///
/// What goes is found by its key, row by row (a part with an OFFSET is planned for itself): joined, all that is there would be
/// read for each batch.
const STATEMENT: &str = "\
    WITH own AS MATERIALIZED (\
        SELECT lease.shard FROM routing_leases AS lease \
        JOIN UNNEST($1::smallint[], $2::bigint[]) AS held(shard, epoch) \
            ON held.shard = lease.shard AND held.epoch = lease.epoch \
        WHERE lease.owner = $3 ORDER BY lease.shard FOR KEY SHARE OF lease), \
    fence AS MATERIALIZED (SELECT COUNT(*) = CARDINALITY($1) AS holds FROM own), \
    logged AS (\
        INSERT INTO routing_log (organisation_id, position, at, command, traceparent, epoch) \
        SELECT * FROM UNNEST($4::uuid[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::bigint[]) \
        WHERE (SELECT holds FROM fence)), \
    decided AS (\
        INSERT INTO routing_decisions (organisation_id, decision_id, conversation_id, queue_id, position, log_position, \
            revision, at, record, kind, agent_id) \
        SELECT * FROM UNNEST($10::uuid[], $11::uuid[], $12::uuid[], $13::uuid[], $14::bigint[], $15::bigint[], \
            $16::bigint[], $17::bigint[], $18::text[], $19::smallint[], $20::uuid[]) WHERE (SELECT holds FROM fence)), \
    reported AS (\
        INSERT INTO routing_report_packs (organisation_id, place, reports, payload) \
        SELECT * FROM UNNEST($21::uuid[], $22::bigint[], $23::bigint[], $24::bytea[]) \
        WHERE (SELECT holds FROM fence)), \
    delivered AS (\
        DELETE FROM routing_report_packs WHERE ctid = ANY(ARRAY(\
            SELECT found.ctid FROM UNNEST($25::uuid[], $26::bigint[]) AS gone(organisation_id, place), LATERAL (\
                SELECT pack.ctid FROM routing_report_packs AS pack \
                WHERE pack.organisation_id = gone.organisation_id AND pack.place = gone.place OFFSET 0) AS found)) \
            AND (SELECT holds FROM fence)), \
    opened AS (\
        INSERT INTO routing_interactions (organisation_id, conversation_id, opening, guest_name, topic, \
            transfer_request_id, transfer_request_hash) \
        SELECT * FROM UNNEST($27::uuid[], $28::uuid[], $29::bigint[], $30::text[], $31::text[], $32::uuid[], \
            $33::bytea[]) WHERE (SELECT holds FROM fence)), \
    ended AS (\
        DELETE FROM routing_interactions WHERE ctid = ANY(ARRAY(\
            SELECT found.ctid FROM UNNEST($34::uuid[], $35::uuid[], $36::bigint[]) \
                AS gone(organisation_id, conversation_id, opening), LATERAL (\
                SELECT interaction.ctid FROM routing_interactions AS interaction \
                WHERE interaction.organisation_id = gone.organisation_id \
                    AND interaction.conversation_id = gone.conversation_id \
                    AND interaction.opening = gone.opening OFFSET 0) AS found)) \
            AND (SELECT holds FROM fence)), \
    handled AS (\
        INSERT INTO routing_wrap_ups AS old (organisation_id, conversation_id, opening, user_id, queue_id, notes) \
        SELECT handled.*, '' FROM UNNEST($37::uuid[], $38::uuid[], $39::bigint[], $40::uuid[], $41::uuid[]) AS handled \
        WHERE (SELECT holds FROM fence) \
        ON CONFLICT (organisation_id, conversation_id, opening, user_id) DO UPDATE SET queue_id = EXCLUDED.queue_id), \
    moved AS (\
        INSERT INTO routing_feed_cursors (shard, number) \
        SELECT * FROM UNNEST($42::smallint[], $43::bigint[]) WHERE (SELECT holds FROM fence) \
        ON CONFLICT (shard) DO UPDATE SET number = EXCLUDED.number) \
    SELECT '00000000-0000-0000-0000-000000000000'::uuid WHERE (SELECT holds FROM fence)";

/// Whether the batch has nothing but what the statement writes.
pub(super) fn fits(batch: &Batch) -> bool {
    batch.intervals.is_empty()
        && batch.applied_queues.is_empty()
        && batch.applied_agents.is_empty()
        && batch.applied_settings.is_empty()
        && batch.transferred.is_empty()
        && batch.wrap_ups.said.is_empty()
        && batch.audited.is_empty()
        && batch.delivered.singles.is_empty()
}

/// Writes the batch if every one of these shards is still held; otherwise nothing, and the error is a refusal.
pub(super) async fn write(
    tables: &Tables,
    fence: &Fence,
    shards: &BTreeSet<Shard>,
    batch: &Batch,
) -> Result<(), StoreError> {
    let statement = with_fence(Alone::new(STATEMENT), fence, shards);
    let statement = with_log(statement, &batch.log)?;
    let statement = with_decisions(statement, &batch.decisions)?;
    let statement = with_packs(statement, &batch.packs);
    let statement = with_delivered(statement, batch);
    let statement = with_opened(statement, batch);
    let statement = with_ended(statement, batch);
    let statement = with_handled(statement, &batch.wrap_ups.handled);
    let statement = statement
        .with(list(&batch.cursors, |(shard, _)| shard.number()))
        .with(list(&batch.cursors, |(_, number)| *number));
    let written = tables.0.alone(&statement).await?;
    if written.is_empty() {
        return Err(refused(Fault::unavailable("the lease was lost")));
    }
    Ok(())
}

fn with_fence(statement: Alone, fence: &Fence, shards: &BTreeSet<Shard>) -> Alone {
    let checked: Vec<Shard> = shards.iter().copied().filter(|_| fence.is_checked).collect();
    statement
        .with(list(&checked, |shard| shard.number()))
        .with(list(&checked, |shard| fence.epochs.at(*shard)))
        .with(fence.owner.clone())
}

fn with_log(statement: Alone, log: &[Logged]) -> Result<Alone, StoreError> {
    let mut rows = log.iter().map(log_row).collect::<Result<Vec<_>, _>>()?;
    Ok(statement
        .with(list(&rows, |row| row.organisation_id))
        .with(list(&rows, |row| row.position))
        .with(list(&rows, |row| row.at))
        .with(list(&mut rows, |row| take(&mut row.command)))
        .with(list(&mut rows, |row| take(&mut row.traceparent)))
        .with(list(&rows, |row| row.epoch)))
}

fn with_decisions(statement: Alone, decisions: &[NewDecision]) -> Result<Alone, StoreError> {
    let mut rows = decisions.iter().map(decision_row).collect::<Result<Vec<_>, _>>()?;
    Ok(statement
        .with(list(&rows, |row| row.organisation_id))
        .with(list(&rows, |row| row.decision_id))
        .with(list(&rows, |row| row.conversation_id))
        .with(list(&rows, |row| row.queue_id))
        .with(list(&rows, |row| row.position))
        .with(list(&rows, |row| row.log_position))
        .with(list(&rows, |row| row.revision))
        .with(list(&rows, |row| row.at))
        .with(list(&mut rows, |row| take(&mut row.record)))
        .with(list(&rows, |row| row.kind))
        .with(list(&rows, |row| row.agent_id)))
}

fn with_packs(statement: Alone, packs: &[NewPack]) -> Alone {
    let mut rows: Vec<_> = packs.iter().map(pack_row).collect();
    statement
        .with(list(&rows, |row| row.organisation_id))
        .with(list(&rows, |row| row.place))
        .with(list(&rows, |row| row.reports))
        .with(list(&mut rows, |row| take(&mut row.payload)))
}

fn with_delivered(statement: Alone, batch: &Batch) -> Alone {
    let packs = &batch.delivered.packs;
    statement
        .with(list(packs, |(organisation, _)| organisation.uuid()))
        .with(list(packs, |(_, place)| *place))
}

/// The statement's parts do not see what the others write: who came and went with one batch is not written.
fn with_opened(statement: Alone, batch: &Batch) -> Alone {
    let ended: BTreeSet<_> = batch.ended.iter().collect();
    let stays = |opened: &&(OrganisationId, InteractionId, Details)| !ended.contains(&(opened.0, opened.1));
    let mut rows: Vec<_> = batch.opened.iter().filter(stays).map(interaction_row).collect();
    statement
        .with(list(&rows, |row| row.organisation_id))
        .with(list(&rows, |row| row.conversation_id))
        .with(list(&rows, |row| row.opening))
        .with(list(&mut rows, |row| take(&mut row.guest_name)))
        .with(list(&mut rows, |row| take(&mut row.topic)))
        .with(list(&rows, |row| row.transfer_request_id))
        .with(list(&mut rows, |row| take(&mut row.transfer_request_hash)))
}

fn with_ended(statement: Alone, batch: &Batch) -> Alone {
    statement
        .with(list(&batch.ended, |(organisation, _)| organisation.uuid()))
        .with(list(&batch.ended, |(_, interaction)| interaction.conversation.uuid()))
        .with(list(&batch.ended, |(_, interaction)| i64::from(interaction.opening)))
}

fn with_handled(statement: Alone, handled: &BTreeMap<(OrganisationId, InteractionId, UserId), QueueId>) -> Alone {
    statement
        .with(list(handled, |((organisation, ..), _)| organisation.uuid()))
        .with(list(handled, |((_, interaction, _), _)| {
            interaction.conversation.uuid()
        }))
        .with(list(handled, |((_, interaction, _), _)| i64::from(interaction.opening)))
        .with(list(handled, |((.., user), _)| user.uuid()))
        .with(list(handled, |(_, queue)| queue.uuid()))
}

fn list<I: IntoIterator, V>(of: I, each: impl Fn(I::Item) -> V) -> Vec<V> {
    of.into_iter().map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::STATEMENT;
    use crate::Migrations;
    use onqueue_store::Store;
    use onqueue_testkit::postgres;

    /// The statement for so many that go, and nothing else.
    fn written_out(gone: u32) -> String {
        let ids = |id: fn(u32) -> u32| {
            let ids = (1..=gone).map(|number| format!("00000000-0000-0000-0000-{:012x}", id(number)));
            format!("'{{{}}}'", ids.collect::<Vec<_>>().join(","))
        };
        let numbers: Vec<_> = (1..=gone).map(|number| number.to_string()).collect();
        let value = |place: u32| match place {
            1 => "'{}'::smallint[]".to_owned(),
            3 => "'me'".to_owned(),
            25 | 34 => ids(|_| 1),
            26 => format!("'{{{}}}'", numbers.join(",")),
            35 => ids(|number| number),
            36 => format!("'{{{}}}'", vec!["1"; numbers.len()].join(",")),
            _ => "'{}'".to_owned(),
        };
        // The last first, so that the first digit of none is taken for a number.
        let places = (1..=43).rev();
        places.fold(STATEMENT.to_owned(), |text, place| {
            text.replace(&format!("${place}"), &value(place))
        })
    }

    #[tokio::test]
    async fn however_many_there_are_those_that_go_are_found_by_their_keys() {
        let database = postgres().await;
        let store = Store::open(&database.settings()).await.expect("opens");
        store.migrate::<Migrations>().await.expect("migrations apply");
        let own = "'00000000-0000-0000-0000-000000000001'::uuid";
        let row = "('00000000-0000-0000-0000-' || lpad(to_hex(i), 12, '0'))::uuid";
        database.run(&format!(
            "INSERT INTO routing_interactions (organisation_id, conversation_id, opening, guest_name, topic) \
                SELECT {own}, {row}, 1, '', '' FROM generate_series(1, 20000) AS i; \
            INSERT INTO routing_report_packs (organisation_id, place, reports, payload) \
                SELECT {own}, i, 1, '' FROM generate_series(1, 20000) AS i; \
            ANALYZE routing_interactions, routing_report_packs"
        ));
        for gone in [1, 500] {
            let plan = database.run(&format!("EXPLAIN {}", written_out(gone)));
            for table in ["routing_interactions", "routing_report_packs"] {
                assert!(plan.contains(&format!("Tid Scan on {table}")), "{plan}");
                assert!(!plan.contains(&format!("Seq Scan on {table}")), "{plan}");
            }
        }
    }
}
