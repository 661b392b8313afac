//! Spans in their zones, and which schedule decides.

use super::*;
use chrono::{DateTime, Utc};
use onqueue_model::{Id, ScheduleId, Timestamp};
use proptest::prelude::*;
use std::time::Duration;

fn id(number: u128) -> ScheduleId {
    Id::new(uuid::Uuid::from_u128(number))
}

fn at(utc: &str) -> Timestamp {
    let parsed: DateTime<Utc> = utc.parse().expect("a time");
    Timestamp(parsed.timestamp_millis())
}

fn shown(at: Timestamp) -> String {
    let at = DateTime::<Utc>::from_timestamp_millis(at.millis()).expect("near");
    at.format("%Y-%m-%dT%H:%MZ").to_string()
}

fn local(text: &str) -> Local {
    Local::parse(text).expect("a local time")
}

fn schedule(zone: &str, start: &str, end: &str, rule: &str) -> Schedule {
    let (start, end) = (local(start), local(end));
    let rule = Some(rule).filter(|rule| !rule.is_empty());
    let rule = rule.map(|text| Rule::parse(text, start).expect("a good rule"));
    Schedule::new(start, end, rule, Zone::parse(zone).expect("a zone")).expect("a span")
}

fn spans(schedule: &Schedule, from: &str, number: usize) -> Vec<String> {
    let from = at(from);
    let far = from + Duration::from_secs(20 * 366 * 86_400);
    let spans = schedule.spans(from, far).take(number);
    spans
        .map(|span| format!("{}/{}", shown(span.start), shown(span.end)))
        .collect()
}

/// Zone, start, end and rule of a schedule, from when it is looked at, and its spans from then on: in a row the clocks of
/// Berlin and New York go forward and back; the last are days whose times the clocks skip.
const SPANS: &str = "\
    Europe/Berlin 2026-03-27T09:00 2026-03-27T17:00 FREQ=DAILY 2026-03-28T00:00:00Z 2026-03-28T08:00Z/2026-03-28T16:00Z 2026-03-29T07:00Z/2026-03-29T15:00Z
    Europe/Berlin 2026-01-01T22:00 2026-01-02T04:00 FREQ=DAILY 2026-10-24T12:00:00Z 2026-10-24T20:00Z/2026-10-25T03:00Z 2026-10-25T21:00Z/2026-10-26T03:00Z
    America/New_York 2026-01-01T00:00 2026-01-02T00:00 FREQ=DAILY 2026-03-07T12:00:00Z 2026-03-07T05:00Z/2026-03-08T05:00Z 2026-03-08T05:00Z/2026-03-09T04:00Z
    America/New_York 2020-01-01T00:00 2020-01-02T00:00 FREQ=DAILY 2026-11-01T12:00:00Z 2026-11-01T04:00Z/2026-11-02T05:00Z 2026-11-02T05:00Z/2026-11-03T05:00Z
    Asia/Kolkata 2026-03-02T09:30 2026-03-02T18:00 FREQ=WEEKLY;BYDAY=MO,FR 2026-03-07T00:00:00Z 2026-03-09T04:00Z/2026-03-09T12:30Z 2026-03-13T04:00Z/2026-03-13T12:30Z
    UTC 2024-02-29T00:00 2024-03-01T00:00 FREQ=YEARLY 2026-01-01T00:00:00Z 2028-02-29T00:00Z/2028-03-01T00:00Z 2032-02-29T00:00Z/2032-03-01T00:00Z
    UTC 2025-01-31T08:00 2025-01-31T09:00 FREQ=MONTHLY 2026-02-01T00:00:00Z 2026-03-31T08:00Z/2026-03-31T09:00Z 2026-05-31T08:00Z/2026-05-31T09:00Z
    UTC 2025-01-06T08:00 2025-01-06T09:00 FREQ=WEEKLY;INTERVAL=3 2026-01-01T00:00:00Z 2026-01-19T08:00Z/2026-01-19T09:00Z 2026-02-09T08:00Z/2026-02-09T09:00Z
    Europe/Berlin 2025-01-01T08:00 2025-01-01T09:00 FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1 2026-01-01T00:00:00Z 2026-01-30T07:00Z/2026-01-30T08:00Z 2026-02-27T07:00Z/2026-02-27T08:00Z
    Europe/Berlin 2026-06-01T09:00 2026-06-01T10:00 FREQ=DAILY;COUNT=2 2026-01-01T00:00:00Z 2026-06-01T07:00Z/2026-06-01T08:00Z 2026-06-02T07:00Z/2026-06-02T08:00Z
    Europe/Berlin 2026-06-01T09:00 2026-06-01T10:00 FREQ=DAILY;UNTIL=20260602 2026-06-02T00:00:00Z 2026-06-02T07:00Z/2026-06-02T08:00Z
    Europe/Berlin 2026-06-01T09:00 2026-06-01T10:00 FREQ=DAILY;UNTIL=20260602T065959Z 2026-06-01T00:00:00Z 2026-06-01T07:00Z/2026-06-01T08:00Z
    Europe/Berlin 2026-06-01T09:00 2026-06-01T10:00 FREQ=DAILY;UNTIL=20260602T070000Z 2026-06-02T00:00:00Z 2026-06-02T07:00Z/2026-06-02T08:00Z
    Europe/Berlin 2026-12-24T14:00 2026-12-27T00:00 - 2026-12-25T00:00:00Z 2026-12-24T13:00Z/2026-12-26T23:00Z
    Europe/Berlin 2026-03-28T02:15 2026-03-28T02:45 FREQ=DAILY 2026-03-28T12:00:00Z 2026-03-30T00:15Z/2026-03-30T00:45Z
