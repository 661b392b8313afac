//! What can be derived from the state, kept beside it so that a decision need not search.

use crate::lines::Lines;
use crate::roster::Roster;
use crate::rules::Rules;
use crate::state::{Place, State};
use onqueue_model::{OfferId, Timestamp, UserId};
use std::collections::BTreeSet;

#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    pub roster: Roster,
    pub lines: Lines,
    /// When alerting offers lapse, with their number, so that those of one millisecond lapse in the order of making.
    pub timers: BTreeSet<(Timestamp, u64, OfferId)>,
    /// Agents who may have become eligible for something since the last pass.
    pub gained: BTreeSet<UserId>,
}

impl Index {
    /// The index of a state that a pass has left, in which therefore nobody is eligible for anything that waits.
    pub fn of(state: &State, rules: Rules) -> Self {
        let mut index = Self {
            roster: Roster::new(rules),
            ..Self::default()
        };
        for agent in state.agents.values() {
            index.roster.enrol(None, &agent.profile);
            index.roster.refresh(agent, state.now);
        }
        for interaction in state.interactions.values() {
            match interaction.place {
                Place::Waiting => {
                    index
                        .lines
                        .insert(interaction.rank(&rules), interaction.id, interaction.signature());
                }
                Place::Alerting { .. } => index.lines.started_alerting(interaction.queue),
                Place::Held { .. } => {}
            }
        }
        let alerting = state.offers.values().filter(|offer| offer.is_alerting());
        index
            .timers
            .extend(alerting.map(|offer| (offer.expires, offer.number, offer.id)));
        index.lines.settle_all();
        index
    }
}
