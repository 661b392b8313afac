//! A customer who wants to be forgotten: what they gave and said is in no file of the installation any more, and what was decided
//! and counted is answered as before.

use onqueue_proto::{
    routing::v1::{
        Decision, ListDecisionsRequest, MetricGroup, MetricInterval, QueryMetricsRequest,
        decision_service_client::DecisionServiceClient, observation_service_client::ObservationServiceClient,
    },
    session::v1::{
        ConfirmContactRequest, EndConversationRequest, EraseContactRequest, Erasure, GetErasureRequest,
        StartConversationRequest, contact_service_client::ContactServiceClient,
        erasure_service_client::ErasureServiceClient,
    },
};
use onqueue_tests::{
    cluster::Cluster,
    people::{Agent, Customer, bearing, login},
};
use std::{path::Path, time::Duration};

/// In everything that is the customer's.
const CANARY: &str = "zqcanary";

const SOON: Duration = Duration::from_secs(20);

struct Office<'a> {
    cluster: &'a Cluster,
    token: String,
}

impl Office<'_> {
    async fn decisions(&self, conversation: &str) -> Vec<Decision> {
        let request = ListDecisionsRequest {
            conversation_id: conversation.to_owned(),
            ..Default::default()
        };
        let answer = DecisionServiceClient::new(self.cluster.door())
            .list_decisions(bearing(&self.token, request))
            .await;
        answer.expect("lists").into_inner().decisions
    }

    async fn metrics(&self) -> Vec<MetricInterval> {
        let now = self.cluster.now().millis() / 1_000;
        let at = |seconds| prost_types::Timestamp { seconds, nanos: 0 };
        let request = QueryMetricsRequest {
            from: Some(at(now - 7_200)),
            to: Some(at(now)),
            group_by: MetricGroup::Queue.into(),
            ..Default::default()
        };
        let answer = ObservationServiceClient::new(self.cluster.door())
            .query_metrics(bearing(&self.token, request))
            .await;
        answer.expect("answers").into_inner().intervals
    }

    /// Makes a contact of whom the conversation was with, and erases it.
    async fn erase(&self, conversation: &str) -> Erasure {
        let request = ConfirmContactRequest {
            conversation_id: conversation.to_owned(),
            ..Default::default()
        };
        let confirmed = ContactServiceClient::new(self.cluster.door())
            .confirm_contact(bearing(&self.token, request))
            .await;
        let contact = confirmed.expect("confirmed").into_inner().contact.expect("a contact");
        let request = EraseContactRequest {
            contact_id: contact.contact_id,
            etag: contact.etag,
        };
        let erased = ErasureServiceClient::new(self.cluster.door())
            .erase_contact(bearing(&self.token, request))
            .await;
        erased.expect("erased").into_inner().erasure.expect("a receipt")
    }

    async fn is_purged(&self, erasure: &Erasure) -> bool {
        let request = GetErasureRequest {
            erasure_id: erasure.erasure_id.clone(),
        };
        let answer = ErasureServiceClient::new(self.cluster.door())
            .get_erasure(bearing(&self.token, request))
            .await;
        let erasure = answer.expect("a receipt").into_inner().erasure;
        erasure.is_some_and(|erasure| erasure.purged_at.is_some())
    }
}

/// Which files have it in them.
pub fn infected(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(infected(&path));
        } else if std::fs::read(&path)
            .unwrap_or_default()
            .windows(CANARY.len())
            .any(|window| window == CANARY.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_customer_is_in_no_file_and_decisions_and_numbers_answer_as_before() {
    let cluster = Cluster::start().await;
    let mut agent = Agent::login(cluster.address(), &cluster.credentials, "Anna").await;
    agent.on_queue().await;
    let wish = StartConversationRequest {
        guest_name: format!("{CANARY}name"),
        topic: format!("{CANARY}topic"),
        first_message: format!("{CANARY}first"),
        guest_email: format!("{CANARY}@example.com"),
        ..Customer::request(&cluster.credentials, "Billing", "en")
    };
    let customer = Customer::begin(cluster.address(), wish).await;
    let offer = agent.next_offer().await;
    assert_eq!(agent.accept(&offer).await, customer.conversation);
    customer.until_joined().await;
    customer.send("k", &format!("{CANARY}said")).await.expect("sent");
    let request = EndConversationRequest {
        conversation_id: customer.conversation.clone(),
    };
    let mut client = customer.client.clone();
    client
        .end_conversation(bearing(&customer.token, request))
        .await
        .expect("ended");
    cluster.advance(Duration::from_secs(16 * 60)).await;
    let answer = login(cluster.address(), &cluster.credentials, "Petra").await;
    let office = Office {
        cluster: &cluster,
        token: answer.tokens.expect("tokens").access_token,
    };
    onqueue_testkit::until("a quarter to be over", SOON, async || {
        !office.metrics().await.is_empty()
    })
    .await;
    let (decisions, metrics) = (office.decisions(&customer.conversation).await, office.metrics().await);
    assert!(!decisions.is_empty());

    let erasure = office.erase(&customer.conversation).await;
    assert_eq!((erasure.remaining, erasure.conversation_ids.len()), (0, 1));
    assert_eq!(office.decisions(&customer.conversation).await, decisions);
    assert_eq!(office.metrics().await, metrics);
    if let Some(folder) = cluster.folder() {
        let is_purged = async || office.is_purged(&erasure).await;
        onqueue_testkit::until("the database to be clean", SOON, is_purged).await;
        assert_eq!(
            infected(folder),
            [""; 0],
            "nor in routing's tables, which are in the same file"
        );
    }
}
