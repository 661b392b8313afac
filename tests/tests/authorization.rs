//! Every rpc, as everybody who might try it. The list comes from the descriptor set: an rpc that declares nothing, or for
//! which this test has no request, fails it by name.
#![allow(clippy::disallowed_methods)]

use onqueue_client::reason;
use onqueue_model::{Id, Reason, UserId};
use onqueue_proto::{
    Access, Method,
    auth::v1 as auth,
    gateway::v1 as gateway,
    methods,
    routing::v1 as routing,
    session::v1::{self as session},
};
use onqueue_tests::{
    cluster::Cluster,
    people::{Customer, channel},
    raw,
};
use prost::Message as _;
use tonic::{Code, Status};
use uuid::Uuid;

const PASSWORD: &str = "correct horse battery staple";

/// Somebody who calls everything.
struct Tester {
    name: &'static str,
    token: Option<String>,
}

/// Things of the demo organisation that the requests name.
struct Things {
    conversation: String,
    queue: String,
    deployment: String,
    user: String,
}

/// Adds to the demo a user without a role and one who may do everything, and makes another organisation like it.
async fn cluster() -> Cluster {
    let mut cluster = Cluster::start_with(|demo| {
        let division = demo.auth.divisions[0].id;
        for (number, name) in [(1, "nobody"), (2, "everybody")] {
            let id = UserId::new(Uuid::from_u128(number));
            let password = Some(PASSWORD.to_owned());
            let email = format!("{name}@demo.example");
            demo.auth.users.push(onqueue_auth::seed::User {
                id,
                division,
                name: name.into(),
                email,
                language: "en".into(),
                password,
            });
        }
        let role = demo
            .auth
            .roles
            .iter()
            .find(|role| role.name == "Administrator")
            .expect("a default role")
            .id;
        demo.auth.grants.push(onqueue_auth::seed::Grant {
            user: UserId::new(Uuid::from_u128(2)),
            role,
            division,
        });
        let everybody = onqueue_routing::SeedAgent {
            id: UserId::new(Uuid::from_u128(2)),
            name: "everybody".into(),
            ..demo.routing.agents[0].clone()
        };
        demo.routing.agents.push(everybody);
    })
    .await;
    cluster.seed_users(stranger()).await;
    // Every process has read who is who then.
    cluster.restart().await;
    cluster
}

fn stranger() -> onqueue_auth::Seed {
    let (organisation, division, user, role) = (
        Id::new(Uuid::from_u128(10)),
        Id::new(Uuid::from_u128(11)),
        Id::new(Uuid::from_u128(12)),
        Id::new(Uuid::from_u128(13)),
    );
    onqueue_auth::Seed {
        organisation: onqueue_auth::seed::Organisation {
            id: organisation,
            slug: "stranger".into(),
            name: "Stranger".into(),
        },
        divisions: vec![onqueue_auth::seed::Division {
            id: division,
            name: "Main".into(),
        }],
        users: vec![onqueue_auth::seed::User {
            id: user,
            division,
            name: "stranger".into(),
            email: "stranger@demo.example".into(),
            language: "en".into(),
            password: Some(PASSWORD.into()),
        }],
        roles: vec![onqueue_auth::seed::Role {
            id: role,
            name: "All".into(),
            permissions: vec!["*:*:*".into()],
        }],
        grants: vec![onqueue_auth::seed::Grant { user, role, division }],
        deployments: Vec::new(),
    }
}

async fn tester(cluster: &Cluster, organisation: &str, name: &'static str) -> Tester {
    let login = auth::LoginRequest {
        organisation: organisation.into(),
        email: format!("{name}@demo.example"),
        password: PASSWORD.into(),
    };
    let mut client = auth::token_service_client::TokenServiceClient::new(channel(cluster.address()));
    let answer = client.login(login).await.expect("logs in").into_inner();
    Tester {
        name,
        token: Some(answer.tokens.expect("tokens").access_token),
    }
}

