//! DeskService.Watch: one stream made of many, and how it ends.
#![allow(clippy::disallowed_methods)] // What is measured from outside is measured by another clock.

mod world;

use onqueue_gateway::Settings;
use onqueue_model::Reason;
use onqueue_proto::{
    gateway::v1::{
        ConversationCursor, DeskGoodbye, WatchRequest, WatchResponse, desk_service_client::DeskServiceClient,
        watch_response::Frame,
    },
    routing::v1::{Agent, AgentGoodbye, AgentHeartbeat, WatchMeResponse, watch_me_response::Frame as AgentFrame},
    session::v1::{
        self as session, Conversation, Event, Goodbye, MineAdded, MineCaughtUp, MineRemoved, WatchMineResponse,
        watch_mine_response::Frame as MineFrame, watch_response::Frame as OfConversation,
    },
};
use onqueue_server::{listener, status};
use onqueue_testkit::{running_context, still_context, with_token};
use std::time::{Duration, Instant};
use tokio::time::timeout;
use tonic::{Code, Status, Streaming, transport::Endpoint};
use uuid::Uuid;
use world::{Call, PATIENCE, Sender, World, id};

const WATCH_ME: &str = "/onqueue.routing.v1.AgentService/WatchMe";
const WATCH_MINE: &str = "/onqueue.session.v1.ConversationService/WatchMine";
const WATCH: &str = "/onqueue.session.v1.ConversationService/Watch";

/// An open desk and the services' ends of what it is made of.
struct Page {
    frames: Streaming<WatchResponse>,
    agent: Sender,
    mine: Sender,
}

impl Page {
    async fn open(world: &World, token: &str, cursors: Vec<ConversationCursor>) -> Self {
        let channel = Endpoint::from_shared(format!("http://{}", world.address))
            .expect("an address")
            .connect_lazy();
        let mut client = DeskServiceClient::new(channel);
        let frames = client
            .watch(with_token(WatchRequest { cursors }, token))
            .await
            .expect("open")
            .into_inner();
        let [agent, mine] = both(world, WATCH_ME, WATCH_MINE).await;
        let carried = format!("Bearer {token}");
        for call in [&agent, &mine] {
            assert_eq!(call.headers["authorization"], carried.as_str());
        }
        Self {
            frames,
            agent: agent.stream(),
            mine: mine.stream(),
        }
    }

    async fn next(&mut self) -> Frame {
        let frame = timeout(PATIENCE, self.frames.message()).await.expect("a frame comes");
        frame.expect("no error").expect("not the end").frame.expect("not empty")
    }

    async fn goodbye(&mut self) -> DeskGoodbye {
        let Frame::Goodbye(goodbye) = self.next().await else {
            panic!("not a goodbye");
        };
        let end = timeout(PATIENCE, self.frames.message()).await.expect("the end comes");
        assert!(end.expect("no error").is_none(), "the goodbye is the last");
        goodbye
    }

    /// Session names a conversation, and the desk follows it from there.
    async fn added(&mut self, world: &World, conversation: Uuid, cursor: &str) -> (session::WatchRequest, Sender) {
        self.mine.send(&added(conversation, cursor)).await;
        assert_eq!(self.next().await, Frame::Mine(added(conversation, cursor)));
        let call = world.call_of(WATCH).await;
        let near = onqueue_client::affinity(&conversation.to_string());
        assert_eq!(call.nearness, Some(near.0), "where the conversation is in memory");
        (call.message(), call.stream())
    }
}

/// The two calls, in whichever order they come.
async fn both(world: &World, one: &str, other: &str) -> [Call; 2] {
    let (first, second) = (world.call().await, world.call().await);
    assert!([one, other].contains(&&*first.path) && [one, other].contains(&&*second.path) && first.path != second.path);
    if first.path == one {
        [first, second]
    } else {
        [second, first]
    }
}

fn added(conversation: Uuid, cursor: &str) -> WatchMineResponse {
    let conversation = Conversation {
        conversation_id: conversation.to_string(),
        ..Conversation::default()
    };
    let added = MineAdded {
        conversation: Some(conversation),
        cursor: cursor.to_owned(),
    };
    mine(MineFrame::Added(added))
}

