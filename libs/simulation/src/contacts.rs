//! Those who have come and are not done with yet.

use crate::Nanos;
use onqueue_model::{ConversationId, InteractionId};
use uuid::Uuid;

/// Where somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Waiting,
    InHand { agent: u32 },
    WrappingUp { agent: u32 },
    Gone,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Contact {
    pub serial: u64,
    pub flow: u16,
    /// Whether they had to wait.
    pub waits: bool,
    /// Whether they came in the time that is measured.
    pub measured: bool,
    pub place: Place,
    pub arrived: Nanos,
    /// When an agent took them; 0 before.
    pub answered: Nanos,
    /// How much work they are, in nanoseconds of an agent with nothing else.
    pub work: f64,
    /// How long the work after it takes.
    pub wrap_up: f64,
}

/// Contacts in places that are used again, so that nothing is allocated for one. A place and a serial number name one for ever.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contacts {
    slots: Vec<Contact>,
    free: Vec<u32>,
    serial: u64,
}

impl Contacts {
    /// Takes somebody up; the serial number is given here.
    pub fn add(&mut self, contact: Contact) -> u32 {
        self.serial += 1;
        let contact = Contact {
            serial: self.serial,
            ..contact
        };
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = contact;
            return slot;
        }
        self.slots.push(contact);
        u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
    }

    pub fn at(&mut self, slot: u32) -> &mut Contact {
        &mut self.slots[slot as usize]
    }

    pub fn remove(&mut self, slot: u32) {
        self.slots[slot as usize].place = Place::Gone;
        self.free.push(slot);
    }

    /// Those who wait.
    pub fn waiting(&self) -> impl Iterator<Item = &Contact> {
        self.slots.iter().filter(|contact| contact.place == Place::Waiting)
    }

    /// How the engine calls whoever is at this place: later ones have greater ids.
    pub fn id(&self, slot: u32) -> InteractionId {
        let serial = self.slots[slot as usize].serial;
        InteractionId {
            conversation: ConversationId::new(Uuid::from_u128(u128::from(serial) << 32 | u128::from(slot))),
            opening: 1,
        }
    }

    /// The place of whom the engine calls so.
    pub const fn slot(id: InteractionId) -> u32 {
        id.conversation.uuid().as_u128() as u32
    }
}
