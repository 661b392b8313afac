//! An installation of real processes in which everything happens that a figure speaks of.

use onqueue::demo::Demo;
use onqueue_auth::seed::Grant;
use onqueue_model::UserId;
use onqueue_proto::{
    content::v1::{ListLibrariesRequest, library_service_client::LibraryServiceClient},
    session::v1::{
        CloseAssistanceRequest, RequestAssistanceRequest, StartConversationRequest, TakeAssistanceRequest,
        WatchRequest, assistance_service_client::AssistanceServiceClient, event::Body,
    },
};
use onqueue_tests::{
    history::History,
    installation::{Disks, Installation, Plan},
    load::{self, Load, Organisation, organisation},
    people::{Customer, bearing, channel, login},
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tonic::{Code, Status};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(60);

/// The load runs as long as this is held.
pub struct Stage {
    pub installation: Installation,
    pub load: Load,
    credentials: Value,
}

impl Stage {
    /// Starts everything and waits until chats are served.
    pub async fn set() -> Self {
        let plan = load::Plan::small();
        let (organisation, mut demo) = organisation(plan.queues, plan.agents, plan.chats);
        add_supervisor(&mut demo);
        let credentials = credentials(&organisation, &demo);
        let installation = Installation::start(&Plan::for_load().on(Disks::Unsynced), demo).await;
        let doors = installation.doors();
        let load = Load::start(plan, doors, organisation, History::default(), 1);
        let stage = Self {
            installation,
            load,
            credentials,
        };
        let served = async || stage.load.measured().assigned.count() >= plan.conversations / 2;
        onqueue_testkit::until("half of the customers to be served", 2 * PATIENCE, served).await;
        stage
    }

    /// What the load does not do: an agent asks for help and gets it, looks for responses, and a page comes back.
    pub async fn script(&self) {
        let door = self.installation.doors()[0];
        let request = StartConversationRequest {
            first_message: "May I ask something?".to_owned(),
            ..Customer::request(&self.credentials, "all", "en")
        };
        let customer = Customer::begin(door, request).await;
        customer.until_joined().await;
        let log = customer.events().await;
        let joined = log.iter().find_map(|event| match &event.body {
            Some(Body::ParticipantJoined(joined)) => Some(joined.name.clone()),
            _ => None,
        });
        let name = joined.expect("an agent");
        let token = async |name: &str| {
            let answer = login(door, &self.credentials, name).await;
            answer.tokens.expect("tokens").access_token
        };
        let (agent, boss) = (token(&name).await, token("Boss").await);
        let mut requests = AssistanceServiceClient::new(channel(door));
        let ask = RequestAssistanceRequest {
            request_id: Uuid::now_v7().to_string(),
            conversation_id: customer.conversation.clone(),
            text: "A rebate?".to_owned(),
        };
        let asked = patiently(async || requests.request_assistance(bearing(&agent, ask.clone())).await).await;
        let assistance_id = asked.into_inner().assistance.expect("a request").assistance_id;
        let take = TakeAssistanceRequest {
            assistance_id: assistance_id.clone(),
        };
        patiently(async || requests.take_assistance(bearing(&boss, take.clone())).await).await;
        let close = CloseAssistanceRequest { assistance_id };
        patiently(async || requests.close_assistance(bearing(&boss, close.clone())).await).await;
        let mut libraries = LibraryServiceClient::new(channel(door));
        let list = async || {
            let request = bearing(&boss, ListLibrariesRequest::default());
            libraries.list_libraries(request).await
        };
        patiently(list).await;
        come_back(&customer).await;
    }
}

/// Asks again while the machine is too busy to answer in time: what is shown is looked at here, not how fast it is.
async fn patiently<T>(mut ask: impl AsyncFnMut() -> Result<T, Status>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(status) => {
                let is_busy = matches!(status.code(), Code::DeadlineExceeded | Code::Unavailable);
                assert!(is_busy && Instant::now() < end, "{status:?}");
            }
        }
    }
}

/// The customer's page follows the chat, is gone, and goes on with its cursor.
async fn come_back(customer: &Customer) {
    let mut cursor = String::new();
    for _ in 0..2 {
        let request = WatchRequest {
            conversation_id: customer.conversation.clone(),
            cursor,
        };
        let mut client = customer.client.clone();
        let opened = client.watch(bearing(&customer.token, request)).await;
        let mut stream = opened.expect("watches").into_inner();
        let key = Uuid::now_v7().simple().to_string();
        patiently(async || customer.send(&key, "still there").await).await;
        let frame = tokio::time::timeout(PATIENCE, stream.message()).await;
        cursor = frame.expect("in time").expect("lives").expect("goes on").cursor;
        assert!(!cursor.is_empty(), "a frame has its cursor");
    }
}

/// Somebody who helps agents.
fn add_supervisor(demo: &mut Demo) {
    let role = demo.auth.roles.iter().find(|role| role.name == "Supervisor");
    let role = role.expect("a default role").id;
    let user = UserId::new(Uuid::from_u128(0x3000));
    let mut boss = demo.auth.users[0].clone();
    (boss.id, boss.email, boss.name) = (user, "boss@demo.example".to_owned(), "Boss".to_owned());
    let division = demo.auth.divisions[0].id;
    demo.auth.users.push(boss);
    demo.auth.grants.push(Grant { user, role, division });
}

/// As the demo tells them.
fn credentials(organisation: &Organisation, demo: &Demo) -> Value {
    let users: Vec<Value> = demo
        .auth
        .users
        .iter()
        .map(|user| json!({ "name": user.name, "email": user.email, "password": organisation.password }))
        .collect();
    json!({
        "organisation": organisation.slug,
        "deployment": organisation.deployment,
        "queues": { "all": organisation.queues[0] },
        "users": users,
    })
}
