//! Onqueue's own routing on PostgreSQL: the service as it is, with all layers, called in this process.

use super::{
    Load,
    centre::{Centre, MAXIMUM, NIGHT, SKILLS},
    count,
    floor::{Desk, Floor, PATIENCE, Pace},
    session::Session,
};
use crate::Outcome;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use onqueue_model::{ConversationId, Fault, Id, OrganisationId, UserId};
use onqueue_proto::routing::v1 as proto;
use onqueue_routing::{Membership, Migrations, Owners, Seed, SeedAgent, SeedSkill, Settings};
use onqueue_server::{Context, InProcess, layered};
use onqueue_store::{Settings as Place, Store};
use onqueue_testkit::{Tokens, running_context};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Everything that an agent needs.
const AGENT: [&str; 4] = [
    "routing:agent:onqueue",
    "routing:queue:join",
    "routing:queue:view",
    "conversation:webchat:accept",
];

/// How many desks are opened at once.
const AT_ONCE: usize = 64;

/// How long what is under way may take to end.
const SOON: Duration = Duration::from_secs(10);

/// Names something of a kind by its number.
pub fn id<T>(kind: &str, number: usize) -> Id<T> {
    let kind = kind.bytes().fold(0, |sum, letter| sum * 31 + u64::from(letter));
    Id::new(Uuid::from_u64_pair(kind, number as u64))
}

/// The number that such a name was made of.
pub fn number(id: Uuid) -> usize {
    usize::try_from(id.as_u64_pair().1).unwrap_or(usize::MAX)
}

/// Whose centre it is.
pub fn organisation() -> OrganisationId {
    id("organisation", 0)
}

/// The chat of that number.
pub fn conversation(chat: usize) -> ConversationId {
    id("chat", chat)
}

/// The agent of that number.
pub fn agent(number: usize) -> UserId {
    id("agent", number)
}

/// What the agent of that number is called.
fn name(number: usize) -> String {
    format!("Agent {number}")
}

/// Routing, bound on a database of its own.
pub struct World {
    pub store: Store,
    pub context: Context,
    pub tokens: Tokens,
    pub session: Session,
    pub routing: InProcess,
}

impl World {
    /// Everybody is off queue.
    pub async fn start(url: &str, centre: &Centre, chats_at_once: u8) -> Outcome<Self> {
        let mut place = Place::sqlite(Path::new("unused"));
        url.clone_into(&mut place.url);
        Store::prepare(&place, &["routing"]).await?;
        let store = Store::open_as(&place, &onqueue_routing::profile()).await?;
        store.migrate::<Migrations>().await?;
        let context = running_context(7);
        let tokens = Tokens::new(&context);
        let users: Vec<_> = (0..centre.agents.len()).map(agent).collect();
        tokens.grant_all(organisation(), &users, id("division", 0), &AGENT);
        let seed = seed(centre, chats_at_once);
        onqueue_routing::seed(&store, &context, seed)
            .await
            .map_err(|fault| told(&fault))?;
        let session = Session::new(&context.clock);
        let nobody: Owners = Arc::new(|_| Err(Fault::unavailable("there is one replica")));
        let (served, settings) = (session.serve(&context), settings());
        let bound = onqueue_routing::bind(&settings, store.clone(), context.clone(), served, nobody);
        let routing = layered(bound.await.map_err(|fault| told(&fault))?, &context);
        Ok(Self {
            store,
            context,
            tokens,
            session,
            routing,
        })
    }

    /// The first so many agents watch and go on queue.
    pub async fn desks(&self, count: usize) -> Outcome<Vec<Desk>> {
        let opened = (0..count).map(|number| {
            let token = self.tokens.user(organisation(), agent(number), &name(number));
            Desk::open(self.routing.clone(), token)
        });
        stream::iter(opened).buffered(AT_ONCE).try_collect().await
    }

    /// Ends in order.
    pub async fn finish(self) -> Outcome<()> {
        if !self.context.tasks.finish(SOON).await {
            return Err("routing did not end in time".into());
        }
        Ok(self.store.close().await?)
    }
}

/// Drives routing and counts in its database what it did.
pub async fn run(load: Load) -> Outcome<Value> {
    let centre = Centre::of(load.agents);
    let (slots, agents) = (centre.slots(), load.agents);
    let world = World::start(&load.url, &centre, MAXIMUM as u8).await?;
    let floor = Floor::new(world.session.clone(), centre, load.hold(slots));
    for desk in world.desks(agents).await? {
        tokio::spawn(desk.serve(floor.clone()));
    }
    let mut said = match load.rate {
        None => closed(&world, &floor, &load).await?,
        Some(rate) => open(&floor, &load, rate).await?,
    };
    let (kinds, answered) = floor.outcome()?;
    let counted = count::ours(&load.url, answered, &kinds).await?;
    said["verdict"] = counted.json();
    world.finish().await?;
    Ok(said)
}

