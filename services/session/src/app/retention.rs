//! Erases transcripts whose queue's retention has passed. Every replica does, a few at a time; what one has in hand the others
//! leave to it.

use super::App;
use crate::store::retention::{self, Progress, Rule};
use onqueue_model::{Caller, Fault, permissions};
use onqueue_telemetry::metrics;
use std::time::Duration;

/// How often it looks, by the clock.
const EVERY: Duration = Duration::from_secs(60);

/// How often the clock is asked.
const TICK: Duration = Duration::from_secs(1);

/// How long it leaves the database to others after each few.
const PAUSE: Duration = Duration::from_millis(50);

impl App {
    /// Keeps retention for ever; for a task.
    pub async fn retain(&self) {
        let mut last = None;
        loop {
            let now = self.context.clock.now();
            if last.is_none_or(|last| now < last || now.since(last) >= EVERY) {
                last = Some(now);
                if let Err(fault) = self.retain_once().await {
                    tracing::warn!(%fault, context = fault.context, "retention is behind; it is tried again");
                }
            }
            tokio::time::sleep(TICK).await;
        }
    }

    async fn retain_once(&self) -> Result<(), Fault> {
        for rule in retention::rules(&self.store).await? {
            self.keep(&rule).await?;
        }
        Ok(())
    }

    async fn keep(&self, rule: &Rule) -> Result<(), Fault> {
        let mut erased = 0_u64;
        loop {
            let some = retention::erase_some(&self.store, rule, self.context.clock.now()).await?;
            if some.is_empty() {
                break;
            }
            for conversation in &some {
                // Their names are gone; if their bytes cannot be removed now, they follow.
                self.erase_attachments((rule.organisation, *conversation), None).await?;
            }
            let count = u64::try_from(some.len()).unwrap_or(u64::MAX);
            metrics::RETENTION_ERASED.add(count, &[]);
            erased += count;
            tokio::time::sleep(PAUSE).await;
        }
        if erased > 0 {
            tracing::info!(queue = %rule.queue, erased, "transcripts erased, as their queue's retention has passed");
        }
        Ok(())
    }

    /// How far retention has come, where the caller may see transcripts.
    pub async fn retention(&self, caller: &Caller) -> Result<Vec<Progress>, Fault> {
        let divisions = self.context.trust.divisions(caller, permissions::TRANSCRIPT_VIEW);
        let now = self.context.clock.now();
        Ok(retention::progress(&self.store, caller.organisation, &divisions, now).await?)
    }
}
