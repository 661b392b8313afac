//! Group commit: whatever waits goes into one transaction.

use futures::future::BoxFuture;
use std::{collections::VecDeque, future::Future, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// Commits one batch: as many answers as items, in their order.
pub trait Commit<Item, Answer>: Send + Sync + 'static {
    /// Commits the items together. Each answer, refusals included, is its item's own.
    fn commit(&self, items: Vec<Item>) -> BoxFuture<'_, Vec<Answer>>;
}

/// The batcher has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopping")]
pub struct Closed;

/// Hands items to a writer that commits everything waiting at once. No timer delays a lone item.
#[derive(Debug)]
pub struct Batcher<Item, Answer> {
    queue: mpsc::Sender<Waiting<Item, Answer>>,
    /// A seat for each item that may be in hand, wherever it waits.
    seats: Arc<Semaphore>,
    room: usize,
}

impl<Item, Answer> Clone for Batcher<Item, Answer> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            seats: Arc::clone(&self.seats),
            room: self.room,
        }
    }
}

#[derive(Debug)]
struct Waiting<Item, Answer> {
    group: u128,
    item: Item,
    answer: oneshot::Sender<Answer>,
    /// Given back when the item's batch is done.
    seat: OwnedSemaphorePermit,
}

impl<Item: Send + 'static, Answer: Send + 'static> Batcher<Item, Answer> {
    /// The batcher and its writer, which the caller runs as a task. It ends when every clone of the batcher is gone, after
    /// committing what waits. A batch holds at most `most` items; at most `room` are in hand, those being committed
    /// included, then [`Batcher::submit`] waits too.
    pub fn new<C: Commit<Item, Answer>>(
        commit: Arc<C>,
        most: usize,
        room: usize,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, waiting) = mpsc::channel(room);
        let seats = Arc::new(Semaphore::new(room));
        (Self { queue, seats, room }, run(commit, waiting, most))
    }

    /// Whether nothing waits and nothing is being committed.
    pub fn is_idle(&self) -> bool {
        self.seats.available_permits() == self.room
    }

    /// Commits an item with whatever else waits. Items of one `group` (an organisation) keep their order; groups take
    /// turns, so that a busy one does not hold up the others. Dropping the future takes the item back only if its batch has
    /// not begun; whoever did so does not know.
    pub async fn submit(&self, group: u128, item: Item) -> Result<Answer, Closed> {
        let seat = Arc::clone(&self.seats).acquire_owned().await.map_err(|_| Closed)?;
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            group,
            item,
            answer,
            seat,
        };
        // Who has a seat finds a place: there are as many of both, and places are given back first.
        self.queue.try_send(waiting).map_err(|_| Closed)?;
        answered.await.map_err(|_| Closed)
    }
}

async fn run<Item: Send, Answer: Send, C: Commit<Item, Answer>>(
    commit: Arc<C>,
    mut waiting: mpsc::Receiver<Waiting<Item, Answer>>,
    most: usize,
) {
    let mut groups: VecDeque<(u128, VecDeque<Waiting<Item, Answer>>)> = VecDeque::new();
    loop {
        if groups.is_empty() {
            let Some(first) = waiting.recv().await else { return };
            sort_in(&mut groups, first);
        }
        while let Ok(next) = waiting.try_recv() {
            sort_in(&mut groups, next);
        }
        let (items, callers): (Vec<_>, Vec<_>) = take(&mut groups, most)
            .into_iter()
            .map(|one| (one.item, (one.answer, one.seat)))
            .unzip();
        if items.is_empty() {
            continue;
        }
        for (answer, (to, _seat)) in commit.commit(items).await.into_iter().zip(callers) {
            let _ = to.send(answer);
        }
    }
}

fn sort_in<I, A>(groups: &mut VecDeque<(u128, VecDeque<Waiting<I, A>>)>, one: Waiting<I, A>) {
    match groups.iter_mut().find(|(group, _)| *group == one.group) {
        Some((_, queue)) => queue.push_back(one),
        None => groups.push_back((one.group, VecDeque::from([one]))),
    }
}

