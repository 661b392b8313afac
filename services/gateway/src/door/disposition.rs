//! Under which name a browser saves a file.

use std::fmt::Write as _;

/// The value of a `Content-Disposition` header with which any browser saves the file under this name and shows nothing of it.
/// What is not ASCII has a form of its own (RFC 6266), beside one that the oldest understand.
pub(super) fn disposition(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_. ()".contains(c);
    let ascii: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => encoded.push(char::from(byte)),
            // Writing to a string does not fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_the_header() {
        for (name, expected) in [
            (
                "bill.pdf",
                "attachment; filename=\"bill.pdf\"; filename*=UTF-8''bill.pdf",
            ),
            (
                "über \"a\".png",
                "attachment; filename=\"_ber _a_.png\"; filename*=UTF-8''%C3%BCber%20%22a%22.png",
            ),
            (
                "a\r\nset-cookie: b",
                "attachment; filename=\"a__set-cookie_ b\"; filename*=UTF-8''a%0D%0Aset-cookie%3A%20b",
            ),
            (
                "a\\\";x",
                "attachment; filename=\"a___x\"; filename*=UTF-8''a%5C%22%3Bx",
            ),
        ] {
            assert_eq!(disposition(name), expected);
        }
    }
}
