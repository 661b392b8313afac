//! What must not be stored is taken out of everything that people write, before it is decided upon: so neither the log nor
//! anybody who follows it ever holds it.

use super::commit::{Item, What};
use super::start::Wish;
use crate::store::plan::Details;
use onqueue_chat::{Fact, Input, Mask, Opening};
use std::sync::Arc;

/// The change without it.
pub(super) fn item(mask: &Mask, item: Item) -> Item {
    let what = match item.what {
        What::Open(begin) => {
            let (opening, details) = *begin;
            What::Open(Box::new((opened(mask, opening), named(mask, details))))
        }
        What::Apply(key, input) => What::Apply(key, applied(mask, input)),
    };
    Item { what, ..item }
}

/// What a customer asks for without it, so that the same request is known as the same.
pub(super) fn wish(mask: &Mask, wish: Wish) -> Wish {
    Wish {
        guest_name: mask.apply(wish.guest_name),
        topic: mask.apply(wish.topic),
        first_message: wish.first_message.map(|text| mask.text(text)),
        ..wish
    }
}

fn opened(mask: &Mask, opening: Opening) -> Opening {
    Opening {
        guest_name: mask.apply(opening.guest_name),
        topic: mask.apply(opening.topic),
        first_message: opening.first_message.map(|text| mask.text(text)),
        ..opening
    }
}

fn named(mask: &Mask, details: Arc<Details>) -> Arc<Details> {
    let details = Arc::unwrap_or_clone(details);
    Arc::new(Details {
        guest_name: mask.apply(details.guest_name),
        topic: mask.apply(details.topic),
        ..details
    })
}

fn applied(mask: &Mask, mut input: Input) -> Input {
    match &mut input {
        Input::Post { text, .. }
        | Input::SideMessage { text, .. }
        | Input::CoachMessage { text, .. }
        | Input::Ask { text, .. }
        | Input::Say { text } => *text = mask.text(text.clone()),
        Input::Attach { attachment, .. } => clean(mask, &mut attachment.name),
        Input::SetAttributes { changes, .. } => *changes = std::mem::take(changes).map(|value| mask.apply(value)),
        Input::Redact { reason, .. } => clean(mask, reason),
        Input::Report {
            fact: Fact::Transferred { note, .. },
            ..
        } => clean(mask, note),
        _ => {}
    }
    input
}

fn clean(mask: &Mask, text: &mut String) {
    *text = mask.apply(std::mem::take(text));
}
