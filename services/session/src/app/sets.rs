//! Who follows the sets of open conversations of which users in this process. All sets are read together, so that a
//! thousand agents' streams on which nothing happens cost one statement and not a thousand.

use super::hub::lock;
use onqueue_model::{ConversationId, OrganisationId, UserId};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, Weak},
};
use tokio::sync::Notify;

/// Conversations in which a user takes part.
pub(crate) type Set = BTreeSet<ConversationId>;

/// All followed sets.
#[derive(Debug, Default)]
pub(crate) struct Sets(Mutex<HashMap<UserId, Followed>>);

#[derive(Debug)]
struct Followed {
    organisation: OrganisationId,
    /// As it was when all were read last; `None` if a follower knows another.
    last: Option<Set>,
    followers: Vec<Weak<Notify>>,
}

impl Sets {
    /// Is told whenever the set of this user may have changed.
    pub fn follow(&self, organisation: OrganisationId, user: UserId) -> Arc<Notify> {
        let wake = Arc::new(Notify::new());
        let mut all = lock(&self.0);
        let set = all.entry(user).or_insert_with(|| Followed {
            organisation,
            last: None,
            followers: Vec::new(),
        });
        set.followers.push(Arc::downgrade(&wake));
        wake
    }

    /// Wakes those who follow the sets of these users.
    pub fn wake(&self, users: &[UserId]) {
        let all = lock(&self.0);
        users.iter().filter_map(|user| all.get(user)).for_each(Followed::wake);
    }

    /// Whose sets are followed.
    pub fn followed(&self) -> Vec<(OrganisationId, UserId)> {
        let mut all = lock(&self.0);
        all.retain(|_, set| {
            set.followers.retain(|follower| follower.strong_count() > 0);
            !set.followers.is_empty()
        });
        all.iter().map(|(user, set)| (set.organisation, *user)).collect()
    }

    /// A follower has read this. Where that is not what was compared last, the next comparison wakes: the set may be again
    /// by then what it was before.
    pub fn read(&self, user: UserId, set: &Set) {
        let mut all = lock(&self.0);
        if let Some(followed) = all
            .get_mut(&user)
            .filter(|followed| followed.last.as_ref() != Some(set))
        {
            followed.last = None;
        }
    }

    /// Wakes those whose set is not what it was when this was last called, or not what they have read since.
    pub fn compare(&self, users: &[(OrganisationId, UserId)], mut now: HashMap<UserId, Set>) {
        let mut all = lock(&self.0);
        for (_, user) in users {
            let Some(set) = all.get_mut(user) else { continue };
            let now = Some(now.remove(user).unwrap_or_default());
            if set.last != now {
                set.last = now;
                set.wake();
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
    fn who_follows_is_woken_when_the_set_is_another() {
        let id = |number| Uuid::from_u128(number);
        let (sets, user) = (Sets::default(), Id::new(id(1)));
        let follower = sets.follow(Id::new(id(9)), user);
        let woken = || follower.notified().now_or_never().is_some();
        let of = |set: &[u128]| HashMap::from([(user, set.iter().map(|one| Id::new(id(*one))).collect())]);
        for (now, expected) in [
            (of(&[]), true),
            (of(&[]), false),
            (of(&[5]), true),
            (of(&[5]), false),
            (of(&[6]), true),
            (HashMap::new(), true),
            (HashMap::new(), false),
        ] {
            sets.compare(&sets.followed(), now.clone());
            assert_eq!(woken(), expected, "{now:?}");
        }
        sets.wake(&[user]);
        assert!(woken());
        sets.read(user, &Set::new());
        sets.compare(&sets.followed(), HashMap::new());
        assert!(!woken());
        // It came, was seen, and went before the next comparison.
        sets.read(user, &Set::from([Id::new(id(7))]));
        sets.compare(&sets.followed(), HashMap::new());
        assert!(woken());
        drop(follower);
        assert_eq!(sets.followed(), []);
    }
}
