//! The names that certificates prove.

use tokio_rustls::rustls::{
    client::verify_server_name,
    pki_types::{CertificateDer, DnsName, ServerName},
    server::ParsedCertificate,
};

/// Every service that calls or is called.
pub const SERVICES: [&str; 5] = ["gateway", "auth", "routing", "session", "content"];

/// The name in the certificate of a service.
pub(crate) fn dns_name(service: &str) -> String {
    format!("{service}.onqueue.internal")
}

/// What a client verifies in the certificate of the service that it calls, whatever address it dialled.
///
/// # Panics
/// When `service` can not be part of a DNS name; none of [`SERVICES`] is such.
pub fn server_name(service: &str) -> ServerName<'static> {
    let name = DnsName::try_from(dns_name(service)).expect("services have names that DNS allows");
    ServerName::DnsName(name)
}

/// The service whose name the certificate carries. `None` without one of our names, and with several (a wildcard, say):
/// who could be anybody is nobody. Who signed it, and whether it has ended, is for the handshake to check.
pub fn peer(certificate: &CertificateDer<'_>) -> Option<&'static str> {
    let certificate = ParsedCertificate::try_from(certificate).ok()?;
    let mut carried = SERVICES
        .into_iter()
        .filter(|service| verify_server_name(&certificate, &server_name(service)).is_ok());
    let name = carried.next()?;
    carried.next().is_none().then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};

    #[test]
    fn a_certificate_is_of_the_one_service_that_it_names() {
        let check = |names: &[&str], expected| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            let params = CertificateParams::new(names.clone()).expect("names");
            let key = KeyPair::generate().expect("a key");
            let certificate = params.self_signed(&key).expect("a certificate");
            assert_eq!(peer(certificate.der()), expected, "{names:?}");
        };
        for service in SERVICES {
            check(&[&dns_name(service)], Some(service));
        }
        check(
            &["session.onqueue.internal", "10.0.0.1", "other.example"],
            Some("session"),
        );
        check(&["SESSION.onqueue.internal"], Some("session"));
        check(&["session.onqueue.internal", "auth.onqueue.internal"], None);
        check(&["*.onqueue.internal"], None);
        check(&["guest.onqueue.internal"], None);
        check(&["session.onqueue.internal.example"], None);
        check(&["session"], None);
        check(&[], None);
        assert_eq!(peer(&CertificateDer::from(b"no certificate".to_vec())), None);
    }
}
