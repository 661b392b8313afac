//! The drivers of `cargo xtask bench messages` and `bench routing`: each measures one thing for a while and prints one JSON object.

// A load driver measures time and starts tasks; it is no part of the product.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]

mod append;
mod bare;
mod door;
mod echo;
mod ejabberd;
mod fanout;
mod figures;
mod idle;
mod messages;
mod profile;
mod responses;
mod routing;
mod search;
mod serving;
mod talk;
mod typing;

use clap::{Parser, Subcommand};
use serde_json::{Value, json};
use std::{error::Error, time::Duration};

/// As the product has it: services are driven in this process too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a driver answers.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Messages made durable on session's own path, from its rpc on, without network.
    Session(append::Options),
    /// The same rows by the bare database driver.
    Bare(append::Options),
    /// Serves an echo as the content service would be served.
    EchoService(echo::Service),
    /// Serves an echo on a port of its own, without any of our layers.
    EchoBare(echo::Bare),
    /// Calls an echo.
    Echo(echo::Options),
    /// Guests who only watch.
    Idle(idle::Options),
    /// Conversations through the public door.
    Talk(talk::onqueue::Options),
    /// Pairs of users of an XMPP server.
    Xmpp(talk::xmpp::Options),
    /// One message to many watchers.
    FanOut(fanout::Options),
    /// Serves the same by bare tonic.
    FanOutService(fanout::Service),
    /// The same through that.
    FanOutBare(fanout::Bare),
    /// Previews of typing through the public door.
    Typing(typing::Options),
    /// The same on session's own path.
    TypingSession(typing::Own),
    /// All about messages, in turn.
    Messages(messages::Options),
    /// Chats through routing, from their coming to their end, or as many as come at a rate.
    RoutingOurs(routing::Load),
    /// The same assigned in another way.
    RoutingRival(routing::rivals::Options),
    /// Asks why chats wait.
    RoutingExplain(routing::explain::Options),
    /// All about routing, in turn.
    Routing(routing::Options),
    /// Searches in transcripts.
    Search(search::Options),
    /// Finds of canned responses while somebody types.
    Responses(responses::Options),
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let said = match Arguments::parse().what {
        What::Session(options) => append::session(options).await?,
        What::Bare(options) => bare::run(options).await?,
        What::EchoService(options) => return echo::serve(options).await,
        What::EchoBare(options) => return echo::serve_bare(options).await,
        What::Echo(options) => echo::call(options).await?,
        What::Idle(options) => idle::run(options).await?,
        What::Talk(options) => talk::onqueue::run(options).await?,
        What::Xmpp(options) => talk::xmpp::run(options).await?,
        What::FanOut(options) => fanout::run(options).await?,
        What::FanOutService(options) => return fanout::serve_bare(options).await,
        What::FanOutBare(options) => fanout::run_bare(options).await?,
        What::Typing(options) => typing::run(options).await?,
        What::TypingSession(options) => typing::run_own(options).await?,
        What::Messages(options) => messages::run(options).await?,
        What::RoutingOurs(load) => routing::ours::run(load).await?,
        What::RoutingRival(options) => routing::rivals::run(options).await?,
        What::RoutingExplain(options) => routing::explain::run(options).await?,
        What::Routing(options) => routing::run(options).await?,
        What::Search(options) => search::run(options).await?,
        What::Responses(options) => responses::run(options).await?,
    };
    println!("{said}");
    Ok(())
}

/// Rate and latencies of a closed loop.
fn summary(mut taken: Vec<Duration>, over: Duration) -> Value {
    taken.sort_unstable();
    let at = |part: f64| {
        let place = ((taken.len() as f64 - 1.0) * part).round().max(0.0) as usize;
        taken.get(place).map_or(0.0, |one| one.as_secs_f64() * 1e6)
    };
    json!({
        "count": taken.len(),
        "per_second": (taken.len() as f64 / over.as_secs_f64()).round(),
        "p50_us": at(0.5),
        "p99_us": at(0.99),
    })
}
