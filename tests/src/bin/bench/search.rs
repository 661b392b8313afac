//! Searching transcripts on session's own path: the rpc called in this process, the permissions, the database's index. The
//! logs are written by plain statements and indexed by session itself.

use crate::{
    Outcome,
    append::{self, organisation},
    summary,
};
use clap::Args;
use onqueue_model::{DivisionId, Id, UserId};
use onqueue_proto::session::v1::{SearchTranscriptsRequest, transcript_service_client::TranscriptServiceClient};
use onqueue_server::{InProcess, layered};
use onqueue_store::Store;
use onqueue_testkit::{Tokens, running_context, with_token};
use sea_orm::{ConnectionTrait as _, Statement, Value as Bound};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How much, and where.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// A new database: sqlite://FILE or postgres://….
    #[arg(long)]
    pub url: String,
    /// How many messages there are.
    #[arg(long, default_value_t = 1_000_000)]
    pub messages: i64,
    /// How often each kind of search is made.
    #[arg(long, default_value_t = 40)]
    pub searches: usize,
}

/// How many messages a conversation has.
const EACH: i64 = 20;

/// How many conversations are written in one transaction.
const AT_ONCE: i64 = 100;

/// How many different words there are.
const VOCABULARY: usize = 50_000;

/// A conversation of these agents is one in so many.
const AGENTS: i64 = 200;

/// Fills the database, waits until everything is indexed, and searches one at a time.
pub async fn run(options: Options) -> Outcome<Value> {
    let store = append::store(&options.url).await?;
    let mut words = Words::new();
    let began = Instant::now();
    let mut first = 0;
    while first * EACH < options.messages {
        let rows = rows(&mut words, first..(first + AT_ONCE).min(options.messages / EACH));
        write(&store, rows).await?;
        first += AT_ONCE;
    }
    let filled = began.elapsed();
    let context = running_context(7);
    let tokens = Tokens::new(&context);
    let bound = onqueue_session::bind(&onqueue_session::Settings::default(), store.clone(), context.clone())
        .await
        .map_err(|fault| format!("{fault:?}"))?;
    let service = layered(bound, &context);
    append::put_policy(&service).await?;
    let began = Instant::now();
    while behind(&store).await? > 0 {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let indexed = began.elapsed();
    analyse(&store).await?;
    let reader: UserId = Id::new(Uuid::from_u128(5));
    tokens.grant(organisation(), reader, DivisionId::ALL, &["recording:transcript:view"]);
    let token = tokens.user(organisation(), reader, "Reader");
    let mut said = json!({
        "messages": options.messages,
        "filled_s": filled.as_secs_f64(),
        "indexed_s": indexed.as_secs_f64(),
    });
    said["searches"] = searches(&service, &token, &mut words, options.searches).await?;
    Ok(said)
}

/// Latencies by kind of search.
async fn searches(service: &InProcess, token: &str, words: &mut Words, count: usize) -> Outcome<Value> {
    let mut all = Vec::new();
    let mut by_kind = Map::new();
    for kind in Kind::ALL {
        let mut taken = Vec::new();
        for _ in 0..count {
            let request = kind.request(words);
            let began = Instant::now();
            TranscriptServiceClient::new(service.clone())
                .search_transcripts(with_token(request, token))
                .await?;
            taken.push(began.elapsed());
        }
        all.extend(taken.iter().copied());
        by_kind.insert(kind.name().to_owned(), spread(taken));
    }
    by_kind.insert("all".to_owned(), spread(all));
    Ok(by_kind.into())
}

fn spread(mut taken: Vec<Duration>) -> Value {
    taken.sort_unstable();
    let over = taken.iter().sum();
    let at = taken.len() * 95 / 100;
    let p95 = taken
        .get(at.min(taken.len() - 1))
        .map_or(0.0, |one| one.as_secs_f64() * 1e6);
    let mut said = summary(taken, over);
    said["p95_us"] = p95.into();
    said
}

/// What people search for.
#[derive(Clone, Copy)]
enum Kind {
    Frequent,
    Usual,
    Rare,
    Several,
    Phrase,
    OfAgent,
    InTime,
    Listed,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Frequent,
        Self::Usual,
        Self::Rare,
        Self::Several,
        Self::Phrase,
        Self::OfAgent,
        Self::InTime,
        Self::Listed,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Frequent => "one of the 100 most frequent words",
            Self::Usual => "one of the 10,000 most frequent words",
            Self::Rare => "any other word",
            Self::Several => "three words as they are said",
            Self::Phrase => "two words one after the other",
            Self::OfAgent => "a word in an agent's conversations",
            Self::InTime => "a word in one tenth of the time",
            Self::Listed => "an agent's conversations",
        }
    }

    fn request(self, words: &mut Words) -> SearchTranscriptsRequest {
        let agent = agent(words.below(AGENTS as u64) as i64).to_string();
        let (text, user_id) = match self {
            Self::Frequent => (words.of(0..100), String::new()),
            Self::Usual | Self::InTime => (words.of(100..10_000), String::new()),
            Self::Rare => (words.of(10_000..VOCABULARY), String::new()),
            Self::Several => (
                format!("{} {} {}", words.said(), words.said(), words.said()),
                String::new(),
            ),
            Self::Phrase => (format!("\"{} {}\"", words.said(), words.said()), String::new()),
            Self::OfAgent => (words.said(), agent),
            Self::Listed => (String::new(), agent),
        };
        let mut request = SearchTranscriptsRequest {
            text,
            user_id,
            ..SearchTranscriptsRequest::default()
        };
        if matches!(self, Self::InTime) {
            request.created_from = Some(onqueue_proto::timestamp(onqueue_model::Timestamp(at(12_000))));
            request.created_before = Some(onqueue_proto::timestamp(onqueue_model::Timestamp(at(17_000))));
        }
        request
    }
}

