//! Transfers from end to end: what the customer, and what agents see of them.

use onqueue::demo::Demo;
use onqueue_client::reason;
use onqueue_model::{Id, Reason, permissions};
use onqueue_proto::{
    routing::v1::{
        CancelTransferRequest, DeclineOfferRequest, GetAgentRequest, GetInteractionRequest, GoOffQueueRequest,
        Interaction, InteractionRequirements, InteractionState, TransferRequest,
        interaction_service_client::InteractionServiceClient,
    },
    session::v1::{Event, event::Body},
};
use onqueue_tests::{
    cluster::Cluster,
    people::{self, Agent, Customer, assert_dense, bearing, login},
};
use std::time::Duration;
use tonic::{Code, Status};
use uuid::Uuid;

/// To whom a chat goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    /// Technical support.
    Queue,
    /// Ben, who serves Billing too.
    Ben,
}

/// What becomes of the offer.
#[derive(Clone, Copy, Debug)]
enum Then {
    Accepted,
    Declined,
    TimedOut,
    Cancelled,
}

/// One line of the table: what is done, and what is in the log from then on.
struct Case {
    to: To,
    attended: bool,
    then: Then,
    agents: &'static str,
    guest: &'static str,
}

impl Case {
    /// What is offered to a whole queue stays so until somebody accepts it.
    fn waits_on(&self) -> bool {
        self.attended && self.to == To::Queue && matches!(self.then, Then::Declined | Then::TimedOut)
    }
}

struct Stage {
    cluster: Cluster,
    anna: Agent,
    ben: Agent,
    chloe: Agent,
    sofia: String,
}

