//! Beginning a conversation: what the deployment allows, the first commit, and a second's wait for routing's word.

use super::access::{Seen, Viewer};
use super::commit::{Item, Outcome, What, traceparent};
use super::guests::{Resume, Tokens};
use super::hub::{Live, Subscription};
use super::recognise::Recognised;
use super::{App, mask};
use crate::contact::KnownId;
use crate::store::{
    Key,
    conversations::{self, Conversation},
    guests::Guest,
    log,
    plan::Details,
    policies,
};
use onqueue_chat::{Body, Class, ConversationKind, Door, Opening, Rules, State, Text};
use onqueue_model::{
    ConversationId, DeploymentId, Fault, Language, OrganisationId, QueueId, Reason, SkillId, Timestamp,
};
use onqueue_trust::{Deployment, DeploymentQueue};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use uuid::Uuid;

/// How much of a log is looked through for the reason of a refusal, which comes early.
const EARLY: u64 = 50;

/// What a customer asks for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub request: Uuid,
    pub kind: ConversationKind,
    pub deployment: DeploymentId,
    pub queue: QueueId,
    pub language: Option<Language>,
    pub guest_name: String,
    pub topic: String,
    pub first_message: Option<Text>,
    /// Who the customer is, as the web site says and signs it.
    pub assertion: Option<String>,
    /// What the guest gave of themselves.
    pub given: Vec<KnownId>,
    /// The web page's origin, if it is not the gateway's own.
    pub origin: Option<String>,
}

/// What they get.
pub(crate) struct Started {
    pub seen: Seen,
    pub tokens: Tokens,
}

/// A conversation that was begun.
struct Begun {
    guest: Guest,
    resume: Resume,
    /// Where routing's word comes.
    verdict: Subscription,
}

impl App {
    /// Begins a conversation, or answers the one that the same request began.
    pub async fn start(&self, wish: Wish) -> Result<Started, Fault> {
        let wish = mask::wish(&self.mask, wish);
        self.context.trust.fresh(self.context.clock.now())?;
        let deployment = self.deployment(&wish)?;
        let skills = queue_of(&deployment, &wish)?.skill_ids.clone();
        // Recognising somebody leaves something, so it is not begun for a request that will be refused. Of all others the
        // unique key tells without a question of its own that they are new, as nearly every one is.
        if wish.assertion.is_some()
            && let Some(first) = self.first(&deployment, &wish).await?
        {
            return Ok(first);
        }
        match self.begin(&deployment, &wish, skills).await {
            Ok(begun) => self.started(begun).await,
            Err(fault) => self.first(&deployment, &wish).await?.ok_or(fault),
        }
    }

    /// The first commit.
    async fn begin(&self, deployment: &Deployment, wish: &Wish, skills: Vec<SkillId>) -> Result<Begun, Fault> {
        let organisation = deployment.organisation;
        let rules = self.queue_is_open(organisation, wish.queue).await?;
        let now = self.context.clock.now();
        let conversation: ConversationId = self.context.ids.id(now);
        let key = (organisation, conversation);
        let verdict = self.hub.follow(key, Class::Supervisor, None);
        let guest = Guest {
            organisation,
            conversation,
            participant: self.context.ids.id(now),
        };
        let resume = self.resume_token();
        let recognised = self.recognise(deployment, wish, guest).await?;
        let details = self.details(wish, (skills, recognised), (resume.hash, rules));
        let item = Item {
            what: What::Open(Box::new((opening(guest, wish), Arc::new(details)))),
            traceparent: traceparent(),
            actor: guest.actor(),
        };
        match self.submit(organisation, item).await {
            Outcome::Done(_) => Ok(Begun { guest, resume, verdict }),
            Outcome::Failed(fault) => Err(fault),
            _ => Err(Fault::unavailable("a request that comes and goes")),
        }
    }

