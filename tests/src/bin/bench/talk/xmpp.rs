//! Pairs of users of an XMPP server: as much of RFC 6120 and 6121 as it takes to log in and to send messages, on loopback
//! without TLS. The server archives what is sent; how much it has, the caller looks up.

use super::{Carrier, Ears, Load, drive, text};
use crate::Outcome;
use clap::Args;
use serde_json::Value;
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

/// The domain that is served, and everybody's password in it.
pub const DOMAIN: &str = "bench";
pub const PASSWORD: &str = "secret";

/// How long the server may take for each step of a login.
const PATIENCE: Duration = Duration::from_secs(30);

/// The most that it says at once before we give up.
const MOST: usize = 1 << 20;

/// Where, and how much.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Where it takes clients: host and port.
    #[arg(long)]
    pub address: SocketAddr,
    #[command(flatten)]
    pub load: Load,
}

/// The user of that number who sends, and the one who gets it.
pub fn pair(number: usize) -> (String, String) {
    (format!("a{number}"), format!("b{number}"))
}

/// A user who is logged in.
struct Client {
    stream: TcpStream,
    /// Read and not looked at yet.
    read: Vec<u8>,
}

impl Client {
    async fn login(address: SocketAddr, user: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut client = Self {
            stream,
            read: Vec::new(),
        };
        let features = client.begin().await?;
        if !features.contains("<mechanism>PLAIN</mechanism>") {
            return Err(format!("it does not take PLAIN: {features}").into());
        }
        let secret = base64(format!("\0{user}\0{PASSWORD}").as_bytes());
        let space = "urn:ietf:params:xml:ns:xmpp-sasl";
        client
            .say(&format!("<auth xmlns='{space}' mechanism='PLAIN'>{secret}</auth>"))
            .await?;
        let answer = client.until(">").await?;
        if !answer.starts_with("<success") {
            return Err(format!("{user} is not let in: {answer}").into());
        }
        client.begin().await?;
        let bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>x</resource></bind>";
        client.say(&format!("<iq type='set' id='bind'>{bind}</iq>")).await?;
        let bound = client.until("</iq>").await?;
        if !bound.contains("type='result'") {
            return Err(format!("{user} gets no resource: {bound}").into());
        }
        // Who is not present gets nothing.
        client.say("<presence/>").await?;
        client.until("<presence").await?;
        client.until(">").await?;
        Ok(client)
    }

    /// Begins a stream; answers the features that the server offers in it.
    async fn begin(&mut self) -> Outcome<String> {
        self.read.clear();
        let spaces = "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'";
        self.say(&format!(
            "<?xml version='1.0'?><stream:stream to='{DOMAIN}' version='1.0' {spaces}>"
        ))
        .await?;
        self.until("</stream:features>").await
    }

    async fn say(&mut self, text: &str) -> Outcome<()> {
        Ok(self.stream.write_all(text.as_bytes()).await?)
    }

    /// What comes up to and with this text.
    async fn until(&mut self, end: &str) -> Outcome<String> {
        timeout(PATIENCE, self.next(end)).await?
    }

    async fn next(&mut self, end: &str) -> Outcome<String> {
        let mut looked_at = 0;
        loop {
            let place = self.read[looked_at..]
                .windows(end.len())
                .position(|some| some == end.as_bytes());
            if let Some(place) = place {
                let rest = self.read.split_off(looked_at + place + end.len());
                let said = std::mem::replace(&mut self.read, rest);
                return Ok(String::from_utf8(said)?);
            }
            looked_at = self.read.len().saturating_sub(end.len());
            if self.read.len() > MOST || self.stream.read_buf(&mut self.read).await? == 0 {
                let said = String::from_utf8_lossy(&self.read);
                return Err(format!("the server said nothing more than this: {said}").into());
            }
        }
    }

    /// Notes what comes.
    async fn follow(mut self, ears: Arc<Ears>) -> Outcome<()> {
        loop {
            let message = self.next("</message>").await?;
            let body = message
                .split_once("<body>")
                .and_then(|(_, rest)| rest.split_once("</body>"));
            if let Some((body, _)) = body {
                ears.hear(body);
            }
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = (0..3).fold(0_usize, |number, at| {
            number << 8 | usize::from(three.get(at).copied().unwrap_or(0))
        });
        for digit in 0..4 {
            let value = number >> (18 - 6 * digit) & 63;
            text.push(if digit <= three.len() {
                char::from(DIGITS[value])
            } else {
                '='
            });
        }
    }
    text
}

/// Who sends to the other of their pair.
struct Sender {
    client: Client,
    to: String,
    sent: u64,
    ears: Arc<Ears>,
}

impl Carrier for Sender {
    async fn carry(&mut self, due: Duration) -> Outcome<()> {
        self.sent += 1;
        let (to, id, body) = (&self.to, self.sent, text(due));
        let message = format!("<message to='{to}@{DOMAIN}' type='chat' id='m{id}'><body>{body}</body></message>");
        self.client.say(&message).await
    }

    fn streams(&self) -> usize {
        1
    }

    fn ears(&self) -> Arc<Ears> {
        Arc::clone(&self.ears)
    }
}

/// Logs all pairs in and lets them send.
pub async fn run(options: Options) -> Outcome<Value> {
    let epoch = Instant::now();
    let (mut senders, mut following) = (Vec::new(), JoinSet::new());
    for number in 0..options.load.senders {
        let (from, to) = pair(number);
        let ears = Ears::new(epoch);
        let other = Client::login(options.address, &to).await?;
        following.spawn(other.follow(Arc::clone(&ears)));
        senders.push(Sender {
            client: Client::login(options.address, &from).await?,
            sent: 0,
            to,
            ears,
        });
    }
    drive(&options.load, senders, epoch).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_as_in_its_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
