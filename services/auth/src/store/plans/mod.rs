//! Pages of long lists are read from an index, from where they begin to where they end, on both databases.

mod cost;
mod filled;
mod migration;

use super::{
    Listed, UserFilter, UserState, api_clients, deployments, divisions, grants, roles,
    search::{among, by_address, by_name},
};
use cost::Measured;
use filled::{ROWS, filled, id, organisation};
use onqueue_model::{DivisionId, Divisions, RoleId};
use sea_orm::{EntityTrait, Select};

const SIZE: u64 = 51;

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

fn called(letter: char, number: u32) -> String {
    format!("{letter}{}", 1_000_000 + number)
}

async fn check<E: EntityTrait>(measured: &Measured, what: impl std::fmt::Debug, parts: Vec<Select<E>>) {
    for part in parts {
        measured.check(&format!("{what:?}"), &part, SIZE).await;
    }
}

#[tokio::test]
async fn pages_of_long_lists_are_read_from_an_index() {
    let measured = filled().await;
    check_names(&measured).await;
    check_addresses(&measured).await;
    check_named(&measured).await;
    check_grants(&measured).await;
}

fn filters(text: &str) -> Vec<UserFilter> {
    let of = |divisions: Divisions| {
        [None, Some(UserState::Disabled)].map(|state| UserFilter {
            divisions: divisions.clone(),
            text: text.to_owned(),
            state,
            ids: [].into(),
        })
    };
    wheres().into_iter().flat_map(of).collect()
}

async fn check_names(measured: &Measured) {
    for text in ["", "n", "N10999", "q"] {
        for filter in filters(text) {
            for place in PLACES {
                let place = place.map(|number| (called('n', number), id(0)));
                let parts = by_name(organisation(), &filter, place.clone(), SIZE);
                check(measured, (&filter, place), parts).await;
            }
        }
    }
    let ids = (1..=200).map(|number| id(number * 400).into()).collect();
    check(measured, "ids", vec![among(organisation(), &ids)]).await;
}

/// What the name begins with too is passed over without being read, however much it is.
async fn check_addresses(measured: &Measured) {
    for (text, letters) in [("z", "z"), ("n1z", "n1z"), ("n10", "n"), ("q", "q")] {
        for filter in filters(text) {
            for place in PLACES {
                let place = place.map(|number| format!("{letters}{}", 1_000_000 + number));
                let parts = by_address(organisation(), &filter, place.as_deref(), SIZE);
                check(measured, (&filter, place), parts).await;
            }
        }
    }
}

async fn check_named(measured: &Measured) {
    for text in ["", "n10999", "q"] {
        for after in PLACES {
            let after = after.map(|number| called('n', number));
            let of_roles = roles::page(organisation(), text, after.as_deref(), SIZE);
            check(measured, ("roles", text, &after), vec![of_roles]).await;
            let of_divisions = divisions::page(organisation(), text, after.as_deref(), SIZE);
            check(measured, ("divisions", text, &after), vec![of_divisions]).await;
            for (divisions, division) in wheres().into_iter().zip([None, None, Some(DivisionId::from(id(3)))]) {
                let listed = Listed {
                    divisions,
                    division,
                    text: text.to_owned(),
                    after: after.clone(),
                    size: SIZE,
                };
                check(measured, &listed, deployments::pages(organisation(), &listed)).await;
                check(measured, &listed, api_clients::pages(organisation(), &listed)).await;
            }
        }
    }
}

async fn check_grants(measured: &Measured) {
    let roles = [None, Some(4), Some(5)].map(|role| role.map(|number| RoleId::from(id(number))));
    for divisions in wheres() {
        for role in roles {
            for place in PLACES {
                let place = place.map(|number| (id(number.into()), id(4), id(2)));
                let parts = grants::pages(organisation(), (&divisions, role), place, SIZE);
                check(measured, (&divisions, role, place), parts).await;
            }
        }
    }
}
