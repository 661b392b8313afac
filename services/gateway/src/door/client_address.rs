//! Whose address a call comes from, when proxies stand in between.

use http::HeaderMap;
use onqueue_server::{Network, subscriber};
use std::{net::IpAddr, sync::Arc};

/// Headers longer than this are not looked at any further.
const MOST_HOPS: usize = 32;

/// The client's address, as far as it can be believed; in the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl ClientAddress {
    /// What rates are counted by.
    pub(crate) const fn counted(self) -> IpAddr {
        subscriber(self.0)
    }
}

/// Knows the proxies.
#[derive(Clone, Debug)]
pub(super) struct Addresses(Arc<[Network]>);

impl Addresses {
    pub(super) fn new(trusted: &[Network]) -> Self {
        Self(trusted.into())
    }

    /// The connection's address; if that is a trusted proxy's, the last one in `x-forwarded-for` that is not.
    pub(super) fn client(&self, remote: IpAddr, headers: &HeaderMap) -> ClientAddress {
        let mut client = remote.to_canonical();
        let said = headers.get_all("x-forwarded-for").iter().rev();
        let hops = said
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.rsplit(','));
        for hop in hops.take(MOST_HOPS) {
            let Some(address) = hop.trim().parse::<IpAddr>().ok().filter(|_| self.trusts(client)) else {
                break;
            };
            client = address.to_canonical();
        }
        ClientAddress(client)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted = ["10.0.0.0/8", "192.168.0.1"].map(|text| text.parse().expect("network"));
        let addresses = Addresses::new(&trusted);
        for (remote, said, expected) in [
            ("8.8.8.8", &[][..], "8.8.8.8"),
            ("8.8.8.8", &["1.1.1.1"], "8.8.8.8"),
            ("10.0.0.1", &["1.1.1.1"], "1.1.1.1"),
            ("::ffff:10.0.0.1", &["1.1.1.1"], "1.1.1.1"),
            ("10.0.0.1", &["6.6.6.6, 1.1.1.1"], "1.1.1.1"),
            ("10.0.0.1", &["6.6.6.6, 1.1.1.1, 192.168.0.1"], "1.1.1.1"),
            ("10.0.0.1", &["6.6.6.6", "1.1.1.1"], "1.1.1.1"),
            ("10.0.0.1", &["6.6.6.6, unknown"], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["2001:db8::1"], "2001:db8::1"),
        ] {
            let mut headers = HeaderMap::new();
            for value in said {
                headers.append("x-forwarded-for", HeaderValue::from_str(value).expect("ascii"));
            }
            let client = addresses.client(remote.parse().expect("address"), &headers);
            assert_eq!(client.0.to_string(), expected, "{remote} {said:?}");
        }
    }
}
