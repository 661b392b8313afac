//! Group commit: whatever waits goes into one transaction.

use futures::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    sync::Arc,
};
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
    place: u128,
    item: Item,
    answer: oneshot::Sender<Answer>,
    /// Given back when the item's batch is done.
    seat: OwnedSemaphorePermit,
}

impl<Item: Send + 'static, Answer: Send + 'static> Batcher<Item, Answer> {
    /// The batcher and its writer, which the caller runs as a task. It ends when every clone of the batcher is gone, after
    /// committing what waits. A batch holds at most `most` items, and so many batches are `at_once` under way; at most `room`
    /// items are in hand, those being committed included, then [`Batcher::submit`] waits too.
    pub fn new<C: Commit<Item, Answer>>(
        commit: Arc<C>,
        most: usize,
        at_once: usize,
        room: usize,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, waiting) = mpsc::channel(room);
        let seats = Arc::new(Semaphore::new(room));
        (Self { queue, seats, room }, run(commit, waiting, most, at_once.max(1)))
    }

    /// Whether nothing waits and nothing is being committed.
    pub fn is_idle(&self) -> bool {
        self.seats.available_permits() == self.room
    }

    /// Commits an item with whatever else waits. Items of one `place` (a conversation), which is in one `group` (an
    /// organisation), keep their order, and no two batches under way have items of the same; groups take turns, so that a
    /// busy one does not hold up the others. Dropping the future takes the item back only if its batch has not begun; whoever
    /// did so does not know.
    pub async fn submit(&self, group: u128, place: u128, item: Item) -> Result<Answer, Closed> {
        let seat = Arc::clone(&self.seats).acquire_owned().await.map_err(|_| Closed)?;
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            group,
            place,
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
    at_once: usize,
) {
    let (mut line, mut under_way) = (Line::default(), FuturesUnordered::new());
    loop {
        tokio::select! {
            Some(places) = under_way.next() => line.free(places),
            first = waiting.recv(), if under_way.len() < at_once => match first {
                Some(first) => line.sort_in(first),
                None if under_way.is_empty() => return,
                None => line.free(under_way.next().await.unwrap_or_default()),
            },
        }
        // Whoever is about to ask goes along: those of the last batch were just answered.
        tokio::task::yield_now().await;
        while let Ok(next) = waiting.try_recv() {
            line.sort_in(next);
        }
        while under_way.len() < at_once {
            let batch = line.take(most);
            if batch.is_empty() {
                break;
            }
            under_way.push(one(&*commit, batch));
        }
    }
}

/// Commits a batch and answers; then its places are free.
async fn one<Item, Answer, C: Commit<Item, Answer>>(commit: &C, batch: Vec<Waiting<Item, Answer>>) -> Vec<u128> {
    let places = batch.iter().map(|one| one.place).collect();
    let (items, callers): (Vec<_>, Vec<_>) = batch.into_iter().map(|one| (one.item, (one.answer, one.seat))).unzip();
    for (answer, (to, _seat)) in commit.commit(items).await.into_iter().zip(callers) {
        let _ = to.send(answer);
    }
    places
}

/// What waits.
struct Line<I, A> {
    groups: VecDeque<(u128, VecDeque<Waiting<I, A>>)>,
    /// The places that a batch under way has items of, each with those that are to come after it.
    taken: HashMap<u128, VecDeque<Waiting<I, A>>>,
}

impl<I, A> Default for Line<I, A> {
    fn default() -> Self {
        Self {
            groups: VecDeque::new(),
            taken: HashMap::new(),
        }
    }
}

impl<I, A> Line<I, A> {
    fn sort_in(&mut self, one: Waiting<I, A>) {
        self.queue(one.group).push_back(one);
    }

    fn queue(&mut self, group: u128) -> &mut VecDeque<Waiting<I, A>> {
        let at = self.groups.iter().position(|(of, _)| *of == group).unwrap_or_else(|| {
            self.groups.push_back((group, VecDeque::new()));
            self.groups.len() - 1
        });
        &mut self.groups[at].1
    }

    /// Takes round robin over the groups; who did not get everything in goes first next time. Items for whose answer nobody
    /// waits any more are left out; items of a place that is taken stand aside until it is free.
    fn take(&mut self, most: usize) -> Vec<Waiting<I, A>> {
        let mut batch = Vec::new();
        while batch.len() < most {
            let Some((group, mut queue)) = self.groups.pop_front() else {
                break;
            };
            while let Some(one) = queue.pop_front() {
                if one.answer.is_closed() {
                    continue;
                }
                match self.taken.get_mut(&one.place) {
                    Some(after) => after.push_back(one),
                    None => {
                        batch.push(one);
                        break;
                    }
                }
            }
            if !queue.is_empty() {
                self.groups.push_back((group, queue));
            }
        }
        for one in &batch {
            self.taken.entry(one.place).or_default();
        }
        batch
    }

