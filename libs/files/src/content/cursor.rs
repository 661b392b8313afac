//! Reading a file here and there without holding more of it than one part.

use crate::Refusal;
use bytes::{Buf as _, Bytes};
use onqueue_model::Fault;
use std::future::Future;

/// Bytes that can be read from anywhere.
pub trait Source: Sync {
    /// How many there are.
    fn bytes(&self) -> u64;

    /// Those from `at` on: at least one if `at` lies within, and as many as come at once.
    fn read(&self, at: u64) -> impl Future<Output = Result<Bytes, Fault>> + Send;
}

/// A file that is held as a whole.
#[derive(Clone, Debug)]
pub struct Whole(
    /// Its bytes.
    pub Bytes,
);

impl Source for Whole {
    fn bytes(&self) -> u64 {
        self.0.len() as u64
    }

    async fn read(&self, at: u64) -> Result<Bytes, Fault> {
        let at = usize::try_from(at).unwrap_or(usize::MAX).min(self.0.len());
        Ok(self.0.slice(at..))
    }
}

/// Why reading a file came to an end.
#[derive(Debug)]
pub(super) enum Stop {
    /// It is not let in.
    Refused(Refusal),
    /// It could not be read.
    Failed(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

pub(super) const MALFORMED: Stop = Stop::Refused(Refusal::Malformed);

/// A place in a file.
pub(super) struct Cursor<'s, S> {
    source: &'s S,
    at: u64,
    /// What is held of it, from `held_at` on.
    held: Bytes,
    held_at: u64,
}

impl<'s, S: Source> Cursor<'s, S> {
    pub(super) const fn new(source: &'s S) -> Self {
        Self {
            source,
            at: 0,
            held: Bytes::new(),
            held_at: 0,
        }
    }

    /// How long the file is.
    pub(super) fn bytes(&self) -> u64 {
        self.source.bytes()
    }

    pub(super) const fn at(&self) -> u64 {
        self.at
    }

    /// How many bytes follow.
    pub(super) fn left(&self) -> u64 {
        self.bytes().saturating_sub(self.at)
    }

    /// Goes there, which may be the end but not beyond.
    pub(super) fn seek(&mut self, to: u64) -> Result<(), Stop> {
        if to > self.bytes() {
            return Err(MALFORMED);
        }
        self.at = to;
        Ok(())
    }

    pub(super) fn skip(&mut self, count: u64) -> Result<(), Stop> {
        self.seek(self.at.saturating_add(count))
    }

    /// What is at hand from here on: at least one byte; malformed at the end. It does not go on.
    pub(super) async fn at_hand(&mut self) -> Result<Bytes, Stop> {
        if self.left() == 0 {
            return Err(MALFORMED);
        }
        let within = self
            .at
            .checked_sub(self.held_at)
            .and_then(|within| usize::try_from(within).ok());
        if let Some(within) = within.filter(|within| *within < self.held.len()) {
            return Ok(self.held.slice(within..));
        }
        self.held = self.source.read(self.at).await?;
        self.held_at = self.at;
        if self.held.is_empty() {
            return Err(Stop::Failed(Fault::internal("a file ends before its end")));
        }
        Ok(self.held.clone())
    }

    /// The next `most` bytes, fewer at the end, without going on.
    pub(super) async fn peek(&mut self, most: usize) -> Result<Vec<u8>, Stop> {
        let (from, mut found) = (self.at, Vec::new());
        while found.len() < most && self.left() > 0 {
            let more = self.at_hand().await?;
            let count = more.len().min(most - found.len());
            found.extend_from_slice(&more[..count]);
            self.at += count as u64;
        }
        self.at = from;
        Ok(found)
    }

    /// The next `count` bytes; malformed if there are not as many.
    pub(super) async fn vec(&mut self, count: usize) -> Result<Vec<u8>, Stop> {
        if (count as u64) > self.left() {
            return Err(MALFORMED);
        }
        let found = self.peek(count).await?;
        self.at += found.len() as u64;
        Ok(found)
    }

    pub(super) async fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        self.vec(N).await?.try_into().map_err(|_| MALFORMED)
    }

    pub(super) async fn byte(&mut self) -> Result<u8, Stop> {
        let byte = self.at_hand().await?.get_u8();
        self.at += 1;
        Ok(byte)
    }

    pub(super) async fn u16_be(&mut self) -> Result<u16, Stop> {
        self.array().await.map(u16::from_be_bytes)
    }

    pub(super) async fn u32_be(&mut self) -> Result<u32, Stop> {
        self.array().await.map(u32::from_be_bytes)
    }

    /// Goes to the next byte of that value; malformed if there is none.
    pub(super) async fn find(&mut self, wanted: u8) -> Result<(), Stop> {
        loop {
            let here = self.at_hand().await?;
            match here.iter().position(|byte| *byte == wanted) {
                Some(at) => {
                    self.at += at as u64;
                    return Ok(());
                }
                None => self.at += here.len() as u64,
            }
        }
    }

    /// The last `most` bytes of the file, or all of them.
    pub(super) async fn tail(&mut self, most: u64) -> Result<Vec<u8>, Stop> {
        let count = most.min(self.bytes());
        self.seek(self.bytes() - count)?;
        self.vec(usize::try_from(count).unwrap_or(0)).await
    }
}
