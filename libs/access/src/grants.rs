//! Grants and their evaluation: deny unless a grant says otherwise.

use onqueue_model::{DivisionId, Divisions, OrganisationId, Permission, UserId};
use std::collections::HashMap;

/// One permission that one user holds in one division.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grant {
    /// Whose organisation.
    pub organisation: OrganisationId,
    /// Who holds it.
    pub subject: UserId,
    /// Where: it holds for objects of this division only; [`DivisionId::ALL`]: everywhere.
    pub division: DivisionId,
    /// What; each part may be `*`.
    pub permission: Permission,
}

/// Every grant, by who holds it.
#[derive(Clone, Debug, Default)]
pub struct Grants(HashMap<(OrganisationId, UserId), Vec<(Permission, DivisionId)>>);

impl Grants {
    /// Whether the user holds the permission in at least one division.
    pub fn anywhere(&self, organisation: OrganisationId, user: UserId, wanted: &Permission) -> bool {
        self.covering(organisation, user, wanted).next().is_some()
    }

    /// Whether the user holds the permission in that division.
    pub fn within(
        &self,
        organisation: OrganisationId,
        user: UserId,
        wanted: &Permission,
        division: DivisionId,
    ) -> bool {
        self.covering(organisation, user, wanted)
            .any(|held| held == division || held == DivisionId::ALL)
    }

    /// The divisions in which the user holds the permission.
    pub fn divisions(&self, organisation: OrganisationId, user: UserId, wanted: &Permission) -> Divisions {
        self.covering(organisation, user, wanted).collect()
    }

    /// The permissions of a catalogue, as it writes them, that the user holds in at least one division; sorted.
    pub fn expand(&self, organisation: OrganisationId, user: UserId, catalogue: &[&str]) -> Vec<String> {
        let held = |text: &&&str| {
            Permission::parse(text).is_some_and(|permission| self.anywhere(organisation, user, &permission))
        };
        let mut names: Vec<String> = catalogue.iter().filter(held).map(|text| (*text).to_owned()).collect();
        names.sort_unstable();
        names
    }

    fn covering<'a>(
        &'a self,
        organisation: OrganisationId,
        user: UserId,
        wanted: &'a Permission,
    ) -> impl Iterator<Item = DivisionId> + 'a {
        self.0
            .get(&(organisation, user))
            .into_iter()
            .flatten()
            .filter(|(held, _)| held.covers(wanted))
            .map(|(_, division)| *division)
    }
}

impl FromIterator<Grant> for Grants {
    fn from_iter<I: IntoIterator<Item = Grant>>(grants: I) -> Self {
        let mut by_subject: HashMap<_, Vec<_>> = HashMap::new();
        for grant in grants {
            by_subject
                .entry((grant.organisation, grant.subject))
                .or_default()
                .push((grant.permission, grant.division));
        }
        Self(by_subject)
    }
}
