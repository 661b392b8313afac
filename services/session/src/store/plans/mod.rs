//! What is asked of many contacts is read from an index, from where it begins to where it ends, on both databases.

mod cost;
mod filled;

use super::{
    contact_changes::{self, Place},
    contact_ids,
    contact_lists::{self, Listing, NamePlace, Visible},
    contact_rows, search,
};
use crate::contact::KnownBy;
use cost::Measured;
use filled::{Figures, ROWS, filled, id, organisation};
use onqueue_model::Divisions;
use sea_orm::{EntityTrait, Select};

const SIZE: u64 = 51;

/// Every division, one with nearly all contacts, and one with few.
fn wheres() -> [Divisions; 3] {
    [
        Divisions::All,
        Divisions::Only([id(2).into()].into()),
        Divisions::Only([id(3).into()].into()),
    ]
}

/// Where pages begin: at the first contact, in the middle of the fifty thousand of one name, in the middle of the others, and
/// shortly before the last.
fn places() -> [Option<NamePlace>; 4] {
    let called = |number: u32| NamePlace(format!("n{}", 1_000_000 + number), id(0));
    [
        None,
        Some(NamePlace("mueller".to_owned(), id((ROWS / 2).into()))),
        Some(called(ROWS / 2)),
        Some(called(ROWS - 20)),
    ]
}

fn email(address: &str) -> KnownBy {
    KnownBy::Email(address.to_owned())
}

async fn check<E: EntityTrait>(measured: &Measured, what: impl std::fmt::Debug, pages: Vec<Select<E>>) {
    for page in pages {
        measured.check(&format!("{what:?}"), &page, SIZE).await;
    }
}

#[tokio::test]
async fn what_is_asked_of_many_contacts_is_read_from_an_index() {
    let measured = filled(Figures::Gathered).await;
    check_pages(&measured).await;
    check_ids(&measured).await;
    check_changes(&measured).await;
    check_conversations(&measured).await;
    check_index(&measured).await;
}

#[tokio::test]
async fn contacts_are_found_by_what_they_are_known_by_before_there_are_figures() {
    let measured = filled(Figures::Missing).await;
    check_ids(&measured).await;
}

async fn check_pages(measured: &Measured) {
    for text in ["", "Mue", "n10999", "q"] {
        for divisions in wheres() {
            for after in places() {
                let listing = Listing {
                    divisions: divisions.clone(),
                    text: text.to_owned(),
                    known: Vec::new(),
                    after,
                    limit: SIZE,
                };
                let pages = contact_lists::pages(organisation(), &listing);
                assert_eq!(pages.len(), 1, "one for each division");
                check(measured, &listing, pages).await;
            }
        }
    }
}

/// An address that is one contact's, one that a hundred share, and one that nobody has; then those contacts, with all that
/// counts for them.
async fn check_ids(measured: &Measured) {
    for address in ["c70000@example.com", "family@example.com", "nobody@example.com"] {
        let known = contact_ids::holding(organisation(), &email(address));
        check(measured, address, vec![known]).await;
    }
    for count in [1, 10, 40] {
        let ids: Vec<_> = (1..=count).map(|number| id(number * 1_001)).collect();
        let among = contact_lists::among(organisation(), &ids);
        check(measured, ("contacts", count), vec![among]).await;
        let counting = contact_ids::counting(organisation(), &ids);
        check(measured, ("ids", count), vec![counting]).await;
        let merged = contact_rows::merged(organisation(), &ids);
        check(measured, ("aliases", count), vec![merged]).await;
    }
    let merged = contact_rows::merged(organisation(), &[id(7)]);
    check(measured, "aliases of one", vec![merged]).await;
}

/// Of a contact with a long history, from its beginning, its middle, and as the place in that of an alias.
async fn check_changes(measured: &Measured) {
    for contact in [7, 8] {
        let middle = i64::from(ROWS / 2);
        let places = [7, 8, 9].map(|of| Place(middle, id(of), middle));
        for after in std::iter::once(None).chain(places.iter().map(Some)) {
            let page = contact_changes::page(organisation(), id(contact).into(), (after, SIZE));
            check(measured, ("changes", contact, after), vec![page]).await;
        }
    }
}

async fn check_conversations(measured: &Measured) {
    for (contact, queues) in [(8, vec![id(4).into()]), (8, Vec::new()), (11, vec![id(4).into()])] {
        for before in [None, Some(ROWS / 2), Some(20)] {
            let visible = Visible {
                queues: queues.clone(),
                user: Some(id(9).into()),
                before: before.map(|number| id(number.into()).into()),
                limit: SIZE,
            };
            let page = contact_lists::conversations_of(organisation(), id(contact).into(), &visible);
            check(measured, ("conversations", contact, &visible), vec![page]).await;
        }
    }
}

/// Of a hundred thousand that are open only those are looked at that were written to.
async fn check_index(measured: &Measured) {
    for count in [1_u64, 10, 200] {
        let keys: Vec<_> = (1..=count)
            .map(|number| (organisation(), id((number * 499).into()).into()))
            .collect();
        let behind = |backend| search::among(backend, &keys, "");
        measured
            .check_some(&format!("behind of {count}"), behind, 2 * count.max(10))
            .await;
    }
}