/// A request for every rpc, naming things of the demo organisation.
// A table.
#[allow(clippy::too_many_lines)]
fn request(path: &str, things: &Things) -> Option<Vec<u8>> {
    let Things {
        conversation,
        queue,
        deployment,
        user,
    } = things;
    let (conversation_id, queue_id) = (conversation.clone(), queue.clone());
    Some(match path.trim_start_matches("/onqueue.") {
        "auth.v1.TokenService/Login" => auth::LoginRequest::default().encode_to_vec(),
        "auth.v1.TokenService/Refresh" => auth::RefreshRequest::default().encode_to_vec(),
        "auth.v1.TokenService/Revoke" => auth::RevokeRequest {
            refresh_token: "unknown".into(),
        }
        .encode_to_vec(),
        "auth.v1.TrustService/WatchTrust" => auth::WatchTrustRequest {}.encode_to_vec(),
        "auth.v1.DeploymentService/GetPublicDeployment" => auth::GetPublicDeploymentRequest {
            deployment_id: deployment.clone(),
        }
        .encode_to_vec(),
        "gateway.v1.DeskService/Watch" => gateway::WatchRequest::default().encode_to_vec(),
        "routing.v1.AgentService/GoOnQueue" => routing::GoOnQueueRequest {}.encode_to_vec(),
        "routing.v1.AgentService/GoOffQueue" => routing::GoOffQueueRequest {}.encode_to_vec(),
        "routing.v1.AgentService/GetAgent" => routing::GetAgentRequest { user_id: user.clone() }.encode_to_vec(),
        "routing.v1.AgentService/WatchMe" => routing::WatchMeRequest {}.encode_to_vec(),
        "routing.v1.AgentService/Heartbeat" => routing::HeartbeatRequest {}.encode_to_vec(),
        "routing.v1.AgentService/AcceptOffer" => routing::AcceptOfferRequest { offer_id: user.clone() }.encode_to_vec(),
        "routing.v1.AgentService/DeclineOffer" => {
            routing::DeclineOfferRequest { offer_id: user.clone() }.encode_to_vec()
        }
        "routing.v1.DecisionService/ListDecisions" => routing::ListDecisionsRequest {
            conversation_id,
            ..Default::default()
        }
        .encode_to_vec(),
        "routing.v1.QueueService/CreateQueue" => routing::CreateQueueRequest::default().encode_to_vec(),
        "routing.v1.QueueService/GetQueue" => routing::GetQueueRequest { queue_id }.encode_to_vec(),
        "routing.v1.QueueService/ListQueues" => routing::ListQueuesRequest::default().encode_to_vec(),
        "routing.v1.QueueService/SearchQueues" => routing::SearchQueuesRequest::default().encode_to_vec(),
        "routing.v1.QueueService/ListMembers" => routing::ListMembersRequest {
            queue_id,
            ..Default::default()
        }
        .encode_to_vec(),
        "routing.v1.QueueService/SetMembers" => routing::SetMembersRequest {
            queue_id,
            user_ids: vec![user.clone()],
        }
        .encode_to_vec(),
        "routing.v1.QueueService/JoinQueue" => routing::JoinQueueRequest { queue_id }.encode_to_vec(),
        "routing.v1.QueueService/LeaveQueue" => routing::LeaveQueueRequest { queue_id }.encode_to_vec(),
        "session.v1.ConversationService/StartConversation" => {
            session::StartConversationRequest::default().encode_to_vec()
        }
        "session.v1.ConversationService/ResumeConversation" => {
            session::ResumeConversationRequest::default().encode_to_vec()
        }
        "session.v1.ConversationService/GetConversation" => {
            session::GetConversationRequest { conversation_id }.encode_to_vec()
        }
        "session.v1.ConversationService/ListConversations" => {
            session::ListConversationsRequest::default().encode_to_vec()
        }
        "session.v1.ConversationService/SendMessage" => session::SendMessageRequest {
            conversation_id,
            client_message_id: "x".into(),
            text: "x".into(),
        }
        .encode_to_vec(),
        "session.v1.ConversationService/SendTyping" => session::SendTypingRequest {
            conversation_id,
            typing: true,
        }
        .encode_to_vec(),
        "session.v1.ConversationService/Watch" => session::WatchRequest {
            conversation_id,
            cursor: String::new(),
        }
        .encode_to_vec(),
        "session.v1.ConversationService/WatchMine" => session::WatchMineRequest {}.encode_to_vec(),
        "session.v1.ConversationService/EndConversation" => {
            session::EndConversationRequest { conversation_id }.encode_to_vec()
        }
        "session.v1.TranscriptService/ListEvents" => session::ListEventsRequest {
            conversation_id,
            ..Default::default()
        }
        .encode_to_vec(),
        "session.v1.RoutingFactsService/Report" => session::ReportRequest::default().encode_to_vec(),
        "session.v1.RoutingFactsService/PutQueuePolicy" => session::PutQueuePolicyRequest::default().encode_to_vec(),
        "session.v1.FeedService/Feed" => session::FeedRequest::default().encode_to_vec(),
        _ => return None,
    })
}

