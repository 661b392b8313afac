//! How long it takes to be told why, in a large organisation: through routing's own rpcs, while nobody else asks.

use super::{
    centre::Centre,
    ours::{World, agent, conversation, id, organisation},
};
use crate::{Outcome, summary};
use clap::Args;
use onqueue_proto::routing::v1::{self as proto, decision_service_client::DecisionServiceClient};
use onqueue_testkit::with_token;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Where, and how large.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// A new database.
    #[arg(long)]
    url: String,
    /// How many agents there are. Half of them are on queue, each alerted for as much as they may have.
    #[arg(long, default_value_t = 10_000)]
    agents: usize,
    /// How many wait beside what alerts.
    #[arg(long, default_value_t = 10_000)]
    waiting: usize,
}

const ROUNDS: usize = 300;

/// How long taking everything in may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Asks why chats wait, and where agents stand with them.
pub async fn run(options: Options) -> Outcome<Value> {
    let mut centre = Centre::of(options.agents);
    let world = World::start(&options.url, &centre, 1).await?;
    let on_queue = options.agents / 2;
    for desk in world.desks(on_queue).await? {
        tokio::spawn(desk.ignore());
    }
    let chats = on_queue + options.waiting;
    for _ in 0..chats {
        world.session.open(&centre.next());
    }
    let me = agent(options.agents);
    let may = ["routing:decision:view"];
    world.tokens.grant_all(organisation(), &[me], id("division", 0), &may);
    let token = world.tokens.user(organisation(), me, "Supervisor");
    let mut decisions = DecisionServiceClient::new(world.routing.clone());
    let (mut waiting, mut agents) = (Vec::new(), Vec::new());
    taken_in(&mut decisions.clone(), &token, chats - 1).await?;
    for round in 0..ROUNDS {
        let chat = conversation(on_queue + round * 31 % options.waiting);
        let asked = why(chat.to_string());
        let begun = Instant::now();
        decisions.explain_waiting(with_token(asked, &token)).await?;
        waiting.push(begun.elapsed());
        let asked = proto::ExplainAgentRequest {
            conversation_id: chat.to_string(),
            user_id: agent(round * 17 % options.agents).to_string(),
            language: "en".to_owned(),
        };
        let begun = Instant::now();
        decisions.explain_agent(with_token(asked, &token)).await?;
        agents.push(begun.elapsed());
    }
    world.finish().await?;
    let over = Duration::from_secs(1);
    Ok(json!({ "waiting": summary(waiting, over), "agent": summary(agents, over) }))
}

/// Waits until routing knows the chat that came last.
async fn taken_in(
    decisions: &mut DecisionServiceClient<onqueue_server::InProcess>,
    token: &str,
    chat: usize,
) -> Outcome<()> {
    let end = Instant::now() + PATIENCE;
    let asked = why(conversation(chat).to_string());
    while let Err(status) = decisions.explain_waiting(with_token(asked.clone(), token)).await {
        if Instant::now() > end {
            return Err(status.into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn why(conversation_id: String) -> proto::ExplainWaitingRequest {
    proto::ExplainWaitingRequest {
        conversation_id,
        language: "en".to_owned(),
    }
}
