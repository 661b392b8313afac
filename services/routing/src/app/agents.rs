//! The agent's side: on and off queue, offers, and following both.

use super::frames::{AgentNow, Frame, agent_now};
use super::host::Host;
use super::{Routing, agent_not_found, user};
use crate::Settings;
use onqueue_acd::{Command, OfferEnd, OfferOutcome, OfferView, Refusal};
use onqueue_model::{
    Caller, ConversationId, Divisions, Fault, OfferId, Principal, QueueId, Reason, Timestamp, UserId, permissions,
};
use onqueue_server::{Context, resource::Page};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// How many frames a slow stream may be behind before it is ended.
const ROOM: usize = 256;

/// How long who accepts an offer waits for session to have heard of it.
const REPORTED: Duration = Duration::from_secs(1);

/// How often it is looked whether the caller may still watch.
const CHECK: Duration = Duration::from_secs(1);

impl Routing {
    /// The caller takes chats from now on.
    pub async fn go_on_queue(&self, caller: &Caller) -> Result<AgentNow, Fault> {
        let agent = user(caller)?;
        self.learn_name(caller).await?;
        let last_interaction = None;
        self.decide(
            caller,
            Command::GoOnQueue {
                agent,
                last_interaction,
            },
        )
        .await?;
        // Whoever took the permission back meanwhile has looked for agents on queue before this one was.
        if let Err(missing) = self.context.trust.may(caller, permissions::AGENT_ONQUEUE) {
            self.decide(caller, Command::GoOffQueue { agent }).await?;
            return Err(missing);
        }
        self.agent(caller, agent).await
    }

    /// The caller takes no more.
    pub async fn go_off_queue(&self, caller: &Caller) -> Result<AgentNow, Fault> {
        let agent = user(caller)?;
        self.decide(caller, Command::GoOffQueue { agent }).await?;
        self.agent(caller, agent).await
    }

    /// The caller, or another agent for who may see queues.
    pub async fn get_agent(&self, caller: &Caller, wanted: Option<UserId>) -> Result<AgentNow, Fault> {
        let me = user(caller)?;
        let wanted = wanted.unwrap_or(me);
        if wanted != me {
            self.may_about(caller, permissions::QUEUE_VIEW, wanted).await?;
        }
        self.agent(caller, wanted).await
    }

    /// Agents who are members of queues that the caller may see, by id; of one queue, if given.
    pub async fn list_agents(
        &self,
        caller: &Caller,
        queue: Option<QueueId>,
        after: Option<UserId>,
        size: u64,
    ) -> Result<Page<AgentNow, UserId>, Fault> {
        self.context.trust.may(caller, permissions::QUEUE_VIEW)?;
        let divisions = self.divisions(caller, permissions::QUEUE_VIEW);
        let most = usize::try_from(size).unwrap_or(usize::MAX).saturating_add(1);
        let found = self.owner.look(caller.organisation, move |host, _| {
            let is_seen = |of: &QueueId| {
                let division = host.names().division(*of);
                queue.is_none_or(|queue| queue == *of) && division.is_some_and(|division| divisions.contains(&division))
            };
            let later = host
                .engine()
                .agents()
                .filter(|agent| after.is_none_or(|after| agent.profile.id > after));
            let seen = later.filter(|agent| agent.profile.queues.keys().any(is_seen));
            let first = seen.take(most).map(|agent| agent.profile.id);
            first.filter_map(|id| agent_now(host, id)).collect::<Vec<_>>()
        });
        Ok(Page::of(found.await?, size, |agent| agent.user))
    }

    /// The caller is there.
    pub async fn heartbeat(&self, caller: &Caller) -> Result<(), Fault> {
        let me = user(caller)?;
        let heard = self.owner.look(caller.organisation, move |host, now| {
            host.hear(me, now);
            host.engine().agent(me).is_some()
        });
        heard.await?.then_some(()).ok_or_else(agent_not_found)
    }