fn removed(conversation: Uuid) -> WatchMineResponse {
    mine(MineFrame::Removed(MineRemoved {
        conversation_id: conversation.to_string(),
    }))
}

fn mine(frame: MineFrame) -> WatchMineResponse {
    WatchMineResponse { frame: Some(frame) }
}

fn agent(frame: AgentFrame) -> WatchMeResponse {
    WatchMeResponse { frame: Some(frame) }
}

fn event(sequence: i64, cursor: &str) -> session::WatchResponse {
    session::WatchResponse {
        frame: Some(OfConversation::Event(Event {
            sequence,
            ..Event::default()
        })),
        cursor: cursor.to_owned(),
    }
}

fn goodbye_of_conversation(reason: &str) -> session::WatchResponse {
    session::WatchResponse {
        frame: Some(OfConversation::Goodbye(Goodbye {
            reason: reason.to_owned(),
        })),
        cursor: String::new(),
    }
}

fn of(conversation: Uuid, frame: session::WatchResponse) -> Frame {
    Frame::Conversation(onqueue_proto::gateway::v1::ConversationFrame {
        conversation_id: conversation.to_string(),
        frame: Some(frame),
    })
}

fn at(conversation: Uuid, cursor: &str) -> ConversationCursor {
    ConversationCursor {
        conversation_id: conversation.to_string(),
        cursor: cursor.to_owned(),
    }
}

#[tokio::test]
async fn everything_comes_on_one_stream_from_its_cursor() {
    let world = World::new().await;
    let token = world.user(&[]);
    let mut page = Page::open(&world, &token, vec![at(id(10), "c5")]).await;
    let state = agent(AgentFrame::Agent(Agent::default()));
    page.agent.send(&state).await;
    assert_eq!(page.next().await, Frame::Agent(state));
    let heartbeat = agent(AgentFrame::Heartbeat(AgentHeartbeat::default()));
    page.agent.send(&heartbeat).await;
    assert_eq!(page.next().await, Frame::Agent(heartbeat), "the page has to answer it");

    let (asked, known) = page.added(&world, id(10), "c0").await;
    assert_eq!(
        (asked.conversation_id, &*asked.cursor),
        (id(10).to_string(), "c5"),
        "the page's cursor wins"
    );
    let (asked, new) = page.added(&world, id(11), "d0").await;
    assert_eq!(&*asked.cursor, "d0");
    known.send(&event(6, "c6")).await;
    assert_eq!(page.next().await, of(id(10), event(6, "c6")));
    new.send(&event(1, "d1")).await;
    assert_eq!(page.next().await, of(id(11), event(1, "d1")));

    page.mine.send(&removed(id(11))).await;
    assert_eq!(page.next().await, Frame::Mine(removed(id(11))));
    new.send(&event(2, "d2")).await;
    assert_eq!(
        page.next().await,
        of(id(11), event(2, "d2")),
        "what was on its way still comes"
    );
    new.cancelled().await;
    drop(page.frames);
    known.cancelled().await;
    page.agent.cancelled().await;
    page.mine.cancelled().await;
}

