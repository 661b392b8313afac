//! The public doors as one client sees them: it keeps to one until that one refuses.

use crate::people::bearing;
use std::{error::Error, net::SocketAddr, time::Duration};
use tonic::{
    Request, Status,
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

/// Whether a call failed before it was sent: nobody took the connection, or it had just been closed in order. Who meets a
/// closed door goes to another; nothing has been lost.
pub fn was_unsent(status: &Status) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = status.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if text == "tcp connect error" || text.starts_with("operation was canceled") {
            return true;
        }
        cause = error.source();
    }
    false
}

/// A unary call with a token and a deadline that a page would use.
pub fn asking<T>(token: &str, message: T) -> Request<T> {
    let mut request = bearing(token, message);
    request.set_timeout(Duration::from_secs(5));
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::free;
    use onqueue_proto::auth::v1::{RevokeRequest, token_service_client::TokenServiceClient};
    use std::net::{Ipv4Addr, TcpListener};

    async fn call(address: SocketAddr) -> Status {
        let doors = Doors::of(&[address], 0);
        let mut request = Request::new(RevokeRequest::default());
        request.set_timeout(Duration::from_millis(500));
        TokenServiceClient::new(doors.door())
            .revoke(request)
            .await
            .expect_err("nobody answers")
    }

    #[tokio::test]
    async fn what_nobody_took_was_not_sent() {
        let closed = call(free()).await;
        assert!(was_unsent(&closed), "{closed:?}");
        let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let taken = call(silent.local_addr().expect("an address")).await;
        assert!(!was_unsent(&taken), "{taken:?}");
    }
}
