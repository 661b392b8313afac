//! Who follows which organisation's open requests for a supervisor in this process. All are read together, as the sets of
//! conversations are.

use super::hub::lock;
use onqueue_model::{AssistanceId, OrganisationId};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
};
use tokio::sync::Notify;

/// All who follow.
#[derive(Debug, Default)]
pub(crate) struct Helps(Mutex<HashMap<OrganisationId, Followed>>);

#[derive(Debug, Default)]
struct Followed {
    /// The open requests when all were read last; `None` if somebody may know others.
    last: Option<Vec<AssistanceId>>,
    followers: Vec<Weak<Notify>>,
}

impl Helps {
    /// Is told whenever the open requests of this organisation may have changed.
    pub fn follow(&self, organisation: OrganisationId) -> Arc<Notify> {
        let wake = Arc::new(Notify::new());
        let mut all = lock(&self.0);
        all.entry(organisation)
            .or_default()
            .followers
            .push(Arc::downgrade(&wake));
        wake
    }

    /// Wakes those who follow this organisation's.
    pub fn wake(&self, organisation: OrganisationId) {
        if let Some(followed) = lock(&self.0).get_mut(&organisation) {
            // Whatever they read now, the next comparison looks whether it is what there is.
            followed.last = None;
            followed.wake();
        }
    }

    /// Whose are followed.
    pub fn followed(&self) -> Vec<OrganisationId> {
        let mut all = lock(&self.0);
        all.retain(|_, followed| {
            followed.followers.retain(|follower| follower.strong_count() > 0);
            !followed.followers.is_empty()
        });
        all.keys().copied().collect()
    }

    /// Wakes those of whose organisation there are other open requests than when this was last called.
    pub fn compare(&self, organisations: &[OrganisationId], mut now: HashMap<OrganisationId, Vec<AssistanceId>>) {
        let mut all = lock(&self.0);
        for organisation in organisations {
            let Some(followed) = all.get_mut(organisation) else {
                continue;
            };
            let now = Some(now.remove(organisation).unwrap_or_default());
            if followed.last != now {
                followed.last = now;
                followed.wake();
            }
        }
    }
}

impl Followed {
    fn wake(&self) {
        for follower in self.followers.iter().filter_map(Weak::upgrade) {
            follower.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;
    use onqueue_model::Id;
    use uuid::Uuid;

    #[test]
    fn who_follows_is_woken_when_there_are_other_requests() {
        let id = |number| Uuid::from_u128(number);
        let (helps, organisation) = (Helps::default(), Id::new(id(9)));
        let follower = helps.follow(organisation);
        let woken = || follower.notified().now_or_never().is_some();
        let of = |open: &[u128]| HashMap::from([(organisation, open.iter().map(|one| Id::new(id(*one))).collect())]);
        for (now, expected) in [
            (of(&[]), true),
            (of(&[]), false),
            (of(&[5]), true),
            (of(&[5]), false),
            (HashMap::new(), true),
        ] {
            helps.compare(&helps.followed(), now.clone());
            assert_eq!(woken(), expected, "{now:?}");
        }
        helps.wake(organisation);
        assert!(woken());
        // They may have read what was there a moment before.
        helps.compare(&helps.followed(), HashMap::new());
        assert!(woken());
        drop(follower);
        assert_eq!(helps.followed(), []);
    }
}