    /// Takes an offer; again if it is the caller's already. Answers when session has answered to that, so that whoever looks
    /// there finds the agent, or soon if it does not.
    pub async fn accept_offer(&self, caller: &Caller, offer: OfferId) -> Result<ConversationId, Fault> {
        let (agent, reach) = self.answerer(caller)?;
        // Looked up and answered at one go: it alerts.
        let done = self.owner.act(caller.organisation, move |host, turn, traceparent| {
            let view = offer_to(host, agent, offer, &reach)?;
            let conversation = view.interaction.conversation;
            match host.apply(turn, Command::Accept { agent, offer }, traceparent) {
                None => Ok((conversation, Some(turn.reported(host.organisation(), conversation)))),
                Some(Refusal::OfferAlreadyAccepted) => Ok((conversation, None)),
                Some(refusal) => Err(fault(refusal)),
            }
        });
        let (conversation, reported) = done.await??;
        if let Some(reported) = reported {
            tokio::select! {
                _ = reported => {}
                () = self.steady.sleep(REPORTED) => {}
            }
        }
        Ok(conversation)
    }

    /// Lets an offer go to another agent; again if the caller did so already.
    pub async fn decline_offer(&self, caller: &Caller, offer: OfferId) -> Result<(), Fault> {
        let is_declined = |view: &OfferView| view.outcome == OfferOutcome::Ended(OfferEnd::Declined);
        let (agent, before) = self.own_offer(caller, offer).await?;
        if is_declined(&before) {
            return Ok(());
        }
        let Some(refusal) = self.command(caller, Command::Decline { agent, offer }).await? else {
            return Ok(());
        };
        // The same call may have been under way already.
        let (_, after) = self.own_offer(caller, offer).await?;
        is_declined(&after).then_some(()).ok_or_else(|| fault(refusal))
    }

    /// Follows the caller's state and offers.
    pub async fn watch_me(&self, caller: &Caller) -> Result<Watch, Fault> {
        let me = user(caller)?;
        self.learn_name(caller).await?;
        let (sender, frames) = mpsc::channel(ROOM);
        self.owner.watch(caller.organisation, me, sender).await?;
        Ok(Watch::new(frames, caller.clone(), self.context.clone(), &self.settings))
    }

    /// The token says how the agent is called now.
    async fn learn_name(&self, caller: &Caller) -> Result<(), Fault> {
        let Principal::User { user, name } = caller.principal.clone() else {
            return Ok(());
        };
        let known = self.agent(caller, user).await?.name;
        if name.is_empty() || name == known {
            return Ok(());
        }
        self.tables.rename_agent(caller.organisation, user, name).await?;
        self.owner.refresh(caller.organisation).await
    }

    pub(super) async fn agent(&self, caller: &Caller, wanted: UserId) -> Result<AgentNow, Fault> {
        let found = self
            .owner
            .look(caller.organisation, move |host, _| agent_now(host, wanted));
        found.await?.ok_or_else(agent_not_found)
    }

    /// The offer, if it was ever made to the caller and they may answer it.
    async fn own_offer(&self, caller: &Caller, offer: OfferId) -> Result<(UserId, OfferView), Fault> {
        let (me, reach) = self.answerer(caller)?;
        let found = self
            .owner
            .look(caller.organisation, move |host, _| offer_to(host, me, offer, &reach));
        Ok((me, found.await??))
    }

    /// Who answers offers, and of queues in which divisions.
    fn answerer(&self, caller: &Caller) -> Result<(UserId, Divisions), Fault> {
        let me = user(caller)?;
        self.context.trust.may(caller, permissions::WEBCHAT_ACCEPT)?;
        Ok((me, self.divisions(caller, permissions::WEBCHAT_ACCEPT)))
    }

    async fn command(&self, caller: &Caller, command: Command) -> Result<Option<Refusal>, Fault> {
        self.owner.command(caller.organisation, command).await
    }

    async fn decide(&self, caller: &Caller, command: Command) -> Result<(), Fault> {
        self.command(caller, command)
            .await?
            .map_or(Ok(()), |refusal| Err(fault(refusal)))
    }
}

/// The offer, if it was ever made to them. PERMISSION_MISSING outside of these divisions.
fn offer_to(host: &Host, agent: UserId, offer: OfferId, reach: &Divisions) -> Result<OfferView, Fault> {
    let view = host.engine().offer(offer).filter(|view| view.agent == agent);
    let known = view.and_then(|view| Some((view, host.names().division(view.queue)?)));
    let (view, division) = known.ok_or_else(|| fault(Refusal::UnknownOffer))?;
    match reach.contains(&division) {
        true => Ok(view),
        false => Err(Fault::missing_named(permissions::WEBCHAT_ACCEPT)),
    }
}

