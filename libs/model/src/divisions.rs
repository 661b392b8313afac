//! Where a permission holds.

use crate::DivisionId;
use std::collections::BTreeSet;
use uuid::Uuid;

impl DivisionId {
    /// What a grant names that holds in all divisions, also in those that are made later. No division has this id.
    pub const ALL: Self = Self::new(Uuid::nil());
}

/// The divisions in which somebody holds a permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Divisions {
    /// Every one, also those that are made later.
    All,
    /// These.
    Only(BTreeSet<DivisionId>),
}

impl Divisions {
    /// None.
    pub const NONE: Self = Self::Only(BTreeSet::new());

    /// Whether that one is among them. Nothing belongs to [`DivisionId::ALL`].
    pub fn contains(&self, division: &DivisionId) -> bool {
        match self {
            Self::All => true,
            Self::Only(divisions) => divisions.contains(division),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Only(divisions) if divisions.is_empty())
    }
}

impl FromIterator<DivisionId> for Divisions {
    /// Of what grants name.
    fn from_iter<I: IntoIterator<Item = DivisionId>>(divisions: I) -> Self {
        let divisions: BTreeSet<_> = divisions.into_iter().collect();
        if divisions.contains(&DivisionId::ALL) {
            return Self::All;
        }
        Self::Only(divisions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_holds_all_holds_each() {
        let id = |text: &str| text.parse::<DivisionId>().expect("a UUID");
        let (here, there) = (
            id("0190a5c8-1111-7abc-8def-0123456789ab"),
            id("0190a5c8-2222-7abc-8def-0123456789ab"),
        );
        let one = Divisions::from_iter([here]);
        assert!(one.contains(&here) && !one.contains(&there) && !one.is_empty());
        let all = Divisions::from_iter([here, DivisionId::ALL]);
        assert!(all == Divisions::All && all.contains(&there) && !all.is_empty());
        assert!(Divisions::NONE.is_empty() && !Divisions::NONE.contains(&here));
        assert_eq!(Divisions::from_iter([]), Divisions::NONE);
    }
}
