//! Cursors and page tokens of logs: the generation of the logs, the viewer's class, the last number of it that was seen.

use super::App;
use super::access::Seen;
use crate::store::log;
use onqueue_chat::Class;
use onqueue_model::{Fault, Reason};
use onqueue_store::{decode_token, encode_token};

impl App {
    /// The cursor of that place.
    pub fn cursor(&self, class: Class, place: i64) -> String {
        encode_token(&(self.generation, code(class), place))
    }

    /// The place in the viewer's numbering that a cursor of theirs names; 0 for an empty one. CURSOR_MALFORMED,
    /// LOG_RESTORED.
    pub async fn place(&self, seen: &Seen, cursor: &str) -> Result<i64, Fault> {
        let Some((generation, class, place)) = decode_token::<(i64, i16, i64)>(cursor)? else {
            return Ok(0);
        };
        let malformed = || {
            Fault::new(
                Reason::CursorMalformed,
                "this cursor was not made here; begin without one",
            )
        };
        let class = Class::ALL
            .into_iter()
            .find(|one| code(*one) == class)
            .ok_or_else(malformed)?;
        // What another numbering holds is not the guest's business, not even how far it goes.
        let foreign = seen.viewer.class == Class::Guest && class != Class::Guest;
        if place < 0 || foreign {
            return Err(malformed());
        }
        let head = &seen.conversation.head;
        if generation != self.generation || place > head.numbers.last(class) {
            return Err(Fault::new(
                Reason::LogRestored,
                "the log was restored since this cursor was given; begin without one",
            ));
        }
        if class == seen.viewer.class {
            return Ok(place);
        }
        // Who became an agent, or ceased to be one, goes on where they were.
        let key = (head.organisation, head.conversation);
        Ok(log::translate(&self.store, key, class, place, seen.viewer.class).await?)
    }
}

const fn code(class: Class) -> i16 {
    match class {
        Class::Guest => 1,
        Class::Agent => 2,
        Class::Supervisor => 3,
    }
}
