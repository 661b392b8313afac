//! Logs are JSON, name the trace of a call, and hold nothing that people write, however talkative they are made.

use onqueue::demo::{self, Demo};
use onqueue_proto::{
    routing::v1::{
        AttachmentRules, ConversationRules, GetQueueRequest, UpdateQueueRequest,
        queue_service_client::QueueServiceClient,
    },
    session::v1::{
        CoachRequest, Contact, CreateContactRequest, CreateUploadRequest, ListContactsRequest,
        RequestAssistanceRequest, SearchTranscriptsRequest, SendMessageRequest, SendSideMessageRequest,
        StartConversationRequest, TakeAssistanceRequest, UpdateContactRequest,
        assistance_service_client::AssistanceServiceClient, attachment_service_client::AttachmentServiceClient,
        contact_service_client::ContactServiceClient, supervision_service_client::SupervisionServiceClient,
        transcript_service_client::TranscriptServiceClient,
    },
};
use onqueue_server::Ids;
use onqueue_tests::{
    installation::{Disks, Installation, Plan},
    people::{Agent, Customer, bearing, channel},
};
use serde_json::Value;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tonic::transport::Channel;
use uuid::Uuid;

/// In everything that people write.
const CANARY: &str = "zqcanary";

const SOON: Duration = Duration::from_secs(20);

/// Ben looks after others too.
fn ben_is_a_supervisor_too(demo: &mut Demo) {
    let ben = demo.auth.users.iter().find(|user| user.name.starts_with("Ben"));
    let ben = ben.expect("Ben").id;
    let role = demo.auth.roles.iter().find(|role| role.name == "Supervisor");
    let role = role.expect("a role").id;
    let held = demo.auth.grants.iter().find(|grant| grant.user == ben);
    let mut grant = *held.expect("his");
    grant.role = role;
    demo.auth.grants.push(grant);
}

/// What clients need to know of the demo.
struct Known {
    credentials: Value,
    division: String,
}

/// One of each service, as talkative as they get.
async fn talkative() -> (Installation, Known) {
    let mut plan = Plan::usual(Disks::Shared).with("telemetry", "level", "trace");
    plan.replicas = ["gateway", "auth", "session", "routing", "content"]
        .map(|service| (service, 1))
        .into();
    let mut demo = demo::load(&Ids::system()).expect("a good demo");
    ben_is_a_supervisor_too(&mut demo);
    let known = Known {
        credentials: serde_json::to_value(&demo.credentials).expect("JSON"),
        division: demo.auth.divisions[0].id.to_string(),
    };
    (Installation::start(&plan, demo).await, known)
}

/// Who writes.
struct Office {
    address: SocketAddr,
    door: Channel,
    customer: Customer,
    anna: Agent,
    ben: Agent,
    petra: Agent,
    division: String,
}

impl Office {
    async fn open(address: SocketAddr, Known { credentials, division }: Known) -> Self {
        let credentials = &credentials;
        let agent = async |name| Agent::login(address, credentials, name).await;
        let (mut anna, ben, petra) = (agent("Anna").await, agent("Ben").await, agent("Petra").await);
        let_files_in(address, credentials, &petra.token).await;
        anna.on_queue().await;
        let wish = StartConversationRequest {
            guest_name: format!("{CANARY}name"),
            topic: format!("{CANARY}topic"),
            first_message: format!("{CANARY}first"),
            guest_email: format!("{CANARY}@example.com"),
            ..Customer::request(credentials, "Billing", "en")
        };
        let customer = Customer::begin(address, wish).await;
        let offer = anna.next_offer().await;
        anna.accept(&offer).await;
        customer.until_joined().await;
        Self {
            address,
            door: channel(address),
            customer,
            anna,
            ben,
            petra,
            division,
        }
    }

    fn conversation_id(&self) -> String {
        self.customer.conversation.clone()
    }