";

#[test]
fn spans_follow_the_clock_on_the_wall() {
    for line in SPANS.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [zone, start, end, rule, from, expected @ ..] = &words[..] else {
            panic!("{line} is too short");
        };
        let rule = if *rule == "-" { "" } else { *rule };
        let schedule = schedule(zone, start, end, rule);
        let is_finite = rule.contains("UNTIL") || rule.contains("COUNT") || rule.is_empty();
        let wanted = if is_finite { 9 } else { expected.len() };
        assert_eq!(spans(&schedule, from, wanted), expected, "{line}");
    }
}

#[test]
fn where_unrolling_begins_does_not_matter() {
    let start = local("1999-01-31T10:00");
    for text in [
        "FREQ=DAILY;INTERVAL=7",
        "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,SU;WKST=SU",
        "FREQ=MONTHLY;INTERVAL=5",
        "FREQ=MONTHLY;BYDAY=-1FR",
        "FREQ=YEARLY;INTERVAL=3;BYWEEKNO=1",
        "FREQ=YEARLY;BYYEARDAY=366,-1",
        "FREQ=YEARLY",
        "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
        "FREQ=MONTHLY;BYMONTHDAY=-2;BYMONTH=2",
    ] {
        let rule = Rule::parse(text, start).expect("good");
        let (from, until) = (local("2026-01-01T00:00").0, local("2036-01-01T00:00").0);
        let all: Vec<_> = rule.from(start.0, until, Zone::UTC).filter(|at| *at >= from).collect();
        assert!(!all.is_empty(), "{text}");
        assert_eq!(rule.from(from, until, Zone::UTC).collect::<Vec<_>>(), all, "{text}");
    }
}

#[test]
fn hostile_and_senseless_rules_are_refused() {
    let start = local("2026-01-01T09:00");
    let long = format!("FREQ=DAILY;BYMONTHDAY={}", "1,".repeat(300));
    for bad in [
        "",
        "FREQ",
        "FREQ=",
        "FREQ=DAILY;",
        "RRULE:FREQ=DAILY",
        "freq=daily",
        "FREQ=DAILY\nDTSTART:20260101T000000Z",
        "FREQ=SECONDLY",
        "FREQ=MINUTELY",
        "FREQ=HOURLY",
        "FREQ=DAILY;BYHOUR=1,2,3",
        "FREQ=DAILY;BYMINUTE=1",
        "FREQ=DAILY;BYSECOND=1",
        "FREQ=DAILY;BYEASTER=0",
        "FREQ=DAILY;FREQ=DAILY",
        "INTERVAL=2",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=367",
        "FREQ=DAILY;INTERVAL=99999999999",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=1001",
        "FREQ=DAILY;COUNT=2;UNTIL=20270101",
        "FREQ=DAILY;UNTIL=20250101",
        "FREQ=DAILY;UNTIL=x",
        "FREQ=DAILY;UNTIL=20260101T25",
        "FREQ=DAILY;UNTIL=99990101",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=DAILY;BYMONTH=13",
        "FREQ=YEARLY;BYWEEKNO=54",
        &long,
    ] {
        assert!(Rule::parse(bad, start).is_err(), "{bad}");
    }
    let end = local("2026-02-01T09:01");
    assert!(Schedule::new(start, end, None, Zone::UTC).is_err(), "too long");
    assert!(Schedule::new(start, start, None, Zone::UTC).is_err(), "nothing");
}

