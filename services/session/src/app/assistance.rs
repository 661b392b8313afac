//! An agent asks for a supervisor, and exactly one of those who see it helps.

use super::App;
use super::access::{self, person};
use super::commit::{Item, Outcome, What, traceparent};
use crate::store::{
    assistance::{self, Asked, Filter, Request, State},
    conversations, policies,
};
use onqueue_chat::{Input, Refusal, Text};
use onqueue_model::{AssistanceId, Caller, ConversationId, Fault, OrganisationId, Reason, Timestamp, permissions};
use onqueue_server::resource::Page;
use onqueue_telemetry::metrics;
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use uuid::Uuid;

/// A request as it is seen now.
#[derive(Clone, Debug)]
pub(crate) struct Assistance {
    pub request: Request,
    pub asked: Asked,
    pub queue_name: String,
    pub now: Timestamp,
}

/// What an agent asks.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub request: Uuid,
    pub conversation: ConversationId,
    pub text: Text,
}

/// Which requests are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Which {
    pub state: Option<State>,
    pub conversation: Option<ConversationId>,
    pub before: Option<(Timestamp, AssistanceId)>,
    pub size: u64,
}

impl Assistance {
    /// How long it has waited for somebody, or did.
    pub fn waiting(&self) -> Duration {
        let taken = self.request.taken.as_ref().map(|taken| taken.at);
        let closed = self.request.closed.as_ref().map(|(at, _)| *at);
        taken.or(closed).unwrap_or(self.now).since(self.request.asked_at)
    }
}

impl App {
    /// Asks for a supervisor; the same request again answers the first.
    pub async fn ask_for_help(&self, caller: &Caller, ask: Ask) -> Result<Assistance, Fault> {
        let by = person(caller, &self.context)?.user;
        let id = name_of(caller.organisation, &ask);
        if let Some(first) = assistance::find(&self.store, caller.organisation, id).await? {
            let first = self.whole(caller.organisation, first).await?;
            let is_same = first.asked.user == Some(by) && first.asked.text == ask.text.as_str();
            return is_same.then_some(first).ok_or_else(Fault::request_id_reused);
        }
        let seen = self
            .see(caller, ask.conversation, permissions::COMMUNICATION_VIEW)
            .await?;
        let division = seen.policy.ok_or_else(access::not_found)?.division;
        let trust = &self.context.trust;
        trust.may_in(caller, permissions::ASSISTANCE_REQUEST, division)?;
        let input = Input::Ask {
            by,
            assistance: id,
            text: ask.text,
        };
        match self.submit_for(caller, ask.conversation, input).await {
            Outcome::Done(done) => count("requested", done.events.is_empty()),
            Outcome::Refused(Refusal::NotTakingPart) => return Err(not_in_hand()),
            other => return Err(self.refusal(caller, ask.conversation, other).await),
        }
        self.request_now(caller.organisation, id).await
    }

    /// Takes an open request. STATE_CONFLICT if another has it, or it is closed.
    pub async fn take_request(&self, caller: &Caller, id: AssistanceId) -> Result<Assistance, Fault> {
        let by = person(caller, &self.context)?;
        let request = assistance::find(&self.store, caller.organisation, id).await?;
        let request = request.ok_or_else(not_found)?;
        if !self.may_take(caller, &request).await? {
            return Err(not_found());
        }
        let input = Input::Take { by, assistance: id };
        match self.submit_for(caller, request.conversation, input).await {
            Outcome::Done(done) => {
                count("taken", done.events.is_empty());
                if let Some(event) = done.events.first() {
                    let waited = event.at.since(request.asked_at);
                    metrics::TIME_TO_HELP.record(waited.as_secs_f64(), &[]);
                }
            }
            Outcome::Refused(Refusal::Ended { .. }) => return Err(Refusal::NoSuchAssistance.into()),
            other => return Err(undone(other)),
        }
        self.supervision_changed((caller.organisation, request.conversation));
        self.request_now(caller.organisation, id).await
    }

