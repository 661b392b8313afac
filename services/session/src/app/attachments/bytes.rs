//! Bytes on their way in and out, on behalf of whoever holds a ticket.

use super::{no_attachment, parts, parts::Parts, takes};
use crate::app::{
    App,
    access::{Seen, Viewer},
};
use crate::store::{
    attachments::{self, Attachment, State},
    conversations,
};
use bytes::Bytes;
use futures::stream::BoxStream;
use onqueue_chat::{Class, Sender};
use onqueue_files::Place;
use onqueue_model::{Fault, Reason};
use onqueue_trust::{Errand, Ticket};
use std::{sync::Arc, time::Duration};
use tokio::sync::oneshot;
use uuid::Uuid;

/// How long who brought a file waits for what is found in it.
const VERDICT: Duration = Duration::from_secs(5);

/// An attempt to bring a file.
#[derive(Debug)]
pub(crate) struct Opened {
    pub attempt: Uuid,
    pub bytes: u64,
}

impl App {
    /// Begins to take a file's bytes; what was brought of it before counts no more.
    pub async fn open_upload(&self, token: &str) -> Result<Opened, Fault> {
        let one = self.admitted(token, Errand::Upload).await?;
        self.still_wanted(&one).await?;
        let attempt = self.context.ids.uuid(self.context.clock.now());
        if !attachments::begin(&self.store, one.place, attempt).await? {
            return Err(all_there());
        }
        Ok(Opened {
            attempt,
            bytes: one.bytes,
        })
    }

    /// Keeps one part of that attempt.
    pub async fn store_part(&self, token: &str, attempt: Uuid, number: u32, data: Bytes) -> Result<(), Fault> {
        let one = self.admitted(token, Errand::Upload).await?;
        if one.state != State::Uploading {
            return Err(all_there());
        }
        if one.attempt != Some(attempt) {
            return Err(overtaken());
        }
        if parts::length(one.bytes, number) != Some(data.len()) {
            return Err(Fault::field("data", "this is no part of this file"));
        }
        self.files.depot.put(&one.place, attempt, number, data).await?;
        self.still_expected(one.place).await
    }

    /// What was removed while a part was on its way must not come back with it.
    async fn still_expected(&self, place: Place) -> Result<(), Fault> {
        match attachments::find(&self.store, place).await? {
            Some(one) if matches!(one.state, State::Refused(_) | State::Erased) => {
                self.remove(&one).await?;
                Err(all_there())
            }
            _ => Ok(()),
        }
    }

    /// Says that all parts are there, and waits a moment for what is found in them.
    pub async fn close_upload(self: &Arc<Self>, token: &str, attempt: Uuid) -> Result<Attachment, Fault> {
        let one = self.admitted(token, Errand::Upload).await?;
        let until = self.context.clock.now() + self.claim();
        if attachments::close(&self.store, one.place, attempt, until).await? {
            let (done, found) = oneshot::channel();
            let (app, place) = (Arc::clone(self), one.place);
            self.context.tasks.spawn("attachment", async move {
                app.attend_to(place).await;
                // Who asked may have gone.
                let _ = done.send(());
            });
            // Without a word in time it is in quarantine still.
            let _ = tokio::time::timeout(VERDICT, found).await;
        }
        let now = attachments::find(&self.store, one.place).await?;
        match now.ok_or_else(no_attachment)? {
            now if now.state == State::Uploading => Err(overtaken()),
            now => Ok(now),
        }
    }

    /// A clean file, and its bytes.
    pub async fn bytes(&self, token: &str) -> Result<(Attachment, BoxStream<'static, Result<Bytes, Fault>>), Fault> {
        let one = self.admitted(token, Errand::Download).await?;
        let attempt = one.attempt.filter(|_| one.state == State::Clean);
        let attempt = attempt.ok_or_else(no_attachment)?;
        let parts = Parts::known(&self.files.depot, one.place, attempt, one.bytes, one.hashes.clone());
        Ok((one, parts.stream()))
    }

    /// The file of a ticket.
    async fn admitted(&self, token: &str, errand: Errand) -> Result<Attachment, Fault> {
        let ticket = self.context.trust.ticket(token, errand, self.context.clock.now())?;
        let found = attachments::find(&self.store, place(&ticket)).await?;
        let one = found.filter(|one| one.bytes == ticket.bytes && one.state != State::Erased);
        one.ok_or_else(no_attachment)
    }

    /// Whether the conversation would take it now.
    async fn still_wanted(&self, one: &Attachment) -> Result<(), Fault> {
        let key = (one.place.organisation, one.place.conversation);
        let found = conversations::find(&self.store, key).await?;
        let viewer = Viewer {
            class: Class::Supervisor,
            participant: None,
        };
        let seen: Seen = self.with_policy(found.ok_or_else(no_attachment)?, viewer).await?;
        takes(&seen, sender(one), self.context.clock.now())
    }
}

fn place(ticket: &Ticket) -> Place {
    Place {
        organisation: ticket.organisation,
        conversation: ticket.conversation,
        attachment: ticket.attachment,
    }
}

/// Whose it is.
pub(super) fn sender(one: &Attachment) -> Sender {
    one.user.map_or(Sender::Guest(one.participant), Sender::User)
}

fn all_there() -> Fault {
    Fault::new(Reason::StateConflict, "nothing more of this file is expected")
}

fn overtaken() -> Fault {
    Fault::new(Reason::StateConflict, "this file is being uploaded anew elsewhere")
}
