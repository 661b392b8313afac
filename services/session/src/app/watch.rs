//! Following one conversation: the log after a cursor, then live. Hints and handed-over events only make it fast; every
//! frame is the next number of the viewer's own numbering, read from the log wherever one is missing.

use super::App;
use super::access::{Seen, Viewer};
use super::hub::{Live, Subscription};
use super::open_stream::{self, Duty, Farewell, Watchman};
use super::presence::Stay;
use crate::store::{Key, log, plan::Line, supervisors::Supervisor};
use onqueue_chat::{Body, Class, EndReason, Kind};
use onqueue_model::{Caller, ConversationId, Fault, ParticipantId, Reason, Timestamp};
use onqueue_telemetry::metrics;
use std::{collections::VecDeque, sync::Arc};

/// How much of the log is read at once.
const PAGE: u64 = 200;

/// One frame.
#[derive(Clone, Debug)]
pub(crate) enum Frame {
    Event(Line),
    Typing {
        participant: ParticipantId,
        typing: bool,
    },
    /// The guest is there, or away since then.
    Presence(Option<Timestamp>),
    /// Who supervises it.
    Supervision(Vec<Supervisor>),
    Heartbeat(Timestamp),
    Goodbye(Farewell),
}

/// An open stream.
pub(crate) struct Watch {
    app: Arc<App>,
    caller: Caller,
    key: Key,
    viewer: Viewer,
    live: Subscription,
    watchman: Watchman,
    /// The last number that went out.
    sent: i64,
    /// Read from the log, not out yet.
    read: VecDeque<Line>,
    /// Whether the log may hold more.
    behind: bool,
    /// When the stream was opened.
    since: Timestamp,
    /// Whether the last event has gone out.
    ended: bool,
    /// Whether the caller's right to it is in doubt.
    doubtful: bool,
    over: bool,
    /// Since when the guest is away, if that is still to be told.
    away: Option<Timestamp>,
    /// Whether it is to be looked who supervises it.
    looks_again: bool,
    /// Who does, as was told last.
    told: Vec<Supervisor>,
    /// While a guest follows, they are there.
    _stay: Option<Stay>,
}

impl App {
    /// Follows a conversation after a cursor. CONVERSATION_NOT_FOUND, CURSOR_MALFORMED, LOG_RESTORED.
    pub async fn watch(self: &Arc<Self>, caller: &Caller, id: ConversationId, cursor: &str) -> Result<Watch, Fault> {
        // Before it is decided whether they may: what changes from then on is a reason to look again.
        let watchman = Watchman::new(&self.context, caller, self.settings.heartbeat());
        let seen = self.see_live(caller, id).await?;
        let key = (caller.organisation, id);
        let Viewer { class, participant } = seen.viewer;
        let live = self.hub.follow(key, class, participant);
        let sent = self.place(&seen, cursor).await;
        count(cursor, &sent);
        let sent = sent?;
        live.saw(sent);
        let is_guest = class == Class::Guest;
        Ok(Watch {
            away: seen.conversation.guest_away_since.filter(|_| !is_guest),
            looks_again: !is_guest,
            told: Vec::new(),
            _stay: is_guest.then(|| self.presence.arrive(key)),
            app: Arc::clone(self),
            caller: caller.clone(),
            key,
            viewer: seen.viewer,
            live,
            watchman,
            sent,
            read: VecDeque::new(),
            behind: true,
            since: self.context.clock.now(),
            ended: is_over(&seen, sent),
            doubtful: false,
            over: false,
        })
    }
}

fn count(cursor: &str, place: &Result<i64, Fault>) {
    if !cursor.is_empty() {
        let result = if place.is_ok() { "resumed" } else { "refused" };
        metrics::RESUME.add(1, &[result]);
    }
}

fn is_over(seen: &Seen, sent: i64) -> bool {
    let head = &seen.conversation.head;
    head.ended().is_some_and(is_final) && head.numbers.last(seen.viewer.class) == sent
}

fn is_kept_out(fault: &Fault) -> bool {
    matches!(fault.reason, Reason::ConversationNotFound | Reason::CallerNotAllowed)
}

/// Whether nothing can follow. What rests may be opened again, by the guest who follows it.
fn is_final(reason: EndReason) -> bool {
    reason != EndReason::Rested
}

impl Watch {
    /// As whom the caller sees.
    pub const fn viewer(&self) -> Viewer {
        self.viewer
    }

    /// Where to go on after the last frame.
    pub fn cursor(&self) -> String {
        self.app.cursor(self.viewer.class, self.sent)
    }

    /// The next frame; `None` after a goodbye.
    pub async fn next(&mut self) -> Result<Option<Frame>, Fault> {
        if self.over {
            return Ok(None);
        }
        let frame = self.frame().await;
        open_stream::failed(&frame);
        let frame = frame?;
        self.watchman.sent();
        match &frame {
            Frame::Event(line) => self.delivered(line),
            Frame::Goodbye(farewell) => {
                farewell.count();
                self.over = true;
            }
            Frame::Typing { .. } | Frame::Presence(_) | Frame::Supervision(_) | Frame::Heartbeat(_) => {}
        }
        Ok(Some(frame))
    }