    /// Closes a request; a closed one is answered as it is.
    pub async fn close_request(&self, caller: &Caller, id: AssistanceId) -> Result<Assistance, Fault> {
        let by = person(caller, &self.context)?.user;
        let request = assistance::find(&self.store, caller.organisation, id).await?;
        let request = self.whole(caller.organisation, request.ok_or_else(not_found)?).await?;
        let key = (caller.organisation, request.request.conversation);
        let found = conversations::find(&self.store, key).await?.ok_or_else(not_found)?;
        let is_theirs = request.asked.user == Some(by)
            || request.request.taken.as_ref().is_some_and(|taken| taken.user == by)
            || found.head.active_agent(by).is_some();
        if !is_theirs && !self.may_take(caller, &request.request).await? {
            return Err(not_found());
        }
        if request.request.state == State::Closed {
            return Ok(request);
        }
        match self
            .submit_for(caller, key.1, Input::Close { by, assistance: id })
            .await
        {
            Outcome::Done(_) => count("closed", false),
            // Somebody else did meanwhile.
            Outcome::Refused(Refusal::NoSuchAssistance | Refusal::Ended { .. }) => {}
            other => return Err(undone(other)),
        }
        self.supervision_changed(key);
        self.request_now(caller.organisation, id).await
    }

    /// Requests of queues where the caller may take them, the newest first.
    pub async fn list_requests(
        &self,
        caller: &Caller,
        which: Which,
    ) -> Result<Page<Assistance, (Timestamp, AssistanceId)>, Fault> {
        let divisions = self.context.trust.divisions(caller, permissions::ASSISTANCE_TAKE);
        let filter = Filter {
            queues: policies::queues_in(&self.store, caller.organisation, &divisions).await?,
            state: which.state,
            conversation: which.conversation,
            before: which.before,
            limit: which.size + 1,
        };
        let found = assistance::list(&self.store, caller.organisation, &filter).await?;
        let page = Page::of(found, which.size, |last| (last.asked_at, last.id));
        Ok(Page {
            items: self.complete(caller.organisation, page.items).await?,
            next: page.next,
        })
    }

    /// Whether it is the caller's to take.
    pub async fn may_take(&self, caller: &Caller, request: &Request) -> Result<bool, Fault> {
        let policy = self
            .policies
            .read(&self.store, caller.organisation, request.queue)
            .await?;
        let trust = &self.context.trust;
        let may = |division| trust.may_in(caller, permissions::ASSISTANCE_TAKE, division).is_ok();
        Ok(policy.is_some_and(|policy| may(policy.division)))
    }

    /// With what the log and the queue say of them.
    pub async fn complete(
        &self,
        organisation: OrganisationId,
        requests: Vec<Request>,
    ) -> Result<Vec<Assistance>, Fault> {
        let asked = assistance::asked(&self.store, organisation, &requests).await?;
        let now = self.context.clock.now();
        let mut whole = Vec::with_capacity(requests.len());
        for (request, asked) in requests.into_iter().zip(asked) {
            whole.push(Assistance {
                queue_name: self.queue_name(organisation, request.queue).await?,
                request,
                asked,
                now,
            });
        }
        Ok(whole)
    }

    async fn whole(&self, organisation: OrganisationId, request: Request) -> Result<Assistance, Fault> {
        let whole = self.complete(organisation, vec![request]).await?;
        whole.into_iter().next().ok_or_else(not_found)
    }

    async fn request_now(&self, organisation: OrganisationId, id: AssistanceId) -> Result<Assistance, Fault> {
        let request = assistance::find(&self.store, organisation, id).await?;
        self.whole(organisation, request.ok_or_else(not_found)?).await
    }

    /// Commits what the caller wants of a conversation.
    pub async fn submit_for(&self, caller: &Caller, conversation: ConversationId, input: Input) -> Outcome {
        let item = Item {
            what: What::Apply((caller.organisation, conversation), input),
            traceparent: traceparent(),
            actor: caller.actor().into(),
        };
        self.submit(caller.organisation, item).await
    }
}

/// The name of a request, which follows from what the caller calls it, so that it is made once.
fn name_of(organisation: OrganisationId, ask: &Ask) -> AssistanceId {
    let hash = Sha256::new()
        .chain_update(organisation.uuid().as_bytes())
        .chain_update(ask.conversation.uuid().as_bytes())
        .chain_update(ask.request.as_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    AssistanceId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

fn count(what: &'static str, is_repeated: bool) {
    metrics::ASSISTANCE.add(u64::from(!is_repeated), &[what]);
}

fn not_found() -> Fault {
    Fault::not_found("assistance")
}

fn not_in_hand() -> Fault {
    Fault::new(Reason::StateConflict, "you do not have this conversation in hand")
}

/// The fault for what was not done, for who may know of it.
pub(super) fn undone(outcome: Outcome) -> Fault {
    match outcome {
        Outcome::Refused(refusal) => refusal.into(),
        Outcome::Failed(fault) => fault,
        Outcome::Missing => access::not_found(),
        Outcome::Done(_) | Outcome::Repeated(_) | Outcome::Taken => Fault::internal("an answer to another question"),
    }
}
