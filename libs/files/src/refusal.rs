//! Why a file is not let in.

/// Why a file is not let in. The text is what clients and the database hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Not all of its bytes came in time.
    NotUploaded,
    /// Its content is of no kind that is known.
    TypeUnknown,
    /// Its content is of a kind that is not wanted here.
    TypeNotAllowed,
    /// Its name says that it is of another kind than its content.
    NameDiffers,
    /// It begins as one kind of file, and breaks that kind's rules.
    Malformed,
    /// It can be read as two kinds of files.
    MoreThanOneType,
    /// It unpacks to far more than it says, or than it may.
    TooDense,
    /// The scanner found something.
    Infected,
    /// The scanner could not be asked in time.
    NotScanned,
    /// The conversation took it no more.
    ConversationClosed,
}

impl Refusal {
    const ALL: [Self; 10] = [
        Self::NotUploaded,
        Self::TypeUnknown,
        Self::TypeNotAllowed,
        Self::NameDiffers,
        Self::Malformed,
        Self::MoreThanOneType,
        Self::TooDense,
        Self::Infected,
        Self::NotScanned,
        Self::ConversationClosed,
    ];

    /// Its text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotUploaded => "not_uploaded",
            Self::TypeUnknown => "type_unknown",
            Self::TypeNotAllowed => "type_not_allowed",
            Self::NameDiffers => "name_differs",
            Self::Malformed => "malformed",
            Self::MoreThanOneType => "more_than_one_type",
            Self::TooDense => "too_dense",
            Self::Infected => "infected",
            Self::NotScanned => "not_scanned",
            Self::ConversationClosed => "conversation_closed",
        }
    }

    /// The refusal of that text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_text_of_its_own() {
        for refusal in Refusal::ALL {
            assert_eq!(Refusal::parse(refusal.as_str()), Some(refusal));
        }
        assert_eq!(Refusal::parse("other"), None);
    }
}
