//! Frames of streams that hold nothing while nobody reads them.

use futures::{Stream, StreamExt as _, stream::BoxStream};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

/// The same frames, each of which is looked for only when the one before it was taken over for sending.
///
/// What encodes a response asks for frames until there is none at once, and then has those sent that it has. If whoever reads
/// them is slow, nobody asks again for long, and what the stream had begun by then, such as reading the database, rests
/// half done and keeps its connection from all others.
pub fn paced<S>(frames: S) -> BoxStream<'static, S::Item>
where
    S: Stream + Send + 'static,
{
    let frames = Box::pin(frames);
    Paced { frames, waits: false }.boxed()
}

struct Paced<S> {
    frames: Pin<Box<S>>,
    /// Whether the last frame may not have been taken over yet.
    waits: bool,
}

impl<S: Stream> Stream for Paced<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        if std::mem::take(&mut self.waits) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let next = ready!(self.frames.as_mut().poll_next(cx));
        self.waits = next.is_some();
        Poll::Ready(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{FutureExt as _, stream};
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    #[tokio::test]
    async fn the_next_frame_is_looked_for_when_the_last_one_is_gone() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let frames = stream::iter(0..3).inspect(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let mut paced = paced(frames);
        for number in 0..3 {
            assert_eq!(paced.next().await, Some(number));
            assert_eq!(paced.next().now_or_never(), None);
            assert_eq!(asked.load(Ordering::Relaxed), number + 1);
        }
        assert_eq!(paced.next().await, None);
    }
}
