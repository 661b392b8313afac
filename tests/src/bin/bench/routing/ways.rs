//! How others assign, emulated by us: what each asks of the database, on tables that are as small as they can be. Agents take
//! what they are given: there is no offer and no answer, and nothing is explained or reported to anybody, which favours them.

use super::centre::QUEUES;
use crate::Outcome;
use clap::ValueEnum;
use sea_orm::sqlx::{self, Executor as _, PgConnection, Row as _, postgres::PgRow};
use std::time::{Duration, Instant};

/// One way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// The oldest chat is claimed with SKIP LOCKED, then each agent's chats are counted.
    Claim,
    /// All operators of the department are locked, then counted.
    Department,
    /// Every few seconds one chat of each department is assigned.
    Tick,
    /// One statement that claims a chat and an agent; how many chats each has is kept with the agent.
    Statement,
    /// One statement that claims 64 chats and the best agent of each, no agent twice.
    Batch,
}

impl Way {
    /// Whether how many chats an agent has is kept with the agent.
    pub const fn keeps_count(self) -> bool {
        matches!(self, Self::Statement | Self::Batch)
    }
}

/// The tables, empty. What waits is found by an index that holds nothing else.
pub const TABLES: &str = "\
CREATE SEQUENCE moments;
CREATE TABLE agents (id INT PRIMARY KEY, queues INT[] NOT NULL, skills INT[] NOT NULL, maximum INT NOT NULL,
    active INT NOT NULL, last_used BIGINT NOT NULL) WITH (fillfactor = 50);
CREATE TABLE members (queue INT, agent INT, PRIMARY KEY (queue, agent));
CREATE TABLE agent_skills (agent INT, skill INT, PRIMARY KEY (agent, skill));
CREATE TABLE chats (id BIGINT PRIMARY KEY, queue INT NOT NULL, skills INT[] NOT NULL, state SMALLINT NOT NULL,
    retry_at BIGINT NOT NULL DEFAULT 0, agent INT, ended BIGINT) WITH (fillfactor = 70);
CREATE TABLE assignments (at BIGINT NOT NULL, chat BIGINT NOT NULL, agent INT NOT NULL);
CREATE INDEX chats_waiting ON chats (id) WHERE state = 0;
CREATE INDEX chats_waiting_by_queue ON chats (queue, id) WHERE state = 0;
CREATE INDEX chats_held ON chats (agent) WHERE state = 1;
CREATE INDEX agents_idle ON agents (last_used, id) WHERE active < maximum;
";

/// A chat for which there is nobody is left alone for so many milliseconds.
const RETRY: i64 = 50;

const OLDEST: &str = "SELECT id, queue, skills FROM chats WHERE state = 0 AND retry_at <= $1 \
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED";

const OLDEST_OF_QUEUE: &str = "SELECT id, queue, skills FROM chats WHERE state = 0 AND retry_at <= $1 AND queue = $2 \
    ORDER BY id LIMIT 1 FOR UPDATE";

const NEXT_QUEUE: &str = "SELECT queue FROM chats WHERE state = 0 AND retry_at <= $1 AND queue >= $2 \
    ORDER BY queue, id LIMIT 1";

const LOCK_OPERATORS: &str = "SELECT agent FROM members WHERE queue = $1 ORDER BY agent FOR UPDATE";

/// Who of the queue knows everything that is asked for, has room, and was not used for longest.
const COUNT: &str = "SELECT a.id FROM members m JOIN agents a ON a.id = m.agent \
    LEFT JOIN chats h ON h.agent = a.id AND h.state = 1 \
    WHERE m.queue = $1 AND NOT EXISTS (SELECT 1 FROM UNNEST($2::int[]) AS asked(skill) WHERE NOT EXISTS \
    (SELECT 1 FROM agent_skills k WHERE k.agent = a.id AND k.skill = asked.skill)) \
    GROUP BY a.id HAVING COUNT(h.id) < a.maximum ORDER BY a.last_used, a.id LIMIT 1";

