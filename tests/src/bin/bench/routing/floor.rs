//! The agents and the guests: agents accept whatever they are offered, guests come at a pace and go when it is their turn.

use super::{
    centre::{Centre, Kind},
    ours::number,
    session::Session,
};
use crate::Outcome;
use onqueue_proto::routing::v1::{self as proto, agent_service_client::AgentServiceClient, watch_me_response::Frame};
use onqueue_server::InProcess;
use onqueue_testkit::with_token;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tonic::Streaming;

/// How long anything may take that is waited for.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// When guests come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// One for each that is served.
    Closed,
    /// When they are told to.
    Open,
    /// No more; nobody goes either.
    Stopped,
}

/// How long it took each, from when they were to come.
#[derive(Debug, Default)]
pub struct Times {
    pub to_offer: Vec<Duration>,
    pub to_assign: Vec<Duration>,
}

/// Clones are one.
#[derive(Clone)]
pub struct Floor(Arc<(Session, Mutex<State>)>);

struct State {
    centre: Centre,
    pace: Pace,
    /// When those came, or were to come, whom nobody serves yet.
    came: BTreeMap<usize, Instant>,
    /// Who is being served, in the order of their going.
    held: VecDeque<usize>,
    /// How many are served at once, at most.
    hold: usize,
    times: Times,
    accepting: usize,
    answered: usize,
    problem: Option<String>,
}

impl Floor {
    /// Nobody is there yet.
    pub fn new(session: Session, centre: Centre, hold: usize) -> Self {
        let state = State {
            centre,
            pace: Pace::Open,
            came: BTreeMap::new(),
            held: VecDeque::new(),
            hold,
            times: Times::default(),
            accepting: 0,
            answered: 0,
            problem: None,
        };
        Self(Arc::new((session, Mutex::new(state))))
    }

    /// From now on.
    pub fn pace(&self, pace: Pace) {
        self.state().pace = pace;
    }

    /// From now on one comes for each who goes, beginning with those who are too many.
    pub fn begin(&self) {
        let mut state = self.state();
        state.pace = Pace::Closed;
        while state.held.len() > state.hold {
            self.exchange(&mut state);
        }
    }

    /// Somebody comes who was to come then.
    pub fn open(&self, due: Instant) {
        let mut state = self.state();
        self.come(&mut state, due);
    }

    /// Somebody comes whom nobody serves.
    pub fn open_at_night(&self) {
        let mut state = self.state();
        self.0.0.open(&state.centre.at_night());
    }

    /// Guests come at a constant rate for so long.
    pub async fn arrive(&self, rate: f64, window: Duration) {
        let begun = Instant::now();
        for guest in 0..(window.as_secs_f64() * rate) as u32 {
            let due = begun + Duration::from_secs_f64(f64::from(guest) / rate);
            tokio::time::sleep_until(due.into()).await;
            self.open(due);
        }
    }

    /// Everybody who is served goes, from now on at once.
    pub fn clear(&self) {
        let mut state = self.state();
        state.hold = 0;
        state.held.drain(..).for_each(|chat| self.0.0.end(chat));
    }

    /// What was measured since the last time.
    pub fn take(&self) -> Times {
        std::mem::take(&mut self.state().times)
    }

    /// Whether as many are served as are to be.
    pub fn is_full(&self) -> bool {
        let state = self.state();
        state.held.len() >= state.hold
    }

    /// Whether everybody who came by day was served.
    pub fn is_served(&self) -> bool {
        self.state().came.is_empty()
    }

    /// How many answers are awaited.
    pub fn accepting(&self) -> usize {
        self.state().accepting
    }

