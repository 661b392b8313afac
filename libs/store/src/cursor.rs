//! Page tokens and cursors: opaque to clients, checked on return.

use onqueue_model::{Fault, Reason};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Write as _;

/// Turns where a page ended into an opaque token.
pub fn encode_token<T: Serialize>(place: &T) -> String {
    let json = serde_json::to_vec(place).unwrap_or_default();
    json.iter()
        .fold(String::with_capacity(json.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Reads a token back; CURSOR_MALFORMED if it is not one of ours. An empty token is `None`: the beginning.
pub fn decode_token<T: DeserializeOwned>(token: &str) -> Result<Option<T>, Fault> {
    if token.is_empty() {
        return Ok(None);
    }
    let malformed = || {
        Fault::new(
            Reason::CursorMalformed,
            "this page token or cursor was not made here; begin without one",
        )
    };
    if !token.len().is_multiple_of(2) || token.len() > 1_024 || !token.is_ascii() {
        return Err(malformed());
    }
    let bytes: Result<Vec<u8>, _> = (0..token.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&token[at..at + 2], 16))
        .collect();
    let bytes = bytes.map_err(|_| malformed())?;
    serde_json::from_slice(&bytes).map(Some).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_and_others_are_refused() {
        let token = encode_token(&("Grüße", 7_i64));
        assert_eq!(decode_token::<(String, i64)>(&token), Ok(Some(("Grüße".to_owned(), 7))));
        assert_eq!(decode_token::<(String, i64)>(""), Ok(None));
        for bad in ["x", "zz", "5b5d", "ä", &"ab".repeat(2_000)] {
            assert_eq!(
                decode_token::<(String, i64)>(bad).map_err(|fault| fault.reason),
                Err(Reason::CursorMalformed),
                "{bad}"
            );
        }
    }
}
