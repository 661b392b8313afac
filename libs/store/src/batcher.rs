//! Group commit: whatever waits goes into one transaction.

use futures::future::BoxFuture;
use std::{collections::VecDeque, future::Future, sync::Arc};
use tokio::sync::{mpsc, oneshot};

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
}

impl<Item, Answer> Clone for Batcher<Item, Answer> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
        }
    }
}

#[derive(Debug)]
struct Waiting<Item, Answer> {
    group: u128,
    item: Item,
    answer: oneshot::Sender<Answer>,
}

impl<Item: Send + 'static, Answer: Send + 'static> Batcher<Item, Answer> {
    /// The batcher and its writer, which the caller runs as a task. It ends when every clone of the batcher is gone, after
    /// committing what waits. A batch holds at most `most` items; at most `room` wait, then [`Batcher::submit`] waits too.
    pub fn new<C: Commit<Item, Answer>>(
        commit: Arc<C>,
        most: usize,
        room: usize,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, waiting) = mpsc::channel(room);
        (Self { queue }, run(commit, waiting, most))
    }

    /// Commits an item with whatever else waits. Items of one `group` (an organisation) keep their order; groups take
    /// turns, so that a busy one does not hold up the others. Dropping the future does not take the item back.
    pub async fn submit(&self, group: u128, item: Item) -> Result<Answer, Closed> {
        let (answer, answered) = oneshot::channel();
        self.queue
            .send(Waiting { group, item, answer })
            .await
            .map_err(|_| Closed)?;
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
        let (items, answers): (Vec<_>, Vec<_>) = take(&mut groups, most)
            .into_iter()
            .map(|one| (one.item, one.answer))
            .unzip();
        for (answer, to) in commit.commit(items).await.into_iter().zip(answers) {
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

/// Takes round robin over the groups; who did not get everything in goes first next time.
fn take<I, A>(groups: &mut VecDeque<(u128, VecDeque<Waiting<I, A>>)>, most: usize) -> Vec<Waiting<I, A>> {
    let mut batch = Vec::new();
    while batch.len() < most {
        let Some((group, mut queue)) = groups.pop_front() else {
            break;
        };
        batch.extend(queue.pop_front());
        if !queue.is_empty() {
            groups.push_back((group, queue));
        }
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(group: u128, item: u32) -> Waiting<u32, ()> {
        Waiting {
            group,
            item,
            answer: oneshot::channel().0,
        }
    }

    #[test]
    fn groups_take_turns_and_keep_their_order() {
        let mut groups = VecDeque::new();
        for (group, item) in [(1, 10), (1, 11), (1, 12), (2, 20), (3, 30), (3, 31)] {
            sort_in(&mut groups, waiting(group, item));
        }
        let items = |batch: Vec<Waiting<u32, ()>>| batch.into_iter().map(|one| one.item).collect::<Vec<_>>();
        assert_eq!(items(take(&mut groups, 4)), [10, 20, 30, 11]);
        assert_eq!(items(take(&mut groups, 4)), [31, 12]);
        assert_eq!(items(take(&mut groups, 4)), [0_u32; 0]);
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
