//! Finding canned responses while somebody types, on content's own path: the rpc called in this process, the permissions, the
//! index, and the rows of what is found. The responses come in as a file, through the rpc that imports.

use crate::{Outcome, summary};
use clap::Args;
use onqueue_content::{Migrations, Seed, Settings, bind, profile, seed};
use onqueue_model::{DivisionId, Id, OrganisationId, UserId};
use onqueue_proto::content::v1::{
    ExportResponsesRequest, ImportResponsesRequest, ImportState, Library, ListResponsesRequest, RecordUseRequest,
    Response, ResponseFormat, SearchResponsesRequest, UpdateResponseRequest,
    response_service_client::ResponseServiceClient, response_transfer_service_client::ResponseTransferServiceClient,
};
use onqueue_server::{Context, InProcess, layered};
use onqueue_store::{Settings as Place, Store};
use onqueue_testkit::{Tokens, running_context, with_token};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};
use tonic::Status;
use uuid::Uuid;

/// How much, and where.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// A new database: sqlite://FILE or postgres://….
    #[arg(long)]
    pub url: String,
    /// How many responses there are.
    #[arg(long, default_value_t = 20_000)]
    pub responses: usize,
    /// How many times somebody looks for one of them.
    #[arg(long, default_value_t = 1_000)]
    pub queries: usize,
    /// How many are changed by another replica and looked for at once.
    #[arg(long, default_value_t = 100)]
    pub edits: usize,
}

/// How many different words each language has.
const VOCABULARY: usize = 20_000;

/// How many words a text has.
const TEXT: u64 = 40;

/// How many agents use them, and how often each does.
const AGENTS: u128 = 50;
const USES: u64 = 40;

/// Rows of a file. A file may have 20,000, but with texts as long as these that would be more than its 16 MiB.
const ROWS: usize = 10_000;

/// How many searches may end while the index is being filled.
const FILLS: usize = 20;

const PART: usize = 61_440;

fn organisation() -> OrganisationId {
    Id::new(Uuid::from_u128(1))
}

fn library() -> String {
    Uuid::from_u128(3).to_string()
}

/// Brings the responses in, has them used, looks for them letter by letter, and while another replica changes them.
pub async fn run(options: Options) -> Outcome<Value> {
    let context = running_context(7);
    let tokens = Tokens::new(&context);
    let store = store(&options.url).await?;
    store.migrate::<Migrations>().await?;
    let shelf = Library {
        library_id: library(),
        name: "All".to_owned(),
        division_id: Uuid::from_u128(2).to_string(),
        ..Library::default()
    };
    let begun = Seed {
        organisation: organisation(),
        libraries: vec![shelf],
        responses: Vec::new(),
    };
    seed(&store, &context, begun)
        .await
        .map_err(|fault| format!("{fault:?}"))?;
    let everybody: Vec<UserId> = (0..AGENTS)
        .map(|number| Id::new(Uuid::from_u128(0x100 + number)))
        .collect();
    tokens.grant_all(organisation(), &everybody, DivisionId::ALL, &["responses:*:*"]);
    let desk = Desk {
        content: bound(store, &context).await?,
        token: tokens.user(organisation(), everybody[0], "Ada"),
    };
    let mut words = Words::new();
    let names: Vec<[String; 2]> = (0..options.responses).map(|_| words.names()).collect();
    let mut said = desk.bring(&mut words, &names).await?;
    desk.use_some(&mut words, (&tokens, &everybody)).await?;
    let began = Instant::now();
    desk.fill().await?;
    said["index_filled_ms"] = (began.elapsed().as_secs_f64() * 1e3).into();
    said["finds"] = desk.type_all(&mut words, &names, options.queries).await?;
    let beside = Desk {
        content: bound(self::store(&options.url).await?, &context).await?,
        token: desk.token.clone(),
    };
    beside.fill().await?;
    said["after_edit"] = desk.find_edited(&beside, options.edits).await?;
    Ok(said)
}

