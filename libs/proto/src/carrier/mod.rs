//! How processes of one installation carry unary calls to each other as frames of one long stream in each direction, instead
//! of as a stream each. No rpc: the words of a connection, which both of its ends read here.
//!
//! A frame is its length (`u32`, of all that follows), its kind (`u8`), the id of its call (`u32`, chosen by who calls) and
//! what its kind says; numbers are big-endian. Frames of one direction keep their order.

mod block;
mod reader;

pub use reader::Reader;

use block::{read_block, write_block};
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, StatusCode, Uri};

/// Where the stream is opened. Nothing of the public door leads there.
pub const PATH: &str = "/onqueue.internal.v1.Carrier/Carry";

/// The content type of an answer that understands these frames, and of the request for it.
pub const CONTENT_TYPE: &str = "application/onqueue-carrier";

/// Calls at once on one stream. Who calls goes another way beyond that; who answers refuses more.
pub const MOST_CALLS: usize = 4_096;

/// The largest call in bytes, headers included: larger ones go another way, so that they hold up nobody.
pub const LARGEST_CALL: usize = 128 * 1024;

/// The largest answer in bytes: as much as gRPC lets a message have, and its headers.
pub const LARGEST_ANSWER: usize = 4 * 1024 * 1024 + 128 * 1024;

/// The length in front of each frame.
const LENGTH: usize = 4;
/// The kind and the id.
const HEAD: usize = 5;

const CALL: u8 = 1;
const CANCEL: u8 = 2;
const ANSWER: u8 = 3;
const REFUSED: u8 = 4;
const APART: u8 = 5;
const LOST: u8 = 6;

/// What is said of one call.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// To be carried out.
    Call(u32, Call),
    /// Nobody waits for its answer any more.
    Cancel(u32),
    /// It was carried out.
    Answer(u32, Answer),
    /// Nothing has been done, nor will be here.
    Refused(u32),
    /// Nothing has been done: it answers with a stream and needs one of its own.
    Apart(u32),
    /// It broke off; whether it was carried out is not known.
    Lost(u32),
}

/// A call.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    /// The path, and nothing else.
    pub uri: Uri,
    /// The headers of the request.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// The answer to a call.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// That of HTTP.
    pub status: StatusCode,
    /// The headers of the response.
    pub headers: HeaderMap,
    /// All of its body.
    pub body: Bytes,
    /// Its trailers, if there were any.
    pub trailers: Option<HeaderMap>,
}

/// A frame that is none: whoever sent it speaks something else, and the connection is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Appends a call. False, and nothing appended, if it is too large or its headers are: then it has to go another way.
#[must_use]
pub fn write_call(out: &mut BytesMut, id: u32, path: &str, headers: &HeaderMap, body: &Bytes) -> bool {
    framed(out, CALL, id, LARGEST_CALL, |out| {
        out.put_u16(u16::try_from(path.len()).ok()?);
        out.put_slice(path.as_bytes());
        write_block(out, headers)?;
        out.put_slice(body);
        Some(())
    })
}

/// Appends an answer whose body is `body` in pieces. False, and nothing appended, if it is too large or its headers are.
#[must_use]
pub fn write_answer(
    out: &mut BytesMut,
    id: u32,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[Bytes],
    trailers: Option<&HeaderMap>,
) -> bool {
    framed(out, ANSWER, id, LARGEST_ANSWER, |out| {
        out.put_u16(status.as_u16());
        write_block(out, headers)?;
        out.put_u8(u8::from(trailers.is_some()));
        if let Some(trailers) = trailers {
            write_block(out, trailers)?;
        }
        body.iter().for_each(|piece| out.put_slice(piece));
        Some(())
    })
}

/// Appends [`Frame::Cancel`].
pub fn write_cancel(out: &mut BytesMut, id: u32) {
    write_bare(out, CANCEL, id);
}

/// Appends [`Frame::Refused`].
pub fn write_refused(out: &mut BytesMut, id: u32) {
    write_bare(out, REFUSED, id);
}

/// Appends [`Frame::Apart`].
pub fn write_apart(out: &mut BytesMut, id: u32) {
    write_bare(out, APART, id);
}

/// Appends [`Frame::Lost`].
pub fn write_lost(out: &mut BytesMut, id: u32) {
    write_bare(out, LOST, id);
}

fn write_bare(out: &mut BytesMut, kind: u8, id: u32) {
    // It is of one length, which fits.
    let _ = framed(out, kind, id, HEAD, |_| Some(()));
}

/// A frame around what `fill` writes; none at all if that fails or grows above `largest`.
fn framed(
    out: &mut BytesMut,
    kind: u8,
    id: u32,
    largest: usize,
    fill: impl FnOnce(&mut BytesMut) -> Option<()>,
) -> bool {
    let start = out.len();
    out.put_u32(0);
    out.put_u8(kind);
    out.put_u32(id);
    let filled = fill(out);
    let length = out.len() - start - LENGTH;
    let length = u32::try_from(length).ok().filter(|_| length <= largest);
    if let (Some(()), Some(length)) = (filled, length) {
        out[start..start + LENGTH].copy_from_slice(&length.to_be_bytes());
        return true;
    }
    out.truncate(start);
    false
}

/// The frame that these bytes are, all of them, without the length in front.
fn read(mut bytes: Bytes) -> Result<Frame, Malformed> {
    let kind = bytes.try_get_u8().map_err(|_| Malformed)?;
    let id = bytes.try_get_u32().map_err(|_| Malformed)?;
    let bare = match kind {
        CALL => return Ok(Frame::Call(id, read_call(bytes)?)),
        ANSWER => return Ok(Frame::Answer(id, read_answer(bytes)?)),
        CANCEL => Frame::Cancel(id),
        REFUSED => Frame::Refused(id),
        APART => Frame::Apart(id),
        LOST => Frame::Lost(id),
        _ => return Err(Malformed),
    };
    bytes.is_empty().then_some(bare).ok_or(Malformed)
}

fn read_call(mut bytes: Bytes) -> Result<Call, Malformed> {
    let length = bytes.try_get_u16().map_err(|_| Malformed)?;
    let path = take(&mut bytes, length)?;
    if path.first() != Some(&b'/') {
        return Err(Malformed);
    }
    let uri = Uri::from_maybe_shared(path).map_err(|_| Malformed)?;
    let headers = read_block(&mut bytes)?;
    let body = bytes;
    Ok(Call { uri, headers, body })
}

fn read_answer(mut bytes: Bytes) -> Result<Answer, Malformed> {
    let status = bytes.try_get_u16().map_err(|_| Malformed)?;
    let status = StatusCode::from_u16(status).map_err(|_| Malformed)?;
    let headers = read_block(&mut bytes)?;
    let trailers = match bytes.try_get_u8().map_err(|_| Malformed)? {
        0 => None,
        1 => Some(read_block(&mut bytes)?),
        _ => return Err(Malformed),
    };
    Ok(Answer {
        status,
        headers,
        body: bytes,
        trailers,
    })
}

/// That many bytes off the front, not copied.
fn take(bytes: &mut Bytes, length: u16) -> Result<Bytes, Malformed> {
    let length = usize::from(length);
    if length > bytes.len() {
        return Err(Malformed);
    }
    Ok(bytes.split_to(length))
}

#[cfg(test)]
mod tests;
