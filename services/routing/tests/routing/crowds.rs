//! Many at once: one winner of each race, and no queue beyond its limit.

use crate::deeds::supervisor;
use crate::world::{SALES, SOON, World, agent, id, reason, sales, seeded};
use onqueue_model::Reason;
use onqueue_proto::routing::v1 as proto;
use onqueue_routing::Settings;
use onqueue_testkit::until;
use std::time::Duration;

/// The long set is for builds with optimisations: without, a hundred crowds take hours.
fn times(short: u128, long: u128) -> u128 {
    let is_long = std::env::var_os("ONQUEUE_LONG").is_some() && !cfg!(debug_assertions);
    if is_long { long } else { short }
}

/// Lets everything else go on for a while.
async fn pause(turns: u128) {
    for _ in 0..turns * turns * 16 {
        tokio::task::yield_now().await;
    }
}

/// However busy the machine is, nobody loses the shards.
fn unhurried() -> Settings {
    Settings {
        lease_ms: 120_000,
        ..Settings::default()
    }
}

#[tokio::test]
async fn an_accept_races_with_the_timeout_and_with_the_hang_up_and_one_wins() {
    let mut seed = seeded(vec![agent(1, "Anna")]);
    seed.queues[0].alerting_timeout_ms = 5_000;
    let world = World::with(seed, unhurried()).await;
    let mut anna = world.on_queue(1, "Anna").await;
    let (mut accepted, mut lost) = (0, 0);
    for round in 0..times(1_000, 10_000) {
        let conversation = 1_000 + round;
        world.open(conversation, &sales());
        let offer = anna.offer().await;
        let hangs_up = round % 2 == 0;
        // By turns the answer comes later than what it races with, at about the same time, or sooner.
        let turns = (round / 2) % 16;
        let answer = async {
            pause(8_u128.saturating_sub(turns)).await;
            anna.desk.accept(&offer).await
        };
        let against = async {
            pause(turns.saturating_sub(8)).await;
            match hangs_up {
                true => world.end(conversation),
                false => world.hand.advance(Duration::from_secs(5)),
            }
        };
        let (answer, ()) = tokio::join!(answer, against);
        let ended = anna.ended().await;
        match reason(answer) {
            None => {
                accepted += 1;
                assert_eq!(ended, "accepted");
            }
            Some(refused) => {
                lost += 1;
                let wanted = match hangs_up {
                    true => ("cancelled", Reason::OfferRescinded),
                    false => ("timed_out", Reason::OfferExpired),
                };
                assert_eq!((ended.as_str(), refused), wanted);
            }
        }
        if !hangs_up {
            world.end(conversation);
        }
        // Whatever came of it, nothing is left then.
        let left = "SELECT COUNT(*) FROM routing_interactions";
        let gone = async || world.number(left).await == 0 && anna.desk.me().await.active_chats == 0;
        until("nothing is left", SOON, gone).await;
        if round % 100 == 99 {
            // Tokens do not last for ever.
            anna = world.on_queue(1, "Anna").await;
        }
        anna.desk.go_on_queue().await;
    }
    assert!(accepted > 0 && lost > 0, "{accepted} accepted, {lost} lost");
}

/// Starts are rows of session's feed; everything behind them is the durable service.
#[tokio::test]
async fn of_ten_thousand_starts_exactly_as_many_are_admitted_as_there_are_places() {
    const STARTS: u128 = 10_000;
    for _ in 0..times(3, 100) {
        let mut seed = seeded(vec![]);
        seed.queues[0].limit = 100;
        let world = World::with(seed, unhurried()).await;
        for conversation in 0..STARTS {
            world.open(1_000 + conversation, &sales());
        }
        let read = "SELECT CAST(COALESCE(SUM(number), 0) AS BIGINT) FROM routing_feed_cursors";
        let all = async || world.number(read).await == 10_000;
        until("every start was read", Duration::from_secs(120), all).await;
        assert_eq!(world.number("SELECT COUNT(*) FROM routing_interactions").await, 100);
        let waiting = proto::ListInteractionsRequest {
            page_size: 200,
            queue_id: id::<()>(SALES).to_string(),
            ..proto::ListInteractionsRequest::default()
        };
        let first: Vec<u128> = (1_000..1_100).collect();
        assert_eq!(supervisor(&world).listed(&waiting).await, first);
        assert!(world.context.tasks.finish(SOON).await, "every task ends");
    }
}
