//! A customer: starts a chat, follows it over every break, says something now and then, and leaves.

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
use onqueue_model::Timestamp;
use onqueue_proto::session::v1::{
    EndConversationRequest, Event, StartConversationRequest, WatchRequest, WatchResponse,
    conversation_service_client::ConversationServiceClient, event, watch_response::Frame,
};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};
use tonic::Request;
use uuid::Uuid;

/// After how long without any frame a stream is given up; quiet ones say that they live every second.
const SILENCE: Duration = Duration::from_secs(5);

/// Somebody with a chat.
pub struct Guest {
    surroundings: Surroundings,
    doors: Doors,
    chance: Chance,
    conversation: Uuid,
    token: Token,
    name: String,
    started: Instant,
}

/// Where a stream stands.
struct Following {
    cursor: String,
    /// When the last stream broke, until the next one is open.
    broken: Option<Instant>,
    is_served: bool,
    backoff: Backoff,
}

impl Guest {
    /// Comes, stays for a while and goes; again and again until the load ends. The last chat stays open.
    pub async fn come_and_go(surroundings: Surroundings, number: usize, mut chance: Chance) {
        // Not all at the same moment.
        sleep(chance.between(Duration::ZERO, surroundings.plan.arrival)).await;
        let (least, most) = surroundings.plan.stay;
        // Who is there at the beginning has been there for a while, as it were: so customers go and come at a steady rate
        // from then on, and there is a chat to be routed in each second.
        let mut stay = chance.between(least / 4, most);
        while !surroundings.is_ending() {
            let guest = Self::start(&surroundings, number, &mut chance).await;
            guest.stay(stay, &mut chance).await;
            stay = chance.between(least, most);
        }
    }

    async fn start(surroundings: &Surroundings, number: usize, chance: &mut Chance) -> Self {
        let mut doors = Doors::of(&surroundings.doors, number);
        let request = StartConversationRequest {
            request_id: Uuid::now_v7().to_string(),
            deployment_id: surroundings.organisation.deployment.clone(),
            queue_id: surroundings.organisation.queues[number % surroundings.organisation.queues.len()].clone(),
            language: ["de", "en"][chance.below(2)].to_owned(),
            guest_name: format!("Guest {number}"),
            ..StartConversationRequest::default()
        };
        let mut backoff = Backoff::new(chance.fork());
        loop {
            let mut ask = Request::new(request.clone());
            ask.set_timeout(Duration::from_secs(5));
            match ConversationServiceClient::new(doors.door())
                .start_conversation(ask)
                .await
            {
                Ok(answer) => {
                    let answer = answer.into_inner();
                    let id = answer.conversation.expect("a conversation").conversation_id;
                    return Self {
                        surroundings: surroundings.clone(),
                        doors,
                        chance: chance.fork(),
                        conversation: id.parse().expect("an id"),
                        token: Token::new(answer.tokens.expect("tokens").access_token),
                        name: format!("guest-{}", spelt(&id[24..])),
                        started: Instant::now(),
                    };
                }
                Err(status) => {
                    surroundings.figures.failed("StartConversation", &status);
                    doors.turn();
                    backoff.pause().await;
                }
            }
        }
    }

    async fn stay(mut self, stay: Duration, chance: &mut Chance) {
        let speaker = Speaker {
            surroundings: self.surroundings.clone(),
            doors: self.doors.clone(),
            token: self.token.clone(),
            conversation: self.conversation,
            name: self.name.clone(),
            class: Class::Guest,
            chance: self.chance.fork(),
        };
        let leaves = self.leaves(stay, chance.fork());
        let mut others = tokio::task::JoinSet::new();
        others.spawn(speaker.speak());
        others.spawn(leaves);
        self.follow().await;
    }

    /// Follows the chat to its end.
    async fn follow(&mut self) {
        let mut following = Following {
            cursor: String::new(),
            broken: None,
            is_served: false,
            backoff: Backoff::new(self.chance.fork()),
        };
        while !self.follow_once(&mut following).await {
            following.broken.get_or_insert_with(Instant::now);
            self.doors.turn();
            following.backoff.pause().await;
        }
    }

    /// One stream until it breaks; true when the chat is over.
    async fn follow_once(&self, following: &mut Following) -> bool {
        let request = WatchRequest {
            conversation_id: self.conversation.to_string(),
            cursor: following.cursor.clone(),
        };
        let mut client = ConversationServiceClient::new(self.doors.door());
        let opened = timeout(SILENCE, client.watch(bearing(&self.token.get(), request))).await;
        let Ok(Ok(answer)) = opened else { return false };
        // The server has taken the cursor: a quiet chat has nothing else to say.
        if let Some(broken) = following.broken.take() {
            self.surroundings.figures.resumed(broken.elapsed());
        }
        let mut stream = answer.into_inner();
        let opened = self.surroundings.time.now();
        loop {
            let Ok(next) = timeout(SILENCE, stream.message()).await else {
                following.broken = following.broken.or(Instant::now().checked_sub(SILENCE));
                return false;
            };
            let Ok(Some(response)) = next else { return false };
            let is_goodbye = matches!(response.frame, Some(Frame::Goodbye(_)));
            let is_over = self.take(response, following, opened);
            if is_over || is_goodbye {
                return is_over;
            }
        }
    }

    /// Takes one frame; true when it is the chat's end.
    fn take(&self, response: WatchResponse, following: &mut Following, opened: Timestamp) -> bool {
        following.backoff.reset();
        let is_over = match &response.frame {
            Some(Frame::Event(event)) => self.see(event, following, opened),
            _ => false,
        };
        if !response.cursor.is_empty() {
            following.cursor = response.cursor;
        }
        is_over
    }

    fn see(&self, event: &Event, following: &mut Following, opened: Timestamp) -> bool {
        let at = event.at.as_ref().map(onqueue_proto::millis);
        if let Some(at) = at.filter(|at| *at > opened) {
            self.surroundings
                .figures
                .delivered(self.surroundings.time.now().since(at));
        }
        let seen = Seen {
            sequence: event.sequence,
            event: event.event_id.parse().expect("an id"),
        };
        self.surroundings
            .history
            .saw(&self.name, self.conversation, Class::Guest, seen);
        if matches!(event.body, Some(event::Body::ParticipantJoined(_))) && !following.is_served {
            following.is_served = true;
            self.surroundings.figures.assigned(self.started.elapsed());
        }
        matches!(event.body, Some(event::Body::Ended(_)))
    }

    /// Ends the chat after a while, unless the load ends before.
    fn leaves(&self, after: Duration, chance: Chance) -> impl Future<Output = ()> + Send + use<> {
        let (surroundings, mut doors, token) = (self.surroundings.clone(), self.doors.clone(), self.token.clone());
        let conversation_id = self.conversation.to_string();
        async move {
            sleep(after).await;
            let mut backoff = Backoff::new(chance);
            while !surroundings.is_ending() {
                let _busy = surroundings.floor.busy();
                let end = EndConversationRequest {
                    conversation_id: conversation_id.clone(),
                };
                let mut client = ConversationServiceClient::new(doors.door());
                let Err(status) = client.end_conversation(asking(&token.get(), end)).await else {
                    return;
                };
                surroundings.figures.failed("EndConversation", &status);
                doors.turn();
                backoff.pause().await;
            }
        }
    }
}
