//! Drives one of the ways of [`super::ways`]: workers assign; beside them one feeder lets guests come and go, many in one
//! statement, which costs the workers as little as possible.

use super::{
    Load,
    centre::{Agent, Centre, Chat, MAXIMUM},
    count,
    ways::{TABLES, Way, Worker},
};
use crate::Outcome;
use clap::Args;
use sea_orm::sqlx::{self, Connection as _, Executor as _, PgConnection};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{sync::Notify, task::JoinSet};

/// Who, and how much of what.
#[derive(Args, Clone, Debug)]
pub struct Options {
    #[command(flatten)]
    pub load: Load,
    /// In which way.
    #[arg(long)]
    pub way: Way,
    /// By how many at once.
    #[arg(long, default_value_t = 1)]
    pub workers: usize,
    /// How many milliseconds are between two rounds of `tick`.
    #[arg(long, default_value_t = 5_000)]
    pub tick: u64,
}

/// How long a worker rests when there is nothing to do and nobody wakes it.
const REST: Duration = Duration::from_millis(5);

/// How long the last may take to be assigned.
const PATIENCE: Duration = Duration::from_secs(120);

const WAITING: i16 = 0;
const HELD: i16 = 1;
/// Waits in a queue that nobody serves, and is in no index.
const AT_NIGHT: i16 = 3;

const COME: &str = "INSERT INTO chats (id, queue, skills, state) SELECT id, queue, skills::int[], $4 \
    FROM UNNEST($1::bigint[], $2::int[], $3::text[]) AS new(id, queue, skills)";
const GO: &str = "UPDATE chats SET state = 2, ended = nextval('moments') WHERE id = ANY($1)";
const GO_COUNTED: &str = "WITH gone AS (UPDATE chats SET state = 2, ended = nextval('moments') WHERE id = ANY($1) \
    RETURNING agent), freed AS (SELECT agent, COUNT(*) AS chats FROM gone GROUP BY agent) \
    UPDATE agents SET active = active - freed.chats FROM freed WHERE id = freed.agent";

/// Clones are one.
#[derive(Clone)]
struct Board(Arc<(Mutex<State>, Notify)>);

#[derive(Default)]
struct State {
    /// When those came, or were to come, whom nobody has yet.
    came: BTreeMap<usize, Instant>,
    /// Assigned, and not seen by the feeder yet.
    fresh: Vec<usize>,
    times: Vec<Duration>,
    answered: usize,
    /// When guests began to come at a constant rate.
    arriving: Option<Instant>,
    /// Whoever is served goes at once.
    is_leaving: bool,
    is_over: bool,
}

impl Board {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn assigned(&self, chats: &[usize]) {
        let mut state = self.state();
        for chat in chats {
            let waited = state.came.remove(chat).map(|due| due.elapsed());
            state.times.extend(waited);
        }
        state.answered += chats.len();
        state.fresh.extend(chats);
    }

    async fn work(self, mut worker: Worker) -> Outcome<()> {
        while !self.state().is_over {
            match worker.assign().await? {
                Some(chats) => self.assigned(&chats),
                None => drop(tokio::time::timeout(REST, self.0.1.notified()).await),
            }
        }
        Ok(())
    }
}

/// Lets guests come and go.
struct Feeder {
    connection: PgConnection,
    board: Board,
    centre: Centre,
    held: VecDeque<usize>,
    hold: usize,
    rate: Option<f64>,
    keeps_count: bool,
    arrived: u32,
}

