//! A network that is bad on purpose: a TCP proxy on loopback whose each direction can be slow, narrow, cut into small
//! pieces, or silent, and whose connections can be reset. What is set holds for bytes that come in from then on; silence
//! holds for what is on its way too.

use bytes::Bytes;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};

/// How many pieces may be on their way in one direction of a connection.
const IN_FLIGHT: usize = 64;

/// How one direction behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// Everything arrives so much later.
    pub delay: Duration,
    /// At most so many bytes in one write.
    pub slice: Option<usize>,
    /// At most so many bytes a second.
    pub bandwidth: Option<u32>,
    /// Nothing arrives, and nobody is told: the connection is half open. What was held arrives when this ends.
    pub silent: bool,
}

/// How both directions behave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    pub to_server: Way,
    pub to_client: Way,
}

impl Weather {
    /// The same in both directions.
    pub const fn both(way: Way) -> Self {
        Self {
            to_server: way,
            to_client: way,
        }
    }

    /// A black hole.
    pub fn silent() -> Self {
        Self::both(Way {
            silent: true,
            ..Way::default()
        })
    }
}

/// Stands between clients and one address; ends with everything that goes through it when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    pub address: SocketAddr,
    weather: watch::Sender<Weather>,
    /// Counts the times at which all connections were reset.
    resets: watch::Sender<u64>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port of loopback and leads to `server`.
    pub async fn start(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (weather, resets) = (watch::Sender::new(Weather::default()), watch::Sender::new(0));
        let (weather_there, resets_there) = (weather.clone(), resets.clone());
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let through = through(client, server, weather_there.subscribe(), resets_there.subscribe());
                tokio::spawn(through);
            }
        });
        Ok(Self {
            address,
            weather,
            resets,
            accepting,
        })
    }

    /// Changes how it behaves from now on, for open connections too.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Cuts every open connection with a reset on both sides.
    pub fn reset(&self) {
        self.resets.send_modify(|count| *count += 1);
    }

    /// How many connections go through it now.
    pub fn connections(&self) -> usize {
        self.resets.receiver_count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.reset();
    }
}

/// One connection to its end.
async fn through(
    mut client: TcpStream,
    server: SocketAddr,
    weather: watch::Receiver<Weather>,
    mut resets: watch::Receiver<u64>,
) {
    resets.mark_unchanged();
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    if client.set_nodelay(true).and(server.set_nodelay(true)).is_err() {
        return;
    }
    let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
    let up = pump(from_client, to_server, weather.clone(), |weather| weather.to_server);
    let down = pump(from_server, to_client, weather, |weather| weather.to_client);
    let is_reset = tokio::select! {
        _ = futures::future::join(up, down) => false,
        _ = resets.changed() => true,
    };
    if is_reset {
        // Closing with nothing left to say sends a reset; one that cannot be set has ended already.
        let _ = client.set_zero_linger().and(server.set_zero_linger());
    }
}

/// Carries one direction; answers when the other end has closed it and everything has arrived, or at the first error.
async fn pump(from: ReadHalf<'_>, to: WriteHalf<'_>, weather: watch::Receiver<Weather>, way: fn(&Weather) -> Way) {
    let (sender, receiver) = mpsc::channel(IN_FLIGHT);
    futures::future::join(read(from, sender), write(to, receiver, weather, way)).await;
}

async fn read(mut from: ReadHalf<'_>, sender: mpsc::Sender<(Instant, Bytes)>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let piece = Bytes::copy_from_slice(&buffer[..count]);
        if sender.send((Instant::now(), piece)).await.is_err() {
            return;
        }
    }
}

async fn write(
    mut to: WriteHalf<'_>,
    mut pieces: mpsc::Receiver<(Instant, Bytes)>,
    mut weather: watch::Receiver<Weather>,
    way: fn(&Weather) -> Way,
) {
    while let Some((came, piece)) = pieces.recv().await {
        let now = way(&weather.borrow());
        sleep_until(came + now.delay).await;
        for slice in piece.chunks(now.slice.unwrap_or(piece.len()).max(1)) {
            if weather.wait_for(|weather| !way(weather).silent).await.is_err() || to.write_all(slice).await.is_err() {
                return;
            }
            if let Some(bandwidth) = now.bandwidth {
                sleep(Duration::from_secs_f64(
                    slice.len() as f64 / f64::from(bandwidth.max(1)),
                ))
                .await;
            }
        }
    }
    let _ = to.shutdown().await;
}