    async fn frame(&mut self) -> Result<Frame, Fault> {
        loop {
            if let Some(frame) = self.step().await? {
                return Ok(frame);
            }
        }
    }

    /// Notes that an event goes out that came to be while the stream was open, wherever it was committed.
    fn delivered(&self, line: &Line) {
        let event = &line.event;
        if event.at < self.since {
            return;
        }
        let span = tracing::info_span!("deliver", kind = event.body.kind().code());
        if let Some(traceparent) = &line.traceparent {
            onqueue_telemetry::link(&span, traceparent);
        }
        if event.body.kind() == Kind::Message {
            let taken = self.app.context.clock.now().since(event.at);
            metrics::MESSAGE_DELIVERY.record(taken.as_secs_f64(), &[]);
        }
    }

    async fn step(&mut self) -> Result<Option<Frame>, Fault> {
        if std::mem::take(&mut self.doubtful) {
            return Box::pin(self.check()).await;
        }
        if let Some(duty) = self.watchman.pending() {
            return self.perform(duty).await;
        }
        if let Some(since) = self.away.take() {
            return Ok(Some(Frame::Presence(Some(since))));
        }
        if std::mem::take(&mut self.looks_again) {
            return Box::pin(self.look_at_supervisors()).await;
        }
        if let Some(line) = self.read.pop_front() {
            return Ok(self.take(line));
        }
        if self.behind {
            // In a box, as all that is rare: an idle stream holds the room of its largest future.
            return Box::pin(self.read_on()).await.map(|()| None);
        }
        if self.ended {
            return Ok(Some(Frame::Goodbye(Farewell::ConversationEnded)));
        }
        tokio::select! {
            biased;
            duty = self.watchman.next() => self.perform(duty).await,
            live = self.live.next() => Ok(self.receive(live)),
        }
    }

    async fn read_on(&mut self) -> Result<(), Fault> {
        let lines = log::after(&self.app.store, self.key, self.viewer.class, self.sent, PAGE).await?;
        self.behind = u64::try_from(lines.len()).unwrap_or(u64::MAX) == PAGE;
        self.read = lines.into();
        if let Some(place) = self.read.back().and_then(|line| self.viewer.class.place(&line.event)) {
            self.live.saw(place);
        }
        Ok(())
    }

    fn receive(&mut self, live: Live) -> Option<Frame> {
        match live {
            Live::Event(line) => self.take(line),
            Live::Typing { participant, typing } => Some(Frame::Typing { participant, typing }),
            Live::Presence(away_since) => Some(Frame::Presence(away_since)),
            Live::Supervised => {
                self.looks_again = true;
                // It may be the caller who supervises no more.
                self.doubtful |= self.viewer.class == Class::Supervisor;
                None
            }
            Live::Look => {
                self.behind = true;
                None
            }
            Live::Overflow => Some(Frame::Goodbye(Farewell::TooSlow)),
        }
    }

    /// Lets an event out if it is the next one; one from further on says that the log is to be read.
    fn take(&mut self, line: Line) -> Option<Frame> {
        let event = &line.event;
        let place = self.viewer.class.place(event)?;
        if place > self.sent + 1 {
            self.behind = true;
        }
        if place != self.sent + 1 {
            return None;
        }
        self.sent = place;
        match event.body {
            Body::Ended { reason } => self.ended = is_final(reason),
            Body::Reopened { .. } => {
                self.ended = false;
                self.doubtful |= self.viewer.class == Class::Agent;
            }
            Body::ParticipantLeft { participant } => self.doubtful |= Some(participant) == self.viewer.participant,
            _ => {}
        }
        Some(Frame::Event(line))
    }

    async fn perform(&mut self, duty: Duty) -> Result<Option<Frame>, Fault> {
        match duty {
            Duty::Leave(farewell) => Ok(Some(Frame::Goodbye(farewell))),
            Duty::Heartbeat(at) => Ok(Some(Frame::Heartbeat(at))),
            Duty::Check => Box::pin(self.check()).await,
        }
    }

    /// Tells who supervises it where that is another than was told.
    async fn look_at_supervisors(&mut self) -> Result<Option<Frame>, Fault> {
        let Ok(seen) = self.app.see_live(&self.caller, self.key.1).await else {
            self.doubtful = true;
            return Ok(None);
        };
        let now = self.app.supervisors_seen(&seen).await?;
        let is_news = now != self.told;
        self.told.clone_from(&now);
        Ok(is_news.then_some(Frame::Supervision(now)))
    }

    /// Whether the caller may still see it, as what they did.
    async fn check(&self) -> Result<Option<Frame>, Fault> {
        match self.app.see_live(&self.caller, self.key.1).await {
            Ok(seen) if seen.viewer == self.viewer => Ok(None),
            Err(fault) if !is_kept_out(&fault) => Err(fault),
            _ => Ok(Some(Frame::Goodbye(Farewell::AccessChanged))),
        }
    }
}
