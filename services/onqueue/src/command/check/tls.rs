//! TLS as clients of the public door speak it: over HTTP/2, and only with whom the machine trusts, or a file that the operator
//! names. What is wrong with it is kept for whoever waits for an answer, and would otherwise only hear that there was none.

use hyper_util::rt::TokioIo;
use onqueue_model::Fault;
use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        AlertDescription, CertificateError, ClientConfig, Error, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};
use tonic::transport::{Channel, Endpoint, Uri};

/// What gRPC is spoken over.
const PROTOCOL: &[u8] = b"h2";

/// Where TLS is spoken unless a port is named.
const PORT: u16 = 443;

/// What is wrong with a door's TLS. The words are for programs and stay; docs/guides/containers.md has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The certificate is of no authority that is trusted here, or is no certificate of a server.
    Untrusted,
    /// It is for other names.
    WrongName,
    /// It has ended, or not begun.
    OutOfDate,
    /// Something else than TLS is spoken there.
    NotTls,
    /// TLS is spoken, but not HTTP/2.
    NotHttp2,
    /// The door does not accept our TLS.
    Refused,
}

impl Problem {
    const fn word(self) -> &'static str {
        match self {
            Self::Untrusted => "CERTIFICATE_UNTRUSTED",
            Self::WrongName => "CERTIFICATE_WRONG_NAME",
            Self::OutOfDate => "CERTIFICATE_EXPIRED",
            Self::NotTls => "NOT_TLS",
            Self::NotHttp2 => "NOT_HTTP2",
            Self::Refused => "TLS_REFUSED",
        }
    }

    const fn remedy(self) -> &'static str {
        match self {
            Self::Untrusted => {
                "name its authority's certificate with --ca FILE, or have the door show a whole chain that is trusted here"
            }
            Self::WrongName => "give the name for which its certificate was made in --address",
            Self::OutOfDate => "renew it, or see whether this machine's clock is right",
            Self::NotTls => "take http://, or the port at which TLS is spoken",
            Self::NotHttp2 => "have what terminates TLS speak HTTP/2, which gRPC needs",
            Self::Refused => "see what the log of the door says",
        }
    }

    fn of(error: &Error) -> Self {
        match error {
            Error::InvalidCertificate(why) => Self::of_certificate(why),
            Error::InvalidMessage(_) => Self::NotTls,
            Error::NoApplicationProtocol | Error::AlertReceived(AlertDescription::NoApplicationProtocol) => {
                Self::NotHttp2
            }
            Error::AlertReceived(AlertDescription::UnrecognisedName) => Self::WrongName,
            _ => Self::Refused,
        }
    }

    const fn of_certificate(why: &CertificateError) -> Self {
        match why {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::WrongName,
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Self::OutOfDate,
            _ => Self::Untrusted,
        }
    }
}

/// Why no connection was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What, and what to do.
    pub text: String,
    /// Whether it will be the same the next time.
    pub is_final: bool,
}

impl Trouble {
    fn new(problem: Problem, details: &dyn std::fmt::Display, is_final: bool) -> Self {
        Self {
            text: format!("{}: {details}; {}", problem.word(), problem.remedy()),
            is_final,
        }
    }

    /// Of a handshake. A connection that is only closed may be one to a door that is not there yet.
    fn of(error: &io::Error) -> Self {
        let ours = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        match ours {
            Some(error) => Self::new(Problem::of(error), error, true),
            None => Self::new(Problem::NotTls, error, false),
        }
    }
}

/// Connections with TLS. Clones share what went wrong last.
#[derive(Clone)]
pub struct Secured {
    connector: TlsConnector,
    trouble: Arc<Mutex<Option<Trouble>>>,
}

