//! One text for one document, however it was written, and a number that stands for it.

use serde::Serialize;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// JSON without blanks, the names of objects in order.
pub(crate) fn canonical(document: &impl Serialize) -> String {
    // What has texts for names and finite numbers can be written.
    let json = serde_json::to_value(document).unwrap_or_default();
    let mut text = String::new();
    write(&json, &mut text);
    text
}

fn write(json: &Json, text: &mut String) {
    match json {
        Json::Object(map) => {
            let mut fields: Vec<(&String, &Json)> = map.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            surrounded('{', '}', fields, text, |(name, value), text| {
                text.push_str(&Json::from(name.as_str()).to_string());
                text.push(':');
                write(value, text);
            });
        }
        Json::Array(elements) => surrounded('[', ']', elements, text, write),
        other => text.push_str(&other.to_string()),
    }
}

fn surrounded<T>(
    open: char,
    close: char,
    parts: impl IntoIterator<Item = T>,
    text: &mut String,
    mut each: impl FnMut(T, &mut String),
) {
    text.push(open);
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        each(part, text);
    }
    text.push(close);
}

/// SHA-256 in lower-case hexadecimal digits.
pub(crate) fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::new(), |mut digits, byte| {
            // Writing to a text cannot fail.
            let _ = write!(digits, "{byte:02x}");
            digits
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_texts_escaped() {
        let json = serde_json::json!({"b": [1, 2.5, null, true], "a": {"z": "\"\n", "ä": {}, "y": []}});
        assert_eq!(
            canonical(&json),
            r#"{"a":{"y":[],"z":"\"\n","ä":{}},"b":[1,2.5,null,true]}"#
        );
    }

    #[test]
    fn digests_are_those_of_sha_256() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest("abc"), expected);
    }
}
