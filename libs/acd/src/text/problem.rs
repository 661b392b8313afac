//! What is wrong with a routing log, and what to do about it, in one line.

use std::fmt;

/// Why a text is no routing log. Shown as one line: where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// In which line, from 1.
    pub line: usize,
    /// At or just before which column, from 1 and counted in bytes, if it is the matter of one place.
    pub column: Option<usize>,
    /// Which field, as in `queues.support.rings[0].seconds`; empty for the whole line.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Problem {
    /// One of a field, or (empty) of the whole line; which line is added by who knows.
    pub(super) fn of(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            line: 0,
            column: None,
            field: field.into(),
            message: message.into(),
        }
    }

    /// The same in a line, counted from 0.
    pub(super) fn in_line(mut self, index: usize) -> Self {
        self.line = index + 1;
        self
    }

    /// The same within another field.
    pub(super) fn within(mut self, outer: impl fmt::Display) -> Self {
        self.field = match self.field.as_str() {
            "" => outer.to_string(),
            inner if inner.starts_with('[') => format!("{outer}{inner}"),
            inner => format!("{outer}.{inner}"),
        };
        self
    }
}

impl From<serde_path_to_error::Error<serde_json::Error>> for Problem {
    fn from(error: serde_path_to_error::Error<serde_json::Error>) -> Self {
        let path = error.path().to_string();
        // A place within a value that came to no end has no name.
        let path = path.trim_end_matches(['.', '?']);
        Self {
            field: path.to_owned(),
            ..Self::from(error.into_inner())
        }
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        let said = error.to_string();
        let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said);
        let message = match error.is_data() {
            true => advice(said),
            false => format!("{said}: a line must be one JSON object"),
        };
        Self {
            column: Some(error.column()).filter(|column| *column > 0),
            ..Self::of("", message)
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        if !self.field.is_empty() {
            write!(f, ", {}", self.field)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for Problem {}

/// serde's words with what to do.
fn advice(said: &str) -> String {
    if let Some((found, _)) = said.split_once(", expected struct ") {
        return format!("{found}, expected an object");
    }
    let mut quoted = said.split('`').skip(1).step_by(2);
    let Some(first) = quoted.next() else {
        return said.to_owned();
    };
    let names: Vec<&str> = quoted.collect();
    if said.starts_with("unknown field") {
        return unknown("field", first, &names);
    }
    if said.starts_with("unknown variant") {
        return unknown("value", first, &names);
    }
    if said.starts_with("missing field") {
        return format!("`{first}` is missing: add it");
    }
    if said.starts_with("duplicate field") {
        return twice(first);
    }
    said.to_owned()
}

/// Something that is there once too often.
pub(super) fn twice(name: &str) -> String {
    format!("`{name}` is given twice: keep one")
}

/// A word that is not among those known, with the nearest of them, or all.
pub(super) fn unknown(kind: &str, word: &str, known: &[&str]) -> String {
    let nearest = known.iter().map(|name| (distance(word, name), name)).min();
    match nearest {
        Some((steps, name)) if steps <= 1 + name.len() / 4 && steps < word.chars().count() => {
            format!("unknown {kind} `{word}`: did you mean `{name}`?")
        }
        Some(_) => format!("unknown {kind} `{word}`: take one of {}", known.join(", ")),
        None => format!("unknown {kind} `{word}`: nothing is taken here, remove it"),
    }
}

/// How many letters must be put in, taken out or replaced to make one of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, against) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *against);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_gets_the_nearest_name_and_anything_else_all_of_them() {
        let known = ["queue", "agent", "interaction"];
        for (word, expected) in [
            ("queu", "unknown field `queu`: did you mean `queue`?"),
            ("intraction", "unknown field `intraction`: did you mean `interaction`?"),
            (
                "colour",
                "unknown field `colour`: take one of queue, agent, interaction",
            ),
        ] {
            assert_eq!(unknown("field", word, &known), expected);
        }
    }

    #[test]
    fn distances() {
        for (one, other, steps) in [
            ("", "", 0),
            ("", "ab", 2),
            ("rung", "ring", 1),
            ("ab", "ba", 2),
            ("größe", "grösse", 2),
        ] {
            assert_eq!(distance(one, other), steps, "{one} {other}");
        }
    }
}