/// Berlin: Monday to Friday 09:00–17:00, closed 12:00–13:00 on Fridays, holiday on 3 April 2026.
fn office() -> Group {
    let of = |start, end, rule| schedule("Europe/Berlin", start, end, rule);
    let hours = of(
        "2026-01-01T09:00",
        "2026-01-01T17:00",
        "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    );
    let lunch = of("2026-01-02T12:00", "2026-01-02T13:00", "FREQ=WEEKLY");
    let holiday = of("2026-04-03T00:00", "2026-04-04T00:00", "");
    Group::new(vec![
        (Kind::Open, id(1), hours),
        (Kind::Closed, id(2), lunch),
        (Kind::Holiday, id(3), holiday),
    ])
}

/// When it is looked at, what holds, by which schedule, until when, and when it opens.
const DECIDED: &str = "\
    2026-03-27T07:59:59.999Z Closed 0 2026-03-27T08:00Z 2026-03-27T08:00Z
    2026-03-27T08:00:00Z Open 1 2026-03-27T11:00Z 2026-03-27T12:00Z
    2026-03-27T11:00:00Z Closed 2 2026-03-27T12:00Z 2026-03-27T12:00Z
    2026-03-27T16:00:00Z Closed 0 2026-03-30T07:00Z 2026-03-30T07:00Z
    2026-04-02T15:00:00Z Closed 0 2026-04-02T22:00Z 2026-04-06T07:00Z
    2026-04-03T09:00:00Z Holiday 3 2026-04-03T22:00Z 2026-04-06T07:00Z
    2026-10-23T15:00:00Z Closed 0 2026-10-26T08:00Z 2026-10-26T08:00Z
";

#[test]
fn the_first_that_applies_decides() {
    for line in DECIDED.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [moment, state, decided_by, until, opens_at] = words[..] else {
            panic!("{line} is too short");
        };
        let outlook = office().outlook(at(moment));
        let by: u128 = decided_by.parse().expect("a number");
        let decided_by = Some(id(by)).filter(|_| by > 0);
        assert_eq!(format!("{:?}", outlook.verdict.state), state, "{line}");
        assert_eq!(outlook.verdict.schedule, decided_by, "{line}");
        assert_eq!(outlook.until.map(shown).as_deref(), Some(until), "{line}");
        assert_eq!(outlook.opens_at.map(shown).as_deref(), Some(opens_at), "{line}");
    }
}

#[test]
fn what_never_changes_says_so() {
    let now = at("2026-03-27T08:00:00Z");
    let emergency = Group::emergency().outlook(now);
    assert_eq!(
        (emergency.verdict.state, emergency.changes_at, emergency.opens_at),
        (State::Emergency, None, None)
    );
    let nothing = Group::new(vec![]).outlook(now);
    assert_eq!(
        (nothing.verdict.state, nothing.until, nothing.opens_at),
        (State::Closed, None, None)
    );
    let always = schedule("Europe/Berlin", "2020-01-01T00:00", "2020-01-02T00:00", "FREQ=DAILY");
    let always = Group::new(vec![(Kind::Open, id(1), always)]).outlook(now);
    assert_eq!(
        (always.verdict.state, always.next, always.until),
        (State::Open, State::Open, None)
    );
    let year = Duration::from_secs(366 * 86_400);
    assert_eq!(
        (nothing.changes_at, always.changes_at),
        (Some(now + year), Some(now + year)),
        "looked so far"
    );
}

