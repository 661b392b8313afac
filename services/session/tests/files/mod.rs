//! Files, a scanner that the test plays, and a desk that asks it.
#![allow(dead_code)] // each test uses its part of it

use crate::support::{Chat, Desk, House, SOON, policy, queue, settings};
use bytes::Bytes;
use futures::StreamExt as _;
use onqueue_model::ConversationId;
use onqueue_proto::session::v1::{
    Attachment, AttachmentPolicy, AttachmentState, CloseUploadRequest, CreateUploadRequest, CreateUploadResponse,
    GetDownloadRequest, ListAttachmentsRequest, ListAttachmentsResponse, OpenUploadRequest, OpenUploadResponse,
    QueuePolicy, ReadBytesRequest, StorePartRequest, attachment_bytes_service_client::AttachmentBytesServiceClient,
    attachment_service_client::AttachmentServiceClient, read_bytes_response::Frame,
};
use onqueue_server::{Context, InProcess, Tasks, as_peer};
use onqueue_session::{Faults, Settings};
use onqueue_testkit::{until, with_token};
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tonic::Status;
use uuid::Uuid;

pub const PART: usize = 512 * 1024;

/// What every scanner finds, by agreement; in two halves, so that none finds it here.
pub fn eicar() -> Vec<u8> {
    [
        r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD",
        r"-ANTIVIRUS-TEST-FILE!$H+H*",
    ]
    .concat()
    .into_bytes()
}

/// How the scanner behaves.
#[derive(Clone, Copy)]
pub enum Mood {
    /// It answers.
    Awake = 0,
    /// It takes the file and says nothing.
    Silent = 1,
    /// It says that something is wrong with itself.
    Broken = 2,
    /// It says what nobody understands.
    Confused = 3,
}

#[derive(Clone)]
pub struct FakeScanner {
    pub address: SocketAddr,
    mood: Arc<AtomicU8>,
    pub asked: Arc<AtomicUsize>,
}

