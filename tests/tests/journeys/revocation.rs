//! What is taken away is gone from routing, session and the desk within five seconds, on open streams too.

use onqueue_client::reason;
use onqueue_model::{Reason, permissions};
use onqueue_proto::{
    auth::v1::{
        ListRolesRequest, ListUsersRequest, LoginRequest, RefreshRequest, Role, UpdateRoleRequest, UpdateUserRequest,
        User, UserState, role_service_client::RoleServiceClient, token_service_client::TokenServiceClient,
        user_service_client::UserServiceClient,
    },
    gateway::v1::{self as gateway, desk_service_client::DeskServiceClient},
    routing::v1::{
        self as routing, AgentState, GetAgentRequest, GoOnQueueRequest, WatchMeRequest,
        agent_service_client::AgentServiceClient,
    },
    session::v1::{
        self as session, ListConversationsRequest, WatchMineRequest, WatchRequest,
        conversation_service_client::ConversationServiceClient, supervision_service_client::SupervisionServiceClient,
    },
};
use onqueue_tests::{
    cluster::{Cluster, is_distributed},
    people::{self, Agent, Customer, bearing, demo_user, login},
};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;
use tonic::{Code, Status, Streaming};

/// What a revocation may take.
const LIMIT: Duration = Duration::from_secs(5);

/// How long a test waits for what never comes.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often time goes on and the customer writes; a guest may write twice a second.
const STEP: Duration = Duration::from_millis(500);

/// How a stream ended.
#[derive(Debug)]
struct End {
    /// When its last frame before the goodbye came.
    last: Instant,
    over: Instant,
    /// The reason of the goodbye, or of the status.
    because: String,
}

/// Follows a stream in the background, from its first frame to its end.
async fn follow<T: Send + 'static>(mut stream: Streaming<T>, goodbye: fn(&T) -> Option<&String>) -> JoinHandle<End> {
    let first = stream.message().await.expect("lives").expect("shows something");
    assert_eq!(goodbye(&first), None);
    tokio::spawn(async move {
        let mut last = Instant::now();
        let because = loop {
            match stream.message().await {
                Ok(Some(frame)) => match goodbye(&frame) {
                    Some(because) => break because.clone(),
                    None => last = Instant::now(),
                },
                Ok(None) => break "no goodbye".to_owned(),
                Err(status) => break status.to_string(),
            }
        };
        let over = Instant::now();
        End { last, over, because }
    })
}

/// The stream ended because rights changed, and showed nothing after the limit.
async fn ended(what: &str, stream: JoinHandle<End>, taken_at: Instant) {
    let end = tokio::time::timeout(PATIENCE, stream).await;
    let end = end.unwrap_or_else(|_| panic!("{what} goes on")).expect("no panic");
    assert_eq!(end.because, "access_changed", "{what}");
    let (last, over) = (
        end.last.saturating_duration_since(taken_at),
        end.over.saturating_duration_since(taken_at),
    );
    assert!(
        last <= LIMIT && over <= LIMIT,
        "{what}: last frame after {last:?}, over after {over:?}"
    );
}

/// What was taken at that moment is gone now.
fn in_time(what: &str, taken_at: Instant) {
    let took = taken_at.elapsed();
    assert!(took <= LIMIT, "{what} took {took:?}");
}

fn refused<T: std::fmt::Debug>(what: &str, answer: Result<T, Status>, code: Code, expected: Reason) {
    let status = answer.expect_err(what);
    assert_eq!(
        (status.code(), reason(&status)),
        (code, Some(expected)),
        "{what}: {status:?}"
    );
}

/// Ben is in a chat with a customer.
struct Stage {
    cluster: Cluster,
    administrator: String,
    supervisor: String,
    ben: Agent,
    customer: Customer,
    written: AtomicUsize,
}

