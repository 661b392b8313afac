use super::*;
use crate::{
    authority::{self, Authority, Leaf, Validity},
    server_name,
};
use std::fs;
use time::{Duration as Span, OffsetDateTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::{TlsAcceptor, TlsConnector, rustls::pki_types::UnixTime};

const PATIENCE: Duration = Duration::from_secs(10);

/// Days from now, from and until when.
fn between(from: i64, until: i64) -> Validity {
    let since = i64::try_from(UnixTime::now().as_secs()).expect("a time");
    let now = OffsetDateTime::UNIX_EPOCH + Span::seconds(since);
    (now + Span::days(from), now + Span::days(until))
}

fn signer() -> Authority {
    Authority::new(between(-1, 1)).expect("an authority").0
}

fn leaf(of: &Authority, service: &str, validity: Validity) -> Leaf {
    of.leaf(service, validity).expect("a certificate")
}

/// `session`'s folder with these in it.
fn folder(of: &Authority, leaf: &Leaf) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    put(folder.path(), of, leaf);
    folder
}

fn put(folder: &Path, of: &Authority, leaf: &Leaf) {
    let files = of.files(&folder.join("session"), leaf).expect("a folder");
    authority::write(&files).expect("written");
}

fn problem(folder: &Path) -> String {
    Identity::load(folder, "session").expect_err("refused").message
}

#[test]
fn what_no_other_service_would_accept_does_not_load() {
    let (of, other) = (signer(), signer());
    let good = leaf(&of, "session", between(-1, 1));
    let stranger = leaf(&other, "session", between(-1, 1));
    let unfit = Leaf {
        certificate: good.certificate.clone(),
        key: stranger.key.clone(),
    };
    for (given, expected) in [
        (&leaf(&of, "session", between(-2, -1)), "tls.crt: has expired"),
        (&leaf(&of, "session", between(1, 2)), "tls.crt: is not valid yet"),
        (&stranger, "tls.crt: was not signed by the authority in ca.crt"),
        (
            &leaf(&of, "routing", between(-1, 1)),
            "tls.crt: does not carry the name session.onqueue.internal",
        ),
        (&unfit, "tls.key: is not the key of the certificate in tls.crt"),
    ] {
        let problem = problem(folder(&of, given).path());
        assert!(problem.ends_with(expected), "{problem}");
    }
    let wildcard = folder(&of, &leaf(&of, "*", between(-1, 1)));
    assert!(problem(wildcard.path()).ends_with("tls.crt: carries the names of several services"));
    Identity::load(folder(&of, &good).path(), "session").expect("usable");
}

#[test]
fn what_is_no_pem_is_named() {
    let of = signer();
    let good = leaf(&of, "session", between(-1, 1));
    for file in ["tls.crt", "tls.key", "ca.crt"] {
        for content in [
            None,
            Some(""),
            Some("nothing"),
            Some("-----BEGIN CERTIFICATE-----\nAAAA\n"),
        ] {
            let folder = folder(&of, &good);
            let path = folder.path().join("session").join(file);
            match content {
                None => fs::remove_file(&path).expect("removed"),
                Some(content) => fs::write(&path, content).expect("written"),
            }
            let problem = problem(folder.path());
            assert!(problem.starts_with(&format!("{}: ", path.display())), "{problem}");
        }
    }
}

#[test]
fn who_is_about_to_end_is_worried_about() {
    let of = signer();
    for (hours, expected) in [(23, true), (25, false)] {
        let (now, _) = between(0, 0);
        let validity = (now - Span::hours(1), now + Span::hours(hours));
        let folder = folder(&of, &leaf(&of, "session", validity));
        let identity = Identity::load(folder.path(), "session").expect("usable");
        let worry = identity.worry(identity.look());
        assert_eq!(worry.is_some_and(|worry| worry.contains("within a day")), expected);
        let later = UnixTime::since_unix_epoch(Duration::from_secs(UnixTime::now().as_secs() + 2 * 24 * 3_600));
        let worry = identity.read(|set| set.worry(later)).expect("a worry");
        assert!(worry.contains("has ended"), "{worry}");
        fs::remove_file(folder.path().join("session/tls.key")).expect("removed");
        let worry = identity.worry(identity.look()).expect("a worry");
        assert!(worry.contains("tls.key"), "{worry}");
    }
}

#[test]
fn the_end_of_a_certificate_is_known_to_the_second() {
    let of = signer();
    for (days, expected) in [(-2, None), (0, Some(12)), (1, Some(30 * 24))] {
        let (now, _) = between(0, 0);
        // The authority ends after a day; what it has signed is accepted for as long as that says all the same.
        let end = if days == 0 {
            now + Span::hours(12)
        } else {
            now + Span::days(30)
        };
        let folder = folder(&of, &leaf(&of, "session", (now - Span::hours(1), end)));
        let identity = Identity::load(folder.path(), "session").expect("usable");
        let asked = UnixTime::now().as_secs() - if days < 0 { 2 * 24 * 3_600 } else { 0 };
        let at = UnixTime::since_unix_epoch(Duration::from_secs(asked));
        let left = identity.read(|set| set.ends(at)).map(|ends| ends.as_secs() - asked);
        let near = |left: u64, hours: u64| left.abs_diff(hours * 3_600) <= 2;
        assert!(
            match (left, expected) {
                (Some(left), Some(hours)) => near(left, hours),
                (None, None) => true,
                _ => false,
            },
            "{left:?} {expected:?}"
        );
        if days == 0 {
            identity.show_end();
            let shown = metrics::CERTIFICATE_EXPIRY.get(&["session"]).expect("shown");
            assert!((shown - (asked + 12 * 3_600) as f64).abs() <= 2.0, "{shown}");
        }
    }
}

