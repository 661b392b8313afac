//! What is not kept for ever: who used what where, counters that are at nothing, and imports. Every replica does it, and
//! none twice.

use super::Content;
use onqueue_model::Timestamp;
use onqueue_store::StoreError;
use std::time::Duration;

/// How often, by the clock.
const EVERY: Duration = Duration::from_secs(3_600);

/// After a failure.
const SOON: Duration = Duration::from_secs(60);

/// For how long an import waits for its parts, and a counter at nothing for everybody to have seen it so.
const DAY: Duration = Duration::from_secs(24 * 3_600);

impl Content {
    /// For ever; for a task.
    pub async fn keep_up(&self, uses_kept: Duration) {
        let clock = &self.0.context.clock;
        loop {
            let pause = match self.clean(clock.now(), uses_kept).await {
                Ok(()) => EVERY,
                Err(error) => {
                    tracing::warn!(%error, "old uses of responses could not be forgotten; it is tried again");
                    SOON
                }
            };
            clock.sleep(pause).await;
        }
    }

    async fn clean(&self, now: Timestamp, uses_kept: Duration) -> Result<(), StoreError> {
        let (tables, before, a_day_ago) = (&self.0.tables, ago(now, uses_kept), ago(now, DAY));
        while tables.forget_uses(before, now).await? {}
        tables.forget_counters(a_day_ago).await?;
        while tables.forget_imports(a_day_ago, before).await? {}
        Ok(())
    }
}

fn ago(now: Timestamp, time: Duration) -> Timestamp {
    Timestamp(now.millis() - i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}
