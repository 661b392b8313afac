//! Who a customer is, as a deployment's web site says and signs it: a JWT in the names of OpenID Connect.

use crate::{Deployment, jws};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use onqueue_model::{Fault, Language, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How far ahead of ours the web site's clock may be.
const LEEWAY: Duration = Duration::from_secs(60);

/// The longest that an assertion may live: it lies in a web page.
const LIFETIME: Duration = Duration::from_secs(3_600);

/// What stands before the 32 secret bytes of an Ed25519 key in PKCS #8.
const PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// Who a customer is; everything in it but the name is proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Which system knows them (`iss`).
    pub system: String,
    /// Their name there (`sub`).
    pub id: String,
    /// Their address, if the web site has verified it.
    pub email: Option<String>,
    /// Their number, if the web site has verified it.
    pub phone: Option<String>,
    /// What they are called.
    pub name: Option<String>,
    /// What they speak.
    pub language: Option<Language>,
}

/// What an assertion says. Members that are not named here say nothing to us.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    nbf: Option<i64>,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
    phone_number: Option<String>,
    #[serde(default)]
    phone_number_verified: bool,
    name: Option<String>,
    locale: Option<String>,
}

/// Who it says the customer is, if one of the deployment's keys signed it for that deployment and it holds now. FIELD_INVALID
/// of `identity_assertion`, with the problem in a word.
pub fn identify(deployment: &Deployment, assertion: &str, now: Timestamp) -> Result<Identity, Fault> {
    let unverified = jws::parse(assertion).map_err(|_| refused("malformed"))?;
    let holds = |ends_at: Option<Timestamp>| ends_at.is_none_or(|end| now < end);
    let mut keys = deployment.identity_keys.iter();
    let key = keys.find(|key| key.kid == unverified.kid && holds(key.ends_at));
    let key = key.ok_or_else(|| refused("key"))?;
    let key = VerifyingKey::from_bytes(&key.public_key).map_err(|_| refused("key"))?;
    let claims: Claims = unverified.verify(&key).map_err(|problem| match problem {
        "signature" => refused("signature"),
        _ => refused("malformed"),
    })?;
    if claims.aud != deployment.id.to_string() {
        return Err(refused("audience"));
    }
    check_times(&claims, now)?;
    claims.identity()
}

fn check_times(claims: &Claims, now: Timestamp) -> Result<(), Fault> {
    let of = |seconds: i64| seconds.checked_mul(1_000).map(Timestamp);
    let (Some(made), Some(end)) = (of(claims.iat), of(claims.exp)) else {
        return Err(refused("malformed"));
    };
    let not_before = claims.nbf.and_then(of).unwrap_or(made).max(made);
    let lives = Duration::from_millis(u64::try_from(end.millis().saturating_sub(made.millis())).unwrap_or(0));
    if end <= now || not_before > now + LEEWAY || lives > LIFETIME {
        return Err(refused("expired"));
    }
    Ok(())
}

impl Claims {
    fn identity(self) -> Result<Identity, Fault> {
        let fits = |text: &str, most: usize| (1..=most).contains(&text.chars().count());
        if !fits(&self.iss, 100) || !fits(&self.sub, 200) {
            return Err(refused("malformed"));
        }
        let language = self.locale.as_deref().and_then(Language::parse);
        Ok(Identity {
            system: self.iss,
            id: self.sub,
            email: self.email.filter(|_| self.email_verified),
            phone: self.phone_number.filter(|_| self.phone_number_verified),
            name: self.name,
            language,
        })
    }
}

fn refused(problem: &'static str) -> Fault {
    let sentence = match problem {
        "expired" => "the identity assertion does not hold now, or for longer than an hour; make a new one",
        "audience" => "the identity assertion is for another deployment",
        "key" => "the identity assertion names a key that the deployment does not have",
        "signature" => "the identity assertion was not signed with the key that it names",
        _ => "this is no identity assertion",
    };
    Fault::field("identity_assertion", sentence).with("problem", problem)
}

/// The secret half of an identity key. No `Debug`.
#[derive(Clone)]
pub struct IdentitySecret(SigningKey);

