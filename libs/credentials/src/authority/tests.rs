use super::*;
use crate::{Identity, peer};
use std::path::PathBuf;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject as _};

fn made() -> (tempfile::TempDir, PathBuf) {
    let holder = tempfile::tempdir().expect("a folder");
    let folder = holder.path().join("tls");
    make(&folder, 1).expect("made");
    (holder, folder)
}

fn refusal(made: Result<Made, Fault>) -> String {
    made.expect_err("refused").message
}

#[test]
fn every_service_gets_what_it_needs_and_nobody_else_may_read_it() {
    let (_holder, folder) = made();
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    for service in SERVICES {
        let identity = Identity::load(&folder, service).expect("usable");
        assert_eq!(identity.service(), service);
        let own = folder.join(service);
        let certificate = CertificateDer::from_pem_file(own.join(CERTIFICATE)).expect("a certificate");
        assert_eq!(peer(&certificate), Some(service));
        assert_eq!(mode(&own), 0o700);
        for file in [CERTIFICATE, KEY, AUTHORITY] {
            assert_eq!(mode(&own.join(file)), 0o600, "{service}/{file}");
        }
    }
    assert_eq!(mode(&folder.join("ca")), 0o700);
    assert_eq!(mode(&folder.join("ca").join(AUTHORITY_KEY)), 0o600);
    let shown = format!("{:?}", Identity::load(&folder, "auth").expect("usable"));
    assert!(shown.contains("auth") && !shown.contains("PRIVATE"), "{shown}");
}

#[test]
fn an_authority_is_kept_and_what_it_signs_is_new() {
    let (_holder, folder) = made();
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("there");
    let before = ["ca/ca.crt", "ca/ca.key", "auth/ca.crt", "auth/tls.crt", "auth/tls.key"].map(read);
    make(&folder, 2).expect("renewed");
    let after = ["ca/ca.crt", "ca/ca.key", "auth/ca.crt", "auth/tls.crt", "auth/tls.key"].map(read);
    assert_eq!(before[..3], after[..3]);
    assert!(before[3] != after[3] && before[4] != after[4]);
    Identity::load(&folder, "auth").expect("usable");
}

#[test]
fn it_is_told_who_signed_and_whose_certificates_were_of_another() {
    let holder = tempfile::tempdir().expect("a folder");
    let folder = holder.path();
    let told = |is_new, replaced: &[&'static str]| Made {
        is_new,
        replaced: replaced.to_vec(),
    };
    assert_eq!(make(folder, 1), Ok(told(true, &[])));
    assert_eq!(make(folder, 1), Ok(told(false, &[])));
    let (_other, other) = made();
    fs::copy(
        other.join("session").join(AUTHORITY),
        folder.join("session").join(AUTHORITY),
    )
    .expect("copied");
    assert_eq!(make(folder, 1), Ok(told(false, &["session"])));
    fs::remove_dir_all(folder.join("ca")).expect("removed");
    fs::remove_dir_all(folder.join("content")).expect("removed");
    let rest = ["gateway", "auth", "routing", "session"];
    assert_eq!(make(folder, 1), Ok(told(true, &rest)));
}

#[test]
fn services_trust_those_of_their_own_authority() {
    let ((_one, one), (_other, other)) = (made(), made());
    let load = |folder: &Path, service| Identity::load(folder, service).expect("usable");
    let (auth, session, stranger) = (load(&one, "auth"), load(&one, "session"), load(&other, "session"));
    for (from, to, expected) in [
        (&auth, &session, true),
        (&auth, &auth, true),
        (&auth, &stranger, false),
        (&stranger, &auth, false),
    ] {
        assert_eq!(from.trusts(to), expected, "{from:?} {to:?}");
    }
}

#[test]
fn an_authority_that_is_incomplete_or_not_ours_is_left_alone() {
    for (change, expected) in [
        (
            (|ca| fs::remove_file(ca.join(AUTHORITY)).expect("removed")) as fn(&Path),
            "ca/ca.crt: is missing, though ca.key is there",
        ),
        (
            |ca| fs::remove_file(ca.join(AUTHORITY_KEY)).expect("removed"),
            "ca/ca.key: is missing, though ca.crt is there",
        ),
        (
            |ca| fs::write(ca.join(AUTHORITY_KEY), "no key").expect("written"),
            "ca/ca.key: ",
        ),
        (
            |ca| {
                let (other, _) = Authority::new(lasting(1)).expect("made");
                fs::write(ca.join(AUTHORITY), other.certificate).expect("written");
            },
            "ca/ca.crt and ca/ca.key do not make certificates that hold",
        ),
        (
            |ca| {
                let (_, other) = Authority::new(lasting(1)).expect("made");
                fs::write(ca.join(AUTHORITY_KEY), other).expect("written");
            },
            "ca/ca.crt and ca/ca.key do not make certificates that hold",
        ),
    ] {
        let (_holder, folder) = made();
        change(&folder.join("ca"));
        let problem = refusal(make(&folder, 1));
        assert!(problem.contains(expected), "{problem}");
        Identity::load(&folder, "gateway").expect("what was there still is");
    }
}

#[test]
fn certificates_last_a_day_to_ten_years() {
    let folder = tempfile::tempdir().expect("a folder");
    for days in [0, AUTHORITY_DAYS + 1] {
        let problem = refusal(make(folder.path(), days));
        assert_eq!(problem, "must be between 1 and 3650");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}
