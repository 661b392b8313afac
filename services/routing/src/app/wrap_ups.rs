//! What follows a conversation: how it went, and when its agent is done.

use super::agents::fault;
use super::frames::{AgentNow, agent_now};
use super::host::Host;
use super::interactions::not_found;
use super::turn::Turn;
use super::{Routing, user};
use crate::store::{Handled, Said, StoredWrapUp, WrapUpPlace};
use onqueue_acd::{AfterContactMode, Command, InteractionPlace, Refusal};
use onqueue_model::{Caller, ConversationId, Divisions, Fault, UserId, WrapUpCodeId, permissions};
use onqueue_proto::session::v1::{WrapUpSetFact, report_request::Fact};
use onqueue_server::resource::Page;
use std::collections::BTreeMap;

/// What an agent says of a conversation.
struct WrapUp {
    me: UserId,
    handled: Handled,
    said: Said,
    /// The codes of its queue.
    codes: BTreeMap<WrapUpCodeId, String>,
}

impl Routing {
    /// Keeps what the caller says of a conversation, and ends their after-contact work of it if that may be.
    pub async fn complete_wrap_up(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        (code, notes): (Option<WrapUpCodeId>, String),
    ) -> Result<AgentNow, Fault> {
        let (me, organisation) = (user(caller)?, caller.organisation);
        let permission = permissions::PARTICIPANT_WRAPUP;
        self.context.trust.may(caller, permission)?;
        let handled = self.tables.handled(organisation, conversation, me).await?;
        let handled = handled.ok_or_else(not_found)?;
        let queue = self
            .tables
            .queue(organisation, handled.queue)
            .await?
            .ok_or_else(not_found)?;
        let division = queue.content.division;
        self.context.trust.may_in(caller, permission, division)?;
        let wrap_up = WrapUp {
            me,
            codes: self.tables.codes_of(organisation, handled.queue).await?,
            handled,
            said: Said {
                code,
                notes,
                at: self.context.clock.now(),
            },
        };
        let done = self.owner.act(organisation, move |host, turn, traceparent| {
            wrap_up.complete(host, turn, traceparent)?;
            agent_now(host, me).ok_or_else(|| fault(Refusal::UnknownAgent))
        });
        done.await?
    }

    /// The caller wants after-contact work after this conversation.
    pub async fn request_wrap_up(&self, caller: &Caller, conversation: ConversationId) -> Result<(), Fault> {
        let me = user(caller)?;
        let permission = permissions::PARTICIPANT_WRAPUP;
        self.context.trust.may(caller, permission)?;
        let divisions = self.divisions(caller, permission);
        let done = self.owner.act(caller.organisation, move |host, turn, traceparent| {
            let interaction = held_by(host, conversation, me, &divisions)?;
            let command = Command::RequestAcw { agent: me, interaction };
            host.apply(turn, command, traceparent)
                .map_or(Ok(()), |refusal| Err(fault(refusal)))
        });
        done.await?
    }

    /// How agents wrapped up the conversation, as far as the caller may see.
    pub async fn list_wrap_ups(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        after: Option<WrapUpPlace>,
        size: u64,
    ) -> Result<Page<StoredWrapUp, WrapUpPlace>, Fault> {
        let divisions = self.divisions(caller, permissions::COMMUNICATION_VIEW);
        let place = (after, size + 1);
        let found = self
            .tables
            .wrap_ups(caller.organisation, conversation, &divisions, place);
        let place =
            |last: &StoredWrapUp| WrapUpPlace(last.said.at.millis(), i64::from(last.interaction.opening), last.user);
        Ok(Page::of(found.await?, size, place))
    }
}

/// The conversation's interaction if the agent has it in hand and may say how it went.
fn held_by(
    host: &Host,
    conversation: ConversationId,
    me: UserId,
    divisions: &Divisions,
) -> Result<onqueue_model::InteractionId, Fault> {
    let live = host.live(conversation).ok_or_else(not_found)?;
    if !matches!(live.place, InteractionPlace::Held { agent, .. } if agent == me) {
        return Err(fault(Refusal::NotHeld));
    }
    let division = host.names().division(live.queue).ok_or_else(not_found)?;
    if !divisions.contains(&division) {
        return Err(Fault::missing_named(permissions::PARTICIPANT_WRAPUP));
    }
    Ok(live.id)
}

impl WrapUp {
    /// Within a turn: what is said, what ends by it, and what session hears belong together.
    fn complete(self, host: &mut Host, turn: &mut Turn, traceparent: Option<&str>) -> Result<(), Fault> {
        self.refuse_code(host)?;
        let ends = self.ends(host);
        let is_news = self
            .handled
            .said
            .as_ref()
            .is_none_or(|before| (before.code, &before.notes) != (self.said.code, &self.said.notes));
        if !is_news && ends.is_none() {
            return Ok(());
        }
        // What is said has its place in the log, also where nothing ends by it.
        let refusal = host.apply(turn, ends.unwrap_or(Command::Tick), traceparent);
        if let Some(refusal) = refusal {
            return Err(fault(refusal));
        }
        if is_news {
            self.tell(host, turn, traceparent);
            let key = (host.organisation(), self.handled.interaction, self.me);
            turn.batch.wrap_ups.said.push((key.0, key.1, key.2, self.said));
        }
        Ok(())
    }

    /// The code must be one of the queue's; none will do where the queue has none, or wants no after-contact work.
    fn refuse_code(&self, host: &Host) -> Result<(), Fault> {
        use AfterContactMode::{Mandatory, MandatoryForced, MandatoryTimeout};
        const FIELD: &str = "wrap_up_code_id";
        let queue = host.engine().queue(self.handled.queue);
        let mode = queue.map(|queue| queue.config.after_contact.mode);
        let is_mandatory = matches!(mode, Some(Mandatory | MandatoryForced | MandatoryTimeout));
        match self.said.code {
            Some(code) if !self.codes.contains_key(&code) => {
                Err(Fault::field(FIELD, "this queue does not use this code"))
            }
            None if is_mandatory && !self.codes.is_empty() => Err(Fault::field(FIELD, "this queue wants a code")),
            _ => Ok(()),
        }
    }

    /// What ends the after-contact work that there is, if it may be ended.
    fn ends(&self, host: &Host) -> Option<Command> {
        let agent = host.engine().agent(self.me)?;
        let interaction = self.handled.interaction;
        let work = agent.acw.iter().find(|work| work.interaction == interaction)?;
        (!work.forced).then_some(Command::CompleteAcw {
            agent: self.me,
            interaction,
        })
    }

    /// Session's log of a conversation that is over is closed.
    fn tell(&self, host: &Host, turn: &mut Turn, traceparent: Option<&str>) {
        let interaction = self.handled.interaction;
        if host.engine().interaction(interaction).is_none() {
            return;
        }
        let code = self.said.code;
        let name = code.and_then(|code| self.codes.get(&code).cloned());
        let fact = WrapUpSetFact {
            user_id: self.me.to_string(),
            wrap_up_code_id: code.map(|code| code.to_string()).unwrap_or_default(),
            wrap_up_code_name: name.unwrap_or_default(),
        };
        host.say(turn, interaction, (Fact::WrapUpSet(fact), traceparent));
    }
}