impl Feeder {
    async fn feed(mut self) -> Outcome<Self> {
        loop {
            let (fresh, arriving, is_over) = {
                let mut state = self.board.state();
                self.hold = if state.is_leaving { 0 } else { self.hold };
                (std::mem::take(&mut state.fresh), state.arriving, state.is_over)
            };
            if is_over {
                return Ok(self);
            }
            self.held.extend(&fresh);
            let go = self.held.len().saturating_sub(self.hold);
            let going: Vec<i64> = self.held.drain(..go).map(|chat| chat as i64).collect();
            let due = self.due(fresh.len(), arriving);
            if going.is_empty() && due.is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
                continue;
            }
            self.go(&going).await?;
            self.come(&due).await?;
            self.board.0.1.notify_waiters();
        }
    }

    /// When those were to come who come now.
    fn due(&mut self, assigned: usize, arriving: Option<Instant>) -> Vec<Instant> {
        let Some(rate) = self.rate else {
            return vec![Instant::now(); assigned];
        };
        let mut due = Vec::new();
        while let Some(begun) = arriving {
            let at = begun + Duration::from_secs_f64(f64::from(self.arrived) / rate);
            if at > Instant::now() {
                break;
            }
            self.arrived += 1;
            due.push(at);
        }
        due
    }

    async fn go(&mut self, chats: &[i64]) -> Outcome<()> {
        if chats.is_empty() {
            return Ok(());
        }
        let sql = if self.keeps_count { GO_COUNTED } else { GO };
        sqlx::query(sql).bind(chats).execute(&mut self.connection).await?;
        Ok(())
    }

    async fn come(&mut self, due: &[Instant]) -> Outcome<()> {
        let chats: Vec<_> = due.iter().map(|_| self.centre.next()).collect();
        let numbers = chats.iter().map(|chat| chat.number);
        self.board.state().came.extend(numbers.zip(due.iter().copied()));
        insert(&mut self.connection, &chats, WAITING).await
    }
}

async fn insert(connection: &mut PgConnection, chats: &[Chat], state: i16) -> Outcome<()> {
    if chats.is_empty() {
        return Ok(());
    }
    let numbers: Vec<i64> = chats.iter().map(|chat| chat.number as i64).collect();
    let queues: Vec<i32> = chats.iter().map(|chat| chat.queue as i32).collect();
    let skills: Vec<String> = chats.iter().map(|chat| array(&chat.skills)).collect();
    let insert = sqlx::query(COME).bind(numbers).bind(queues).bind(skills).bind(state);
    insert.execute(connection).await?;
    Ok(())
}

fn array(numbers: &[usize]) -> String {
    let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
    format!("{{{}}}", numbers.join(","))
}

/// Drives the way and counts in its tables what it did.
pub async fn run(options: Options) -> Outcome<Value> {
    let load = &options.load;
    let (board, feeder) = prepare(&options).await?;
    let mut workers = JoinSet::new();
    for number in 0..options.workers {
        let connection = PgConnection::connect(&load.url).await?;
        let worker = Worker::new(connection, options.way, number, Duration::from_millis(options.tick));
        workers.spawn(board.clone().work(worker));
    }
    let feeding = tokio::spawn(feeder.feed());
    let mut said = tokio::select! {
        said = measure(&board, load) => said?,
        Some(ended) = workers.join_next() => return Err(format!("a worker ended: {ended:?}").into()),
    };
    while let Some(ended) = workers.join_next().await {
        ended??;
    }
    let mut feeder = feeding.await??;
    let answered = board.state().answered;
    let verdict = count::rival(&mut feeder.connection, answered, feeder.centre.kinds()).await?;
    said["verdict"] = verdict.json();
    Ok(said)
}

/// Measures, and ends it.
async fn measure(board: &Board, load: &Load) -> Outcome<Value> {
    let over = |board: &Board| board.state().is_over = true;
    if load.rate.is_some() {
        board.state().arriving = Some(Instant::now());
    }
    tokio::time::sleep(load.warm_up()).await;
    board.state().times.clear();
    let (before, begun) = (board.state().answered, Instant::now());
    tokio::time::sleep(load.window()).await;
    let (count, taken) = (board.state().answered - before, begun.elapsed());
    if load.rate.is_some() {
        board.state().arriving = None;
        served(board, load).await?;
        over(board);
        let times = std::mem::take(&mut board.state().times);
        return Ok(json!({ "to_assign": crate::summary(times, load.window()) }));
    }
    over(board);
    Ok(json!({ "assigned": count, "per_second": count as f64 / taken.as_secs_f64() }))
}

