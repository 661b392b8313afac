//! JSON Web Signature in the one form that is accepted: compact, EdDSA, three known header members and no others. There
//! is no choice of algorithm, no key in a token and no second spelling of anything.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The longest token, in bytes.
pub(crate) const MAX_TOKEN: usize = 4_096;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// A token taken apart, nothing of it believed yet.
pub(crate) struct Unverified<'a> {
    /// Which key it names.
    pub(crate) kid: String,
    signed: &'a str,
    claims: &'a str,
    signature: Signature,
}

/// The header for a key, as JSON.
pub(crate) fn header(kid: &str) -> String {
    let header = Header {
        alg: "EdDSA".to_owned(),
        typ: "JWT".to_owned(),
        kid: kid.to_owned(),
    };
    serde_json::to_string(&header).unwrap_or_default()
}

/// What the signature is over.
pub(crate) fn signing_input(header: &str, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

/// The whole token.
pub(crate) fn with_signature(signed: String, signature: &[u8]) -> String {
    signed + "." + &URL_SAFE_NO_PAD.encode(signature)
}

/// Takes a token apart; an error says what is wrong, for the log.
pub(crate) fn parse(token: &str) -> Result<Unverified<'_>, &'static str> {
    if token.len() > MAX_TOKEN {
        return Err("too long");
    }
    let (signed, signature) = token.rsplit_once('.').ok_or("not three parts")?;
    let (header, claims) = signed.split_once('.').ok_or("not three parts")?;
    if claims.contains('.') {
        return Err("not three parts");
    }
    let header: Header = object(&decode(header)?)?;
    if header.alg != "EdDSA" || header.typ != "JWT" {
        return Err("algorithm or type");
    }
    Ok(Unverified {
        kid: header.kid,
        signed,
        claims,
        signature: Signature::from_slice(&decode(signature)?).map_err(|_| "signature length")?,
    })
}

impl Unverified<'_> {
    /// The claims, if the key's owner signed them; an error says what is wrong, for the log.
    pub(crate) fn verify<T: DeserializeOwned>(&self, key: &VerifyingKey) -> Result<T, &'static str> {
        key.verify_strict(self.signed.as_bytes(), &self.signature)
            .map_err(|_| "signature")?;
        object(&decode(self.claims)?)
    }
}

/// Canonical base64url without padding only: otherwise one token would have many spellings.
fn decode(part: &str) -> Result<Vec<u8>, &'static str> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| "base64url")
}

/// A JSON object. A derived reader would take an array, too.
fn object<T: DeserializeOwned>(json: &[u8]) -> Result<T, &'static str> {
    if json.first() != Some(&b'{') || json.last() != Some(&b'}') {
        return Err("not an object");
    }
    serde_json::from_slice(json).map_err(|_| "members")
}
