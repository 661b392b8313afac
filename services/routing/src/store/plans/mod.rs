//! Pages of long lists are read from an index, from where they begin to where they end, on both databases.

mod cost;
mod filled;
mod migration;

use super::{configuration, decisions, members, queues, schedule_groups, schedules, search, skills};
use cost::Measured;
use filled::{ROWS, filled, id, organisation};
use onqueue_model::Divisions;
use sea_orm::{EntityTrait, Select};

const SIZE: u64 = 51;

const ALWAYS: std::ops::Range<i64> = i64::MIN..i64::MAX;

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

fn called(number: u32) -> String {
    format!("n{}", 1_000_000 + number)
}

async fn check<E: EntityTrait>(measured: &Measured, what: impl std::fmt::Debug, pages: Vec<Select<E>>) {
    for page in pages {
        measured.check(&format!("{what:?}"), &page, SIZE).await;
    }
}

#[tokio::test]
async fn pages_of_long_lists_are_read_from_an_index() {
    let measured = filled().await;
    check_queues(&measured).await;
    check_found(&measured).await;
    check_skills(&measured).await;
    check_schedules(&measured).await;
    check_members(&measured).await;
    check_decisions(&measured).await;
}

async fn check_queues(measured: &Measured) {
    for divisions in wheres() {
        for place in PLACES {
            let after = place.map(|number| (format!("team {} teams", called(number)), id(0).into()));
            let pages = queues::pages(organisation(), &divisions, after, SIZE);
            check(measured, ("queues", &divisions, place), pages).await;
        }
    }
}

/// Where the name of the team of that number begins with a text, as it is kept.
type Begins = fn(u32) -> String;

/// What an earlier word begins with too is passed over without being read, however much it is.
async fn check_found(measured: &Measured) {
    let texts: [(&str, Begins); 6] = [
        ("team", |number| format!("team {}", called(number))),
        ("n", called),
        ("n10999", called),
        ("teams", |number| format!("teams\u{1}team {}", called(number))),
        ("teamster", |number| format!("teamster {}", called(number))),
        ("q", called),
    ];
    for (text, words) in texts {
        for divisions in wheres() {
            for place in PLACES {
                let after = place.map(words);
                let pages = search::pages(organisation(), &divisions, text, after.as_deref(), SIZE);
                assert_eq!(pages.len(), text.len(), "one for each number of shared characters");
                check(measured, (text, &divisions, after), pages).await;
            }
        }
    }
    let ids: Vec<_> = (1..=50).map(|number| id(number * 400)).collect();
    check(measured, "ids", vec![search::among(organisation(), &ids)]).await;
}

async fn check_skills(measured: &Measured) {
    for text in ["", "n", "N10999", "q"] {
        for place in PLACES {
            let after = place.map(|number| (called(number), id(0).into()));
            let page = skills::page(organisation(), text, after, SIZE);
            check(measured, ("skills", text, place), vec![page]).await;
        }
    }
}

async fn check_schedules(measured: &Measured) {
    for text in ["", "n", "N10999", "q"] {
        for place in PLACES {
            let after = place.map(|number| (called(number), id(0).into()));
            let page = schedules::page(organisation(), text, after, SIZE);
            check(measured, ("schedules", text, place), vec![page]).await;
        }
    }
    for divisions in wheres() {
        for place in PLACES {
            let after = place.map(|number| (called(number), id(0).into()));
            let pages = schedule_groups::pages(organisation(), &divisions, after, SIZE);
            check(measured, ("schedule groups", &divisions, place), pages).await;
        }
    }
}

async fn check_members(measured: &Measured) {
    for place in PLACES {
        let after = place.map(|number| id(number.into()).into());
        let page = members::page(organisation(), id(5).into(), after, SIZE);
        check(measured, ("members", place), vec![page]).await;
    }
    let users = (1..=50).map(|number| id(number * 400).into()).collect();
    check(measured, "users", vec![configuration::among(organisation(), &users)]).await;
}

/// The queues of a conversation are found without its decisions being read.
async fn check_decisions(measured: &Measured) {
    let conversation = id(4).into();
    for queue in [None, Some(1), Some(1_000)] {
        let next = decisions::queue_after(decisions::about(organisation(), conversation), queue.map(id));
        check(measured, ("next queue", queue), vec![next]).await;
    }
    for queue in [1, 1_000, 7] {
        for place in PLACES {
            let after = place.unwrap_or(0).into();
            let page = decisions::page(decisions::about(organisation(), conversation), id(queue), after, SIZE);
            check(measured, ("decisions", queue, place), vec![page]).await;
        }
    }
    for queue in [1, 1_000, 7] {
        for place in PLACES {
            let before = place.map(|number| (number.into(), id(number.into())));
            let all = decisions::every(organisation());
            let page = decisions::page_in_time(all, id(queue), ALWAYS, before, SIZE);
            check(measured, ("decisions in time", queue, place), vec![page]).await;
        }
    }
    check_offers(measured).await;
}

/// So are those of an agent, of whom one had every other offer and one a few.
async fn check_offers(measured: &Measured) {
    for agent in [7, 8] {
        let all = decisions::offered_to(organisation(), id(agent).into());
        for queue in [None, Some(1), Some(1_000)] {
            let next = decisions::queue_after(all.clone(), queue.map(id));
            check(measured, ("next queue of an agent", agent, queue), vec![next]).await;
        }
        for queue in [1, 1_000, 9] {
            for place in PLACES {
                let before = place.map(|number| (number.into(), id(number.into())));
                let page = decisions::page_in_time(all.clone(), id(queue), ALWAYS, before, SIZE);
                check(measured, ("offers to an agent", agent, queue, place), vec![page]).await;
            }
        }
    }
}