impl Stage {
    async fn live() -> Self {
        let cluster = Cluster::start().await;
        let (administrator, supervisor) = (token(&cluster, "Petra").await, token(&cluster, "Sofia").await);
        let mut ben = Agent::login(cluster.address(), &cluster.credentials, "Ben").await;
        ben.on_queue().await;
        let customer = Customer::start(cluster.address(), &cluster.credentials, "Billing", "en").await;
        customer.send("first", "hello").await.expect("sends");
        let offer = ben.next_offer().await;
        assert_eq!(ben.accept(&offer).await, customer.conversation);
        customer.until_joined().await;
        Self {
            cluster,
            administrator,
            supervisor,
            ben,
            customer,
            written: AtomicUsize::new(0),
        }
    }

    /// Does something while the customer keeps writing and time goes on, also on a clock that stands still by itself.
    async fn meanwhile<T>(&self, what: impl Future<Output = T>) -> T {
        let going_on = async {
            loop {
                tokio::time::sleep(STEP).await;
                if !is_distributed() {
                    self.cluster.advance(STEP).await;
                }
                let number = self.written.fetch_add(1, Ordering::Relaxed);
                let sent = self.customer.send(&number.to_string(), "still here").await;
                sent.expect("the customer may write");
            }
        };
        tokio::select! {
            done = what => done,
            () = going_on => unreachable!("it never ends"),
        }
    }

    /// Takes a permission from a role; answers when.
    async fn take(&self, role: &str, permission: &str) -> Instant {
        let mut roles = RoleServiceClient::new(self.cluster.door());
        let list = ListRolesRequest {
            text: role.to_owned(),
            ..ListRolesRequest::default()
        };
        let listed = roles.list_roles(bearing(&self.administrator, list)).await;
        let found = listed.expect("lists").into_inner().roles.pop().expect("a role");
        let mut permissions = found.permissions;
        let held = permissions.len();
        permissions.retain(|one| one != permission);
        assert_eq!(permissions.len() + 1, held, "{role} held {permission}");
        let mut update = UpdateRoleRequest {
            role: Some(Role {
                role_id: found.role_id,
                etag: found.etag,
                permissions,
                ..Role::default()
            }),
            ..UpdateRoleRequest::default()
        };
        update.update_mask.get_or_insert_default().paths = vec!["permissions".to_owned()];
        let taken_at = Instant::now();
        let updated = roles.update_role(bearing(&self.administrator, update)).await;
        updated.expect("updates");
        taken_at
    }

    /// Disables Ben; answers when.
    async fn disable_ben(&self) -> Instant {
        let mut users = UserServiceClient::new(self.cluster.door());
        let list = ListUsersRequest {
            user_ids: vec![self.ben.user.clone()],
            ..ListUsersRequest::default()
        };
        let listed = users.list_users(bearing(&self.administrator, list)).await;
        let found = listed.expect("lists").into_inner().users.pop().expect("Ben");
        let mut update = UpdateUserRequest {
            user: Some(User {
                user_id: found.user_id,
                etag: found.etag,
                state: UserState::Disabled.into(),
                ..User::default()
            }),
            ..UpdateUserRequest::default()
        };
        update.update_mask.get_or_insert_default().paths = vec!["state".to_owned()];
        let taken_at = Instant::now();
        let updated = users.update_user(bearing(&self.administrator, update)).await;
        updated.expect("updates");
        taken_at
    }

    async fn watch_me(&self) -> Result<Streaming<routing::WatchMeResponse>, Status> {
        let request = bearing(&self.ben.token, WatchMeRequest {});
        let opened = AgentServiceClient::new(self.cluster.door()).watch_me(request).await;
        opened.map(tonic::Response::into_inner)
    }

    async fn watch_mine(&self) -> Result<Streaming<session::WatchMineResponse>, Status> {
        let request = bearing(&self.ben.token, WatchMineRequest {});
        let opened = ConversationServiceClient::new(self.cluster.door())
            .watch_mine(request)
            .await;
        opened.map(tonic::Response::into_inner)
    }

    /// Follows the chat as whoever holds the token.
    async fn watch(&self, token: &str) -> Result<Streaming<session::WatchResponse>, Status> {
        let request = WatchRequest {
            conversation_id: self.customer.conversation.clone(),
            ..WatchRequest::default()
        };
        let opened = ConversationServiceClient::new(self.cluster.door())
            .watch(bearing(token, request))
            .await;
        opened.map(tonic::Response::into_inner)
    }

