//! Clients that speak HTTP/2 and HTTP/1.1 without any gRPC library, so that nothing on their side helps.
#![allow(clippy::disallowed_methods)] // A raw client drives its own connection.

use super::PATIENCE;
use bytes::{BufMut as _, Bytes, BytesMut};
use h2::{RecvStream, client::SendRequest};
use http::{HeaderMap, Request, Response};
use onqueue_model::Reason;
use onqueue_proto::rpc::{ErrorInfo, RetryInfo, Status as Carried, unpack};
use prost::Message as _;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tonic::{Code, Status};

/// A message as gRPC frames it.
pub fn framed(message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(message.len() + 5);
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(message.len()).expect("short"));
    bytes.put_slice(message);
    bytes.freeze()
}

/// How a call ended.
#[derive(Debug)]
pub struct Told {
    pub code: Code,
    pub reason: Option<Reason>,
    pub retry_after: Option<Duration>,
    pub message: String,
}

pub fn told(headers: &HeaderMap) -> Told {
    let status = Status::from_header_map(headers).expect("a status");
    let details = Carried::decode(status.details())
        .map(|carried| carried.details)
        .unwrap_or_default();
    let info = unpack::<ErrorInfo>("google.rpc.ErrorInfo", &details);
    let retry = unpack::<RetryInfo>("google.rpc.RetryInfo", &details);
    Told {
        code: status.code(),
        reason: info.and_then(|info| Reason::parse(&info.reason)),
        retry_after: retry.and_then(|retry| Duration::try_from(retry.retry_delay?).ok()),
        message: status.message().to_owned(),
    }
}

/// One HTTP/2 connection.
pub struct Http2(SendRequest<Bytes>);

/// An answer that may still be coming.
pub struct Answer {
    pub headers: HeaderMap,
    body: RecvStream,
}

impl Http2 {
    pub async fn connect(address: SocketAddr) -> Self {
        let io = TcpStream::connect(address).await.expect("connected");
        let (send, connection) = h2::client::Builder::new()
            .max_header_list_size(1 << 20)
            .handshake(io)
            .await
            .expect("a handshake");
        tokio::spawn(connection);
        Self(send)
    }

    /// Sends a request with this message; the answer's headers, or how the stream was reset.
    pub async fn send(&self, path: &str, headers: &[(&str, &str)], message: &[u8]) -> Result<Answer, h2::Error> {
        let mut send = self.0.clone().ready().await?;
        let mut request = Request::builder()
            .method("POST")
            .uri(format!("http://gateway.example{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (response, mut body) = send.send_request(request.body(()).expect("a request"), false)?;
        // A server that has refused already may have closed its half.
        let _ = body.send_data(framed(message), true);
        let response: Response<RecvStream> = timeout(PATIENCE, response).await.expect("an answer comes")?;
        let (parts, body) = response.into_parts();
        let mut headers = parts.headers;
        headers.insert("x-http-status", parts.status.as_u16().into());
        Ok(Answer { headers, body })
    }

    /// The same for calls that are answered.
    pub async fn call(&self, path: &str, headers: &[(&str, &str)], message: &[u8]) -> Answer {
        self.send(path, headers, message).await.expect("answered")
    }

    /// How a call that is refused was refused.
    pub async fn refusal(&self, path: &str, headers: &[(&str, &str)], message: &[u8]) -> Told {
        told(&self.call(path, headers, message).await.headers)
    }
}

impl Answer {
    /// The next bytes; `None` at the end of the data.
    pub async fn data(&mut self) -> Option<Bytes> {
        let data = timeout(PATIENCE, self.body.data())
            .await
            .expect("data comes")?
            .expect("data");
        self.body.flow_control().release_capacity(data.len()).expect("window");
        Some(data)
    }

    /// Everything up to the end, and how it ended.
    pub async fn rest(mut self) -> (Bytes, Told) {
        let mut bytes = BytesMut::new();
        while let Some(data) = self.data().await {
            bytes.put_slice(&data);
        }
        let trailers = timeout(PATIENCE, self.body.trailers())
            .await
            .expect("trailers come")
            .expect("trailers");
        (bytes.freeze(), told(trailers.as_ref().unwrap_or(&self.headers)))
    }
}

/// One HTTP/1.1 connection, as a browser has it.
pub struct Http1(TcpStream);

impl Http1 {
    pub async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.expect("connected"))
    }