async fn store(url: &str) -> Outcome<Store> {
    let mut place = Place::sqlite(Path::new("unused"));
    url.clone_into(&mut place.url);
    if place.is_postgres() {
        Store::prepare(&place, &["auth", "session", "routing", "content"]).await?;
    }
    Ok(Store::open_as(&place, &profile()).await?)
}

/// Content with a session that is away: nothing that is measured asks it.
async fn bound(store: Store, context: &Context) -> Outcome<InProcess> {
    let away = tower::service_fn(|_| async { Err(Status::unavailable("nobody asks")) });
    let bound = bind(&Settings::default(), store, context.clone(), InProcess::new(away)).await;
    Ok(layered(bound.map_err(|fault| format!("{fault:?}"))?, context))
}

/// Somebody who calls content.
struct Desk {
    content: InProcess,
    token: String,
}

impl Desk {
    fn responses(&self) -> ResponseServiceClient<InProcess> {
        ResponseServiceClient::new(self.content.clone())
    }

    /// Imports all, and exports them again.
    async fn bring(&self, words: &mut Words, names: &[[String; 2]]) -> Outcome<Value> {
        let mut took = Duration::ZERO;
        for (number, names) in names.chunks(ROWS).enumerate() {
            let file = table(words, names, number * ROWS);
            let began = Instant::now();
            self.import(&file).await?;
            took += began.elapsed();
        }
        let began = Instant::now();
        let asked = ExportResponsesRequest {
            library_id: library(),
            format: ResponseFormat::Csv.into(),
        };
        let mut client = ResponseTransferServiceClient::new(self.content.clone());
        let mut parts = client
            .export_responses(with_token(asked, &self.token))
            .await?
            .into_inner();
        let mut bytes = 0;
        while let Some(part) = parts.message().await? {
            bytes += part.content.len();
        }
        Ok(json!({
            "responses": names.len(),
            "imported_s": took.as_secs_f64(),
            "exported_s": began.elapsed().as_secs_f64(),
            "exported_bytes": bytes,
        }))
    }

    async fn import(&self, file: &str) -> Outcome<()> {
        let request_id = Uuid::now_v7().to_string();
        let parts: Vec<&[u8]> = file.as_bytes().chunks(PART).collect();
        let mut state = ImportState::Unspecified;
        for (part, content) in parts.iter().enumerate() {
            let asked = ImportResponsesRequest {
                request_id: request_id.clone(),
                library_id: library(),
                format: ResponseFormat::Csv.into(),
                part: i32::try_from(part)?,
                parts: i32::try_from(parts.len())?,
                content: content.to_vec().into(),
                ..ImportResponsesRequest::default()
            };
            let mut client = ResponseTransferServiceClient::new(self.content.clone());
            let answer = client
                .import_responses(with_token(asked, &self.token))
                .await?
                .into_inner();
            if let Some(problem) = answer.problems.first() {
                return Err(format!("{problem:?}").into());
            }
            state = answer.state();
        }
        match state {
            ImportState::Imported => Ok(()),
            other => Err(format!("{other:?}").into()),
        }
    }