#[tokio::test]
async fn a_part_that_breaks_off_is_opened_again_where_it_was() {
    let world = World::new().await;
    let token = world.user(&[]);
    let mut page = Page::open(&world, &token, Vec::new()).await;
    let (_, first) = page.added(&world, id(10), "c0").await;
    let (_, second) = page.added(&world, id(11), "d0").await;
    page.mine.send(&mine(MineFrame::CaughtUp(MineCaughtUp {}))).await;
    page.next().await;

    first.send(&event(1, "c1")).await;
    page.next().await;
    first.send(&goodbye_of_conversation("draining")).await;
    let again = world.call_of(WATCH).await;
    assert_eq!(again.message::<session::WatchRequest>().cursor, "c1");
    again.refuse(Status::unavailable("starting"));
    // The retry of the call, then of the stream.
    let again = world.call_of(WATCH).await;
    let first = again.stream();
    first.send(&event(2, "c2")).await;
    assert_eq!(page.next().await, of(id(10), event(2, "c2")));

    let goodbye = AgentGoodbye {
        reason: "moved".to_owned(),
    };
    page.agent.send(&agent(AgentFrame::Goodbye(goodbye.clone()))).await;
    assert_eq!(page.next().await, Frame::Agent(agent(AgentFrame::Goodbye(goodbye))));
    page.agent = world.call_of(WATCH_ME).await.stream();

    // Session names one conversation after an interruption: the other one is gone.
    page.mine.fail(Status::internal("broken")).await;
    page.mine = world.call_of(WATCH_MINE).await.stream();
    page.mine.send(&added(id(10), "c0")).await;
    page.next().await;
    page.mine.send(&mine(MineFrame::CaughtUp(MineCaughtUp {}))).await;
    let told = [page.next().await, page.next().await];
    assert!(told.contains(&Frame::Mine(removed(id(11)))), "{told:?}");
    second.cancelled().await;
    first.send(&event(3, "c3")).await;
    assert_eq!(
        page.next().await,
        of(id(10), event(3, "c3")),
        "the other one is still followed"
    );
    assert!(world.nothing_arrived().await);
}

#[tokio::test]
async fn a_page_notices_little_of_a_service_that_comes_back() {
    let world = World::new().await;
    let token = world.user(&[]);
    let mut page = Page::open(&world, &token, Vec::new()).await;
    let (_, conversation) = page.added(&world, id(10), "c0").await;
    conversation.break_off().await;
    // Away for longer than the pauses take to grow to their longest.
    let gone = Instant::now();
    let mut asked = Instant::now();
    let back = loop {
        let call = world.call_of(WATCH).await;
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        if gone.elapsed() > Duration::from_secs(4) {
            break call.stream();
        }
        call.refuse(Status::unavailable("starting"));
        asked = Instant::now();
    };
    back.send(&event(1, "c1")).await;
    assert_eq!(page.next().await, of(id(10), event(1, "c1")));
}

#[tokio::test]
async fn refused_parts_are_left_out() {
    let world = World::new().await;
    let token = world.user(&[]);
    let channel = Endpoint::from_shared(format!("http://{}", world.address))
        .expect("an address")
        .connect_lazy();
    let open = DeskServiceClient::new(channel)
        .watch(with_token(WatchRequest::default(), &token))
        .await;
    let mut frames = open.expect("open").into_inner();
    let [agents, conversations] = both(&world, WATCH_ME, WATCH_MINE).await;
    agents.refuse(Status::not_found("no routing profile"));
    let conversations = conversations.stream();
    conversations.send(&added(id(10), "")).await;
    assert!(matches!(frames.message().await, Ok(Some(_))));
    world.call_of(WATCH).await.refuse(Status::not_found("not any more"));
    conversations.send(&added(id(11), "")).await;
    assert!(matches!(frames.message().await, Ok(Some(_))), "the stream goes on");
    let restored = status(onqueue_model::Fault::new(Reason::LogRestored, "read anew"));
    world.call_of(WATCH).await.refuse(restored);
    let told = frames.message().await.expect_err("the page must read anew");
    assert_eq!(
        (told.code(), onqueue_client::reason(&told)),
        (Code::FailedPrecondition, Some(Reason::LogRestored))
    );
}

#[tokio::test]
async fn silence_is_broken_every_15_seconds_and_a_token_ends_the_stream() {
    let (context, hand) = still_context(8);
    let world = World::with(Settings::default(), listener::Limits::default(), context).await;
    let token = world.user(&[]);
    let mut page = Page::open(&world, &token, vec![at(id(10), "c5")]).await;
    for _ in 0..2 {
        hand.advance(Duration::from_secs(15));
        assert!(matches!(page.next().await, Frame::Heartbeat(_)));
    }
    hand.advance(Duration::from_secs(600));
    let mut next = page.next().await;
    while matches!(next, Frame::Heartbeat(_)) {
        next = page.next().await;
    }
    let Frame::Goodbye(goodbye) = next else {
        panic!("{next:?}");
    };
    assert_eq!(
        (goodbye.reason.as_str(), goodbye.cursors),
        ("token_expired", vec![at(id(10), "c5")])
    );
}

