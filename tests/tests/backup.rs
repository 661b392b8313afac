//! A backup that is taken while messages are sent, put back into an empty system: transcripts are complete up to the backup,
//! cursors of before are refused with LOG_RESTORED, and who then reads anew sees what there is and goes on. On both databases,
//! with the operator's own commands.
#![allow(clippy::disallowed_methods)]

use onqueue::demo;
use onqueue_model::Reason;
use onqueue_proto::{
    gateway::v1::{ConversationCursor, WatchRequest as DeskRequest, desk_service_client::DeskServiceClient},
    session::v1::{
        WatchRequest, WatchResponse, conversation_service_client::ConversationServiceClient, event, watch_response,
    },
};
use onqueue_server::Ids;
use onqueue_testkit::until;
use onqueue_tests::{
    installation::{Disks, Installation, Plan},
    people::{Agent, Customer, assert_dense, bearing, channel, messages},
    process::{Process, binary},
};
use serde_json::Value;
use std::{
    net::SocketAddr,
    path::Path,
    process::Command,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::watch;
use tonic::{Code, Status};

/// How many customers send.
const CUSTOMERS: usize = 3;

const PATIENCE: Duration = Duration::from_secs(60);

/// What is backed up and lost.
enum System {
    Embedded(Process),
    Separate(Box<Installation>, Value),
}

impl System {
    fn address(&self) -> SocketAddr {
        match self {
            Self::Embedded(process) => process.address,
            Self::Separate(installation, _) => installation.doors()[0],
        }
    }

    fn credentials(&self) -> &Value {
        match self {
            Self::Embedded(process) => &process.credentials,
            Self::Separate(_, credentials) => credentials,
        }
    }

    /// As the guide says; the services go on.
    fn back_up(&self, file: &Path) {
        match self {
            Self::Embedded(process) => {
                let data = process.data();
                run(Command::new(binary()).args(["backup", "--data"]).arg(data).arg(file));
            }
            Self::Separate(installation, _) => {
                let url = installation.database.owner_url();
                let mut dump = Command::new("pg_dump");
                run(dump.args(["--format", "custom", "--dbname", &url, "--file"]).arg(file));
            }
        }
    }

    /// Loses everything as a machine does that burns, puts the backup back and starts again.
    async fn lose_and_restore(&mut self, file: &Path, folder: &Path) {
        match self {
            Self::Embedded(process) => {
                process.kill();
                std::fs::remove_dir_all(process.data()).expect("removed");
                let data = process.data();
                run(Command::new(binary()).args(["restore", "--data"]).arg(data).arg(file));
                process.restart();
            }
            Self::Separate(installation, _) => {
                let config = folder.join("owner.toml");
                let url = installation.database.owner_url();
                std::fs::write(&config, format!("[store]\nurl = \"{url}\"\n")).expect("written");
                let restored = || {
                    let mut command = Command::new(binary());
                    command.args(["restored", "--config"]).arg(&config);
                    command
                };
                let refused = restored().output().expect("runs");
                let said = String::from_utf8_lossy(&refused.stderr);
                assert!(
                    !refused.status.success() && said.contains("in use by onqueue_"),
                    "{said}"
                );
                installation
                    .members()
                    .for_each(onqueue_tests::installation::Member::kill);
                for service in ["auth", "session", "routing", "content"] {
                    installation
                        .database
                        .run(&format!("DROP SCHEMA onqueue_{service} CASCADE"));
                }
                let mut restore = Command::new("pg_restore");
                let whole = ["--no-owner", "--no-privileges", "--exit-on-error", "--dbname", &url];
                run(restore.args(whole).arg(file));
                // The server notices a moment later that killed processes are gone.
                let told = async || restored().status().expect("runs").success();
                until("the restore to be told", PATIENCE, told).await;
                installation.launch_all().await;
            }
        }
    }
}

fn run(command: &mut Command) {
    let output = command.output().expect("runs");
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(output.status.success(), "{command:?}: {}", said.concat());
}

/// A customer who sends without end, with what was acknowledged.
struct Sender {
    customer: Customer,
    acknowledged: Arc<Mutex<Vec<String>>>,
}

impl Sender {
    fn acknowledged(&self) -> Vec<String> {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends `1`, `2` … until told to stop.
    fn start(customer: Customer, stop: watch::Receiver<bool>) -> (Self, tokio::task::JoinHandle<()>) {
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let (own, sender) = (Arc::clone(&acknowledged), customer.clone());
        let sending = tokio::spawn(async move {
            let mut pace = tokio::time::interval(Duration::from_millis(30));
            for number in 1.. {
                pace.tick().await;
                if *stop.borrow() {
                    return;
                }
                let text = format!("{number}");
                match sender.send(&text, &text).await {
                    Ok(_) => own.lock().unwrap_or_else(PoisonError::into_inner).push(text),
                    Err(status) => panic!("nothing is broken yet: {status:?}"),
                }
            }
        });
        (Self { customer, acknowledged }, sending)
    }
}

/// The first frames of a stream: the texts it shows, and the cursor after them.
async fn view(
    address: SocketAddr,
    customer: &Customer,
    cursor: &str,
    texts: usize,
) -> Result<(Vec<String>, String), Status> {
    let request = WatchRequest {
        conversation_id: customer.conversation.clone(),
        cursor: cursor.to_owned(),
    };
    let mut client = ConversationServiceClient::new(channel(address));
    let mut stream = client.watch(bearing(&customer.token, request)).await?.into_inner();
    let (mut seen, mut last) = (Vec::new(), String::new());
    while seen.len() < texts {
        let next = tokio::time::timeout(PATIENCE, stream.message())
            .await
            .expect("in time")?;
        let WatchResponse { frame, cursor } = next.expect("goes on");
        if let Some(watch_response::Frame::Event(event)) = frame
            && let Some(event::Body::Message(message)) = event.body
        {
            seen.push(message.text);
        }
        last = cursor;
    }
    Ok((seen, last))
}

fn assert_restored(status: &Status, what: &str) {
    let reason = onqueue_client::reason(status);
    assert_eq!(
        (status.code(), reason),
        (Code::FailedPrecondition, Some(Reason::LogRestored)),
        "{what}: {status:?}"
    );
}

async fn is_restored_whole(mut system: System) {
    let folder = tempfile::tempdir().expect("a folder");
    let (address, credentials) = (system.address(), system.credentials().clone());
    let (stop, stopped) = watch::channel(false);
    let (mut senders, mut sending) = (Vec::new(), Vec::new());
    for _ in 0..CUSTOMERS {
        let customer = Customer::start(address, &credentials, "Billing", "en").await;
        let (sender, task) = Sender::start(customer, stopped.clone());
        senders.push(sender);
        sending.push(task);
    }
    more(&senders, 20).await;
    let before: Vec<Vec<String>> = senders.iter().map(Sender::acknowledged).collect();
    let early = cursors(address, &senders, 5).await;
    let file = folder.path().join("backup");
    tokio::task::block_in_place(|| system.back_up(&file));
    more(&senders, 20).await;
    stop.send(true).expect("somebody listens");
    for task in sending {
        task.await.expect("sends");
    }
    let after: Vec<Vec<String>> = senders.iter().map(Sender::acknowledged).collect();
    let late = late_cursors(address, &senders, &after).await;

    system.lose_and_restore(&file, folder.path()).await;

    let address = system.address();
    let mut lost = 0;
    for (at, sender) in senders.iter_mut().enumerate() {
        sender.customer.moved_to(address).await;
        let customer = &sender.customer;
        for cursor in [&early[at], &late[at]] {
            let refused = view(address, customer, cursor, 1).await.expect_err("of before");
            assert_restored(&refused, "a cursor of before");
        }
        let events = customer.events().await;
        let stored = messages(&events);
        assert_dense(&events);
        assert!(stored.starts_with(&before[at]), "complete up to the backup: {stored:?}");
        assert!(after[at].starts_with(&stored), "nothing else, once each: {stored:?}");
        lost += after[at].len() - stored.len();
        converges(address, customer, stored).await;
    }
    assert!(lost > 0, "the backup was taken before the end");
    desks_begin_anew(address, &credentials, &senders, &late).await;
}

/// Reading anew shows the transcript, sending goes on, and a cursor of now is honoured.
async fn converges(address: SocketAddr, customer: &Customer, stored: Vec<String>) {
    let (seen, cursor) = view(address, customer, "", stored.len()).await.expect("anew");
    assert_eq!(seen, stored, "what is seen anew is the transcript");
    customer.send("after the restore", "after").await.expect("goes on");
    let (news, _) = view(address, customer, &cursor, 1).await.expect("honoured");
    assert_eq!(news, ["after"]);
}

/// The desk's merged stream tells the same, and begins without cursors.
async fn desks_begin_anew(address: SocketAddr, credentials: &Value, senders: &[Sender], late: &[String]) {
    let mut agent = Agent::login(address, credentials, "Ben").await;
    agent.on_queue().await;
    let offer = agent.next_offer().await;
    let conversation = agent.accept(&offer).await;
    let at = senders
        .iter()
        .position(|sender| sender.customer.conversation == conversation);
    let cursor = late[at.expect("one of ours")].clone();
    let cursors = vec![ConversationCursor {
        conversation_id: conversation,
        cursor,
    }];
    let mut desk = DeskServiceClient::new(channel(address));
    let request = bearing(&agent.token, DeskRequest { cursors });
    let refused = async {
        let mut stream = desk.watch(request).await?.into_inner();
        while stream.message().await?.is_some() {}
        Ok::<_, Status>(())
    };
    let refused = tokio::time::timeout(PATIENCE, refused).await.expect("in time");
    let refused = refused.expect_err("of before");
    assert_restored(&refused, "a cursor of before at the desk");
    let mut anew = desk
        .watch(bearing(&agent.token, DeskRequest::default()))
        .await
        .expect("watches")
        .into_inner();
    assert!(anew.message().await.expect("lives").is_some(), "it goes on");
}

async fn more(senders: &[Sender], count: usize) {
    let wanted: Vec<usize> = senders
        .iter()
        .map(|sender| sender.acknowledged().len() + count)
        .collect();
    let enough = async || {
        senders
            .iter()
            .zip(&wanted)
            .all(|(sender, wanted)| sender.acknowledged().len() >= *wanted)
    };
    until("more acknowledged messages", PATIENCE, enough).await;
}

async fn cursors(address: SocketAddr, senders: &[Sender], texts: usize) -> Vec<String> {
    let mut cursors = Vec::new();
    for sender in senders {
        cursors.push(view(address, &sender.customer, "", texts).await.expect("seen").1);
    }
    cursors
}

async fn late_cursors(address: SocketAddr, senders: &[Sender], all: &[Vec<String>]) -> Vec<String> {
    let mut cursors = Vec::new();
    for (sender, all) in senders.iter().zip(all) {
        cursors.push(view(address, &sender.customer, "", all.len()).await.expect("seen").1);
    }
    cursors
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sqlite_backup_under_load_is_restored_whole() {
    is_restored_whole(System::Embedded(Process::demo())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_backup_under_load_is_restored_whole() {
    let demo = demo::load(&Ids::system()).expect("a good demo");
    let credentials = serde_json::to_value(&demo.credentials).expect("JSON");
    let plan = Plan::for_load().on(Disks::Unsynced);
    let installation = Installation::start(&plan, demo).await;
    is_restored_whole(System::Separate(Box::new(installation), credentials)).await;
}

/// Tokens of a key that is withdrawn end everywhere, on open streams too, while the installation runs; who renews theirs goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawn_key_ends_its_tokens_within_five_seconds() {
    let process = Process::demo();
    let mut customer = Customer::start(process.address, &process.credentials, "Billing", "en").await;
    customer.send("1", "hello").await.expect("sends");
    let kid = newest_key(&process, "session");
    let watching = {
        let (address, customer) = (process.address, customer.clone());
        tokio::spawn(async move { ends(address, &customer).await })
    };
    let data = process.data();
    run(Command::new(binary())
        .args(["keys", "withdraw", "--data"])
        .arg(&data)
        .arg(&kid));
    let withdrawn = std::time::Instant::now();
    let refused = async || {
        let answer = customer.send("2", "again").await;
        answer.is_err_and(|status| status.code() == Code::Unauthenticated)
    };
    until("its tokens to be refused", Duration::from_secs(5), refused).await;
    let ended = tokio::time::timeout(Duration::from_secs(5), watching).await;
    assert_eq!(ended.expect("in time").expect("runs"), "access_changed");
    assert!(
        withdrawn.elapsed() <= Duration::from_secs(5),
        "{:?}",
        withdrawn.elapsed()
    );
    let goes_on = async || {
        customer.moved_to(process.address).await;
        customer.send("3", "on").await.is_ok()
    };
    until("new tokens to be good", Duration::from_secs(5), goes_on).await;
    assert_ne!(newest_key(&process, "session"), kid);
}

/// Follows a chat until it is told why that ends.
async fn ends(address: SocketAddr, customer: &Customer) -> String {
    let request = WatchRequest {
        conversation_id: customer.conversation.clone(),
        cursor: String::new(),
    };
    let mut client = ConversationServiceClient::new(channel(address));
    let stream = client.watch(bearing(&customer.token, request)).await;
    let mut stream = stream.expect("watches").into_inner();
    while let Some(response) = stream.message().await.expect("ends in order") {
        if let Some(watch_response::Frame::Goodbye(goodbye)) = response.frame {
            return goodbye.reason;
        }
    }
    "without a word".to_owned()
}

fn newest_key(process: &Process, service: &str) -> String {
    let data: std::path::PathBuf = process.data();
    let listed = Command::new(binary())
        .args(["keys", "list", "--json", "--data"])
        .arg(data)
        .output()
        .expect("runs");
    let keys: Vec<Value> = serde_json::from_slice(&listed.stdout).expect("JSON");
    let newest = keys.iter().find(|key| key["service"] == service);
    newest.expect("a key")["kid"].as_str().expect("text").to_owned()
}
