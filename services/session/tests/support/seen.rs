//! What streams, logs and the audit trail show.

use super::{Desk, SOON, organisation};
use futures::{Stream, StreamExt as _};
use onqueue_proto::session::v1::{Event, WatchResponse, event, watch_response::Frame};
use tonic::{Status, Streaming};

/// What an event is, in a word, with the text of messages.
pub fn word(event: &Event) -> String {
    match event.body.as_ref().expect("a body") {
        event::Body::Opened(_) => "opened".to_owned(),
        event::Body::Queued(_) => "queued".to_owned(),
        event::Body::Offered(_) => "offered".to_owned(),
        event::Body::OfferWithdrawn(_) => "withdrawn".to_owned(),
        event::Body::ParticipantJoined(_) => "joined".to_owned(),
        event::Body::ParticipantLeft(_) => "left".to_owned(),
        event::Body::Message(message) => message.text.clone(),
        event::Body::InactivityWarned(_) => "warned".to_owned(),
        event::Body::Ended(_) => "ended".to_owned(),
        event::Body::Refused(refused) => refused.reason.clone(),
        event::Body::Transferred(moved) => format!("transferred {}", moved.agent_name),
        event::Body::WrapUpSet(said) => format!("wrapped up {}", said.wrap_up_code_name),
        event::Body::Reopened(again) => format!("reopened {}", again.opening),
        event::Body::Notice(notice) => notice.code.clone(),
        event::Body::AttachmentAdded(added) => format!("attached {}", added.name),
        event::Body::MessageRedacted(_) => "redacted".to_owned(),
        event::Body::AssistanceRequested(asked) => format!("asks: {}", asked.text),
        event::Body::AssistanceTaken(taken) => format!("helped by {}", taken.name),
        event::Body::AssistanceClosed(closed) => format!("help closed: {}", closed.how),
        event::Body::CoachMessage(message) => format!("coach: {}", message.text),
        event::Body::SideMessage(message) => format!("side: {}", message.text),
        event::Body::AttributesSet(set) => format!("set {}", set.keys.join(", ")),
        event::Body::Erased(erased) => format!("erased {}", erased.what),
    }
}

pub fn words(events: &[Event]) -> Vec<String> {
    events.iter().map(word).collect()
}

/// Whether a viewer's numbers are 1, 2, 3 …
pub fn is_dense(events: &[Event]) -> bool {
    events
        .iter()
        .enumerate()
        .all(|(at, event)| event.sequence == i64::try_from(at).expect("few") + 1)
}

/// The next frame, which must come soon; whether the guest is there and who supervises is passed over.
pub async fn frame(stream: &mut (impl Stream<Item = Result<WatchResponse, Status>> + Unpin)) -> WatchResponse {
    loop {
        let next = any_frame(stream).await;
        if !matches!(next.frame, Some(Frame::GuestPresence(_) | Frame::Supervision(_))) {
            return next;
        }
    }
}

/// The next frame of any kind.
pub async fn any_frame(stream: &mut (impl Stream<Item = Result<WatchResponse, Status>> + Unpin)) -> WatchResponse {
    let next = tokio::time::timeout(SOON, stream.next()).await;
    next.expect("a frame in time")
        .expect("an open stream")
        .expect("a frame")
}

/// The next `count` events of a stream with the cursors after them.
pub async fn events(stream: &mut Streaming<WatchResponse>, count: usize) -> Vec<(Event, String)> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let WatchResponse { frame, cursor } = frame(stream).await;
        if let Some(Frame::Event(event)) = frame {
            seen.push((event, cursor));
        }
    }
    seen
}

/// The actions in the audit trail, in order.
pub async fn trail(desk: &Desk) -> Vec<String> {
    let records = onqueue_store::audit::verify(desk.store.reader(), "session", organisation()).await;
    records
        .expect("whole")
        .into_iter()
        .map(|record| record.action)
        .collect()
}