    /// What there is to say of it when routing has had time to.
    async fn started(&self, begun: Begun) -> Result<Started, Fault> {
        let Begun { guest, resume, verdict } = begun;
        let key = (guest.organisation, guest.conversation);
        self.await_verdict(key, &verdict).await;
        let seen = self.as_guest(key).await?;
        self.not_refused(&seen.conversation).await?;
        let tokens = self.tokens(guest, resume);
        Ok(Started { seen, tokens })
    }

    /// The conversation as its guest sees it.
    pub async fn as_guest(&self, key: Key) -> Result<Seen, Fault> {
        let found = conversations::find(&self.store, key).await?;
        let conversation = found.ok_or_else(super::access::not_found)?;
        self.for_guest(conversation).await
    }

    async fn for_guest(&self, conversation: Conversation) -> Result<Seen, Fault> {
        let viewer = Viewer {
            class: Class::Guest,
            participant: Some(conversation.head.guest),
        };
        self.with_policy(conversation, viewer).await
    }

    fn deployment(&self, wish: &Wish) -> Result<Deployment, Fault> {
        let found = self.context.trust.deployment(wish.deployment);
        let deployment = found.filter(|deployment| deployment.enabled).ok_or_else(|| {
            Fault::new(
                Reason::DeploymentNotFound,
                "there is no such deployment, or it is switched off",
            )
        })?;
        match &wish.origin {
            Some(origin) if !deployment.origins.contains(origin) => Err(Fault::new(
                Reason::OriginNotAllowed,
                "this page may not start chats; add its origin to the deployment",
            )),
            _ => Ok(deployment),
        }
    }

    async fn queue_is_open(&self, organisation: OrganisationId, queue: QueueId) -> Result<Rules, Fault> {
        let policy = policies::fresh(&self.store, organisation, queue).await?;
        let policy = policy.filter(|policy| !policy.removed).ok_or_else(queue_not_found)?;
        let Some(hours) = policy.hours else {
            let rules = policy.open.then(|| policy.rules());
            return rules.ok_or_else(|| refused(Reason::QueueClosed));
        };
        let now = self.context.clock.now();
        match hours.at(now) {
            Door::Open => Ok(policy.rules()),
            door => Err(closed(door, hours.open_after(now))),
        }
    }

    fn details(
        &self,
        wish: &Wish,
        (skills, recognised): (Vec<SkillId>, Recognised),
        (resume_hash, rules): ([u8; 32], Rules),
    ) -> Details {
        // What may rest for long can be come back to for as long.
        let lasts = match wish.kind {
            ConversationKind::Chat => self.settings.resume_token(),
            ConversationKind::Messaging => self.settings.resume_token().max(rules.messaging_window),
        };
        Details {
            deployment: wish.deployment,
            request: wish.request,
            request_hash: body_hash(wish),
            language: wish.language.as_ref().map(|language| language.as_str().to_owned()),
            guest_name: wish.guest_name.clone(),
            topic: wish.topic.clone(),
            skills,
            contact: recognised.contact,
            given: recognised.given,
            resume_hash,
            resume_expires_at: self.context.clock.now() + lasts,
        }
    }

    /// The answer to what the same request began before; REQUEST_ID_REUSED if it asked for something else then.
    async fn first(&self, deployment: &Deployment, wish: &Wish) -> Result<Option<Started>, Fault> {
        let found =
            conversations::by_request(&self.store, deployment.organisation, wish.deployment, wish.request).await?;
        match found {
            None => Ok(None),
            Some(first) if first.request_hash != body_hash(wish) => Err(Fault::new(
                Reason::RequestIdReused,
                "this request_id was used for another chat; make a new one",
            )
            .with("field", "request_id")),
            Some(first) => {
                self.not_refused(&first).await?;
                let tokens = self.more_tokens(Guest::of(&first.head)).await?;
                let seen = self.for_guest(first).await?;
                Ok(Some(Started { seen, tokens }))
            }
        }
    }

