//! Canned responses in a live chat: written by who administers, found by an agent while typing, filled in, sent; never sent
//! with holes. And a whole library that comes in as a file, or not at all.

use onqueue_client::{metadata, reason};
use onqueue_model::Reason;
use onqueue_proto::{
    auth::v1::{ListDivisionsRequest, division_service_client::DivisionServiceClient},
    content::v1::{
        CreateLibraryRequest, CreateResponseRequest, ExportResponsesRequest, FoundResponse, ImportResponsesRequest,
        ImportResponsesResponse, ImportState, Library, ListResponsesRequest, RecordUseRequest, RenderResponseRequest,
        Response, ResponseFormat, SearchResponsesRequest, Substitution, Variant,
        library_service_client::LibraryServiceClient, response_service_client::ResponseServiceClient,
        response_transfer_service_client::ResponseTransferServiceClient,
    },
};
use onqueue_tests::{
    cluster::Cluster,
    people::{self, Agent, Customer, bearing, login},
};
use std::time::Duration;
use tonic::{Code, Status, transport::Channel};
use uuid::Uuid;

/// How soon a response is found after it was written.
const FOUND: Duration = Duration::from_secs(5);

/// An agent and a customer in a chat in English.
struct Chat {
    cluster: Cluster,
    agent: Agent,
    customer: Customer,
}

impl Chat {
    /// The chat, and this response in a library of the agent's division.
    async fn with(shortcut: &str, text: &str, substitutions: &[&str]) -> Self {
        let cluster = Cluster::start().await;
        write(&cluster, shortcut, text, substitutions).await;
        let mut agent = Agent::login(cluster.address(), &cluster.credentials, "Ben").await;
        agent.on_queue().await;
        let customer = Customer::start(cluster.address(), &cluster.credentials, "Billing", "en").await;
        let offer = agent.next_offer().await;
        assert_eq!(agent.accept(&offer).await, customer.conversation);
        customer.until_joined().await;
        Self {
            cluster,
            agent,
            customer,
        }
    }

    fn responses(&self) -> ResponseServiceClient<Channel> {
        ResponseServiceClient::new(self.cluster.door())
    }

    /// Types letters until the best that is found has this shortcut.
    async fn find(&self, letters: &str, expected: &str) -> FoundResponse {
        let mut best = None;
        onqueue_testkit::until("the response to be found", FOUND, async || {
            best = self.best(letters).await;
            let response = best.as_ref().and_then(|found| found.response.as_ref());
            response.is_some_and(|response| response.shortcut == expected)
        })
        .await;
        best.expect("found")
    }

    async fn best(&self, text: &str) -> Option<FoundResponse> {
        let request = SearchResponsesRequest {
            text: text.to_owned(),
            language: "en".to_owned(),
            conversation_id: self.customer.conversation.clone(),
            ..SearchResponsesRequest::default()
        };
        let request = bearing(&self.agent.token, request);
        let found = self.responses().search_responses(request).await;
        found.expect("searches").into_inner().responses.into_iter().next()
    }

    /// Fills in what was found for this chat.
    async fn render(&self, found: &FoundResponse, values: &[(&str, &str)]) -> Result<String, Status> {
        let pairs = values.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let request = RenderResponseRequest {
            response_id: id(found),
            language: found.language.clone(),
            conversation_id: self.customer.conversation.clone(),
            values: pairs.collect(),
        };
        let rendered = self
            .responses()
            .render_response(bearing(&self.agent.token, request))
            .await?;
        Ok(rendered.into_inner().text)
    }

    /// Sends a text as the agent.
    async fn send(&self, key: &str, text: &str) {
        let (client, token) = (self.customer.client.clone(), &self.agent.token);
        people::send(client, token, &self.customer.conversation, key, text)
            .await
            .expect("sends");
    }

    /// Counts the use of a response in a message; answers how often it was used by now.
    async fn used(&self, found: &FoundResponse, key: &str) -> i64 {
        let request = RecordUseRequest {
            response_id: id(found),
            client_message_id: key.to_owned(),
            conversation_id: self.customer.conversation.clone(),
        };
        let answer = self.responses().record_use(bearing(&self.agent.token, request)).await;
        answer.expect("counts").into_inner().uses
    }
}

