//! Attended transfers: what an agent has in hand is offered to others as another leg of its conversation, and stays theirs until
//! somebody accepts that. A leg is an interaction of its own for the engine; for everybody else there is the conversation and
//! which opening of it.

use super::host::Host;
use super::turn::Turn;
use crate::store::Details;
use onqueue_acd::{Command, Effect, InteractionView};
use onqueue_model::{ConversationId, InteractionId, UserId};
use std::collections::BTreeSet;

/// Openings of a conversation are numbered below this; above it, its legs.
const LEG: u32 = 1 << 16;

/// How many names there are for the legs of an opening; they are used in turn.
const LEGS: u32 = (1 << 16) - 1;

/// Legs that stand for what somebody else has in hand.
#[derive(Debug, Default)]
pub struct Legs(BTreeSet<InteractionId>);

impl Legs {
    /// Those of an engine.
    pub fn of<'a>(interactions: impl Iterator<Item = InteractionView<'a>>) -> Self {
        let legs = interactions.filter(|it| it.stands_for.is_some());
        Self(legs.map(|it| it.id).collect())
    }

    /// Whether nothing is said to the customer of what happens to it.
    pub fn contains(&self, interaction: InteractionId) -> bool {
        self.0.contains(&interaction)
    }

    /// Follows what the engine did; to be told of each effect after it was looked at.
    pub fn follow(&mut self, effect: &Effect) {
        if let Effect::Assigned { interaction, .. }
        | Effect::Over { interaction }
        | Effect::Rejected { interaction, .. } = effect
        {
            self.0.remove(interaction);
        }
    }

    /// Follows a command that was not refused; to be told of it before its effects are looked at.
    pub fn begin(&mut self, command: &Command) {
        if let Command::TransferAttended { interaction, .. } = command {
            self.0.insert(*interaction);
        }
    }

    /// Follows a command that was not refused; to be told of it after its effects were looked at.
    pub fn end(&mut self, command: &Command) {
        if let Command::Cancel { interaction } = command {
            self.0.remove(interaction);
        }
    }
}

/// Which opening of the conversation an interaction is, as session counts them.
pub const fn opening(interaction: InteractionId) -> u32 {
    interaction.opening % LEG
}

impl Host {
    /// What the next leg of a conversation's interaction is called: as nothing was of late.
    pub fn next_leg(&self, interaction: InteractionId) -> InteractionId {
        let inputs = u32::try_from(self.position % i64::from(LEGS)).unwrap_or(0);
        let leg = |number: u32| InteractionId {
            opening: opening(interaction) + LEG * (1 + (inputs + number) % LEGS),
            ..interaction
        };
        let is_new = |id: &InteractionId| !self.details.contains_key(id);
        (0..LEGS).map(leg).find(is_new).unwrap_or_else(|| leg(0))
    }

    /// Everything that is known of a conversation, by id.
    pub fn of_conversation(&self, conversation: ConversationId) -> impl DoubleEndedIterator<Item = InteractionId> + '_ {
        let opening = |opening| InteractionId { conversation, opening };
        self.details.range(opening(0)..=opening(u32::MAX)).map(|(id, _)| *id)
    }

    /// Every leg of that opening of a conversation.
    pub fn legs_of(&self, interaction: InteractionId) -> Vec<InteractionId> {
        let known = self.of_conversation(interaction.conversation);
        let legs = known.filter(|id| opening(*id) == opening(interaction));
        // What stands for another one first: the end of the other would end it.
        let mut legs: Vec<InteractionId> = legs.rev().collect();
        if legs.is_empty() {
            legs.push(interaction);
        }
        legs
    }

    /// Who has the conversation while it is offered to others.
    pub fn keeper(&self, interaction: &InteractionView<'_>) -> Option<UserId> {
        let held = match (interaction.stands_for, interaction.offered_as) {
            (Some(held), _) => self.engine().interaction(held)?,
            (None, Some(_)) => *interaction,
            (None, None) => return None,
        };
        match held.place {
            onqueue_acd::InteractionPlace::Held { agent, .. } => Some(agent),
            _ => None,
        }
    }

    /// Remembers a leg, of which agents see the same as of what it stands for.
    pub fn open_leg(&mut self, turn: &mut Turn, leg: InteractionId, details: Details) {
        if self.engine().interaction(leg).is_some() {
            self.open(turn, leg, details);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_model::Id;
    use uuid::Uuid;

    #[test]
    fn a_leg_is_of_the_opening_of_what_it_stands_for() {
        let conversation = Id::new(Uuid::from_u128(7));
        for (number, expected) in [(1, 1), (2, 2), (LEG + 1, 1), (3 * LEG + 2, 2)] {
            let id = InteractionId {
                conversation,
                opening: number,
            };
            assert_eq!(opening(id), expected, "{number}");
        }
    }
}
