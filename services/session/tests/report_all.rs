//! Many reports of routing with one call: each is answered on its own, in its conversation's order, and counts once.

mod support;

use futures::future::join_all;
use onqueue_proto::session::v1::{
    self as proto, ReportAllRequest, ReportOutcome, ReportRequest, TracedReport, report_request::Fact,
};
use onqueue_session::Faults;
use sea_orm::{ConnectionTrait as _, Statement};
use support::{Chat, Desk, House, agent, assigned, id, is_dense, offered, organisation, queued, reason, words};
use tonic::{Code, Status};

fn report(chat: &str, place: (i64, i64), fact: Option<Fact>) -> TracedReport {
    let request = ReportRequest {
        organisation_id: organisation().to_string(),
        conversation_id: chat.to_owned(),
        opening: 1,
        epoch: place.0,
        position: place.1,
        fact,
    };
    TracedReport {
        report: Some(request),
        traceparent: String::new(),
    }
}

async fn report_all(desk: &Desk, reports: Vec<TracedReport>) -> Result<Vec<ReportOutcome>, Status> {
    let answer = desk.facts().report_all(ReportAllRequest { reports }).await;
    answer.map(|answer| answer.into_inner().outcomes)
}

/// Whether each was recorded, or why it was refused.
async fn outcomes(desk: &Desk, reports: Vec<TracedReport>) -> Vec<String> {
    let outcomes = report_all(desk, reports).await.expect("answered");
    let short = |outcome: ReportOutcome| match (outcome.recorded, outcome.refusal.as_str()) {
        (true, "") => "recorded".to_owned(),
        (false, "") => "older".to_owned(),
        (false, refusal) => {
            assert!(!outcome.message.is_empty(), "{refusal} says why");
            refusal.to_owned()
        }
        (true, refusal) => panic!("recorded and {refusal}"),
    };
    outcomes.into_iter().map(short).collect()
}

async fn log(desk: &Desk, house: &House, chat: &Chat) -> Vec<String> {
    let log = desk.log(&house.supervisor_token(), &chat.id).await.expect("a log");
    assert!(is_dense(&log));
    words(&log)
}

async fn chats(desk: &Desk, count: u128) -> Vec<Chat> {
    join_all((0..count).map(|request| desk.start(request))).await
}

#[tokio::test]
async fn many_conversations_share_transactions_and_each_keeps_its_order() {
    const CHATS: u128 = 100;
    let house = House::new(1).await;
    let desk = &house.desk;
    let chats = chats(desk, CHATS).await;
    let facts = || [queued(), offered(agent()), assigned(agent())];
    let all = || {
        let of_all = facts().into_iter().zip(1..);
        of_all.flat_map(|(fact, position)| {
            chats
                .iter()
                .map(move |chat| report(&chat.id, (1, position), Some(fact.clone())))
        })
    };
    let before = desk.store.statements();
    let recorded = outcomes(desk, all().collect()).await;
    assert_eq!(recorded, vec!["recorded"; chats.len() * 3]);
    let statements = desk.store.statements() - before;
    assert!(
        statements < u64::try_from(chats.len()).expect("few"),
        "{statements} statements"
    );
    let expected = ["opened", "Hallo", "queued", "offered", "joined"];
    for chat in &chats[..5] {
        assert_eq!(log(desk, &house, chat).await, expected);
    }

    // The answer was lost: all of it again changes nothing.
    let again = outcomes(desk, all().collect()).await;
    assert_eq!(again, vec!["older"; chats.len() * 3]);
    for chat in &chats {
        assert_eq!(log(desk, &house, chat).await, expected);
        let id = chat.id.parse().expect("an id");
        onqueue_session::verify(&desk.store, organisation(), id)
            .await
            .expect("the chain holds");
    }
}

#[tokio::test]
async fn late_reports_of_a_paused_owner_change_nothing_and_keep_no_others_waiting() {
    let house = House::new(2).await;
    let desk = &house.desk;
    let chats = chats(desk, 2).await;
    let [taken, other] = &chats[..] else {
        unreachable!("two")
    };
    let successor = vec![
        report(&taken.id, (2, 10), Some(queued())),
        report(&taken.id, (2, 11), Some(offered(id(20)))),
    ];
    assert_eq!(outcomes(desk, successor).await, ["recorded", "recorded"]);
    // Higher positions, but of the epoch before.
    let late = vec![
        report(&taken.id, (1, 99), Some(offered(agent()))),
        report(&other.id, (1, 3), Some(queued())),
        report(&taken.id, (1, 100), Some(assigned(agent()))),
        report(&taken.id, (2, 11), Some(assigned(agent()))),
        report(&taken.id, (2, 12), Some(assigned(id(20)))),
    ];
    let expected = ["older", "recorded", "older", "older", "recorded"];
    assert_eq!(outcomes(desk, late).await, expected);
    assert_eq!(
        log(desk, &house, taken).await,
        ["opened", "Hallo", "queued", "offered", "joined"]
    );
    assert_eq!(log(desk, &house, other).await, ["opened", "Hallo", "queued"]);
    let taken = desk.get(&house.supervisor_token(), &taken.id).await.expect("seen");
    let joined = taken.participants.iter().filter(|one| !one.user_id.is_empty());
    assert_eq!(
        joined.map(|one| one.user_id.clone()).collect::<Vec<_>>(),
        [id::<()>(20).to_string()]
    );
}

