//! Tells session what was decided: from the committed outbox, one conversation's reports in order and each after the
//! answer to the last.

use super::Shared;
use super::tenure::Tenure;
use crate::store::Waiting;
use futures::FutureExt as _;
use futures::stream::{FuturesUnordered, StreamExt as _};
use onqueue_acd::Command;
use onqueue_model::{ConversationId, Fault, InteractionId, OrganisationId, Reason};
use onqueue_proto::session::v1::{ReportRequest, routing_facts_service_client::RoutingFactsServiceClient};
use prost::Message as _;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tokio::sync::Semaphore;
use tonic::{Request, Status};

/// How long session may take over an answer.
const ANSWER: Duration = Duration::from_secs(5);

/// How many conversations are worked on at once; those that wait to try again do not hold up the others.
const LINES: usize = 4_096;

/// How many reports are on their way at once.
const CALLS: usize = 64;

type Line = (OrganisationId, ConversationId);

/// Pauses that double up to 32 times the first.
#[derive(Debug)]
pub struct Backoff {
    first: Duration,
    doublings: u32,
}

impl Backoff {
    pub const fn new(first: Duration) -> Self {
        Self { first, doublings: 0 }
    }

    pub fn next(&mut self) -> Duration {
        let pause = self.first * 2_u32.pow(self.doublings);
        self.doublings = (self.doublings + 1).min(5);
        pause
    }

    pub const fn reset(&mut self) {
        self.doublings = 0;
    }
}

/// What session answered.
enum Answer {
    Taken,
    /// The conversation is over: nothing is to be tried again, and the agent is free.
    Closed,
}

/// Delivers until the tenure is over.
pub async fn report(shared: Shared, tenure: Tenure) {
    tokio::select! {
        () = tenure.over() => {}
        () = deliver_all(&shared) => {}
    }
}

async fn deliver_all(shared: &Shared) {
    let calls = Semaphore::new(CALLS);
    let mut busy: BTreeSet<Line> = BTreeSet::new();
    let mut deliveries = FuturesUnordered::new();
    loop {
        for (line, reports) in waiting(shared, &busy).await.into_iter().take(LINES - busy.len()) {
            busy.insert(line);
            let calls = &calls;
            deliveries.push(async move {
                deliver_line(shared, calls, reports).await;
                line
            });
        }
        tokio::select! {
            Some(line) = deliveries.next(), if !deliveries.is_empty() => {
                busy.remove(&line);
                while let Some(Some(line)) = deliveries.next().now_or_never() {
                    busy.remove(&line);
                }
            }
            () = shared.reports.notified(), if busy.len() < LINES => {}
        }
    }
}

/// What waits of the conversations that nobody is busy with.
async fn waiting(shared: &Shared, busy: &BTreeSet<Line>) -> BTreeMap<Line, Vec<Waiting>> {
    let mut backoff = Backoff::new(shared.settings.retry());
    let reports = loop {
        match shared.tables.waiting_reports().await {
            Ok(reports) => break reports,
            Err(error) => tracing::warn!(%error, "outbox not read"),
        }
        shared.steady.sleep(backoff.next()).await;
    };
    let mut lines: BTreeMap<Line, Vec<Waiting>> = BTreeMap::new();
    for report in reports {
        if !busy.contains(&report.line()) {
            lines.entry(report.line()).or_default().push(report);
        }
    }
    lines
}

/// Delivers the reports one after the other, each until it is answered, then takes them out of the outbox.
async fn deliver_line(shared: &Shared, calls: &Semaphore, reports: Vec<Waiting>) {
    let mut delivered = Vec::with_capacity(reports.len());
    let mut outcome = Ok(());
    for report in reports {
        if let Answer::Closed = deliver(shared, calls, &report).await {
            outcome = free(shared, report.organisation, report.interaction).await;
        }
        if outcome.is_err() {
            break;
        }
        delivered.push((report.organisation, report.interaction.conversation, report.position));
    }
    if !delivered.is_empty() {
        outcome = shared.owner.delivered(delivered).await.and(outcome);
    }
    if let Err(fault) = outcome {
        tracing::debug!(%fault, "reports stay in the outbox and are delivered again");
        shared.steady.sleep(shared.settings.retry()).await;
    }
}

async fn deliver(shared: &Shared, calls: &Semaphore, report: &Waiting) -> Answer {
    let mut backoff = Backoff::new(shared.settings.retry());
    loop {
        shared.gate.pass().await;
        let permit = calls.acquire().await;
        let told = tokio::select! {
            told = tell(shared, report) => told,
            () = shared.steady.sleep(ANSWER) => Err(Status::deadline_exceeded("no answer")),
        };
        drop(permit);
        match told {
            Ok(answer) => return answer,
            Err(status) => tracing::warn!(
                code = ?status.code(),
                message = status.message(),
                conversation = %report.interaction.conversation,
                "report not taken; it is tried again"
            ),
        }
        shared.steady.sleep(backoff.next()).await;
    }
}

async fn tell(shared: &Shared, report: &Waiting) -> Result<Answer, Status> {
    let request = ReportRequest::decode(report.payload.as_slice())
        .map_err(|_| Status::internal("a report in the outbox cannot be read"))?;
    let mut request = Request::new(request);
    let traceparent = report.traceparent.as_deref().and_then(|text| text.parse().ok());
    if let Some(traceparent) = traceparent {
        request.metadata_mut().insert("traceparent", traceparent);
    }
    let mut client = RoutingFactsServiceClient::new(shared.session.clone());
    match client.report(request).await {
        Ok(_) => Ok(Answer::Taken),
        Err(status) if is_final(&status) => Ok(Answer::Closed),
        Err(status) => Err(status),
    }
}

/// A conversation that session does not know is as good as over.
fn is_final(status: &Status) -> bool {
    let reason = onqueue_client::reason(status);
    matches!(reason, Some(Reason::ConversationClosed | Reason::ConversationNotFound))
}

/// The engine lets go of an interaction whose conversation is over.
async fn free(shared: &Shared, organisation: OrganisationId, interaction: InteractionId) -> Result<(), Fault> {
    let cancel = Command::Cancel { interaction };
    shared.owner.command(organisation, cancel).await.map(drop)
}
