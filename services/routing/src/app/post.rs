//! Reports between the commit that holds them and their delivery. The outbox has them all; what is handed over here saves reading
//! it, as long as nothing is left out.

use crate::store::Waiting;
use onqueue_model::{ConversationId, OrganisationId};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// How many reports are kept in memory, here and in lines, before they are left to the outbox.
const KEPT: usize = 50_000;

/// Whose reports go in order.
pub type Line = (OrganisationId, ConversationId);

/// Where the owner puts what it has committed.
#[derive(Debug)]
pub struct Post {
    /// `None` once something was left out.
    fresh: Mutex<Option<Vec<Waiting>>>,
    wake: Notify,
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
    pub fn put(&self, reports: impl ExactSizeIterator<Item = Waiting>) {
        let mut fresh = self.fresh();
        match fresh.as_mut().filter(|fresh| fresh.len() + reports.len() <= KEPT) {
            Some(fresh) => fresh.extend(reports),
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
    pub fn take(&self) -> Option<Vec<Waiting>> {
        self.fresh().replace(Vec::new())
    }

    /// Returns when there may be something to take.
    pub async fn notified(&self) {
        self.wake.notified().await;
    }

    fn fresh(&self) -> MutexGuard<'_, Option<Vec<Waiting>>> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What waits to be delivered, each conversation's in order.
#[derive(Debug, Default)]
pub struct Lines {
    lines: BTreeMap<Line, Queue>,
    /// Lines with something to deliver of which nothing is under way.
    ready: VecDeque<Line>,
    count: usize,
    /// Whether everything in the outbox is here, or under way.
    whole: bool,
}

#[derive(Debug, Default)]
struct Queue {
    reports: VecDeque<Waiting>,
    /// The place of the newest that was ever in it.
    newest: Option<i64>,
    busy: bool,
}

impl Lines {
    /// Adds those that are newer than what is here, in order of their places.
    pub fn add(&mut self, reports: Vec<Waiting>) {
        for report in reports {
            let line = report.line();
            let queue = self.lines.entry(line).or_default();
            if queue.newest.is_some_and(|newest| report.position <= newest) {
                continue;
            }
            if queue.reports.is_empty() && !queue.busy {
                self.ready.push_back(line);
            }
            queue.newest = Some(report.position);
            queue.reports.push_back(report);
            self.count += 1;
        }
    }

    /// All that waits in the next line, which is under way from now on.
    pub fn next_line(&mut self) -> Option<(Line, Vec<Waiting>)> {
        let line = self.ready.pop_front()?;
        let queue = self.lines.get_mut(&line)?;
        queue.busy = true;
        let reports = Vec::from(std::mem::take(&mut queue.reports));
        self.count -= reports.len();
        Some((line, reports))
    }

    /// What was under way has been delivered.
    pub fn done(&mut self, line: Line) {
        let Some(queue) = self.lines.get_mut(&line) else { return };
        queue.busy = false;
        if queue.reports.is_empty() {
            self.lines.remove(&line);
        } else {
            self.ready.push_back(line);
        }
    }

    /// What was under way has not been delivered: all of the line is to be read anew.
    pub fn lose(&mut self, line: Line) {
        let lost = self.lines.remove(&line);
        self.count -= lost.map_or(0, |queue| queue.reports.len());
        self.whole = false;
    }

    /// Whether there is no room at the moment. Who had none waits until there is room for many.
    pub const fn are_full(&self) -> bool {
        let room = if self.whole { KEPT } else { KEPT / 2 };
        self.count >= room
    }

    /// Whether nothing is in the outbox that is not here.
    pub const fn are_whole(&self) -> bool {
        self.whole
    }

    /// The outbox has been read, to its end or not.
    pub const fn be_whole(&mut self, whole: bool) {
        self.whole = whole;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_model::{Id, InteractionId};
    use uuid::Uuid;

    fn report(conversation: u128, position: i64) -> Waiting {
        Waiting {
            organisation: Id::new(Uuid::from_u128(1)),
            interaction: InteractionId {
                conversation: Id::new(Uuid::from_u128(conversation)),
                opening: 1,
            },
            position,
            traceparent: None,
            payload: Vec::new(),
        }
    }

    fn next(lines: &mut Lines) -> Option<(Line, Vec<i64>)> {
        let (line, reports) = lines.next_line()?;
        Some((line, reports.iter().map(|report| report.position).collect()))
    }

    #[test]
    fn one_conversations_reports_go_in_order_and_each_once() {
        let mut lines = Lines::default();
        let (one, two) = (report(1, 0).line(), report(2, 0).line());
        lines.add(vec![report(1, 1), report(1, 2), report(2, 1)]);
        assert_eq!(next(&mut lines), Some((one, vec![1, 2])));
        lines.add(vec![report(1, 1), report(1, 2), report(1, 3)]);
        assert_eq!(
            next(&mut lines),
            Some((two, vec![1])),
            "what is under way keeps its line"
        );
        assert_eq!(next(&mut lines), None);
        lines.done(one);
        assert_eq!(next(&mut lines), Some((one, vec![3])));
        lines.done(one);
        lines.done(two);
        assert_eq!((lines.lines.len(), lines.count), (0, 0));
    }

    #[test]
    fn what_could_not_be_delivered_is_read_anew() {
        let mut lines = Lines::default();
        lines.be_whole(true);
        lines.add(vec![report(1, 1)]);
        let (line, _) = lines.next_line().expect("one");
        lines.add(vec![report(1, 2)]);
        lines.lose(line);
        assert!(!lines.are_whole());
        assert_eq!(lines.next_line(), None);
        lines.add(vec![report(1, 1), report(1, 2)]);
        assert_eq!(next(&mut lines), Some((line, vec![1, 2])));
    }

    #[test]
    fn who_puts_too_much_leaves_it_to_the_outbox() {
        let post = Post::new();
        assert_eq!(post.take(), None, "what was there before is in the outbox");
        post.put([report(1, 1)].into_iter());
        assert_eq!(post.take(), Some(vec![report(1, 1)]));
        assert_eq!(post.take(), Some(vec![]));
        post.put(vec![report(1, 2); KEPT].into_iter());
        post.put([report(1, 3)].into_iter());
        assert_eq!(post.take(), None);
        post.look();
        post.put([report(1, 4)].into_iter());
        assert_eq!(post.take(), None, "what comes later does not make it whole");
    }
}
