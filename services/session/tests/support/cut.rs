//! A way to PostgreSQL that is cut just when a COMMIT goes by: before it arrives, or after it was carried out.

use onqueue_store::Settings;
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// Where the next COMMIT is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cut {
    No,
    Before,
    After,
}

/// The way. It ends with the test's runtime.
pub struct Way {
    next: Arc<AtomicU8>,
    pub database: Settings,
}

impl Way {
    pub async fn to(database: &Settings) -> Self {
        let (server, path) = address(&database.url);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let here = listener.local_addr().expect("an address");
        let next = Arc::new(AtomicU8::new(Cut::No as u8));
        let cut = Arc::clone(&next);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, cut) = (server.clone(), Arc::clone(&cut));
                tokio::spawn(async move { carry(client, &server, &cut).await });
            }
        });
        let url = database.url.replacen(&server_of(&database.url), &here.to_string(), 1);
        assert!(url.contains(&path), "{url}");
        Self {
            next,
            database: Settings {
                url,
                ..database.clone()
            },
        }
    }

    /// Cuts the next COMMIT.
    pub fn cut(&self, cut: Cut) {
        self.next.store(cut as u8, Ordering::SeqCst);
    }

    /// Whether it was.
    pub fn is_cut(&self) -> bool {
        self.next.load(Ordering::SeqCst) == Cut::No as u8
    }
}

fn server_of(url: &str) -> String {
    address(url).0
}

/// `host:port` and what follows it.
fn address(url: &str) -> (String, String) {
    let (_, place) = url.split_once('@').expect("a role");
    let (server, path) = place.split_once('/').expect("a database");
    (server.to_owned(), path.to_owned())
}

async fn carry(mut client: TcpStream, server: &str, next: &AtomicU8) -> Option<()> {
    let mut server = TcpStream::connect(server).await.ok()?;
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let bytes = &asked[..read.ok().filter(|read| *read > 0)?];
                let cut = if commits(bytes) { next.swap(Cut::No as u8, Ordering::SeqCst) } else { Cut::No as u8 };
                if cut == Cut::Before as u8 {
                    return None;
                }
                server.write_all(bytes).await.ok()?;
                if cut == Cut::After as u8 {
                    // Its answer says that it was carried out; nobody hears it.
                    let _ = server.read(&mut answered).await;
                    return None;
                }
            }
            read = server.read(&mut answered) => {
                let read = read.ok().filter(|read| *read > 0)?;
                client.write_all(&answered[..read]).await.ok()?;
            }
        }
    }
}

fn commits(bytes: &[u8]) -> bool {
    bytes.windows(7).any(|some| some == b"COMMIT\0")
}
