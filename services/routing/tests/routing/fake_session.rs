//! As much of session as routing sees: a feed, and somebody to report to.

use crate::world::id;
use futures::{Stream, StreamExt as _, stream};
use onqueue_model::{Fault, OrganisationId, Reason};
use onqueue_proto::session::v1::{self as proto, report_request::Fact};
use onqueue_proto::session::v1::{
    feed_service_server::{FeedService, FeedServiceServer},
    routing_facts_service_server::{RoutingFactsService, RoutingFactsServiceServer},
};
use onqueue_server::{Bound, Context, InProcess, as_peer, layered, status};
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::sync::watch;
use tonic::{Request, Response, Status};

/// Clones are one session.
#[derive(Clone)]
pub struct FakeSession(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    fed: watch::Sender<usize>,
    /// How often the feed was cut.
    cuts: watch::Sender<u32>,
}

#[derive(Default)]
struct State {
    rows: Vec<proto::FeedRow>,
    /// The last number of each shard.
    numbers: BTreeMap<i32, i64>,
    /// With whether it was newer than what came before.
    reports: Vec<(proto::ReportRequest, bool)>,
    /// Of each call how many reports came with it.
    calls: Vec<usize>,
    traces: BTreeSet<String>,
    /// How often the feed was asked for.
    asked: usize,
    /// Only single reports are understood.
    is_former: bool,
    /// Conversations whose next report is refused, though not for good.
    busy: BTreeSet<String>,
    policies: Vec<proto::QueuePolicy>,
    /// The highest (epoch, position) of each conversation.
    highest: BTreeMap<String, (i64, i64)>,
    closed: BTreeSet<String>,
    is_down: bool,
    ignores_cursors: bool,
    /// Reports on their way, while they are held up.
    held: Option<Vec<proto::ReportRequest>>,
}

/// What a guest asks for.
#[derive(Clone, Default)]
pub struct Wish {
    pub queue: u128,
    pub language: &'static str,
    pub skills: Vec<u128>,
    pub guest: &'static str,
    pub priority: i32,
    /// With their score.
    pub preferred: Vec<(u128, i32)>,
    pub last_agent: Option<u128>,
    /// Empty is a chat.
    pub medium: &'static str,
    /// 0 is the first.
    pub opening: i64,
}

