//! The four permissions that the product is built around: each rpc works with its own and not without.

use onqueue_client::reason;
use onqueue_model::{Id, Reason, RoleId, UserId, permissions};
use onqueue_proto::routing::v1::{
    GetQueueRequest, GoOffQueueRequest, GoOnQueueRequest, JoinQueueRequest, LeaveQueueRequest, ListMembersRequest,
    ListQueuesRequest, SearchQueuesRequest,
};
use onqueue_tests::{cluster::Cluster, people::channel, raw};
use prost::Message as _;
use tonic::{Code, Status};
use uuid::Uuid;

const FOUR: [(&str, &[&str]); 4] = [
    (
        permissions::AGENT_ONQUEUE,
        &["AgentService/GoOnQueue", "AgentService/GoOffQueue"],
    ),
    (
        permissions::QUEUE_JOIN,
        &["QueueService/LeaveQueue", "QueueService/JoinQueue"],
    ),
    (permissions::QUEUE_SEARCH, &["QueueService/SearchQueues"]),
    (
        permissions::QUEUE_VIEW,
        &[
            "QueueService/GetQueue",
            "QueueService/ListQueues",
            "QueueService/ListMembers",
        ],
    ),
];

fn email(number: usize) -> String {
    format!("holder{number}@demo.example")
}

/// The demo with four more agents, each holding one of the four permissions and nothing else.
async fn cluster() -> Cluster {
    Cluster::start_with(|demo| {
        let division = demo.auth.divisions[0].id;
        for (number, (permission, _)) in FOUR.iter().enumerate() {
            let (user, role): (UserId, RoleId) = (
                Id::new(Uuid::from_u128(100 + number as u128)),
                Id::new(Uuid::from_u128(200 + number as u128)),
            );
            let mut one = demo.auth.users[0].clone();
            (one.id, one.email, one.name, one.password) = (
                user,
                email(number),
                format!("Holder {number}"),
                Some("a long password".into()),
            );
            demo.auth.users.push(one);
            demo.auth.roles.push(onqueue_auth::seed::Role {
                id: role,
                name: (*permission).into(),
                permissions: vec![(*permission).into()],
            });
            demo.auth
                .grants
                .push(onqueue_auth::seed::Grant { user, role, division });
            let agent = onqueue_routing::SeedAgent {
                id: user,
                name: format!("Holder {number}"),
                ..demo.routing.agents[0].clone()
            };
            demo.routing.agents.push(agent);
        }
    })
    .await
}

async fn call(cluster: &Cluster, token: &str, method: &'static str) -> Result<bytes::Bytes, Status> {
    let queue_id = cluster.credentials["queues"]["Billing"]
        .as_str()
        .expect("text")
        .to_owned();
    let message = match method {
        "AgentService/GoOnQueue" => GoOnQueueRequest {}.encode_to_vec(),
        "AgentService/GoOffQueue" => GoOffQueueRequest {}.encode_to_vec(),
        "QueueService/JoinQueue" => JoinQueueRequest { queue_id }.encode_to_vec(),
        "QueueService/LeaveQueue" => LeaveQueueRequest { queue_id }.encode_to_vec(),
        "QueueService/SearchQueues" => SearchQueuesRequest {
            text: "bill".into(),
            ..Default::default()
        }
        .encode_to_vec(),
        "QueueService/GetQueue" => GetQueueRequest { queue_id }.encode_to_vec(),
        "QueueService/ListQueues" => ListQueuesRequest::default().encode_to_vec(),
        _ => ListMembersRequest {
            queue_id,
            ..Default::default()
        }
        .encode_to_vec(),
    };
    let path: &'static str = Box::leak(format!("/onqueue.routing.v1.{method}").into_boxed_str());
    raw::call(&cluster.door(), path, Some(token), message).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_the_four_permissions_opens_its_rpcs_and_no_others() {
    let cluster = cluster().await;
    for (number, (held, _)) in FOUR.iter().enumerate() {
        let login = onqueue_proto::auth::v1::LoginRequest {
            organisation: "demo".into(),
            email: email(number),
            password: "a long password".into(),
        };
        let mut client =
            onqueue_proto::auth::v1::token_service_client::TokenServiceClient::new(channel(cluster.address()));
        let token = client
            .login(login)
            .await
            .expect("logs in")
            .into_inner()
            .tokens
            .expect("tokens")
            .access_token;
        for (wanted, methods) in FOUR {
            for method in methods {
                let outcome = call(&cluster, &token, method).await;
                if *held == wanted {
                    assert!(
                        outcome
                            .as_ref()
                            .is_ok_and(|answer| method.starts_with("Agent") || !answer.is_empty()),
                        "{method} with {held}: {outcome:?}"
                    );
                    continue;
                }
                let status = outcome.expect_err(method);
                assert_eq!(
                    (status.code(), reason(&status)),
                    (Code::PermissionDenied, Some(Reason::PermissionMissing)),
                    "{method} with {held}"
                );
                assert!(status.message().contains(wanted), "{method} names {wanted}: {status:?}");
            }
        }
    }
}
