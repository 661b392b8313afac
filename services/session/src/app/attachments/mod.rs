//! Files in conversations. One is announced, its bytes come in parts, it is looked at, and only then the log says that it is
//! there and anybody gets it.

mod bytes;
mod erase;
mod inspect;
mod parts;

use super::App;
use super::access::{Seen, sender};
use crate::store::{
    Key,
    attachments::{self, Announced, Attachment, Limits, New, State},
    policies,
};
use onqueue_chat::{self as chat, Refusal, Sender};
use onqueue_files::{Depot, Place, Scanner, Settings, name};
use onqueue_model::{AttachmentId, Caller, ConversationId, Fault, ParticipantId, Reason, Timestamp, permissions};
use onqueue_trust::{Errand, Ticket};
use tokio::sync::OnceCell;
use uuid::Uuid;

/// What the use cases of files share.
#[derive(Debug)]
pub(crate) struct Files {
    pub settings: Settings,
    pub depot: Depot,
    scanner: OnceCell<Option<Scanner>>,
}

/// What somebody wants to attach.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub request: Uuid,
    pub name: String,
    pub bytes: u64,
}

/// A file, and what gives its bytes the way in or out until then.
#[derive(Debug)]
pub(crate) struct Granted {
    pub attachment: Attachment,
    /// `None` when there is nothing to bring any more.
    pub token: Option<String>,
    pub expires_at: Timestamp,
}

/// What may still be attached.
#[derive(Clone, Debug, Default)]
pub(crate) struct Room {
    pub enabled: bool,
    pub max_bytes: u64,
    pub left_bytes: u64,
    pub media_types: Vec<String>,
}

impl Files {
    pub fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            depot: Depot::new(settings),
            scanner: OnceCell::new(),
        }
    }

    /// Made for the first file, as the certificates that it trusts are read then.
    async fn scanner(&self) -> Result<Option<&Scanner>, Fault> {
        let make = || async { Scanner::new(&self.settings) };
        self.scanner.get_or_try_init(make).await.map(Option::as_ref)
    }
}

/// For those for whom it does not exist.
fn no_attachment() -> Fault {
    Fault::not_found("attachment")
}

fn refused(why: &str, message: &str) -> Fault {
    Fault::new(Reason::AttachmentRefused, message).with("why", why)
}

impl App {
    /// Expects a file of somebody who takes part, and lets its bytes in.
    pub async fn announce(&self, caller: &Caller, id: ConversationId, wish: Wish) -> Result<Granted, Fault> {
        let by = sender(caller, id)?;
        let seen = self.see(caller, id, permissions::TRANSCRIPT_VIEW).await?;
        let participant = seen.conversation.head.party(by).ok_or(Refusal::NotTakingPart)?;
        let now = self.context.clock.now();
        takes(&seen, by, now)?;
        let rule = rule(&seen).ok_or_else(|| refused("off", "no files may be attached here"))?;
        if !(1..=rule.max_bytes).contains(&wish.bytes) {
            let problem = format!("a file has 1 to {} bytes here", rule.max_bytes);
            return Err(Fault::field("bytes", problem));
        }
        let new = New {
            place: Place {
                organisation: caller.organisation,
                conversation: id,
                attachment: self.context.ids.id(now),
            },
            participant,
            user: user(by),
            request: wish.request,
            // A file may be called by the number of somebody's card.
            name: name::safe("name", &self.mask.apply(wish.name))?,
            bytes: wish.bytes,
            now,
            expires_at: now + self.files.settings.upload(),
        };
        let total_bytes = rule.max_total_bytes;
        match attachments::announce(&self.store, new, Limits { total_bytes }).await? {
            Announced::Yes(attachment) => Ok(self.way_in(*attachment)),
            Announced::Reused => Err(Fault::request_id_reused()),
        }
    }

