//! When which organisation's engine has something to do by itself, so that what comes in for one costs nothing for the others.

use onqueue_model::{OrganisationId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Organisations by the time at which they are to be looked at.
#[derive(Debug, Default)]
pub struct Agenda {
    at: BTreeMap<OrganisationId, Timestamp>,
    order: BTreeSet<(Timestamp, OrganisationId)>,
    touched: BTreeSet<OrganisationId>,
}

impl Agenda {
    /// Something comes in for the organisation: its time may be another after that.
    pub fn touch(&mut self, organisation: OrganisationId) {
        self.touched.insert(organisation);
    }

    /// When the first of them is to be looked at though nothing comes in for it.
    pub fn next(&self) -> Option<Timestamp> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Which are to be looked at: those that were touched, and those whose time has come. Each is to be set again.
    pub fn due(&mut self, now: Timestamp) -> BTreeSet<OrganisationId> {
        let mut due = std::mem::take(&mut self.touched);
        let come = self.order.iter().take_while(|(at, _)| *at <= now);
        due.extend(come.map(|(_, organisation)| *organisation));
        due
    }

    /// The organisation is to be looked at then.
    pub fn set(&mut self, organisation: OrganisationId, at: Option<Timestamp>) {
        let before = match at {
            Some(at) => self.at.insert(organisation, at),
            None => self.at.remove(&organisation),
        };
        if let Some(before) = before {
            self.order.remove(&(before, organisation));
        }
        if let Some(at) = at {
            self.order.insert((at, organisation));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_model::Id;
    use uuid::Uuid;

    #[test]
    fn only_those_are_looked_at_whose_time_has_come_or_who_were_touched() {
        let [one, two, three] = [1, 2, 3].map(|number| Id::new(Uuid::from_u128(number)));
        let mut agenda = Agenda::default();
        assert_eq!((agenda.next(), agenda.due(Timestamp(9)).len()), (None, 0));
        agenda.set(one, Some(Timestamp(30)));
        agenda.set(two, Some(Timestamp(20)));
        agenda.set(three, None);
        assert_eq!(agenda.next(), Some(Timestamp(20)));
        assert_eq!(agenda.due(Timestamp(19)), [].into());
        agenda.touch(three);
        agenda.touch(two);
        assert_eq!(agenda.due(Timestamp(19)), [two, three].into());
        assert_eq!(agenda.due(Timestamp(30)), [one, two].into(), "touched no more");
        agenda.set(two, Some(Timestamp(40)));
        assert_eq!(agenda.next(), Some(Timestamp(30)));
        agenda.set(one, None);
        agenda.set(one, None);
        assert_eq!(agenda.next(), Some(Timestamp(40)));
        agenda.set(two, Some(Timestamp(40)));
        assert_eq!(agenda.due(Timestamp(40)), [two].into());
    }
}