#[tokio::test]
async fn a_revoked_token_ends_the_stream_soon() {
    let world = World::new().await;
    let family = id(77).into();
    let token = world
        .tokens
        .user_of_family(world::organisation(), world::user(), "Ada", family);
    let mut page = Page::open(&world, &token, Vec::new()).await;
    world.tokens.revoke(family);
    let began = Instant::now();
    assert_eq!(page.goodbye().await.reason, "access_changed");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_drain_says_goodbye_with_cursors_and_ends_in_time() {
    let limits = listener::Limits {
        grace_ms: 500,
        ..listener::Limits::default()
    };
    let world = World::with(Settings::default(), limits, running_context(9)).await;
    let token = world.user(&[]);
    let mut page = Page::open(&world, &token, vec![at(id(10), "c5")]).await;
    let (_, conversation) = page.added(&world, id(10), "c0").await;
    conversation.send(&event(6, "c6")).await;
    page.next().await;

    // A stream whose service does not hear the drain, on a connection of its own.
    let stubborn = world::wire::Http2::connect(world.address).await;
    let (bearer, watch) = (
        format!("Bearer {token}"),
        "/onqueue.session.v1.ConversationService/Watch",
    );
    let authorized = [("authorization", bearer.as_str())];
    let (mut open, held) = tokio::join!(stubborn.call(watch, &authorized, b""), async {
        let sender = world.call_of(WATCH).await.stream();
        sender.send(&event(1, "x1")).await;
        sender
    });
    assert!(open.data().await.is_some());

    let began = Instant::now();
    let (ended, goodbye) = tokio::join!(world.context.tasks.finish(PATIENCE), page.goodbye());
    assert_eq!(
        (goodbye.reason.as_str(), goodbye.cursors),
        ("draining", vec![at(id(10), "c6")])
    );
    assert!(ended, "every connection has ended");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    held.cancelled().await;
    let told = open.rest().await.1;
    assert_eq!(
        (told.code, told.reason, told.retry_after),
        (Code::Unavailable, Some(Reason::Unavailable), None),
        "go on elsewhere, at once"
    );
    assert!(
        tokio::net::TcpStream::connect(world.address).await.is_err(),
        "nothing listens any more"
    );
}

#[tokio::test]
async fn calls_under_way_are_answered_in_a_drain() {
    let world = World::new().await;
    let token = format!("Bearer {}", world.guest());
    let authorized = [("authorization", token.as_str())];
    let send = "/onqueue.session.v1.ConversationService/SendMessage";
    let client = world::wire::Http2::connect(world.address).await;
    let (answer, ended) = tokio::join!(client.call(send, &authorized, b""), async {
        let call = world.call_of(send).await;
        world.context.tasks.drain();
        // The door knows by now that it closes.
        onqueue_testkit::until("nothing listens any more", PATIENCE, async || {
            tokio::net::TcpStream::connect(world.address).await.is_err()
        })
        .await;
        call.answer_bytes(b"");
        world.context.tasks.finish(PATIENCE).await
    });
    assert_eq!(answer.rest().await.1.code, Code::Ok);
    assert!(ended, "and then it ends");
}

#[tokio::test]
async fn cursors_are_checked() {
    let world = World::new().await;
    let token = world.user(&[]);
    let channel = Endpoint::from_shared(format!("http://{}", world.address))
        .expect("an address")
        .connect_lazy();
    for (cursors, expected) in [
        (vec![at(id(1), ""); 201], Reason::FieldInvalid),
        (
            vec![ConversationCursor {
                conversation_id: "nonsense".to_owned(),
                cursor: String::new(),
            }],
            Reason::IdMalformed,
        ),
    ] {
        let asked = with_token(WatchRequest { cursors }, &token);
        let refused = DeskServiceClient::new(channel.clone())
            .watch(asked)
            .await
            .expect_err("refused");
        assert_eq!(onqueue_client::reason(&refused), Some(expected));
    }
}
