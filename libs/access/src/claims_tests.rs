use super::*;
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const ID: &str = "0190a5c8-1111-7abc-8def-0123456789ab";
const OTHER: &str = "0190a5c8-2222-7abc-8def-0123456789ab";

fn user() -> Claims {
    let (organisation, user, token) = (
        ID.parse().expect("id"),
        OTHER.parse().expect("id"),
        ID.parse().expect("id"),
    );
    Claims::user(
        organisation,
        user,
        "Ada",
        token,
        NOW + Duration::from_millis(7),
        MAX_LIFETIME,
    )
}

fn guest() -> Claims {
    let (organisation, token) = (ID.parse().expect("id"), ID.parse().expect("id"));
    let (conversation, participant) = (OTHER.parse().expect("id"), ID.parse().expect("id"));
    Claims::guest(organisation, conversation, participant, token, NOW, MAX_LIFETIME)
}

fn client() -> Claims {
    let (organisation, client, token) = (
        ID.parse().expect("id"),
        OTHER.parse().expect("id"),
        ID.parse().expect("id"),
    );
    Claims::client(organisation, client, "Shop", token, NOW, Duration::from_secs(3_600))
}

#[test]
fn a_client_s_token_may_live_longer_than_a_user_s_and_is_auth_s_alone() {
    let claims = client();
    assert_eq!(claims.expires_at.since(claims.issued_at), MAX_CLIENT_LIFETIME);
    assert_eq!(claims.check(Issuer::Auth, NOW), Ok(()));
    assert!(claims.check(Issuer::Session, NOW).is_err());
    let as_user = with(&claims, "kind", json!("user"));
    let as_user = read(as_user).expect("the same members");
    let refused = as_user.check(Issuer::Auth, NOW).map_err(|fault| fault.reason);
    assert_eq!(refused, Err(Reason::TokenInvalid), "too long for a user");
    assert!(read(without(&claims, "name")).is_err());
}

fn read(value: Value) -> Result<Claims, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn with(claims: &Claims, member: &str, value: Value) -> Value {
    let mut json = serde_json::to_value(claims).expect("JSON");
    json[member] = value;
    json
}

fn without(claims: &Claims, member: &str) -> Value {
    let mut json = serde_json::to_value(claims).expect("JSON");
    json.as_object_mut().and_then(|members| members.remove(member));
    json
}

#[test]
fn claims_come_back_as_they_went() {
    for claims in [user(), guest(), client()] {
        let json = serde_json::to_value(&claims).expect("JSON");
        assert_eq!(read(json), Ok(claims.clone()));
        assert_eq!(claims.check(claims.issuer, NOW), Ok(()));
        assert_eq!(claims.expires_at.since(claims.issued_at), longest(&claims.principal));
    }
}

#[test]
fn a_long_name_is_cut_between_characters() {
    let organisation = ID.parse().expect("id");
    let (person, token) = (ID.parse().expect("id"), ID.parse().expect("id"));
    let claims = Claims::user(organisation, person, &"ü€".repeat(300), token, NOW, MAX_LIFETIME);
    let json = serde_json::to_value(&claims).expect("JSON");
    assert_eq!(read(json), Ok(claims));
}

#[test]
fn what_is_not_exactly_claims_is_refused() {
    let (user, guest) = (user(), guest());
    for member in ["iss", "aud", "exp", "nbf", "iat", "jti", "kind", "org", "sub", "name"] {
        assert!(read(without(&user, member)).is_err(), "without {member}");
        assert!(read(with(&user, member, Value::Null)).is_err(), "null {member}");
    }
    for member in ["conversation", "participant"] {
        assert!(read(without(&guest, member)).is_err(), "without {member}");
        assert!(read(with(&user, member, json!(ID))).is_err(), "user with {member}");
    }
    for (member, value) in [
        ("iss", json!("AUTH")),
        ("iss", json!("content")),
        ("aud", json!("others")),
        ("aud", json!(["onqueue"])),
        ("exp", json!("1790000600")),
        ("exp", json!(1_790_000_600.5)),
        ("exp", json!(-1)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(u64::MAX)),
        ("nbf", json!(-1)),
        ("iat", json!(i64::MIN)),
        ("kind", json!("admin")),
        ("kind", json!("guest")),
        ("sub", json!("")),
        ("sub", json!(ID.replace('-', ""))),
        ("sub", json!(format!("{{{ID}}}"))),
        ("org", json!("*")),
        ("jti", json!(7)),
        ("name", json!("x".repeat(MAX_NAME + 1))),
        ("permissions", json!(["*:*:*"])),
    ] {
        assert!(read(with(&user, member, value.clone())).is_err(), "{member} {value}");
    }
    for (member, value) in [("kind", json!("user")), ("sub", json!(ID)), ("name", json!("x"))] {
        assert!(read(with(&guest, member, value.clone())).is_err(), "{member} {value}");
    }
}

#[test]
fn a_doubled_member_is_refused() {
    let text = serde_json::to_string(&user()).expect("JSON");
    for member in ["\"org\":", "\"sub\":", "\"exp\":"] {
        let start = text.find(member).expect("there");
        let end = text[start..].find(',').map_or(text.len() - 1, |length| start + length);
        let doubled = format!("{{{},{}", &text[start..end], &text[1..]);
        assert!(serde_json::from_str::<Claims>(&doubled).is_err(), "{doubled}");
    }
}

#[test]
fn claims_hold_for_their_issuer_and_time_only() {
    let (good, minute) = (user(), Duration::from_secs(60));
    let check = |change: &dyn Fn(&mut Claims), issuer: Issuer| {
        let mut claims = good.clone();
        change(&mut claims);
        claims.check(issuer, NOW).map_err(|fault| fault.reason)
    };
    let invalid = Err(Reason::TokenInvalid);
    assert_eq!(check(&|_| (), Issuer::Auth), Ok(()));
    assert_eq!(check(&|_| (), Issuer::Session), invalid);
    assert_eq!(
        check(&|claims| claims.issuer = Issuer::Session, Issuer::Session),
        invalid
    );
    assert_eq!(check(&|claims| claims.issuer = Issuer::Session, Issuer::Auth), invalid);
    assert_eq!(
        check(&|claims| claims.principal = guest().principal, Issuer::Auth),
        invalid
    );
    assert_eq!(
        check(&|claims| claims.expires_at = claims.expires_at + minute, Issuer::Auth),
        invalid
    );
    assert_eq!(
        check(&|claims| claims.not_before = claims.expires_at, Issuer::Auth),
        invalid
    );
    assert_eq!(
        check(&|claims| claims.not_before = claims.issued_at - minute, Issuer::Auth),
        invalid
    );
    let shifted = |claims: &mut Claims, by: i64| {
        for at in [&mut claims.issued_at, &mut claims.not_before, &mut claims.expires_at] {
            *at = Timestamp(at.millis() + by);
        }
    };
    assert_eq!(check(&|claims| shifted(claims, 5_000), Issuer::Auth), Ok(()));
    assert_eq!(check(&|claims| shifted(claims, 5_001), Issuer::Auth), invalid);
    assert_eq!(check(&|claims| shifted(claims, -599_999), Issuer::Auth), Ok(()));
    assert_eq!(
        check(&|claims| shifted(claims, -600_000), Issuer::Auth),
        Err(Reason::TokenExpired)
    );
}