impl Secured {
    /// Trusts the authorities of that file (PEM), or those of the machine.
    pub fn new(authorities: Option<&Path>) -> Result<Self, Fault> {
        let roots = match authorities {
            Some(file) => named(file)?,
            None => native()?,
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(Fault::internal)?;
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            trouble: Arc::default(),
        })
    }

    /// Connects when there is something to send.
    pub fn channel(&self, endpoint: &Endpoint) -> Channel {
        let own = self.clone();
        endpoint.connect_with_connector_lazy(tower::service_fn(move |address: Uri| {
            let own = own.clone();
            async move { own.connect(&address).await.map(TokioIo::new) }
        }))
    }

    /// What went wrong when connecting last, if it was TLS.
    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn connect(&self, address: &Uri) -> io::Result<TlsStream<TcpStream>> {
        let host = host(address);
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let tcp = TcpStream::connect((host, address.port_u16().unwrap_or(PORT))).await?;
        let shaken = self.connector.connect(name, tcp).await;
        let trouble = match &shaken {
            Ok(stream) if stream.get_ref().1.alpn_protocol() == Some(PROTOCOL) => None,
            Ok(_) => Some(Trouble::new(
                Problem::NotHttp2,
                &"TLS without HTTP/2 is spoken there",
                true,
            )),
            Err(error) => Some(Trouble::of(error)),
        };
        self.note(trouble.clone());
        match trouble {
            Some(trouble) => Err(io::Error::other(trouble.text)),
            None => shaken,
        }
    }

    fn note(&self, trouble: Option<Trouble>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

/// The host without the brackets of an IPv6 address.
pub fn host(address: &Uri) -> &str {
    address.host().unwrap_or_default().trim_matches(['[', ']'])
}

fn native() -> Result<RootCertStore, Fault> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    match added {
        0 => Err(Fault::unavailable(
            "this machine trusts no authority: install ca-certificates, or name one with --ca FILE",
        )),
        _ => Ok(roots),
    }
}

fn named(file: &Path) -> Result<RootCertStore, Fault> {
    let wrong = |problem: &dyn std::fmt::Display| Fault::unavailable(format!("--ca {}: {problem}", file.display()));
    let text = std::fs::read(file).map_err(|error| wrong(&error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| wrong(&error))?;
        roots.add(certificate).map_err(|error| wrong(&error))?;
    }
    match roots.is_empty() {
        true => Err(wrong(&"there is no certificate in it; it has to be PEM")),
        false => Ok(roots),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_rustls::rustls::InvalidMessage;

    #[test]
    fn what_is_wrong_has_a_word_that_stays() {
        for (error, expected) in [
            (
                Error::InvalidCertificate(CertificateError::UnknownIssuer),
                "CERTIFICATE_UNTRUSTED",
            ),
            (
                Error::InvalidCertificate(CertificateError::NotValidForName),
                "CERTIFICATE_WRONG_NAME",
            ),
            (
                Error::InvalidCertificate(CertificateError::Expired),
                "CERTIFICATE_EXPIRED",
            ),
            (
                Error::InvalidCertificate(CertificateError::NotValidYet),
                "CERTIFICATE_EXPIRED",
            ),
            (Error::InvalidMessage(InvalidMessage::InvalidContentType), "NOT_TLS"),
            (
                Error::AlertReceived(AlertDescription::NoApplicationProtocol),
                "NOT_HTTP2",
            ),
            (Error::AlertReceived(AlertDescription::HandshakeFailure), "TLS_REFUSED"),
        ] {
            let trouble = Trouble::of(&io::Error::other(error.clone()));
            assert!(
                trouble.is_final && trouble.text.starts_with(expected),
                "{error:?}: {trouble:?}"
            );
        }
        let closed = Trouble::of(&io::ErrorKind::UnexpectedEof.into());
        assert!(!closed.is_final && closed.text.starts_with("NOT_TLS"), "{closed:?}");
    }

    #[test]
    fn hosts_come_without_brackets() {
        for (address, expected) in [
            ("https://chat.example", "chat.example"),
            ("https://chat.example:8443", "chat.example"),
            ("https://[::1]:8443", "::1"),
        ] {
            assert_eq!(host(&address.parse().expect("an address")), expected);
        }
    }
}