    fn way_in(&self, attachment: Attachment) -> Granted {
        let expires_at = attachment.expires_at;
        let is_expected = attachment.state == State::Uploading;
        let token = is_expected.then(|| self.ticket(&attachment, Errand::Upload, expires_at));
        Granted {
            attachment,
            token,
            expires_at,
        }
    }

    /// The way out for the bytes of a clean file.
    pub async fn download(&self, caller: &Caller, id: ConversationId, which: AttachmentId) -> Result<Granted, Fault> {
        let seen = self.see(caller, id, permissions::TRANSCRIPT_VIEW).await?;
        let place = Place {
            organisation: caller.organisation,
            conversation: id,
            attachment: which,
        };
        let found = attachments::find(&self.store, place).await?;
        let attachment = found.ok_or_else(no_attachment)?;
        may_have(&attachment, seen.viewer.participant)?;
        let expires_at = self.context.clock.now() + self.files.settings.download();
        Ok(Granted {
            token: Some(self.ticket(&attachment, Errand::Download, expires_at)),
            attachment,
            expires_at,
        })
    }

    /// A page of the files that the caller may know of, and what may still be attached.
    pub async fn attachments(
        &self,
        caller: &Caller,
        id: ConversationId,
        after: Option<AttachmentId>,
        limit: u64,
    ) -> Result<(Vec<Attachment>, Room), Fault> {
        let seen = self.see(caller, id, permissions::TRANSCRIPT_VIEW).await?;
        let key = (caller.organisation, id);
        let found = attachments::list(&self.store, key, seen.viewer.participant, after, limit).await?;
        Ok((found, self.room(&seen, key).await?))
    }

    async fn room(&self, seen: &Seen, key: Key) -> Result<Room, Fault> {
        let Some(rule) = rule(seen) else {
            return Ok(Room::default());
        };
        let used = attachments::used(&self.store, key).await?;
        Ok(Room {
            enabled: true,
            max_bytes: rule.max_bytes,
            left_bytes: rule.max_total_bytes.saturating_sub(used),
            media_types: rule.media_types.clone(),
        })
    }

    fn ticket(&self, one: &Attachment, errand: Errand, expires_at: Timestamp) -> String {
        self.guests.signer().sign_ticket(&Ticket {
            errand,
            organisation: one.place.organisation,
            conversation: one.place.conversation,
            attachment: one.place.attachment,
            bytes: one.bytes,
            expires_at,
        })
    }
}

fn rule(seen: &Seen) -> Option<&policies::Attachments> {
    seen.policy.as_ref()?.attachments.as_ref()
}

const fn user(sender: Sender) -> Option<onqueue_model::UserId> {
    match sender {
        Sender::User(user) => Some(user),
        Sender::Guest(_) => None,
    }
}

/// Whether the conversation takes something of them now: it goes on, or their next message opens it again.
fn takes(seen: &Seen, by: Sender, now: Timestamp) -> Result<(), Fault> {
    let head = &seen.conversation.head;
    let chat::State::Ended { at, reason } = head.state else {
        return Ok(());
    };
    let window = seen.policy.as_ref().map(|policy| policy.messaging_window);
    let until = window.and_then(|window| head.reopens_until(window));
    if matches!(by, Sender::Guest(_)) && until.is_some_and(|until| now < until) {
        return Ok(());
    }
    Err(Refusal::Ended { at, reason }.into())
}

/// What is not clean exists for those only whose it is.
fn may_have(one: &Attachment, viewer: Option<ParticipantId>) -> Result<(), Fault> {
    let is_own = viewer == Some(one.participant);
    match one.state {
        State::Clean => Ok(()),
        State::Uploading | State::Quarantined if is_own => Err(Fault::new(
            Reason::AttachmentNotReady,
            "this file is still being looked at; try again",
        )),
        State::Refused(refusal) if is_own => Err(refused(refusal.as_str(), "this file was not let in")),
        _ => Err(no_attachment()),
    }
}
