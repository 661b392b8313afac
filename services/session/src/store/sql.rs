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

    /// `(…), (…), …`
    pub fn rows<const N: usize>(&mut self, kinds: [&str; N], rows: impl IntoIterator<Item = [Value; N]>) -> &mut Self {
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
