//! Cutting what is sent of the bundle into messages of a size that everybody takes, and putting it together again.

use onqueue_model::Fault;
use onqueue_proto::auth::v1::TrustBundle;
use prost::Message;

/// How many bytes one part has at most, unless a single deployment has more.
const LARGEST: usize = 1_000_000;

/// What a field takes beside its message: its number and length.
const FRAME: usize = 6;

/// How many parts are put together at most. Auth is our own: this guards against a mistake, not against an enemy.
const MOST: usize = 1_024;

/// Cuts it into parts below 1 MiB, in order; there is at least one.
pub fn parts(whole: TrustBundle) -> Vec<TrustBundle> {
    let mut cut = Cut {
        room: LARGEST,
        parts: vec![TrustBundle {
            revision: whole.revision,
            since: whole.since,
            ..TrustBundle::default()
        }],
    };
    for id in whole.changed_organisation_ids {
        cut.part(id.len()).changed_organisation_ids.push(id);
    }
    for key in whole.keys {
        cut.part(key.encoded_len()).keys.push(key);
    }
    for revoked in whole.revoked {
        cut.part(revoked.encoded_len()).revoked.push(revoked);
    }
    for grant in whole.grants {
        cut.part(grant.encoded_len()).grants.push(grant);
    }
    for deployment in whole.deployments {
        cut.part(deployment.encoded_len()).deployments.push(deployment);
    }
    cut.parts
}

struct Cut {
    parts: Vec<TrustBundle>,
    /// Of the last part.
    room: usize,
}

impl Cut {
    /// The part that takes something of that size.
    fn part(&mut self, size: usize) -> &mut TrustBundle {
        let size = size + FRAME;
        let last = self.parts.len() - 1;
        if size > self.room && self.room < LARGEST {
            let next = TrustBundle {
                revision: self.parts[last].revision,
                since: self.parts[last].since,
                ..TrustBundle::default()
            };
            self.parts.push(next);
            self.room = LARGEST;
        }
        self.room = self.room.saturating_sub(size);
        let last = self.parts.len() - 1;
        &mut self.parts[last]
    }
}

/// Parts that have come so far.
#[derive(Default)]
pub struct Parts {
    count: usize,
    whole: Option<TrustBundle>,
}

impl Parts {
    /// Adds one; answers everything with the last.
    pub fn add(&mut self, part: TrustBundle, more: bool) -> Result<Option<TrustBundle>, Fault> {
        self.count += 1;
        let whole = match self.whole.take() {
            None => part,
            Some(whole) => join(whole, part)?,
        };
        if !more {
            *self = Self::default();
            return Ok(Some(whole));
        }
        if self.count >= MOST {
            return Err(Fault::internal("the trust bundle has no end"));
        }
        self.whole = Some(whole);
        Ok(None)
    }

    /// Whether nothing is missing.
    pub const fn is_complete(&self) -> bool {
        self.whole.is_none()
    }
}

fn join(mut whole: TrustBundle, part: TrustBundle) -> Result<TrustBundle, Fault> {
    if (whole.revision, whole.since) != (part.revision, part.since) {
        return Err(Fault::internal("the trust bundle's parts do not belong together"));
    }
    whole.keys.extend(part.keys);
    whole.revoked.extend(part.revoked);
    whole.grants.extend(part.grants);
    whole.deployments.extend(part.deployments);
    whole.changed_organisation_ids.extend(part.changed_organisation_ids);
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_proto::auth::v1::{RevokedToken, TrustDeployment, TrustGrant, TrustKey};

    fn large() -> TrustBundle {
        let text = |number: usize, length: usize| format!("{number}{}", "x".repeat(length));
        TrustBundle {
            revision: 7,
            since: Some(3),
            keys: vec![TrustKey::default(); 3],
            revoked: (0..100)
                .map(|number| RevokedToken {
                    token_id: text(number, 36),
                    expires_at: None,
                })
                .collect(),
            grants: (0..30_000)
                .map(|number| TrustGrant {
                    organisation_id: text(number, 36),
                    subject_id: text(number, 36),
                    division_id: text(number, 36),
                    permission: "routing:queue:view".to_owned(),
                })
                .collect(),
            deployments: [10, 3_000_000, 10, 999_000, 2_000]
                .map(|length| TrustDeployment {
                    name: text(1, length),
                    ..TrustDeployment::default()
                })
                .to_vec(),
            changed_organisation_ids: (0..100).map(|number| text(number, 36)).collect(),
        }
    }

    #[test]
    fn parts_are_small_and_make_the_whole_again() {
        let sent = parts(large());
        let too_large: Vec<_> = sent.iter().filter(|part| part.encoded_len() >= 1 << 20).collect();
        assert_eq!(too_large.len(), 1, "only the deployment that is too large by itself");
        assert_eq!(too_large[0].deployments.len(), 1);
        assert!(sent.len() < 12, "{}", sent.len());
        let (last, first) = sent.split_last().expect("at least one");
        let mut received = Parts::default();
        for part in first {
            assert_eq!(received.add(part.clone(), true), Ok(None));
            assert!(!received.is_complete());
        }
        assert_eq!(received.add(last.clone(), false), Ok(Some(large())));
        assert!(received.is_complete());
        assert_eq!(parts(TrustBundle::default()), [TrustBundle::default()]);
    }

    #[test]
    fn what_does_not_belong_together_or_has_no_end_is_not_believed() {
        let mut received = Parts::default();
        assert!(received.add(large(), true).is_ok());
        assert!(received.add(TrustBundle::default(), false).is_err());
        let mut received = Parts::default();
        assert!((0..MOST).any(|_| received.add(TrustBundle::default(), true).is_err()));
    }
}