impl FakeSession {
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            state: Mutex::default(),
            fed: watch::channel(0).0,
            cuts: watch::channel(0).0,
        }))
    }

    /// As routing calls it.
    pub fn serve(&self, context: &Context) -> InProcess {
        let routes = tonic::service::Routes::new(FeedServiceServer::new(self.clone()))
            .add_service(RoutingFactsServiceServer::new(self.clone()));
        as_peer(
            layered(
                Bound {
                    name: "session",
                    routes,
                },
                context,
            ),
            "routing",
        )
    }

    /// A conversation wants an agent.
    pub fn open(&self, organisation: OrganisationId, conversation: u128, wish: &Wish) {
        let opened = proto::ConversationOpened {
            queue_id: uuid::Uuid::from_u128(wish.queue).to_string(),
            language: wish.language.to_owned(),
            skill_ids: wish
                .skills
                .iter()
                .map(|skill| uuid::Uuid::from_u128(*skill).to_string())
                .collect(),
            priority: wish.priority,
            guest_name: wish.guest.to_owned(),
            topic: "Frage".to_owned(),
            preferred: wish.preferred.iter().map(preferred).collect(),
            last_agent_user_id: wish.last_agent.map(text).unwrap_or_default(),
            skill_minimums: Vec::new(),
            medium: wish.medium.to_owned(),
            label_ids: Vec::new(),
        };
        let opened = proto::feed_row::Fact::Opened(opened);
        self.feed(organisation, (conversation, wish.opening.max(1)), opened);
    }

    /// Nobody has written in a conversation that is then to go to that queue.
    pub fn silent(&self, organisation: OrganisationId, conversation: u128, queue: u128) {
        let queue_id = text(queue);
        let silent = proto::feed_row::Fact::InactivityTransfer(proto::InactivityTransfer { queue_id });
        self.feed(organisation, (conversation, 1), silent);
    }

    /// A conversation needs nobody any more.
    pub fn end(&self, organisation: OrganisationId, conversation: u128) {
        let reason = "guest_left".to_owned();
        let ended = proto::feed_row::Fact::Ended(proto::ConversationEnded { reason });
        self.feed(organisation, (conversation, 1), ended);
    }

    fn feed(&self, organisation: OrganisationId, (conversation, opening): (u128, i64), fact: proto::feed_row::Fact) {
        let shard = i32::from(Sha256::digest(organisation.uuid().as_bytes())[0]);
        let mut state = self.state();
        let number = state.numbers.entry(shard).or_insert(0);
        *number += 1;
        let number = *number;
        state.rows.push(proto::FeedRow {
            shard,
            number,
            organisation_id: organisation.to_string(),
            conversation_id: text(conversation),
            opening,
            at: Some(onqueue_proto::timestamp(onqueue_testkit::START)),
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned(),
            fact: Some(fact),
        });
        let rows = state.rows.len();
        drop(state);
        self.0.fed.send_replace(rows);
    }

    /// From the next call on, the feed sends every row from the first on, whatever cursor was asked for.
    pub fn repeat_itself(&self) {
        self.state().ignores_cursors = true;
    }

    /// Every open feed ends.
    pub fn cut_feed(&self) {
        self.0.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// How often the feed was asked for so far.
    pub fn asked(&self) -> usize {
        self.state().asked
    }

    /// How many feeds are open.
    pub fn feeds(&self) -> usize {
        self.0.cuts.receiver_count()
    }

    /// Reports of the conversation are refused as too late from now on.
    pub fn close(&self, conversation: u128) {
        self.state().closed.insert(text(conversation));
    }

    /// Reports and policies are not answered from now on, or again.
    pub fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// Reports are on their way for long from now on.
    pub fn hold_up(&self) {
        self.state().held = Some(Vec::new());
    }

    /// How many reports are held up.
    pub fn held(&self) -> usize {
        self.state().held.as_ref().map_or(0, Vec::len)
    }

    /// Only single reports are understood from now on, as by a session of the version before.
    pub fn be_former(&self) {
        self.state().is_former = true;
    }

    /// The next report of the conversation is refused, though not for good.
    pub fn refuse_next(&self, conversation: u128) {
        self.state().busy.insert(text(conversation));
    }

    /// Of each call so far how many reports came with it.
    pub fn calls(&self) -> Vec<usize> {
        self.state().calls.clone()
    }

    /// The traces of all reports.
    pub fn traces(&self) -> BTreeSet<String> {
        self.state().traces.clone()
    }

    /// Reports go straight through again; answers what was held up, still on its way.
    pub fn let_pass(&self) -> Vec<proto::ReportRequest> {
        self.state().held.take().unwrap_or_default()
    }

    /// A report comes in; answers whether it is news.
    pub fn take(&self, report: proto::ReportRequest) -> bool {
        let mut state = self.state();
        let place = (report.epoch, report.position);
        let highest = state.highest.entry(report.conversation_id.clone()).or_insert((0, 0));
        let recorded = place > *highest;
        *highest = place.max(*highest);
        state.reports.push((report, recorded));
        recorded
    }

    fn record(&self, report: proto::ReportRequest) -> Result<bool, Fault> {
        if self.state().busy.remove(&report.conversation_id) {
            return Err(Fault::unavailable("busy"));
        }
        if self.state().closed.contains(&report.conversation_id) {
            return Err(Fault::new(Reason::ConversationClosed, "over"));
        }
        Ok(self.take(report))
    }

    /// After one that is refused though not for good, the conversation's others are not tried.
    fn outcome(&self, report: proto::ReportRequest, refused: &mut BTreeSet<String>) -> proto::ReportOutcome {
        let conversation = report.conversation_id.clone();
        let recorded = match refused.contains(&conversation) {
            true => Err(Fault::unavailable("not tried")),
            false => self.record(report),
        };
        let refusal = recorded.as_ref().err().map(|fault| fault.reason);
        if refusal == Some(Reason::Unavailable) {
            refused.insert(conversation);
        }
        proto::ReportOutcome {
            recorded: recorded.unwrap_or(false),
            refusal: refusal.map(Reason::as_str).unwrap_or_default().to_owned(),
            message: String::new(),
        }
    }

    /// What was reported of the conversation and was news, in short.
    pub fn facts(&self, conversation: u128) -> Vec<String> {
        let of_it = self.reports(conversation);
        of_it
            .into_iter()
            .filter(|(_, news)| *news)
            .filter_map(|(report, _)| report.fact)
            .map(short)
            .collect()
    }

    /// Everything that was reported of the conversation, and whether it was news.
    pub fn reports(&self, conversation: u128) -> Vec<(proto::ReportRequest, bool)> {
        let state = self.state();
        let of_it = state
            .reports
            .iter()
            .filter(|(report, _)| report.conversation_id == text(conversation));
        of_it.cloned().collect()
    }

    pub fn policies(&self) -> Vec<proto::QueuePolicy> {
        self.state().policies.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("no test panics with it")
    }

    fn rows_from(&self, at: usize) -> Vec<proto::FeedRow> {
        self.state().rows.iter().skip(at).cloned().collect()
    }
}

fn text(conversation: u128) -> String {
    id::<()>(conversation).to_string()
}

fn preferred((user, score): &(u128, i32)) -> proto::PreferredAgentScore {
    proto::PreferredAgentScore {
        user_id: text(*user),
        score: *score,
    }
}