fn rules() -> impl Strategy<Value = String> {
    let frequency = prop::sample::select(vec!["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]);
    let interval = 1u16..5;
    let more = prop::sample::select(vec![
        "",
        ";BYDAY=MO,WE,SU",
        ";BYMONTH=3,10",
        ";COUNT=40",
        ";UNTIL=20261101",
        ";UNTIL=20261025T010000Z",
        ";WKST=SU",
        ";BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1",
        ";BYMONTHDAY=-1,29",
        ";BYWEEKNO=13,44",
        ";BYYEARDAY=88,-68",
        ";BYDAY=-1SU",
    ]);
    (frequency, interval, more)
        .prop_map(|(frequency, interval, more)| format!("FREQ={frequency};INTERVAL={interval}{more}"))
}

fn schedules() -> impl Strategy<Value = Option<(Kind, Schedule)>> {
    let kind = prop::sample::select(vec![Kind::Holiday, Kind::Closed, Kind::Open, Kind::Open]);
    let zone = prop::sample::select(vec![
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
    ]);
    (kind, zone, rules(), 0i64..400, 0i64..96, 1i64..300).prop_map(|(kind, zone, rule, day, quarter, lasts)| {
        let start = local("2025-06-01T00:00").0 + chrono::Duration::minutes(day * 1_440 + quarter * 15);
        let (start, end) = (Local(start), Local(start + chrono::Duration::minutes(lasts * 15)));
        let rule = Rule::parse(&rule, start).ok()?;
        let zone = Zone::parse(zone).expect("a zone");
        Some((kind, Schedule::new(start, end, Some(rule), zone).expect("a span")))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Between the changes that are named nothing changes, and at each of them something does.
    #[test]
    fn a_state_holds_until_the_change_that_it_names(
        schedules in prop::collection::vec(schedules(), 1..4),
        minutes in 0i64..1_400_000,
    ) {
        let schedules = schedules.into_iter().flatten().enumerate();
        let group = Group::new(schedules.map(|(number, (kind, schedule))| (kind, id(number as u128), schedule)).collect());
        let now = Timestamp(at("2025-06-01T00:00:00Z").millis() + minutes * 60_000);
        let outlook = group.outlook(now);
        prop_assert_eq!(outlook.verdict, group.verdict(now));
        let moments = |until: Timestamp| {
            let (first, last) = (now.millis(), until.millis());
            (0..40).map(move |part| Timestamp(first + (last - 1 - first) / 39 * part)).chain([Timestamp(last - 1)])
        };
        let changes_at = outlook.changes_at.expect("no emergency");
        for moment in moments(changes_at) {
            prop_assert_eq!(group.verdict(moment).state, outlook.verdict.state, "{:?}", moment);
        }
        prop_assert_eq!(group.verdict(changes_at).state, outlook.next);
        if let Some(until) = outlook.until {
            for moment in moments(until) {
                prop_assert_eq!(group.verdict(moment), outlook.verdict, "{:?}", moment);
            }
            prop_assert_ne!(group.verdict(until), outlook.verdict);
        }
        if let Some(opens_at) = outlook.opens_at {
            prop_assert_eq!(group.verdict(opens_at).state, State::Open);
            prop_assert_ne!(group.verdict(Timestamp(opens_at.millis() - 1)).state, State::Open);
            if outlook.verdict.state != State::Open {
                for moment in moments(opens_at) {
                    prop_assert_ne!(group.verdict(moment).state, State::Open, "{:?}", moment);
                }
            }
        }
    }

    /// Whatever the text is, it is a rule or a problem, and soon.
    #[test]
    fn no_text_breaks_it(text in "(FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY))(;(BYDAY|BYMONTH|BYMONTHDAY|BYYEARDAY|BYWEEKNO|BYSETPOS|INTERVAL|COUNT|WKST)=[-+]?[0-9]{0,4}(MO|SU)?(,-?[0-9]{1,3}){0,2}){0,4}") {
        let start = local("2026-02-28T23:30");
        if let Ok(rule) = Rule::parse(&text, start) {
            let schedule = Schedule::new(start, local("2026-03-01T00:30"), Some(rule), Zone::parse("Europe/Berlin").expect("a zone"));
            let _ = Group::new(vec![(Kind::Open, id(1), schedule.expect("a span"))]).outlook(at("2040-01-01T00:00:00Z"));
        }
    }
}
