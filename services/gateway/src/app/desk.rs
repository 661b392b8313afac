//! One stream for a page: the caller's own streams of routing and session, merged.

use super::follow::{Followed, Source, Took, follow};
use crate::Upstreams;
use futures::{StreamExt as _, future::Either, stream, stream::BoxStream, stream::SelectAll};
use onqueue_client::{Behalf, affinity, reason};
use onqueue_model::{Caller, Reason, Timestamp};
use onqueue_proto::{
    gateway::v1::{
        ConversationCursor, ConversationFrame, DeskGoodbye, DeskHeartbeat, WatchResponse, watch_response::Frame,
    },
    routing::v1::{
        AgentGoodbye, WatchMeRequest, WatchMeResponse, agent_service_client::AgentServiceClient,
        watch_me_response::Frame as AgentFrame,
    },
    session::v1::{
        self as session, MineRemoved, WatchMineRequest, WatchMineResponse,
        conversation_service_client::ConversationServiceClient, watch_mine_response::Frame as MineFrame,
        watch_response::Frame as OfConversation,
    },
    timestamp,
};
use onqueue_server::{Context, InProcess};
use onqueue_telemetry::metrics::STREAM_DROPPED;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};

/// A frame comes at least this often.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How often the token is looked at without a hint.
const RECHECK: Duration = Duration::from_secs(1);

/// How long a conversation that the caller left may still bring frames that were on their way.
const PARTING: Duration = Duration::from_secs(2);

/// Who watches, and from where.
pub(crate) struct Start {
    pub(crate) caller: Caller,
    pub(crate) behalf: Behalf,
    /// By conversation id.
    pub(crate) cursors: BTreeMap<String, String>,
}

/// An open desk stream.
pub(crate) struct Desk {
    context: Context,
    session: InProcess,
    caller: Caller,
    behalf: Behalf,
    /// Where the page is in each conversation.
    cursors: BTreeMap<String, String>,
    /// The conversations that are followed.
    followed: BTreeMap<String, Following>,
    /// Counts what was followed, so that the end of one is not taken for the end of another.
    count: u64,
    /// Those that session has named since WatchMine was opened last; `None` once it has named all.
    named: Option<BTreeSet<String>>,
    parts: SelectAll<BoxStream<'static, Part>>,
    quiet_until: Timestamp,
    trust: watch::Receiver<i64>,
}

/// What one of the merged streams brings.
enum Part {
    Agent(Followed<WatchMeResponse>),
    Mine(Followed<WatchMineResponse>),
    Conversation(String, Followed<session::WatchResponse>),
    /// A conversation is followed no more; which following of it that was.
    Ended(String, u64),
}

/// One conversation that is followed.
struct Following {
    number: u64,
    leaving: CancellationToken,
}

/// A desk and what it sends next.
type Step = Option<(Result<WatchResponse, Status>, Option<Desk>)>;

impl Desk {
    pub(crate) fn open(context: &Context, upstreams: &Upstreams, start: Start) -> Option<Self> {
        let ids = || context.ids.clone();
        let agent = AgentSource(AgentServiceClient::new(upstreams.routing.clone()), start.behalf.clone());
        let mine = MineSource(
            ConversationServiceClient::new(upstreams.session.clone()),
            start.behalf.clone(),
        );
        let parts: [BoxStream<'static, Part>; 2] = [
            follow(agent, ids()).map(Part::Agent).boxed(),
            follow(mine, ids()).map(Part::Mine).boxed(),
        ];
        Some(Self {
            session: upstreams.session.clone(),
            caller: start.caller,
            behalf: start.behalf,
            cursors: start.cursors,
            followed: BTreeMap::new(),
            count: 0,
            named: Some(BTreeSet::new()),
            parts: stream::select_all(parts),
            quiet_until: context.clock.now() + HEARTBEAT,
            trust: context.trust.changes(),
            context: context.clone(),
        })
    }

    /// The next frame, and the desk if more may come.
    pub(crate) async fn next(mut self) -> Step {
        loop {
            tokio::select! {
                biased;
                () = self.context.tasks.draining() => return self.goodbye("draining"),
                reason = refused(&self.context, &self.caller, &mut self.trust) => return self.goodbye(reason),
                part = self.parts.next() => match self.take(part?) {
                    Ok(Some(frame)) => return self.say(frame),
                    Ok(None) => {}
                    // Session has read of it before this process did.
                    Err(status) if reason(&status) == Some(Reason::TokenInvalid) => return self.goodbye("access_changed"),
                    Err(status) => return Some((Err(status), None)),
                },
                () = self.context.clock.sleep_until(self.quiet_until) => {
                    let at = Some(timestamp(self.context.clock.now()));
                    return self.say(Frame::Heartbeat(DeskHeartbeat { at }));
                }
            }
        }
    }

