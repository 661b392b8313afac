//! PDF. What is in it is for whoever shows it, and for the scanner; here it has to begin and end as one.

use super::{
    Kind, contains,
    cursor::{Cursor, MALFORMED, Source, Stop},
};

/// Within so many bytes of the end readers look for its mark.
const END: u64 = 1_024;

pub(super) async fn pdf<S: Source>(cursor: &mut Cursor<'_, S>) -> Result<Kind, Stop> {
    let head = cursor.peek(8).await?;
    let is_numbered = matches!(head[..], [.., b'1' | b'2', b'.', b'0'..=b'9']);
    let tail = cursor.tail(END).await?;
    if !is_numbered || !contains(&tail, b"%%EOF") || !contains(&tail, b"startxref") {
        return Err(MALFORMED);
    }
    Ok(Kind::Pdf)
}
