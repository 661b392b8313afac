//! Bytes of attachments by HTTP, in front of a session that the test plays.
#![allow(clippy::disallowed_methods)] // raw clients drive their own connections

mod world;

use onqueue_gateway::Settings;
use onqueue_model::{Fault, Reason};
use onqueue_proto::session::v1::{
    Attachment, AttachmentState, CloseUploadRequest, CloseUploadResponse, OpenUploadRequest, OpenUploadResponse,
    ReadBytesRequest, ReadBytesResponse, StorePartRequest, StorePartResponse, read_bytes_response::Frame,
};
use onqueue_server::{listener, status};
use onqueue_testkit::running_context;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use world::{PATIENCE, World};

const OPEN: &str = "/onqueue.session.v1.AttachmentBytesService/OpenUpload";
const PART: &str = "/onqueue.session.v1.AttachmentBytesService/StorePart";
const CLOSE: &str = "/onqueue.session.v1.AttachmentBytesService/CloseUpload";
const READ: &str = "/onqueue.session.v1.AttachmentBytesService/ReadBytes";

/// An answer by HTTP/1.1, headers in lower case.
struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn code(&self) -> &str {
        self.head.split(' ').nth(1).expect("a status line")
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}

/// Says something and hears everything until the other side closes.
async fn ask(world: &World, request: &[u8]) -> Answer {
    let mut io = TcpStream::connect(world.address).await.expect("connected");
    io.write_all(request).await.expect("written");
    hear(&mut io).await
}

async fn hear(io: &mut TcpStream) -> Answer {
    let mut read = Vec::new();
    let all = timeout(PATIENCE, io.read_to_end(&mut read)).await;
    all.expect("an answer comes").expect("read");
    let end = read
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("a head");
    Answer {
        head: String::from_utf8_lossy(&read[..end]).to_lowercase(),
        body: read[end + 4..].to_vec(),
    }
}

fn put(headers: &str, body: &str) -> Vec<u8> {
    format!("PUT /attachments/TICKET HTTP/1.1\r\nhost: gateway.example\r\nconnection: close\r\n{headers}\r\n{body}")
        .into_bytes()
}

fn get(method: &str) -> Vec<u8> {
    format!("{method} /attachments/TICKET HTTP/1.1\r\nhost: gateway.example\r\nconnection: close\r\n\r\n").into_bytes()
}

fn attachment(state: AttachmentState) -> Attachment {
    Attachment {
        attachment_id: "a".to_owned(),
        name: "Größe \"1\".png".to_owned(),
        media_type: "image/png".to_owned(),
        bytes: 10,
        state: state.into(),
        ..Attachment::default()
    }
}

/// Opens the upload that is asked for: ten bytes in parts of four.
async fn opened(world: &World) {
    let open = world.call_of(OPEN).await;
    assert_eq!(open.message::<OpenUploadRequest>().upload_token, "TICKET");
    assert!(
        !open.headers.contains_key("x-onqueue-from-outside"),
        "it is the gateway's own call"
    );
    open.answer(&OpenUploadResponse {
        attempt: "first".to_owned(),
        bytes: 10,
        part_bytes: 4,
    });
}

