//! An agent at a desk: logs in, stays on queue, accepts every offer, follows all chats on one stream over every break, and
//! answers now and then.

use super::{
    Surroundings,
    chance::{Backoff, Chance},
    doors::{Doors, asking},
    speaker::{Speaker, Token, spelt},
};
use crate::{
    history::{Class, Seen},
    people::bearing,
};
use onqueue_proto::{
    auth::v1::{LoginRequest, token_service_client::TokenServiceClient},
    gateway::v1::{
        ConversationCursor, ConversationFrame, WatchRequest, desk_service_client::DeskServiceClient,
        watch_response::Frame,
    },
    routing::v1::{
        AcceptOfferRequest, Agent as State, AgentState, GoOnQueueRequest, HeartbeatRequest, WatchMeResponse,
        agent_service_client::AgentServiceClient, watch_me_response::Frame as Mine,
    },
    session::v1::{WatchMineResponse, watch_mine_response::Frame as Set, watch_response},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};
use tokio::{
    task::{AbortHandle, JoinSet},
    time::{sleep, timeout},
};
use tonic::{Code, Request};

/// After how long without any frame the stream is given up.
const SILENCE: Duration = Duration::from_secs(20);

/// Tokens live for ten minutes.
const RENEW: Duration = Duration::from_secs(7 * 60);

/// Somebody at work.
pub struct Agent {
    surroundings: Surroundings,
    name: String,
    email: String,
    doors: Doors,
    chance: Chance,
    token: Token,
    logged_in: Instant,
    chats: BTreeMap<String, Chat>,
    /// Chats named since the stream began.
    named: BTreeSet<String>,
    broken: Option<Instant>,
    work: JoinSet<()>,
}

/// A chat in which the agent takes part.
struct Chat {
    cursor: String,
    speaking: AbortHandle,
}

impl Agent {
    /// Logs in and works until this is dropped.
    pub async fn work(surroundings: Surroundings, number: usize, mut chance: Chance) {
        let mut agent = Self {
            name: format!("agent-{number}"),
            email: surroundings.organisation.agents[number].clone(),
            doors: Doors::of(&surroundings.doors, number),
            token: Token::default(),
            logged_in: Instant::now(),
            chats: BTreeMap::new(),
            named: BTreeSet::new(),
            broken: None,
            work: JoinSet::new(),
            chance: chance.fork(),
            surroundings,
        };
        let mut backoff = Backoff::new(chance);
        while !agent.log_in().await {
            agent.doors.turn();
            backoff.pause().await;
        }
        loop {
            if agent.follow_once(&mut backoff).await.is_none() {
                agent.broken.get_or_insert_with(Instant::now);
                agent.doors.turn();
                backoff.pause().await;
            }
            if agent.logged_in.elapsed() > RENEW {
                agent.log_in().await;
            }
        }
    }

    async fn log_in(&mut self) -> bool {
        let organisation = &self.surroundings.organisation;
        let mut request = Request::new(LoginRequest {
            organisation: organisation.slug.clone(),
            email: self.email.clone(),
            password: organisation.password.clone(),
        });
        request.set_timeout(Duration::from_secs(10));
        match TokenServiceClient::new(self.doors.door()).login(request).await {
            Ok(answer) => {
                self.token.set(answer.into_inner().tokens.expect("tokens").access_token);
                self.logged_in = Instant::now();
                true
            }
            Err(status) => {
                self.surroundings.figures.failed("Login", &status);
                false
            }
        }
    }

    /// One stream: `None` when it broke, something when it is time for another token.
    async fn follow_once(&mut self, backoff: &mut Backoff) -> Option<()> {
        let cursors = self.chats.iter().map(|(id, chat)| ConversationCursor {
            conversation_id: id.clone(),
            cursor: chat.cursor.clone(),
        });
        let request = WatchRequest {
            cursors: cursors.collect(),
        };
        self.named.clear();
        let mut client = DeskServiceClient::new(self.doors.door());
        let opened = timeout(SILENCE, client.watch(bearing(&self.token.get(), request))).await;
        let mut stream = opened.ok()?.ok()?.into_inner();
        loop {
            if self.logged_in.elapsed() > RENEW {
                return Some(());
            }
            let frame = timeout(SILENCE, stream.message()).await.ok()?.ok()??.frame?;
            if let Some(broken) = self.broken.take() {
                self.surroundings.figures.desk_resumed(broken.elapsed());
            }
            backoff.reset();
            match frame {
                Frame::Agent(WatchMeResponse { frame }) => self.take_own(frame?),
                Frame::Mine(WatchMineResponse { frame }) => self.take_set(frame?),
                Frame::Conversation(frame) => self.take_chat(frame),
                Frame::Heartbeat(_) => {}
                Frame::Goodbye(_) => return None,
            }
        }
    }