    /// Messages, and some that are refused with what they say: too long, and from somebody who does not take part.
    async fn talk(&self) {
        self.customer
            .send(&format!("{CANARY}key"), &format!("{CANARY}said"))
            .await
            .expect("sends");
        let long = format!("{CANARY}{}", "x".repeat(40_000));
        let refused = self.customer.send("long", &long).await;
        refused.expect_err("too long");
        let message = SendMessageRequest {
            conversation_id: self.conversation_id(),
            client_message_id: "stranger".to_owned(),
            text: format!("{CANARY}stranger"),
        };
        let mut client = self.customer.client.clone();
        let refused = client.send_message(bearing(&self.petra.token, message)).await;
        refused.expect_err("does not take part");
    }

    /// Help and coaching, which customers never see.
    async fn supervise(&self) {
        let conversation_id = self.conversation_id();
        let mut requests = AssistanceServiceClient::new(self.door.clone());
        let ask = RequestAssistanceRequest {
            request_id: Uuid::now_v7().to_string(),
            conversation_id: conversation_id.clone(),
            text: format!("{CANARY}help"),
        };
        let asked = requests.request_assistance(bearing(&self.anna.token, ask)).await;
        let assistance = asked.expect("asks").into_inner().assistance.expect("a request");
        let assistance_id = assistance.assistance_id;
        let take = TakeAssistanceRequest { assistance_id };
        let taken = requests.take_assistance(bearing(&self.ben.token, take)).await;
        taken.expect("takes");
        let mut supervision = SupervisionServiceClient::new(self.door.clone());
        let coach = CoachRequest {
            conversation_id: conversation_id.clone(),
        };
        supervision
            .coach(bearing(&self.ben.token, coach))
            .await
            .expect("coaches");
        let whisper = SendSideMessageRequest {
            conversation_id,
            client_message_id: Uuid::now_v7().simple().to_string(),
            text: format!("{CANARY}coach"),
        };
        let whispered = supervision.send_side_message(bearing(&self.ben.token, whisper)).await;
        whispered.expect("whispers");
    }

    /// A contact with something in every field, searched for by it.
    async fn know(&self) {
        let mut contacts = ContactServiceClient::new(self.door.clone());
        let contact = Contact {
            division_id: self.division.clone(),
            name: format!("{CANARY}contact"),
            emails: vec![format!("{CANARY}contact@example.com")],
            notes: format!("{CANARY}notes"),
            ..Contact::default()
        };
        let request = CreateContactRequest {
            request_id: Uuid::now_v7().to_string(),
            contact: Some(contact),
        };
        let created = contacts.create_contact(bearing(&self.petra.token, request)).await;
        let contact = created.expect("made").into_inner().contact.expect("a contact");
        let request = UpdateContactRequest {
            contact: Some(Contact {
                etag: format!("{CANARY}etag"),
                name: format!("{CANARY}renamed"),
                ..contact
            }),
            update_mask: Some(prost_types::FieldMask {
                paths: vec!["name".to_owned()],
            }),
            ..UpdateContactRequest::default()
        };
        let refused = contacts.update_contact(bearing(&self.petra.token, request)).await;
        refused.expect_err("of another version");
        let request = ListContactsRequest {
            text: format!("{CANARY}contact"),
            ..ListContactsRequest::default()
        };
        let found = contacts.list_contacts(bearing(&self.petra.token, request)).await;
        assert_eq!(found.expect("found").into_inner().contacts.len(), 1);
        let request = SearchTranscriptsRequest {
            text: format!("{CANARY}said"),
            ..SearchTranscriptsRequest::default()
        };
        let searched = TranscriptServiceClient::new(self.door.clone())
            .search_transcripts(bearing(&self.petra.token, request))
            .await;
        searched.expect("searched");
    }

    /// A file whose name and content say something.
    async fn send_file(&self) {
        let file = format!("{CANARY}content, and some more words of plain text\n");
        let request = CreateUploadRequest {
            conversation_id: self.conversation_id(),
            request_id: Uuid::now_v7().to_string(),
            name: format!("{CANARY}file.txt"),
            bytes: i64::try_from(file.len()).expect("short"),
        };
        let announced = AttachmentServiceClient::new(self.door.clone())
            .create_upload(bearing(&self.customer.token, request))
            .await;
        let path = announced.expect("announced").into_inner().upload_path;
        let answer = put(self.address, &path, &file).await;
        assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
    }
}

