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

/// What the library makes of a stream that the other side, ending in order, said it had not begun (GOAWAY with NO_ERROR and a
/// smaller number: RFC 9113, 6.8).
const NOT_BEGUN: &str = "connection error received: not a result of an error";

/// Whether a call failed before anybody took it up: nobody took the connection, it had just been closed in order, or who closed
/// it said that this call was not begun. Who meets a closed door goes to another; nothing has been lost.
pub fn was_unsent(status: &Status) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = status.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if text == "tcp connect error" || text == NOT_BEGUN || text.starts_with("operation was canceled") {
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
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

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

    /// Reads until a stream is opened, and ends the connection for that reason; it has begun streams up to `last`.
    async fn goes_away(listener: tokio::net::TcpListener, last: u32, reason: u32) {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.expect("settings");
        stream.read_exact(&mut [0; 24]).await.expect("a preface");
        let mut kind = 0;
        while kind != 1 {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await.expect("a frame");
            kind = head[3];
            let length = usize::from(head[1]) << 8 | usize::from(head[2]);
            stream.read_exact(&mut vec![0; length]).await.expect("its payload");
        }
        let mut frame = vec![0, 0, 8, 7, 0, 0, 0, 0, 0];
        frame.extend(last.to_be_bytes());
        frame.extend(reason.to_be_bytes());
        stream.write_all(&frame).await.expect("the end");
    }

    #[tokio::test]
    async fn what_was_not_begun_was_not_sent() {
        for (last, reason, expected) in [(0, 0, true), (0, 2, false), (1, 0, false)] {
            let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .await
                .expect("a port");
            let address = listener.local_addr().expect("an address");
            let (status, ()) = tokio::join!(call(address), goes_away(listener, last, reason));
            assert_eq!(was_unsent(&status), expected, "{last} {reason}: {status:?}");
        }
    }
}
