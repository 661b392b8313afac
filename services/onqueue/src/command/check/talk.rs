//! A chat from hello to goodbye: a guest asks, an agent is alerted, accepts and answers, the guest reads the answer and ends the
//! chat, and the transcript holds what was said.

use super::{
    door::{Door, Token, since},
    installation::Installation,
};
use onqueue_model::Fault;
use onqueue_proto::{
    routing::v1::{
        AcceptOfferRequest, GoOffQueueRequest, GoOnQueueRequest, HeartbeatRequest, WatchMeRequest, WatchMeResponse,
        agent_service_client::AgentServiceClient, watch_me_response,
    },
    session::v1::{
        EndConversationRequest, Event, ListEventsRequest, SendMessageRequest, StartConversationRequest, WatchRequest,
        WatchResponse, conversation_service_client::ConversationServiceClient, event,
        transcript_service_client::TranscriptServiceClient, watch_response,
    },
};
use std::time::Duration;
use tonic::{Status, Streaming, transport::Channel};

const QUESTION: &str = "Is anybody there? ☎";
const ANSWER: &str = "Yes: good day!";

/// How long it took.
pub struct Told {
    /// From the chat's start until it alerted the agent.
    pub alerted: Duration,
    /// From the answer being sent until the guest read it.
    pub answered: Duration,
}

/// The guest's end of a chat.
struct Guest {
    token: Token,
    conversation: String,
}

/// Lets the two talk.
pub async fn talk(door: &Door, installation: &Installation) -> Result<Told, Fault> {
    let agent = installation.agent.as_ref();
    let agent = agent.ok_or_else(|| Fault::internal("the agent is not logged in"))?;
    let mut offers = on_queue(door, agent).await?;
    let begun = door.clock.now();
    let guest = start(door, installation).await?;
    let offer = offered(door, agent, &mut offers, &guest.conversation).await?;
    let alerted = since(begun, door.clock.now());
    accept(door, agent, &offer).await?;
    let mut read = follow(door, &guest.token, &guest.conversation).await?;
    door.wait(
        ("session", "waiting for the agent to join"),
        until(&mut read, is_agent_joining),
    )
    .await?;
    let begun = door.clock.now();
    send(door, agent, &guest.conversation, ANSWER).await?;
    door.wait(
        ("session", "waiting for the answer"),
        until(&mut read, |event| said(event) == Some(ANSWER)),
    )
    .await?;
    let answered = since(begun, door.clock.now());
    end(door, &guest).await?;
    door.wait(("session", "waiting for the end"), until(&mut read, is_end))
        .await?;
    is_written(door, agent, &guest.conversation).await?;
    off_queue(door, agent).await?;
    Ok(Told { alerted, answered })
}

async fn on_queue(door: &Door, agent: &Token) -> Result<Streaming<WatchMeResponse>, Fault> {
    let watch = async || {
        let request = agent.following(WatchMeRequest {});
        agents(door).watch_me(request).await
    };
    let offers = door.step("following offers", watch).await?;
    let go = async || agents(door).go_on_queue(agent.bearing(GoOnQueueRequest {})).await;
    door.step("going on queue", go).await?;
    Ok(offers)
}

async fn off_queue(door: &Door, agent: &Token) -> Result<(), Fault> {
    let go = async || agents(door).go_off_queue(agent.bearing(GoOffQueueRequest {})).await;
    door.step("going off queue", go).await.map(|_| ())
}

async fn start(door: &Door, installation: &Installation) -> Result<Guest, Fault> {
    let request = StartConversationRequest {
        request_id: door.unique(),
        deployment_id: installation.deployment.clone(),
        queue_id: installation.queue.clone(),
        guest_name: "Check".to_owned(),
        first_message: QUESTION.to_owned(),
        ..StartConversationRequest::default()
    };
    let start = async || conversations(door).start_conversation(request.clone()).await;
    let started = door.step("starting a chat", start).await?;
    let (Some(conversation), Some(tokens)) = (started.conversation, started.tokens) else {
        return Err(Fault::unavailable(
            "starting a chat was answered without a conversation",
        ));
    };
    Ok(Guest {
        token: Token::new(&tokens.access_token)?,
        conversation: conversation.conversation_id,
    })
}