    // Answers of `next`.
    #[allow(clippy::unnecessary_wraps)]
    fn say(mut self, frame: Frame) -> Step {
        self.quiet_until = self.context.clock.now() + HEARTBEAT;
        Some((Ok(WatchResponse { frame: Some(frame) }), Some(self)))
    }

    #[allow(clippy::unnecessary_wraps)]
    fn goodbye(self, reason: &str) -> Step {
        match reason {
            "draining" => STREAM_DROPPED.add(1, &["draining"]),
            "access_changed" => STREAM_DROPPED.add(1, &["revoked"]),
            // A token that ended: the stream came to its own end.
            _ => {}
        }
        let at = |(conversation_id, cursor)| ConversationCursor {
            conversation_id,
            cursor,
        };
        let frame = Frame::Goodbye(DeskGoodbye {
            reason: reason.to_owned(),
            cursors: self.cursors.into_iter().map(at).collect(),
        });
        Some((Ok(WatchResponse { frame: Some(frame) }), None))
    }

    /// What the page learns from a part. The error ends the stream.
    // A status ends the stream; it is not handed around.
    #[allow(clippy::result_large_err)]
    fn take(&mut self, part: Part) -> Result<Option<Frame>, Status> {
        match part {
            Part::Agent(Followed::Frame(frame)) => Ok(Some(Frame::Agent(frame))),
            Part::Agent(Followed::Interrupted) => Ok(Some(agent_moved())),
            Part::Agent(Followed::Refused(status)) => {
                tracing::debug!(code = ?status.code(), "no agent frames for this caller");
                Ok(None)
            }
            Part::Mine(Followed::Frame(frame)) => Ok(self.take_mine(frame)),
            Part::Mine(Followed::Interrupted) => {
                self.named = Some(BTreeSet::new());
                Ok(None)
            }
            // Without it the page would show what no longer holds.
            Part::Mine(Followed::Refused(status)) => Err(status),
            Part::Conversation(id, followed) => self.take_conversation(id, followed),
            Part::Ended(id, number) => {
                if self
                    .followed
                    .get(&id)
                    .is_some_and(|following| following.number == number)
                {
                    self.followed.remove(&id);
                }
                Ok(None)
            }
        }
    }

    fn take_mine(&mut self, response: WatchMineResponse) -> Option<Frame> {
        match &response.frame {
            Some(MineFrame::Added(added)) => {
                let id = added.conversation.as_ref()?.conversation_id.clone();
                if let Some(named) = &mut self.named {
                    named.insert(id.clone());
                }
                self.follow(id, added.cursor.clone());
            }
            Some(MineFrame::Removed(removed)) => self.part(&removed.conversation_id),
            Some(MineFrame::CaughtUp(_)) => self.part_from_unnamed(),
            _ => {}
        }
        Some(Frame::Mine(response))
    }

    /// Session named everything that is open, after an interruption perhaps: what it did not name is gone.
    fn part_from_unnamed(&mut self) {
        let Some(named) = self.named.take() else {
            return;
        };
        let gone: Vec<String> = self
            .followed
            .keys()
            .filter(|id| !named.contains(*id))
            .cloned()
            .collect();
        for conversation_id in gone {
            self.part(&conversation_id);
            let removed = MineFrame::Removed(MineRemoved { conversation_id });
            let frame = WatchMineResponse { frame: Some(removed) };
            self.parts
                .push(stream::iter([Part::Mine(Followed::Frame(frame))]).boxed());
        }
    }

    fn part(&mut self, id: &str) {
        if let Some(following) = self.followed.get(id) {
            following.leaving.cancel();
        }
    }

    fn follow(&mut self, id: String, from: String) {
        let holds = |following: &Following| !following.leaving.is_cancelled();
        if self.followed.get(&id).is_some_and(holds) {
            return;
        }
        self.count += 1;
        let (number, leaving) = (self.count, CancellationToken::new());
        let following = Following {
            number,
            leaving: leaving.clone(),
        };
        self.followed.insert(id.clone(), following);
        let source = ConversationSource {
            client: ConversationServiceClient::new(self.session.clone()),
            behalf: self.behalf.clone(),
            cursor: self.cursors.entry(id.clone()).or_insert(from).clone(),
            id: id.clone(),
        };
        let (of, ended) = (id.clone(), stream::iter([Part::Ended(id, number)]));
        let left = async move {
            leaving.cancelled().await;
            tokio::time::sleep(PARTING).await;
        };
        let frames = follow(source, self.context.ids.clone())
            .map(move |followed| Part::Conversation(of.clone(), followed))
            .take_until(Box::pin(left));
        self.parts.push(frames.chain(ended).boxed());
    }

