//! An agent asks for a supervisor: who sees it, who takes it, and that nobody else hears of it.
#![allow(clippy::disallowed_methods)] // the environment says which set of tests this is

mod support;

use futures::{StreamExt as _, future::join_all};
use onqueue_model::UserId;
use onqueue_proto::session::v1::{
    self as proto, Assistance, AssistanceState, CloseAssistanceRequest, ListAssistanceRequest,
    RequestAssistanceRequest, TakeAssistanceRequest, WatchRequestsRequest, watch_requests_response::Frame,
};
use onqueue_testkit::with_token;
use std::time::Duration;
use support::{
    Desk, House, SOON, agent, assigned, division, id, is_dense, offered, organisation, queued, reason, words,
};
use tonic::{Code, Status, Streaming};

/// How often many try for one request.
fn rounds() -> u128 {
    match std::env::var_os("ONQUEUE_LONG") {
        Some(_) => 500,
        None => 50,
    }
}

/// How many supervisors there are.
const CROWD: u128 = 20;

impl House {
    /// A token of the agent, who may ask for help.
    fn asker(&self) -> String {
        let may = [
            "conversation:assistance:request",
            "conversation:communication:disconnect",
        ];
        self.tokens.grant(organisation(), agent(), division(), &may);
        self.tokens.user(organisation(), agent(), "Ada")
    }

    /// A token of one of many supervisors, who may help.
    fn helper(&self, number: u128) -> String {
        let user: UserId = id(200 + number);
        let may = ["conversation:assistance:take"];
        self.tokens.grant(organisation(), user, division(), &may);
        self.tokens.user(organisation(), user, &format!("Sue {number}"))
    }
}

impl Desk {
    async fn ask(&self, token: &str, (chat, request): (&str, u128), text: &str) -> Result<Assistance, Status> {
        let request = RequestAssistanceRequest {
            request_id: id::<()>(request).to_string(),
            conversation_id: chat.to_owned(),
            text: text.to_owned(),
        };
        let answer = self.assistance().request_assistance(with_token(request, token)).await?;
        Ok(answer.into_inner().assistance.expect("a request"))
    }

    async fn take(&self, token: &str, assistance: &str) -> Result<Assistance, Status> {
        let request = TakeAssistanceRequest {
            assistance_id: assistance.to_owned(),
        };
        let answer = self.assistance().take_assistance(with_token(request, token)).await?;
        Ok(answer.into_inner().assistance.expect("a request"))
    }

    async fn close(&self, token: &str, assistance: &str) -> Result<Assistance, Status> {
        let request = CloseAssistanceRequest {
            assistance_id: assistance.to_owned(),
        };
        let answer = self.assistance().close_assistance(with_token(request, token)).await?;
        Ok(answer.into_inner().assistance.expect("a request"))
    }

    async fn requests(&self, token: &str, state: AssistanceState) -> Result<Vec<Assistance>, Status> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListAssistanceRequest {
                page_size: 2,
                page_token,
                state: state.into(),
                ..ListAssistanceRequest::default()
            };
            let page = self
                .assistance()
                .list_assistance(with_token(request, token))
                .await?
                .into_inner();
            all.extend(page.assistance);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(all);
            }
        }
    }

    async fn watch_requests(&self, token: &str) -> Streaming<proto::WatchRequestsResponse> {
        let request = with_token(WatchRequestsRequest {}, token);
        self.assistance()
            .watch_requests(request)
            .await
            .expect("a stream")
            .into_inner()
    }

    /// What the audit trail says was done, in order.
    async fn trail(&self) -> Vec<String> {
        let records = onqueue_store::audit::verify(self.store.reader(), "session", organisation()).await;
        records
            .expect("whole")
            .into_iter()
            .map(|record| record.action)
            .collect()
    }
}

/// The next frame in a word, passing over heartbeats.
async fn next(stream: &mut Streaming<proto::WatchRequestsResponse>) -> String {
    let frame = tokio::time::timeout(SOON, stream.next()).await;
    let frame = frame.expect("in time").expect("open").expect("a frame").frame;
    match frame.expect("something") {
        Frame::Opened(one) => format!("{} waits {}", one.text, one.waiting_ms),
        Frame::Gone(_) => "gone".to_owned(),
        Frame::CaughtUp(_) => "caught up".to_owned(),
        Frame::Heartbeat(_) => "alive".to_owned(),
        Frame::Goodbye(bye) => bye.reason,
    }
}

fn refusal(answer: Result<Assistance, Status>) -> (Code, String) {
    let status = answer.expect_err("refused");
    (status.code(), reason(&status))
}