/// When a conversation was begun: one in ten minutes.
const fn at(conversation: i64) -> i64 {
    1_700_000_000_000 + conversation * 600_000
}

fn agent(number: i64) -> UserId {
    Id::new(Uuid::from_u128(1_000 + number as u128))
}

/// Words with the frequencies of language, from a seed.
struct Words {
    state: u64,
    words: Vec<String>,
    /// How often one of these and those before it comes, of the last.
    sums: Vec<f64>,
}

impl Words {
    fn new() -> Self {
        const SYLLABLES: [&str; 24] = [
            "ba", "re", "chnung", "ver", "trag", "mo", "ni", "ka", "lus", "ter", "ge", "ber", "lin", "fo", "ra", "en",
            "tion", "sel", "pa", "ket", "ziel", "um", "lie", "kon",
        ];
        let mut new = Self {
            state: 7,
            words: Vec::new(),
            sums: Vec::new(),
        };
        let mut sum = 0.0;
        for rank in 0..VOCABULARY {
            let syllables = if rank < 24 { 1 } else { 2 + new.below(3) };
            let word: String = (0..syllables).map(|_| SYLLABLES[new.below(24) as usize]).collect();
            let word = match SYLLABLES.get(rank) {
                Some(first) => (*first).to_owned(),
                None => format!("{word}{}", rank % 7),
            };
            new.words.push(word);
            sum += 1.0 / (rank as f64 + 1.0);
            new.sums.push(sum);
        }
        new
    }

    fn below(&mut self, end: u64) -> u64 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % end
    }

    fn of(&mut self, ranks: std::ops::Range<usize>) -> String {
        let rank = ranks.start + self.below((ranks.end - ranks.start) as u64) as usize;
        self.words[rank].clone()
    }

    /// One as it comes in language.
    fn said(&mut self) -> String {
        let last = self.sums.last().copied().unwrap_or(1.0);
        let place = self.below(1 << 30) as f64 / f64::from(1 << 30) * last;
        let rank = self.sums.partition_point(|sum| *sum < place);
        self.words[rank.min(VOCABULARY - 1)].clone()
    }

    fn message(&mut self) -> String {
        let count = 4 + self.below(17);
        let words: Vec<String> = (0..count).map(|_| self.said()).collect();
        words.join(" ")
    }
}

/// Rows of conversations, of who takes part, and of events.
struct Rows {
    conversations: Vec<Vec<Bound>>,
    participants: Vec<Vec<Bound>>,
    events: Vec<Vec<Bound>>,
}

const CONVERSATION: &str = "INSERT INTO session_conversations (organisation_id, id, opening, deployment_id, queue_id, guest_id, \
    guest_name, topic, request_id, request_hash, state, last_sequence, last_public_sequence, last_agent_sequence, head_hash, \
    report_epoch, report_position, created_at, last_activity_at, ended_at, end_reason) VALUES ";
