//! Tells session what was decided: from the committed outbox, many reports with a call, one conversation's in order and each
//! after the answer to the last.

use super::Shared;
use super::figures;
use super::lines::Lines;
use super::report::{Line, Pack, Waiting};
use super::tenure::Tenure;
use crate::store::Parcel;
use futures::FutureExt as _;
use futures::future::{FusedFuture as _, OptionFuture, join_all};
use futures::stream::{FuturesUnordered, StreamExt as _};
use onqueue_acd::Command;
use onqueue_model::Reason;
use onqueue_proto::session::v1::{
    ReportAllRequest, ReportOutcome, routing_facts_service_client::RoutingFactsServiceClient,
};
use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};
use tonic::{Code, Request, Status};

/// How long session may take over an answer.
const ANSWER: Duration = Duration::from_secs(5);

/// How many calls are on their way at once.
const CALLS: usize = 16;

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

/// What session answered to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Taken,
    /// The conversation is over: nothing is to be tried again, and the agent is free.
    Closed,
    /// It is to be sent again.
    Not,
}

/// Reports that go with one call, and how long to wait if they have to go again.
struct Attempt {
    reports: Vec<Waiting>,
    backoff: Backoff,
}

/// Delivers until the tenure is over.
pub async fn report(shared: Shared, tenure: Tenure) {
    tokio::select! {
        () = tenure.over() => {}
        () = deliver_all(&shared) => {}
    }
}

async fn deliver_all(shared: &Shared) {
    let (mut lines, mut again) = (Lines::default(), VecDeque::new());
    let mut waiting = figures::reports();
    let (mut calls, mut pauses) = (FuturesUnordered::new(), FuturesUnordered::new());
    let (mut delivered, mut settling) = (Vec::new(), OptionFuture::default());
    shared.post.look();
    loop {
        catch_up(shared, &mut lines).await;
        waiting.set(figures::number(lines.waiting()));
        while calls.len() < CALLS
            && let Some(attempt) = again.pop_front().or_else(|| first_attempt(shared, &mut lines))
        {
            calls.push(deliver(shared, attempt));
        }
        if settling.is_terminated() && !delivered.is_empty() {
            settling = Some(settle(shared, std::mem::take(&mut delivered)).boxed().fuse()).into();
        }
        tokio::select! {
            Some((answered, left)) = calls.next(), if !calls.is_empty() => {
                delivered.extend(lines.answered(answered, &left.reports));
                if !left.reports.is_empty() {
                    pauses.push(pause(shared, left));
                }
            }
            Some(attempt) = pauses.next(), if !pauses.is_empty() => again.push_back(attempt),
            Some(settled) = &mut settling, if !settling.is_terminated() => lines.settled(&settled),
            () = shared.post.notified() => {}
        }
    }
}

fn first_attempt(shared: &Shared, lines: &mut Lines) -> Option<Attempt> {
    let reports = lines.next();
    let backoff = Backoff::new(shared.settings.retry());
    (!reports.is_empty()).then_some(Attempt { reports, backoff })
}

async fn pause(shared: &Shared, mut attempt: Attempt) -> Attempt {
    shared.steady.sleep(attempt.backoff.next()).await;
    attempt
}

/// Takes up what was committed since the last time: as the owner hands it over, or from the outbox if that is not all.
async fn catch_up(shared: &Shared, lines: &mut Lines) {
    if lines.are_full() {
        return;
    }
    match shared.post.take() {
        Some(packs) if lines.are_whole() => packs.into_iter().for_each(|pack| lines.add(pack)),
        // What is left here was committed, so that it is read.
        _ => read(shared, lines).await,
    }
}

