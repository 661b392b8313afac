//! What replicas tell each other about conversations: 16 bytes of id and 8 of the last number, then, if the set of those
//! who take part changed, the users concerned; or, for typing, who and whether; or since when the guest is away; or that other
//! supervisors may be about. Only hints: whatever matters is read.

use bytes::Bytes;
use onqueue_bus::{SUBJECTS, Subject};
use onqueue_model::{ConversationId, Id, OrganisationId, ParticipantId, Timestamp, UserId};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

const MEMBERS: u8 = 1;
const TYPING: u8 = 2;
const PRESENCE: u8 = 3;
const SUPERVISED: u8 = 4;

/// One hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    /// The log has grown up to this number.
    Moved {
        conversation: ConversationId,
        sequence: i64,
        /// Users who began or ceased to take part.
        users: Vec<UserId>,
    },
    /// Somebody types, or stopped.
    Typing {
        conversation: ConversationId,
        participant: ParticipantId,
        typing: bool,
    },
    /// The guest came, or went.
    Presence {
        conversation: ConversationId,
        away_since: Option<Timestamp>,
    },
    /// Who supervises it, or what its agent asks supervisors, may be another.
    Supervised {
        conversation: ConversationId,
        organisation: OrganisationId,
    },
}

/// The subject of a conversation's hints.
pub(crate) fn subject(conversation: ConversationId) -> Subject {
    let first = Sha256::digest(conversation.uuid().as_bytes())[0];
    Subject::Conversations(first & (SUBJECTS - 1))
}

impl Hint {
    pub fn conversation(&self) -> ConversationId {
        match self {
            Self::Moved { conversation, .. }
            | Self::Typing { conversation, .. }
            | Self::Presence { conversation, .. }
            | Self::Supervised { conversation, .. } => *conversation,
        }
    }

    pub fn encode(&self) -> Bytes {
        let mut bytes = self.conversation().uuid().as_bytes().to_vec();
        match self {
            Self::Moved { sequence, users, .. } => {
                bytes.extend(sequence.to_be_bytes());
                if !users.is_empty() {
                    bytes.push(MEMBERS);
                    users.iter().for_each(|user| bytes.extend(user.uuid().as_bytes()));
                }
            }
            Self::Typing {
                participant, typing, ..
            } => {
                bytes.extend([0; 8]);
                bytes.push(TYPING);
                bytes.extend(participant.uuid().as_bytes());
                bytes.push(u8::from(*typing));
            }
            Self::Presence { away_since, .. } => {
                bytes.extend([0; 8]);
                bytes.push(PRESENCE);
                bytes.extend(away_since.iter().flat_map(|since| since.millis().to_be_bytes()));
            }
            Self::Supervised { organisation, .. } => {
                bytes.extend([0; 8]);
                bytes.push(SUPERVISED);
                bytes.extend(organisation.uuid().as_bytes());
            }
        }
        bytes.into()
    }

    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (conversation, rest) = bytes.split_at_checked(16)?;
        let conversation = id(conversation)?;
        let (sequence, rest) = rest.split_at_checked(8)?;
        let moved = |users| {
            Some(Self::Moved {
                conversation,
                sequence: i64::from_be_bytes(sequence.try_into().ok()?),
                users,
            })
        };
        match rest.split_first() {
            None => moved(Vec::new()),
            Some((&MEMBERS, users)) => moved(users.chunks(16).filter_map(id).collect()),
            Some((&TYPING, rest)) => {
                let (participant, typing) = rest.split_at_checked(16)?;
                Some(Self::Typing {
                    conversation,
                    participant: id(participant)?,
                    typing: typing == [1],
                })
            }
            Some((&PRESENCE, since)) => Some(Self::Presence {
                conversation,
                away_since: match since {
                    [] => None,
                    since => Some(Timestamp(i64::from_be_bytes(since.try_into().ok()?))),
                },
            }),
            Some((&SUPERVISED, organisation)) => Some(Self::Supervised {
                conversation,
                organisation: id(organisation)?,
            }),
            Some(_) => None,
        }
    }
}

fn id<T>(bytes: &[u8]) -> Option<Id<T>> {
    Uuid::from_slice(bytes).ok().map(Id::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_come_back_and_nonsense_does_not() {
        let conversation = Id::new(Uuid::from_u128(7));
        for hint in [
            Hint::Moved {
                conversation,
                sequence: 1 << 40,
                users: vec![],
            },
            Hint::Moved {
                conversation,
                sequence: 2,
                users: vec![Id::new(Uuid::from_u128(1)), Id::new(Uuid::from_u128(2))],
            },
            Hint::Typing {
                conversation,
                participant: Id::new(Uuid::from_u128(3)),
                typing: true,
            },
            Hint::Typing {
                conversation,
                participant: Id::new(Uuid::from_u128(3)),
                typing: false,
            },
            Hint::Presence {
                conversation,
                away_since: None,
            },
            Hint::Presence {
                conversation,
                away_since: Some(Timestamp(1_234_567)),
            },
        ] {
            assert_eq!(Hint::decode(&hint.encode()), Some(hint));
        }
        for nonsense in [&[][..], &[1; 16], &[1; 23], &[9; 25], &[2; 30]] {
            assert_eq!(Hint::decode(nonsense), None);
        }
    }
}