    #[allow(clippy::result_large_err)]
    fn take_conversation(
        &mut self,
        id: String,
        followed: Followed<session::WatchResponse>,
    ) -> Result<Option<Frame>, Status> {
        match followed {
            Followed::Frame(frame) => {
                if !frame.cursor.is_empty() {
                    self.cursors.insert(id.clone(), frame.cursor.clone());
                }
                Ok(Some(Frame::Conversation(ConversationFrame {
                    conversation_id: id,
                    frame: Some(frame),
                })))
            }
            Followed::Interrupted => Ok(None),
            Followed::Refused(status) => match reason(&status) {
                // The page has to read everything anew, and knows how.
                Some(Reason::LogRestored | Reason::CursorMalformed) => Err(status),
                _ => {
                    tracing::debug!(code = ?status.code(), "a conversation can not be followed");
                    Ok(None)
                }
            },
        }
    }
}

/// The page forgets its offers; the next frames of the agent's stream are all that hold.
fn agent_moved() -> Frame {
    let goodbye = AgentFrame::Goodbye(AgentGoodbye {
        reason: "moved".to_owned(),
    });
    Frame::Agent(WatchMeResponse { frame: Some(goodbye) })
}

/// Returns when the caller may watch no longer, with the word for it.
async fn refused(context: &Context, caller: &Caller, changes: &mut watch::Receiver<i64>) -> &'static str {
    loop {
        match context.trust.still_valid(caller, context.clock.now()) {
            Ok(()) => {}
            Err(fault) if fault.reason == Reason::TokenExpired => return "token_expired",
            Err(_) => return "access_changed",
        }
        let hint = Box::pin(changes.changed());
        match futures::future::select(hint, Box::pin(tokio::time::sleep(RECHECK))).await {
            // The trust is gone: only while everything ends.
            Either::Left((Err(_), pause)) => pause.await,
            Either::Left(_) | Either::Right(_) => {}
        }
    }
}

struct AgentSource(AgentServiceClient<InProcess>, Behalf);

impl Source for AgentSource {
    type Frame = WatchMeResponse;

    async fn open(&mut self) -> Result<Streaming<WatchMeResponse>, Status> {
        Ok(self.0.watch_me(self.1.request(WatchMeRequest {})).await?.into_inner())
    }

    fn took(&mut self, frame: &WatchMeResponse) -> Took {
        match &frame.frame {
            Some(AgentFrame::Goodbye(_)) => Took::Goodbye,
            // Heartbeats too: the page has to answer them.
            _ => Took::Pass,
        }
    }
}

struct MineSource(ConversationServiceClient<InProcess>, Behalf);

impl Source for MineSource {
    type Frame = WatchMineResponse;

    async fn open(&mut self) -> Result<Streaming<WatchMineResponse>, Status> {
        Ok(self
            .0
            .watch_mine(self.1.request(WatchMineRequest {}))
            .await?
            .into_inner())
    }

    fn took(&mut self, frame: &WatchMineResponse) -> Took {
        match &frame.frame {
            Some(MineFrame::Goodbye(_)) => Took::Goodbye,
            Some(MineFrame::Heartbeat(_)) => Took::Skip,
            _ => Took::Pass,
        }
    }
}

struct ConversationSource {
    client: ConversationServiceClient<InProcess>,
    behalf: Behalf,
    id: String,
    cursor: String,
}

impl Source for ConversationSource {
    type Frame = session::WatchResponse;

    async fn open(&mut self) -> Result<Streaming<session::WatchResponse>, Status> {
        let request = session::WatchRequest {
            conversation_id: self.id.clone(),
            cursor: self.cursor.clone(),
        };
        let mut request = self.behalf.request(request);
        request.extensions_mut().insert(affinity(&self.id));
        Ok(self.client.watch(request).await?.into_inner())
    }

    fn took(&mut self, frame: &session::WatchResponse) -> Took {
        if !frame.cursor.is_empty() {
            self.cursor.clone_from(&frame.cursor);
        }
        match &frame.frame {
            Some(OfConversation::Goodbye(goodbye)) if goodbye.reason == "conversation_ended" => Took::Last,
            Some(OfConversation::Goodbye(_)) => Took::Goodbye,
            Some(OfConversation::Heartbeat(_)) => Took::Skip,
            _ => Took::Pass,
        }
    }
}
