//! What guests hold of the gateway's memory who only watch, in bytes: counted, because a count depends on no machine. Their own
//! side has nothing but a socket; what the service holds that plays session is counted too, but small.

mod world;

use onqueue_telemetry::metrics::OPEN_STREAMS;
use onqueue_testkit::{Tokens, running_context, until};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::{alloc::System, net::SocketAddr};
use tokio::sync::watch;
use world::{CONVERSATION, PATIENCE, hall, wire::Bare};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Guests who came before, for whom is made what is made once.
const EARLIER: usize = 90;

/// Guests who are counted.
const GUESTS: usize = 180;

/// What each may hold on a connection of its own: 28 KiB are the library's buffers to read and to write.
const OWN: usize = 40 * 1024 + 512;

/// What each may hold on a connection with 89 others.
const SHARED: usize = 4 * 1024;

struct Guests {
    address: SocketAddr,
    tokens: Tokens,
    came: usize,
}

impl Guests {
    /// So many come, each of whom says something and then watches.
    async fn come(&mut self, guests: usize, of_a_connection: usize) -> Vec<Bare> {
        let mut connections = Vec::with_capacity(guests);
        for first in (0..guests).step_by(of_a_connection) {
            let mut connection = Bare::connect(self.address).await;
            for stream in (1..).step_by(4).take(of_a_connection.min(guests - first)) {
                self.came += 1;
                let token = hall::guest(&self.tokens, self.came);
                for (stream, rpc) in [(stream, "SendMessage"), (stream + 2, "Watch")] {
                    let path = format!("{CONVERSATION}/{rpc}");
                    connection.call(stream, &path, &token, b"").await;
                }
            }
            connections.push(connection);
        }
        connections
    }
}

fn counted() -> usize {
    let stats = COUNTED.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

async fn are_open(streams: usize) {
    let streams = i64::try_from(streams).expect("few");
    until("the streams are counted", PATIENCE, async || {
        OPEN_STREAMS.get(&[]) == streams
    })
    .await;
}

#[tokio::test]
async fn who_only_watches_holds_little() {
    let (context, (_numbers, received)) = (running_context(7), watch::channel(1));
    let mut guests = Guests {
        tokens: Tokens::new(&context),
        address: hall::door(&context, received).await,
        came: 0,
    };
    for (of_a_connection, most) in [(90, SHARED), (1, OWN)] {
        let earlier = guests.come(EARLIER, of_a_connection).await;
        are_open(EARLIER).await;
        let before = counted();
        let watching = guests.come(GUESTS, of_a_connection).await;
        are_open(EARLIER + GUESTS).await;
        let each = counted().saturating_sub(before) / GUESTS;
        assert!(each <= most, "{each} bytes each with {of_a_connection} on a connection");
        assert!(each >= most / 4, "{each} bytes each: what is counted?");
        drop((earlier, watching));
        are_open(0).await;
    }
}
