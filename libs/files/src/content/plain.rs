//! Plain text, in UTF-8 or in one of the old alphabets of one byte a letter.

use super::{
    Kind,
    cursor::{Cursor, Source, Stop},
};
use crate::Refusal;

const UNKNOWN: Stop = Stop::Refused(Refusal::TypeUnknown);

/// How programs, pages and documents begin that are made of text.
const NOT_PLAIN: [&[u8]; 5] = [b"<", b"#!", b"%!", b"{\\rtf", b"MZ"];

pub(super) async fn text<S: Source>(cursor: &mut Cursor<'_, S>) -> Result<Kind, Stop> {
    let head = cursor.peek(super::HEAD).await?;
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head).trim_ascii_start();
    if NOT_PLAIN.iter().any(|beginning| head.starts_with(beginning)) {
        return Err(UNKNOWN);
    }
    while cursor.left() > 0 {
        let here = cursor.at_hand().await?;
        if !here.iter().all(|byte| is_plain(*byte)) {
            return Err(UNKNOWN);
        }
        cursor.skip(here.len() as u64)?;
    }
    Ok(Kind::Text)
}

/// Letters and what moves on: files of other kinds have other bytes too.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x20..=0x7e | 0x80..=0xff)
}