/// Reads the outbox from its beginning, as far as there is room.
async fn read(shared: &Shared, lines: &mut Lines) {
    let mut backoff = Backoff::new(shared.settings.retry());
    let mut last = None;
    loop {
        match shared.tables.undelivered(last).await {
            Ok(page) => {
                last = page.last().map(|one| one.parcel);
                for kept in page {
                    let parcel = kept.parcel;
                    match Pack::read(kept) {
                        Some(pack) => lines.add(pack),
                        None => tracing::error!(?parcel, "reports in the outbox cannot be read: they stay there"),
                    }
                }
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

/// Takes what was delivered out of the outbox, however often it takes.
async fn settle(shared: &Shared, parcels: Vec<Parcel>) -> Vec<Parcel> {
    let mut backoff = Backoff::new(shared.settings.retry());
    while let Err(fault) = shared.owner.delivered(parcels.clone()).await {
        tracing::debug!(%fault, "delivered reports are still in the outbox");
        shared.steady.sleep(backoff.next()).await;
    }
    parcels
}

/// One call. What session has answered, and what is to be sent again, in order.
async fn deliver(shared: &Shared, attempt: Attempt) -> (Vec<Waiting>, Attempt) {
    shared.gate.pass().await;
    let Attempt { reports, backoff } = attempt;
    let answers = tell(shared, &reports).await;
    let over = reports.iter().zip(&answers);
    let over = over.filter(|(_, answer)| **answer == Answer::Closed);
    let mut let_go = join_all(over.map(|(one, _)| let_go(shared, one))).await.into_iter();
    let (mut answered, mut left) = (Vec::with_capacity(reports.len()), Vec::new());
    for (one, answer) in reports.into_iter().zip(answers) {
        let is_answered = match answer {
            Answer::Taken => true,
            Answer::Not => false,
            Answer::Closed => let_go.next().unwrap_or(false),
        };
        match is_answered {
            true => answered.push(one),
            false => left.push(one),
        }
    }
    let left = Attempt { reports: left, backoff };
    (answered, left)
}

/// Whether the engine has let go of an interaction whose conversation is over.
async fn let_go(shared: &Shared, one: &Waiting) -> bool {
    let interaction = one.report.interaction;
    let freed = shared
        .owner
        .command(one.report.organisation, Command::Cancel { interaction });
    freed.await.is_ok()
}

/// An answer for each, in their order.
async fn tell(shared: &Shared, reports: &[Waiting]) -> Vec<Answer> {
    let told = tokio::select! {
        told = tell_all(shared, reports) => told,
        () = shared.steady.sleep(ANSWER) => Err(Status::deadline_exceeded("no answer")),
    };
    told.unwrap_or_else(|status| {
        tracing::warn!(
            code = ?status.code(),
            message = status.message(),
            reports = reports.len(),
            "reports not taken; they are sent again"
        );
        vec![Answer::Not; reports.len()]
    })
}

async fn tell_all(shared: &Shared, reports: &[Waiting]) -> Result<Vec<Answer>, Status> {
    let traced = reports.iter().map(|one| one.report.traced.clone());
    let request = ReportAllRequest {
        reports: traced.collect(),
    };
    let mut client = RoutingFactsServiceClient::new(shared.session.clone());
    let outcomes = match client.report_all(request).await {
        Ok(answer) => answer.into_inner().outcomes,
        Err(status) if status.code() == Code::Unimplemented => return tell_each(shared, reports).await,
        Err(status) => return Err(status),
    };
    if outcomes.len() != reports.len() {
        return Err(Status::internal("not as many answers as reports"));
    }
    let both = reports.iter().zip(&outcomes);
    Ok(both.map(|(one, outcome)| answer(one, outcome)).collect())
}

fn answer(one: &Waiting, outcome: &ReportOutcome) -> Answer {
    if outcome.refusal.is_empty() {
        return Answer::Taken;
    }
    refused(one, Reason::parse(&outcome.refusal), &outcome.message)
}

/// A conversation that session does not know is as good as over.
fn refused(one: &Waiting, reason: Option<Reason>, message: &str) -> Answer {
    if matches!(reason, Some(Reason::ConversationClosed | Reason::ConversationNotFound)) {
        return Answer::Closed;
    }
    tracing::warn!(
        ?reason,
        message,
        conversation = %one.report.interaction.conversation,
        "report not taken; it is sent again"
    );
    Answer::Not
}

/// A session of the version before takes one report at a time.
async fn tell_each(shared: &Shared, reports: &[Waiting]) -> Result<Vec<Answer>, Status> {
    let (mut answers, mut stopped) = (Vec::with_capacity(reports.len()), HashSet::<Line>::new());
    for one in reports {
        let line = one.report.line();
        let answer = match stopped.contains(&line) {
            true => Answer::Not,
            false => tell_one(shared, one).await,
        };
        if answer == Answer::Not {
            stopped.insert(line);
        }
        answers.push(answer);
    }
    Ok(answers)
}

async fn tell_one(shared: &Shared, one: &Waiting) -> Answer {
    let traced = one.report.traced.clone();
    let mut request = Request::new(traced.report.unwrap_or_default());
    if let Ok(traceparent) = traced.traceparent.parse() {
        request.metadata_mut().insert("traceparent", traceparent);
    }
    let mut client = RoutingFactsServiceClient::new(shared.session.clone());
    match client.report(request).await {
        Ok(_) => Answer::Taken,
        Err(status) => refused(one, onqueue_client::reason(&status), status.message()),
    }
}