/// What is wrong with the outcome of one call, if anything.
fn judge(method: &Method, who: &Tester, outcome: &Result<bytes::Bytes, Status>) -> Option<String> {
    let code = outcome.as_ref().map_or_else(Status::code, |_| Code::Ok);
    let why = outcome.as_ref().err().and_then(reason);
    let refused = matches!(
        code,
        Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented
    );
    let right = match (method.access?, who.name) {
        (Access::Services(_), _) => matches!(code, Code::PermissionDenied | Code::Unimplemented),
        (Access::Anyone, _) => {
            code != Code::PermissionDenied && code != Code::Unimplemented && why != Some(Reason::TokenInvalid)
                || method.path.ends_with("/Refresh")
                || method.path.ends_with("/ResumeConversation")
        }
        (_, "no token") => code == Code::Unauthenticated && why == Some(Reason::TokenInvalid),
        (Access::Permission(wanted), "nobody" | "guest") => {
            let named = outcome
                .as_ref()
                .err()
                .is_some_and(|status| status.message().contains(wanted));
            code == Code::PermissionDenied && (who.name == "guest" || why == Some(Reason::PermissionMissing) && named)
        }
        (Access::Permission(_) | Access::User, "everybody") => !refused,
        (Access::User, "guest") => code == Code::PermissionDenied,
        (Access::User, "nobody") => code != Code::Unauthenticated && code != Code::Unimplemented,
        (Access::Participant, "guest") => !refused,
        (Access::Participant, "everybody") => code != Code::Unauthenticated && code != Code::Unimplemented,
        (Access::Participant, "nobody") => code == Code::NotFound,
        (Access::Participant | Access::User | Access::Permission(_), "stranger") => !refused,
        _ => false,
    };
    (!right).then(|| format!("{} as {}: {outcome:?}", method.path, who.name))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rpc_is_tried_by_everybody() {
    let cluster = cluster().await;
    let customer = Customer::start(cluster.address(), &cluster.credentials, "Billing", "en").await;
    let things = Things {
        conversation: customer.conversation.clone(),
        queue: cluster.credentials["queues"]["Billing"].as_str().expect("text").into(),
        deployment: cluster.credentials["deployment"].as_str().expect("text").into(),
        user: cluster.credentials["users"][0]["user_id"]
            .as_str()
            .expect("text")
            .into(),
    };
    let testers = [
        Tester {
            name: "no token",
            token: None,
        },
        tester(&cluster, "demo", "nobody").await,
        tester(&cluster, "stranger", "stranger").await,
        tester(&cluster, "demo", "everybody").await,
        Tester {
            name: "guest",
            token: Some(customer.token.clone()),
        },
    ];
    let mut wrong: Vec<String> = Vec::new();
    // Ending the conversation comes last: the others need it open.
    let mut all: Vec<&Method> = methods().iter().collect();
    all.sort_by_key(|method| method.path.ends_with("/EndConversation"));
    for method in all {
        if method.access.is_none() {
            wrong.push(format!("{} declares no access", method.path));
        }
        let Some(message) = request(method.path, &things) else {
            wrong.push(format!("{} has no request in this test", method.path));
            continue;
        };
        for who in &testers {
            let outcome = raw::call(&cluster.door(), method.path, who.token.as_deref(), message.clone()).await;
            wrong.extend(judge(method, who, &outcome));
            wrong.extend(leak(method, who, &outcome, &things));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A stranger must not get anything that names a thing of the demo organisation.
fn leak(method: &Method, who: &Tester, outcome: &Result<bytes::Bytes, Status>, things: &Things) -> Option<String> {
    if who.name != "stranger" || method.path.ends_with("/GetPublicDeployment") {
        return None;
    }
    let answer = outcome.as_ref().ok()?;
    let text = String::from_utf8_lossy(answer);
    let named = [&things.conversation, &things.queue, &things.user]
        .into_iter()
        .any(|id| text.contains(id.as_str()));
    named.then(|| format!("{} tells a stranger of the demo organisation: {text}", method.path))
}