/// Takes round robin over the groups; who did not get everything in goes first next time. Items for whose answer nobody
/// waits any more are left out.
fn take<I, A>(groups: &mut VecDeque<(u128, VecDeque<Waiting<I, A>>)>, most: usize) -> Vec<Waiting<I, A>> {
    let mut batch = Vec::new();
    while batch.len() < most {
        let Some((group, mut queue)) = groups.pop_front() else {
            break;
        };
        while let Some(one) = queue.pop_front() {
            if !one.answer.is_closed() {
                batch.push(one);
                break;
            }
        }
        if !queue.is_empty() {
            groups.push_back((group, queue));
        }
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(group: u128, item: u32) -> (Waiting<u32, ()>, oneshot::Receiver<()>) {
        let (answer, answered) = oneshot::channel();
        let seat = Arc::new(Semaphore::new(1)).try_acquire_owned().expect("a seat");
        let waiting = Waiting {
            group,
            item,
            answer,
            seat,
        };
        (waiting, answered)
    }

    fn items(batch: Vec<Waiting<u32, ()>>) -> Vec<u32> {
        batch.into_iter().map(|one| one.item).collect()
    }

    #[test]
    fn groups_take_turns_and_keep_their_order() {
        let (mut groups, mut callers) = (VecDeque::new(), Vec::new());
        for (group, item) in [(1, 10), (1, 11), (1, 12), (2, 20), (3, 30), (3, 31)] {
            let (waiting, caller) = waiting(group, item);
            sort_in(&mut groups, waiting);
            callers.push(caller);
        }
        assert_eq!(items(take(&mut groups, 4)), [10, 20, 30, 11]);
        assert_eq!(items(take(&mut groups, 4)), [31, 12]);
        assert_eq!(items(take(&mut groups, 4)), [0_u32; 0]);
    }

    #[test]
    fn what_nobody_waits_for_is_left_out() {
        let (mut groups, mut callers) = (VecDeque::new(), Vec::new());
        for (group, item) in [(1, 10), (1, 11), (2, 20), (2, 21)] {
            let (waiting, caller) = waiting(group, item);
            sort_in(&mut groups, waiting);
            callers.push((item, caller));
        }
        callers.retain(|(item, _)| *item == 11);
        assert_eq!(items(take(&mut groups, 4)), [11]);
        assert!(groups.is_empty());
    }

    /// Commits when it is let, and says how many it was handed.
    struct Gate(Semaphore);
    impl Commit<u32, u32> for Gate {
        fn commit(&self, items: Vec<u32>) -> BoxFuture<'_, Vec<u32>> {
            Box::pin(async move {
                self.0.acquire().await.expect("open").forget();
                items
            })
        }
    }

    #[tokio::test]
    async fn no_more_than_there_is_room_for_are_in_hand() {
        let gate = Arc::new(Gate(Semaphore::new(0)));
        let (batcher, writer) = Batcher::new(Arc::clone(&gate), 1, 2);
        let watched = batcher.clone();
        assert!(watched.is_idle());
        let mut work = Box::pin(async move {
            let callers = futures::future::join_all((0..5).map(|item| batcher.submit(u128::from(item), item)));
            let answers = callers.await;
            drop(batcher);
            answers
        });
        let mut writer = Box::pin(writer);
        // Two rounds each: the first item is being committed, the second has a seat, three stand.
        for _ in 0..2 {
            assert!(futures::poll!(&mut work).is_pending());
            assert!(futures::poll!(&mut writer).is_pending());
        }
        assert_eq!(watched.seats.available_permits(), 0);
        gate.0.add_permits(1);
        assert!(futures::poll!(&mut writer).is_pending());
        assert!(!watched.is_idle(), "the second is being committed");
        gate.0.add_permits(4);
        let done = async {
            let answers = work.await;
            assert!(watched.is_idle());
            drop(watched);
            answers
        };
        let (answers, ()) = tokio::join!(done, writer);
        let answers: Vec<u32> = answers.into_iter().map(|answer| answer.expect("open")).collect();
        assert_eq!(answers, [0, 1, 2, 3, 4]);
    }

    struct Echo;
    impl Commit<u32, (u32, usize)> for Echo {
        fn commit(&self, items: Vec<u32>) -> BoxFuture<'_, Vec<(u32, usize)>> {
            let together = items.len();
            Box::pin(async move { items.into_iter().map(|item| (item, together)).collect() })
        }
    }

    #[tokio::test]
    async fn what_waits_goes_together_and_each_gets_its_answer() {
        let (batcher, writer) = Batcher::new(Arc::new(Echo), 256, 1_024);
        let close = async move {
            futures::future::join_all((0..100).map(|item| batcher.submit(u128::from(item % 3), item))).await
        };
        let (answers, ()) = tokio::join!(close, writer);
        let answers: Vec<_> = answers.into_iter().map(|answer| answer.expect("open")).collect();
        assert_eq!(
            answers.iter().map(|(item, _)| *item).collect::<Vec<_>>(),
            (0..100).collect::<Vec<_>>()
        );
        assert!(answers.iter().any(|(_, together)| *together == 100), "{answers:?}");
    }
}