    /// Returns when routing has said something, at the latest after a second.
    async fn await_verdict(&self, key: Key, events: &Subscription) {
        let word = async {
            loop {
                match events.next().await {
                    Live::Event(line) if is_word(&line.event.body) => return,
                    Live::Overflow => return,
                    Live::Look => {
                        let found = conversations::find(&self.store, key).await;
                        if !matches!(found, Ok(Some(found)) if found.head.state == State::Pending) {
                            return;
                        }
                    }
                    _ => {}
                }
            }
        };
        // Without a word in time the state is PENDING, and the word comes on the stream.
        let _ = tokio::time::timeout(self.settings.verdict(), word).await;
    }

    async fn not_refused(&self, conversation: &Conversation) -> Result<(), Fault> {
        if conversation.head.ended() != Some(onqueue_chat::EndReason::Refused) {
            return Ok(());
        }
        let key = (conversation.head.organisation, conversation.head.conversation);
        let lines = log::after(&self.store, key, Class::Supervisor, 0, EARLY).await?;
        let reason = lines.iter().find_map(|line| match &line.event.body {
            Body::Refused { reason } => Reason::parse(reason),
            _ => None,
        });
        Err(refused(reason.unwrap_or(Reason::QueueClosed)))
    }
}

fn is_word(body: &Body) -> bool {
    !matches!(body, Body::Opened { .. } | Body::Message { .. })
}

fn opening(guest: Guest, wish: &Wish) -> Opening {
    Opening {
        organisation: guest.organisation,
        conversation: guest.conversation,
        kind: wish.kind,
        queue: wish.queue,
        language: wish.language.clone(),
        guest: guest.participant,
        guest_name: wish.guest_name.clone(),
        topic: wish.topic.clone(),
        first_message: wish.first_message.clone(),
    }
}

fn queue_of<'a>(deployment: &'a Deployment, wish: &Wish) -> Result<&'a DeploymentQueue, Fault> {
    let queue = deployment.queues.iter().find(|queue| queue.queue_id == wish.queue);
    let queue = queue.ok_or_else(queue_not_found)?;
    let may_choose = |language: &Language| queue.languages.is_empty() || queue.languages.contains(language);
    if wish.language.as_ref().is_some_and(|language| !may_choose(language)) {
        return Err(Fault::field("language", "this queue does not offer that language"));
    }
    Ok(queue)
}

pub(super) fn queue_not_found() -> Fault {
    Fault::new(Reason::QueueNotFound, "there is no such queue in this deployment")
}

fn refused(reason: Reason) -> Fault {
    let sentence = match reason {
        Reason::QueueFull => "too many are waiting; try again later",
        Reason::QueueNotFound => "there is no such queue",
        _ => "nobody takes chats here at the moment",
    };
    Fault::new(reason, sentence)
}

/// With why it is closed, and when it opens, if that is known: as RFC 3339, in UTC.
fn closed(door: Door, opens_at: Option<Timestamp>) -> Fault {
    let fault = refused(Reason::QueueClosed).with("schedule_state", door.reason());
    match opens_at {
        Some(opens_at) => fault.with("opens_at", onqueue_proto::timestamp(opens_at)),
        None => fault,
    }
}

/// What the request asked for, so that another one under the same id is told apart. Each field with its length.
fn body_hash(wish: &Wish) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let (deployment, queue) = (wish.deployment.to_string(), wish.queue.to_string());
    let language = wish.language.as_ref().map_or("", Language::as_str);
    let first_message = wish.first_message.as_ref().map_or("", Text::as_str);
    let given = wish.given.iter().map(|id| id.by.value());
    let kind = (wish.kind == ConversationKind::Messaging).then_some("messaging");
    let always = [
        &*deployment,
        &*queue,
        language,
        &*wish.guest_name,
        &*wish.topic,
        first_message,
    ];
    for field in always.into_iter().chain(given).chain(kind) {
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field);
    }
    hasher.finalize().into()
}
