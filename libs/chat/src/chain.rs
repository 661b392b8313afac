//! The hash chain that shows whether a log was changed. It covers each event's number, kind, time and participant, and the
//! salted hash of its personal part, so that a part can be erased together with its salt and the chain still verifies.

use onqueue_model::{ParticipantId, Timestamp};
use sha2::{Digest, Sha256};

/// A SHA-256.
pub type Hash = [u8; 32];

/// Blinds the hash of a personal part, so that short ones cannot be guessed from it.
pub type Salt = [u8; 16];

/// The hash before the first event.
pub const ORIGIN: Hash = [0; 32];

/// One stored event, as far as the chain covers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its place in the whole log.
    pub sequence: i64,
    /// The number of its kind ([`crate::Kind::code`]).
    pub kind: i16,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub participant: Option<ParticipantId>,
    /// Its personal part, or what is left of it.
    pub part: Part,
    /// The hash stored with it.
    pub hash: Hash,
}

/// The personal part of a stored event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Still there.
    Present {
        /// Its salt.
        salt: Salt,
        /// Its text.
        text: String,
    },
    /// Erased together with its salt; the hash of both is left.
    Erased(Hash),
}

/// The log was changed: this is the first event that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The place at which another event was expected.
    pub sequence: i64,
}

/// H(salt ‖ personal part).
pub fn part_hash(salt: &Salt, part: &str) -> Hash {
    Sha256::new().chain_update(salt).chain_update(part).finalize().into()
}

/// The chain's hash with one more event. Every field has a fixed length, so no two events look alike.
pub fn link(
    previous: &Hash,
    sequence: i64,
    kind: i16,
    at: Timestamp,
    participant: Option<ParticipantId>,
    part: &Hash,
) -> Hash {
    let participant = participant.map_or([0; 16], |id| *id.uuid().as_bytes());
    Sha256::new()
        .chain_update(previous)
        .chain_update(sequence.to_be_bytes())
        .chain_update(kind.to_be_bytes())
        .chain_update(at.millis().to_be_bytes())
        .chain_update(participant)
        .chain_update(part)
        .finalize()
        .into()
}

/// Checks a whole log against the count and hash that its head holds, so that a cut-off tail is found too.
pub fn verify(log: &[Link], count: i64, head: &Hash) -> Result<(), Broken> {
    let (mut previous, mut expected) = (ORIGIN, 0);
    for one in log {
        expected += 1;
        let part = match &one.part {
            Part::Present { salt, text } => part_hash(salt, text),
            Part::Erased(hash) => *hash,
        };
        let hash = link(&previous, one.sequence, one.kind, one.at, one.participant, &part);
        if one.sequence != expected || one.hash != hash {
            return Err(Broken { sequence: expected });
        }
        previous = hash;
    }
    if expected < count {
        return Err(Broken { sequence: expected + 1 });
    }
    if expected > count || previous != *head {
        return Err(Broken { sequence: expected });
    }
    Ok(())
}