    /// Every agent sends some of them.
    async fn use_some(&self, words: &mut Words, (tokens, everybody): (&Tokens, &[UserId])) -> Outcome<()> {
        let mut ids = Vec::new();
        let mut page_token = String::new();
        while ids.len() < 2_000 {
            let asked = ListResponsesRequest {
                page_size: 200,
                page_token,
                ..ListResponsesRequest::default()
            };
            let page = self
                .responses()
                .list_responses(with_token(asked, &self.token))
                .await?
                .into_inner();
            ids.extend(page.responses.into_iter().map(|response| response.response_id));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        for (number, user) in everybody.iter().enumerate() {
            let token = tokens.user(organisation(), *user, "Agent");
            for which in 0..USES {
                let used = RecordUseRequest {
                    response_id: ids[words.below(ids.len() as u64) as usize].clone(),
                    client_message_id: format!("{number}-{which}"),
                    conversation_id: String::new(),
                };
                self.responses().record_use(with_token(used, &token)).await?;
            }
        }
        Ok(())
    }

    async fn find(&self, text: &str, language: &str) -> Outcome<(Duration, Vec<Response>)> {
        let asked = SearchResponsesRequest {
            text: text.to_owned(),
            language: language.to_owned(),
            ..SearchResponsesRequest::default()
        };
        let asked = with_token(asked, &self.token);
        let began = Instant::now();
        let found = self.responses().search_responses(asked).await?.into_inner().responses;
        let took = began.elapsed();
        Ok((took, found.into_iter().filter_map(|found| found.response).collect()))
    }

    /// Searches until the index is there: on a busy machine a search may end before it is filled, and the next goes on.
    async fn fill(&self) -> Outcome<()> {
        for _ in 0..FILLS {
            if self.find("", "de").await.is_ok() {
                return Ok(());
            }
        }
        self.find("", "de").await.map(drop)
    }

    /// A call for each letter that is typed.
    async fn type_all(&self, words: &mut Words, names: &[[String; 2]], queries: usize) -> Outcome<Value> {
        let mut kinds: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
        let (mut wanted, mut found) = (0_u64, 0_u64);
        for query in 0..queries {
            let which = words.below(names.len() as u64) as usize;
            let (language, name) = if query % 2 == 0 {
                ("de", &names[which][0])
            } else {
                ("en", &names[which][1])
            };
            let is_wrong = query % 4 >= 2;
            let typed = if is_wrong { words.mistyped(name) } else { name.clone() };
            let letters: Vec<char> = typed.chars().collect();
            for length in 1..=letters.len() {
                let text: String = letters[..length].iter().collect();
                let (took, responses) = self.find(&text, language).await?;
                for kind in ["all", language, kind(length, is_wrong)] {
                    kinds.entry(kind).or_default().push(took);
                }
                if length == letters.len() {
                    let is_it = |response: &Response| response.name.contains(name.as_str());
                    (wanted, found) = (wanted + 1, found + u64::from(responses.iter().any(is_it)));
                }
            }
        }
        let mut said: Map<String, Value> = Map::new();
        for (kind, taken) in kinds {
            let over = taken.iter().sum();
            said.insert(kind.to_owned(), summary(taken, over));
        }
        said.insert("among_ten".to_owned(), json!(found as f64 / wanted.max(1) as f64));
        Ok(said.into())
    }

    /// What another replica has changed is looked for here at once.
    async fn find_edited(&self, beside: &Self, edits: usize) -> Outcome<Value> {
        let mut taken = Vec::new();
        for edit in 0..edits {
            let (_, found) = beside.find("", "").await?;
            let mut response = found.into_iter().next().ok_or("nothing to change")?;
            response.name = format!("Changed{edit:06}");
            let change = UpdateResponseRequest {
                response: Some(response.clone()),
                update_mask: Some(prost_types::FieldMask {
                    paths: vec!["name".to_owned()],
                }),
            };
            beside
                .responses()
                .update_response(with_token(change, &beside.token))
                .await?;
            let (took, found) = self.find(&response.name, "de").await?;
            if found.first().map(|found| &found.response_id) != Some(&response.response_id) {
                return Err(format!("{} is not found", response.name).into());
            }
            taken.push(took);
        }
        let over = taken.iter().sum();
        Ok(summary(taken, over))
    }
}

const fn kind(length: usize, is_wrong: bool) -> &'static str {
    match (length, is_wrong) {
        (1, _) => "the first letter",
        (2 | 3, _) => "two or three letters",
        (_, true) => "more letters, one of them wrong",
        (_, false) => "more letters",
    }
}

/// A file of these responses.
fn table(words: &mut Words, names: &[[String; 2]], first: usize) -> String {
    let mut file = "name,shortcut,tags,text:de,text:en\n".to_owned();
    for (number, [german, english]) in names.iter().enumerate() {
        let (number, tag) = (first + number, number % 40);
        let (de, en) = (words.text(0), words.text(1));
        file.push_str(&format!(
            "{german} {english},{}{number},Thema {tag},{de},{en}\n",
            &english[..2]
        ));
    }
    file
}