/// As fast as it goes, with a line that stays as long as it is.
async fn closed(world: &World, floor: &Floor, load: &Load) -> Outcome<Value> {
    floor.pace(Pace::Stopped);
    for _ in 0..load.waiting + load.hold(load.agents * MAXIMUM) {
        floor.open(Instant::now());
    }
    floor.until("agents have their hands full", Floor::is_full).await?;
    delivered(load).await?;
    floor.begin();
    tokio::time::sleep(load.warm_up()).await;
    let (statements, begun) = (world.store.statements(), Instant::now());
    let _ = floor.take();
    tokio::time::sleep(load.window()).await;
    let (over, statements) = (begun.elapsed(), world.store.statements() - statements);
    let times = floor.take();
    let behind = count::undelivered(&load.url).await?;
    floor.pace(Pace::Stopped);
    answered(floor).await?;
    let count = times.to_assign.len();
    Ok(json!({
        "assigned": count,
        "per_second": count as f64 / over.as_secs_f64(),
        "statements_each": statements as f64 / count.max(1) as f64,
        "undelivered": behind,
    }))
}

/// At a constant rate, beside a line that nobody serves.
async fn open(floor: &Floor, load: &Load, rate: f64) -> Outcome<Value> {
    for _ in 0..load.waiting {
        floor.open_at_night();
    }
    floor.pace(Pace::Open);
    floor.open(Instant::now());
    // The feed is in order: what waits at night was taken in before.
    floor.until("the first is assigned", Floor::is_served).await?;
    delivered(load).await?;
    floor.arrive(rate, load.warm_up()).await;
    let _ = floor.take();
    floor.arrive(rate, load.window()).await;
    tokio::time::sleep(load.last()).await;
    // Who still waits may wait for somebody who has their hands full.
    floor.clear();
    floor.until("everybody is served", Floor::is_served).await?;
    answered(floor).await?;
    let times = floor.take();
    Ok(json!({
        "to_offer": crate::summary(times.to_offer, load.window()),
        "to_assign": crate::summary(times.to_assign, load.window()),
    }))
}

async fn answered(floor: &Floor) -> Outcome<()> {
    let quiet = |floor: &Floor| floor.accepting() == 0;
    floor.until("everything under way is answered", quiet).await
}

/// Waits until session has been told everything, so that what came before costs nothing any more.
async fn delivered(load: &Load) -> Outcome<()> {
    let end = Instant::now() + PATIENCE;
    while count::undelivered(&load.url).await? > 0 {
        if Instant::now() > end {
            return Err("session was not told everything in time".into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn seed(centre: &Centre, chats_at_once: u8) -> Seed {
    let queue = |number| proto::Queue {
        queue_id: id::<()>("queue", number).to_string(),
        name: format!("Queue {number}"),
        division_id: id::<()>("division", 0).to_string(),
        alerting_timeout_ms: 300_000,
        ..proto::Queue::default()
    };
    let skill = |number| SeedSkill {
        id: id("skill", number),
        name: format!("Skill {number}"),
    };
    let agents = centre.agents.iter().enumerate().map(|(number, one)| SeedAgent {
        id: agent(number),
        name: name(number),
        queues: one.queues.iter().map(|queue| joined(*queue)).collect(),
        skills: one.skills.iter().map(|skill| (id("skill", *skill), 300)).collect(),
        languages: BTreeMap::from([("en".to_owned(), 300)]),
        maximum_chats: chats_at_once,
    });
    Seed {
        organisation: organisation(),
        queues: (0..=NIGHT).map(queue).collect(),
        skills: (0..SKILLS).map(skill).collect(),
        agents: agents.collect(),
    }
}

fn joined(queue: usize) -> Membership {
    Membership {
        queue: id("queue", queue),
        joined: true,
    }
}

/// As usual, but that agents need not say that they are still there, and that a busy machine costs nobody the lease.
fn settings() -> Settings {
    Settings {
        lease_ms: 60_000,
        heartbeat_ms: 900_000,
        gone_after_ms: 3_600_000,
        ..Settings::default()
    }
}

fn told(fault: &Fault) -> String {
    format!("{fault:?}")
}
