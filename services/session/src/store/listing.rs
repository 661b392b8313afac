//! Reading a page of a long list: from where it begins in an index, as far as it goes. What is asked for in several parts, each
//! of which an index has in order, is read by one statement.

use onqueue_model::{DivisionId, Divisions};
use onqueue_store::StoreError;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryTrait as _, Select,
    sea_query::{Asterisk, Query, SelectStatement, UnionType},
};

/// How many parts are read by one statement; SQLite joins at most 500.
const AT_ONCE: usize = 100;

/// One condition for all divisions, or one for each: an index has the rows of one in order.
pub(super) fn each<C: ColumnTrait>(column: C, divisions: &Divisions) -> Vec<Condition> {
    match divisions {
        Divisions::All => vec![Condition::all()],
        Divisions::Only(ids) => {
            let of = |id: &DivisionId| Condition::all().add(column.eq(id.uuid()));
            ids.iter().map(of).collect()
        }
    }
}

/// All rows of these parts, each of which has an order and a limit of its own; in no order.
pub(super) async fn read<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    parts: Vec<Select<E>>,
) -> Result<Vec<E::Model>, StoreError> {
    let mut rows = Vec::new();
    for parts in parts.chunks(AT_ONCE) {
        let Some(statement) = together(parts) else { continue };
        let statement = connection.get_database_backend().build(&statement);
        rows.extend(E::find().from_raw_sql(statement).all(connection).await?);
    }
    Ok(rows)
}

/// The first `size` of these rows by that place.
pub(super) fn first<T, P: Ord>(mut rows: Vec<T>, size: u64, place: impl FnMut(&T) -> P) -> Vec<T> {
    rows.sort_by_cached_key(place);
    rows.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    rows
}

fn together<E: EntityTrait>(parts: &[Select<E>]) -> Option<SelectStatement> {
    let part = |part: &Select<E>| {
        let mut whole = Query::select();
        whole.column(Asterisk).from_subquery(part.clone().into_query(), "part");
        whole
    };
    let (first, others) = parts.split_first()?;
    let mut all = part(first);
    for other in others {
        all.union(UnionType::All, part(other));
    }
    Some(all)
}