impl IdentitySecret {
    /// Of 32 secret random bytes.
    pub fn new(secret: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&secret))
    }

    /// As [`IdentitySecret::pem`] writes it; `None` for anything else.
    pub fn from_pem(text: &str) -> Option<Self> {
        let body = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
        let bytes = STANDARD.decode(body.trim()).ok()?;
        let secret = bytes.strip_prefix(&PKCS8)?;
        Some(Self::new(secret.try_into().ok()?))
    }

    /// The public half, 32 bytes.
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// PKCS #8 as PEM, as libraries for JWT read it.
    pub fn pem(&self) -> String {
        let bytes = [&PKCS8[..], self.0.as_bytes()].concat();
        format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(bytes))
    }

    /// An assertion with these claims, as the web site makes it.
    pub fn assertion(&self, kid: &str, claims: &impl Serialize) -> String {
        let claims = serde_json::to_string(claims).unwrap_or_default();
        let signed = jws::signing_input(&jws::header(kid), &claims);
        let signature = self.0.sign(signed.as_bytes());
        jws::with_signature(signed, &signature.to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IdentityKey;
    use serde_json::{Value, json};

    const NOW: Timestamp = Timestamp(1_790_000_000_000);
    const ID: &str = "0190a5c8-1111-7abc-8def-0123456789ab";

    fn secret(byte: u8) -> IdentitySecret {
        IdentitySecret::new([byte; 32])
    }

    fn deployment() -> Deployment {
        let key = |kid: &str, byte, ends_at| IdentityKey {
            kid: kid.to_owned(),
            public_key: secret(byte).public(),
            created_at: NOW,
            ends_at,
        };
        Deployment {
            id: ID.parse().expect("an id"),
            organisation: ID.parse().expect("an id"),
            name: "Shop".to_owned(),
            enabled: true,
            origins: Vec::new(),
            queues: Vec::new(),
            greetings: std::collections::BTreeMap::new(),
            identity_keys: vec![
                key("now", 1, None),
                key("going", 2, Some(NOW + Duration::from_secs(1))),
                key("gone", 3, Some(NOW)),
            ],
        }
    }

    fn claims() -> Value {
        json!({
            "iss": "shop", "sub": "4711", "aud": ID, "iat": 1_790_000_000, "exp": 1_790_000_300,
            "email": "ann@example.com", "email_verified": true, "phone_number": "+49301234567",
            "name": "Ann", "locale": "de-AT", "roles": ["x"],
        })
    }

    fn problem(assertion: &str) -> Option<String> {
        let fault = identify(&deployment(), assertion, NOW).err()?;
        let found = fault.metadata.into_iter().find(|(key, _)| *key == "problem");
        found.map(|(_, problem)| problem)
    }

    #[test]
    fn what_the_site_signed_is_believed_and_only_what_it_verified() {
        for (kid, byte) in [("now", 1), ("going", 2)] {
            let identity = identify(&deployment(), &secret(byte).assertion(kid, &claims()), NOW);
            let expected = Identity {
                system: "shop".to_owned(),
                id: "4711".to_owned(),
                email: Some("ann@example.com".to_owned()),
                phone: None,
                name: Some("Ann".to_owned()),
                language: Language::parse("de-at"),
            };
            assert_eq!(identity, Ok(expected), "{kid}");
        }
    }

    #[test]
    fn everything_else_is_refused_by_what_is_wrong() {
        let with = |member: &str, value: Value| {
            let mut changed = claims();
            changed[member] = value;
            secret(1).assertion("now", &changed)
        };
        let good = secret(1).assertion("now", &claims());
        let (head, rest) = good.split_once('.').expect("parts");
        for (assertion, expected) in [
            (String::new(), "malformed"),
            (format!("{head}.{head}"), "malformed"),
            (
                format!("{head}.e30.{}", rest.rsplit('.').next().expect("one")),
                "signature",
            ),
            (secret(2).assertion("now", &claims()), "signature"),
            (secret(3).assertion("gone", &claims()), "key"),
            (secret(1).assertion("never", &claims()), "key"),
            (with("aud", json!("0190a5c8-1111-7abc-8def-0123456789ac")), "audience"),
            (with("aud", json!([ID])), "malformed"),
            (with("exp", json!(1_790_000_000)), "expired"),
            (with("exp", json!(1_790_003_601)), "expired"),
            (with("exp", json!(i64::MAX)), "malformed"),
            (with("iat", json!(1_790_000_061)), "expired"),
            (with("nbf", json!(1_790_000_061)), "expired"),
            (with("sub", json!("")), "malformed"),
            (with("iss", json!("x".repeat(101))), "malformed"),
            (with("email_verified", json!("yes")), "malformed"),
        ] {
            assert_eq!(problem(&assertion).as_deref(), Some(expected), "{assertion}");
        }
        assert_eq!(problem(&good), None);
    }

    #[test]
    fn a_secret_is_written_as_libraries_read_it() {
        let pem = secret(7).pem();
        let lines: Vec<&str> = pem.lines().collect();
        assert_eq!((lines.len(), lines[1].len()), (3, 64));
        let read = IdentitySecret::from_pem(&pem).expect("read again");
        assert_eq!(read.public(), secret(7).public());
        assert!(IdentitySecret::from_pem("x").is_none());
    }
}