    async fn watch_desk(&self) -> Result<Streaming<gateway::WatchResponse>, Status> {
        let request = bearing(&self.ben.token, gateway::WatchRequest::default());
        let opened = DeskServiceClient::new(self.cluster.door()).watch(request).await;
        opened.map(tonic::Response::into_inner)
    }

    /// Sends a message as Ben, by one of the public doors.
    async fn ben_says(&self, key: &str) -> Result<(), Status> {
        let client = ConversationServiceClient::new(self.cluster.door());
        let (token, conversation) = (&self.ben.token, &self.customer.conversation);
        people::send(client, token, conversation, key, "I am here")
            .await
            .map(drop)
    }

    /// Ben as routing shows him to a supervisor: his state, and how many queues he has joined.
    async fn ben_at_routing(&self) -> (AgentState, usize) {
        let request = GetAgentRequest {
            user_id: self.ben.user.clone(),
        };
        let mut client = AgentServiceClient::new(self.cluster.door());
        let answer = client.get_agent(bearing(&self.supervisor, request)).await;
        let agent = answer.expect("answers").into_inner().agent.expect("an agent");
        let joined = agent.queues.iter().filter(|queue| queue.joined).count();
        (agent.state(), joined)
    }

    /// Waits until routing shows Ben so.
    async fn until_ben(&self, what: &str, is: impl Fn(AgentState, usize) -> bool) {
        let shown = people::until(what, async || {
            let (state, joined) = self.ben_at_routing().await;
            is(state, joined)
        });
        self.meanwhile(shown).await;
    }
}

async fn token(cluster: &Cluster, name: &str) -> String {
    let answer = login(cluster.address(), &cluster.credentials, name).await;
    answer.tokens.expect("tokens").access_token
}

/// Goodbyes of the streams.
const fn of_me(frame: &routing::WatchMeResponse) -> Option<&String> {
    match &frame.frame {
        Some(routing::watch_me_response::Frame::Goodbye(goodbye)) => Some(&goodbye.reason),
        _ => None,
    }
}

const fn of_mine(frame: &session::WatchMineResponse) -> Option<&String> {
    match &frame.frame {
        Some(session::watch_mine_response::Frame::Goodbye(goodbye)) => Some(&goodbye.reason),
        _ => None,
    }
}

const fn of_chat(frame: &session::WatchResponse) -> Option<&String> {
    match &frame.frame {
        Some(session::watch_response::Frame::Goodbye(goodbye)) => Some(&goodbye.reason),
        _ => None,
    }
}

