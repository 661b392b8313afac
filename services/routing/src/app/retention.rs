//! Drops what is older than the settings say: the routing log with its snapshots, and decision records.

use super::Shared;
use super::tenure::Tenure;
use onqueue_model::OrganisationId;
use onqueue_store::StoreError;
use std::time::Duration;

/// How often it is looked for what is too old.
const EVERY: Duration = Duration::from_secs(600);

/// Between two parts, so that other transactions get their turn.
const PAUSE: Duration = Duration::from_millis(50);

/// Drops part by part, until the tenure is over.
pub async fn retain(shared: Shared, tenure: Tenure) {
    let work = async {
        loop {
            if let Err(error) = prune(&shared, &tenure).await {
                tracing::warn!(%error, "what is too old is dropped later");
            }
            let clock = &shared.context.clock;
            clock.sleep_until(clock.now() + EVERY).await;
        }
    };
    tokio::select! {
        () = tenure.over() => {}
        () = work => {}
    }
}

async fn prune(shared: &Shared, tenure: &Tenure) -> Result<(), StoreError> {
    for organisation in shared.tables.organisations().await? {
        prune_organisation(shared, tenure, organisation).await?;
    }
    Ok(())
}

async fn prune_organisation(shared: &Shared, tenure: &Tenure, organisation: OrganisationId) -> Result<(), StoreError> {
    let (tables, settings, now) = (&shared.tables, &shared.settings, shared.context.clock.now());
    let oldest_input = now - settings.log_kept();
    while tables.prune_log(&tenure.fence, organisation, oldest_input).await? {
        shared.steady.sleep(PAUSE).await;
    }
    let oldest_decision = now - settings.decisions_kept();
    while tables
        .prune_decisions(&tenure.fence, organisation, oldest_decision)
        .await?
    {
        shared.steady.sleep(PAUSE).await;
    }
    Ok(())
}