/// Waits until the chat alerts the agent; answers the id of the offer.
async fn offered(
    door: &Door,
    agent: &Token,
    offers: &mut Streaming<WatchMeResponse>,
    conversation: &str,
) -> Result<String, Fault> {
    let alert = async {
        loop {
            match offers.message().await?.and_then(|response| response.frame) {
                Some(watch_me_response::Frame::Offered(offer)) if offer.conversation_id == conversation => {
                    return Ok(offer.offer_id);
                }
                Some(watch_me_response::Frame::Heartbeat(_)) => {
                    agents(door).heartbeat(agent.bearing(HeartbeatRequest {})).await?;
                }
                Some(watch_me_response::Frame::Goodbye(goodbye)) => return Err(ended(&goodbye.reason)),
                Some(_) => {}
                None => return Err(ended("without a word")),
            }
        }
    };
    door.wait(("routing", "waiting for the chat to alert the agent"), alert)
        .await
}

async fn accept(door: &Door, agent: &Token, offer: &str) -> Result<(), Fault> {
    let accept = async || {
        let offer_id = offer.to_owned();
        let request = agent.bearing(AcceptOfferRequest { offer_id });
        agents(door).accept_offer(request).await
    };
    door.step("accepting the chat", accept).await.map(|_| ())
}

async fn follow(door: &Door, token: &Token, conversation: &str) -> Result<Streaming<WatchResponse>, Fault> {
    let watch = async || {
        let request = WatchRequest {
            conversation_id: conversation.to_owned(),
            cursor: String::new(),
        };
        conversations(door).watch(token.following(request)).await
    };
    door.step("following the chat", watch).await
}

/// Reads on until an event is the wanted one.
async fn until(stream: &mut Streaming<WatchResponse>, wanted: impl Fn(&Event) -> bool) -> Result<(), Status> {
    loop {
        match stream.message().await?.and_then(|response| response.frame) {
            Some(watch_response::Frame::Event(event)) if wanted(&event) => return Ok(()),
            Some(watch_response::Frame::Goodbye(goodbye)) => return Err(ended(&goodbye.reason)),
            Some(_) => {}
            None => return Err(ended("without a word")),
        }
    }
}

async fn send(door: &Door, token: &Token, conversation: &str, text: &str) -> Result<(), Fault> {
    let request = SendMessageRequest {
        conversation_id: conversation.to_owned(),
        client_message_id: door.unique(),
        text: text.to_owned(),
    };
    let send = async || conversations(door).send_message(token.bearing(request.clone())).await;
    door.step("sending the answer", send).await.map(|_| ())
}

async fn end(door: &Door, guest: &Guest) -> Result<(), Fault> {
    let end = async || {
        let conversation_id = guest.conversation.clone();
        let request = guest.token.bearing(EndConversationRequest { conversation_id });
        conversations(door).end_conversation(request).await
    };
    door.step("ending the chat", end).await.map(|_| ())
}

/// Whether the transcript holds what was said, in order.
async fn is_written(door: &Door, agent: &Token, conversation: &str) -> Result<(), Fault> {
    let list = async || {
        let request = ListEventsRequest {
            conversation_id: conversation.to_owned(),
            page_size: 200,
            ..ListEventsRequest::default()
        };
        let mut client = TranscriptServiceClient::new(door.channel.clone());
        client.list_events(agent.bearing(request)).await
    };
    let events = door.step("reading the transcript", list).await?.events;
    let texts: Vec<&str> = events.iter().filter_map(said).collect();
    if texts == [QUESTION, ANSWER] {
        return Ok(());
    }
    Err(Fault::unavailable(format!("the transcript holds {texts:?}")))
}

fn said(event: &Event) -> Option<&str> {
    match &event.body {
        Some(event::Body::Message(message)) => Some(&message.text),
        _ => None,
    }
}

fn is_agent_joining(event: &Event) -> bool {
    let agent = onqueue_proto::session::v1::ParticipantKind::Agent;
    matches!(&event.body, Some(event::Body::ParticipantJoined(joined)) if joined.kind() == agent)
}

fn is_end(event: &Event) -> bool {
    matches!(event.body, Some(event::Body::Ended(_)))
}

fn ended(reason: &str) -> Status {
    Status::unavailable(format!("the stream ended: {reason}"))
}

fn agents(door: &Door) -> AgentServiceClient<Channel> {
    AgentServiceClient::new(door.channel.clone())
}

fn conversations(door: &Door) -> ConversationServiceClient<Channel> {
    ConversationServiceClient::new(door.channel.clone())
}