const fn of_desk(frame: &gateway::WatchResponse) -> Option<&String> {
    match &frame.frame {
        Some(gateway::watch_response::Frame::Goodbye(goodbye)) => Some(&goodbye.reason),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supervisor_whose_role_may_see_chats_no_more_sees_no_more_of_one() {
    let stage = Stage::live().await;
    let (supervisor, bens) = (&stage.supervisor, &stage.ben.token);
    let request = session::MonitorRequest {
        conversation_id: stage.customer.conversation.clone(),
    };
    let mut supervision = SupervisionServiceClient::new(stage.cluster.door());
    supervision.monitor(bearing(supervisor, request)).await.expect("may");
    let watched = follow(stage.watch(supervisor).await.expect("may"), of_chat).await;
    let own = follow(stage.watch(bens).await.expect("takes part"), of_chat).await;

    let taken_at = stage.take("Supervisor", permissions::WEBCHAT_MONITOR).await;
    stage
        .meanwhile(ended("the supervisor's Watch", watched, taken_at))
        .await;
    refused(
        "watching again",
        stage.watch(supervisor).await,
        Code::PermissionDenied,
        Reason::CallerNotAllowed,
    );

    stage.take("Supervisor", permissions::COMMUNICATION_VIEW).await;
    let is_hidden = async || {
        stage
            .watch(supervisor)
            .await
            .is_err_and(|status| status.code() == Code::NotFound)
    };
    let hidden = people::until("the chat to be hidden", is_hidden);
    stage.meanwhile(hidden).await;
    let mut client = ConversationServiceClient::new(stage.cluster.door());
    let list = bearing(supervisor, ListConversationsRequest::default());
    refused(
        "listing",
        client.list_conversations(list).await,
        Code::PermissionDenied,
        Reason::PermissionMissing,
    );
    assert!(!own.is_finished(), "who takes part goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_whose_role_loses_its_permissions_go_off_queue_and_leave_their_queues() {
    let stage = Stage::live().await;
    let mut states = stage.watch_me().await.expect("watches");
    let off_queue = async {
        while let Some(frame) = states.message().await.expect("lives") {
            if let Some(routing::watch_me_response::Frame::Agent(agent)) = frame.frame
                && agent.state() == AgentState::OffQueue
            {
                return;
            }
        }
        panic!("the stream ended");
    };
    let taken_at = stage.take("Agent", permissions::AGENT_ONQUEUE).await;
    let shown = stage.meanwhile(tokio::time::timeout(PATIENCE, off_queue)).await;
    shown.expect("Ben is off queue");
    in_time("going off queue", taken_at);
    let mut agents = AgentServiceClient::new(stage.cluster.door());
    refused(
        "going on queue",
        agents.go_on_queue(bearing(&stage.ben.token, GoOnQueueRequest {})).await,
        Code::PermissionDenied,
        Reason::PermissionMissing,
    );
    assert_eq!(stage.ben_at_routing().await, (AgentState::OffQueue, 2));

    let taken_at = stage.take("Agent", permissions::QUEUE_JOIN).await;
    stage
        .until_ben("Ben to leave the queues", |_, joined| joined == 0)
        .await;
    in_time("leaving the queues", taken_at);
    stage.ben_says("in hand").await.expect("the chat in hand stays his");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_user_is_out_of_routing_session_and_the_desk() {
    let stage = Stage::live().await;
    let credentials = &stage.cluster.credentials;
    let before = login(stage.cluster.address(), credentials, "Ben").await;
    let streams = [
        ("WatchMe", follow(stage.watch_me().await.expect("watches"), of_me).await),
        (
            "WatchMine",
            follow(stage.watch_mine().await.expect("watches"), of_mine).await,
        ),
        (
            "Watch",
            follow(stage.watch(&stage.ben.token).await.expect("takes part"), of_chat).await,
        ),
        (
            "the desk's Watch",
            follow(stage.watch_desk().await.expect("watches"), of_desk).await,
        ),
    ];

    let taken_at = stage.disable_ben().await;
    stage
        .until_ben("Ben to be off queue and in none", |state, joined| {
            (state, joined) == (AgentState::OffQueue, 0)
        })
        .await;
    in_time("going off queue", taken_at);
    for (what, stream) in streams {
        stage.meanwhile(ended(what, stream, taken_at)).await;
    }
    // Where there are several doors, by each of them.
    for key in ["one door", "the other"] {
        refused(
            "a message",
            stage.ben_says(key).await,
            Code::Unauthenticated,
            Reason::TokenInvalid,
        );
    }
    refused(
        "watching again",
        stage.watch_me().await,
        Code::Unauthenticated,
        Reason::TokenInvalid,
    );
    stays_out(&stage, before.tokens.expect("tokens").refresh_token).await;
}

/// Neither a password nor a refresh token lets Ben in again.
async fn stays_out(stage: &Stage, refresh_token: String) {
    let mut client = TokenServiceClient::new(stage.cluster.door());
    let (email, password) = demo_user(&stage.cluster.credentials, "Ben");
    let again = LoginRequest {
        organisation: "demo".to_owned(),
        email: email.to_owned(),
        password: password.to_owned(),
    };
    let status = client.login(again).await.expect_err("disabled");
    assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
    let status = client
        .refresh(RefreshRequest { refresh_token })
        .await
        .expect_err("disabled");
    assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
}
