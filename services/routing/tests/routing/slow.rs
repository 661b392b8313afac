//! The owner is far from its database: as long as it can renew its leases it stays the owner, and no longer.

use crate::fake_session::FakeSession;
use crate::world::{AGENT, DIVISION, Desk, Net, SOON, agent, bound, id, number, organisation, seeded};
use onqueue_routing::{Gate, Migrations, Settings, profile, seed};
use onqueue_server::{Context, InProcess, Tasks};
use onqueue_store::Store;
use onqueue_testkit::{PostgresDatabase, Tokens, postgres, still_context, until};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    time::Instant,
};

/// Stands before a server and takes its time, in each direction.
struct Slow {
    address: String,
    delay: watch::Sender<Duration>,
}

impl Slow {
    async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound").to_string();
        let (delay, delays) = watch::channel(Duration::ZERO);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.expect("the server is there");
                let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
                tokio::spawn(pass(from_client, to_server, delays.clone()));
                tokio::spawn(pass(from_server, to_client, delays.clone()));
            }
        });
        Self { address, delay }
    }
}

/// Whatever comes in goes out after the delay, however much comes meanwhile; at once when there is no more delay.
async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut delay: watch::Receiver<Duration>,
) {
    let (sender, mut chunks) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    tokio::spawn(async move {
        while let Some((came, chunk)) = chunks.recv().await {
            let is_due = |delay: &Duration| came.elapsed() >= *delay;
            while !is_due(&delay.borrow_and_update()) {
                let due = came + *delay.borrow();
                tokio::select! {
                    () = tokio::time::sleep_until(due) => {}
                    _ = delay.changed() => {}
                }
            }
            if to.write_all(&chunk).await.is_err() {
                return;
            }
        }
    });
    let mut buffer = vec![0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if sender.send((Instant::now(), buffer[..read].to_vec())).is_err() {
            return;
        }
    }
}

async fn epoch(store: &Store) -> i64 {
    number(store, "SELECT MAX(epoch) FROM routing_leases").await
}

/// Two replicas: the owner, who is far from the database if the way is slow, and the other, who is not.
struct Far {
    slow: Slow,
    direct: Store,
    owner: Desk,
    other: Desk,
    // Only kept.
    _database: PostgresDatabase,
}

impl Far {
    async fn new() -> Self {
        let database = postgres().await;
        let settings = database.settings();
        Store::prepare(&settings, &["routing"]).await.expect("a superuser may");
        let direct = Store::open_as(&settings, &profile()).await.expect("opens");
        direct.migrate::<Migrations>().await.expect("migrations apply");
        let (_, server) = settings.url.split_once('@').expect("a user");
        let (server, _) = server.split_once('/').expect("a database");
        let slow = Slow::before(server.to_owned()).await;
        let through = onqueue_store::Settings::postgres(&settings.url.replace(server, &slow.address));
        let through = Store::open_as(&through, &profile()).await.expect("opens");

        let (context, _) = still_context(7);
        let (tokens, session, net) = (Tokens::new(&context), FakeSession::new(), Net::default());
        tokens.grant(organisation(), id(1), id(DIVISION), &AGENT);
        seed(&direct, &context, seeded(vec![agent(1, "Anna")]))
            .await
            .expect("good");
        let owner = replica("one", &through, &context, &net, &session).await;
        let other = replica("two", &direct, &context, &net, &session).await;
        assert_eq!(epoch(&direct).await, 1);
        let anna = |routing| Desk::new(routing, tokens.user(organisation(), id(1), "Anna"));
        Self {
            slow,
            direct,
            owner: anna(owner),
            other: anna(other),
            _database: database,
        }
    }
}

async fn replica(address: &str, store: &Store, context: &Context, net: &Net, session: &FakeSession) -> InProcess {
    let settings = Settings {
        address: address.to_owned(),
        ..Settings::default()
    };
    let context = Context {
        tasks: Tasks::new(),
        ..context.clone()
    };
    let surroundings = (net.owners(), Gate::default());
    let routing = bound(&settings, store.clone(), &context, session, surroundings).await;
    net.add(address, &routing);
    routing
}

async fn decides(desk: &Desk) -> bool {
    let on = desk.with(onqueue_proto::routing::v1::GoOnQueueRequest {});
    desk.agents().go_on_queue(on).await.is_ok()
}

#[tokio::test]
async fn slowness_alone_changes_no_owner() {
    let far = Far::new().await;
    assert!(decides(&far.owner).await);
    far.slow.delay.send_replace(Duration::from_millis(600));
    let began = Instant::now();
    let _ = decides(&far.owner).await;
    assert!(
        began.elapsed() < Duration::from_secs(11),
        "nothing hangs past its deadline"
    );
    tokio::time::sleep_until(began + Duration::from_secs(12)).await;
    assert_eq!(epoch(&far.direct).await, 1, "nobody has taken over");

    far.slow.delay.send_replace(Duration::ZERO);
    until("the owner decides again", SOON, async || decides(&far.owner).await).await;
    assert_eq!(epoch(&far.direct).await, 1);
}

#[tokio::test]
async fn an_owner_that_cannot_reach_the_database_is_followed_and_comes_back_as_another() {
    let far = Far::new().await;
    assert!(decides(&far.owner).await);
    far.slow.delay.send_replace(Duration::from_secs(600));
    let seven = Duration::from_secs(7);
    until("the other decides", seven, async || decides(&far.other).await).await;
    assert_eq!(epoch(&far.direct).await, 2);

    far.slow.delay.send_replace(Duration::ZERO);
    let back = Duration::from_secs(20);
    until("calls find the new owner", back, async || decides(&far.owner).await).await;
    assert_eq!(epoch(&far.direct).await, 2);
}