const GIVE: &str = "WITH moment AS (SELECT nextval('moments') AS at), \
    given AS (UPDATE chats SET state = 1, agent = $2 WHERE id = $1), \
    used AS (UPDATE agents SET last_used = moment.at FROM moment WHERE id = $2) \
    INSERT INTO assignments (at, chat, agent) SELECT at, $1, $2 FROM moment";

const LATER: &str = "UPDATE chats SET retry_at = $2 WHERE id = $1";

const STATEMENT: &str = "WITH chat AS (SELECT id, queue, skills FROM chats WHERE state = 0 AND retry_at <= $1 \
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED), \
    agent AS (SELECT a.id FROM agents a WHERE a.active < a.maximum AND a.queues @> ARRAY[(SELECT queue FROM chat)] \
    AND a.skills @> (SELECT skills FROM chat) ORDER BY a.last_used, a.id LIMIT 1 FOR UPDATE SKIP LOCKED), \
    moment AS (SELECT nextval('moments') AS at FROM agent), \
    used AS (UPDATE agents SET active = agents.active + 1, last_used = moment.at FROM agent, moment \
    WHERE agents.id = agent.id), \
    given AS (UPDATE chats SET state = 1, agent = agent.id FROM chat, agent WHERE chats.id = chat.id), \
    later AS (UPDATE chats SET retry_at = $1 + 50 FROM chat WHERE chats.id = chat.id \
    AND NOT EXISTS (SELECT 1 FROM agent)), \
    written AS (INSERT INTO assignments (at, chat, agent) SELECT moment.at, chat.id, agent.id FROM moment, chat, agent) \
    SELECT chat.id, agent.id IS NOT NULL FROM chat LEFT JOIN agent ON TRUE";

const BATCH: &str = "WITH chat AS (SELECT id, queue, skills FROM chats WHERE state = 0 AND retry_at <= $1 \
    ORDER BY id LIMIT 64 FOR UPDATE SKIP LOCKED), \
    best AS MATERIALIZED (SELECT chat.id AS chat, one.id AS agent FROM chat LEFT JOIN LATERAL \
    (SELECT a.id FROM agents a WHERE a.active < a.maximum AND a.queues @> ARRAY[chat.queue] AND a.skills @> chat.skills \
    ORDER BY a.last_used, a.id LIMIT 1) one ON TRUE), \
    pair AS MATERIALIZED (SELECT DISTINCT ON (agent) chat, agent FROM best WHERE agent IS NOT NULL ORDER BY agent, chat), \
    locked AS (SELECT a.id FROM agents a JOIN pair ON pair.agent = a.id WHERE a.active < a.maximum \
    FOR UPDATE OF a SKIP LOCKED), \
    moment AS (SELECT nextval('moments') AS at FROM (SELECT COUNT(*) FROM locked) AS done), \
    numbered AS MATERIALIZED (SELECT moment.at, pair.chat, pair.agent FROM moment, pair JOIN locked ON locked.id = pair.agent), \
    used AS (UPDATE agents SET active = agents.active + 1, last_used = numbered.at FROM numbered \
    WHERE agents.id = numbered.agent), \
    given AS (UPDATE chats SET state = 1, agent = numbered.agent FROM numbered WHERE chats.id = numbered.chat), \
    later AS (UPDATE chats SET retry_at = $1 + 50 FROM best WHERE chats.id = best.chat AND best.agent IS NULL), \
    written AS (INSERT INTO assignments (at, chat, agent) SELECT at, chat, agent FROM numbered) \
    SELECT best.chat, numbered.chat IS NOT NULL FROM best LEFT JOIN numbered ON numbered.chat = best.chat";

/// The chats that were assigned; `None` where nobody waited.
type Assigned = Option<Vec<usize>>;

/// What a worker found.
struct Found {
    chat: i64,
    queue: i32,
    skills: Vec<i32>,
}

impl Found {
    fn of(row: &PgRow) -> Outcome<Self> {
        Ok(Self {
            chat: row.try_get(0)?,
            queue: row.try_get(1)?,
            skills: row.try_get(2)?,
        })
    }
}

/// Somebody who assigns, with a connection of their own.
pub struct Worker {
    connection: PgConnection,
    way: Way,
    begun: Instant,
    /// The department that is next.
    turn: usize,
    /// When the next round of departments begins.
    due: Instant,
    tick: Duration,
}

