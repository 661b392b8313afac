//! What people decide themselves: who gets an interaction, and what it asks for.

use super::agents::fault;
use super::host::Host;
use super::interactions::{InteractionNow, Rights};
use super::turn::Turn;
use super::{Routing, agent_not_found, user};
use crate::store::{Audited, Details};
use onqueue_acd::{Command, InteractionPlace, InteractionView, Proficiency, Refusal, Requirements};
use onqueue_model::{
    Caller, ConversationId, Divisions, Fault, InteractionId, Language, QueueId, Reason, SkillId, UserId, permissions,
};
use onqueue_server::resource::Once;
use onqueue_store::audit::Actor;
use std::collections::BTreeMap;

/// What an interaction is to ask of an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Each with the least proficiency.
    pub skills: BTreeMap<SkillId, Proficiency>,
    /// `None` is any.
    pub language: Option<Language>,
    /// With their score, 0–100.
    pub preferred: BTreeMap<UserId, u8>,
}

/// A transfer to be done once for its request.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// The request.
    pub once: Once,
    /// What.
    pub conversation: ConversationId,
    /// Into which queue.
    pub queue: QueueId,
    /// Whether it keeps its age.
    pub keep_age: bool,
    /// Whom it is offered first.
    pub agent: Option<UserId>,
    /// In place of its skills and language.
    pub asked: Option<Asked>,
    /// Whether who has it in hand keeps it until somebody accepts it.
    pub attended: bool,
    /// For whom it comes to.
    pub note: String,
    /// In place of its priority.
    pub priority: Option<i32>,
}

/// To whom an interaction is to be offered.
#[derive(Clone, Copy, Debug)]
pub struct Assignment {
    /// What.
    pub conversation: ConversationId,
    /// To whom.
    pub agent: UserId,
    /// Even if they are off queue or have no room.
    pub forced: bool,
}

/// Who transfers, and where they see queues.
#[derive(Clone, Debug)]
struct Reach {
    me: Option<UserId>,
    assign: Divisions,
    queues: [Divisions; 2],
}

/// One thing done to one interaction within a turn.
struct Deed<'a> {
    host: &'a mut Host,
    turn: &'a mut Turn,
    traceparent: Option<&'a str>,
    by: Actor,
}

impl Routing {
    /// Ends an attended transfer that nobody has accepted.
    pub async fn cancel_transfer(
        &self,
        caller: &Caller,
        conversation: ConversationId,
    ) -> Result<InteractionNow, Fault> {
        let rights = self.rights(caller, permissions::COMMUNICATION_BLIND_TRANSFER)?;
        let reach = self.reach(caller);
        self.deed(caller, rights, conversation, move |deed, rights| {
            deed.cancel_transfer(rights, &reach, conversation)
        })
        .await
    }

    fn reach(&self, caller: &Caller) -> Reach {
        Reach {
            me: caller.user(),
            assign: self.divisions(caller, permissions::WEBCHAT_ASSIGN),
            queues: [permissions::QUEUE_VIEW, permissions::QUEUE_SEARCH].map(|held| self.divisions(caller, held)),
        }
    }

    /// Moves an interaction to a queue.
    pub async fn transfer(&self, caller: &Caller, transfer: Transfer) -> Result<InteractionNow, Fault> {
        let rights = self.rights(caller, permissions::COMMUNICATION_BLIND_TRANSFER)?;
        let reach = self.reach(caller);
        let trust = &self.context.trust;
        let accepts = |agent| trust.user_may(caller.organisation, agent, permissions::WEBCHAT_ACCEPT);
        let accepts = transfer.agent.is_none_or(accepts);
        let id = transfer.conversation;
        self.deed(caller, rights, id, move |deed, rights| {
            deed.transfer(rights, &reach, (&transfer, accepts))
        })
        .await
    }