const PARTICIPANT: &str = "INSERT INTO session_participants (organisation_id, conversation_id, id, kind, user_id, name, joined_at, \
    left_at) VALUES ";
const EVENT: &str = "INSERT INTO session_events (organisation_id, conversation_id, sequence, public_sequence, agent_sequence, id, \
    kind, visibility, at, part, salt, hash) VALUES ";
const NUMBERED: &str = "INSERT INTO session_search (organisation_id, conversation_id, created_at, sequence, is_open) \
    SELECT organisation_id, id, created_at, 0, TRUE FROM session_conversations AS c WHERE NOT EXISTS (SELECT 1 FROM \
    session_search AS s WHERE s.organisation_id = c.organisation_id AND s.conversation_id = c.id) ORDER BY created_at";

fn rows(words: &mut Words, numbers: std::ops::Range<i64>) -> Rows {
    let of = organisation().uuid();
    let mut rows = Rows {
        conversations: Vec::new(),
        participants: Vec::new(),
        events: Vec::new(),
    };
    for number in numbers {
        let (id, at) = (Uuid::from_u128(1 << 80 | number as u128), at(number));
        rows.conversations.push(vec![
            of.into(),
            id.into(),
            1.into(),
            Uuid::from_u128(4).into(),
            Uuid::from_u128(3).into(),
            Uuid::from_u128(6).into(),
            "Guest".into(),
            "".into(),
            id.into(),
            vec![0_u8; 32].into(),
            5_i16.into(),
            EACH.into(),
            EACH.into(),
            EACH.into(),
            vec![0_u8; 32].into(),
            0_i64.into(),
            0_i64.into(),
            at.into(),
            at.into(),
            at.into(),
            2_i16.into(),
        ]);
        rows.participants.push(vec![
            of.into(),
            id.into(),
            Uuid::from_u128(2 << 80 | number as u128).into(),
            2_i16.into(),
            agent(number % AGENTS).uuid().into(),
            "Agent".into(),
            at.into(),
            at.into(),
        ]);
        for sequence in 1..=EACH {
            let part = json!({ "type": "message", "text": words.message() }).to_string();
            rows.events.push(vec![
                of.into(),
                id.into(),
                sequence.into(),
                sequence.into(),
                sequence.into(),
                Uuid::from_u128(3 << 80 | (number * EACH + sequence) as u128).into(),
                7_i16.into(),
                1_i16.into(),
                at.into(),
                part.into(),
                vec![0_u8; 16].into(),
                vec![0_u8; 32].into(),
            ]);
        }
    }
    rows
}

async fn write(store: &Store, rows: Rows) -> Outcome<()> {
    let backend = store.reader().get_database_backend();
    let insert = |head: &str, rows: Vec<Vec<Bound>>| {
        let mut number = 0;
        let lists = rows.iter().map(|row| {
            let places = row.iter().map(|_| {
                number += 1;
                format!("${number}")
            });
            format!("({})", places.collect::<Vec<_>>().join(", "))
        });
        let text = format!("{head}{}", lists.collect::<Vec<_>>().join(", "));
        Statement::from_sql_and_values(backend, text, rows.into_iter().flatten())
    };
    let statements = [
        insert(CONVERSATION, rows.conversations),
        insert(PARTICIPANT, rows.participants),
        insert(EVENT, rows.events),
        Statement::from_string(backend, NUMBERED),
    ];
    store
        .transaction(move |tx| {
            let statements = statements.clone();
            Box::pin(async move {
                for statement in statements {
                    tx.execute_raw(statement).await?;
                }
                Ok(())
            })
        })
        .await?;
    Ok(())
}

async fn behind(store: &Store) -> Outcome<i64> {
    let backend = store.reader().get_database_backend();
    let count = "SELECT COUNT(*) AS count FROM session_search WHERE is_open";
    let row = store
        .reader()
        .query_one_raw(Statement::from_string(backend, count))
        .await?;
    Ok(row.ok_or("no count")?.try_get("", "count")?)
}

/// What the database does by itself now and then.
async fn analyse(store: &Store) -> Outcome<()> {
    store
        .transaction(|tx| {
            Box::pin(async move {
                tx.execute_unprepared("ANALYZE").await?;
                Ok(())
            })
        })
        .await?;
    Ok(())
}
