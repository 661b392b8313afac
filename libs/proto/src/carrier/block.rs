//! Headers: a number of them (`u16`), and each as its name and its value with the length (`u16`) in front. Names that come
//! again and again are a number (`u8`) in a list that both ends know; others are 0, their length (`u8`) and their letters.

use super::{Malformed, take};
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// What headers of one block may take, as much as the header limits of our clients.
const LARGEST: usize = 64 * 1024;

/// Headers in one block.
const MOST: u16 = 256;

/// Numbered from 1. A number is never given to another name; new names go to the end when every release in use knows the
/// list without them no more.
static NAMES: [HeaderName; 16] = [
    header::CONTENT_TYPE,
    HeaderName::from_static("grpc-status"),
    header::TE,
    header::USER_AGENT,
    header::AUTHORIZATION,
    HeaderName::from_static("grpc-timeout"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("x-onqueue-client-address"),
    HeaderName::from_static("x-onqueue-from-outside"),
    HeaderName::from_static("x-onqueue-origin"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
    HeaderName::from_static("grpc-accept-encoding"),
    HeaderName::from_static("grpc-encoding"),
    header::CONTENT_LENGTH,
];

/// `None` for what does not fit.
pub(super) fn write_block(out: &mut BytesMut, headers: &HeaderMap) -> Option<()> {
    let start = out.len();
    let count = u16::try_from(headers.len()).ok().filter(|count| *count <= MOST)?;
    out.put_u16(count);
    for (name, value) in headers {
        write_name(out, name)?;
        out.put_u16(u16::try_from(value.len()).ok()?);
        out.put_slice(value.as_bytes());
    }
    (out.len() - start <= LARGEST).then_some(())
}

fn write_name(out: &mut BytesMut, name: &HeaderName) -> Option<()> {
    let known = NAMES.iter().position(|known| known == name);
    if let Some(at) = known {
        out.put_u8(u8::try_from(at + 1).ok()?);
        return Some(());
    }
    out.put_u8(0);
    out.put_u8(u8::try_from(name.as_str().len()).ok()?);
    out.put_slice(name.as_str().as_bytes());
    Some(())
}

pub(super) fn read_block(bytes: &mut Bytes) -> Result<HeaderMap, Malformed> {
    let count = bytes.try_get_u16().map_err(|_| Malformed)?;
    if count > MOST {
        return Err(Malformed);
    }
    let mut headers = HeaderMap::with_capacity(usize::from(count));
    for _ in 0..count {
        let name = read_name(bytes)?;
        let length = bytes.try_get_u16().map_err(|_| Malformed)?;
        let value = HeaderValue::from_maybe_shared(take(bytes, length)?).map_err(|_| Malformed)?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn read_name(bytes: &mut Bytes) -> Result<HeaderName, Malformed> {
    let number = bytes.try_get_u8().map_err(|_| Malformed)?;
    if let Some(at) = usize::from(number).checked_sub(1) {
        return NAMES.get(at).cloned().ok_or(Malformed);
    }
    let length = bytes.try_get_u8().map_err(|_| Malformed)?;
    let name = take(bytes, u16::from(length))?;
    HeaderName::from_bytes(&name).map_err(|_| Malformed)
}
