//! Tells session what was decided: from the committed outbox, one conversation's reports in order and each after the
//! answer to the last.

use super::Shared;
use super::post::{Line, Lines};
use super::tenure::Tenure;
use crate::store::Waiting;
use futures::FutureExt as _;
use futures::future::{FusedFuture as _, OptionFuture};
use futures::stream::{FuturesUnordered, StreamExt as _};
use onqueue_acd::Command;
use onqueue_model::{ConversationId, Fault, InteractionId, OrganisationId, Reason};
use onqueue_proto::session::v1::{ReportRequest, routing_facts_service_client::RoutingFactsServiceClient};
use prost::Message as _;
use std::time::Duration;
use tokio::sync::Semaphore;
use tonic::{Request, Status};

/// How long session may take over an answer.
const ANSWER: Duration = Duration::from_secs(5);

/// How many conversations are worked on at once; those that wait to try again do not hold up the others.
const LINES: usize = 4_096;

/// How many reports are on their way at once.
const CALLS: usize = 64;

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
    let mut lines = Lines::default();
    let (mut deliveries, mut delivered) = (FuturesUnordered::new(), Vec::new());
    let mut settling = OptionFuture::default();
    let mut busy = 0;
    shared.post.look();
    loop {
        catch_up(shared, &mut lines).await;
        while busy < LINES
            && let Some((line, reports)) = lines.next_line()
        {
            busy += 1;
            deliveries.push(deliver_line(shared, &calls, line, reports));
        }
        if settling.is_terminated() && !delivered.is_empty() {
            settling = Some(settle(shared, std::mem::take(&mut delivered)).boxed().fuse()).into();
        }
        tokio::select! {
            Some(done) = deliveries.next(), if !deliveries.is_empty() => {
                delivered.push(done);
                delivered.extend(std::iter::from_fn(|| deliveries.next().now_or_never().flatten()));
            }
            Some(settled) = &mut settling, if !settling.is_terminated() => {
                busy -= settled.len();
                for outcome in settled {
                    conclude(shared, &mut lines, outcome);
                }
            }
            () = shared.post.notified() => {}
        }
    }
}

/// Takes up what was committed since the last time: as the owner hands it over, or from the outbox if that is not all.
async fn catch_up(shared: &Shared, lines: &mut Lines) {
    if lines.are_full() {
        return;
    }
    match shared.post.take() {
        Some(reports) if lines.are_whole() => lines.add(reports),
        // What is left here was committed, so that it is read.
        _ => read(shared, lines).await,
    }
}

/// Reads the outbox from its beginning, as far as there is room.
async fn read(shared: &Shared, lines: &mut Lines) {
    let mut backoff = Backoff::new(shared.settings.retry());
    let mut last = None;
    loop {
        match shared.tables.waiting_reports(last).await {
            Ok(page) => {
                last = page.last().map(Waiting::place);
                lines.add(page);
                if last.is_none() || lines.are_full() {
                    lines.be_whole(last.is_none());
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "outbox not read");
                shared.steady.sleep(backoff.next()).await;
            }
        }
    }
}

fn conclude(shared: &Shared, lines: &mut Lines, (line, outcome): (Line, Result<(), Fault>)) {
    match outcome {
        Ok(()) => lines.done(line),
        Err(_) => {
            lines.lose(line);
            shared.post.look();
        }
    }
}

/// A line whose reports were delivered, as far as they were.
struct Delivered {
    line: Line,
    reports: Vec<(OrganisationId, ConversationId, i64)>,
    outcome: Result<(), Fault>,
}

/// Delivers the reports one after the other, each until it is answered.
async fn deliver_line(shared: &Shared, calls: &Semaphore, line: Line, reports: Vec<Waiting>) -> Delivered {
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
    if let Err(fault) = &outcome {
        put_off(shared, fault).await;
    }
    Delivered {
        line,
        reports: delivered,
        outcome,
    }
}

/// Takes what was delivered out of the outbox, of all these lines at once.
async fn settle(shared: &Shared, lines: Vec<Delivered>) -> Vec<(Line, Result<(), Fault>)> {
    let reports: Vec<_> = lines.iter().flat_map(|line| line.reports.iter().copied()).collect();
    let mut settled = Ok(());
    if !reports.is_empty() {
        settled = shared.owner.delivered(reports).await;
    }
    if let Err(fault) = &settled {
        put_off(shared, fault).await;
    }
    let outcomes = lines
        .into_iter()
        .map(|line| (line.line, settled.clone().and(line.outcome)));
    outcomes.collect()
}

async fn put_off(shared: &Shared, fault: &Fault) {
    tracing::debug!(%fault, "reports stay in the outbox and are delivered again");
    shared.steady.sleep(shared.settings.retry()).await;
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