fn conflict() -> (Code, String) {
    (Code::FailedPrecondition, "STATE_CONFLICT".to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_one_of_many_supervisors_takes_a_request() {
    let house = House::new(41).await;
    let other = house.replica(42, onqueue_session::Faults::default()).await;
    let (ada, sues): (String, Vec<String>) = (house.asker(), (0..CROWD).map(|number| house.helper(number)).collect());
    let chat = house.connected(1).await;
    let before = onqueue_telemetry::metrics::TIME_TO_HELP.count(&[]);
    for round in 0..rounds() {
        let asked = house
            .desk
            .ask(&ada, (&chat.id, 5_000 + round), "help")
            .await
            .expect("asks");
        let tries = sues.iter().enumerate().map(|(number, sue)| {
            let desk = if number % 2 == 0 { &house.desk } else { &other };
            desk.take(sue, &asked.assistance_id)
        });
        let (won, lost): (Vec<_>, Vec<_>) = join_all(tries).await.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1, "round {round}");
        let winner = won.into_iter().flatten().next().expect("one");
        assert_eq!(winner.state(), AssistanceState::Taken);
        for answer in lost {
            assert_eq!(refusal(answer), conflict(), "round {round}");
        }
        let closed = house.desk.close(&ada, &asked.assistance_id).await.expect("closes");
        assert_eq!(
            (closed.taken_by_user_id, closed.closed_how.as_str()),
            (winner.taken_by_user_id, "agent")
        );
    }
    let helped = onqueue_telemetry::metrics::TIME_TO_HELP.count(&[]) - before;
    // Others may be helped in the meantime.
    assert!(u128::from(helped) >= rounds(), "{helped}");
    let trail = house.desk.trail().await;
    for action in ["assistance.request", "assistance.take", "assistance.close"] {
        let times = trail.iter().filter(|done| *done == action).count();
        assert_eq!(times as u128, rounds(), "{action}");
    }
}

#[tokio::test]
async fn a_request_is_made_once_and_closed_once() {
    let house = House::new(43).await;
    let (desk, ada, sue, sam) = (&house.desk, house.asker(), house.helper(1), house.helper(2));
    let chat = house.connected(1).await;
    let asked = desk.ask(&ada, (&chat.id, 1), "What is a rebate?").await.expect("asks");
    assert_eq!(
        (
            asked.text.as_str(),
            asked.requested_by_name.as_str(),
            asked.queue_name.as_str()
        ),
        ("What is a rebate?", "Ada", "Sales")
    );
    let again = desk
        .ask(&ada, (&chat.id, 1), "What is a rebate?")
        .await
        .expect("the first");
    assert_eq!(again.assistance_id, asked.assistance_id);
    let reused = refusal(desk.ask(&ada, (&chat.id, 1), "Something else").await);
    assert_eq!(reused, (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned()));
    assert_eq!(
        refusal(desk.ask(&ada, (&chat.id, 2), "More").await),
        conflict(),
        "one at a time"
    );
    house.clock.advance(Duration::from_secs(90));
    let taken = desk.take(&sue, &asked.assistance_id).await.expect("takes");
    assert_eq!((taken.waiting_ms, taken.taken_by_name.as_str()), (90_000, "Sue 1"));
    house.clock.advance(Duration::from_secs(10));
    assert_eq!(desk.take(&sue, &asked.assistance_id).await.expect("the same"), taken);
    assert_eq!(refusal(desk.take(&sam, &asked.assistance_id).await), conflict());
    let others = refusal(desk.close(&sam, &asked.assistance_id).await);
    assert_eq!(others, (Code::PermissionDenied, "CALLER_NOT_ALLOWED".to_owned()));
    let closed = desk.close(&sue, &asked.assistance_id).await.expect("closes");
    assert_eq!(
        (closed.state(), closed.closed_how.as_str()),
        (AssistanceState::Closed, "supervisor")
    );
    assert_eq!(desk.close(&ada, &asked.assistance_id).await.expect("the same"), closed);
    assert_eq!(refusal(desk.take(&sue, &asked.assistance_id).await), conflict());
    assert_eq!(
        desk.trail().await,
        ["assistance.request", "assistance.take", "assistance.close"]
    );
    let log = desk.log(&ada, &chat.id).await.expect("hers");
    assert_eq!(
        words(&log)[5..],
        ["asks: What is a rebate?", "helped by Sue 1", "help closed: supervisor"]
    );
    let guest = desk.log(&chat.token, &chat.id).await.expect("theirs");
    assert_eq!(words(&guest), ["opened", "Hallo", "queued", "joined"]);
    assert!(is_dense(&log) && is_dense(&guest));
}

#[tokio::test]
async fn who_may_not_is_refused() {
    let house = House::new(44).await;
    let (desk, sue) = (&house.desk, house.helper(1));
    let chat = house.connected(1).await;
    let ada = house.agent_token();
    let without = refusal(desk.ask(&ada, (&chat.id, 1), "help").await);
    assert_eq!(without, (Code::PermissionDenied, "PERMISSION_MISSING".to_owned()));
    let ada = house.asker();
    let colleague: UserId = id(300);
    let may = ["conversation:assistance:request", "conversation:communication:view"];
    house.tokens.grant(organisation(), colleague, division(), &may);
    let ben = house.tokens.user(organisation(), colleague, "Ben");
    assert_eq!(
        refusal(desk.ask(&ben, (&chat.id, 1), "help").await),
        conflict(),
        "not in hand"
    );
    let asked = desk.ask(&ada, (&chat.id, 1), "help").await.expect("asks");
    let stranger: UserId = id(301);
    let take = ["conversation:assistance:take"];
    house.tokens.grant(organisation(), stranger, id(77), &take);
    let eve = house.tokens.user(organisation(), stranger, "Eve");
    for answer in [
        desk.take(&eve, &asked.assistance_id).await,
        desk.close(&eve, &asked.assistance_id).await,
    ] {
        assert_eq!(
            refusal(answer),
            (Code::NotFound, "NOT_FOUND".to_owned()),
            "of another division"
        );
    }
    assert!(
        desk.requests(&eve, AssistanceState::Unspecified)
            .await
            .expect("none")
            .is_empty()
    );
    let guest = desk.take(&chat.token, &asked.assistance_id).await;
    assert_eq!(guest.expect_err("a guest").code(), Code::PermissionDenied);
    let listed = desk.requests(&sue, AssistanceState::Open).await.expect("lists");
    assert_eq!(listed.len(), 1);
}

#[tokio::test]
async fn supervisors_see_at_once_who_waits_and_that_somebody_helps() {
    let house = House::new(45).await;
    let (desk, other) = (&house.desk, house.replica(46, onqueue_session::Faults::default()).await);
    let (ada, sue, sam) = (house.asker(), house.helper(1), house.helper(2));
    let chats = [house.connected(1).await, house.connected(2).await];
    let first = desk.ask(&ada, (&chats[0].id, 1), "one").await.expect("asks");
    house.clock.advance(Duration::from_secs(5));
    let (mut near, mut far) = (desk.watch_requests(&sue).await, other.watch_requests(&sam).await);
    for stream in [&mut near, &mut far] {
        assert_eq!(next(stream).await, "one waits 5000");
        assert_eq!(next(stream).await, "caught up");
    }
    desk.ask(&ada, (&chats[1].id, 2), "two").await.expect("asks");
    for stream in [&mut near, &mut far] {
        assert_eq!(next(stream).await, "two waits 0");
    }
    other.take(&sam, &first.assistance_id).await.expect("takes");
    for stream in [&mut near, &mut far] {
        assert_eq!(next(stream).await, "gone");
    }
    desk.end(&chats[1].token, &chats[1].id).await.expect("ends");
    for stream in [&mut near, &mut far] {
        assert_eq!(next(stream).await, "gone", "with its conversation");
    }
    house.tokens.ungrant(id(201));
    assert_eq!(next(&mut near).await, "access_changed");
    let all = desk.requests(&sam, AssistanceState::Unspecified).await.expect("lists");
    let shown: Vec<_> = all.iter().map(|one| (one.text.as_str(), one.state())).collect();
    assert_eq!(
        shown,
        [("two", AssistanceState::Closed), ("one", AssistanceState::Taken)]
    );
    assert_eq!(all[0].closed_how, "ended");
}

#[tokio::test]
async fn help_ends_with_the_agent_who_asked() {
    let house = House::new(47).await;
    let (desk, ada, sue) = (&house.desk, house.asker(), house.helper(1));
    let chat = house.connected(1).await;
    let asked = desk.ask(&ada, (&chat.id, 1), "help").await.expect("asks");
    desk.take(&sue, &asked.assistance_id).await.expect("takes");
    let moved = proto::report_request::Fact::Transferred(proto::TransferredFact {
        queue_id: support::queue().to_string(),
        ..proto::TransferredFact::default()
    });
    assert!(desk.report(&chat.id, 1, 9, moved).await.expect("recorded"));
    let closed = desk.requests(&sue, AssistanceState::Closed).await.expect("lists");
    assert_eq!(closed.len(), 1, "nobody needs it any more");
    let refused = desk.watch(&sue, &chat.id, "").await.expect_err("no helper any more");
    assert_eq!(refused.code(), Code::NotFound);
    for (position, fact) in [(10, queued()), (11, offered(agent())), (12, assigned(agent()))] {
        assert!(desk.report(&chat.id, 1, position, fact).await.expect("recorded"));
    }
    let again = desk.ask(&ada, (&chat.id, 2), "again").await.expect("asks anew");
    assert_eq!(again.state(), AssistanceState::Open);
}
