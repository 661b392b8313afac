//! What stands in the cells of a table: lists of things, and text that a spreadsheet must not take for a formula.

/// What separates things in a cell.
const BETWEEN: char = '|';

/// With these a formula begins, in one spreadsheet or another.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The things in one cell: `\|`, `\\` and `\n` are a bar, a backslash and a line break within one of them.
pub fn split(cell: &str) -> Vec<String> {
    let (mut parts, mut letters) = (vec![String::new()], cell.chars());
    while let Some(letter) = letters.next() {
        let letter = match letter {
            BETWEEN => {
                parts.push(String::new());
                continue;
            }
            '\\' => match letters.next() {
                Some('n') => '\n',
                Some(escaped) => escaped,
                None => '\\',
            },
            letter => letter,
        };
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    parts
}

/// The cell that is read so.
pub fn join<'t>(parts: impl IntoIterator<Item = &'t str>) -> String {
    let mut cell = String::new();
    for (number, part) in parts.into_iter().enumerate() {
        if number > 0 {
            cell.push(BETWEEN);
        }
        for letter in part.chars() {
            match letter {
                '\n' => cell.push_str("\\n"),
                BETWEEN | '\\' => cell.extend(['\\', letter]),
                letter => cell.push(letter),
            }
        }
    }
    cell
}

/// The cell as no spreadsheet calculates it: with an apostrophe in front of what would begin a formula.
pub fn guarded(cell: &str) -> String {
    match is_formula(cell) {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    }
}

/// What was guarded so.
pub fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest,
        _ => cell,
    }
}

/// Whether it begins a formula, or would without the apostrophes in front of it.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(FORMULA)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_are_read() {
        for (cell, expected) in [
            ("", &[""][..]),
            ("a", &["a"]),
            ("a|b c|", &["a", "b c", ""]),
            (r"a\|b|c\\|d\ne", &["a|b", r"c\", "d\ne"]),
            (r"a\", &[r"a\"]),
        ] {
            assert_eq!(split(cell), expected, "{cell}");
        }
    }

    #[test]
    fn no_cell_begins_a_formula() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("- one\n- two", "'- one\n- two"),
            ("'=1", "''=1"),
            ("'quoted'", "'quoted'"),
            ("a=1", "a=1"),
            ("＝1", "'＝1"),
            ("", ""),
        ] {
            assert_eq!(guarded(text), cell);
            assert_eq!(unguarded(cell), text);
        }
        // As people write it themselves.
        assert_eq!(unguarded("-5 %"), "-5 %");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(parts in prop::collection::vec(r"[a|\\n\n]{0,6}", 1..5), text in r"['=+a\n]{0,6}") {
            let cell = join(parts.iter().map(String::as_str));
            prop_assert!(!cell.contains('\n'));
            prop_assert_eq!(split(&cell), parts);
            let cell = guarded(&text);
            prop_assert!(!cell.starts_with(FORMULA));
            prop_assert_eq!(unguarded(&cell), text);
        }
    }
}
