//! What chats cost: how many statements it takes from their start to their end. That does not depend on the machine as times do.

use crate::world::{SOON, Watching, World, agent, sales, seeded};
use futures::future::join_all;
use onqueue_routing::Settings;
use onqueue_testkit::until;
use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
};

const LEFT: &str = "SELECT COUNT(*) FROM routing_interactions";

/// The leases are hardly ever renewed: that would count too.
fn unhurried() -> Settings {
    Settings {
        lease_ms: 240_000,
        renew_ms: 120_000,
        ..Settings::default()
    }
}

/// Accepts so many chats.
async fn serve(mut desk: Watching, chats: usize) -> Watching {
    for _ in 0..chats {
        let offer = desk.offer().await;
        desk.desk.accept(&offer).await.expect("theirs");
    }
    desk
}

/// Ends the chats; answers how many statements there were since there had been so many.
async fn end(world: &World, chats: Range<u128>, before: u64) -> u64 {
    chats.for_each(|chat| world.end(chat));
    let looks = AtomicU64::new(0);
    until("everything is over", SOON, async || {
        looks.fetch_add(1, Ordering::Relaxed);
        world.number(LEFT).await == 0
    })
    .await;
    world.temp.store.statements() - before - looks.into_inner()
}

/// On PostgreSQL a transaction is one statement.
fn at_most(world: &World, postgres: u64, sqlite: u64) -> u64 {
    match world.temp.store.takes_alone() {
        true => postgres,
        false => sqlite,
    }
}

#[tokio::test]
async fn chats_that_go_on_at_once_share_their_transactions() {
    const AGENTS: u128 = 40;
    const EACH: usize = 5;
    let agents = (1..=AGENTS).map(|number| {
        let mut agent = agent(number, "Anna");
        agent.maximum_chats = 5;
        agent
    });
    let world = World::with(seeded(agents.collect()), unhurried()).await;
    let mut desks = Vec::new();
    for number in 1..=AGENTS {
        desks.push(world.on_queue(number, "Anna").await);
    }
    let (before, chats) = (world.temp.store.statements(), 1_000..1_000 + AGENTS * 5);
    chats.clone().for_each(|chat| world.open(chat, &sales()));
    join_all(desks.into_iter().map(|desk| serve(desk, EACH))).await;
    let statements = end(&world, chats, before).await;
    let most = at_most(&world, 100, 1_000);
    assert!(statements <= most, "{statements} for 200 chats");
}

/// Their reports are taken out of the outbox with what comes next. Where the machine is so slow that nothing comes in time, it is
/// tried again.
#[tokio::test]
async fn chats_one_after_the_other_take_three_transactions_each() {
    const CHATS: u128 = 5;
    let world = World::with(seeded(vec![agent(1, "Anna")]), unhurried()).await;
    let (mut anna, mut next) = (world.on_queue(1, "Anna").await, 1_000);
    let most = at_most(&world, 18, 120);
    let mut taken = Vec::new();
    for _ in 0..20 {
        let mut statements = 0;
        for chat in next..next + CHATS {
            let before = world.temp.store.statements();
            world.open(chat, &sales());
            anna = serve(anna, 1).await;
            statements += end(&world, chat..chat + 1, before).await;
        }
        next += CHATS;
        taken.push(statements);
        if statements <= most {
            return;
        }
    }
    panic!("{taken:?} for {CHATS} chats each");
}
