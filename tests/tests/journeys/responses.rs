//! Canned responses in a live chat: written by who administers, found by an agent while typing, filled in, sent; never sent
//! with holes.

use onqueue_client::{metadata, reason};
use onqueue_model::Reason;
use onqueue_proto::{
    auth::v1::{ListDivisionsRequest, division_service_client::DivisionServiceClient},
    content::v1::{
        CreateLibraryRequest, CreateResponseRequest, FoundResponse, Library, RecordUseRequest, RenderResponseRequest,
        Response, SearchResponsesRequest, Substitution, Variant, library_service_client::LibraryServiceClient,
        response_service_client::ResponseServiceClient,
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
        };
        let answer = self.responses().record_use(bearing(&self.agent.token, request)).await;
        answer.expect("counts").into_inner().uses
    }
}

fn id(found: &FoundResponse) -> String {
    found.response.as_ref().expect("a response").response_id.clone()
}

/// Writes a response as the administrator, into a library of the first division.
async fn write(cluster: &Cluster, shortcut: &str, text: &str, substitutions: &[&str]) {
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
    let declared = |name: &&str| Substitution {
        name: (*name).to_owned(),
        ..Substitution::default()
    };
    let response = CreateResponseRequest {
        request_id: Uuid::now_v7().to_string(),
        response: Some(Response {
            name: "From this journey".to_owned(),
            shortcut: shortcut.to_owned(),
            library_ids: vec![library.library_id],
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