/// Lets files into the queue.
async fn let_files_in(address: SocketAddr, credentials: &Value, token: &str) {
    let mut queues = QueueServiceClient::new(channel(address));
    let queue_id = credentials["queues"]["Billing"].as_str().expect("text").to_owned();
    let got = queues.get_queue(bearing(token, GetQueueRequest { queue_id })).await;
    let mut queue = got.expect("may").into_inner().queue.expect("a queue");
    queue.conversation_rules = Some(ConversationRules {
        attachments: Some(AttachmentRules {
            enabled: true,
            ..AttachmentRules::default()
        }),
        ..queue.conversation_rules.unwrap_or_default()
    });
    let request = UpdateQueueRequest {
        queue: Some(queue),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["conversation_rules".to_owned()],
        }),
    };
    queues.update_queue(bearing(token, request)).await.expect("may");
}

async fn put(address: SocketAddr, path: &str, file: &str) -> String {
    let mut io = TcpStream::connect(address).await.expect("connected");
    let length = file.len();
    let head =
        format!("PUT {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    io.write_all(head.as_bytes()).await.expect("written");
    io.write_all(file.as_bytes()).await.expect("written");
    let mut answer = String::new();
    io.read_to_string(&mut answer).await.expect("read");
    answer
}

/// The lines that the process logged; beside them it announces on its standard output what it serves.
fn lines(name: &str, log: &str) -> Vec<Value> {
    let (logged, said): (Vec<&str>, Vec<&str>) = log.lines().partition(|line| line.starts_with('{'));
    for line in said {
        let is_announced = line.starts_with("onqueue is serving") || line.starts_with("  ") || line.is_empty();
        assert!(is_announced, "{name} wrote what is no JSON: {line}");
    }
    let parse = |line: &&str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{name}: {error}: {line}"));
    logged.iter().map(parse).collect()
}

/// Whether a line belongs to a call and says to which trace that belongs.
fn is_of_a_call(line: &Value) -> bool {
    let spans = line["spans"].as_array().map(Vec::as_slice).unwrap_or_default();
    let traced = |span: &Value| span["trace_id"].as_str().is_some_and(|id| id.len() == 32);
    spans.iter().any(|span| span["rpc.method"].is_string() && traced(span))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_say_is_in_no_log() {
    let (mut installation, known) = talkative().await;
    let office = Office::open(installation.doors()[0], known).await;
    office.talk().await;
    office.supervise().await;
    office.know().await;
    office.send_file().await;
    let said = async || {
        let log = office.customer.events().await;
        log.iter().any(|event| format!("{event:?}").contains("file.txt"))
    };
    onqueue_testkit::until("the file to be in the chat", SOON, said).await;
    let mut of_calls = 0;
    for member in installation.members() {
        let log = member.log();
        let found: Vec<&str> = log.lines().filter(|line| line.contains(CANARY)).take(5).collect();
        assert!(found.is_empty(), "{} logs what people wrote: {found:#?}", member.name);
        let lines = lines(&member.name, &log);
        assert!(!lines.is_empty(), "{} logs nothing", member.name);
        for line in &lines {
            let has = |key: &str| line[key].is_string();
            assert!(
                has("timestamp") && has("level") && has("target"),
                "{}: {line}",
                member.name
            );
            let is_below = matches!(line["level"].as_str(), Some("DEBUG" | "TRACE"));
            let is_ours = line["target"]
                .as_str()
                .is_some_and(|target| target.starts_with("onqueue"));
            assert!(is_ours || !is_below, "{}: {line}", member.name);
        }
        of_calls += lines.iter().filter(|line| is_of_a_call(line)).count();
    }
    assert!(of_calls > 0, "no line of any call names its trace");
}
