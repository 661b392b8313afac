//! An agent asks for help; a supervisor sees it, coaches, joins and takes over: through the public door.

use onqueue::demo::Demo;
use onqueue_proto::{
    routing::v1::{GetAgentRequest, TakeOverRequest, interaction_service_client::InteractionServiceClient},
    session::v1::{
        BargeInRequest, CoachRequest, Event, RequestAssistanceRequest, SendSideMessageRequest, TakeAssistanceRequest,
        WatchRequestsRequest, WatchRequestsResponse, assistance_service_client::AssistanceServiceClient, event::Body,
        supervision_service_client::SupervisionServiceClient, watch_requests_response::Frame,
    },
};
use onqueue_tests::{
    cluster::Cluster,
    people::{self, Agent, Customer, assert_dense, bearing},
};
use std::time::Duration;
use tonic::Streaming;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(20);

/// Ben looks after others beside talking to customers himself.
fn ben_is_a_supervisor_too(demo: &mut Demo) {
    let ben = demo
        .auth
        .users
        .iter()
        .find(|user| user.name.starts_with("Ben"))
        .expect("Ben")
        .id;
    let role = demo
        .auth
        .roles
        .iter()
        .find(|role| role.name == "Supervisor")
        .expect("a role")
        .id;
    let held = demo.auth.grants.iter().find(|grant| grant.user == ben);
    let mut grant = *held.expect("his");
    grant.role = role;
    demo.auth.grants.push(grant);
}

fn word(event: &Event) -> String {
    match event.body.as_ref().expect("a body") {
        Body::Opened(_) => "opened".to_owned(),
        Body::Queued(_) => "queued".to_owned(),
        Body::Offered(offered) => format!("offered {}", offered.agent_name),
        Body::ParticipantJoined(joined) => format!("{} joins as {:?}", joined.name, joined.kind()),
        Body::ParticipantLeft(_) => "left".to_owned(),
        Body::Message(message) => message.text.clone(),
        Body::Transferred(moved) => format!("transferred to {}", moved.agent_name),
        Body::AssistanceRequested(asked) => format!("asks: {}", asked.text),
        Body::AssistanceTaken(taken) => format!("{} helps", taken.name),
        Body::AssistanceClosed(closed) => format!("helped: {}", closed.how),
        Body::CoachMessage(message) => format!("{} coaches: {}", message.name, message.text),
        Body::SideMessage(message) => format!("{} says: {}", message.name, message.text),
        other => format!("{other:?}"),
    }
}

async fn active(agent: &Agent) -> i32 {
    let mut client = agent.client.clone();
    let answer = client
        .get_agent(bearing(&agent.token, GetAgentRequest::default()))
        .await;
    answer
        .expect("answers")
        .into_inner()
        .agent
        .expect("an agent")
        .active_chats
}

async fn until_logged(cluster: &Cluster, token: &str, customer: &Customer, last: &str) {
    let is_there = async || {
        let log = people::events(cluster.address(), token, &customer.conversation).await;
        log.iter().any(|event| word(event) == last)
    };
    cluster.until(last, is_there).await;
}

/// The next request that is open, and its text.
async fn next_request(stream: &mut Streaming<WatchRequestsResponse>) -> (String, String) {
    loop {
        let next = tokio::time::timeout(PATIENCE, stream.message()).await;
        let frame = next.expect("in time").expect("lives").expect("open").frame;
        if let Some(Frame::Opened(one)) = frame {
            return (one.assistance_id, one.text);
        }
    }
}

/// A chat of a customer that Anna has in hand, and Ben, who follows who asks for help.
struct Stage {
    cluster: Cluster,
    anna: Agent,
    ben: Agent,
    customer: Customer,
    requests: Streaming<WatchRequestsResponse>,
}

impl Stage {
    async fn new() -> Self {
        let cluster = Cluster::start_with(ben_is_a_supervisor_too).await;
        let agent = async |name| Agent::login(cluster.address(), &cluster.credentials, name).await;
        let (mut anna, ben) = (agent("Anna").await, agent("Ben").await);
        let requests = AssistanceServiceClient::new(cluster.door())
            .watch_requests(bearing(&ben.token, WatchRequestsRequest {}))
            .await
            .expect("watches")
            .into_inner();
        anna.on_queue().await;
        let customer = Customer::start(cluster.address(), &cluster.credentials, "Billing", "en").await;
        let offer = anna.next_offer().await;
        anna.accept(&offer).await;
        customer.until_joined().await;
        Self {
            cluster,
            anna,
            ben,
            customer,
            requests,
        }
    }

