//! Reports between the commit that holds them and their delivery. The outbox has them all; what is handed over here saves reading
//! it, as long as nothing is left out.

use super::report::Pack;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// How many reports are kept in memory, here and in lines, before they are left to the outbox.
pub const KEPT: usize = 50_000;

/// Where the owner puts what it has committed.
#[derive(Debug)]
pub struct Post {
    /// `None` once something was left out.
    fresh: Mutex<Option<Fresh>>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct Fresh {
    packs: Vec<Pack>,
    reports: usize,
}

impl Post {
    /// Nothing is known of what the outbox holds.
    pub fn new() -> Self {
        Self {
            fresh: Mutex::new(None),
            wake: Notify::new(),
        }
    }

    /// These were committed, after all that was put before.
    pub fn put(&self, packs: Vec<Pack>) {
        let more: usize = packs.iter().map(|pack| pack.reports.len()).sum();
        let mut fresh = self.fresh();
        match fresh.as_mut().filter(|fresh| fresh.reports + more <= KEPT) {
            Some(fresh) => {
                fresh.packs.extend(packs);
                fresh.reports += more;
            }
            None => *fresh = None,
        }
        drop(fresh);
        self.wake.notify_one();
    }

    /// The outbox may hold what was not put here.
    pub fn look(&self) {
        *self.fresh() = None;
        self.wake.notify_one();
    }

    /// What was put since the last time; `None` if that is not all.
    pub fn take(&self) -> Option<Vec<Pack>> {
        self.fresh().replace(Fresh::default()).map(|fresh| fresh.packs)
    }

    /// Returns when there may be something to take.
    pub async fn notified(&self) {
        self.wake.notified().await;
    }

    fn fresh(&self) -> MutexGuard<'_, Option<Fresh>> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::lines::samples::pack;
    use super::*;

    fn places(packs: Option<Vec<Pack>>) -> Option<Vec<usize>> {
        packs.map(|packs| packs.iter().map(|pack| pack.reports.len()).collect())
    }

    #[test]
    fn who_puts_too_much_leaves_it_to_the_outbox() {
        let post = Post::new();
        assert_eq!(places(post.take()), None, "what was there before is in the outbox");
        post.put(vec![pack(1, &[1])]);
        assert_eq!(places(post.take()), Some(vec![1]));
        assert_eq!(places(post.take()), Some(vec![]));
        post.put(vec![pack(2, &vec![1; KEPT])]);
        post.put(vec![pack(3, &[1])]);
        assert_eq!(places(post.take()), None);
        post.look();
        post.put(vec![pack(4, &[1])]);
        assert_eq!(places(post.take()), None, "what comes later does not make it whole");
    }

    #[test]
    fn who_waits_is_let_go_when_it_is_left_to_the_outbox() {
        let post = Post::new();
        let _ = post.take();
        let (told, mut waits) = tokio::sync::oneshot::channel();
        let mut one = pack(1, &[1]);
        one.reports[0].told = Some(told);
        post.put(vec![one]);
        assert!(
            waits
                .try_recv()
                .is_err_and(|error| error == tokio::sync::oneshot::error::TryRecvError::Empty)
        );
        post.look();
        assert!(
            waits
                .try_recv()
                .is_err_and(|error| error == tokio::sync::oneshot::error::TryRecvError::Closed)
        );
    }
}
