//! What is wrong with a scenario, in words for whoever wrote it.

use std::fmt;

/// One mistake: where it is and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The field, as a path from the top of the file: `agents.team.count`; empty for the whole file.
    pub field: String,
    /// What is wrong and what to write instead.
    pub problem: String,
}

impl Mistake {
    pub(crate) fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            problem: problem.into(),
        }
    }

    /// The same mistake as found in a variant.
    pub(crate) fn within(self, variant: &str) -> Self {
        Self {
            problem: format!("{} (in the variant “{variant}”)", self.problem),
            ..self
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            return f.write_str(&self.problem);
        }
        write!(f, "{}: {}", self.field, self.problem)
    }
}

impl std::error::Error for Mistake {}
