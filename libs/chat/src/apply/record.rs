//! What is noted of a conversation, and what is taken out of its log.

use super::{Erasure, Log};
use crate::{Body, Changes, Refusal, Sender, Target, Visibility};
use onqueue_model::UserId;
use std::sync::Arc;

impl Log<'_> {
    /// What is so already leaves no trace.
    pub(super) fn set_attributes(&mut self, by: Option<Sender>, changes: Changes) -> Result<(), Refusal> {
        let participant = by.and_then(|by| self.head.party(by));
        let (attributes, keys) = changes.apply(&self.head.attributes)?;
        if keys.is_empty() {
            return Ok(());
        }
        self.head.attributes = Arc::new(attributes);
        self.append(participant, Body::AttributesSet { keys });
        Ok(())
    }

    /// Whoever saw it sees that it was removed.
    pub(super) fn redact(&mut self, target: Target, by: Option<UserId>, reason: String) -> Result<(), Refusal> {
        if !target.kind.is_said() {
            return Err(Refusal::NotRedactable);
        }
        self.remove(&target);
        self.append(
            None,
            Body::MessageRedacted {
                event: Some(target.event),
                by,
                reason,
                seen_by: target.visibility,
            },
        );
        Ok(())
    }

    pub(super) fn erase(&mut self, targets: &[Target], by: Option<UserId>, reason: String) {
        for target in targets.iter().filter(|target| target.kind.is_personal()) {
            self.remove(target);
        }
        self.head.attributes = Arc::default();
        self.append(
            None,
            Body::MessageRedacted {
                event: None,
                by,
                reason,
                seen_by: Visibility::Everyone,
            },
        );
    }

    fn remove(&mut self, target: &Target) {
        self.erased.push(Erasure {
            sequence: target.sequence,
            part: target.part,
        });
    }
}
