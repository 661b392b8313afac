//! The depot in a bucket, which a few lines of this test play as S3 has it.
#![allow(clippy::disallowed_methods)] // the bucket is a server of its own

use bytes::Bytes;
use onqueue_files::{Depot, Place, Settings};
use onqueue_model::{Id, Reason};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use uuid::Uuid;

type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

struct Bucket {
    address: SocketAddr,
    objects: Objects,
}

impl Bucket {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let bucket = Self {
            address: listener.local_addr().expect("bound"),
            objects: Objects::default(),
        };
        let objects = Arc::clone(&bucket.objects);
        tokio::spawn(async move {
            while let Ok((io, _)) = listener.accept().await {
                tokio::spawn(answer(io, Arc::clone(&objects)));
            }
        });
        bucket
    }

    fn depot(&self, key: &str) -> Depot {
        Depot::new(&Settings {
            s3_bucket: "files".to_owned(),
            s3_prefix: "onqueue/test".to_owned(),
            s3_endpoint: format!("http://{}", self.address),
            s3_key: key.to_owned(),
            s3_secret: "secret".to_owned(),
            ..Settings::default()
        })
    }

    fn names(&self) -> Vec<String> {
        self.objects.lock().expect("objects").keys().cloned().collect()
    }
}

async fn answer(mut io: TcpStream, objects: Objects) {
    while let Some((head, body)) = request(&mut io).await {
        let (code, headers, body) = act(&head, body, &objects);
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {code}\r\ncontent-length: {length}\r\netag: \"x\"\r\n\
             last-modified: Mon, 23 Nov 2026 00:00:00 GMT\r\n{headers}\r\n"
        );
        if io.write_all(&[head.as_bytes(), &body].concat()).await.is_err() {
            return;
        }
    }
}

fn act(head: &str, body: Vec<u8>, objects: &Objects) -> (&'static str, &'static str, Vec<u8>) {
    if !head
        .to_lowercase()
        .contains("authorization: aws4-hmac-sha256 credential=mine/")
    {
        return (
            "403 Forbidden",
            "",
            b"<Error><Code>AccessDenied</Code></Error>".to_vec(),
        );
    }
    let mut words = head.split(' ');
    let (method, target) = (words.next().expect("a method"), words.next().expect("a target"));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let name = path.trim_start_matches("/files").trim_start_matches('/').to_owned();
    let mut objects = objects.lock().expect("objects");
    match (method, name.is_empty()) {
        ("GET", true) => ("200 OK", "content-type: application/xml\r\n", list(&objects, query)),
        ("PUT", _) => {
            objects.insert(name, body);
            ("200 OK", "", Vec::new())
        }
        ("GET", _) => match objects.get(&name) {
            Some(object) => ("200 OK", "", object.clone()),
            None => ("404 Not Found", "", b"<Error><Code>NoSuchKey</Code></Error>".to_vec()),
        },
        ("DELETE", _) => {
            objects.remove(&name);
            ("204 No Content", "", Vec::new())
        }
        _ => ("400 Bad Request", "", Vec::new()),
    }
}

fn list(objects: &BTreeMap<String, Vec<u8>>, query: &str) -> Vec<u8> {
    let prefix = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("prefix="))
        .unwrap_or_default();
    let prefix = prefix.replace("%2F", "/");
    let mut found = String::new();
    for (name, object) in objects.iter().filter(|(name, _)| name.starts_with(&prefix)) {
        let size = object.len();
        write!(
            found,
            "<Contents><Key>{name}</Key><Size>{size}</Size><ETag>\"x\"</ETag>\
             <LastModified>2026-11-23T00:00:00.000Z</LastModified></Contents>"
        )
        .expect("written");
    }
    format!("<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>").into_bytes()
}

async fn request(io: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    loop {
        let mut buffer = vec![0; 64 * 1024];
        let count = io.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        read.extend_from_slice(&buffer[..count]);
        let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&read[..end]).into_owned();
        let length = head
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let length: usize = length.unwrap_or(0);
        if read.len() >= end + 4 + length {
            return Some((head, read[end + 4..].to_vec()));
        }
    }
}

fn id<T>(number: u128) -> Id<T> {
    Id::new(Uuid::from_u128(number))
}

fn place(attachment: u128) -> Place {
    Place {
        organisation: id(1),
        conversation: id(2),
        attachment: id(attachment),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_does_what_a_folder_does() {
    let bucket = Bucket::start().await;
    let (depot, attempt) = (bucket.depot("mine"), Uuid::from_u128(7));
    let large = Bytes::from(vec![7; onqueue_files::PART]);
    depot.put(&place(3), attempt, 1, large.clone()).await.expect("kept");
    depot.put(&place(3), attempt, 2, "two".into()).await.expect("kept");
    depot.put(&place(4), attempt, 1, "stays".into()).await.expect("kept");
    assert_eq!(
        bucket.names()[0],
        format!(
            "onqueue/test/{}/{}/{}/{attempt}/00001",
            id::<()>(1),
            id::<()>(2),
            id::<()>(3)
        )
    );
    assert_eq!(depot.get(&place(3), attempt, 1).await.expect("read"), Some(large));
    assert_eq!(depot.get(&place(3), attempt, 3).await.expect("read"), None);
    depot.remove(&place(3)).await.expect("removed");
    depot.remove(&place(3)).await.expect("removed again");
    assert_eq!(depot.get(&place(3), attempt, 2).await.expect("read"), None);
    assert_eq!(
        depot.get(&place(4), attempt, 1).await.expect("read").as_deref(),
        Some(&b"stays"[..])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_of_others_or_none_is_no_defect() {
    let bucket = Bucket::start().await;
    let refused = bucket.depot("theirs").put(&place(1), Uuid::nil(), 1, "x".into()).await;
    assert_eq!(refused.map_err(|fault| fault.reason), Err(Reason::Unavailable));
    let gone = Depot::new(&Settings {
        s3_bucket: "files".to_owned(),
        s3_endpoint: "http://127.0.0.1:1".to_owned(),
        s3_key: "mine".to_owned(),
        s3_secret: "secret".to_owned(),
        ..Settings::default()
    });
    let lost = gone.get(&place(1), Uuid::nil(), 1).await;
    assert_eq!(lost.map_err(|fault| fault.reason), Err(Reason::Unavailable));
}
