//! Tickets for the bytes of files: believed if session signed them, and nothing else is one.

use onqueue_model::{Id, Reason, Timestamp};
use onqueue_trust::{Bundle, Claims, Errand, Issuer, Signer, Ticket, Trust};
use std::time::Duration;

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const MINUTE: Duration = Duration::from_secs(60);

fn id<T>(number: u128) -> Id<T> {
    let text = format!("0190a5c8-0000-7000-8000-{number:012x}");
    text.parse().expect("a UUID")
}

fn session() -> Signer {
    Signer::new("session-1", Issuer::Session, [2; 32])
}

fn auth() -> Signer {
    Signer::new("auth-1", Issuer::Auth, [1; 32])
}

fn trust() -> Trust {
    let trust = Trust::new();
    let ended = Signer::new("session-0", Issuer::Session, [3; 32]);
    let keys = [(auth(), NOW + MINUTE), (session(), NOW + MINUTE), (ended, NOW)];
    let bundle = Bundle {
        revision: 1,
        keys: keys.into_iter().map(|(signer, end)| signer.trust_key(end)).collect(),
        ..Bundle::default()
    };
    trust.install(bundle, NOW);
    trust
}

fn ticket() -> Ticket {
    Ticket {
        errand: Errand::Upload,
        organisation: id(1),
        conversation: id(2),
        attachment: id(3),
        bytes: 7,
        expires_at: NOW + MINUTE / 2,
    }
}

fn read(token: &str, errand: Errand, now: Timestamp) -> Result<Ticket, Reason> {
    trust().ticket(token, errand, now).map_err(|fault| fault.reason)
}

#[test]
fn a_ticket_is_what_session_signed_and_nothing_else() {
    let token = session().sign_ticket(&ticket());
    assert_eq!(read(&token, Errand::Upload, NOW), Ok(ticket()));
    assert_eq!(read(&token, Errand::Download, NOW), Err(Reason::TokenInvalid));
    assert_eq!(
        read(&token, Errand::Upload, NOW + MINUTE / 2),
        Err(Reason::TokenExpired)
    );
    assert_eq!(
        read(&token, Errand::Upload, NOW + MINUTE),
        Err(Reason::TokenInvalid),
        "the key has ended"
    );

    let guest = Claims::guest(id(1), id(2), id(4), id(5), NOW, MINUTE);
    let (header, rest) = token.split_once('.').expect("parts");
    for wrong in [
        String::new(),
        "x.y.z".to_owned(),
        session().sign(&guest),
        auth().sign_ticket(&ticket()),
        Signer::new("session-0", Issuer::Session, [3; 32]).sign_ticket(&ticket()),
        Signer::new("session-1", Issuer::Session, [9; 32]).sign_ticket(&ticket()),
        format!("{header}.{rest}A"),
        format!("{header}.A{rest}"),
    ] {
        assert_eq!(read(&wrong, Errand::Upload, NOW), Err(Reason::TokenInvalid), "{wrong}");
    }
}

#[test]
fn a_ticket_is_no_access_token() {
    let refused = trust().verify(&session().sign_ticket(&ticket()), NOW);
    assert_eq!(refused.map_err(|fault| fault.reason), Err(Reason::TokenInvalid));
}
