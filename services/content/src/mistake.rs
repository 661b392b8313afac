//! What can be wrong with something that somebody wrote, as a closed set: pages say it in their readers' language.

use onqueue_model::Fault;
use std::fmt;

/// The key of a fault's metadata under which a mistake stands.
pub const KEY: &str = "problem";

macro_rules! mistakes {
    ($($(#[$meaning:meta])* $name:ident = $word:literal,)*) => {
        /// One mistake. What belongs to it stands beside it in the fault's metadata.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mistake {
            $($(#[$meaning])* $name,)*
        }

        impl Mistake {
            /// All that there are.
            #[cfg(test)]
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word that programs know.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

mistakes! {
    /// Not 1 to `maximum` characters, or control characters among them.
    Name = "name",
    /// Not at most `maximum` characters without spaces.
    Shortcut = "shortcut",
    /// More than `maximum` characters.
    TooLong = "too_long",
    /// More than `maximum` of them.
    TooMany = "too_many",
    /// `name` comes twice.
    Twice = "twice",
    /// Nothing is in it.
    Empty = "empty",
    /// Control characters.
    ControlCharacters = "control_characters",
    /// `language` is no BCP-47 tag.
    Language = "language",
    /// A response without a text.
    TextMissing = "text_missing",
    /// A response with more than `maximum` texts.
    Texts = "texts",
    /// `name` cannot be declared as a substitution.
    SubstitutionName = "substitution_name",
    /// `text` begins a substitution that nothing ends.
    SubstitutionOpen = "substitution_open",
    /// `text` is no substitution.
    SubstitutionMalformed = "substitution_malformed",
    /// `substitution` is not declared.
    SubstitutionUndeclared = "substitution_undeclared",
    /// The file is longer than `maximum` MiB.
    FileTooLong = "file_too_long",
    /// The file is not UTF-8.
    Encoding = "encoding",
    /// The file has nothing in it.
    FileEmpty = "file_empty",
    /// The file has no response in it.
    NoResponse = "no_response",
    /// The file has more than `maximum` responses.
    TooManyResponses = "too_many_responses",
    /// The table cannot be read on.
    TableUnreadable = "table_unreadable",
    /// A quotation mark begins a cell that does not end.
    QuoteOpen = "quote_open",
    /// `name` is no column.
    ColumnUnknown = "column_unknown",
    /// There is no column `name`.
    ColumnMissing = "column_missing",
    /// There is no column of texts.
    TextColumnMissing = "text_column_missing",
    /// A cell in a column without a heading.
    HeadingMissing = "heading_missing",
    /// This is no JSON.
    JsonMalformed = "json_malformed",
    /// A list is expected.
    ListExpected = "list_expected",
    /// An object is expected.
    ObjectExpected = "object_expected",
    /// A comma or the list's end is expected.
    CommaExpected = "comma_expected",
    /// Nothing more is expected.
    EndExpected = "end_expected",
    /// There is no such field.
    FieldUnknown = "field_unknown",
    /// The field `name` is missing.
    FieldMissing = "field_missing",
    /// A value of another kind is expected.
    Kind = "kind",
    /// `shortcut` is that of `other_line` too.
    ShortcutTwice = "shortcut_twice",
    /// The library has a response with `shortcut`.
    ShortcutTaken = "shortcut_taken",
    /// The library has several responses called `name` that have no shortcut.
    NameAmbiguous = "name_ambiguous",
    /// An earlier row is about the same response.
    RowTwice = "row_twice",
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Says in a fault which mistake it is about.
pub trait About {
    /// The same fault, with the mistake in its metadata.
    #[must_use]
    fn mistake(self, mistake: Mistake) -> Self;
}

impl About for Fault {
    fn mistake(self, mistake: Mistake) -> Self {
        self.with(KEY, mistake)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn all_of_them_are_documented_and_nothing_else_is() {
        let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guides/canned-responses.md");
        let page = std::fs::read_to_string(guide).expect("the guide");
        let (_, section) = page.split_once("\n### What can be wrong").expect("the section");
        let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
        let documented: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
        let words: Vec<&str> = Mistake::ALL.iter().map(|one| one.as_str()).collect();
        assert_eq!(documented, words);
        assert_eq!(
            words.iter().collect::<BTreeSet<_>>().len(),
            words.len(),
            "each has a word of its own"
        );
    }
}
