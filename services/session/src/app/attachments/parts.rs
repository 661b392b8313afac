//! The bytes of one file, part by part, each the same whenever it is read.

use bytes::Bytes;
use futures::{StreamExt as _, stream, stream::BoxStream};
use onqueue_files::{Depot, PART, Place, content::Source};
use onqueue_model::Fault;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

const HASH: usize = 32;

/// How many bytes that part of a file has, counted from 1; `None` if it has no such part.
pub(super) fn length(bytes: u64, number: u32) -> Option<usize> {
    let before = u64::from(number.checked_sub(1)?).checked_mul(PART as u64)?;
    let left = bytes.checked_sub(before).filter(|left| *left > 0)?;
    Some(usize::try_from(left).map_or(PART, |left| left.min(PART)))
}

/// A file whose parts have been read once.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    depot: Depot,
    place: Place,
    attempt: Uuid,
    bytes: u64,
    /// SHA-256 of each, one after the other.
    hashes: Vec<u8>,
}

impl Parts {
    /// Reads them all. `None` if one is missing or has another length.
    pub async fn measure(depot: &Depot, place: Place, attempt: Uuid, bytes: u64) -> Result<Option<Self>, Fault> {
        let mut hashes = Vec::new();
        let mut number = 1;
        while let Some(length) = length(bytes, number) {
            match depot.get(&place, attempt, number).await? {
                Some(part) if part.len() == length => hashes.extend_from_slice(&Sha256::digest(&part)),
                _ => return Ok(None),
            }
            number += 1;
        }
        Ok(Some(Self::known(depot, place, attempt, bytes, hashes)))
    }

    /// Of which these hashes are known.
    pub fn known(depot: &Depot, place: Place, attempt: Uuid, bytes: u64, hashes: Vec<u8>) -> Self {
        Self {
            depot: depot.clone(),
            place,
            attempt,
            bytes,
            hashes,
        }
    }

    pub fn hashes(&self) -> &[u8] {
        &self.hashes
    }

    /// All bytes in order, a part at a time.
    pub fn stream(&self) -> BoxStream<'static, Result<Bytes, Fault>> {
        let parts = stream::unfold((self.clone(), 1), |(parts, number)| async move {
            length(parts.bytes, number)?;
            let part = parts.part(number).await;
            Some((part, (parts, number + 1)))
        });
        parts.boxed()
    }

    async fn part(&self, number: u32) -> Result<Bytes, Fault> {
        let changed = || Fault::internal(format_args!("part {number} of {:?} is not as it was", self.place));
        let part = self
            .depot
            .get(&self.place, self.attempt, number)
            .await?
            .ok_or_else(changed)?;
        let at = usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
        let known = self.hashes.chunks_exact(HASH).nth(at);
        if known != Some(&Sha256::digest(&part)[..]) {
            return Err(changed());
        }
        Ok(part)
    }
}

impl Source for Parts {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    async fn read(&self, at: u64) -> Result<Bytes, Fault> {
        let (before, within) = (at / PART as u64, at % PART as u64);
        let number = u32::try_from(before + 1).map_err(Fault::internal)?;
        let part = self.part(number).await?;
        let within = usize::try_from(within).unwrap_or(PART).min(part.len());
        Ok(part.slice(within..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_full_but_the_last() {
        let part = PART as u64;
        for (bytes, number, expected) in [
            (1, 1, Some(1)),
            (1, 0, None),
            (1, 2, None),
            (part, 1, Some(PART)),
            (part, 2, None),
            (part + 1, 2, Some(1)),
            (3 * part - 1, 2, Some(PART)),
            (3 * part - 1, 3, Some(PART - 1)),
            (u64::MAX, u32::MAX, Some(PART)),
            (0, 1, None),
        ] {
            assert_eq!(length(bytes, number), expected, "{bytes} {number}");
        }
    }
}
