//! Finding, in one statement, which of many conversations have grown, and which many users take part in.

use super::{Key, sql::Sql};
use onqueue_chat::Numbers;
use onqueue_model::{ConversationId, OrganisationId, UserId};
use onqueue_store::{Store, StoreError};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use std::collections::{BTreeSet, HashMap};

/// The most compared in one statement where each takes three values: SQLite takes 32,766.
const VALUES: usize = 10_000;

/// The most where their lists are three values.
const LISTED: usize = 100_000;

/// The last numbers of those of these that have more than the number beside them. So a quiet replica gets no rows however
/// many conversations are followed.
pub(crate) async fn grown(store: &Store, known: &[(Key, i64)]) -> Result<HashMap<ConversationId, Numbers>, StoreError> {
    let mut found = HashMap::new();
    let backend = store.reader().get_database_backend();
    let statements: Vec<Statement> = match backend {
        DbBackend::Postgres => known.chunks(LISTED).map(in_lists).collect(),
        _ => known.chunks(VALUES).map(|known| in_values(backend, known)).collect(),
    };
    for statement in statements {
        read(store, statement, &mut found).await?;
    }
    Ok(found)
}

async fn read(
    store: &Store,
    statement: Statement,
    found: &mut HashMap<ConversationId, Numbers>,
) -> Result<(), StoreError> {
    for row in store.reader().query_all_raw(statement).await? {
        let numbers = Numbers {
            sequence: row.try_get("", "last_sequence")?,
            public: row.try_get("", "last_public_sequence")?,
            agents: row.try_get("", "last_agent_sequence")?,
        };
        found.insert(ConversationId::new(row.try_get("", "id")?), numbers);
    }
    Ok(())
}

/// The conversations in which each of these users takes part now; of who takes part in none there is no set.
pub(crate) async fn sets(
    store: &Store,
    users: &[(OrganisationId, UserId)],
) -> Result<HashMap<UserId, BTreeSet<ConversationId>>, StoreError> {
    let mut found: HashMap<UserId, BTreeSet<ConversationId>> = HashMap::new();
    let backend = store.reader().get_database_backend();
    for users in users.chunks(VALUES) {
        for row in store.reader().query_all_raw(of_users(backend, users)).await? {
            let user = UserId::new(row.try_get("", "user_id")?);
            let conversation = ConversationId::new(row.try_get("", "conversation_id")?);
            found.entry(user).or_default().insert(conversation);
        }
    }
    Ok(found)
}

fn of_users(backend: DbBackend, users: &[(OrganisationId, UserId)]) -> Statement {
    let mut sql = Sql::new(backend, "SELECT user_id, conversation_id FROM ");
    match backend {
        DbBackend::Postgres => {
            let organisations = users.iter().map(|(organisation, _)| organisation.to_string());
            let ids = users.iter().map(|(_, user)| user.to_string());
            sql.text("unnest(string_to_array(")
                .value("text", organisations.collect::<Vec<_>>().join(",").into())
                .text(", ',')::uuid[], string_to_array(")
                .value("text", ids.collect::<Vec<_>>().join(",").into())
                .text(", ',')::uuid[]) AS wanted (column1, column2)");
        }
        _ => {
            let rows = users
                .iter()
                .map(|(organisation, user)| [organisation.uuid().into(), user.uuid().into()]);
            sql.text("(VALUES ").rows(["uuid", "uuid"], rows).text(") AS wanted");
        }
    }
    sql.text(
        " CROSS JOIN session_participants WHERE organisation_id = wanted.column1 AND user_id = wanted.column2 \
         AND left_at IS NULL",
    );
    sql.done()
}

/// Three values whatever the number of conversations, and one text of the statement, which is prepared once.
fn in_lists(known: &[(Key, i64)]) -> Statement {
    let list = |each: &dyn Fn(&(Key, i64)) -> String| known.iter().map(each).collect::<Vec<_>>().join(",");
    let values = [
        list(&|((organisation, _), _)| organisation.to_string()),
        list(&|((_, id), _)| id.to_string()),
        list(&|(_, last)| last.to_string()),
    ];
    let sql = "SELECT id, last_sequence, last_public_sequence, last_agent_sequence FROM unnest(\
        string_to_array($1, ',')::uuid[], string_to_array($2, ',')::uuid[], string_to_array($3, ',')::bigint[]\
        ) AS wanted (of_organisation, of_id, after_sequence) JOIN session_conversations \
        ON organisation_id = of_organisation AND id = of_id WHERE last_sequence > after_sequence";
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values.map(Into::into))
}

fn in_values(backend: DbBackend, known: &[(Key, i64)]) -> Statement {
    let rows = known.iter().map(|((organisation, id), last)| {
        let (organisation, id) = (organisation.uuid(), id.uuid());
        [organisation.into(), id.into(), (*last).into()]
    });
    let mut sql = Sql::new(
        backend,
        "SELECT id, last_sequence, last_public_sequence, last_agent_sequence FROM (VALUES ",
    );
    // In this order, or SQLite reads every conversation there is.
    sql.rows(["uuid", "uuid", "bigint"], rows).text(
        ") AS wanted CROSS JOIN session_conversations WHERE organisation_id = wanted.column1 \
         AND id = wanted.column2 AND last_sequence > wanted.column3",
    );
    sql.done()
}
