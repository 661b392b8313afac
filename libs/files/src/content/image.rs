//! Pictures, walked from their beginning to their end.

use super::{
    Kind,
    cursor::{Cursor, MALFORMED, Source, Stop},
};
use crate::Refusal;

/// More pixels than any camera makes: whoever unpacks that many runs out of memory.
const MOST_PIXELS: u64 = 400_000_000;

/// Zeros that some programs leave behind a picture.
const MOST_PADDING: u64 = 64 * 1024;

const EXTRA: Stop = Stop::Refused(Refusal::MoreThanOneType);

/// Whether a picture of that size can be shown.
pub(super) fn check_size(width: u32, height: u32) -> Result<(), Stop> {
    match u64::from(width) * u64::from(height) {
        0 => Err(MALFORMED),
        pixels if pixels > MOST_PIXELS => Err(Stop::Refused(Refusal::TooDense)),
        _ => Ok(()),
    }
}

/// Nothing may follow but a few zeros.
pub(super) async fn end<S: Source>(cursor: &mut Cursor<'_, S>) -> Result<(), Stop> {
    if cursor.left() > MOST_PADDING || !is_zeros(cursor).await? {
        return Err(EXTRA);
    }
    Ok(())
}

/// Whether everything from here on is zeros; goes to the first byte that is none.
async fn is_zeros<S: Source>(cursor: &mut Cursor<'_, S>) -> Result<bool, Stop> {
    while cursor.left() > 0 {
        let here = cursor.at_hand().await?;
        match here.iter().position(|byte| *byte != 0) {
            Some(at) => {
                cursor.skip(at as u64)?;
                return Ok(false);
            }
            None => cursor.skip(here.len() as u64)?,
        }
    }
    Ok(true)
}

pub(super) async fn png<S: Source>(cursor: &mut Cursor<'_, S>) -> Result<Kind, Stop> {
    cursor.skip(8)?;
    let mut is_first = true;
    loop {
        let length = cursor.u32_be().await?;
        let kind: [u8; 4] = cursor.array().await?;
        if !kind.iter().all(u8::is_ascii_alphabetic) || is_first != (&kind == b"IHDR") {
            return Err(MALFORMED);
        }
        let body = cursor.at();
        if is_first {
            check_size(cursor.u32_be().await?, cursor.u32_be().await?)?;
            is_first = false;
        }
        // Behind the body stands its checksum.
        cursor.seek(body + u64::from(length) + 4)?;
        if &kind == b"IEND" {
            end(cursor).await?;
            return Ok(Kind::Png);
        }
    }
}

pub(super) async fn gif<S: Source>(cursor: &mut Cursor<'_, S>) -> Result<Kind, Stop> {
    cursor.skip(6)?;
    let [w0, w1, h0, h1, flags, ..] = cursor.array::<7>().await?;
    check_size(u16::from_le_bytes([w0, w1]).into(), u16::from_le_bytes([h0, h1]).into())?;
    skip_colours(cursor, flags)?;
    loop {
        match cursor.byte().await? {
            0x2c => {
                let descriptor = cursor.array::<9>().await?;
                skip_colours(cursor, descriptor[8])?;
                cursor.skip(1)?;
                skip_blocks(cursor).await?;
            }
            0x21 => {
                cursor.skip(1)?;
                skip_blocks(cursor).await?;
            }
            0x3b => {
                end(cursor).await?;
                return Ok(Kind::Gif);
            }
            _ => return Err(MALFORMED),
        }
    }
}

/// A table of colours follows if the flags say so.
fn skip_colours<S: Source>(cursor: &mut Cursor<'_, S>, flags: u8) -> Result<(), Stop> {
    match flags & 0x80 {
        0 => Ok(()),
        _ => cursor.skip(3 << ((flags & 7) + 1)),
    }
}

