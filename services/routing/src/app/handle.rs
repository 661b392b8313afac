//! How everything else speaks to the owner.

use super::frames::Frame;
use super::host::Host;
use super::turn::Turn;
use super::unowned;
use crate::store::{Details, Parcel};
use onqueue_acd::{Command, Refusal, Requirements};
use onqueue_model::{Fault, InteractionId, OrganisationId, QueueId, Shard, Timestamp, UserId};
use tokio::sync::{mpsc, oneshot};

/// How many messages wait at most; then senders wait.
const ROOM: usize = 1_024;

type Answer<T> = oneshot::Sender<Result<T, Fault>>;
/// What was asked for, when it is committed; an error if nobody decides here any more.
pub type Answered<T> = oneshot::Receiver<Result<T, Fault>>;
/// Does something with an organisation's host within a turn; or is refused.
type Work = Box<dyn FnOnce(Result<(&mut Host, &mut Turn), Fault>) + Send>;

/// Something for the owner to do.
pub enum Message {
    /// Give the command to the engine.
    Command {
        organisation: OrganisationId,
        command: Box<Command>,
        traceparent: Option<String>,
        answer: Answer<Option<Refusal>>,
    },
    /// Look, and do what follows, at once.
    Act { organisation: OrganisationId, work: Work },
    /// Take over rows of session's feed, with its cursors.
    Feed { rows: Vec<Row>, answer: Answer<()> },
    /// Take over configuration that was committed.
    Refresh {
        organisation: OrganisationId,
        answer: Answer<()>,
    },
    /// Forget reports that session has answered.
    Delivered { parcels: Vec<Parcel>, answer: Answer<()> },
    /// Send the agent's frames from now on.
    Watch {
        organisation: OrganisationId,
        user: UserId,
        frames: mpsc::Sender<Frame>,
        answer: Answer<()>,
    },
    /// Every organisation that has an engine.
    Organisations { answer: Answer<Vec<OrganisationId>> },
}

/// A row of session's feed.
#[derive(Clone, Debug)]
pub struct Row {
    pub shard: Shard,
    /// Dense in its shard.
    pub number: i64,
    /// When session committed it.
    pub at: Option<Timestamp>,
    pub traceparent: Option<String>,
    /// Nothing, if the row makes no sense.
    pub fact: Option<Fact>,
}

/// What a row of the feed says.
#[derive(Clone, Debug)]
pub struct Fact {
    pub organisation: OrganisationId,
    pub interaction: InteractionId,
    pub change: Change,
}

/// What happened to an interaction.
#[derive(Clone, Debug)]
pub enum Change {
    /// It wants an agent.
    Opened {
        queue: QueueId,
        requirements: Requirements,
        details: Box<Details>,
    },
    /// It needs nobody any more.
    Ended,
    /// Nobody has written in it: it is to go to that queue.
    Silent { queue: QueueId },
}

impl Message {
    /// The one organisation that it is about, if its engine is needed.
    pub const fn about(&self) -> Option<OrganisationId> {
        match self {
            Self::Command { organisation, .. }
            | Self::Act { organisation, .. }
            | Self::Refresh { organisation, .. }
            | Self::Watch { organisation, .. } => Some(*organisation),
            Self::Feed { .. } | Self::Delivered { .. } | Self::Organisations { .. } => None,
        }
    }

    /// Answers that nobody decides here.
    pub fn refuse(self) {
        self.fail(unowned());
    }

    /// Answers that it was not done.
    pub fn fail(self, fault: Fault) {
        match self {
            Self::Command { answer, .. } => drop(answer.send(Err(fault))),
            Self::Feed { answer, .. }
            | Self::Refresh { answer, .. }
            | Self::Delivered { answer, .. }
            | Self::Watch { answer, .. } => drop(answer.send(Err(fault))),
            Self::Act { work, .. } => work(Err(fault)),
            Self::Organisations { answer } => drop(answer.send(Err(fault))),
        }
    }
}

/// Sends messages to the owner. Every answer comes after the commit of what it depends on; UNAVAILABLE says that nothing
/// was let out.
#[derive(Clone, Debug)]
pub struct Handle(mpsc::Sender<Message>);

impl Handle {
    pub fn new() -> (Self, mpsc::Receiver<Message>) {
        let (sender, inbox) = mpsc::channel(ROOM);
        (Self(sender), inbox)
    }

    /// Gives the command to the engine; answers why it was refused.
    pub async fn command(&self, organisation: OrganisationId, command: Command) -> Result<Option<Refusal>, Fault> {
        let traceparent = onqueue_telemetry::current_traceparent();
        let message = |answer| Message::Command {
            organisation,
            command: Box::new(command),
            traceparent,
            answer,
        };
        self.ask(message).await
    }

    /// What the work finds and does in the organisation, when it is committed. It sees what was done before it, committed or
    /// not; with that it stands or falls.
    pub async fn act<T, F>(&self, organisation: OrganisationId, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut Host, &mut Turn, Option<&str>) -> T + Send + 'static,
    {
        let traceparent = onqueue_telemetry::current_traceparent();
        self.within(organisation, move |host, turn| work(host, turn, traceparent.as_deref()))
            .await
    }

    /// What the question finds in the organisation, when all that it sees is committed.
    pub async fn look<T, F>(&self, organisation: OrganisationId, question: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut Host, Timestamp) -> T + Send + 'static,
    {
        self.within(organisation, move |host, turn| question(host, turn.now))
            .await
    }

    async fn within<T, F>(&self, organisation: OrganisationId, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut Host, &mut Turn) -> T + Send + 'static,
    {
        let message = |answer: Answer<T>| {
            let work: Work = Box::new(move |given| match given {
                Ok((host, turn)) => {
                    let value = work(host, turn);
                    turn.answer(answer, Ok(value));
                }
                Err(fault) => drop(answer.send(Err(fault))),
            });
            Message::Act { organisation, work }
        };
        self.ask(message).await
    }

    /// Hands over rows, after all that were handed over before. The answer comes when they are committed, or not taken: then
    /// those that were handed over later are not either.
    pub async fn feed(&self, rows: Vec<Row>) -> Result<Answered<()>, Fault> {
        self.send(|answer| Message::Feed { rows, answer }).await
    }

    pub async fn refresh(&self, organisation: OrganisationId) -> Result<(), Fault> {
        self.ask(|answer| Message::Refresh { organisation, answer }).await
    }

    pub async fn delivered(&self, parcels: Vec<Parcel>) -> Result<(), Fault> {
        self.ask(|answer| Message::Delivered { parcels, answer }).await
    }

    pub async fn organisations(&self) -> Result<Vec<OrganisationId>, Fault> {
        self.ask(|answer| Message::Organisations { answer }).await
    }

    /// AGENT_NOT_FOUND without a routing profile.
    pub async fn watch(
        &self,
        organisation: OrganisationId,
        user: UserId,
        frames: mpsc::Sender<Frame>,
    ) -> Result<(), Fault> {
        let message = |answer| Message::Watch {
            organisation,
            user,
            frames,
            answer,
        };
        self.ask(message).await
    }

    async fn ask<T>(&self, message: impl FnOnce(Answer<T>) -> Message) -> Result<T, Fault> {
        // Whoever stops being the owner drops what it was about to answer.
        self.send(message).await?.await.map_err(|_| unowned())?
    }

    async fn send<T>(&self, message: impl FnOnce(Answer<T>) -> Message) -> Result<Answered<T>, Fault> {
        let (answer, answered) = oneshot::channel();
        self.0.send(message(answer)).await.map_err(|_| unowned())?;
        Ok(answered)
    }
}
