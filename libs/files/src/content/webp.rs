//! WebP: a RIFF container of chunks.

use super::{
    Kind,
    cursor::{Cursor, MALFORMED, Source, Stop},
    image::{check_size, end},
};

pub(super) async fn webp<S: Source>(cursor: &mut Cursor<'_, S>) -> Result<Kind, Stop> {
    cursor.skip(4)?;
    let length = u64::from(u32::from_le_bytes(cursor.array().await?));
    let last = cursor.at() + length;
    cursor.skip(4)?;
    if last > cursor.bytes() || length < 12 {
        return Err(MALFORMED);
    }
    let mut is_first = true;
    while cursor.at() < last {
        let kind: [u8; 4] = cursor.array().await?;
        let length = u32::from_le_bytes(cursor.array().await?);
        let body = cursor.at();
        if is_first {
            first(cursor, kind).await?;
            is_first = false;
        }
        // Chunks begin at even places.
        cursor.seek(body + u64::from(length) + u64::from(length % 2))?;
    }
    if cursor.at() != last {
        return Err(MALFORMED);
    }
    end(cursor).await?;
    Ok(Kind::Webp)
}

/// The first chunk is the picture, or says how large it is.
async fn first<S: Source>(cursor: &mut Cursor<'_, S>, kind: [u8; 4]) -> Result<(), Stop> {
    let body: [u8; 10] = cursor.array().await?;
    let three = |at: usize| u32::from_le_bytes([body[at], body[at + 1], body[at + 2], 0]);
    match &kind {
        b"VP8X" => check_size(three(4) + 1, three(7) + 1),
        b"VP8 " if body[3..6] == [0x9d, 0x01, 0x2a] => {
            let side = |at: usize| u32::from(u16::from_le_bytes([body[at], body[at + 1]]) & 0x3fff);
            check_size(side(6), side(8))
        }
        b"VP8L" if body[0] == 0x2f => {
            let bits = u32::from_le_bytes([body[1], body[2], body[3], body[4]]);
            check_size((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1)
        }
        _ => Err(MALFORMED),
    }
}
