//! The rules of routing once more, as plainly and slowly as can be: lists, searched from end to end for every question.
//! Written from the design and the contract, not from the engine.

mod agents;
mod attended;
mod decide;
mod fit;
mod hands;
mod line;
mod queues;
mod stage;

use onqueue_acd::{AgentProfile, AgentState, Applied, Command, Effect, Exclusion, Medium, OfferEnd};
use onqueue_acd::{QueueConfig, Refusal, Requirements, Settings, Stage};
use onqueue_model::{InteractionId, LabelId, OfferId, QueueId, Timestamp, UserId, WorkId};
use std::collections::BTreeSet;

const SEVEN_DAYS: i64 = 7 * 86_400_000;

#[derive(Default)]
pub struct Naive {
    now: i64,
    settings: Settings,
    queues: Vec<QueueConfig>,
    observed: Vec<Observed>,
    agents: Vec<Agent>,
    chats: Vec<Chat>,
    /// Interactions that ended.
    over: Vec<InteractionId>,
    /// All there ever were.
    offers: Vec<Offer>,
    acws: Vec<Acw>,
    entries: u64,
    out: Vec<Effect>,
}

struct Observed {
    queue: QueueId,
    estimated_wait: Option<u64>,
    service_level: Option<u16>,
}

struct Agent {
    profile: AgentProfile,
    duty: Duty,
    assigned: Option<i64>,
    ended: Option<i64>,
    external: Vec<External>,
}

struct External {
    work: WorkId,
    medium: Medium,
    labels: BTreeSet<LabelId>,
}

#[derive(Clone, Copy, PartialEq)]
enum Duty {
    Off,
    On,
    Silent,
}

struct Chat {
    id: InteractionId,
    queue: QueueId,
    wants: Requirements,
    entered: i64,
    position: u64,
    /// When it came to the queue's method.
    since: i64,
    /// Until when, or until when it was, the last agent's alone.
    hold: Option<i64>,
    /// Which conditional rules were true.
    openings: Vec<usize>,
    /// As last noted.
    stage: Stage,
    at: At,
    refused_by: Vec<UserId>,
    /// What somebody has in hand while this is offered in its place.
    stands_for: Option<InteractionId>,
    /// Whether it is for one agent or for nobody.
    alone: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum At {
    Line,
    Alerting(UserId),
    With {
        agent: UserId,
        asked_for_acw: bool,
    },
    /// On the way from one of the others to another.
    Nowhere,
}

struct Offer {
    id: OfferId,
    chat: InteractionId,
    agent: UserId,
    expires: i64,
    end: Option<Result<(), OfferEnd>>,
}

struct Acw {
    agent: UserId,
    chat: InteractionId,
    medium: Medium,
    labels: BTreeSet<LabelId>,
    ends: Option<i64>,
    holds: bool,
    forced: bool,
}

type Done = Result<(), Refusal>;

impl Naive {
    pub fn apply(&mut self, now: Timestamp, command: &Command) -> Applied {
        let now = now.0.max(self.now);
        if *command == Command::Resume {
            self.now = now;
            self.end_due_offers(OfferEnd::Interrupted);
            self.fire();
        }
        while let Some(due) = self.next_deadline().filter(|due| *due < now) {
            self.now = due;
            self.fire();
            self.route();
        }
        self.now = now;
        let refusal = self.handle(command).err();
        self.fire();
        self.route();
        Applied {
            effects: std::mem::take(&mut self.out),
            refusal,
        }
    }

    pub fn next_deadline(&self) -> Option<i64> {
        let mut times: Vec<i64> = Vec::new();
        times.extend(self.offers.iter().filter(|it| it.end.is_none()).map(|it| it.expires));
        times.extend(self.acws.iter().filter_map(|acw| acw.ends));
        for chat in self.chats.iter().filter(|chat| chat.at == At::Line) {
            times.extend(self.next_stage(chat));
        }
        times.into_iter().min()
    }

    /// Everything that is due by now, the routing apart.
    fn fire(&mut self) {
        self.end_due_offers(OfferEnd::TimedOut);
        self.end_due_acw();
        let waiting: Vec<InteractionId> = self.in_order_of_entry(|chat| chat.at == At::Line);
        for id in waiting {
            self.note_stage(id);
        }
    }

    fn end_due_offers(&mut self, end: OfferEnd) {
        for number in 0..self.offers.len() {
            if self.offers[number].end.is_none() && self.offers[number].expires <= self.now {
                self.rescind(number, end);
            }
        }
    }

    fn end_due_acw(&mut self) {
        let mut due: Vec<(i64, UserId, InteractionId)> = Vec::new();
        for acw in &self.acws {
            let ends = acw.ends.filter(|ends| *ends <= self.now);
            due.extend(ends.map(|ends| (ends, acw.agent, acw.chat)));
        }
        due.sort_unstable();
        for (_, agent, chat) in due {
            self.end_acw(agent, chat);
        }
    }

