//! What the rpcs that make, list and change things have in common: pages, ids, names, field masks, and requests that may be
//! repeated. Everything here turns what a client sent into types that cannot be wrong.

use onqueue_model::{DivisionId, Fault, Id};
use prost::Message;
use prost_types::FieldMask;
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeSet, ops::RangeInclusive};
use uuid::Uuid;

const PAGE: u64 = 50;
const PAGES: RangeInclusive<i32> = 1..=200;

/// How many rows a page has: 1–200, or 50 for 0.
pub fn page_size(size: i32) -> Result<u64, Fault> {
    if size == 0 {
        return Ok(PAGE);
    }
    if !PAGES.contains(&size) {
        return Err(Fault::field("page_size", "must be 1–200, or 0 for 50"));
    }
    Ok(u64::try_from(size).unwrap_or(PAGE))
}

/// A page and where the next begins; `None` at the end.
#[derive(Clone, Debug)]
pub struct Page<Item, Place> {
    /// What is on it.
    pub items: Vec<Item>,
    /// The place of its last item, if more follow.
    pub next: Option<Place>,
}

impl<Item, Place> Page<Item, Place> {
    /// Of `items`, read with a limit of one more than `size` to see whether more follow.
    pub fn of(mut items: Vec<Item>, size: u64, place: impl FnOnce(&Item) -> Place) -> Self {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let has_more = items.len() > size;
        items.truncate(size);
        let next = items.last().filter(|_| has_more).map(place);
        Self { items, next }
    }
}

/// An id; ID_MALFORMED.
pub fn id<T>(field: &'static str, text: &str) -> Result<Id<T>, Fault> {
    text.parse().map_err(|_| Fault::id(field))
}

/// An id that may be left out.
pub fn optional_id<T>(field: &'static str, text: &str) -> Result<Option<Id<T>>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    id(field, text).map(Some)
}

/// A division to which something can belong: not [`DivisionId::ALL`].
pub fn division(field: &'static str, text: &str) -> Result<DivisionId, Fault> {
    let division = id(field, text)?;
    if division == DivisionId::ALL {
        return Err(Fault::id(field));
    }
    Ok(division)
}

/// A name: trimmed, 1–100 characters, none of them a control character.
pub fn name(field: &'static str, text: &str) -> Result<String, Fault> {
    let name = text.trim();
    if !(1..=100).contains(&name.chars().count()) {
        return Err(Fault::field(field, "1–100 characters"));
    }
    if name.chars().any(char::is_control) {
        return Err(Fault::field(field, "no control characters"));
    }
    Ok(name.to_owned())
}

/// A description: at most 1,000 characters, no control characters but line breaks and tabs.
pub fn description(field: &'static str, text: &str) -> Result<String, Fault> {
    if text.chars().count() > 1_000 {
        return Err(Fault::field(field, "at most 1,000 characters"));
    }
    let is_bad = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    if text.chars().any(is_bad) {
        return Err(Fault::field(field, "no control characters"));
    }
    Ok(text.to_owned())
}

/// A part of the request that has to be there.
pub fn given<'a, T>(field: &'static str, part: Option<&'a T>) -> Result<&'a T, Fault> {
    part.ok_or_else(|| Fault::field(field, "must be given"))
}

/// The fields that an update changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask(BTreeSet<&'static str>);

impl Mask {
    /// Of the mask that was sent; FIELD_INVALID if it is empty or names anything but `fields`.
    pub fn of(sent: Option<&FieldMask>, fields: &[&'static str]) -> Result<Self, Fault> {
        let paths = sent.map_or(&[][..], |mask| &mask.paths);
        let known = |path: &String| fields.iter().copied().find(|field| field == path);
        let named: Option<BTreeSet<_>> = paths.iter().map(known).collect();
        match named {
            Some(named) if !named.is_empty() => Ok(Self(named)),
            _ => Err(Fault::field(
                "update_mask",
                format!("must name one or more of {}", fields.join(", ")),
            )),
        }
    }

    /// Whether it names that field.
    pub fn has(&self, field: &str) -> bool {
        self.0.contains(field)
    }

    /// The value that is to be: the new one if the mask names its field, and the one that is otherwise.
    pub fn choose<T>(&self, field: &str, new: T, present: T) -> T {
        if self.has(field) { new } else { present }
    }
}

/// A request that makes something once, however often it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Once {
    /// The caller's `request_id`.
    pub request: Uuid,
    /// SHA-256 of everything that the request asked for.
    pub hash: [u8; 32],
}

impl Once {
    /// Of the request's id and what it asks for.
    pub fn of(request_id: &str, asked: &impl Message) -> Result<Self, Fault> {
        Ok(Self {
            request: id::<()>("request_id", request_id)?.uuid(),
            hash: Sha256::digest(asked.encode_to_vec()).into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_bounds_and_know_whether_more_follow() {
        assert_eq!((page_size(0), page_size(200)), (Ok(50), Ok(200)));
        assert!(page_size(201).is_err() && page_size(-1).is_err());
        let page = Page::of(vec![1, 2, 3], 2, |last| *last);
        assert_eq!((page.items, page.next), (vec![1, 2], Some(2)));
        let page = Page::of(vec![1, 2], 2, |last| *last);
        assert_eq!((page.items, page.next), (vec![1, 2], None));
    }

    #[test]
    fn names_are_trimmed_and_bounded_by_characters() {
        assert_eq!(name("name", " Prüfung "), Ok("Prüfung".to_owned()));
        assert!(name("name", &"ä".repeat(100)).is_ok());
        for bad in ["", "  ", "a\nb", &"ä".repeat(101)] {
            assert!(name("name", bad).is_err(), "{bad}");
        }
        assert!(description("description", "a\n\tb").is_ok() && description("description", "a\u{7}").is_err());
    }

    #[test]
    fn nothing_belongs_to_all_divisions() {
        assert!(division("division_id", &DivisionId::ALL.to_string()).is_err());
        assert!(division("division_id", "0190a5c8-1111-7abc-8def-0123456789ab").is_ok());
        assert_eq!(optional_id::<()>("id", ""), Ok(None));
    }

    #[test]
    fn a_mask_names_known_fields_and_at_least_one() {
        let mask = |paths: &[&str]| {
            let paths = paths.iter().map(|path| (*path).to_owned()).collect();
            Mask::of(Some(&FieldMask { paths }), &["name", "limit"])
        };
        let named = mask(&["name"]).expect("known");
        assert!(named.has("name") && !named.has("limit"));
        assert_eq!((named.choose("name", 1, 2), named.choose("limit", 1, 2)), (1, 2));
        for bad in [&[][..], &["etag"], &["name", "Name"]] {
            assert!(mask(bad).is_err(), "{bad:?}");
        }
        assert!(Mask::of(None, &["name"]).is_err());
    }

    #[test]
    fn the_same_request_is_known_by_what_it_asks() {
        let id = "0190a5c8-1111-7abc-8def-0123456789ab";
        let asked = |name: &str| FieldMask {
            paths: vec![name.to_owned()],
        };
        let once = Once::of(id, &asked("a")).expect("a UUID");
        assert_eq!(Once::of(id, &asked("a")), Ok(once));
        assert_ne!(Once::of(id, &asked("b")), Ok(once));
        assert!(Once::of("x", &asked("a")).is_err());
    }
}