    /// Offers an interaction to an agent.
    pub async fn assign(&self, caller: &Caller, assignment: Assignment) -> Result<InteractionNow, Fault> {
        let rights = self.rights(caller, permissions::WEBCHAT_ASSIGN)?;
        let reach = self.divisions(caller, permissions::WEBCHAT_ASSIGN);
        let Assignment {
            conversation,
            agent,
            forced,
        } = assignment;
        let work = move |deed: &mut Deed<'_>, rights: &Rights| {
            let before = rights.find(deed.host, conversation)?;
            let (interaction, has) = (before.id, agent_of(&before));
            refuse_stranger(deed.host, agent, &[&reach])?;
            if has == Some(agent) {
                return Ok(());
            }
            let command = Command::AssignByHand {
                interaction,
                agent,
                forced,
            };
            deed.recorded("interaction.assign", interaction, |deed| deed.command(command))
        };
        self.deed(caller, rights, conversation, work).await
    }

    /// Gives the caller what somebody else has, or nobody.
    pub async fn take_over(&self, caller: &Caller, conversation: ConversationId) -> Result<InteractionNow, Fault> {
        let (me, rights) = (user(caller)?, self.rights(caller, permissions::WEBCHAT_TAKEOVER)?);
        let work = move |deed: &mut Deed<'_>, rights: &Rights| {
            let before = rights.find(deed.host, conversation)?;
            let (interaction, queue) = (before.id, before.queue);
            if holder(&before) == Some(me) {
                return Ok(());
            }
            let moved = Command::Transfer {
                interaction,
                queue,
                keep_age: true,
                agent: Some(me),
                requirements: None,
            };
            deed.recorded("interaction.take_over", interaction, |deed| {
                deed.command(moved)?;
                deed.accept(interaction, me)
            })
        };
        self.deed(caller, rights, conversation, work).await
    }

    /// Gives the caller what waits.
    pub async fn pull(&self, caller: &Caller, conversation: ConversationId) -> Result<InteractionNow, Fault> {
        let (me, rights) = (user(caller)?, self.rights(caller, permissions::WEBCHAT_PULL)?);
        let work = move |deed: &mut Deed<'_>, rights: &Rights| {
            let before = rights.find(deed.host, conversation)?;
            let interaction = before.id;
            match holder(&before) == Some(me) {
                true => Ok(()),
                false => deed.command(Command::Pull { agent: me, interaction }),
            }
        };
        self.deed(caller, rights, conversation, work).await
    }

    /// Gives an interaction that priority.
    pub async fn set_priority(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        priority: i32,
    ) -> Result<InteractionNow, Fault> {
        let rights = self.rights(caller, permissions::INTERACTION_EDIT)?;
        let work = move |deed: &mut Deed<'_>, rights: &Rights| {
            let before = rights.find(deed.host, conversation)?;
            let interaction = before.id;
            if before.requirements.priority == priority {
                return Ok(());
            }
            let command = Command::SetPriority { interaction, priority };
            deed.recorded("interaction.set_priority", interaction, |deed| deed.command(command))
        };
        self.deed(caller, rights, conversation, work).await
    }

    /// Replaces what an interaction asks for. FIELD_INVALID names a skill or an agent that is none.
    pub async fn set_requirements(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        asked: Asked,
    ) -> Result<InteractionNow, Fault> {
        let rights = self.rights(caller, permissions::INTERACTION_EDIT)?;
        let work = move |deed: &mut Deed<'_>, rights: &Rights| {
            let before = rights.find(deed.host, conversation)?;
            let interaction = before.id;
            refuse_unknown(deed.host, &asked)?;
            let requirements = requirements(&asked);
            let is = before.requirements;
            if (&is.skills, &is.language, &is.preferred) == (&asked.skills, &asked.language, &asked.preferred) {
                return Ok(());
            }
            let command = Command::SetRequirements {
                interaction,
                requirements,
            };
            deed.recorded("interaction.set_requirements", interaction, |deed| {
                deed.command(command)
            })
        };
        self.deed(caller, rights, conversation, work).await
    }

    /// Does it, and shows the interaction as it is then.
    async fn deed<F>(
        &self,
        caller: &Caller,
        rights: Rights,
        conversation: ConversationId,
        work: F,
    ) -> Result<InteractionNow, Fault>
    where
        F: FnOnce(&mut Deed<'_>, &Rights) -> Result<(), Fault> + Send + 'static,
    {
        let by = self.actor(caller);
        let done = self.owner.act(caller.organisation, move |host, turn, traceparent| {
            let mut deed = Deed {
                host,
                turn,
                traceparent,
                by,
            };
            work(&mut deed, &rights)?;
            rights.show_live(deed.host, conversation)
        });
        done.await?
    }
}

