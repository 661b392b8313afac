//! A database that is only slow: the owner's calls fail, but nobody else becomes the owner.

use crate::fake_session::FakeSession;
use crate::world::{AGENT, DIVISION, Desk, Net, SOON, agent, bound, id, number, organisation, seeded};
use onqueue_routing::{Gate, Migrations, Settings, profile, seed};
use onqueue_server::{Context, InProcess, Tasks};
use onqueue_store::Store;
use onqueue_testkit::{Tokens, postgres, still_context, until};
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

/// Whatever comes in goes out after the delay, however much comes meanwhile.
async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    delay: watch::Receiver<Duration>,
) {
    let (sender, mut chunks) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    tokio::spawn(async move {
        while let Some((at, chunk)) = chunks.recv().await {
            tokio::time::sleep_until(at).await;
            if to.write_all(&chunk).await.is_err() {
                return;
            }
        }
    });
    let mut buffer = vec![0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let at = Instant::now() + *delay.borrow();
        if sender.send((at, buffer[..read].to_vec())).is_err() {
            return;
        }
    }
}

async fn epoch(store: &Store) -> i64 {
    number(store, "SELECT MAX(epoch) FROM routing_leases").await
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
    bound(&settings, store.clone(), &context, session, surroundings).await
}

#[tokio::test]
async fn slowness_alone_changes_no_owner() {
    let database = postgres().await;
    let settings = database.settings();
    Store::prepare(&settings, &["routing"]).await.expect("a superuser may");
    let direct = Store::open_as(&settings, &profile()).await.expect("opens");
    direct.migrate::<Migrations>().await.expect("migrations apply");
    let (host, _) = settings.url.split_once('@').map_or_else(
        || panic!("no user in {}", settings.url),
        |(_, rest)| rest.split_once('/').expect("a database"),
    );
    let slow = Slow::before(host.to_owned()).await;
    let through = onqueue_store::Settings::postgres(&settings.url.replace(host, &slow.address));
    let through = Store::open_as(&through, &profile()).await.expect("opens");

    let (context, _hand) = still_context(7);
    let (tokens, session, net) = (Tokens::new(&context), FakeSession::new(), Net::default());
    tokens.grant(organisation(), id(1), id(DIVISION), &AGENT);
    seed(&direct, &context, seeded(vec![agent(1, "Anna")]))
        .await
        .expect("good");
    let owner = replica("one", &through, &context, &net, &session).await;
    let _standby = replica("two", &direct, &context, &net, &session).await;
    assert_eq!(epoch(&direct).await, 1);
    let anna = Desk::new(owner, tokens.user(organisation(), id(1), "Anna"));
    anna.go_on_queue().await;

    slow.delay.send_replace(Duration::from_secs(1));
    let began = Instant::now();
    let off = anna.with(onqueue_proto::routing::v1::GoOffQueueRequest {});
    let _ = anna.agents().go_off_queue(off).await;
    assert!(
        began.elapsed() < Duration::from_secs(11),
        "nothing hangs past its deadline"
    );
    tokio::time::sleep_until(began + Duration::from_secs(12)).await;
    assert_eq!(epoch(&direct).await, 1, "nobody has taken over");

    slow.delay.send_replace(Duration::ZERO);
    until("the owner decides again", SOON, async || {
        let on = anna.with(onqueue_proto::routing::v1::GoOnQueueRequest {});
        anna.agents().go_on_queue(on).await.is_ok()
    })
    .await;
    assert_eq!(epoch(&direct).await, 1);
}
