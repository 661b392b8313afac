//! Conditions that lists share.

use onqueue_model::Divisions;
use sea_orm::{
    ColumnTrait, Condition,
    sea_query::{Expr, LikeExpr},
};

/// Rows whose division is one of those.
pub fn within<C: ColumnTrait>(column: C, divisions: &Divisions) -> Condition {
    match divisions {
        Divisions::All => Condition::all(),
        Divisions::Only(ids) => Condition::all().add(column.is_in(ids.iter().map(|id| id.uuid()))),
    }
}

/// Rows after that place in the order of a name and an id, which together are unique. It says twice where the names begin:
/// from the first an index knows where to begin to read.
pub fn after<N: ColumnTrait, I: ColumnTrait>(name: N, id: I, place: (String, uuid::Uuid)) -> Condition {
    let later = Condition::any().add(name.gt(place.0.clone())).add(id.gt(place.1));
    Condition::all().add(name.gte(place.0)).add(later)
}

/// The pattern of texts that begin with that one, in which nothing is a wildcard.
pub fn beginning(text: &str) -> LikeExpr {
    LikeExpr::new(format!("{}%", escaped(text))).escape('\\')
}

/// Rows whose text, compared by its bytes, begins with that one: a range that an index on the column serves.
pub fn starting<C: ColumnTrait>(column: C, text: &str) -> Condition {
    before_end(column, text).add(column.gte(text))
}

/// Rows whose text begins with that one and comes after that other. Where it begins is said once: of two beginnings SQLite
/// takes whichever it likes, and reads all between them.
pub fn starting_after<C: ColumnTrait>(column: C, text: &str, place: Option<&str>) -> Condition {
    match place.filter(|place| *place >= text) {
        Some(place) => before_end(column, text).add(column.gt(place)),
        None => starting(column, text),
    }
}

/// The same in the order of a name and an id, as [`after`] has it.
pub fn starting_after_both<N: ColumnTrait, I: ColumnTrait>(
    name: N,
    id: I,
    text: &str,
    place: Option<(String, uuid::Uuid)>,
) -> Condition {
    match place.filter(|(place, _)| place.as_str() >= text) {
        Some(place) => before_end(name, text).add(after(name, id, place)),
        None => starting(name, text),
    }
}

/// The same where many may have one name: the place is one in an index of both, and nobody of that name is read again.
pub fn starting_after_place<N: ColumnTrait, I: ColumnTrait>(
    name: N,
    id: I,
    text: &str,
    place: Option<(String, uuid::Uuid)>,
) -> Condition {
    match place.filter(|(place, _)| place.as_str() >= text) {
        Some((after, last)) => {
            let columns = Expr::tuple([Expr::col(name.as_column_ref()), Expr::col(id.as_column_ref())]);
            let place = Expr::tuple([Expr::value(after), Expr::value(last)]);
            before_end(name, text).add(sea_orm::ExprTrait::gt(columns, place))
        }
        None => starting(name, text),
    }
}

fn before_end<C: ColumnTrait>(column: C, text: &str) -> Condition {
    Condition::all().add_option(end_of_beginning(text).map(|end| column.lt(end)))
}

/// The first text after all that begin with that one, if there is one.
fn end_of_beginning(text: &str) -> Option<String> {
    let mut letters: Vec<char> = text.chars().collect();
    while let Some(last) = letters.pop() {
        // The step passes over what are no characters.
        if let Some(next) = (last..=char::MAX).nth(1) {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_begins_so_comes_before_the_end() {
        for (text, end) in [
            ("", None),
            ("a", Some("b")),
            ("ab\u{10ffff}", Some("ac")),
            ("\u{d7ff}", Some("\u{e000}")),
            ("\u{10ffff}", None),
        ] {
            assert_eq!(end_of_beginning(text).as_deref(), end, "{text}");
        }
    }
}