    fn take_own(&mut self, frame: Mine) {
        match frame {
            Mine::Agent(state) => self.stay_on_queue(&state),
            Mine::Offered(offer) => self.accept(offer.offer_id),
            Mine::Heartbeat(_) => self.answer_heartbeat(),
            Mine::OfferEnded(_) | Mine::Goodbye(_) => {}
        }
    }

    fn stay_on_queue(&mut self, state: &State) {
        if matches!(state.state(), AgentState::Idle | AgentState::Interacting) {
            return;
        }
        let (surroundings, mut doors, token) = (self.surroundings.clone(), self.doors.clone(), self.token.clone());
        let mut backoff = Backoff::new(self.chance.fork());
        self.work.spawn(async move {
            loop {
                let mut client = AgentServiceClient::new(doors.door());
                let Err(status) = client.go_on_queue(asking(&token.get(), GoOnQueueRequest {})).await else {
                    return;
                };
                surroundings.figures.failed("GoOnQueue", &status);
                doors.turn();
                backoff.pause().await;
            }
        });
    }

    fn accept(&mut self, offer_id: String) {
        let (surroundings, mut doors, token) = (self.surroundings.clone(), self.doors.clone(), self.token.clone());
        let mut chance = self.chance.fork();
        self.work.spawn(async move {
            // People look first.
            sleep(chance.between(Duration::from_millis(20), Duration::from_millis(200))).await;
            let mut backoff = Backoff::new(chance);
            loop {
                let request = AcceptOfferRequest {
                    offer_id: offer_id.clone(),
                };
                let mut client = AgentServiceClient::new(doors.door());
                let Err(status) = client.accept_offer(asking(&token.get(), request)).await else {
                    return;
                };
                // Taken back, or by another: the answer came all the same.
                if matches!(status.code(), Code::FailedPrecondition | Code::NotFound) {
                    return;
                }
                surroundings.figures.failed("AcceptOffer", &status);
                doors.turn();
                backoff.pause().await;
            }
        });
    }

    fn answer_heartbeat(&mut self) {
        let (surroundings, doors, token) = (self.surroundings.clone(), self.doors.clone(), self.token.clone());
        self.work.spawn(async move {
            let answered = AgentServiceClient::new(doors.door())
                .heartbeat(asking(&token.get(), HeartbeatRequest {}))
                .await;
            if let Err(status) = answered {
                surroundings.figures.failed("Heartbeat", &status);
            }
        });
        while self.work.try_join_next().is_some() {}
    }

    fn take_set(&mut self, frame: Set) {
        match frame {
            Set::Added(added) => {
                let Some(conversation) = added.conversation else { return };
                self.named.insert(conversation.conversation_id.clone());
                self.begin(conversation.conversation_id, added.cursor);
            }
            Set::Removed(removed) => self.end(&removed.conversation_id),
            Set::CaughtUp(_) => {
                let gone: Vec<String> = self
                    .chats
                    .keys()
                    .filter(|id| !self.named.contains(*id))
                    .cloned()
                    .collect();
                gone.iter().for_each(|id| self.end(id));
            }
            Set::Heartbeat(_) | Set::Goodbye(_) => {}
        }
    }

    fn begin(&mut self, id: String, cursor: String) {
        if self.chats.contains_key(&id) {
            return;
        }
        let speaker = Speaker {
            surroundings: self.surroundings.clone(),
            doors: self.doors.clone(),
            token: self.token.clone(),
            conversation: id.parse().expect("an id"),
            name: self.name_in(&id),
            class: Class::Agent,
            chance: self.chance.fork(),
        };
        let speaking = self.work.spawn(speaker.speak());
        self.chats.insert(id, Chat { cursor, speaking });
    }

    /// The agent's name as a sender and subscriber of one chat.
    fn name_in(&self, id: &str) -> String {
        format!("{}-{}", self.name, spelt(&id[24..]))
    }

    fn end(&mut self, id: &str) {
        if let Some(chat) = self.chats.remove(id) {
            chat.speaking.abort();
            self.surroundings
                .history
                .left(&self.name_in(id), id.parse().expect("an id"));
        }
    }

    fn take_chat(&mut self, frame: ConversationFrame) {
        let id = frame.conversation_id;
        let Some(response) = frame.frame else { return };
        if let Some(watch_response::Frame::Event(event)) = &response.frame {
            let seen = Seen {
                sequence: event.sequence,
                event: event.event_id.parse().expect("an id"),
            };
            let conversation = id.parse().expect("an id");
            self.surroundings
                .history
                .saw(&self.name_in(&id), conversation, Class::Agent, seen);
        }
        if let (Some(chat), false) = (self.chats.get_mut(&id), response.cursor.is_empty()) {
            chat.cursor = response.cursor;
        }
    }
}