fn id(found: &FoundResponse) -> String {
    found.response.as_ref().expect("a response").response_id.clone()
}

/// Makes a library of the first division as the administrator; answers her token and its id.
async fn library(cluster: &Cluster) -> (String, String) {
    let answer = login(cluster.address(), &cluster.credentials, "Petra").await;
    let token = answer.tokens.expect("tokens").access_token;
    let mut divisions = DivisionServiceClient::new(cluster.door());
    let list = ListDivisionsRequest {
        text: "Main".to_owned(),
        ..ListDivisionsRequest::default()
    };
    let listed = divisions.list_divisions(bearing(&token, list)).await;
    let division = listed.expect("lists").into_inner().divisions.pop().expect("a division");
    let library = CreateLibraryRequest {
        request_id: Uuid::now_v7().to_string(),
        library: Some(Library {
            name: "Of this journey".to_owned(),
            division_id: division.division_id,
            ..Library::default()
        }),
    };
    let mut libraries = LibraryServiceClient::new(cluster.door());
    let made = libraries.create_library(bearing(&token, library)).await;
    let library = made.expect("makes").into_inner().library.expect("a library");
    (token, library.library_id)
}

/// Writes a response as the administrator, into a library of the first division.
async fn write(cluster: &Cluster, shortcut: &str, text: &str, substitutions: &[&str]) {
    let (token, library) = library(cluster).await;
    let declared = |name: &&str| Substitution {
        name: (*name).to_owned(),
        ..Substitution::default()
    };
    let response = CreateResponseRequest {
        request_id: Uuid::now_v7().to_string(),
        response: Some(Response {
            name: "From this journey".to_owned(),
            shortcut: shortcut.to_owned(),
            library_ids: vec![library],
            variants: vec![Variant {
                language: "en".to_owned(),
                text: text.to_owned(),
            }],
            substitutions: substitutions.iter().map(declared).collect(),
            ..Response::default()
        }),
    };
    let mut responses = ResponseServiceClient::new(cluster.door());
    responses
        .create_response(bearing(&token, response))
        .await
        .expect("makes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_is_found_with_two_letters_and_sent() {
    let text = "Welcome {{CUSTOMER_NAME}}, I am {{AGENT_NAME}} of {{QUEUE_NAME}}.";
    let chat = Chat::with("welc", text, &[]).await;
    let found = chat.find("we", "welc").await;
    assert_eq!(found.language, "en");

    let text = chat.render(&found, &[]).await.expect("renders");
    assert_eq!(text, "Welcome Jürgen, I am Ben Carter of Billing.");
    chat.send("welcome", &text).await;
    assert_eq!(people::messages(&chat.customer.events().await), [text]);

    assert_eq!(chat.used(&found, "welcome").await, 1);
    assert_eq!(chat.used(&found, "welcome").await, 1, "once for each message");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_variable_is_named_and_nothing_is_sent() {
    let text = "{{CUSTOMER_NAME}}, your account is {{ACCOUNT_NUMBER}}.";
    let chat = Chat::with("acct", text, &["ACCOUNT_NUMBER"]).await;
    let found = chat.find("ac", "acct").await;
    let before = chat.customer.events().await;

    let refused = chat.render(&found, &[]).await.expect_err("a value is missing");
    assert_eq!(
        (
            refused.code(),
            reason(&refused),
            metadata(&refused, "variables").as_deref()
        ),
        (
            Code::FailedPrecondition,
            Some(Reason::VariableMissing),
            Some("ACCOUNT_NUMBER")
        ),
        "{refused:?}"
    );
    assert_eq!(chat.customer.events().await, before);

    let value = "{{AGENT_NAME}} <b>7</b>";
    let text = chat.render(&found, &[("ACCOUNT_NUMBER", value)]).await;
    let text = text.expect("renders");
    assert_eq!(text, format!("Jürgen, your account is {value}."), "a value is text");
    assert_eq!(chat.customer.events().await, before, "to fill in is not to send");
    chat.send("account", &text).await;
    assert_eq!(people::messages(&chat.customer.events().await), [text]);
}

/// The longest part of a file.
const PART: usize = 61_440;

/// How many rows the file has.
const ROWS: usize = 10_000;

/// A file of many responses in two languages, written as the product writes it.
fn table() -> String {
    let mut file = "\u{feff}name,shortcut,tags,substitutions,text:de,text:en\r\n".to_owned();
    for row in 0..ROWS {
        file.push_str(&format!(
            "Answer {row:05},a{row:05},Urgent|Money,,\"Guten Tag,\nes kostet {row} €.\",\"Hello, it is {row}.\"\r\n"
        ));
    }
    file
}

async fn import(cluster: &Cluster, token: &str, library: &str, file: &str) -> ImportResponsesResponse {
    let request_id = Uuid::now_v7().to_string();
    let parts: Vec<&[u8]> = file.as_bytes().chunks(PART).collect();
    let mut last = ImportResponsesResponse::default();
    for (part, content) in parts.iter().enumerate() {
        let request = ImportResponsesRequest {
            request_id: request_id.clone(),
            library_id: library.to_owned(),
            format: ResponseFormat::Csv.into(),
            part: i32::try_from(part).expect("few"),
            parts: i32::try_from(parts.len()).expect("few"),
            content: content.to_vec().into(),
            ..ImportResponsesRequest::default()
        };
        last = patiently(cluster, token, request).await;
    }
    last
}

/// Sends a part again for as long as nobody answers in time, as a page does: what was begun goes on meanwhile.
async fn patiently(cluster: &Cluster, token: &str, request: ImportResponsesRequest) -> ImportResponsesResponse {
    let mut answer = None;
    people::until("the part to be taken", async || {
        let mut client = ResponseTransferServiceClient::new(cluster.door());
        let outcome = client.import_responses(bearing(token, request.clone())).await;
        match outcome {
            Ok(taken) => answer = Some(taken.into_inner()),
            Err(status) => assert!(
                matches!(status.code(), Code::DeadlineExceeded | Code::Unavailable),
                "{status:?}"
            ),
        }
        answer.is_some()
    })
    .await;
    answer.expect("taken")
}

async fn export(cluster: &Cluster, token: &str, library: &str) -> String {
    let request = ExportResponsesRequest {
        library_id: library.to_owned(),
        format: ResponseFormat::Csv.into(),
    };
    let mut client = ResponseTransferServiceClient::new(cluster.door());
    let parts = client.export_responses(bearing(token, request)).await;
    let (mut parts, mut file) = (parts.expect("exports").into_inner(), Vec::new());
    while let Some(part) = parts.message().await.expect("a part") {
        file.extend_from_slice(&part.content);
    }
    String::from_utf8(file).expect("UTF-8")
}

async fn listed(cluster: &Cluster, token: &str, library: &str) -> usize {
    let request = ListResponsesRequest {
        library_id: library.to_owned(),
        ..ListResponsesRequest::default()
    };
    let mut responses = ResponseServiceClient::new(cluster.door());
    let page = responses.list_responses(bearing(token, request)).await;
    page.expect("lists").into_inner().responses.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_comes_in_whole_or_not_at_all() {
    let cluster = Cluster::start().await;
    let (token, library) = library(&cluster).await;
    let file = table();
    let broken = file
        .replace("Answer 00007,a00007", "Answer 00007,a 7")
        .replace("Answer 04321,", ",")
        .replace("Hello, it is 9999.", "Hello, it is {{PRICE}}.");
    let refused = import(&cluster, &token, &library, &broken).await;
    assert_eq!((refused.state(), refused.problem_count), (ImportState::Refused, 3));
    let places: Vec<(i32, &str)> = refused
        .problems
        .iter()
        .map(|problem| (problem.line, problem.column.as_str()))
        .collect();
    // Each response has two lines, below the one of the headings.
    assert_eq!(
        places,
        [
            (2 + 2 * 7, "shortcut"),
            (2 + 2 * 4_321, "name"),
            (2 + 2 * 9_999, "text:en")
        ],
        "{refused:?}"
    );
    assert_eq!(listed(&cluster, &token, &library).await, 0, "nothing of it is there");

    let done = import(&cluster, &token, &library, &file).await;
    assert_eq!((done.state(), done.added), (ImportState::Imported, 10_000), "{done:?}");
    assert!(
        export(&cluster, &token, &library).await == file,
        "the same, byte by byte"
    );
}