/// What people write about in a shop, in each language; the rest of a vocabulary is made up of syllables.
const SPOKEN: [&[&str]; 2] = [
    &[
        "Rückerstattung",
        "Rücksendung",
        "Lieferung",
        "Größe",
        "Rechnung",
        "Gutschein",
        "Überweisung",
        "Bestellung",
        "Verspätung",
        "Begrüßung",
        "Kündigung",
        "Adresse",
        "Zahlung",
        "Umtausch",
        "Garantie",
        "Verfügbarkeit",
    ],
    &[
        "refund",
        "return",
        "delivery",
        "size",
        "invoice",
        "voucher",
        "transfer",
        "order",
        "delay",
        "greeting",
        "cancellation",
        "address",
        "payment",
        "exchange",
        "warranty",
        "availability",
    ],
];

const SYLLABLES: [&[&str]; 2] = [
    &[
        "ver", "be", "ge", "schlag", "über", "füh", "rung", "heit", "mög", "lich", "sam", "keit", "ziel", "stück",
        "aus",
    ],
    &[
        "con", "ment", "er", "ing", "tion", "able", "ship", "re", "un", "ly", "ness", "ward", "ful", "pre", "sist",
    ],
];

/// Words of two languages, with the frequencies of language, the same each time.
struct Words {
    state: u64,
    all: [Vec<String>; 2],
    sums: Vec<f64>,
}

impl Words {
    fn new() -> Self {
        let mut words = Self {
            state: 42,
            all: [Vec::new(), Vec::new()],
            sums: Vec::new(),
        };
        for language in 0..2 {
            let mut all: Vec<String> = SPOKEN[language].iter().map(|word| (*word).to_owned()).collect();
            while all.len() < VOCABULARY {
                let count = 2 + words.below(3);
                let syllables = SYLLABLES[language];
                let syllable = |_| syllables[words.below(syllables.len() as u64) as usize];
                all.push((0..count).map(syllable).collect());
            }
            words.all[language] = all;
        }
        let mut sum = 0.0;
        words.sums = (1..=VOCABULARY)
            .map(|rank| {
                sum += 1.0 / rank as f64;
                sum
            })
            .collect();
        words
    }

    /// 0 up to `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % end
    }

    /// One as it comes in language.
    fn said(&mut self, language: usize) -> &str {
        let last = self.sums.last().copied().unwrap_or(1.0);
        let place = self.below(1 << 30) as f64 / f64::from(1 << 30) * last;
        let rank = self.sums.partition_point(|sum| *sum < place);
        &self.all[language][rank.min(VOCABULARY - 1)]
    }

    /// In German and in English; of words that are not in everything.
    fn names(&mut self) -> [String; 2] {
        [0, 1].map(|language| {
            let (topic, rest) = (
                self.below(16) as usize,
                16 + self.below(VOCABULARY as u64 - 16) as usize,
            );
            format!("{} {}", self.all[language][topic], self.all[language][rest])
        })
    }

    fn text(&mut self, language: usize) -> String {
        let words: Vec<String> = (0..TEXT).map(|_| self.said(language).to_owned()).collect();
        words.join(" ")
    }

    /// With two neighbours exchanged, one letter left out, or one written twice, in a longer word.
    fn mistyped(&mut self, text: &str) -> String {
        let mut letters: Vec<char> = text.chars().collect();
        let end = letters
            .iter()
            .position(|letter| *letter == ' ')
            .unwrap_or(letters.len());
        let place = 1 + self.below(end.saturating_sub(3).max(1) as u64) as usize;
        match self.below(3) {
            0 => letters.swap(place, place + 1),
            1 => drop(letters.remove(place)),
            _ => letters.insert(place, letters[place]),
        }
        letters.into_iter().collect()
    }
}
