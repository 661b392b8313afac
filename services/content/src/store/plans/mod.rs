//! Pages of long lists are read from an index, from where they begin to where they end, on both databases.

mod cost;
mod filled;
mod migration;

use super::{
    Listing,
    lists::{libraries, named, placed, responses, tagged},
    script_lists::{scripts, versions},
};
use cost::Measured;
use filled::{Figures, ROWS, filled, id, organisation};
use onqueue_model::Divisions;
use sea_orm::{EntityTrait, Select};

const SIZE: u64 = 50;

/// Where pages begin: at the first row, in the middle, and shortly before the last.
const PLACES: [Option<u32>; 3] = [None, Some(ROWS / 2), Some(ROWS - 20)];

/// Every division, one with nearly all rows, and one with few.
fn wheres() -> [Divisions; 3] {
    [
        Divisions::All,
        Divisions::Only([id(2).into()].into()),
        Divisions::Only([id(3).into()].into()),
    ]
}

fn listings() -> impl Iterator<Item = Listing> {
    let texts = ["", "N10999", "q"].into_iter();
    texts.flat_map(|text| {
        PLACES.map(|place| Listing {
            text: text.to_owned(),
            after: place.map(|number| (format!("n{}", 1_000_000 + number), id(0))),
            size: SIZE,
        })
    })
}

async fn check<E: EntityTrait>(measured: &Measured, what: impl std::fmt::Debug, pages: Vec<Select<E>>) {
    for page in pages {
        measured.check(&format!("{what:?}"), &page, SIZE + 1).await;
    }
}

#[tokio::test]
async fn pages_of_long_lists_are_read_from_an_index() {
    let measured = filled(Figures::Gathered).await;
    for listing in listings() {
        let all = vec![responses(organisation(), &listing)];
        check(&measured, ("all responses", &listing), all).await;
        for divisions in wheres() {
            let pages = libraries(organisation(), &divisions, &listing);
            check(&measured, ("libraries", &divisions, &listing), pages).await;
            let pages = scripts(organisation(), &divisions, &listing);
            check(&measured, ("scripts", &divisions, &listing), pages).await;
            check_responses(&measured, &divisions, &listing).await;
        }
    }
    let ids: Vec<_> = (1..=200).map(|number| id(number * 400)).collect();
    check(&measured, "ids", vec![named(organisation(), &ids)]).await;
    for before in PLACES.map(|place| place.map(u32::cast_signed)) {
        let page = versions(organisation(), id(6).into(), (before, SIZE));
        check(&measured, ("versions", before), vec![page]).await;
    }
}

#[tokio::test]
async fn what_is_found_is_read_by_its_ids_before_there_are_figures() {
    let measured = filled(Figures::Missing).await;
    for count in [1, 10, 50] {
        let ids: Vec<_> = (1..=count).map(|number| id(number * 97)).collect();
        check(&measured, count, vec![named(organisation(), &ids)]).await;
    }
}

async fn check_responses(measured: &Measured, divisions: &Divisions, listing: &Listing) {
    for library in [None, Some(4), Some(5)] {
        let within = (library.map(|number| id(number).into()), divisions);
        // Without either, the responses themselves are listed.
        if within != (None, &Divisions::All) {
            let pages = placed(organisation(), within, listing);
            check(measured, ("responses", within, listing), pages).await;
        }
        for tag in ["often", "Seldom", "never"] {
            let pages = tagged(organisation(), within, tag, listing);
            check(measured, (tag, within, listing), pages).await;
        }
    }
}
