//! Background work: started in one place, told to stop, waited for. A task that panics is a defect that ends the process
//! in order, not a silence.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument as _;

/// Starts tasks and ends them. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    drain: CancellationToken,
    failed: CancellationToken,
    running: Arc<Mutex<BTreeMap<&'static str, usize>>>,
}

impl Tasks {
    /// No tasks yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task. It should end soon after [`Tasks::draining`]; what does not is dropped at the hard deadline.
    #[allow(clippy::disallowed_methods)]
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let running = Running::new(&self.running, name);
        let task = self.guarded(name, task);
        self.tracker.spawn(async move {
            let _running = running;
            task.await;
        });
    }

    /// Starts a task for which nobody waits at the end, such as a connection that others need for their own end. It runs
    /// until it ends by itself or the process does; a panic of it is a defect all the same.
    #[allow(clippy::disallowed_methods)]
    pub fn aside<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        tokio::spawn(self.guarded(name, task));
    }

    fn guarded<F>(&self, name: &'static str, task: F) -> impl Future<Output = ()> + Send + 'static
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let failed = Guard(self.failed.clone(), name);
        // In a box: each future around it would hold its room once more.
        let task = Box::pin(task);
        // Not for export: whatever a task does while the process runs would be one trace.
        let span = tracing::debug_span!(parent: None, "task", name);
        async move {
            let guard = failed;
            task.await;
            std::mem::forget(guard);
        }
        .instrument(span)
    }

    /// Returns when the process is to end.
    pub async fn draining(&self) {
        self.drain.cancelled().await;
    }

    /// The token that [`Tasks::draining`] waits for.
    pub const fn drain_token(&self) -> &CancellationToken {
        &self.drain
    }

    /// Tells every task to end.
    pub fn drain(&self) {
        self.drain.cancel();
    }

    /// Returns when a task has panicked.
    pub async fn failed(&self) {
        self.failed.cancelled().await;
    }

    /// Waits for every task to end, at most that long. Answers whether all did; the log names those that did not.
    pub async fn finish(&self, within: Duration) -> bool {
        self.drain.cancel();
        self.tracker.close();
        let in_time = tokio::time::timeout(within, self.tracker.wait()).await.is_ok();
        if !in_time {
            tracing::warn!(tasks = ?self.running(), "these tasks have not ended and are cut");
        }
        in_time
    }

    /// How many tasks of each name run that are waited for.
    fn running(&self) -> BTreeMap<&'static str, usize> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One task that runs, by its name.
struct Running {
    all: Arc<Mutex<BTreeMap<&'static str, usize>>>,
    name: &'static str,
}

impl Running {
    fn new(all: &Arc<Mutex<BTreeMap<&'static str, usize>>>, name: &'static str) -> Self {
        *all.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(name)
            .or_default() += 1;
        Self {
            all: Arc::clone(all),
            name,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(self.name) {
            *count -= 1;
            if *count == 0 {
                all.remove(self.name);
            }
        }
    }
}

/// Dropped before its task is done: the task panicked, or the runtime is going down.
struct Guard(CancellationToken, &'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(task = self.1, "task panicked");
            self.0.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_waits_for_what_is_aside_but_its_panic_counts() {
        let tasks = Tasks::new();
        tasks.aside("for ever", std::future::pending());
        assert!(tasks.finish(Duration::from_secs(10)).await, "nobody waits for it");
        tasks.aside("defect", async { panic!("expected by a test") });
        let failed = tokio::time::timeout(Duration::from_secs(10), tasks.failed()).await;
        failed.expect("its panic is told");
    }

    #[tokio::test]
    async fn what_did_not_end_in_time_is_known_by_its_name() {
        let tasks = Tasks::new();
        tasks.spawn("short", async {});
        for _ in 0..2 {
            tasks.spawn("for ever", std::future::pending());
        }
        assert!(!tasks.finish(Duration::from_millis(50)).await);
        assert_eq!(tasks.running(), BTreeMap::from([("for ever", 2)]));
    }
}
