//! A certificate, its key and the authority, checked against one another and made into what a handshake needs.

use crate::{
    files::{AUTHORITY, CERTIFICATE, Files, KEY},
    server_name,
};
use onqueue_model::Fault;
use std::{sync::Arc, time::Duration};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, Error, RootCertStore, ServerConfig,
    client::{Resumption, WebPkiServerVerifier, danger::ServerCertVerifier as _},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject as _},
    server::{NoServerSessionStorage, WebPkiClientVerifier},
    sign::{CertifiedKey, SingleCertAndKey},
    version::TLS13,
};

/// How long before its end a certificate is overdue for renewal.
const OVERDUE: Duration = Duration::from_secs(24 * 60 * 60);

/// No certificate is looked at further ahead.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);

/// What every connection speaks.
const PROTOCOL: &[u8] = b"h2";

/// What belongs together, as both ends of a handshake use it.
pub(crate) struct Set {
    pub(crate) server: Arc<ServerConfig>,
    pub(crate) client: Arc<ClientConfig>,
    pub(crate) own: Arc<CertifiedKey>,
    verifier: Arc<WebPkiServerVerifier>,
    pub(crate) name: ServerName<'static>,
}

impl Set {
    /// Refuses what no other service would accept: the fault says which file is wrong, and how.
    pub(crate) fn new(files: &Files, service: &str) -> Result<Self, Fault> {
        let (provider, roots) = (Arc::new(ring::default_provider()), Arc::new(roots(files)?));
        let own = Arc::new(own(files, &provider)?);
        let verifier = verify(files, service, &own, &roots, &provider)?;
        let shown = Arc::new(SingleCertAndKey::from(Arc::clone(&own)));
        let failed = |error: Error| files.fault(CERTIFICATE, error);
        let peers = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider))
            .build()
            .map_err(|error| files.fault(AUTHORITY, error))?;
        let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13])
            .map_err(failed)?
            .with_client_cert_verifier(peers)
            .with_cert_resolver(shown.clone());
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(failed)?
            .with_root_certificates(roots)
            .with_client_cert_resolver(shown);
        for protocols in [&mut server.alpn_protocols, &mut client.alpn_protocols] {
            *protocols = vec![PROTOCOL.to_vec()];
        }
        // A resumed session would not look at the certificate again, ended or withdrawn as it may be by then.
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
        client.resumption = Resumption::disabled();
        Ok(Self {
            server: Arc::new(server),
            client: Arc::new(client),
            own,
            verifier,
            name: server_name(service),
        })
    }

    /// What somebody has to look after at that time.
    pub(crate) fn worry(&self, now: UnixTime) -> Option<&'static str> {
        if !self.holds(now) {
            return Some("it has ended: no other service lets this one in until it is renewed");
        }
        let soon = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()) + OVERDUE);
        (!self.holds(soon)).then_some("it ends within a day and has not been renewed")
    }

    /// The last second, from `now` on, at which others accept the certificate. `None` if that is over. Found by asking
    /// as they do, again and again: their judgement is what counts.
    pub(crate) fn ends(&self, now: UnixTime) -> Option<UnixTime> {
        let holds = |seconds: u64| self.holds(UnixTime::since_unix_epoch(Duration::from_secs(seconds)));
        let (mut holding, mut ended) = (now.as_secs(), now.as_secs() + LONGEST.as_secs());
        if !holds(holding) {
            return None;
        }
        while ended - holding > 1 {
            let middle = holding.midpoint(ended);
            match holds(middle) {
                true => holding = middle,
                false => ended = middle,
            }
        }
        Some(UnixTime::since_unix_epoch(Duration::from_secs(holding)))
    }

    /// Whether others accept the certificate at that time.
    pub(crate) fn holds(&self, at: UnixTime) -> bool {
        self.accepts(&self.own, &self.name, at)
    }

    /// Whether a certificate of that name is accepted here at that time.
    pub(crate) fn accepts(&self, shown: &CertifiedKey, name: &ServerName<'_>, at: UnixTime) -> bool {
        shown.cert.split_first().is_some_and(|(certificate, others)| {
            let verified = self.verifier.verify_server_cert(certificate, others, name, &[], at);
            verified.is_ok()
        })
    }
}

fn roots(files: &Files) -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(files, AUTHORITY, &files.authority)? {
        roots.add(certificate).map_err(|error| files.fault(AUTHORITY, error))?;
    }
    Ok(roots)
}

fn own(files: &Files, provider: &CryptoProvider) -> Result<CertifiedKey, Fault> {
    let chain = certificates(files, CERTIFICATE, &files.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&files.key).map_err(|error| files.fault(KEY, error))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        Error::InconsistentKeys(_) => files.fault(KEY, "is not the key of the certificate in tls.crt"),
        error => files.fault(KEY, error),
    })
}

fn certificates(files: &Files, name: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let parsed = parsed.map_err(|error| files.fault(name, error))?;
    if parsed.is_empty() {
        return Err(files.fault(name, "has no certificate in PEM"));
    }
    Ok(parsed)
}

/// Looks at our own certificate as those will whom we call and who call us. Answers how the latter do.
fn verify(
    files: &Files,
    service: &str,
    own: &CertifiedKey,
    roots: &Arc<RootCertStore>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, Fault> {
    let refused = |error| files.fault(CERTIFICATE, problem(&error, service));
    let (certificate, others) = own
        .cert
        .split_first()
        .ok_or_else(|| files.fault(CERTIFICATE, "is empty"))?;
    // Certificates are judged by the machine's time, as in each handshake.
    let now = UnixTime::now();
    let as_server = WebPkiServerVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(provider)).build();
    let as_client = WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(provider)).build();
    let (as_server, as_client) = (
        as_server.map_err(|error| files.fault(AUTHORITY, error))?,
        as_client.map_err(|error| files.fault(AUTHORITY, error))?,
    );
    as_server
        .verify_server_cert(certificate, others, &server_name(service), &[], now)
        .map_err(refused)?;
    as_client
        .verify_client_cert(certificate, others, now)
        .map_err(refused)?;
    if crate::peer(certificate) != Some(service) {
        return Err(files.fault(CERTIFICATE, "carries the names of several services"));
    }
    Ok(as_server)
}

/// The refusal in words of ours where there are better ones.
fn problem(error: &Error, service: &str) -> String {
    let Error::InvalidCertificate(error) = error else {
        return error.to_string();
    };
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "is not valid yet".to_owned(),
        // The latter when both authorities have one name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "was not signed by the authority in ca.crt".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("does not carry the name {}", crate::name::dns_name(service))
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "must be usable both as a server's and as a client's".to_owned()
        }
        error => error.to_string(),
    }
}
