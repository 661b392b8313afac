//! Tokens that must be believed, and many that must not.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use onqueue_model::{Caller, Id, Principal, Reason, Timestamp};
use onqueue_trust::{Bundle, Claims, Issuer, Revoked, Signer, Trust};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const SECOND: i64 = 1_790_000_000;
const ORGANISATION: &str = "0190a5c8-1111-7abc-8def-0123456789ab";
const USER: &str = "0190a5c8-2222-7abc-8def-0123456789ab";
const FAMILY: &str = "0190a5c8-3333-7abc-8def-0123456789ab";
const AUTH_SECRET: [u8; 32] = [1; 32];
const SESSION_SECRET: [u8; 32] = [2; 32];
const MINUTES: Duration = Duration::from_secs(60);

fn id<T>(text: &str) -> Id<T> {
    text.parse().expect("a UUID")
}

fn auth() -> Signer {
    Signer::new("auth-1", Issuer::Auth, AUTH_SECRET)
}

fn session() -> Signer {
    Signer::new("session-1", Issuer::Session, SESSION_SECRET)
}

fn bundle() -> Bundle {
    let ended = Signer::new("auth-0", Issuer::Auth, [3; 32]);
    Bundle {
        revision: 1,
        keys: vec![
            auth().trust_key(NOW + 60 * MINUTES),
            session().trust_key(NOW + 60 * MINUTES),
            ended.trust_key(NOW),
        ],
        ..Bundle::default()
    }
}

fn trust() -> Trust {
    let trust = Trust::new();
    trust.install(bundle(), NOW);
    trust
}

fn user() -> Claims {
    Claims::user(id(ORGANISATION), id(USER), "Ada", id(FAMILY), NOW, 10 * MINUTES)
}

fn guest() -> Claims {
    Claims::guest(id(ORGANISATION), id(USER), id(FAMILY), id(FAMILY), NOW, 10 * MINUTES)
}

fn header() -> Value {
    json!({"alg": "EdDSA", "typ": "JWT", "kid": "auth-1"})
}

fn claims() -> Value {
    serde_json::to_value(user()).expect("JSON")
}

fn with(mut object: Value, member: &str, value: Value) -> Value {
    object[member] = value;
    object
}

fn without(mut object: Value, member: &str) -> Value {
    object.as_object_mut().and_then(|members| members.remove(member));
    object
}

/// A token of any header and claims, well signed with auth's key: only its content can be refused.
fn forge(header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
    forge_with(AUTH_SECRET, header, claims)
}

fn forge_with(secret: [u8; 32], header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = SigningKey::from_bytes(&secret).sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

fn with_header(member: &str, value: Value) -> String {
    forge(with(header(), member, value).to_string(), claims().to_string())
}

fn with_claim(member: &str, value: Value) -> String {
    forge(header().to_string(), with(claims(), member, value).to_string())
}

/// HMAC-SHA-256 with the public key as secret: what a verifier that lets the token choose would accept.
fn confused_with_hs256() -> String {
    let header = with(header(), "alg", json!("HS256")).to_string();
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims().to_string())
    );
    let pad = |byte: u8| {
        let mut block = [byte; 64];
        block.iter_mut().zip(auth().public()).for_each(|(to, from)| *to ^= from);
        block
    };
    let inner = Sha256::new_with_prefix(pad(0x36)).chain_update(&signed).finalize();
    let tag = Sha256::new_with_prefix(pad(0x5c)).chain_update(inner).finalize();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn times(iat: i64, nbf: i64, exp: i64) -> String {
    let claims = with(with(claims(), "iat", json!(SECOND + iat)), "nbf", json!(SECOND + nbf));
    forge(
        header().to_string(),
        with(claims, "exp", json!(SECOND + exp)).to_string(),
    )
}

