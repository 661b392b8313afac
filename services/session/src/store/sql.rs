//! Statements with many rows of values, as both databases understand them: `?` or `$n` with a cast, because PostgreSQL
//! cannot know the types of a VALUES list on its own.

use sea_orm::{DbBackend, Statement, Value};
use std::fmt::Write as _;

/// A statement being written.
pub(super) struct Sql {
    backend: DbBackend,
    text: String,
    values: Vec<Value>,
}

impl Sql {
    pub fn new(backend: DbBackend, text: &str) -> Self {
        Self {
            backend,
            text: text.to_owned(),
            values: Vec::new(),
        }
    }

    pub fn text(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// One value; `kind` is its type in PostgreSQL.
    pub fn value(&mut self, kind: &str, value: Value) -> &mut Self {
        self.values.push(value);
        // Writing to a String cannot fail.
        let _ = match self.backend {
            DbBackend::Postgres => write!(self.text, "${}::{kind}", self.values.len()),
            _ => write!(self.text, "?"),
        };
        self
    }

    /// `(…), (…), …`: on PostgreSQL filled up with rows of NULL, which the statement has to pass over. It prepares each text
    /// once on each connection and keeps so many: thus there are nine for batches of up to 256.
    pub fn rows<const N: usize>(&mut self, kinds: [&str; N], rows: impl IntoIterator<Item = [Value; N]>) -> &mut Self {
        let mut rows: Vec<[Value; N]> = rows.into_iter().collect();
        if let (DbBackend::Postgres, Some(last)) = (self.backend, rows.last()) {
            let nothing = last.each_ref().map(Value::as_null);
            rows.resize(rows.len().next_power_of_two(), nothing);
        }
        for (at, row) in rows.into_iter().enumerate() {
            self.text(if at == 0 { "(" } else { ", (" });
            for (at, (kind, value)) in kinds.iter().zip(row).enumerate() {
                if at > 0 {
                    self.text(", ");
                }
                self.value(kind, value);
            }
            self.text(")");
        }
        self
    }

    pub fn done(self) -> Statement {
        Statement::from_sql_and_values(self.backend, self.text, self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_of_many_sizes_have_few_texts_on_postgresql() {
        let text = |backend, count: i64| {
            let mut sql = Sql::new(backend, "");
            sql.rows(["bigint", "text"], (0..count).map(|n| [n.into(), "x".into()]));
            let statement = sql.done();
            let values = statement.values.expect("values").0;
            let set = values.iter().filter(|value| **value != value.as_null()).count();
            assert_eq!(i64::try_from(set).expect("few"), 2 * count);
            statement.sql
        };
        let texts = |backend| {
            let texts = (1..=64).map(|count| text(backend, count));
            texts.collect::<std::collections::BTreeSet<_>>().len()
        };
        assert_eq!(texts(DbBackend::Postgres), 7);
        assert_eq!(texts(DbBackend::Sqlite), 64);
        assert_eq!(text(DbBackend::Postgres, 1), "($1::bigint, $2::text)");
    }
}
