//! The public doors as one client sees them: it keeps to one until that one refuses.

use crate::people::bearing;
use std::{net::SocketAddr, time::Duration};
use tonic::{
    Request,
    transport::{Channel, Endpoint},
};

/// A client's own connections, one to each door.
#[derive(Clone, Debug)]
pub struct Doors {
    channels: Vec<Channel>,
    at: usize,
}

impl Doors {
    /// Connections are made when they are needed, and anew when they break; a dead one is noticed by its silence.
    pub fn of(addresses: &[SocketAddr], first: usize) -> Self {
        let channel = |address: &SocketAddr| {
            Endpoint::from_shared(format!("http://{address}"))
                .expect("an address")
                .connect_timeout(Duration::from_secs(1))
                .http2_keep_alive_interval(Duration::from_secs(2))
                .keep_alive_timeout(Duration::from_secs(2))
                .connect_lazy()
        };
        Self {
            channels: addresses.iter().map(channel).collect(),
            at: first % addresses.len(),
        }
    }

    /// The door it keeps to.
    pub fn door(&self) -> Channel {
        self.channels[self.at].clone()
    }

    /// Tries another one from now on.
    pub fn turn(&mut self) {
        self.at = (self.at + 1) % self.channels.len();
    }
}

/// A unary call with a token and a deadline that a page would use.
pub fn asking<T>(token: &str, message: T) -> Request<T> {
    let mut request = bearing(token, message);
    request.set_timeout(Duration::from_secs(3));
    request
}
