//! A file from a customer to an agent: announced by gRPC, carried by HTTP through the public door, kept, looked at, fetched.

use onqueue_proto::{
    routing::v1::{
        AttachmentRules, ConversationRules, GetQueueRequest, UpdateQueueRequest,
        queue_service_client::QueueServiceClient,
    },
    session::v1::{
        Attachment, AttachmentState, CreateUploadRequest, GetDownloadRequest, ListAttachmentsRequest,
        attachment_service_client::AttachmentServiceClient, event::Body,
    },
};
use onqueue_tests::{
    cluster::Cluster,
    people::{Agent, Customer, bearing, login},
};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tonic::{Code, Status};
use uuid::Uuid;

const QUEUE: &str = "Billing";

/// Lets files into the queue.
async fn let_files_in(cluster: &Cluster) {
    let answer = login(cluster.address(), &cluster.credentials, "Petra").await;
    let token = answer.tokens.expect("tokens").access_token;
    let mut queues = QueueServiceClient::new(cluster.door());
    let queue_id = cluster.credentials["queues"][QUEUE].as_str().expect("text").to_owned();
    let got = queues.get_queue(bearing(&token, GetQueueRequest { queue_id })).await;
    let mut queue = got.expect("may").into_inner().queue.expect("a queue");
    let attachments = AttachmentRules {
        enabled: true,
        ..AttachmentRules::default()
    };
    queue.conversation_rules = Some(ConversationRules {
        attachments: Some(attachments),
        ..queue.conversation_rules.unwrap_or_default()
    });
    let request = UpdateQueueRequest {
        queue: Some(queue),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["conversation_rules".to_owned()],
        }),
    };
    queues.update_queue(bearing(&token, request)).await.expect("may");
}

/// One request by HTTP/1.1: the code, the headers in lower case, the body.
async fn http(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> (String, String, Vec<u8>) {
    let mut io = TcpStream::connect(address).await.expect("connected");
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    io.write_all(head.as_bytes()).await.expect("written");
    // Who is refused may be told so before all was said.
    let _ = io.write_all(body).await;
    let mut read = Vec::new();
    io.read_to_end(&mut read).await.expect("read");
    let end = read
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("a head");
    let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
    let code = head.split(' ').nth(1).expect("a status line").to_owned();
    (code, head, read[end + 4..].to_vec())
}

/// A customer and an agent in one chat, of a queue that takes files.
struct Office {
    cluster: Cluster,
    agent: Agent,
    customer: Customer,
}

impl Office {
    async fn open() -> Self {
        let cluster = Cluster::start().await;
        let_files_in(&cluster).await;
        let mut agent = Agent::login(cluster.address(), &cluster.credentials, "Ben").await;
        agent.on_queue().await;
        let customer = Customer::start(cluster.address(), &cluster.credentials, QUEUE, "en").await;
        let offer = agent.next_offer().await;
        agent.accept(&offer).await;
        customer.until_joined().await;
        Self {
            cluster,
            agent,
            customer,
        }
    }

    /// The file's id, and where it is to be put.
    async fn announce(&self, name: &str, file: &[u8]) -> (String, String) {
        let request = CreateUploadRequest {
            conversation_id: self.customer.conversation.clone(),
            request_id: Uuid::now_v7().to_string(),
            name: name.to_owned(),
            bytes: i64::try_from(file.len()).expect("short"),
        };
        let request = bearing(&self.customer.token, request);
        let announced = AttachmentServiceClient::new(self.cluster.door())
            .create_upload(request)
            .await;
        let announced = announced.expect("announced").into_inner();
        let id = announced.attachment.expect("an attachment").attachment_id;
        (id, announced.upload_path)
    }

    /// Puts the file there, and waits until the log tells of it.
    async fn put(&self, path: &str, file: &[u8], id: &str) {
        let (code, _, told) = http(self.cluster.address(), "PUT", path, file).await;
        let told = String::from_utf8_lossy(&told).into_owned();
        assert!(code == "201" || code == "202", "{code} {told}");
        onqueue_testkit::until("the log to tell", Duration::from_secs(20), async || {
            let log = self.customer.events().await;
            log.iter()
                .any(|event| matches!(&event.body, Some(Body::AttachmentAdded(added)) if added.attachment_id == id))
        })
        .await;
    }

    /// The files of which the agent knows.
    async fn listed(&self) -> Vec<Attachment> {
        let request = ListAttachmentsRequest {
            conversation_id: self.customer.conversation.clone(),
            ..ListAttachmentsRequest::default()
        };
        let request = bearing(&self.agent.token, request);
        let listed = AttachmentServiceClient::new(self.cluster.door())
            .list_attachments(request)
            .await;
        listed.expect("listed").into_inner().attachments
    }

    /// Where the bearer gets the file.
    async fn download(&self, token: &str, id: &str) -> Result<String, Status> {
        let request = GetDownloadRequest {
            conversation_id: self.customer.conversation.clone(),
            attachment_id: id.to_owned(),
        };
        let request = bearing(token, request);
        let granted = AttachmentServiceClient::new(self.cluster.door())
            .get_download(request)
            .await;
        granted.map(|granted| granted.into_inner().download_path)
    }
}

/// Three mebibytes, in six parts and a bit; as few bytes alike as possible.
fn numbers() -> Vec<u8> {
    (0..400_000_u32)
        .flat_map(|line| format!("{line:08}\n").into_bytes())
        .take(3 * 1024 * 1024 + 7)
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_reaches_the_agent_as_it_was() {
    let office = Office::open().await;
    let (address, file) = (office.cluster.address(), numbers());
    let (id, path) = office.announce("../../numbers.txt", &file).await;
    let (code, _, told) = http(address, "PUT", &path, &file[..100]).await;
    assert_eq!(code, "400", "{}", String::from_utf8_lossy(&told));
    office.put(&path, &file, &id).await;

    let [one] = office.listed().await.try_into().expect("one file");
    assert_eq!(
        (one.state(), one.name.as_str(), one.media_type.as_str()),
        (AttachmentState::Clean, "numbers.txt", "text/plain")
    );
    let path = office.download(&office.agent.token, &id).await.expect("granted");
    let (code, head, bytes) = http(address, "GET", &path, b"").await;
    assert_eq!((code.as_str(), bytes.len()), ("200", file.len()));
    assert!(bytes == file, "the same bytes");
    for header in [
        "content-disposition: attachment; filename=\"numbers.txt\"",
        "x-content-type-options: nosniff",
    ] {
        assert!(head.contains(header), "{head}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_reaches_nobody_else() {
    let office = Office::open().await;
    let address = office.cluster.address();
    let (id, up) = office.announce("hello.txt", b"hello").await;
    office.put(&up, b"hello", &id).await;
    let down = office.download(&office.agent.token, &id).await.expect("granted");
    for path in ["/attachments/", "/attachments/x", &down[..down.len() - 2], &up] {
        let (code, _, _) = http(address, "GET", path, b"").await;
        assert!(code == "403" || code == "404", "{code} {path}");
    }
    let other = Customer::start(address, &office.cluster.credentials, QUEUE, "en").await;
    let refused = office.download(&other.token, &id).await.expect_err("not theirs");
    assert_eq!(refused.code(), Code::NotFound);
}
