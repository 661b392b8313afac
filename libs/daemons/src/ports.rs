//! Ports of the loopback address for servers that are told where to listen.
//!
//! They lie below those that the system hands out for outgoing connections, so that none of these takes one between its
//! choice and its use; and the UDP port of the same number is held until this process ends, so that no other test chooses it.

use crate::Failure;
use std::{
    net::{Ipv4Addr, TcpListener, UdpSocket},
    process,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Below the ports of outgoing connections on Linux (32,768), macOS and BSD (49,152).
const FIRST: u32 = 10_240;
const COUNT: u32 = 32_768 - FIRST;

static CLAIMS: Mutex<Claims> = Mutex::new(Claims {
    looked_at: 0,
    held: Vec::new(),
});

struct Claims {
    looked_at: u32,
    held: Vec<UdpSocket>,
}

/// A port of the loopback address that is nobody else's until this process ends.
///
/// # Errors
///
/// All are taken.
pub fn free_port() -> Result<u16, Failure> {
    let mut claims = claims();
    // Processes that begin together look at different places.
    let start = process::id().wrapping_mul(61);
    while claims.looked_at < COUNT {
        let port = FIRST + start.wrapping_add(claims.looked_at) % COUNT;
        claims.looked_at += 1;
        let port = u16::try_from(port).expect("below 32,768");
        if let Some(claim) = claim(port) {
            claims.held.push(claim);
            return Ok(port);
        }
    }
    Err(Failure(format!("no free port from {FIRST} to {}", FIRST + COUNT - 1)))
}

fn claims() -> MutexGuard<'static, Claims> {
    CLAIMS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn claim(port: u16) -> Option<UdpSocket> {
    let claim = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
    Some(claim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_is_another_that_can_be_listened_on_and_stays_ones_own() {
        let ports: Vec<u16> = (0..50).map(|_| free_port().expect("a port")).collect();
        assert_eq!(ports.iter().collect::<HashSet<_>>().len(), 50);
        for &port in &ports {
            assert!((10_240..32_768).contains(&port), "{port}");
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("nobody listens");
            assert!(claim(port).is_none(), "{port} could be chosen again");
        }
    }

    #[test]
    fn one_that_is_listened_on_is_not_claimed() {
        let port = free_port().expect("a port");
        let mut claims = claims();
        let held = claims
            .held
            .iter()
            .position(|claim| claim.local_addr().expect("bound").port() == port);
        drop(claims.held.swap_remove(held.expect("held")));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("free");
        assert!(claim(port).is_none(), "somebody listens on {port}");
        drop(listener);
        assert!(claim(port).is_some(), "nobody listens on {port} any more");
    }
}