    fn handle(&mut self, command: &Command) -> Done {
        use Command as C;
        match command {
            C::Configure { settings } => self.settings = *settings,
            C::UpsertQueue { queue } => self.upsert_queue(queue),
            C::RemoveQueue { queue } => self.remove_queue(*queue),
            C::UpsertAgent { agent } => self.upsert_agent(agent),
            C::RemoveAgent { agent } => self.remove_agent(*agent),
            C::GoOnQueue {
                agent,
                last_interaction,
            } => return self.go_on(*agent, *last_interaction),
            C::GoOffQueue { agent } => return self.go_off(*agent),
            C::AgentGone { agent } => return self.gone(*agent),
            C::JoinQueue { agent, queue } => return self.join(*agent, *queue, true),
            C::LeaveQueue { agent, queue } => return self.join(*agent, *queue, false),
            C::ObserveMetric {
                queue,
                estimated_wait_ms,
                service_level,
            } => return self.observe(*queue, *estimated_wait_ms, *service_level),
            C::StartExternalWork {
                agent,
                work,
                medium,
                labels,
            } => return self.start_external(*agent, *work, *medium, labels),
            C::EndExternalWork { agent, work } => return self.end_external(*agent, *work),
            C::Tick | C::Resume => {}
            about_an_interaction => return self.handle_interaction(about_an_interaction),
        }
        Ok(())
    }

    fn handle_interaction(&mut self, command: &Command) -> Done {
        use Command as C;
        match command {
            C::Enqueue {
                interaction,
                queue,
                requirements,
            } => self.enqueue(*interaction, *queue, requirements),
            C::SetPriority { interaction, priority } => self.set_priority(*interaction, *priority),
            C::SetRequirements {
                interaction,
                requirements,
            } => self.set_requirements(*interaction, requirements),
            C::Cancel { interaction } => {
                self.cancel(*interaction);
                Ok(())
            }
            C::Transfer { .. } => self.transfer(command),
            C::TransferAttended { .. } => self.transfer_attended(command),
            C::AssignByHand {
                interaction,
                agent,
                forced,
            } => self.assign_by_hand(*interaction, *agent, *forced),
            C::Pull { agent, interaction } => self.pull(*agent, *interaction),
            C::EndWork { agent, interaction } => self.end_work(*agent, *interaction),
            C::RequestAcw { agent, interaction } => self.request_acw(*agent, *interaction),
            C::CompleteAcw { agent, interaction } => self.complete_acw(*agent, *interaction),
            C::Accept { agent, offer } => {
                let number = self.answerable(*agent, *offer)?;
                self.accept(number);
                Ok(())
            }
            C::Decline { agent, offer } => {
                let number = self.answerable(*agent, *offer)?;
                self.rescind(number, OfferEnd::Declined);
                Ok(())
            }
            other => unreachable!("{other:?} is not about an interaction"),
        }
    }

    fn agent(&self, id: UserId) -> Option<usize> {
        self.agents.iter().position(|agent| agent.profile.id == id)
    }

    fn chat(&self, id: InteractionId) -> Option<usize> {
        self.chats.iter().position(|chat| chat.id == id)
    }

    fn queue(&self, id: QueueId) -> Option<&QueueConfig> {
        self.queues.iter().find(|queue| queue.id == id)
    }

    fn queue_of(&self, chat: &Chat) -> &QueueConfig {
        self.queue(chat.queue).expect("who waits or alerts has a queue")
    }

    fn in_order_of_entry(&self, which: impl Fn(&Chat) -> bool) -> Vec<InteractionId> {
        let mut found: Vec<(u64, InteractionId)> = Vec::new();
        for chat in self.chats.iter().filter(|chat| which(chat)) {
            found.push((chat.position, chat.id));
        }
        found.sort_unstable();
        found.into_iter().map(|(_, id)| id).collect()
    }

    /// What the agent does, and with how much.
    fn look(&self, agent: UserId) -> Option<(AgentState, usize)> {
        let known = &self.agents[self.agent(agent)?];
        let load = self.burden(known).len();
        let state = match known.duty {
            Duty::Off => AgentState::OffQueue,
            Duty::Silent => AgentState::NotResponding,
            Duty::On if load > known.external.len() => AgentState::Interacting,
            Duty::On if load > 0 => AgentState::Communicating,
            Duty::On => AgentState::Idle,
        };
        Some((state, load))
    }

    fn tell_if_changed(&mut self, agent: UserId, before: Option<(AgentState, usize)>) {
        let after = self.look(agent);
        if let Some((state, _)) = after
            && before != after
        {
            self.out.push(Effect::AgentStateChanged { agent, state });
        }
    }
}
