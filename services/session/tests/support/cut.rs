//! A way to PostgreSQL that is cut just when a COMMIT, or a statement that is its own, goes by: before it arrives, or after
//! it was carried out.

use onqueue_store::Settings;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU8, Ordering},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

const COMMIT: &[u8] = b"COMMIT\0";

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
    next: Arc<Next>,
    pub database: Settings,
}

/// What is cut next, and by which bytes it is known.
struct Next {
    cut: AtomicU8,
    at: Mutex<&'static [u8]>,
}

impl Next {
    /// The cut, if it is to be now.
    fn due(&self, bytes: &[u8]) -> u8 {
        let at = *self.at.lock().expect("whole");
        let is_due = bytes.windows(at.len()).any(|some| some == at);
        if is_due {
            self.cut.swap(Cut::No as u8, Ordering::SeqCst)
        } else {
            Cut::No as u8
        }
    }
}

impl Way {
    pub async fn to(database: &Settings) -> Self {
        let (server, path) = address(&database.url);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let here = listener.local_addr().expect("an address");
        let next = Arc::new(Next {
            cut: AtomicU8::new(Cut::No as u8),
            at: Mutex::new(COMMIT),
        });
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
        self.cut_at(cut, COMMIT);
    }

    /// Cuts the next message in which these bytes are.
    pub fn cut_at(&self, cut: Cut, bytes: &'static [u8]) {
        *self.next.at.lock().expect("whole") = bytes;
        self.next.cut.store(cut as u8, Ordering::SeqCst);
    }

    /// Whether it was.
    pub fn is_cut(&self) -> bool {
        self.next.cut.load(Ordering::SeqCst) == Cut::No as u8
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

async fn carry(mut client: TcpStream, server: &str, next: &Next) -> Option<()> {
    let mut server = TcpStream::connect(server).await.ok()?;
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let bytes = &asked[..read.ok().filter(|read| *read > 0)?];
                let cut = next.due(bytes);
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