/// The other group element: `S + L` for `S`, which a lax verifier takes for the same signature.
fn malleable() -> String {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let token = auth().sign(&user());
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let mut signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    let mut carry = 0_u16;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        carry += u16::from(*byte) + u16::from(order);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The last character of the signature carries four unused bits; setting one spells the same bytes differently.
fn other_spelling() -> String {
    let mut token = auth().sign(&user());
    let last = token.pop().expect("not empty");
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = alphabet.find(last).expect("base64url");
    token + &alphabet[at + 1..at + 2]
}

fn doubled(object: &Value, member: &str, first: &str) -> String {
    format!("{{\"{member}\":{first},{}", &object.to_string()[1..])
}

fn forged_in_form() -> Vec<(&'static str, String)> {
    let good = auth().sign(&user());
    let parts: Vec<&str> = good.split('.').collect();
    let (head, body, signature) = (parts[0], parts[1], parts[2]);
    let flat: String = good.replace('.', "");
    let standard = base64::engine::general_purpose::STANDARD.encode(header().to_string());
    vec![
        ("nothing", String::new()),
        ("dots", "..".to_owned()),
        ("no parts", flat),
        ("no signature", format!("{head}.{body}.")),
        ("two parts", format!("{head}.{body}")),
        ("four parts", format!("{good}.{signature}")),
        ("trailing data", format!("{good}x")),
        ("trailing dot", format!("{good}.")),
        ("trailing newline", format!("{good}\n")),
        ("leading space", format!(" {good}")),
        ("padding", format!("{head}.{body}.{signature}==")),
        ("standard base64", format!("{standard}.{body}.{signature}")),
        ("truncated signature", good[..good.len() - 2].to_owned()),
        ("another signature", {
            let other = auth().sign(&Claims::user(
                id(ORGANISATION),
                id(FAMILY),
                "Eve",
                id(FAMILY),
                NOW,
                MINUTES,
            ));
            format!("{head}.{body}.{}", other.rsplit('.').next().unwrap_or_default())
        }),
        ("other claims under the signature", {
            let claims = URL_SAFE_NO_PAD.encode(with(claims(), "sub", json!(ORGANISATION)).to_string());
            format!("{head}.{claims}.{signature}")
        }),
        (
            "zero signature",
            format!("{head}.{body}.{}", URL_SAFE_NO_PAD.encode([0; 64])),
        ),
        ("malleable signature", malleable()),
        ("another spelling", other_spelling()),
        ("oversized", with_claim("name", json!("x".repeat(4_096)))),
        ("not UTF-8", forge(header().to_string(), [0xff, 0xfe, 0x7b, 0x7d])),
        (
            "JSON serialisation",
            json!({"payload": body, "signature": signature}).to_string(),
        ),
    ]
}

fn forged_in_header() -> Vec<(&'static str, String)> {
    let none = with(header(), "alg", json!("none")).to_string();
    let unsigned = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(&none),
        URL_SAFE_NO_PAD.encode(claims().to_string())
    );
    let array = json!(["EdDSA", "JWT", "auth-1"]).to_string();
    vec![
        ("alg none", unsigned),
        ("alg none, signed", forge(none, claims().to_string())),
        ("alg None", with_header("alg", json!("None"))),
        ("alg of other case", with_header("alg", json!("eddsa"))),
        ("HS256 confusion", confused_with_hs256()),
        ("alg RS256", with_header("alg", json!("RS256"))),
        ("typ", with_header("typ", json!("at+jwt"))),
        (
            "no typ",
            forge(without(header(), "typ").to_string(), claims().to_string()),
        ),
        (
            "no kid",
            forge(without(header(), "kid").to_string(), claims().to_string()),
        ),
        ("unknown kid", with_header("kid", json!("auth-2"))),
        ("kid traversal", with_header("kid", json!("../../../../dev/null"))),
        ("kid injection", with_header("kid", json!("auth-1' OR '1'='1"))),
        (
            "kid of an ended key",
            forge_with(
                [3; 32],
                with(header(), "kid", json!("auth-0")).to_string(),
                claims().to_string(),
            ),
        ),
        ("kid null", with_header("kid", Value::Null)),
        ("jku", with_header("jku", json!("https://evil.example/jwks.json"))),
        (
            "jwk",
            with_header("jwk", json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"})),
        ),
        ("x5u", with_header("x5u", json!("https://evil.example/key.pem"))),
        ("crit", with_header("crit", json!(["exp"]))),
        ("b64 false", with_header("b64", json!(false))),
        (
            "doubled alg",
            forge(doubled(&header(), "alg", "\"none\""), claims().to_string()),
        ),
        (
            "doubled kid",
            forge(doubled(&header(), "kid", "\"session-1\""), claims().to_string()),
        ),
        ("header an array", forge(array, claims().to_string())),
        (
            "header with a tail",
            forge(format!("{} x", header()), claims().to_string()),
        ),
    ]
}

fn forged_in_claims() -> Vec<(&'static str, String)> {
    vec![
        ("audience", with_claim("aud", json!("elsewhere"))),
        ("audiences", with_claim("aud", json!(["onqueue"]))),
        (
            "no audience",
            forge(header().to_string(), without(claims(), "aud").to_string()),
        ),
        ("issuer", with_claim("iss", json!("https://evil.example"))),
        ("issuer of another key", with_claim("iss", json!("session"))),
        ("not yet valid", times(60, 60, 120)),
        ("made in the future", times(600, 600, 900)),
        ("lives too long", times(0, 0, 601)),
        ("ends before it begins", times(0, 100, 50)),
        (
            "no end",
            forge(header().to_string(), without(claims(), "exp").to_string()),
        ),
        ("end as text", with_claim("exp", json!("1790000600"))),
        ("end beyond numbers", with_claim("exp", json!(1e300))),
        (
            "doubled sub",
            forge(
                header().to_string(),
                doubled(&claims(), "sub", &format!("\"{FAMILY}\"")),
            ),
        ),
        (
            "doubled exp",
            forge(header().to_string(), doubled(&claims(), "exp", "9999999999")),
        ),
        ("permissions in the token", with_claim("permissions", json!(["*:*:*"]))),
        ("another kind", with_claim("kind", json!("operator"))),
        ("a malformed id", with_claim("org", json!("*"))),
        (
            "an id in braces",
            with_claim("org", json!(format!("{{{ORGANISATION}}}"))),
        ),
        (
            "an unknown key",
            forge_with([9; 32], header().to_string(), claims().to_string()),
        ),
        ("claims an array", forge(header().to_string(), "[]")),
    ]
}

fn forged_with_the_wrong_key() -> Vec<(&'static str, String)> {
    let guest_claims = serde_json::to_value(guest()).expect("JSON");
    let session_header = with(header(), "kid", json!("session-1")).to_string();
    let as_session = with(claims(), "iss", json!("session")).to_string();
    vec![
        (
            "a guest key signing a user",
            forge_with(SESSION_SECRET, &session_header, claims().to_string()),
        ),
        (
            "a guest key's user, honest of its issuer",
            forge_with(SESSION_SECRET, &session_header, as_session),
        ),
        (
            "a guest key under auth's name",
            forge_with(SESSION_SECRET, header().to_string(), claims().to_string()),
        ),
        (
            "auth's key signing a guest",
            forge(header().to_string(), guest_claims.to_string()),
        ),
    ]
}

#[test]
fn every_forged_token_is_refused() {
    let trust = trust();
    let forged: Vec<_> = [
        forged_in_form(),
        forged_in_header(),
        forged_in_claims(),
        forged_with_the_wrong_key(),
    ]
    .concat();
    assert!(forged.len() >= 30, "{}", forged.len());
    for (name, token) in forged {
        // Twice, so that a refusal is not remembered as a success.
        for _ in 0..2 {
            let answer = trust.verify(&token, NOW).map_err(|fault| fault.reason);
            assert_eq!(answer, Err(Reason::TokenInvalid), "{name}: {token}");
        }
    }
}

#[test]
fn the_forger_can_make_a_good_one_too() {
    let good = forge(header().to_string(), claims().to_string());
    assert!(trust().verify(&good, NOW).is_ok());
}

#[test]
fn good_tokens_give_their_caller_until_they_end() {
    let trust = trust();
    let token = auth().sign(&user());
    let expected = Caller {
        organisation: id(ORGANISATION),
        principal: Principal::User {
            user: id(USER),
            name: "Ada".to_owned(),
        },
        token: id(FAMILY),
        key: auth().kid().to_owned(),
        expires_at: NOW + 10 * MINUTES,
    };
    for minute in [0, 1, 9] {
        let now = NOW + Duration::from_secs(60 * minute);
        assert_eq!(trust.verify(&token, now), Ok(expected.clone()));
        assert_eq!(trust.still_valid(&expected, now), Ok(()));
    }
    let ended = NOW + 10 * MINUTES;
    assert_eq!(
        trust.verify(&token, ended).map_err(|fault| fault.reason),
        Err(Reason::TokenExpired)
    );
    assert_eq!(
        Trust::verify(&self::trust(), &token, ended).map_err(|fault| fault.reason),
        Err(Reason::TokenExpired)
    );
    assert_eq!(
        trust.still_valid(&expected, ended).map_err(|fault| fault.reason),
        Err(Reason::TokenExpired)
    );
    let guest = trust.verify(&session().sign(&guest()), NOW).expect("a guest");
    assert_eq!(guest.user(), None);
}

#[test]
fn open_streams_end_with_the_key_of_their_token() {
    let trust = trust();
    let caller = trust.verify(&auth().sign(&user()), NOW).expect("good");
    assert_eq!(trust.still_valid(&caller, NOW), Ok(()));
    let mut withdrawn = bundle();
    withdrawn.revision = 2;
    withdrawn.keys.retain(|key| key.kid != auth().kid());
    trust.install(withdrawn, NOW);
    assert_eq!(
        trust.still_valid(&caller, NOW).map_err(|fault| fault.reason),
        Err(Reason::TokenInvalid)
    );
}

#[test]
fn a_remembered_token_is_forgotten_when_it_is_revoked_or_its_key_goes() {
    let trust = trust();
    let token = auth().sign(&user());
    let caller = trust.verify(&token, NOW).expect("good");
    let mut revoked = bundle();
    revoked.revision = 2;
    revoked.revoked = vec![Revoked {
        token: id(FAMILY),
        expires_at: NOW + 10 * MINUTES,
    }];
    trust.install(revoked, NOW);
    assert_eq!(
        trust.verify(&token, NOW).map_err(|fault| fault.reason),
        Err(Reason::TokenInvalid)
    );
    assert_eq!(
        trust.still_valid(&caller, NOW).map_err(|fault| fault.reason),
        Err(Reason::TokenInvalid)
    );
    let mut without_keys = bundle();
    without_keys.revision = 3;
    without_keys.keys.clear();
    trust.install(without_keys, NOW);
    assert_eq!(
        trust.verify(&token, NOW).map_err(|fault| fault.reason),
        Err(Reason::TokenInvalid)
    );
}