impl Stage {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Demo)) -> Self {
        let cluster = Cluster::start_with(change).await;
        let agent = async |name| Agent::login(cluster.address(), &cluster.credentials, name).await;
        let (anna, ben, chloe) = (agent("Anna").await, agent("Ben").await, agent("Chlo").await);
        let sofia = login(cluster.address(), &cluster.credentials, "Sofia").await;
        Self {
            sofia: sofia.tokens.expect("tokens").access_token,
            cluster,
            anna,
            ben,
            chloe,
        }
    }

    /// A chat of a customer that Anna has in hand.
    async fn chat(&mut self) -> Customer {
        self.anna.on_queue().await;
        let customer = Customer::start(self.cluster.address(), &self.cluster.credentials, "Billing", "en").await;
        let offer = self.anna.next_offer().await;
        assert_eq!(self.anna.accept(&offer).await, customer.conversation);
        customer.until_joined().await;
        customer
    }

    fn request(&self, customer: &Customer, case: (To, bool)) -> TransferRequest {
        let queue = if case.0 == To::Queue {
            "Technical support"
        } else {
            "Billing"
        };
        let user_id = if case.0 == To::Ben {
            self.ben.user.clone()
        } else {
            String::new()
        };
        TransferRequest {
            request_id: Uuid::now_v7().to_string(),
            conversation_id: customer.conversation.clone(),
            queue_id: self.cluster.credentials["queues"][queue]
                .as_str()
                .expect("text")
                .to_owned(),
            user_id,
            // Who helps with technical matters need not know of billing.
            requirements: (case.0 == To::Queue).then(|| InteractionRequirements {
                language: "en".to_owned(),
                ..InteractionRequirements::default()
            }),
            attended: case.1,
            note: "They want a refund".to_owned(),
            ..TransferRequest::default()
        }
    }

    async fn transfer(&self, request: TransferRequest) -> Result<Interaction, Status> {
        let mut client = InteractionServiceClient::new(self.cluster.door());
        let answer = client.transfer(bearing(&self.anna.token, request)).await?;
        Ok(answer.into_inner().interaction.expect("an interaction"))
    }

    async fn interaction(&self, customer: &Customer) -> Interaction {
        let request = GetInteractionRequest {
            conversation_id: customer.conversation.clone(),
        };
        let mut client = InteractionServiceClient::new(self.cluster.door());
        let answer = client.get_interaction(bearing(&self.sofia, request)).await;
        answer
            .expect("answers")
            .into_inner()
            .interaction
            .expect("an interaction")
    }

    /// How many chats Anna has.
    async fn annas(&self) -> i32 {
        let mut client = self.anna.client.clone();
        let answer = client
            .get_agent(bearing(&self.anna.token, GetAgentRequest::default()))
            .await;
        answer
            .expect("answers")
            .into_inner()
            .agent
            .expect("an agent")
            .active_chats
    }

    /// The whole log, as soon as it is as expected.
    async fn until_logged(&self, customer: &Customer, expected: &[&str]) -> Vec<Event> {
        let is_there = async || {
            let log = people::events(self.cluster.address(), &self.sofia, &customer.conversation).await;
            log.len() >= expected.len()
        };
        let what = format!("in the log: {expected:?}");
        self.cluster.until(&what, is_there).await;
        let log = people::events(self.cluster.address(), &self.sofia, &customer.conversation).await;
        assert_eq!(words(&log), expected);
        assert_dense(&log);
        log
    }

    async fn play(&mut self, case: &Case) {
        let mut customer = self.chat().await;
        let receiver = if case.to == To::Ben {
            &mut self.ben
        } else {
            &mut self.chloe
        };
        receiver.on_queue().await;
        let request = self.request(&customer, (case.to, case.attended));
        let moved = self.transfer(request.clone()).await.expect("moves");
        let (kept, state) = match case.attended {
            true => (self.anna.user.as_str(), InteractionState::Held),
            false => ("", InteractionState::Alerting),
        };
        assert_eq!((moved.kept_by_user_id.as_str(), moved.state()), (kept, state));
        assert_eq!(self.annas().await, i32::from(case.attended), "her slot");
        // A page that is loaded anew in the middle of it.
        customer.moved_to(self.cluster.address()).await;
        self.transfer(request).await.expect("once for its request");
        self.answer(case, &customer).await;
        let before = ["opened", "queued", "offered Anna Weber", "joined Anna Weber"];
        let agents: Vec<&str> = before.into_iter().chain(listed(case.agents)).collect();
        self.until_logged(&customer, &agents).await;
        let guest: Vec<&str> = ["opened", "queued", "joined Anna Weber"]
            .into_iter()
            .chain(listed(case.guest))
            .collect();
        let seen = customer.events().await;
        assert_eq!(words(&seen), guest);
        assert_dense(&seen);
        self.after(case, &customer).await;
    }

    async fn answer(&mut self, case: &Case, customer: &Customer) {
        let receiver = if case.to == To::Ben {
            &mut self.ben
        } else {
            &mut self.chloe
        };
        let offer = receiver.next_offer().await;
        assert_eq!(offer.conversation_id, customer.conversation);
        match case.then {
            Then::Accepted => assert_eq!(receiver.accept(&offer).await, customer.conversation),
            Then::Declined => {
                let decline = DeclineOfferRequest {
                    offer_id: offer.offer_id,
                };
                let request = bearing(&receiver.token, decline);
                receiver.client.decline_offer(request).await.expect("declines");
            }
            Then::TimedOut => self.cluster.advance(Duration::from_secs(31)).await,
            Then::Cancelled => {
                let request = CancelTransferRequest {
                    conversation_id: customer.conversation.clone(),
                };
                let mut client = InteractionServiceClient::new(self.cluster.door());
                for _ in 0..2 {
                    let request = bearing(&self.anna.token, request.clone());
                    client.cancel_transfer(request).await.expect("cancels");
                }
            }
        }
    }

    /// Who has it in the end, and that they can talk.
    async fn after(&mut self, case: &Case, customer: &Customer) {
        let now = self.interaction(customer).await;
        let has = match (case.then, case.attended, case.to) {
            (Then::Accepted, _, To::Ben) => Some(&self.ben),
            (Then::Accepted, _, To::Queue) => Some(&self.chloe),
            (_, true, _) => Some(&self.anna),
            (_, false, _) => None,
        };
        assert_eq!(now.user_id, has.map(|agent| agent.user.clone()).unwrap_or_default());
        let kept = if case.waits_on() { self.anna.user.as_str() } else { "" };
        assert_eq!(now.kept_by_user_id, kept);
        if let Some(agent) = has {
            let sent = people::send(
                customer.client.clone(),
                &agent.token,
                &customer.conversation,
                "k",
                "Hello",
            )
            .await;
            sent.expect("they take part");
        }
        let end = onqueue_proto::session::v1::EndConversationRequest {
            conversation_id: customer.conversation.clone(),
        };
        let ended = customer
            .client
            .clone()
            .end_conversation(bearing(&customer.token, end))
            .await;
        ended.expect("ends");
        let free = async || self.annas().await == 0;
        self.cluster.until("Anna to be free", free).await;
        for agent in [&mut self.anna, &mut self.ben, &mut self.chloe] {
            let request = bearing(&agent.token, GoOffQueueRequest {});
            agent.client.go_off_queue(request).await.expect("goes");
        }
    }
}