async fn skip_blocks<S: Source>(cursor: &mut Cursor<'_, S>) -> Result<(), Stop> {
    loop {
        match cursor.byte().await? {
            0 => return Ok(()),
            length => cursor.skip(length.into())?,
        }
    }
}

/// Cameras and phones leave more behind a picture than zeros: a second, smaller one, a short film, or notes of their maker.
pub(super) async fn jpeg<S: Source>(cursor: &mut Cursor<'_, S>) -> Result<Kind, Stop> {
    loop {
        one_jpeg(cursor).await?;
        let behind = cursor.at();
        if is_zeros(cursor).await? {
            return Ok(Kind::Jpeg);
        }
        if !cursor.peek(3).await?.starts_with(&[0xff, 0xd8, 0xff]) {
            cursor.seek(behind)?;
            return match cursor.peek(8).await?[..] {
                [_, _, _, _, b'f', b't', b'y', b'p'] => film(cursor).await,
                _ => notes(cursor).await,
            };
        }
    }
}

async fn one_jpeg<S: Source>(cursor: &mut Cursor<'_, S>) -> Result<(), Stop> {
    cursor.skip(2)?;
    let mut is_sized = false;
    loop {
        if cursor.byte().await? != 0xff {
            return Err(MALFORMED);
        }
        match marker(cursor).await? {
            0xd9 if is_sized => return Ok(()),
            // Those without a length: no second beginning, and no end before the picture.
            0x00 | 0xd8 | 0xd9 => return Err(MALFORMED),
            0x01 | 0xd0..=0xd7 => {}
            code => {
                let length = cursor.u16_be().await?;
                let body = cursor.at();
                if matches!(code, 0xc0..=0xcf) && !matches!(code, 0xc4 | 0xc8 | 0xcc) {
                    let [_, h0, h1, w0, w1] = cursor.array::<5>().await?;
                    // The height may be told later.
                    let height = u16::from_be_bytes([h0, h1]).max(1);
                    check_size(u16::from_be_bytes([w0, w1]).into(), height.into())?;
                    is_sized = true;
                }
                let rest = length.checked_sub(2).ok_or(MALFORMED)?;
                cursor.seek(body + u64::from(rest))?;
                if code == 0xda {
                    skip_scan(cursor).await?;
                }
            }
        }
    }
}

/// The marker, before which any number of fill bytes may stand.
async fn marker<S: Source>(cursor: &mut Cursor<'_, S>) -> Result<u8, Stop> {
    loop {
        match cursor.byte().await? {
            0xff => {}
            code => return Ok(code),
        }
    }
}

/// To the next marker that is not part of the picture's data.
async fn skip_scan<S: Source>(cursor: &mut Cursor<'_, S>) -> Result<(), Stop> {
    loop {
        cursor.find(0xff).await?;
        match cursor.peek(2).await?[..] {
            [_, 0x00 | 0xd0..=0xd7] => cursor.skip(2)?,
            [_, 0xff] => cursor.skip(1)?,
            [_, _] => return Ok(()),
            _ => return Err(MALFORMED),
        }
    }
}

/// A film of boxes, each with its length, to the end.
async fn film<S: Source>(cursor: &mut Cursor<'_, S>) -> Result<Kind, Stop> {
    while cursor.left() > 0 {
        let from = cursor.at();
        let length = cursor.u32_be().await?;
        let kind: [u8; 4] = cursor.array().await?;
        let next = from + u64::from(length);
        let is_box = length >= 8 && kind.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b' ');
        if !is_box || next > cursor.bytes() {
            return notes(cursor).await;
        }
        cursor.seek(next)?;
    }
    Ok(Kind::Jpeg)
}

/// The notes of one maker of phones end in a word that no other kind of file ends in.
async fn notes<S: Source>(cursor: &mut Cursor<'_, S>) -> Result<Kind, Stop> {
    match cursor.tail(4).await?.as_slice() {
        b"SEFT" => Ok(Kind::Jpeg),
        _ => Err(EXTRA),
    }
}
