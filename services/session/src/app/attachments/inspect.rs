//! Looking at files before anybody gets them, and at what else is due about them. All of it can be done again: whatever stops
//! half-way is due again a while later, here or on another replica.

use super::{bytes::sender, parts::Parts};
use crate::app::{
    App,
    commit::{Item, Outcome, What, traceparent},
};
use crate::store::{
    attachments::{self, Attachment, Cleared, State},
    conversations,
};
use futures::{StreamExt as _, stream};
use onqueue_chat::{ClientMessageId, Input};
use onqueue_files::{Finding, Place, Refusal, content};
use onqueue_model::{Fault, Timestamp};
use std::time::Duration;

/// How often something due is looked for, by the clock, and how often the clock is asked.
const EVERY: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(500);

/// How many are looked at together.
const PAGE: u64 = 20;
const AT_ONCE: usize = 4;

/// How long the work on one may take beside the scanner's.
const CLAIM: Duration = Duration::from_secs(60);

/// The first pause before a file without a verdict is looked at again; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

impl App {
    /// Does what is due about files, for ever and not at once; for a task that began then.
    pub async fn attend(&self, began: Timestamp) {
        let mut last = began;
        loop {
            tokio::time::sleep(TICK).await;
            let now = self.context.clock.now();
            if now >= last && now.since(last) < EVERY {
                continue;
            }
            last = now;
            if let Err(fault) = self.attend_once(now).await {
                tracing::warn!(%fault, "files could not be looked at; it is tried again soon");
            }
        }
    }

    async fn attend_once(&self, now: Timestamp) -> Result<(), Fault> {
        let due = attachments::due(&self.store, now, PAGE).await?;
        let each = |one: Attachment| async move {
            match attachments::claim(&self.store, &one, now + self.claim()).await {
                Ok(true) => self.attend_to(one.place).await,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "a file could not be looked at"),
            }
        };
        stream::iter(due).for_each_concurrent(AT_ONCE, each).await;
        Ok(())
    }

    /// How long whoever looks at a file has it to themselves.
    pub(super) fn claim(&self) -> Duration {
        CLAIM + Duration::from_millis(self.files.settings.scanner_ms)
    }

    /// Does what is due about one file, whose turn is this replica's.
    pub(super) async fn attend_to(&self, place: Place) {
        let outcome = match attachments::find(&self.store, place).await {
            Ok(Some(one)) => self.attend_to_one(&one).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error.into()),
        };
        if let Err(fault) = outcome {
            tracing::warn!(%fault, context = fault.context, attachment = %place.attachment, "a file could not be dealt with; it is tried again");
        }
    }

    async fn attend_to_one(&self, one: &Attachment) -> Result<(), Fault> {
        let now = self.context.clock.now();
        match one.state {
            State::Uploading if one.expires_at > now => Ok(()),
            State::Uploading => self.refuse(one, Refusal::NotUploaded).await,
            State::Quarantined => self.look_into(one, now).await,
            State::Clean => self.tell(one).await,
            State::Refused(_) | State::Erased => self.remove(one).await,
        }
    }

    async fn look_into(&self, one: &Attachment, now: Timestamp) -> Result<(), Fault> {
        match self.verdict(one).await {
            Ok(Ok(cleared)) => {
                attachments::clear(&self.store, one.place, cleared).await?;
                // Erased meanwhile, it is somebody else's turn.
                match attachments::find(&self.store, one.place).await? {
                    Some(clean) if clean.state == State::Clean => self.tell(&clean).await,
                    _ => Ok(()),
                }
            }
            Ok(Err(refusal)) => self.refuse(one, refusal).await,
            Err(_) if now.since(one.created_at) > self.files.settings.patience() => {
                self.refuse(one, Refusal::NotScanned).await
            }
            Err(fault) => {
                let pause = FIRST_PAUSE.saturating_mul(1 << one.tries.min(10)).min(LONGEST_PAUSE);
                attachments::postpone(&self.store, one.place, one.tries + 1, now + pause).await?;
                Err(fault)
            }
        }
    }

    /// What is to be thought of a file; an error is no verdict.
    async fn verdict(&self, one: &Attachment) -> Result<Result<Cleared, Refusal>, Fault> {
        let attempt = one.attempt.ok_or_else(|| Fault::internal("a file without bytes"))?;
        let measured = Parts::measure(&self.files.depot, one.place, attempt, one.bytes).await?;
        let Some(parts) = measured else {
            return Ok(Err(Refusal::NotUploaded));
        };
        let kind = match content::inspect(&parts, &one.name, &self.allowed(one).await?).await? {
            Ok(kind) => kind,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Some(scanner) = self.files.scanner().await?
            && let Finding::Infected(found) = scanner.ask(one.bytes, parts.stream()).await?
        {
            tracing::warn!(found, attachment = %one.place.attachment, "the scanner found something in a file");
            return Ok(Err(Refusal::Infected));
        }
        Ok(Ok(Cleared {
            name: kind.named(&one.name),
            media_type: kind.media_type().to_owned(),
            hashes: parts.hashes().to_vec(),
        }))
    }

    /// What the queue takes now.
    async fn allowed(&self, one: &Attachment) -> Result<Vec<String>, Fault> {
        let key = (one.place.organisation, one.place.conversation);
        let Some(found) = conversations::find(&self.store, key).await? else {
            return Ok(Vec::new());
        };
        let policy = self.policies.read(&self.store, key.0, found.head.queue).await?;
        let rule = policy.and_then(|policy| policy.attachments.clone());
        Ok(rule.map(|rule| rule.media_types).unwrap_or_default())
    }

    /// The log says that it is there.
    async fn tell(&self, one: &Attachment) -> Result<(), Fault> {
        let key = (one.place.organisation, one.place.conversation);
        let by = sender(one);
        let input = Input::Attach {
            sender: by,
            attachment: onqueue_chat::Attachment {
                id: one.place.attachment,
                name: one.name.clone(),
                bytes: one.bytes,
                media_type: one.media_type.clone().unwrap_or_default(),
            },
            key: ClientMessageId::parse(&one.place.attachment.to_string())?,
        };
        let actor = match one.user {
            Some(user) => format!("user:{user}"),
            None => format!("guest:{}", one.participant),
        };
        let item = Item {
            what: What::Apply(key, input),
            traceparent: traceparent(),
            actor: actor.into(),
        };
        match self.submit(key.0, item).await {
            Outcome::Done(_) | Outcome::Repeated(_) => {
                attachments::settle(&self.store, one).await?;
                Ok(())
            }
            Outcome::Refused(_) | Outcome::Missing => self.refuse(one, Refusal::ConversationClosed).await,
            Outcome::Failed(fault) => Err(fault),
            Outcome::Taken => Err(Fault::internal("an answer to another question")),
        }
    }

    async fn refuse(&self, one: &Attachment, refusal: Refusal) -> Result<(), Fault> {
        tracing::info!(attachment = %one.place.attachment, why = refusal.as_str(), "a file was not let in");
        attachments::refuse(&self.store, one.place, refusal, self.context.clock.now()).await?;
        match attachments::find(&self.store, one.place).await? {
            Some(refused) if matches!(refused.state, State::Refused(_) | State::Erased) => self.remove(&refused).await,
            _ => Ok(()),
        }
    }

    /// Its bytes go.
    pub(super) async fn remove(&self, one: &Attachment) -> Result<(), Fault> {
        self.files.depot.remove(&one.place).await?;
        attachments::settle(&self.store, one).await?;
        Ok(())
    }
}
