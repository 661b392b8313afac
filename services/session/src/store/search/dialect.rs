//! What is looked for and where, as each database writes it. Words are letters and digits only, so that nothing in them means
//! anything to either.

use crate::words::{Entry, Pattern, Query, Term};
use onqueue_model::OrganisationId;
use std::fmt::Write as _;

/// The highest position that PostgreSQL keeps.
const LAST: usize = 16_383;

/// The word by which the entries of an organisation are found.
pub(super) fn organisation(id: OrganisationId) -> String {
    format!("o{}", id.uuid().simple())
}

/// A query of FTS5, within the organisation.
pub(super) fn fts5(id: OrganisationId, query: &Query) -> String {
    let mut text = format!("organisation : {}", organisation(id));
    for term in &query.terms {
        // Writing to a String cannot fail.
        let _ = match term {
            Term::Word(patterns) => {
                let pattern = |one: &Pattern| format!("\"{}\"{}", one.text, if one.is_beginning { " *" } else { "" });
                let patterns: Vec<String> = patterns.iter().map(pattern).collect();
                write!(text, " AND {{plain umlauts}} : ({})", patterns.join(" OR "))
            }
            Term::Phrase(words) => write!(text, " AND plain : \"{}\"", words.join(" ")),
        };
    }
    text
}

/// A `tsquery`.
pub(super) fn tsquery(query: &Query) -> String {
    let term = |term: &Term| match term {
        Term::Word(patterns) => {
            let pattern = |one: &Pattern| format!("'{}'{}", one.text, if one.is_beginning { ":*" } else { "" });
            let patterns: Vec<String> = patterns.iter().map(pattern).collect();
            format!("({})", patterns.join(" | "))
        }
        Term::Phrase(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
            format!("({})", words.join(" <-> "))
        }
    };
    query.terms.iter().map(term).collect::<Vec<_>>().join(" & ")
}

/// A `tsvector`: plain words have positions, by which phrases are found.
pub(super) fn tsvector(entry: &Entry) -> String {
    let plain = entry.plain.iter().zip(1_usize..);
    let mut text = plain.fold(String::new(), |mut text, (word, at)| {
        let _ = write!(text, "'{word}':{} ", at.min(LAST));
        text
    });
    for word in &entry.umlauts {
        let _ = write!(text, "'{word}' ");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_model::Id;
    use uuid::Uuid;

    #[test]
    fn both_databases_are_asked_for_the_same() {
        let query = Query::parse("Rückgabe ab \"die Größe\"")
            .expect("a query")
            .expect("words");
        assert_eq!(
            fts5(Id::new(Uuid::nil()), &query),
            "organisation : o00000000000000000000000000000000 AND {plain umlauts} : (\"ruckgab\" * OR \"rueckgab\" *) \
             AND {plain umlauts} : (\"ab\") AND plain : \"die grosse\""
        );
        assert_eq!(
            tsquery(&query),
            "('ruckgab':* | 'rueckgab':*) & ('ab') & ('die' <-> 'grosse')"
        );
        let entry = Entry::of("Die Größe; die").expect("words");
        assert_eq!(tsvector(&entry), "'die':1 'grosse':2 'die':3 'groesse' ");
    }
}