impl Deed<'_> {
    fn command(&mut self, command: Command) -> Result<(), Fault> {
        let refusal = self.host.apply(self.turn, command, self.traceparent);
        refusal.map_or(Ok(()), |refusal| Err(fault(refusal)))
    }

    /// Leaves a record of it, if it is not refused.
    fn recorded(
        &mut self,
        action: &'static str,
        interaction: InteractionId,
        work: impl FnOnce(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let before = text(self.host, interaction);
        work(self)?;
        self.turn.batch.audited.push(Audited {
            organisation: self.host.organisation(),
            by: self.by.clone(),
            action,
            object: format!("conversation:{}", interaction.conversation),
            before,
            after: text(self.host, interaction),
        });
        Ok(())
    }

    fn accept(&mut self, interaction: InteractionId, agent: UserId) -> Result<(), Fault> {
        let place = self.host.engine().interaction(interaction).map(|it| it.place);
        match place {
            Some(InteractionPlace::Alerting { offer, .. }) => self.command(Command::Accept { agent, offer }),
            _ => Ok(()),
        }
    }

    /// With whether whom it is for may accept chats.
    fn transfer(
        &mut self,
        rights: &Rights,
        reach: &Reach,
        (transfer, accepts): (&Transfer, bool),
    ) -> Result<(), Fault> {
        if self.is_repeated(transfer)? {
            return Ok(());
        }
        let before = rights.find(self.host, transfer.conversation)?;
        let (interaction, has, priority) = (before.id, holder(&before), before.requirements.priority);
        let division = self.host.names().division(before.queue);
        if (has.is_none() || has != reach.me) && !division.is_some_and(|division| reach.assign.contains(&division)) {
            return Err(Fault::missing_named(permissions::WEBCHAT_ASSIGN));
        }
        self.refuse_target(reach, transfer)?;
        if !accepts {
            return Err(Fault::new(Reason::StateConflict, "this agent may not accept chats"));
        }
        if transfer.attended {
            self.pass_on_attended(interaction, transfer)?;
        } else {
            self.pass_on(interaction, priority, transfer)?;
        }
        self.host.note_transfer(self.turn, interaction, transfer.once);
        Ok(())
    }

    fn pass_on(&mut self, interaction: InteractionId, priority: i32, transfer: &Transfer) -> Result<(), Fault> {
        let keeps_age = self.host.names().rules(transfer.queue).transfer_keeps_age;
        let moved = Command::Transfer {
            interaction,
            queue: transfer.queue,
            keep_age: transfer.keep_age || keeps_age,
            agent: transfer.agent,
            requirements: transfer.asked.as_ref().map(requirements),
        };
        let another = transfer.priority.filter(|another| *another != priority);
        if let Some(priority) = another {
            self.command(Command::SetPriority { interaction, priority })?;
        }
        self.host.note.clone_from(&transfer.note);
        let done = self.command(moved);
        if another.is_some() && done.is_err() {
            self.command(Command::SetPriority { interaction, priority })?;
        }
        done
    }

    /// It is offered as another leg, while it stays where it is.
    fn pass_on_attended(&mut self, interaction: InteractionId, transfer: &Transfer) -> Result<(), Fault> {
        let leg = self.host.next_leg(interaction);
        let details = Details {
            transfer: Some(transfer.once),
            ..self.host.details(interaction)
        };
        self.host.note.clone_from(&transfer.note);
        self.command(Command::TransferAttended {
            interaction: leg,
            held: interaction,
            queue: transfer.queue,
            agent: transfer.agent,
            requirements: transfer.asked.as_ref().map(requirements),
            priority: transfer.priority,
        })?;
        self.host.open_leg(self.turn, leg, details);
        Ok(())
    }

    /// Ends an attended transfer that nobody has accepted.
    fn cancel_transfer(&mut self, rights: &Rights, reach: &Reach, conversation: ConversationId) -> Result<(), Fault> {
        let before = rights.find(self.host, conversation)?;
        let (leg, has) = (before.offered_as, holder(&before));
        let division = self.host.names().division(before.queue);
        let may = has.is_some() && has == reach.me || division.is_some_and(|division| reach.assign.contains(&division));
        match leg {
            _ if !may => Err(fault(Refusal::NotHeld)),
            None => Ok(()),
            Some(leg) => {
                self.command(Command::Cancel { interaction: leg })?;
                self.turn.batch.ended.push((self.host.organisation(), leg));
                Ok(())
            }
        }
    }

    fn is_repeated(&self, transfer: &Transfer) -> Result<bool, Fault> {
        let live = self.host.live(transfer.conversation);
        let last = live.and_then(|it| self.host.details(it.id).transfer);
        match last.filter(|last| last.request == transfer.once.request) {
            None => Ok(false),
            Some(last) if last == transfer.once => Ok(true),
            Some(_) => Err(Fault::request_id_reused()),
        }
    }

    /// QUEUE_NOT_FOUND or AGENT_NOT_FOUND for what the caller may not see, FIELD_INVALID for a skill that is none.
    fn refuse_target(&self, reach: &Reach, transfer: &Transfer) -> Result<(), Fault> {
        let (host, queue) = (&*self.host, transfer.queue);
        let division = host.engine().queue(queue).and_then(|_| host.names().division(queue));
        if !division.is_some_and(|division| reach.queues.iter().any(|held| held.contains(&division))) {
            return Err(fault(Refusal::UnknownQueue));
        }
        if let Some(agent) = transfer.agent {
            refuse_stranger(host, agent, &reach.queues.each_ref())?;
        }
        transfer
            .asked
            .as_ref()
            .map_or(Ok(()), |asked| refuse_unknown(host, asked))
    }
}

