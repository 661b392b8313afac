//! What becomes of conversations in which somebody is silent, or whose agent is lost.

use crate::support::{House, agent, policy, reason};
use crate::{MINUTE, SECOND, connected, ended, feed, fresh, log, nights, reaches, rule, settled, told};
use onqueue_proto::session::v1::{
    self as proto, ConversationState, EndReason, InactivityAction, InactivityCounts, QueuePolicy, feed_row,
    report_request::Fact,
};

#[tokio::test]
async fn whose_silence_counts_is_the_queues_to_say() {
    for (counts, writes, closed_after) in [
        (InactivityCounts::Guest, "agent", 15),
        (InactivityCounts::Guest, "guest", 25),
        (InactivityCounts::Agent, "guest", 15),
        (InactivityCounts::Agent, "agent", 25),
        (InactivityCounts::Unspecified, "agent", 25),
    ] {
        let house = House::new(1).await;
        rule(&house, |rule| rule.inactivity_counts = counts.into()).await;
        let chat = house.connected(1).await;
        let joined = house.clock.now();
        house.clock.advance(10 * MINUTE);
        let token = if writes == "agent" {
            house.agent_token()
        } else {
            fresh(&house, &chat).await
        };
        house.desk.send(&token, &chat.id, "k", "Hallo?").await.expect("sent");
        house.clock.advance((closed_after - 11) * MINUTE);
        reaches(&house, &chat, "warned").await;
        house.clock.advance(MINUTE - SECOND);
        settled(&house).await;
        house.clock.advance(SECOND);
        assert_eq!(
            ended(&house, &chat).await,
            (EndReason::Inactivity, joined + closed_after * MINUTE),
            "{counts:?}, and the {writes} writes"
        );
    }
}

#[tokio::test]
async fn silence_may_send_a_chat_to_another_queue() {
    let house = House::new(2).await;
    house
        .desk
        .put(QueuePolicy {
            name: "Nights".to_owned(),
            ..policy(nights(), 1)
        })
        .await;
    rule(&house, |rule| {
        rule.inactivity_action = InactivityAction::Transfer.into();
        rule.inactivity_transfer_queue_id = nights().to_string();
    })
    .await;
    let chat = house.connected(1).await;
    house.clock.advance(14 * MINUTE);
    reaches(&house, &chat, "warned").await;
    house.clock.advance(MINUTE);
    reaches(&house, &chat, "inactivity_transfer").await;
    let rows = feed(&house).await;
    assert_eq!(told(&rows), ["1 opened chat", "1 silent"]);
    let Some(feed_row::Fact::InactivityTransfer(transfer)) = &rows[1].fact else {
        panic!("{rows:?}")
    };
    assert_eq!(transfer.queue_id, nights().to_string());
    // Should nobody bring it there, routing is asked again after as much silence.
    house.clock.advance(14 * MINUTE);
    reaches(&house, &chat, "warned").await;
    house.clock.advance(MINUTE);
    reaches(&house, &chat, "inactivity_transfer").await;
    assert_eq!(told(&feed(&house).await), ["1 opened chat", "1 silent", "1 silent"]);

    let there = [
        Fact::Transferred(proto::TransferredFact {
            queue_id: nights().to_string(),
            from_user_id: agent().to_string(),
            ..proto::TransferredFact::default()
        }),
        Fact::Queued(proto::QueuedFact {
            queue_id: nights().to_string(),
        }),
    ];
    for (position, fact) in (4..).zip(there) {
        assert!(house.desk.report(&chat.id, 1, position, fact).await.expect("taken"));
    }
    let token = house.supervisor_token();
    let seen = house.desk.get(&token, &chat.id).await.expect("seen");
    assert_eq!(
        (seen.state(), seen.queue_name.as_str()),
        (ConversationState::Queued, "Nights")
    );
    house.clock.advance(20 * MINUTE);
    settled(&house).await;
    assert_eq!(log(&house, &chat).await.last().map(String::as_str), Some("queued"));
}

#[tokio::test]
async fn a_lost_agents_chat_ends_where_the_queue_wants_that_and_messaging_rests() {
    let house = House::new(3).await;
    let chat = house.connected(1).await;
    let message = connected(&house, 2).await;
    let lost = || {
        Fact::AgentLost(proto::AgentLostFact {
            user_id: agent().to_string(),
        })
    };
    for one in [&chat, &message] {
        assert!(house.desk.report(&one.id, 1, 4, lost()).await.expect("taken"));
    }
    assert_eq!(ended(&house, &chat).await.0, EndReason::AgentLost);
    assert_eq!(ended(&house, &message).await.0, EndReason::Rested);
    let refused = house
        .desk
        .send(&chat.token, &chat.id, "k", "Hallo?")
        .await
        .expect_err("over");
    assert_eq!(reason(&refused), "CONVERSATION_CLOSED");
    let mut told = told(&feed(&house).await);
    told.sort();
    assert_eq!(
        told,
        [
            "1 ended agent_lost",
            "1 ended rested",
            "1 opened chat",
            "1 opened message"
        ]
    );
}