    /// Whoever stood aside goes before those who came later.
    fn free(&mut self, places: Vec<u128>) {
        for place in places {
            for one in self.taken.remove(&place).unwrap_or_default().into_iter().rev() {
                self.queue(one.group).push_front(one);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A place of its own for each item below 100; above, the hundreds are the place.
    fn waiting(group: u128, item: u32) -> (Waiting<u32, ()>, oneshot::Receiver<()>) {
        let (answer, answered) = oneshot::channel();
        let seat = Arc::new(Semaphore::new(1)).try_acquire_owned().expect("a seat");
        let place = if item < 100 { item } else { item / 100 * 100 };
        let waiting = Waiting {
            group,
            place: place.into(),
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
        let (mut line, mut callers) = (Line::default(), Vec::new());
        for (group, item) in [(1, 10), (1, 11), (1, 12), (2, 20), (3, 30), (3, 31)] {
            let (waiting, caller) = waiting(group, item);
            line.sort_in(waiting);
            callers.push(caller);
        }
        assert_eq!(items(line.take(4)), [10, 20, 30, 11]);
        assert_eq!(items(line.take(4)), [31, 12]);
        assert_eq!(items(line.take(4)), [0_u32; 0]);
    }

    #[test]
    fn what_nobody_waits_for_is_left_out() {
        let (mut line, mut callers) = (Line::default(), Vec::new());
        for (group, item) in [(1, 10), (1, 11), (2, 20), (2, 21)] {
            let (waiting, caller) = waiting(group, item);
            line.sort_in(waiting);
            callers.push((item, caller));
        }
        callers.retain(|(item, _)| *item == 11);
        assert_eq!(items(line.take(4)), [11]);
        assert!(line.groups.is_empty());
    }

    #[test]
    fn no_two_batches_have_items_of_one_place_and_their_order_stays() {
        let (mut line, mut callers) = (Line::default(), Vec::new());
        for (group, item) in [(1, 100), (1, 101), (2, 200), (1, 102), (1, 10), (1, 103)] {
            let (waiting, caller) = waiting(group, item);
            line.sort_in(waiting);
            callers.push(caller);
        }
        assert_eq!(items(line.take(2)), [100, 200]);
        assert_eq!(items(line.take(2)), [10], "the others of 100 stand aside");
        assert_eq!(items(line.take(2)), [0_u32; 0]);
        let (later, caller) = waiting(1, 104);
        line.sort_in(later);
        callers.push(caller);
        line.free(vec![10, 200]);
        assert_eq!(items(line.take(2)), [0_u32; 0]);
        line.free(vec![100, 100]);
        assert_eq!(items(line.take(3)), [101, 102, 103]);
        line.free(vec![100]);
        assert_eq!(items(line.take(3)), [104]);
        line.free(vec![100]);
        assert!(line.groups.is_empty() && line.taken.is_empty());
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
        let (batcher, writer) = Batcher::new(Arc::clone(&gate), 1, 1, 2);
        let watched = batcher.clone();
        assert!(watched.is_idle());
        let mut work = Box::pin(async move {
            let callers =
                futures::future::join_all((0..5).map(|item| batcher.submit(u128::from(item), u128::from(item), item)));
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

    #[tokio::test]
    async fn what_comes_while_a_batch_is_under_way_goes_in_another_one() {
        let gate = Arc::new(Gate(Semaphore::new(0)));
        let (batcher, writer) = Batcher::new(Arc::clone(&gate), 1, 2, 8);
        let (mut writer, mut calls) = (Box::pin(writer), Vec::new());
        // The same place twice and another one.
        for (place, item) in [(7, 0), (7, 1), (8, 2)] {
            let batcher = batcher.clone();
            calls.push(Box::pin(async move { batcher.submit(1, place, item).await }));
        }
        let mut turn = async |permits| {
            gate.0.add_permits(permits);
            for _ in 0..8 {
                let _ = futures::poll!(&mut writer);
            }
        };
        for call in &mut calls {
            assert!(futures::poll!(call).is_pending());
        }
        turn(2).await;
        assert_eq!(futures::poll!(&mut calls[0]), std::task::Poll::Ready(Ok(0)));
        assert_eq!(futures::poll!(&mut calls[2]), std::task::Poll::Ready(Ok(2)));
        assert!(
            futures::poll!(&mut calls[1]).is_pending(),
            "it comes after the first of its place"
        );
        turn(1).await;
        assert_eq!(futures::poll!(&mut calls[1]), std::task::Poll::Ready(Ok(1)));
        assert!(batcher.is_idle());
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
        let (batcher, writer) = Batcher::new(Arc::new(Echo), 256, 1, 1_024);
        let close = async move {
            futures::future::join_all((0..100).map(|item| batcher.submit(u128::from(item % 3), u128::from(item), item)))
                .await
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