/// Why the engine refused, for clients.
pub(super) fn fault(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::UnknownAgent => agent_not_found(),
        Refusal::UnknownQueue => Fault::new(Reason::QueueNotFound, "there is no queue of this id"),
        Refusal::QueueFull => Fault::new(Reason::QueueFull, "the queue holds as many as it may; try again later"),
        Refusal::NotMember => conflict("the agent is not a member of this queue"),
        Refusal::NotJoined => conflict("the agent has left this queue"),
        Refusal::OffQueue => Fault::new(Reason::AgentNotOnQueue, "the agent is not on queue"),
        Refusal::AtCapacity => conflict("the agent has as much in hand as they may"),
        Refusal::UnknownInteraction => Fault::new(Reason::ConversationNotFound, "there is no conversation of this id"),
        Refusal::AlreadyAssigned => conflict("an agent has this conversation already"),
        Refusal::NotWaiting => conflict("this conversation does not wait"),
        Refusal::NotHeld => conflict("the agent does not have this conversation"),
        Refusal::UnknownAcw => conflict("the agent has no after-contact work of this conversation"),
        Refusal::AcwForced => conflict("this after-contact work ends when its time is over"),
        Refusal::UnknownOffer => Fault::new(Reason::OfferNotFound, "there is no offer of this id"),
        Refusal::OfferExpired => Fault::new(Reason::OfferExpired, "the offer was not answered in time"),
        Refusal::OfferRescinded => Fault::new(Reason::OfferRescinded, "the offer was taken back"),
        Refusal::OfferAlreadyAccepted => Fault::new(Reason::OfferAlreadyAccepted, "the offer was accepted already"),
    }
}

pub(super) fn conflict(problem: &'static str) -> Fault {
    Fault::new(Reason::StateConflict, problem)
}

/// A stream of an agent's frames, ended with a reason.
#[derive(Debug)]
pub struct Watch {
    frames: mpsc::Receiver<Frame>,
    caller: Caller,
    context: Context,
    every: Duration,
    next_heartbeat: Timestamp,
    next_check: Timestamp,
}

/// What comes next on the stream.
#[derive(Debug)]
pub enum Next {
    /// Something happened.
    Frame(Frame),
    /// Nothing happened, but the stream lives and wants to know whether the agent does.
    Heartbeat(Timestamp),
    /// The stream ends; `draining`, `token_expired`, `access_changed` or `moved`.
    Goodbye(&'static str),
}

impl Watch {
    fn new(frames: mpsc::Receiver<Frame>, caller: Caller, context: Context, settings: &Arc<Settings>) -> Self {
        let now = context.clock.now();
        Self {
            frames,
            caller,
            every: settings.heartbeat(),
            next_heartbeat: now + settings.heartbeat(),
            next_check: now + CHECK,
            context,
        }
    }

    /// What comes next; not to be asked after a goodbye.
    pub async fn next(&mut self) -> Next {
        if !self.context.tasks.drain_token().is_cancelled()
            && let Ok(frame) = self.frames.try_recv()
        {
            return Next::Frame(frame);
        }
        loop {
            let (clock, tasks) = (self.context.clock.clone(), self.context.tasks.clone());
            tokio::select! {
                biased;
                () = tasks.draining() => return Next::Goodbye("draining"),
                frame = self.frames.recv() => return frame.map_or(Next::Goodbye("moved"), Next::Frame),
                () = clock.sleep_until(self.next_check.min(self.next_heartbeat)) => {}
            }
            if let Some(next) = self.look(clock.now()) {
                return next;
            }
        }
    }

    fn look(&mut self, now: Timestamp) -> Option<Next> {
        if now >= self.next_check {
            self.next_check = now + CHECK;
            match self.context.trust.still_valid(&self.caller, now) {
                Ok(()) => {}
                Err(fault) if fault.reason == Reason::TokenExpired => return Some(Next::Goodbye("token_expired")),
                Err(_) => return Some(Next::Goodbye("access_changed")),
            }
        }
        if now >= self.next_heartbeat {
            self.next_heartbeat = now + self.every;
            return Some(Next::Heartbeat(now));
        }
        None
    }
}