fn word(event: &Event) -> String {
    match event.body.as_ref().expect("a body") {
        Body::Opened(_) => "opened".to_owned(),
        Body::Queued(_) => "queued".to_owned(),
        Body::Offered(offered) => format!("offered {}", offered.agent_name),
        Body::OfferWithdrawn(withdrawn) => format!("withdrawn {}", withdrawn.reason),
        Body::ParticipantJoined(joined) => format!("joined {}", joined.name),
        Body::ParticipantLeft(_) => "left".to_owned(),
        Body::Transferred(moved) => {
            assert_eq!(moved.note, "They want a refund");
            let to = if moved.agent_name.is_empty() {
                &moved.queue_name
            } else {
                &moved.agent_name
            };
            let how = if moved.attended { "attended to" } else { "to" };
            format!("transferred {how} {to}")
        }
        other => format!("{other:?}"),
    }
}

fn words(events: &[Event]) -> Vec<String> {
    events.iter().map(word).collect()
}

fn listed(words: &'static str) -> impl Iterator<Item = &'static str> {
    words.split(", ").filter(|word| !word.is_empty())
}

const fn case((to, attended, then): (To, bool, Then), agents: &'static str, guest: &'static str) -> Case {
    Case {
        to,
        attended,
        then,
        agents,
        guest,
    }
}

/// Every way of passing a chat on, and what becomes of it.
const CASES: [Case; 13] = [
    case(
        (To::Ben, false, Then::Accepted),
        "transferred to Ben Carter, left, queued, offered Ben Carter, joined Ben Carter",
        "left, queued, joined Ben Carter",
    ),
    case(
        (To::Ben, false, Then::Declined),
        "transferred to Ben Carter, left, queued, offered Ben Carter, withdrawn declined, queued",
        "left, queued, queued",
    ),
    case(
        (To::Queue, false, Then::Accepted),
        "transferred to Technical support, left, queued, offered Chloé Martin, joined Chloé Martin",
        "left, queued, joined Chloé Martin",
    ),
    case(
        (To::Ben, true, Then::Accepted),
        "transferred attended to Ben Carter, offered Ben Carter, left, joined Ben Carter",
        "left, joined Ben Carter",
    ),
    case(
        (To::Ben, true, Then::Declined),
        "transferred attended to Ben Carter, offered Ben Carter, withdrawn declined",
        "",
    ),
    case(
        (To::Queue, true, Then::Accepted),
        "transferred attended to Technical support, offered Chloé Martin, left, joined Chloé Martin",
        "left, joined Chloé Martin",
    ),
    case(
        (To::Queue, true, Then::Cancelled),
        "transferred attended to Technical support, offered Chloé Martin, withdrawn agent_gone",
        "",
    ),
    case(
        (To::Ben, true, Then::TimedOut),
        "transferred attended to Ben Carter, offered Ben Carter, withdrawn timed_out",
        "",
    ),
    case(
        (To::Ben, false, Then::TimedOut),
        "transferred to Ben Carter, left, queued, offered Ben Carter, withdrawn timed_out, queued",
        "left, queued, queued",
    ),
    case(
        (To::Queue, false, Then::Declined),
        "transferred to Technical support, left, queued, offered Chloé Martin, withdrawn declined, queued",
        "left, queued, queued",
    ),
    case(
        (To::Queue, true, Then::Declined),
        "transferred attended to Technical support, offered Chloé Martin, withdrawn declined",
        "",
    ),
    case(
        (To::Queue, true, Then::TimedOut),
        "transferred attended to Technical support, offered Chloé Martin, withdrawn timed_out",
        "",
    ),
    case(
        (To::Queue, false, Then::TimedOut),
        "transferred to Technical support, left, queued, offered Chloé Martin, withdrawn timed_out, queued",
        "left, queued, queued",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_transfer_is_in_the_log_as_it_was() {
    let mut stage = Stage::new().await;
    for case in CASES {
        stage.play(&case).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_who_leaves_ends_what_is_offered_of_them() {
    let mut stage = Stage::new().await;
    let customer = stage.chat().await;
    stage.chloe.on_queue().await;
    let request = stage.request(&customer, (To::Queue, true));
    stage.transfer(request).await.expect("moves");
    let offer = stage.chloe.next_offer().await;
    let end = onqueue_proto::session::v1::EndConversationRequest {
        conversation_id: customer.conversation.clone(),
    };
    let ended = customer
        .client
        .clone()
        .end_conversation(bearing(&customer.token, end))
        .await;
    ended.expect("ends");
    let free = async || stage.annas().await == 0;
    stage.cluster.until("Anna to be free", free).await;
    let accept = onqueue_proto::routing::v1::AcceptOfferRequest {
        offer_id: offer.offer_id,
    };
    let request = bearing(&stage.chloe.token, accept);
    let late = stage.chloe.client.accept_offer(request).await.expect_err("too late");
    assert_eq!(reason(&late), Some(Reason::OfferRescinded));
}

/// Ben may go on queue, and that is all.
fn ben_accepts_nothing(demo: &mut Demo) {
    let ben = demo
        .auth
        .users
        .iter()
        .find(|user| user.name.starts_with("Ben"))
        .expect("Ben")
        .id;
    let mut role = demo
        .auth
        .roles
        .iter()
        .find(|role| role.name == "Agent")
        .expect("a role")
        .clone();
    role.id = Id::new(Uuid::from_u128(77));
    role.name = "Listener".to_owned();
    role.permissions
        .retain(|permission| permission != permissions::WEBCHAT_ACCEPT);
    for grant in demo.auth.grants.iter_mut().filter(|grant| grant.user == ben) {
        grant.role = role.id;
    }
    demo.auth.roles.push(role);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_transfer_changes_nothing() {
    let mut stage = Stage::with(ben_accepts_nothing).await;
    let customer = stage.chat().await;
    for attended in [false, true] {
        let request = TransferRequest {
            user_id: stage.chloe.user.clone(),
            ..stage.request(&customer, (To::Queue, attended))
        };
        let refused = stage.transfer(request).await.expect_err("she is not there");
        assert_eq!(reason(&refused), Some(Reason::AgentNotOnQueue));
    }
    stage.ben.on_queue().await;
    for attended in [false, true] {
        let request = stage.request(&customer, (To::Ben, attended));
        let refused = stage.transfer(request).await.expect_err("he may not accept chats");
        assert_eq!(
            (refused.code(), reason(&refused)),
            (Code::FailedPrecondition, Some(Reason::StateConflict))
        );
    }
    let unknown = TransferRequest {
        queue_id: Id::<()>::new(Uuid::from_u128(9)).to_string(),
        ..stage.request(&customer, (To::Queue, true))
    };
    let refused = stage.transfer(unknown).await.expect_err("no such queue");
    assert_eq!(reason(&refused), Some(Reason::QueueNotFound));
    let log = people::events(stage.cluster.address(), &stage.sofia, &customer.conversation).await;
    assert_eq!(
        words(&log),
        ["opened", "queued", "offered Anna Weber", "joined Anna Weber"]
    );
    let now = stage.interaction(&customer).await;
    assert_eq!(
        (now.state(), now.user_id),
        (InteractionState::Held, stage.anna.user.clone())
    );
}
