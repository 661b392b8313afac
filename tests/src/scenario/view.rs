//! A reader of one conversation, and what it saw over all of its streams.

use crate::{load::Samples, people::bearing};
use onqueue_proto::session::v1::{
    Event, WatchRequest, WatchResponse, conversation_service_client::ConversationServiceClient, event,
    watch_response::Frame,
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tonic::{Streaming, transport::Channel};

/// After how long without any frame a stream is given up; quiet ones say that they live every second.
const SILENCE: Duration = Duration::from_secs(5);

/// How long after a refused attempt the next one is made.
const AGAIN: Duration = Duration::from_millis(10);

/// What was seen.
#[derive(Debug)]
pub(super) struct View {
    /// Ids by their place in what the reader may see.
    pub events: Vec<String>,
    /// How often an event came before all that precede it had come.
    pub missed: usize,
    /// How often one came again.
    pub repeated: usize,
    /// How often the service ended a stream and said where to go on.
    pub farewells: usize,
    /// From a cut to the next open stream.
    pub resumed: Samples,
    /// From the moment at which a message was to be sent to its being seen.
    pub delays: Samples,
    cursor: String,
    cut: Option<Instant>,
    /// From when messages tell their time.
    epoch: Instant,
}

impl View {
    fn new(epoch: Instant) -> Self {
        Self {
            events: Vec::new(),
            missed: 0,
            repeated: 0,
            farewells: 0,
            resumed: Samples::default(),
            delays: Samples::default(),
            cursor: String::new(),
            cut: None,
            epoch,
        }
    }

    /// The connection is cut now.
    pub fn cut(&mut self) {
        self.cut.get_or_insert_with(Instant::now);
    }

    fn opened(&mut self) {
        if let Some(cut) = self.cut.take() {
            self.resumed.add(cut.elapsed());
        }
    }

    fn take(&mut self, response: WatchResponse) {
        match response.frame {
            Some(Frame::Event(event)) => self.see(event),
            Some(Frame::Goodbye(_)) => self.farewells += 1,
            _ => {}
        }
        if !response.cursor.is_empty() {
            self.cursor = response.cursor;
        }
    }

    fn see(&mut self, event: Event) {
        let place = usize::try_from(event.sequence).unwrap_or(0);
        let next = self.events.len() + 1;
        if place < next {
            self.repeated += 1;
            return;
        }
        self.missed += place - next;
        self.events.resize(place - 1, String::new());
        self.events.push(event.event_id);
        if let Some(event::Body::Message(message)) = event.body
            && let Some(due) = due(&message.text)
        {
            self.delays.add(self.epoch.elapsed().saturating_sub(due));
        }
    }
}

/// A text that tells when it was to be sent.
pub(super) fn text(due: Duration) -> String {
    format!("{} microseconds had passed when this was to be said", due.as_micros())
}

fn due(text: &str) -> Option<Duration> {
    let (number, _) = text.split_once(' ')?;
    number.parse().ok().map(Duration::from_micros)
}

/// Somebody who follows a conversation and goes on wherever a stream ends.
#[derive(Clone)]
pub(super) struct Reader {
    client: ConversationServiceClient<Channel>,
    token: String,
    conversation: String,
    view: Arc<Mutex<View>>,
    /// How long it takes over each frame.
    pace: watch::Receiver<Duration>,
}

impl Reader {
    /// Of a conversation, with this token, over this connection.
    pub fn new(way: Channel, (conversation, token): (&str, &str), pace: watch::Receiver<Duration>) -> Self {
        Self {
            client: ConversationServiceClient::new(way),
            token: token.to_owned(),
            conversation: conversation.to_owned(),
            view: Arc::new(Mutex::new(View::new(Instant::now()))),
            pace,
        }
    }

    /// Messages tell their time from this moment on.
    #[must_use]
    pub fn since(self, epoch: Instant) -> Self {
        self.view().epoch = epoch;
        self
    }

    pub fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows for as long as it is let.
    pub async fn read(mut self) {
        loop {
            let request = WatchRequest {
                conversation_id: self.conversation.clone(),
                cursor: self.view().cursor.clone(),
            };
            let opened = timeout(SILENCE, self.client.watch(bearing(&self.token, request))).await;
            match opened {
                Ok(Ok(answer)) => {
                    // The server has taken the cursor: a quiet chat has nothing else to say.
                    self.view().opened();
                    self.follow(answer.into_inner()).await;
                }
                _ => sleep(AGAIN).await,
            }
        }
    }

    async fn follow(&mut self, mut stream: Streaming<WatchResponse>) {
        while let Ok(Ok(Some(response))) = timeout(SILENCE, stream.message()).await {
            self.view().take(response);
            let pace = *self.pace.borrow();
            if !pace.is_zero() {
                let _ = timeout(pace, self.pace.changed()).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(sequence: i64) -> WatchResponse {
        WatchResponse {
            frame: Some(Frame::Event(Event {
                sequence,
                event_id: sequence.to_string(),
                ..Event::default()
            })),
            cursor: sequence.to_string(),
        }
    }

    #[test]
    fn what_is_missed_and_what_comes_again_is_counted() {
        let mut view = View::new(Instant::now());
        for sequence in [1, 2, 2, 5, 3, 6] {
            view.take(event(sequence));
        }
        assert_eq!((view.missed, view.repeated), (2, 2));
        assert_eq!(view.events, ["1", "2", "", "", "5", "6"]);
        assert_eq!(view.cursor, "6");
    }

    #[test]
    fn a_text_tells_its_time() {
        let at = Duration::from_micros(1_234);
        assert_eq!(due(&text(at)), Some(at));
        assert_eq!(due("Hello you"), None);
    }
}
