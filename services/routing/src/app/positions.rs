//! Where somebody stands in line, for those who wait and those who look after them.

use super::Routing;
use super::handle::Handle;
use super::notices::{Notice, Notices};
use super::places::{InLine, Line, Spot, Stay};
use super::pulse::{Beat, Pulse};
use super::queues::queue_not_found;
use onqueue_acd::Requirements;
use onqueue_acd::waiting::Standing;
use onqueue_model::{
    Caller, ConversationId, Fault, OrganisationId, Principal, QueueId, Reason, Timestamp, permissions,
};
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// How often it is looked where somebody stands.
const EVERY: Duration = Duration::from_secs(5);

/// How soon again if that is not found yet.
const SOON: Duration = Duration::from_secs(1);

impl Routing {
    /// Where a newcomer with these requirements would stand.
    pub async fn estimated_wait(
        &self,
        caller: &Caller,
        queue: QueueId,
        requirements: Requirements,
    ) -> Result<Standing, Fault> {
        let found = self.owner.look(caller.organisation, move |host, _| {
            let division = host.names().division(queue)?;
            Some((division, host.forecast(queue, requirements)?))
        });
        let (division, standing) = found.await?.ok_or_else(queue_not_found)?;
        let divisions = self.divisions(caller, permissions::QUEUE_VIEW);
        divisions
            .contains(&division)
            .then_some(standing)
            .ok_or_else(queue_not_found)
    }

    /// Follows where the conversation stands, and what its queue says in that language, until it waits no more.
    pub async fn watch_position(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        language: String,
    ) -> Result<PositionWatch, Fault> {
        let in_line = self.waiting_for(caller, conversation).await?;
        let user = caller.subject().map(|_| permissions::QUEUE_VIEW);
        let watch = PositionWatch {
            owner: self.owner.clone(),
            organisation: caller.organisation,
            pulse: Pulse::new(&self.context, caller, user, self.settings.heartbeat()),
            in_line,
            language,
            notices: None,
            told: None,
            pending: VecDeque::new(),
            next_look: self.context.clock.now(),
        };
        // What cannot be told here is told where it can.
        watch.look().await?;
        Ok(watch)
    }

    /// The conversation, if it waits and the caller may know: its guest, or who may see its queue.
    async fn waiting_for(&self, caller: &Caller, conversation: ConversationId) -> Result<InLine, Fault> {
        let own = match caller.principal {
            Principal::Guest { conversation, .. } => Some(conversation),
            Principal::User { .. } | Principal::Client { .. } => None,
        };
        if own.is_some_and(|own| own != conversation) {
            return Err(conversation_not_found());
        }
        let found = self.owner.look(caller.organisation, move |host, _| {
            let in_line = host.in_line(conversation)?;
            Some((in_line, host.names().division(in_line.queue)?))
        });
        let (in_line, division) = found.await?.ok_or_else(conversation_not_found)?;
        let may = own.is_some() || self.divisions(caller, permissions::QUEUE_VIEW).contains(&division);
        may.then_some(in_line).ok_or_else(conversation_not_found)
    }
}

fn conversation_not_found() -> Fault {
    Fault::new(
        Reason::ConversationNotFound,
        "there is no conversation of this id that waits",
    )
}

/// A stream that follows a place in line.
#[derive(Debug)]
pub struct PositionWatch {
    owner: Handle,
    organisation: OrganisationId,
    pulse: Pulse,
    in_line: InLine,
    /// Empty for the conversation's own.
    language: String,
    notices: Option<(QueueId, Notices)>,
    told: Option<Heard>,
    pending: VecDeque<NextPosition>,
    next_look: Timestamp,
}

/// Where it stands, as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// In line.
    Standing(Standing),
    /// Alerts an agent.
    Alerting,
}

/// What comes next on the stream.
#[derive(Clone, Debug)]
pub enum NextPosition {
    Standing(Heard),
    Notice(Notice),
    Heartbeat(Timestamp),
    Goodbye(&'static str),
}

impl PositionWatch {
    /// What comes next; not to be asked after a goodbye.
    pub async fn next(&mut self) -> NextPosition {
        loop {
            if let Some(next) = self.pending.pop_front() {
                return next;
            }
            match self.pulse.next(self.next_look).await {
                Beat::Goodbye(reason) => return NextPosition::Goodbye(reason),
                Beat::Heartbeat(at) => return NextPosition::Heartbeat(at),
                Beat::Due(now) => match self.look().await {
                    Ok(stay) => self.note(stay, now),
                    Err(_) => return NextPosition::Goodbye("moved"),
                },
            }
        }
    }

    /// Puts what is to be told in order, and sets when to look again.
    fn note(&mut self, stay: Stay, now: Timestamp) {
        self.next_look = now + EVERY;
        let heard = match stay.spot {
            Spot::Served => return self.pending.push_back(NextPosition::Goodbye("served")),
            Spot::Ended => return self.pending.push_back(NextPosition::Goodbye("ended")),
            Spot::Alerting => Some(Heard::Alerting),
            Spot::Waiting(standing) => standing.map(Heard::Standing),
        };
        match heard {
            None => self.next_look = now + SOON,
            Some(heard) if self.told != Some(heard) => {
                self.told = Some(heard);
                self.pending.push_back(NextPosition::Standing(heard));
            }
            Some(_) => {}
        }
        if let Some(line) = stay.line {
            self.note_notices(line, heard, now);
        }
    }

    /// The messages are those that the queue had when somebody began to listen, or came into it.
    fn note_notices(&mut self, line: Line, heard: Option<Heard>, now: Timestamp) {
        let position = match heard {
            Some(Heard::Standing(standing)) => Some(standing.position),
            Some(Heard::Alerting) | None => None,
        };
        let language = if self.language.is_empty() {
            line.language.unwrap_or_default()
        } else {
            self.language.clone()
        };
        let fresh = || (line.queue, Notices::new(Arc::clone(&line.messages), line.waited_ms));
        let (queue, notices) = self.notices.get_or_insert_with(fresh);
        if *queue != line.queue {
            (*queue, *notices) = fresh();
        }
        let said = notices.due(line.waited_ms, position, &language);
        self.pending.extend(said.into_iter().map(NextPosition::Notice));
        if let Some(next) = notices.next_look(line.waited_ms) {
            let left = Duration::from_millis(next.saturating_sub(line.waited_ms));
            self.next_look = self.next_look.min(now + left);
        }
    }

    async fn look(&self) -> Result<Stay, Fault> {
        let interaction = self.in_line.interaction;
        let look = self
            .owner
            .look(self.organisation, move |host, now| host.stay(interaction, now));
        look.await
    }
}