/// Takes the parts; what they hold.
async fn parts(world: &World, count: i32) -> Vec<String> {
    let mut found = Vec::new();
    for number in 1..=count {
        let part = world.call_of(PART).await;
        let message: StorePartRequest = part.message();
        assert_eq!((message.number, message.attempt.as_str()), (number, "first"));
        found.push(String::from_utf8(message.data.to_vec()).expect("text"));
        part.answer(&StorePartResponse {});
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_goes_up_in_parts() {
    let world = World::new().await;
    for (state, code, told) in [
        (AttachmentState::Clean, "201", "clean"),
        (AttachmentState::Quarantined, "202", "quarantined"),
        (AttachmentState::Refused, "422", "refused"),
    ] {
        for request in [
            put("content-length: 10\r\n", "abcdefghij"),
            put(
                "transfer-encoding: chunked\r\n",
                "3\r\nabc\r\n7\r\ndefghij\r\n0\r\n\r\n",
            ),
        ] {
            let (answer, ()) = tokio::join!(ask(&world, &request), taken(&world, state));
            assert_eq!(answer.code(), code, "{}", answer.text());
            assert!(
                answer.text().contains(&format!("\"state\":\"{told}\"")),
                "{}",
                answer.text()
            );
            assert!(answer.head.contains("x-content-type-options: nosniff"));
        }
    }
}

/// Takes a whole file, and says what became of it.
async fn taken(world: &World, state: AttachmentState) {
    opened(world).await;
    assert_eq!(parts(world, 3).await, ["abcd", "efgh", "ij"]);
    let close = world.call_of(CLOSE).await;
    assert_eq!(close.message::<CloseUploadRequest>().attempt, "first");
    close.answer(&CloseUploadResponse {
        attachment: Some(attachment(state)),
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_length_is_no_file() {
    let world = World::new().await;
    for (headers, body, kept) in [
        ("content-length: 9\r\n", "abcdefghi", 0),
        ("content-length: 11\r\n", "abcdefghijk", 0),
        ("transfer-encoding: chunked\r\n", "5\r\nabcde\r\n0\r\n\r\n", 1),
        (
            "transfer-encoding: chunked\r\n",
            "9\r\nabcdefghi\r\n2\r\njk\r\n0\r\n\r\n",
            2,
        ),
        (
            "transfer-encoding: chunked\r\n",
            "a\r\nabcdefghij\r\n1\r\nk\r\n0\r\n\r\n",
            3,
        ),
    ] {
        let play = async {
            opened(&world).await;
            parts(&world, kept).await;
        };
        let request = put(headers, body);
        let (answer, ()) = tokio::join!(ask(&world, &request), play);
        assert_eq!(answer.code(), "400", "{body}: {}", answer.text());
        assert!(answer.text().contains("FIELD_INVALID"), "{}", answer.text());
    }
    for headers in [
        "content-encoding: gzip\r\ncontent-length: 10\r\n",
        "content-range: bytes 0-9/20\r\ncontent-length: 10\r\n",
    ] {
        assert_eq!(ask(&world, &put(headers, "abcdefghij")).await.code(), "415");
    }
    assert!(world.nothing_arrived().await, "nothing was closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_cut_or_too_slow_is_given_up() {
    let settings = Settings {
        upload_idle_ms: 300,
        ..Settings::default()
    };
    let world = World::with(settings, listener::Limits::default(), running_context(4)).await;
    let mut cut = TcpStream::connect(world.address).await.expect("connected");
    cut.write_all(&put("content-length: 10\r\n", "abcde"))
        .await
        .expect("written");
    opened(&world).await;
    assert_eq!(parts(&world, 1).await, ["abcd"]);
    drop(cut);

    let mut slow = TcpStream::connect(world.address).await.expect("connected");
    slow.write_all(&put("content-length: 10\r\n", "abcde"))
        .await
        .expect("written");
    opened(&world).await;
    assert_eq!(parts(&world, 1).await, ["abcd"]);
    let answer = hear(&mut slow).await;
    assert_eq!(answer.code(), "408", "{}", answer.text());
    assert!(world.nothing_arrived().await, "nothing was closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_told() {
    let world = World::new().await;
    for (reason, code) in [
        (Reason::TokenInvalid, "403"),
        (Reason::TokenExpired, "403"),
        (Reason::NotFound, "404"),
        (Reason::ConversationClosed, "409"),
        (Reason::Unavailable, "503"),
    ] {
        let refuse = async |path| {
            // What may be tried again is.
            let most = if reason == Reason::Unavailable { 3 } else { 1 };
            for _ in 0..most {
                world.call_of(path).await.refuse(status(Fault::new(reason, "no")));
            }
        };
        let request = put("content-length: 10\r\n", "abcdefghij");
        let (answer, ()) = tokio::join!(ask(&world, &request), refuse(OPEN));
        assert_eq!(answer.code(), code, "{}", answer.text());
        assert!(answer.text().contains(reason.as_str()), "{}", answer.text());
        let request = get("GET");
        let (answer, ()) = tokio::join!(ask(&world, &request), refuse(READ));
        assert_eq!(answer.code(), code, "{}", answer.text());
        assert!(!answer.head.contains("content-disposition"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_comes_down_to_be_saved_and_never_shown() {
    let world = World::new().await;
    let serve = async {
        let read = world.call_of(READ).await;
        assert_eq!(read.message::<ReadBytesRequest>().download_token, "TICKET");
        let stream = read.stream();
        for frame in [
            Frame::Attachment(attachment(AttachmentState::Clean)),
            Frame::Data("abcde".into()),
            Frame::Data("fghij".into()),
        ] {
            stream.send(&ReadBytesResponse { frame: Some(frame) }).await;
        }
        // Open until all of it was heard: who has as many bytes as were told asks for no more.
        stream
    };
    let request = get("GET");
    let (answer, _stream) = tokio::join!(ask(&world, &request), serve);
    assert_eq!((answer.code(), answer.text()), ("200", "abcdefghij"));
    for header in [
        "content-type: image/png",
        "content-length: 10",
        "content-disposition: attachment; filename=\"gr__e _1_.png\"; filename*=utf-8''gr%c3%b6%c3%9fe%20%221%22.png",
        "x-content-type-options: nosniff",
        "content-security-policy: default-src 'none'; sandbox; frame-ancestors 'none'",
        "cache-control: private, no-store",
        "cross-origin-resource-policy: same-origin",
    ] {
        assert!(
            answer.head.contains(&format!("\r\n{header}")),
            "{header} is not in\n{}",
            answer.head
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_breaks_off_is_not_taken_for_whole() {
    let world = World::new().await;
    let mut io = TcpStream::connect(world.address).await.expect("connected");
    io.write_all(&get("GET")).await.expect("written");
    let stream = world.call_of(READ).await.stream();
    for frame in [
        Frame::Attachment(attachment(AttachmentState::Clean)),
        Frame::Data("abcde".into()),
    ] {
        stream.send(&ReadBytesResponse { frame: Some(frame) }).await;
    }
    let mut read = Vec::new();
    while !read.ends_with(b"abcde") {
        let count = timeout(PATIENCE, io.read_buf(&mut read))
            .await
            .expect("it begins")
            .expect("read");
        assert!(count > 0, "closed before it began");
    }
    stream.fail(status(Fault::internal("a part was changed"))).await;
    // Closed, or reset: either way a browser sees that half of it is missing.
    let _ = timeout(PATIENCE, io.read_to_end(&mut read)).await.expect("it ends");
    let told = String::from_utf8_lossy(&read).into_owned();
    assert!(
        told.contains("content-length: 10\r\n") && told.ends_with("abcde"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_has_so_many_at_once() {
    let settings = Settings {
        transfers_per_address: 1,
        ..Settings::default()
    };
    let world = World::with(settings, listener::Limits::default(), running_context(5)).await;
    let mut first = TcpStream::connect(world.address).await.expect("connected");
    first
        .write_all(&put("content-length: 10\r\n", "ab"))
        .await
        .expect("written");
    opened(&world).await;
    let answer = ask(&world, &get("GET")).await;
    assert_eq!(answer.code(), "429", "{}", answer.text());
    assert!(answer.head.contains("retry-after: 1"));
    drop(first);
}