    /// Waits until it is so.
    pub async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) -> Outcome<()> {
        let end = Instant::now() + PATIENCE;
        while !is_so(self) {
            if let Some(problem) = self.state().problem.clone() {
                return Err(problem.into());
            }
            if Instant::now() > end {
                return Err(format!("in vain it was waited for this: {what}").into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// What each chat asked for, and how many were accepted; an error if anything went wrong.
    pub fn outcome(&self) -> Outcome<(Vec<Kind>, usize)> {
        let state = self.state();
        match &state.problem {
            Some(problem) => Err(problem.clone().into()),
            None => Ok((state.centre.kinds().to_vec(), state.answered)),
        }
    }

    fn come(&self, state: &mut State, due: Instant) {
        let chat = state.centre.next();
        state.came.insert(chat.number, due);
        self.0.0.open(&chat);
    }

    fn offered(&self, chat: usize) {
        let mut state = self.state();
        state.accepting += 1;
        let waited = state.came.get(&chat).map(Instant::elapsed);
        state.times.to_offer.extend(waited);
    }

    /// Who is assigned is served; who has been served for longest goes, if there are enough.
    fn answered(&self, chat: usize, answer: Result<(), String>) {
        let mut state = self.state();
        state.accepting -= 1;
        if let Err(problem) = answer {
            state.problem.get_or_insert(problem);
            return;
        }
        state.answered += 1;
        let waited = state.came.remove(&chat).map(|due| due.elapsed());
        state.times.to_assign.extend(waited);
        state.held.push_back(chat);
        if state.pace == Pace::Stopped || state.held.len() <= state.hold {
            return;
        }
        self.exchange(&mut state);
    }

    /// Who has been served for longest goes.
    fn exchange(&self, state: &mut State) {
        if let Some(longest) = state.held.pop_front() {
            self.0.0.end(longest);
        }
        if state.pace == Pace::Closed {
            self.come(state, Instant::now());
        }
    }

    fn fail(&self, problem: String) {
        self.state().problem.get_or_insert(problem);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.1.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where an agent sits: on queue, with an open stream.
pub struct Desk {
    agents: AgentServiceClient<InProcess>,
    token: String,
    frames: Streaming<proto::WatchMeResponse>,
}

impl Desk {
    /// The agent watches and goes on queue.
    pub async fn open(routing: InProcess, token: String) -> Outcome<Self> {
        let mut agents = AgentServiceClient::new(routing);
        let watched = agents.watch_me(with_token(proto::WatchMeRequest {}, &token)).await?;
        agents
            .go_on_queue(with_token(proto::GoOnQueueRequest {}, &token))
            .await?;
        let frames = watched.into_inner();
        Ok(Self { agents, token, frames })
    }

    /// Reads the stream, and answers nothing.
    pub async fn ignore(mut self) {
        while let Ok(Some(_)) = self.frames.message().await {}
    }

    /// Accepts whatever is offered, each in its own time.
    pub async fn serve(mut self, floor: Floor) {
        loop {
            let frame = match self.frames.message().await {
                Ok(Some(response)) => response.frame,
                Ok(None) => return,
                Err(status) => return floor.fail(format!("a desk's stream broke: {status}")),
            };
            match frame {
                Some(Frame::Offered(offer)) => self.accept(&floor, offer),
                Some(Frame::Goodbye(goodbye)) if goodbye.reason != "draining" => {
                    return floor.fail(format!("a desk's stream ended: {}", goodbye.reason));
                }
                _ => {}
            }
        }
    }

    fn accept(&self, floor: &Floor, offer: proto::Offer) {
        let Ok(chat) = offer.conversation_id.parse().map(number) else {
            return floor.fail(format!("no chat: {}", offer.conversation_id));
        };
        floor.offered(chat);
        let (mut agents, floor) = (self.agents.clone(), floor.clone());
        let offer_id = offer.offer_id;
        let request = with_token(proto::AcceptOfferRequest { offer_id }, &self.token);
        tokio::spawn(async move {
            let answer = agents.accept_offer(request).await;
            let answer = answer
                .map(drop)
                .map_err(|status| format!("an offer was not accepted: {status}"));
            floor.answered(chat, answer);
        });
    }
}