/// A handshake between the two, and one byte each way.
async fn meet(client: &Identity, server: &Identity, expecting: &str) -> std::io::Result<()> {
    let (near, far) = tokio::io::duplex(16 * 1024);
    let (connector, acceptor) = (TlsConnector::from(client.client()), TlsAcceptor::from(server.server()));
    let name = server_name(expecting);
    let calls = async {
        let mut io = connector.connect(name, near).await?;
        assert_eq!(io.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        io.write_all(b"?").await?;
        // With TLS 1.3 a client learns here that it was refused.
        io.read_u8().await
    };
    let answers = async {
        let mut io = acceptor.accept(far).await?;
        let shown = io.get_ref().1.peer_certificates().and_then(<[_]>::first);
        assert_eq!(shown.and_then(crate::peer), Some(client.service()));
        let said = io.read_u8().await?;
        io.write_u8(said).await?;
        io.shutdown().await
    };
    let (called, answered) = tokio::join!(calls, answers);
    answered.and(called.map(drop))
}

#[tokio::test]
async fn services_of_one_authority_know_each_other_and_nobody_else() {
    let (ours, theirs) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    for folder in [&ours, &theirs] {
        authority::make(folder.path(), 1).expect("made");
    }
    let load = |folder: &tempfile::TempDir, service| Identity::load(folder.path(), service).expect("usable");
    let (gateway, session) = (load(&ours, "gateway"), load(&ours, "session"));
    meet(&gateway, &session, "session").await.expect("they know each other");
    meet(&session, &session, "session").await.expect("replicas too");
    meet(&gateway, &session, "routing")
        .await
        .expect_err("session is not routing");
    let stranger = load(&theirs, "session");
    meet(&stranger, &session, "session")
        .await
        .expect_err("a client of another authority");
    meet(&gateway, &stranger, "session")
        .await
        .expect_err("a server of another authority");
}

#[tokio::test]
async fn an_authority_is_replaced_by_way_of_both() {
    let (former, next) = (signer(), signer());
    let (by_former, by_next) = (
        folder(&former, &leaf(&former, "session", between(-1, 1))),
        folder(&next, &leaf(&next, "session", between(-1, 1))),
    );
    let both = format!("{}{}", former.certificate, next.certificate);
    for folder in [&by_former, &by_next] {
        fs::write(folder.path().join("session/ca.crt"), &both).expect("written");
    }
    let load = |folder: &tempfile::TempDir| Identity::load(folder.path(), "session").expect("usable");
    let (one, other) = (load(&by_former), load(&by_next));
    meet(&one, &other, "session").await.expect("the next is trusted");
    meet(&other, &one, "session").await.expect("the former still is");
}

#[test]
fn half_a_renewal_is_not_taken() {
    let of = signer();
    let folder = folder(&of, &leaf(&of, "session", between(-1, 1)));
    let identity = Identity::load(folder.path(), "session").expect("usable");
    let before = identity.server();
    let (own, next) = (folder.path().join("session"), leaf(&of, "session", between(-1, 2)));
    assert!(matches!(identity.look(), Ok(Look::Same)));
    for (file, content) in [
        ("tls.key", next.key.as_str()),
        ("tls.crt", &next.certificate[..100]),
        ("tls.crt", ""),
    ] {
        fs::write(own.join(file), content).expect("written");
        assert!(identity.look().is_err(), "{file} {content}");
        assert!(Arc::ptr_eq(&before, &identity.server()));
    }
    fs::write(own.join("tls.crt"), &next.certificate).expect("written");
    assert!(matches!(identity.look(), Ok(Look::Renewed)));
    assert!(!Arc::ptr_eq(&before, &identity.server()));
}

#[tokio::test]
async fn who_follows_takes_what_is_renewed_without_a_restart() {
    let of = signer();
    let folder = folder(&of, &leaf(&of, "session", between(-1, 1)));
    let identity = Identity::load(folder.path(), "session").expect("usable");
    let mut changed = identity.changed();
    let follow = identity.clone().follow(Duration::from_millis(5));
    let renewed = async {
        let before = identity.server();
        put(folder.path(), &of, &leaf(&of, "session", between(-1, 2)));
        changed.changed().await.expect("followed");
        assert!(!Arc::ptr_eq(&before, &identity.server()));
        meet(&identity, &identity, "session").await.expect("usable");
        // Another authority altogether, and a pause in which nothing fits.
        let other = signer();
        fs::remove_file(folder.path().join("session/ca.crt")).expect("removed");
        put(folder.path(), &other, &leaf(&other, "session", between(-1, 1)));
        changed.wait_for(|generation| *generation == 2).await.expect("followed");
        meet(&identity, &identity, "session").await.expect("usable");
    };
    tokio::select! {
        outcome = tokio::time::timeout(PATIENCE, renewed) => outcome.expect("in time"),
        () = follow => unreachable!("it never ends"),
    }
}