    fn conversation_id(&self) -> String {
        self.customer.conversation.clone()
    }

    /// Anna asks, Ben sees it and takes it.
    async fn help(&mut self) {
        let ask = RequestAssistanceRequest {
            request_id: Uuid::now_v7().to_string(),
            conversation_id: self.conversation_id(),
            text: "A rebate?".to_owned(),
        };
        let mut assistance = AssistanceServiceClient::new(self.cluster.door());
        let asked = assistance.request_assistance(bearing(&self.anna.token, ask)).await;
        asked.expect("asks");
        let (assistance_id, text) = next_request(&mut self.requests).await;
        assert_eq!(text, "A rebate?");
        let take = TakeAssistanceRequest { assistance_id };
        let taken = assistance.take_assistance(bearing(&self.ben.token, take)).await;
        taken.expect("takes");
    }

    /// What Ben says to Anna alone.
    async fn whisper(&self, text: &str) {
        let message = SendSideMessageRequest {
            conversation_id: self.conversation_id(),
            client_message_id: Uuid::now_v7().simple().to_string(),
            text: text.to_owned(),
        };
        let mut supervision = SupervisionServiceClient::new(self.cluster.door());
        let whispered = supervision.send_side_message(bearing(&self.ben.token, message)).await;
        whispered.expect("says");
    }

    async fn coach(&self) {
        let conversation_id = self.conversation_id();
        let coach = bearing(&self.ben.token, CoachRequest { conversation_id });
        let mut supervision = SupervisionServiceClient::new(self.cluster.door());
        supervision.coach(coach).await.expect("coaches");
    }

    /// Ben joins, and the customer reads it.
    async fn join(&self) {
        let conversation_id = self.conversation_id();
        let barge = bearing(&self.ben.token, BargeInRequest { conversation_id });
        let mut supervision = SupervisionServiceClient::new(self.cluster.door());
        supervision.barge_in(barge).await.expect("joins");
        let (client, conversation) = (self.customer.client.clone(), self.conversation_id());
        let sent = people::send(client, &self.ben.token, &conversation, "b", "I help").await;
        sent.expect("takes part");
    }

    /// Capacity goes with it.
    async fn take_over(&mut self) {
        self.ben.on_queue().await;
        assert_eq!((active(&self.anna).await, active(&self.ben).await), (1, 0));
        let conversation_id = self.conversation_id();
        let over = bearing(&self.ben.token, TakeOverRequest { conversation_id });
        let mut interactions = InteractionServiceClient::new(self.cluster.door());
        interactions.take_over(over).await.expect("takes over");
        assert_eq!((active(&self.anna).await, active(&self.ben).await), (0, 1));
        let last = "Ben Carter joins as Agent";
        until_logged(&self.cluster, &self.ben.token, &self.customer, last).await;
    }
}

fn told(log: &[Event]) -> Vec<String> {
    assert_dense(log);
    log.iter().map(word).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supervisor_helps_joins_and_takes_over() {
    let mut stage = Stage::new().await;
    stage.help().await;
    stage.whisper("Ten percent").await;
    stage.coach().await;
    stage.whisper("Slowly").await;
    stage.join().await;
    stage.take_over().await;

    let log = people::events(stage.cluster.address(), &stage.ben.token, &stage.conversation_id()).await;
    assert_eq!(
        told(&log),
        [
            "opened",
            "queued",
            "offered Anna Weber",
            "Anna Weber joins as Agent",
            "asks: A rebate?",
            "Ben Carter helps",
            "Ben Carter says: Ten percent",
            "Ben Carter coaches: Slowly",
            "Ben Carter joins as Supervisor",
            "I help",
            "transferred to Ben Carter",
            "helped: agent",
            "left",
            "queued",
            "offered Ben Carter",
            "Ben Carter joins as Agent",
        ]
    );
    assert_eq!(
        told(&stage.customer.events().await),
        [
            "opened",
            "queued",
            "Anna Weber joins as Agent",
            "Ben Carter joins as Supervisor",
            "I help",
            "left",
            "queued",
            "Ben Carter joins as Agent",
        ]
    );
}