/// AGENT_NOT_FOUND unless the agent serves a queue of one of these divisions.
fn refuse_stranger(host: &Host, agent: UserId, divisions: &[&Divisions]) -> Result<(), Fault> {
    let view = host.engine().agent(agent).ok_or_else(agent_not_found)?;
    let mut serves = view
        .profile
        .queues
        .keys()
        .filter_map(|queue| host.names().division(*queue));
    let is_known = serves.any(|division| divisions.iter().any(|held| held.contains(&division)));
    let is_everywhere = divisions.iter().any(|held| **held == Divisions::All);
    (is_known || is_everywhere).then_some(()).ok_or_else(agent_not_found)
}

fn refuse_unknown(host: &Host, asked: &Asked) -> Result<(), Fault> {
    let unknown = asked.skills.keys().find(|skill| !host.names().has_skill(**skill));
    if let Some(skill) = unknown {
        let problem = format!("{skill} is not a skill of this organisation");
        return Err(Fault::field("requirements.skills", problem));
    }
    let unknown = asked
        .preferred
        .keys()
        .find(|user| host.engine().agent(**user).is_none());
    match unknown {
        None => Ok(()),
        Some(user) => Err(Fault::field(
            "requirements.preferred_agents",
            format!("{user} is not an agent"),
        )),
    }
}

fn requirements(asked: &Asked) -> Requirements {
    Requirements {
        skills: asked.skills.clone(),
        language: asked.language.clone(),
        preferred: asked.preferred.clone(),
        ..Requirements::default()
    }
}

/// Who has it in hand.
const fn holder(interaction: &InteractionView<'_>) -> Option<UserId> {
    match interaction.place {
        InteractionPlace::Held { agent, .. } => Some(agent),
        InteractionPlace::Waiting | InteractionPlace::Alerting { .. } => None,
    }
}

/// Who has it in hand, or whom it alerts.
const fn agent_of(interaction: &InteractionView<'_>) -> Option<UserId> {
    match interaction.place {
        InteractionPlace::Waiting => None,
        InteractionPlace::Alerting { agent, .. } | InteractionPlace::Held { agent, .. } => Some(agent),
    }
}

/// For the audit trail.
fn text(host: &Host, interaction: InteractionId) -> String {
    let view = host.engine().interaction(interaction);
    view.map(|it| format!("{:?} {:?} {:?}", it.queue, it.place, it.requirements))
        .unwrap_or_default()
}
