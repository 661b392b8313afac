//! The hash chain finds every change of a stored log and names where it is; what was redacted is none.

mod support;

use onqueue_chat::{Body, ConversationKind, Input, Link, Part, Refusal, Sender, verify};
use onqueue_model::{Id, Timestamp};
use proptest::prelude::*;
use support::{Driven, Stored, guest, id, key, person, post, text, user};

/// A connected conversation with these messages, of which some were redacted at some time.
fn talked(steps: &[(u8, usize)]) -> Driven {
    let mut driven = Driven::connected(ConversationKind::Chat);
    for (number, (what, at)) in steps.iter().enumerate() {
        let (by, key) = (person(8), key(&number.to_string()));
        let at = at % driven.log.len();
        let answer = match what {
            0 => driven.apply(post(guest(), key.as_str())),
            1 => driven.apply(post(Sender::User(user(1)), key.as_str())),
            2 => driven.apply(Input::SideMessage {
                by,
                text: text("aside"),
                key,
            }),
            _ => driven.redact(at),
        };
        assert!(matches!(answer, Ok(_) | Err(Refusal::NotRedactable)), "{answer:?}");
    }
    driven
}

fn steps() -> impl Strategy<Value = Vec<(u8, usize)>> {
    prop::collection::vec((0..5_u8, 0..40_usize), 1..30)
}

fn flip(bytes: &mut [u8], bit: usize) {
    let bit = bit % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
}

/// The name with one bit flipped.
fn flipped<T>(name: Id<T>, bit: usize) -> Id<T> {
    let mut bytes = *name.uuid().as_bytes();
    flip(&mut bytes, bit);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    parts.join("-").parse().expect("an id")
}

/// Flips one bit of what the database holds of an event; what is no text any more is read as one with a mark in its place.
fn tamper(link: &mut Link, what: u8, bit: usize) {
    match what {
        0 => {
            let mut bytes = link.sequence.to_be_bytes();
            flip(&mut bytes, bit);
            link.sequence = i64::from_be_bytes(bytes);
        }
        1 => {
            let mut bytes = link.kind.to_be_bytes();
            flip(&mut bytes, bit);
            link.kind = i16::from_be_bytes(bytes);
        }
        2 => {
            let mut bytes = link.at.millis().to_be_bytes();
            flip(&mut bytes, bit);
            link.at = Timestamp(i64::from_be_bytes(bytes));
        }
        3 => link.participant = Some(link.participant.map_or(id(77), |who| flipped(who, bit))),
        4 => flip(&mut link.hash, bit),
        _ => match &mut link.part {
            Part::Erased(hash) => flip(hash, bit),
            Part::Present { salt, .. } if bit.is_multiple_of(5) => flip(salt, bit),
            Part::Present { text, .. } => {
                let mut bytes = text.clone().into_bytes();
                flip(&mut bytes, bit);
                *text = String::from_utf8_lossy(&bytes).into_owned();
            }
        },
    }
}

proptest! {
    #[test]
    fn any_mix_of_messages_and_redactions_verifies(steps in steps()) {
        let driven = talked(&steps);
        prop_assert_eq!(verify(&driven.links(), driven.head.numbers.sequence, &driven.head.hash), Ok(()));
        for Stored { event, .. } in &driven.log {
            if let Body::MessageRedacted { event: Some(of), .. } = &event.body {
                let removed = driven.log.iter().find(|stored| stored.event.id == *of);
                prop_assert!(removed.is_some_and(|removed| matches!(removed.part, Part::Erased(_))));
            }
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_is_found_where_it_is(steps in steps(), at in 0..60_usize, what in 0..9_u8, bit in 0..100_000_usize) {
        let driven = talked(&steps);
        let (mut links, count) = (driven.links(), driven.head.numbers.sequence);
        let at = at % links.len();
        tamper(&mut links[at], what, bit);
        let broken = verify(&links, count, &driven.head.hash).map_err(|broken| broken.sequence);
        prop_assert_eq!(broken, Err(i64::try_from(at).expect("few") + 1));
    }

    #[test]
    fn what_is_missing_is_found(steps in steps(), at in 0..60_usize, is_tail in any::<bool>()) {
        let driven = talked(&steps);
        let (mut links, count) = (driven.links(), driven.head.numbers.sequence);
        let at = at % links.len();
        if is_tail {
            links.truncate(at);
        } else {
            links.remove(at);
        }
        let broken = verify(&links, count, &driven.head.hash).map_err(|broken| broken.sequence);
        prop_assert_eq!(broken, Err(i64::try_from(at).expect("few") + 1));
    }

    #[test]
    fn a_head_that_does_not_fit_is_found(steps in steps(), bit in 0..256_usize) {
        let driven = talked(&steps);
        let (count, mut head) = (driven.head.numbers.sequence, driven.head.hash);
        flip(&mut head, bit);
        let broken = verify(&driven.links(), count, &head).map_err(|broken| broken.sequence);
        prop_assert_eq!(broken, Err(count));
    }
}