/// Waits until everybody who came has somebody.
async fn served(board: &Board, load: &Load) -> Outcome<()> {
    let end = Instant::now() + PATIENCE;
    tokio::time::sleep(load.last()).await;
    board.state().is_leaving = true;
    while !board.state().came.is_empty() {
        if Instant::now() > end {
            return Err(format!("{} were not assigned in time", board.state().came.len()).into());
        }
        tokio::time::sleep(REST).await;
    }
    Ok(())
}

/// The tables with the agents, and with what waits and is held at the beginning.
async fn prepare(options: &Options) -> Outcome<(Board, Feeder)> {
    let load = &options.load;
    let mut connection = PgConnection::connect(&load.url).await?;
    connection.execute(TABLES).await?;
    let mut centre = Centre::of(load.agents);
    employ(&mut connection, &centre.agents).await?;
    let board = Board(Arc::new((Mutex::default(), Notify::new())));
    let hold = load.hold(centre.slots());
    let mut held = VecDeque::new();
    if load.rate.is_some() {
        let night: Vec<_> = (0..load.waiting).map(|_| centre.at_night()).collect();
        insert(&mut connection, &night, AT_NIGHT).await?;
    } else {
        let chats: Vec<_> = (0..hold).map(|_| centre.next()).collect();
        insert(&mut connection, &chats, HELD).await?;
        give(&mut connection, load.agents, options.way.keeps_count()).await?;
        held.extend(chats.iter().map(|chat| chat.number));
        let line: Vec<_> = (0..load.waiting).map(|_| centre.next()).collect();
        insert(&mut connection, &line, WAITING).await?;
    }
    connection.execute("VACUUM ANALYZE").await?;
    let feeder = Feeder {
        connection,
        board: board.clone(),
        centre,
        held,
        hold,
        rate: load.rate,
        keeps_count: options.way.keeps_count(),
        arrived: 0,
    };
    Ok((board, feeder))
}

async fn employ(connection: &mut PgConnection, agents: &[Agent]) -> Outcome<()> {
    let queues: Vec<_> = agents.iter().map(|agent| array(&agent.queues)).collect();
    let skills: Vec<_> = agents.iter().map(|agent| array(&agent.skills)).collect();
    let sql = "INSERT INTO agents SELECT number - 1, queues::int[], skills::int[], $3, 0, 0 \
        FROM UNNEST($1::text[], $2::text[]) WITH ORDINALITY AS new(queues, skills, number)";
    let insert = sqlx::query(sql).bind(queues).bind(skills).bind(MAXIMUM as i32);
    insert.execute(&mut *connection).await?;
    connection
        .execute("INSERT INTO members SELECT UNNEST(queues), id FROM agents")
        .await?;
    connection
        .execute("INSERT INTO agent_skills SELECT id, UNNEST(skills) FROM agents")
        .await?;
    Ok(())
}

/// What is held at the beginning is shared out evenly.
async fn give(connection: &mut PgConnection, agents: usize, keeps_count: bool) -> Outcome<()> {
    let share = "UPDATE chats SET agent = id % $1 WHERE state = 1";
    sqlx::query(share).bind(agents as i64).execute(&mut *connection).await?;
    connection
        .execute("INSERT INTO assignments SELECT nextval('moments'), id, agent FROM chats WHERE state = 1 ORDER BY id")
        .await?;
    if keeps_count {
        let count = "UPDATE agents SET active = held.chats FROM (SELECT agent, COUNT(*) AS chats FROM chats \
            WHERE state = 1 GROUP BY agent) AS held WHERE agents.id = held.agent";
        connection.execute(count).await?;
    }
    Ok(())
}
