//! Frames out of bytes as they come.

use super::{Frame, LENGTH, Malformed, read};
use bytes::{Bytes, BytesMut};

/// Takes bytes in pieces of any size and gives the frames in them. What came whole is not copied.
#[derive(Debug)]
pub struct Reader {
    largest: usize,
    /// The beginning of a frame whose end has not come.
    begun: BytesMut,
    /// What has not been looked at.
    rest: Bytes,
}

impl Reader {
    /// For frames of at most `largest` bytes.
    pub fn new(largest: usize) -> Self {
        Self {
            largest,
            begun: BytesMut::new(),
            rest: Bytes::new(),
        }
    }

    /// Takes more bytes. Call [`Reader::frame`] until it has nothing more before the next piece.
    pub fn push(&mut self, data: Bytes) {
        if self.begun.is_empty() {
            self.rest = data;
            return;
        }
        self.begun.extend_from_slice(&data);
        if length(&self.begun).is_none_or(|length| self.begun.len() < length) {
            return;
        }
        self.rest = std::mem::take(&mut self.begun).freeze();
    }

    /// The next whole frame; `None` if it is still to come.
    pub fn frame(&mut self) -> Result<Option<Frame>, Malformed> {
        let length = length(&self.rest);
        let known = length.or_else(|| self::length(&self.begun));
        if known.is_some_and(|length| length > self.largest.saturating_add(LENGTH)) {
            return Err(Malformed);
        }
        match length.filter(|length| *length <= self.rest.len()) {
            Some(length) => read(self.rest.split_to(length).slice(LENGTH..)).map(Some),
            None => {
                self.begun.extend_from_slice(&self.rest);
                self.rest.clear();
                Ok(None)
            }
        }
    }
}

/// Of the frame that begins with these bytes, its length in front included; `None` while that is not there.
fn length(bytes: &[u8]) -> Option<usize> {
    let length = u32::from_be_bytes(*bytes.first_chunk::<LENGTH>()?);
    Some(usize::try_from(length).unwrap_or(usize::MAX).saturating_add(LENGTH))
}
