//! An authority for development and for small installations without one of their own: `<folder>/ca/{ca.crt,ca.key}`, and
//! a certificate of it for each service.

use crate::{
    SERVICES,
    files::{AUTHORITY, CERTIFICATE, Files, KEY, fault},
    name::dns_name,
    set::Set,
};
use onqueue_model::Fault;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};
use time::{Duration, OffsetDateTime};
use tokio_rustls::rustls::pki_types::UnixTime;

/// The authority's own key.
const AUTHORITY_KEY: &str = "ca.key";

/// Days that the authority itself is good for.
const AUTHORITY_DAYS: u32 = 3_650;

/// Certificates begin a little in the past, for machines whose clocks are behind.
const EARLIER: Duration = Duration::hours(1);

/// Makes an authority in `folder/ca`, unless there is one, and with it a new certificate and key for each service, good for
/// that many days (1 to 3,650): `folder/<service>/{tls.crt,tls.key,ca.crt}`. Files are for their owner only; each is
/// replaced whole, so that running processes can follow. FIELD_INVALID about `days` or `tls.folder`, with the file and the
/// problem; an authority that is incomplete or not one of ours is left as it is. Answers who signed.
pub fn make(folder: &Path, days: u32) -> Result<Made, Fault> {
    if !(1..=AUTHORITY_DAYS).contains(&days) {
        return Err(Fault::field("days", format!("must be between 1 and {AUTHORITY_DAYS}")));
    }
    let (authority, is_new) = Authority::keep_or_make(&folder.join("ca"))?;
    let replaced = authority.strangers(folder)?;
    for service in SERVICES {
        let leaf = authority.leaf(service, lasting(days))?;
        let files = authority.files(&folder.join(service), &leaf)?;
        Set::new(&files, service).map_err(|fault| {
            let problem = format!(
                "ca/ca.crt and ca/ca.key do not make certificates that hold: {}",
                fault.message
            );
            Fault::field("tls.folder", problem)
        })?;
        write(&files)?;
    }
    Ok(Made { is_new, replaced })
}

/// Who signed the certificates that were made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Whether the authority was made too, because there was none.
    pub is_new: bool,
    /// The services whose certificates were of another authority until now.
    pub replaced: Vec<&'static str>,
}

/// From when to when a certificate is valid.
pub(crate) type Validity = (OffsetDateTime, OffsetDateTime);

/// A certificate with its key, in PEM.
pub(crate) struct Leaf {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// Who signs.
pub(crate) struct Authority {
    pub(crate) certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// The one in that folder, and whether it was made now.
    fn keep_or_make(folder: &Path) -> Result<(Self, bool), Fault> {
        let (certificate, key) = (folder.join(AUTHORITY), folder.join(AUTHORITY_KEY));
        match (read(&certificate)?, read(&key)?) {
            (Some(kept), Some(pem)) => {
                let kept = Self::kept(kept, &pem).map_err(|error| fault(&key, error))?;
                Ok((kept, false))
            }
            (None, None) => {
                let (made, pem) = Self::new(lasting(AUTHORITY_DAYS))?;
                create(folder)?;
                // The key first: one without its certificate says that something went wrong.
                replace(&key, pem.as_bytes())?;
                replace(&certificate, made.certificate.as_bytes())?;
                Ok((made, true))
            }
            (None, Some(_)) => Err(alone(&certificate, AUTHORITY_KEY)),
            (Some(_), None) => Err(alone(&key, AUTHORITY)),
        }
    }

    /// The services whose folders trust another one.
    fn strangers(&self, folder: &Path) -> Result<Vec<&'static str>, Fault> {
        let mut strangers = Vec::new();
        for service in SERVICES {
            let trusted = read(&folder.join(service).join(AUTHORITY))?;
            if trusted.is_some_and(|trusted| trusted != self.certificate) {
                strangers.push(service);
            }
        }
        Ok(strangers)
    }

    /// A new one, and its key in PEM.
    pub(crate) fn new(validity: Validity) -> Result<(Self, String), Fault> {
        let key = KeyPair::generate().map_err(Fault::internal)?;
        let mut params = params();
        (params.not_before, params.not_after) = validity;
        let certificate = params.self_signed(&key).map_err(Fault::internal)?.pem();
        let pem = key.serialize_pem();
        let issuer = Issuer::new(params, key);
        Ok((Self { certificate, issuer }, pem))
    }

    fn kept(certificate: String, key: &str) -> Result<Self, rcgen::Error> {
        let issuer = Issuer::new(params(), KeyPair::from_pem(key)?);
        Ok(Self { certificate, issuer })
    }

    /// A new certificate of that service; its serial number is made of its new key, so no two share one.
    pub(crate) fn leaf(&self, service: &str, validity: Validity) -> Result<Leaf, Fault> {
        let key = KeyPair::generate().map_err(Fault::internal)?;
        let mut params = CertificateParams::new(vec![dns_name(service)]).map_err(Fault::internal)?;
        params.distinguished_name = named(service);
        (params.not_before, params.not_after) = validity;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let signed = params.signed_by(&key, &self.issuer).map_err(Fault::internal)?;
        Ok(Leaf {
            certificate: signed.pem(),
            key: key.serialize_pem(),
        })
    }

    pub(crate) fn files(&self, folder: &Path, leaf: &Leaf) -> Result<Files, Fault> {
        create(folder)?;
        Ok(Files {
            folder: folder.to_owned(),
            certificate: leaf.certificate.clone().into_bytes(),
            key: leaf.key.clone().into_bytes(),
            authority: self.certificate.clone().into_bytes(),
        })
    }
}

fn params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Onqueue development authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// By the machine's time, which is what certificates are judged by.
fn lasting(days: u32) -> Validity {
    let since = i64::try_from(UnixTime::now().as_secs()).unwrap_or(i64::MAX);
    let now = OffsetDateTime::UNIX_EPOCH + Duration::seconds(since);
    (now - EARLIER, now + Duration::days(i64::from(days)))
}

/// `None` if there is no such file.
fn read(path: &Path) -> Result<Option<String>, Fault> {
    match fs::read_to_string(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(fault(path, error)),
    }
}

fn alone(missing: &Path, there: &str) -> Fault {
    let problem = format!("is missing, though {there} is there: put it back, or remove both to begin anew");
    fault(missing, problem)
}

pub(crate) fn write(files: &Files) -> Result<(), Fault> {
    for (name, content) in [
        (AUTHORITY, &files.authority),
        (KEY, &files.key),
        (CERTIFICATE, &files.certificate),
    ] {
        replace(&files.folder.join(name), content)?;
    }
    Ok(())
}

fn create(folder: &Path) -> Result<(), Fault> {
    let created = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    created
        .and_then(|()| fs::set_permissions(folder, Permissions::from_mode(0o700)))
        .map_err(|error| fault(folder, error))
}

/// Whole or not at all.
fn replace(path: &Path, content: &[u8]) -> Result<(), Fault> {
    let unfinished = path.with_extension("unfinished");
    let written = || -> io::Result<()> {
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Never an existing file, whose mode would stay.
        let mut out = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&unfinished)?;
        out.write_all(content)?;
        out.sync_all()?;
        fs::rename(&unfinished, path)
    };
    written().map_err(|error| fault(path, error))
}

#[cfg(test)]
mod tests;