#[tokio::test]
async fn what_is_refused_keeps_no_other_from_being_recorded() {
    let house = House::new(3).await;
    let desk = &house.desk;
    let chats = chats(desk, 3).await;
    let [good, over, odd] = &chats[..] else {
        unreachable!("three")
    };
    desk.end(&over.token, &over.id).await.expect("ends");
    let nobody = id::<()>(77).to_string();
    let mut elsewhere = report(&good.id, (1, 1), Some(queued()));
    elsewhere.report.as_mut().expect("a report").organisation_id = support::shop(7).to_string();
    let reports = vec![
        report(&over.id, (1, 1), Some(queued())),
        report(&good.id, (1, 1), Some(queued())),
        report(&nobody, (1, 1), Some(queued())),
        report(&odd.id, (1, 1), Some(queued())),
        report(&odd.id, (1, 2), None),
        // Recorded, it would make an older of the one before, which is to be sent again.
        report(&odd.id, (1, 3), Some(offered(agent()))),
        report(&over.id, (1, 2), Some(offered(agent()))),
        report(&good.id, (1, 2), Some(offered(agent()))),
        report("no id", (1, 1), Some(queued())),
        TracedReport::default(),
    ];
    let expected = [
        "CONVERSATION_CLOSED",
        "recorded",
        "CONVERSATION_NOT_FOUND",
        "recorded",
        "FIELD_INVALID",
        "FIELD_INVALID",
        "CONVERSATION_CLOSED",
        "recorded",
        "ID_MALFORMED",
        "ID_MALFORMED",
    ];
    assert_eq!(outcomes(desk, reports).await, expected);
    assert_eq!(outcomes(desk, vec![elsewhere]).await, ["CONVERSATION_NOT_FOUND"]);
    assert_eq!(log(desk, &house, good).await, ["opened", "Hallo", "queued", "offered"]);
    assert_eq!(log(desk, &house, odd).await, ["opened", "Hallo", "queued"]);
    // Sent again, as it should be, both are recorded.
    let again = vec![
        report(&odd.id, (1, 2), Some(offered(agent()))),
        report(&odd.id, (1, 3), Some(assigned(agent()))),
    ];
    assert_eq!(outcomes(desk, again).await, ["recorded", "recorded"]);
}

#[tokio::test]
async fn a_call_with_too_many_is_refused_as_a_whole_and_an_empty_one_is_not() {
    let house = House::new(4).await;
    let desk = &house.desk;
    let chat = desk.start(1).await;
    let many = |count| {
        (1..=count)
            .map(|position| report(&chat.id, (1, position), Some(offered(agent()))))
            .collect()
    };
    let refused = report_all(desk, many(1_001)).await.expect_err("too many");
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::InvalidArgument, "FIELD_INVALID")
    );
    assert_eq!(log(desk, &house, &chat).await, ["opened", "Hallo"]);
    assert_eq!(outcomes(desk, Vec::new()).await, [""; 0]);
    assert_eq!(outcomes(desk, many(3)).await, ["recorded"; 3]);
}

#[tokio::test]
async fn two_replicas_that_get_the_same_record_each_once() {
    let house = House::new(5).await;
    let other = house.replica_apart(6, Faults::default()).await;
    let chats = chats(&house.desk, 20).await;
    let all = || {
        let facts = [queued(), offered(agent()), assigned(agent())].into_iter().zip(1..);
        let of_all = facts.flat_map(|(fact, position)| {
            chats
                .iter()
                .map(move |chat| report(&chat.id, (1, position), Some(fact.clone())))
        });
        of_all.collect()
    };
    let (one, two) = tokio::join!(outcomes(&house.desk, all()), outcomes(&other, all()));
    for (at, both) in one.iter().zip(&two).enumerate() {
        let news = [both.0, both.1]
            .iter()
            .filter(|outcome| outcome.as_str() == "recorded")
            .count();
        assert!(news <= 1, "report {at}: {both:?}");
    }
    for chat in &chats {
        let log = log(&other, &house, chat).await;
        assert_eq!(
            log.iter().filter(|word| word.as_str() == "joined").count(),
            1,
            "{log:?}"
        );
        let mut in_order = log.clone();
        in_order.dedup();
        assert_eq!(in_order, log, "nothing twice");
    }
}

#[tokio::test]
async fn each_event_carries_the_trace_of_what_caused_it() {
    let house = House::new(7).await;
    let desk = &house.desk;
    let chats = chats(desk, 2).await;
    let traces = ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", ""];
    let traced = chats.iter().zip(traces).map(|(chat, traceparent)| TracedReport {
        traceparent: traceparent.to_owned(),
        ..report(&chat.id, (1, 1), Some(queued()))
    });
    assert_eq!(outcomes(desk, traced.collect()).await, ["recorded", "recorded"]);
    let reader = desk.store.reader();
    let sql = "SELECT COUNT(*), MAX(traceparent) FROM session_events WHERE traceparent LIKE '00-0af76519%'";
    let statement = Statement::from_string(reader.get_database_backend(), sql);
    let row = reader.query_one_raw(statement).await.expect("a query").expect("a row");
    assert_eq!(row.try_get_by_index::<i64>(0).expect("a number"), 1);
    assert_eq!(row.try_get_by_index::<String>(1).expect("a text"), traces[0]);
}

#[tokio::test]
async fn only_routing_may_report() {
    let house = House::new(8).await;
    let chat = house.desk.start(1).await;
    let reports = vec![report(&chat.id, (1, 1), Some(queued()))];
    let request = onqueue_testkit::with_token(ReportAllRequest { reports }, &house.supervisor_token());
    let mut client = proto::routing_facts_service_client::RoutingFactsServiceClient::new(house.desk.service.clone());
    let refused = client.report_all(request).await.expect_err("not for users");
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(log(&house.desk, &house, &chat).await, ["opened", "Hallo"]);
}
