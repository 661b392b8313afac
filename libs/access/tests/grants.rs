//! Grants against a naive oracle: 10,000 random cases, no false allow and no false deny.

use onqueue_access::{Grant, Grants};
use onqueue_model::{DivisionId, Divisions, Id, Permission};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Ids from a small range, so that grants and questions meet often.
fn id<T>() -> impl Strategy<Value = Id<T>> {
    (0_u8..4).prop_map(|number| {
        format!("00000000-0000-7000-8000-00000000000{number}")
            .parse()
            .expect("a UUID")
    })
}

/// Where a grant holds: now and then everywhere.
fn place() -> impl Strategy<Value = DivisionId> {
    prop_oneof![4 => id(), 1 => Just(DivisionId::ALL)]
}

fn part() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("*"), Just("queue"), Just("Agent"), Just("view"), Just("join")]
}

fn text() -> impl Strategy<Value = String> {
    (part(), part(), part()).prop_map(|(domain, entity, action)| format!("{domain}:{entity}:{action}"))
}

/// What is asked for, by code, has no wildcard.
fn asked() -> impl Strategy<Value = String> {
    text().prop_filter("no wildcard", |text| !text.contains('*'))
}

#[derive(Debug, Clone)]
struct Row(Grant, String);

fn row() -> impl Strategy<Value = Row> {
    (id(), id(), place(), text()).prop_map(|(organisation, subject, division, text)| {
        let permission = Permission::parse(&text).expect("grammar");
        let grant = Grant {
            organisation,
            subject,
            division,
            permission,
        };
        Row(grant, text)
    })
}

/// The rule again, in other words: part by part, case dropped, `*` holds for all.
fn gives(held: &str, asked: &str) -> bool {
    let (held, asked) = (held.to_lowercase(), asked.to_lowercase());
    let (held, asked): (Vec<_>, Vec<_>) = (held.split(':').collect(), asked.split(':').collect());
    (0..3).all(|at| held[at] == "*" || held[at] == asked[at])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn no_false_allow_and_no_false_deny(
        rows in prop::collection::vec(row(), 0..24),
        organisation in id(),
        user in id(),
        division in id(),
        asked in asked(),
    ) {
        let grants: Grants = rows.iter().map(|row| row.0.clone()).collect();
        let wanted = Permission::parse(&asked).expect("grammar");
        let expected: BTreeSet<_> = rows
            .iter()
            .filter(|Row(grant, text)| {
                grant.organisation == organisation && grant.subject == user && gives(text, &asked)
            })
            .map(|row| row.0.division)
            .collect();
        prop_assert_eq!(grants.anywhere(organisation, user, &wanted), !expected.is_empty());
        let is_held = expected.contains(&division) || expected.contains(&DivisionId::ALL);
        prop_assert_eq!(grants.within(organisation, user, &wanted, division), is_held);
        prop_assert_eq!(grants.expand(organisation, user, &[&asked]).len(), usize::from(!expected.is_empty()));
        let divisions = grants.divisions(organisation, user, &wanted);
        prop_assert_eq!(divisions.contains(&division), is_held);
        prop_assert_eq!(divisions == Divisions::All, expected.contains(&DivisionId::ALL));
    }
}