impl Worker {
    /// One of several, who begin at different departments.
    pub fn new(connection: PgConnection, way: Way, number: usize, tick: Duration) -> Self {
        let now = Instant::now();
        Self {
            connection,
            way,
            begun: now,
            turn: if way == Way::Tick { 0 } else { number * 7 % QUEUES },
            due: now,
            tick,
        }
    }

    /// Assigns what it can at once; answers which chats, after the commit. `None` if nobody waits for whom it could look.
    pub async fn assign(&mut self) -> Outcome<Assigned> {
        match self.way {
            Way::Statement => self.at_once(STATEMENT).await,
            Way::Batch => self.at_once(BATCH).await,
            Way::Tick => self.tick().await,
            Way::Claim | Way::Department => self.in_transaction().await,
        }
    }

    fn now(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    async fn at_once(&mut self, sql: &'static str) -> Outcome<Assigned> {
        let query = sqlx::query(sql).bind(self.now());
        let rows = query.fetch_all(&mut self.connection).await?;
        let mut assigned = Vec::new();
        for row in &rows {
            if row.try_get(1)? {
                assigned.push(usize::try_from(row.try_get::<i64, _>(0)?)?);
            }
        }
        Ok((!rows.is_empty()).then_some(assigned))
    }

    async fn tick(&mut self) -> Outcome<Assigned> {
        if self.turn == 0 {
            tokio::time::sleep_until(self.due.into()).await;
            self.due += self.tick;
        }
        let assigned = self.in_transaction().await?;
        self.turn = (self.turn + 1) % QUEUES;
        Ok(assigned.or_else(|| Some(Vec::new())))
    }

    async fn in_transaction(&mut self) -> Outcome<Assigned> {
        self.connection.execute("BEGIN").await?;
        let found = match self.way {
            Way::Claim => self.find(sqlx::query(OLDEST).bind(self.now())).await?,
            Way::Department => self.in_department().await?,
            _ => self.of_queue(self.turn as i32).await?,
        };
        let assigned = match found {
            Some(found) => Some(self.give(found).await?.into_iter().collect()),
            None => None,
        };
        self.connection.execute("COMMIT").await?;
        Ok(assigned)
    }

    /// The oldest of the next department in which somebody waits, whose operators are locked first.
    async fn in_department(&mut self) -> Outcome<Option<Found>> {
        let mut next = self.next_queue().await?;
        if next.is_none() && self.turn > 0 {
            self.turn = 0;
            next = self.next_queue().await?;
        }
        let Some(queue) = next else { return Ok(None) };
        self.turn = (usize::try_from(queue)? + 1) % QUEUES;
        let lock = sqlx::query(LOCK_OPERATORS).bind(queue);
        lock.fetch_all(&mut self.connection).await?;
        self.of_queue(queue).await
    }

    async fn next_queue(&mut self) -> Outcome<Option<i32>> {
        let next = sqlx::query(NEXT_QUEUE).bind(self.now()).bind(self.turn as i32);
        let row = next.fetch_optional(&mut self.connection).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    async fn of_queue(&mut self, queue: i32) -> Outcome<Option<Found>> {
        let now = self.now();
        self.find(sqlx::query(OLDEST_OF_QUEUE).bind(now).bind(queue)).await
    }

    async fn find(&mut self, query: Query) -> Outcome<Option<Found>> {
        let row = query.fetch_optional(&mut self.connection).await?;
        row.map(|row| Found::of(&row)).transpose()
    }

    async fn give(&mut self, found: Found) -> Outcome<Option<usize>> {
        let count = sqlx::query(COUNT).bind(found.queue).bind(found.skills);
        let Some(row) = count.fetch_optional(&mut self.connection).await? else {
            let later = sqlx::query(LATER).bind(found.chat).bind(self.now() + RETRY);
            later.execute(&mut self.connection).await?;
            return Ok(None);
        };
        let give = sqlx::query(GIVE).bind(found.chat).bind(row.try_get::<i32, _>(0)?);
        give.execute(&mut self.connection).await?;
        Ok(Some(usize::try_from(found.chat)?))
    }
}

type Query = sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments>;
