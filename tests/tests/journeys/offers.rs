//! Declined and unanswered offers.

use onqueue_proto::routing::v1::{
    AgentState, DeclineOfferRequest, GetAgentRequest, ListDecisionsRequest,
    decision_service_client::DecisionServiceClient,
};
use onqueue_tests::{
    cluster::Cluster,
    people::{Agent, Customer, bearing, login},
};
use std::time::Duration;

async fn state(agent: &mut Agent) -> AgentState {
    let answer = agent
        .client
        .get_agent(bearing(&agent.token, GetAgentRequest::default()))
        .await
        .expect("answers")
        .into_inner();
    answer.agent.expect("an agent").state()
}

/// Logs in everybody who speaks English and serves Billing, and puts the first `on` of them on queue.
async fn agents(cluster: &Cluster, on: usize) -> Vec<Agent> {
    let mut agents = Vec::new();
    for name in ["Anna", "Ben", "David"] {
        agents.push(Agent::login(cluster.address(), &cluster.credentials, name).await);
    }
    for agent in &mut agents[..on] {
        agent.on_queue().await;
    }
    agents
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declined_offer_goes_to_another_agent_at_the_old_place_in_line() {
    let cluster = Cluster::start().await;
    let mut agents = agents(&cluster, 1).await;
    let older = Customer::start(cluster.address(), &cluster.credentials, "Billing", "en").await;
    let offer = agents[0].next_offer().await;
    assert_eq!(offer.conversation_id, older.conversation);
    cluster.advance(Duration::from_secs(1)).await;
    // Fills Anna's second slot, so that the third chat has to wait behind the declined one.
    let second = Customer::start(cluster.address(), &cluster.credentials, "Billing", "en").await;
    let newer = Customer::start(cluster.address(), &cluster.credentials, "Billing", "en").await;

    let decline = DeclineOfferRequest {
        offer_id: offer.offer_id.clone(),
    };
    let token = agents[0].token.clone();
    agents[0]
        .client
        .decline_offer(bearing(&token, decline))
        .await
        .expect("declines");
    agents[1].on_queue().await;
    let next = agents[1].next_offer().await;
    assert_eq!(
        next.conversation_id, older.conversation,
        "before {} and {}",
        second.conversation, newer.conversation
    );
    assert_eq!(next.waiting_since, offer.waiting_since, "with the age it had");
    assert_ne!(next.offer_id, offer.offer_id);
    assert_eq!(agents[1].accept(&next).await, older.conversation);
    assert_eq!(
        state(&mut agents[0]).await,
        AgentState::Interacting,
        "declining is allowed"
    );

    let chosen = [agents[0].user.as_str(), agents[1].user.as_str()];
    one_record_for_each_offer(&cluster, &older, chosen).await;
}

/// The decisions about the conversation chose these agents, and say that the first declined.
async fn one_record_for_each_offer(cluster: &Cluster, older: &Customer, expected: [&str; 2]) {
    let supervisor = login(cluster.address(), &cluster.credentials, "Sofia")
        .await
        .tokens
        .expect("tokens")
        .access_token;
    let request = ListDecisionsRequest {
        conversation_id: older.conversation.clone(),
        ..Default::default()
    };
    let decisions = DecisionServiceClient::new(cluster.door())
        .list_decisions(bearing(&supervisor, request))
        .await
        .expect("lists");
    let decisions = decisions.into_inner().decisions;
    let chosen: Vec<&str> = decisions
        .iter()
        .map(|decision| decision.chosen_user_id.as_str())
        .collect();
    assert_eq!(chosen, expected, "one record for each offer");
    assert!(
        decisions[1]
            .excluded
            .iter()
            .any(|excluded| excluded.reason == "declined"),
        "{:?}",
        decisions[1]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unanswered_offer_comes_back_and_the_silent_agent_is_not_responding() {
    let cluster = Cluster::start().await;
    let mut agents = agents(&cluster, 1).await;
    let customer = Customer::start(cluster.address(), &cluster.credentials, "Billing", "en").await;
    let offer = agents[0].next_offer().await;
    assert_eq!(offer.conversation_id, customer.conversation);

    cluster.advance(Duration::from_secs(31)).await;
    agents[1].on_queue().await;
    let next = agents[1].next_offer().await;
    assert_eq!(
        (next.conversation_id.as_str(), next.waiting_since),
        (customer.conversation.as_str(), offer.waiting_since)
    );
    assert_eq!(state(&mut agents[0]).await, AgentState::NotResponding);
    assert_eq!(agents[1].accept(&next).await, customer.conversation);

    // Back on queue the silent agent is alerted again.
    agents[0].on_queue().await;
    assert_eq!(state(&mut agents[0]).await, AgentState::Idle);
    let another = Customer::start(cluster.address(), &cluster.credentials, "Billing", "en").await;
    assert_eq!(agents[0].next_offer().await.conversation_id, another.conversation);
}