fn short(fact: Fact) -> String {
    let agent = |user: String| user.parse::<uuid::Uuid>().expect("an id").as_u128();
    match fact {
        Fact::Queued(_) => "queued".to_owned(),
        Fact::Offered(fact) => format!("offered {} {}", agent(fact.user_id), fact.agent_name),
        Fact::Rescinded(fact) => format!("rescinded {} {}", agent(fact.user_id), fact.reason),
        Fact::Assigned(fact) => format!("assigned {}", agent(fact.user_id)),
        Fact::Refused(fact) => format!("refused {}", fact.reason),
        Fact::Transferred(fact) if fact.to_user_id.is_empty() => "transferred".to_owned(),
        Fact::Transferred(fact) => format!("transferred to {} {}", agent(fact.to_user_id), fact.to_agent_name),
        Fact::AgentLost(fact) => format!("lost {}", agent(fact.user_id)),
        Fact::WrapUpSet(fact) => format!("wrapped up {} {}", agent(fact.user_id), fact.wrap_up_code_name),
    }
}

type Frames = Pin<Box<dyn Stream<Item = Result<proto::FeedResponse, Status>> + Send>>;

#[tonic::async_trait]
impl FeedService for FakeSession {
    type FeedStream = Frames;

    async fn feed(&self, request: Request<proto::FeedRequest>) -> Result<Response<Frames>, Status> {
        let cursors: BTreeMap<i32, i64> = request
            .into_inner()
            .shards
            .into_iter()
            .map(|cursor| (cursor.shard, cursor.after))
            .collect();
        assert_eq!(cursors.len(), 256);
        self.state().asked += 1;
        let cursors = if self.state().ignores_cursors {
            BTreeMap::new()
        } else {
            cursors
        };
        let batches = stream::unfold((self.clone(), 0), |(session, at)| async move {
            let mut fed = session.0.fed.subscribe();
            let news = tokio::time::timeout(Duration::from_secs(1), fed.wait_for(|rows| *rows > at));
            let _ = news.await;
            let rows = session.rows_from(at);
            let next = at + rows.len();
            let mut frames: Vec<_> = rows
                .into_iter()
                .map(|row| proto::FeedResponse { row: Some(row) })
                .collect();
            if frames.is_empty() {
                frames.push(proto::FeedResponse { row: None });
            }
            Some((frames, (session, next)))
        });
        let after_cursor = move |frame: &proto::FeedResponse| {
            frame
                .row
                .as_ref()
                .is_none_or(|row| row.number > cursors.get(&row.shard).copied().unwrap_or(0))
        };
        let frames = batches
            .flat_map(stream::iter)
            .filter(move |frame| futures::future::ready(after_cursor(frame)));
        let mut cuts = self.0.cuts.subscribe();
        let cut = async move {
            let _ = cuts.changed().await;
        };
        Ok(Response::new(Box::pin(frames.map(Ok).take_until(Box::pin(cut)))))
    }
}

#[tonic::async_trait]
impl RoutingFactsService for FakeSession {
    async fn report(&self, request: Request<proto::ReportRequest>) -> Result<Response<proto::ReportResponse>, Status> {
        let report = request.into_inner();
        if self.state().is_down {
            return Err(Status::unavailable("down"));
        }
        assert!(self.state().is_former, "many are to come together");
        let recorded = self.record(report).map_err(status)?;
        Ok(Response::new(proto::ReportResponse { recorded }))
    }

    async fn report_all(
        &self,
        request: Request<proto::ReportAllRequest>,
    ) -> Result<Response<proto::ReportAllResponse>, Status> {
        let all = request.into_inner().reports;
        let requests: Vec<_> = all.iter().filter_map(|traced| traced.report.clone()).collect();
        if let Some(held) = self.state().held.as_mut() {
            held.extend(requests.clone());
        }
        if self.held() > 0 {
            std::future::pending::<()>().await;
        }
        if self.state().is_down {
            return Err(Status::unavailable("down"));
        }
        if self.state().is_former {
            return Err(Status::unimplemented("not yet"));
        }
        self.state().calls.push(all.len());
        self.state()
            .traces
            .extend(all.into_iter().map(|traced| traced.traceparent));
        let mut refused = BTreeSet::new();
        let outcomes = requests.into_iter().map(|report| self.outcome(report, &mut refused));
        let outcomes = outcomes.collect();
        Ok(Response::new(proto::ReportAllResponse { outcomes }))
    }

    async fn put_queue_policy(
        &self,
        request: Request<proto::PutQueuePolicyRequest>,
    ) -> Result<Response<proto::PutQueuePolicyResponse>, Status> {
        let mut state = self.state();
        if state.is_down {
            return Err(Status::unavailable("down"));
        }
        state.policies.extend(request.into_inner().policy);
        Ok(Response::new(proto::PutQueuePolicyResponse {}))
    }
}