    /// Sends a gRPC-Web call as Chromium does.
    pub async fn grpc_web(&mut self, path: &str, headers: &[(&str, &str)], message: &[u8]) {
        let (body, more) = (framed(message), lines(headers));
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: gateway.example\r\ncontent-type: application/grpc-web+proto\r\n\
             x-grpc-web: 1\r\ncontent-length: {}\r\n{more}\r\n",
            body.len()
        );
        self.0.write_all(head.as_bytes()).await.expect("written");
        self.0.write_all(&body).await.expect("written");
    }

    /// Sends a request without a body.
    pub async fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) {
        let more = lines(headers);
        let head = format!("{method} {path} HTTP/1.1\r\nhost: gateway.example\r\n{more}\r\n");
        self.0.write_all(head.as_bytes()).await.expect("written");
    }

    /// Reads until the text is there; all that was read, as text.
    pub async fn read_until(&mut self, text: &str) -> String {
        let mut read = Vec::new();
        loop {
            let so_far = String::from_utf8_lossy(&read).into_owned();
            if so_far.contains(text) {
                return so_far;
            }
            let mut buffer = [0; 4_096];
            let count = timeout(PATIENCE, self.0.read(&mut buffer)).await;
            let count = count
                .unwrap_or_else(|_| panic!("{text} does not come, only {so_far}"))
                .expect("read");
            assert!(count > 0, "closed before {text}: {so_far}");
            read.extend_from_slice(&buffer[..count]);
        }
    }

    /// The headers of the next answer, in lower case.
    pub async fn head(&mut self) -> String {
        self.read_until("\r\n\r\n").await.to_ascii_lowercase()
    }
}

fn lines(headers: &[(&str, &str)]) -> String {
    headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect()
}

/// An HTTP/2 connection that has nothing but its socket: whoever counts memory counts the other side's.
pub struct Bare(TcpStream);

/// Kinds of frames, and flags.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

impl Bare {
    pub async fn connect(address: SocketAddr) -> Self {
        let mut io = TcpStream::connect(address).await.expect("connected");
        io.set_nodelay(true).expect("set");
        let words = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &frame(SETTINGS, 0, 0, b"")[..]].concat();
        io.write_all(&words).await.expect("written");
        Self(io)
    }

    /// Sends a call with this message on that stream (odd, and higher than the last), and reads until the first message of
    /// its answer is there.
    pub async fn call(&mut self, stream: u32, path: &str, token: &str, message: &[u8]) {
        let mut head = Vec::new();
        for (name, value) in [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", "gateway.example"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            ("authorization", token),
        ] {
            head.push(0);
            put_text(&mut head, name);
            put_text(&mut head, value);
        }
        let head = frame(HEADERS, END_HEADERS, stream, &head);
        let body = frame(DATA, END_STREAM, stream, &framed(message));
        self.0.write_all(&[head, body].concat()).await.expect("written");
        let answered = timeout(PATIENCE, async { while !self.read(stream).await {} }).await;
        answered.expect("an answer comes");
    }

    /// Reads a frame; whether it brings something of that stream's answer.
    async fn read(&mut self, stream: u32) -> bool {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.expect("a frame");
        let [a, b, c, kind, flags, of @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.0.read_exact(&mut payload).await.expect("all of it");
        assert!(kind != RESET && kind != GOAWAY, "cut off: {payload:?}");
        if kind == SETTINGS && flags & ACK == 0 {
            let taken = frame(SETTINGS, ACK, 0, b"");
            self.0.write_all(&taken).await.expect("written");
        }
        kind == DATA && u32::from_be_bytes(of) == stream && !payload.is_empty()
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A text as a header has it that is not compressed.
fn put_text(head: &mut Vec<u8>, text: &str) {
    const MOST: usize = 127;
    match text.len().checked_sub(MOST) {
        None => head.push(u8::try_from(text.len()).expect("short")),
        Some(mut more) => {
            head.push(127);
            while more >= 128 {
                head.push(u8::try_from(more % 128).expect("seven bits") | 128);
                more /= 128;
            }
            head.push(u8::try_from(more).expect("seven bits"));
        }
    }
    head.extend_from_slice(text.as_bytes());
}
