//! Conditions that lists share.

use onqueue_model::Divisions;
use sea_orm::{ColumnTrait, Condition, sea_query::LikeExpr};

/// Rows whose division is one of those.
pub fn within<C: ColumnTrait>(column: C, divisions: &Divisions) -> Condition {
    match divisions {
        Divisions::All => Condition::all(),
        Divisions::Only(ids) => Condition::all().add(column.is_in(ids.iter().map(|id| id.uuid()))),
    }
}

/// Rows after that place in the order of a name and an id, which together are unique.
pub fn after<N: ColumnTrait, I: ColumnTrait>(name: N, id: I, place: (String, uuid::Uuid)) -> Condition {
    let same = Condition::all().add(name.eq(place.0.clone())).add(id.gt(place.1));
    Condition::any().add(name.gt(place.0)).add(same)
}

/// The pattern of texts that begin with that one, in which nothing is a wildcard.
pub fn beginning(text: &str) -> LikeExpr {
    LikeExpr::new(format!("{}%", escaped(text))).escape('\\')
}

/// The pattern of texts that contain that one, in which nothing is a wildcard.
pub fn containing(text: &str) -> LikeExpr {
    LikeExpr::new(format!("%{}%", escaped(text))).escape('\\')
}

/// A name as it is compared and searched: in lower case by Unicode's rules, which the databases do not share.
pub fn fold(name: &str) -> String {
    name.to_lowercase()
}

fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}
