//! Canned responses in a live chat: found while typing, filled in, sent; never sent with holes.

use onqueue_client::{metadata, reason};
use onqueue_model::Reason;
use onqueue_proto::content::v1::{
    FoundResponse, RecordUseRequest, RenderResponseRequest, SearchResponsesRequest,
    response_service_client::ResponseServiceClient,
};
use onqueue_tests::{
    cluster::Cluster,
    people::{self, Agent, Customer, bearing},
};

use tonic::{Code, Status, transport::Channel};

/// An agent and a customer in a chat in English.
struct Chat {
    cluster: Cluster,
    agent: Agent,
    customer: Customer,
}

impl Chat {
    async fn live() -> Self {
        let cluster = Cluster::start().await;
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

    /// The best that is found for what was typed.
    async fn find(&self, text: &str) -> FoundResponse {
        let request = SearchResponsesRequest {
            text: text.to_owned(),
            language: "en".to_owned(),
            ..SearchResponsesRequest::default()
        };
        let found = self
            .responses()
            .search_responses(bearing(&self.agent.token, request))
            .await;
        found
            .expect("searches")
            .into_inner()
            .responses
            .into_iter()
            .next()
            .expect("something")
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

fn shortcut(found: &FoundResponse) -> &str {
    &found.response.as_ref().expect("a response").shortcut
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_is_found_with_two_letters_and_sent() {
    let chat = Chat::live().await;
    let found = chat.find("hi").await;
    assert_eq!((shortcut(&found), found.language.as_str()), ("hi", "en"));

    let text = chat.render(&found, &[]).await.expect("renders");
    assert_eq!(text, "Hello Jürgen, my name is Ben Carter. How can I help you?");
    chat.send("greeting", &text).await;
    assert_eq!(people::messages(&chat.customer.events().await), [text]);

    assert_eq!(chat.used(&found, "greeting").await, 1);
    assert_eq!(chat.used(&found, "greeting").await, 1, "once for each message");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_variable_is_named_and_nothing_is_sent() {
    let chat = Chat::live().await;
    let found = chat.find("in").await;
    assert_eq!(shortcut(&found), "inv");
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
            Some("ORDER_NUMBER")
        ),
        "{refused:?}"
    );
    assert_eq!(chat.customer.events().await, before);

    let text = chat.render(&found, &[("ORDER_NUMBER", "{{AMOUNT}} <b>7</b>")]).await;
    let text = text.expect("renders");
    assert_eq!(
        text, "I have e-mailed you another copy of the invoice for order {{AMOUNT}} <b>7</b>.",
        "values are text"
    );
    assert_eq!(chat.customer.events().await, before, "to fill in is not to send");
    chat.send("invoice", &text).await;
    assert_eq!(people::messages(&chat.customer.events().await), [text]);
}