impl FakeScanner {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let scanner = Self {
            address: listener.local_addr().expect("bound"),
            mood: Arc::default(),
            asked: Arc::default(),
        };
        let playing = scanner.clone();
        tokio::spawn(async move {
            while let Ok((io, _)) = listener.accept().await {
                tokio::spawn(playing.clone().answer(io));
            }
        });
        scanner
    }

    pub fn becomes(&self, mood: Mood) {
        self.mood.store(mood as u8, Ordering::SeqCst);
    }

    async fn answer(self, mut io: TcpStream) {
        while let Some(body) = request(&mut io).await {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let found = body.windows(17).any(|window| window == &eicar()[28..45]);
            let (code, text) = match self.mood.load(Ordering::SeqCst) {
                1 => std::future::pending().await,
                2 => ("500 Oops", "{}"),
                3 => ("200 OK", "{\"verdict\":\"perhaps\"}"),
                _ if found => ("200 OK", "{\"verdict\":\"infected\",\"name\":\"Eicar-Test\"}"),
                _ => ("200 OK", "{\"verdict\":\"clean\"}"),
            };
            let answer = format!("HTTP/1.1 {code}\r\ncontent-length: {}\r\n\r\n{text}", text.len());
            if io.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// The body of the next request.
async fn request(io: &mut TcpStream) -> Option<Vec<u8>> {
    let mut read = Vec::new();
    loop {
        let mut buffer = vec![0; 64 * 1024];
        let count = io.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        read.extend_from_slice(&buffer[..count]);
        let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
        let length: usize = length.trim().parse().ok()?;
        if read.len() >= end + 4 + length {
            return Some(read[end + 4..].to_vec());
        }
    }
}

/// Everything around one desk that takes files.
pub struct Office {
    pub house: House,
    pub desk: Desk,
    pub scanner: FakeScanner,
    pub chat: Chat,
    pub folder: TempDir,
}

impl Office {
    /// With a chat between a guest and the agent.
    pub async fn open(seed: u64) -> Self {
        let house = House::new(seed).await;
        house.desk.put(rules(2)).await;
        let (scanner, folder) = (FakeScanner::start().await, tempfile::tempdir().expect("a folder"));
        let chat = house.connected(1).await;
        // Whoever knows another folder must not look after these files.
        assert!(house.desk.context.tasks.finish(SOON).await, "every task ends");
        let desk = desk(&house, &scanner, &folder).await;
        Self {
            house,
            desk,
            scanner,
            chat,
            folder,
        }
    }

    /// The same after a restart of session.
    pub async fn restart(&mut self) {
        assert!(self.desk.context.tasks.finish(SOON).await, "every task ends");
        self.desk = desk(&self.house, &self.scanner, &self.folder).await;
    }

    pub fn agent(&self) -> String {
        self.house.agent_token()
    }

    /// Moves the clock on, with what has to be read anew then.
    pub fn advance(&self, by: Duration) {
        self.house.clock.advance(by);
        self.desk.context.trust.confirm(self.desk.context.clock.now());
    }

    /// All that lies in the depot.
    pub fn kept(&self) -> Vec<PathBuf> {
        let (mut files, mut folders) = (Vec::new(), vec![self.folder.path().to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
                match entry.path() {
                    path if path.is_dir() => folders.push(path),
                    path => files.push(path),
                }
            }
        }
        files
    }
}

async fn desk(house: &House, scanner: &FakeScanner, folder: &TempDir) -> Desk {
    let context = Context {
        tasks: Tasks::new(),
        ..house.desk.context.clone()
    };
    let settings = Settings {
        attachments: onqueue_files::Settings {
            folder: folder.path().display().to_string(),
            scanner_url: format!("http://{}/scan", scanner.address),
            scanner_ms: 3_000,
            scanner_patience_ms: 300_000,
            upload_ms: 60_000,
            ..onqueue_files::Settings::default()
        },
        ..settings()
    };
    Desk::bind(house.desk.store.clone(), context, Faults::default(), &settings).await
}

pub fn rules(revision: i64) -> QueuePolicy {
    let types = [
        "image/png",
        "image/jpeg",
        "application/pdf",
        "text/plain",
        "application/zip",
    ];
    QueuePolicy {
        attachments: Some(AttachmentPolicy {
            enabled: true,
            max_bytes: 2 * 1024 * 1024,
            max_total_bytes: 3 * 1024 * 1024,
            media_types: types.map(str::to_owned).to_vec(),
        }),
        ..policy(queue(), revision)
    }
}

impl Desk {
    pub fn attachments(&self) -> AttachmentServiceClient<InProcess> {
        AttachmentServiceClient::new(self.service.clone())
    }

    pub fn bytes(&self) -> AttachmentBytesServiceClient<InProcess> {
        AttachmentBytesServiceClient::new(as_peer(self.service.clone(), "gateway"))
    }

    pub async fn announce(
        &self,
        token: &str,
        chat: &str,
        name: &str,
        bytes: usize,
    ) -> Result<CreateUploadResponse, Status> {
        let request = CreateUploadRequest {
            conversation_id: chat.to_owned(),
            request_id: Uuid::now_v7().to_string(),
            name: name.to_owned(),
            bytes: i64::try_from(bytes).expect("short"),
        };
        let answer = self.attachments().create_upload(with_token(request, token)).await;
        answer.map(tonic::Response::into_inner)
    }

    pub async fn open(&self, ticket: &str) -> Result<OpenUploadResponse, Status> {
        let request = OpenUploadRequest {
            upload_token: ticket.to_owned(),
        };
        self.bytes().open_upload(request).await.map(tonic::Response::into_inner)
    }

    pub async fn part(&self, ticket: &str, attempt: &str, number: i32, data: &[u8]) -> Result<(), Status> {
        let request = StorePartRequest {
            upload_token: ticket.to_owned(),
            attempt: attempt.to_owned(),
            number,
            data: Bytes::copy_from_slice(data),
        };
        self.bytes().store_part(request).await.map(drop)
    }

    pub async fn close(&self, ticket: &str, attempt: &str) -> Result<Attachment, Status> {
        let request = CloseUploadRequest {
            upload_token: ticket.to_owned(),
            attempt: attempt.to_owned(),
        };
        let answer = self.bytes().close_upload(request).await?;
        Ok(answer.into_inner().attachment.expect("an attachment"))
    }

    /// Brings the bytes as the gateway does.
    pub async fn bring(&self, ticket: &str, file: &[u8]) -> Result<Attachment, Status> {
        let attempt = self.open(ticket).await?.attempt;
        for (number, part) in (1..).zip(file.chunks(PART)) {
            self.part(ticket, &attempt, number, part).await?;
        }
        self.close(ticket, &attempt).await
    }

    /// Announces and brings.
    pub async fn attach(&self, token: &str, chat: &str, name: &str, file: &[u8]) -> Result<Attachment, Status> {
        let announced = self.announce(token, chat, name, file.len()).await?;
        self.bring(&ticket(&announced), file).await
    }

    /// The same, and waits for the verdict, however slow the machine is.
    pub async fn attached(&self, token: &str, chat: &str, name: &str, file: &[u8]) -> Result<Attachment, Status> {
        let mut sent = self.attach(token, chat, name, file).await?;
        until("the verdict", SOON, async || {
            let list = self.list(token, chat).await.expect("listed").attachments;
            let own = list.into_iter().find(|one| one.attachment_id == sent.attachment_id);
            sent = own.expect("one's own");
            sent.state() != AttachmentState::Quarantined
        })
        .await;
        Ok(sent)
    }

    pub async fn ticket_for(&self, token: &str, chat: &str, attachment: &str) -> Result<String, Status> {
        let request = GetDownloadRequest {
            conversation_id: chat.to_owned(),
            attachment_id: attachment.to_owned(),
        };
        let answer = self.attachments().get_download(with_token(request, token)).await?;
        let path = answer.into_inner().download_path;
        Ok(path.strip_prefix("/attachments/").expect("an address").to_owned())
    }

    /// The file that the gateway would serve.
    pub async fn read(&self, ticket: &str) -> Result<(Attachment, Vec<u8>), Status> {
        let request = ReadBytesRequest {
            download_token: ticket.to_owned(),
        };
        let mut frames = self.bytes().read_bytes(request).await?.into_inner();
        let (mut file, mut bytes) = (None, Vec::new());
        while let Some(frame) = frames.next().await {
            match frame?.frame.expect("a frame") {
                Frame::Attachment(attachment) => file = Some(attachment),
                Frame::Data(data) => bytes.extend_from_slice(&data),
            }
        }
        Ok((file.expect("what it is"), bytes))
    }

    pub async fn fetch(&self, token: &str, chat: &str, attachment: &str) -> Result<(Attachment, Vec<u8>), Status> {
        let ticket = self.ticket_for(token, chat, attachment).await?;
        self.read(&ticket).await
    }

    pub async fn list(&self, token: &str, chat: &str) -> Result<ListAttachmentsResponse, Status> {
        let request = ListAttachmentsRequest {
            conversation_id: chat.to_owned(),
            ..ListAttachmentsRequest::default()
        };
        let answer = self.attachments().list_attachments(with_token(request, token)).await;
        answer.map(tonic::Response::into_inner)
    }

    /// One's own attachment.
    pub async fn own(&self, chat: &Chat, attachment: &str) -> Attachment {
        let list = self.list(&chat.token, &chat.id).await.expect("listed").attachments;
        list.into_iter()
            .find(|one| one.attachment_id == attachment)
            .expect("one's own")
    }
}

/// The ticket in an answer's address.
pub fn ticket(announced: &CreateUploadResponse) -> String {
    let path = announced.upload_path.strip_prefix("/attachments/");
    path.expect("an address").to_owned()
}

pub fn conversation(chat: &Chat) -> ConversationId {
    chat.id.parse().expect("an id")
}

/// A small picture.
pub fn png() -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [&[0, 0, 0, 4][..], &[0, 0, 0, 4], &[8, 2, 0, 0, 0]].concat();
    for (kind, body) in [(b"IHDR", &header[..]), (b"IDAT", b"data"), (b"IEND", b"")] {
        let length = u32::try_from(body.len()).expect("short");
        file.extend([&length.to_be_bytes()[..], kind, body, &[0; 4]].concat());
    }
    file
}

/// Text of that length, which differs from place to place.
pub fn text(bytes: usize) -> Vec<u8> {
    (0..)
        .flat_map(|line: u32| format!("line {line}\n").into_bytes())
        .take(bytes)
        .collect()
}

/// An archive of one stored entry, which says that it unpacks to so much.
pub fn zip(name: &str, content: &[u8], says: u32) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("short").to_le_bytes();
    let named = u16::try_from(name.len()).expect("short").to_le_bytes();
    let common = [
        &[20, 0, 0, 0, 0, 0][..],
        &[0; 8],
        &length,
        &says.to_le_bytes(),
        &named,
        &[0; 2],
    ]
    .concat();
    let local = [b"PK\x03\x04", &common[..], name.as_bytes(), content].concat();
    let listed = [b"PK\x01\x02\x14\0", &common[..], &[0; 14], name.as_bytes()].concat();
    let (at, long) = (
        u32::try_from(local.len()).expect("short"),
        u32::try_from(listed.len()).expect("short"),
    );
    let end = [
        b"PK\x05\x06\0\0\0\0\x01\0\x01\0",
        &long.to_le_bytes()[..],
        &at.to_le_bytes(),
        &[0; 2],
    ]
    .concat();
    [local, listed, end].concat()
}
