//! What metrics count: what became of interactions, told from the queues' side.

use crate::{Medium, OfferEnd};
use onqueue_model::{InteractionId, QueueId, UserId};

/// Something that happened to an interaction in a queue.
///
/// One stay of an interaction in a queue is a visit: it begins when the interaction enters the queue, also by a transfer, anew to
/// its own queue, or because the agent who had it is no more. Its wait ends when an agent takes it, or when it leaves the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happening {
    /// To which interaction.
    pub interaction: InteractionId,
    /// In which queue.
    pub queue: QueueId,
    /// Of what kind it is.
    pub medium: Medium,
    /// What happened.
    pub what: What,
}

/// See [`Happening`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It entered the queue.
    Entered(Entry),
    /// It was not let in because the queue was full.
    Refused,
    /// It alerts an agent.
    Offered {
        /// Whom.
        agent: UserId,
    },
    /// It alerts the agent no more and was not taken.
    OfferEnded {
        /// Whom.
        agent: UserId,
        /// Why.
        end: OfferEnd,
    },
    /// An agent took it.
    Answered {
        /// Who.
        agent: UserId,
        /// After this wait.
        wait_ms: u64,
    },
    /// It ended before an agent took it.
    Abandoned {
        /// After this wait.
        wait_ms: u64,
    },
    /// It was transferred before an agent took it.
    Redirected {
        /// After this wait.
        wait_ms: u64,
    },
    /// Its queue was removed before an agent took it.
    Lost {
        /// After this wait.
        wait_ms: u64,
    },
    /// It left the hands of an agent.
    TalkEnded {
        /// Whose.
        agent: UserId,
        /// Why.
        leaving: Leaving,
        /// What follows.
        after: After,
    },
    /// The agent is done with it, after-contact work included.
    Handled {
        /// Who.
        agent: UserId,
        /// How long they had it in hand.
        talk_ms: u64,
        /// How long the after-contact work was; `None` if there was none.
        acw_ms: Option<u64>,
    },
}

/// How an interaction entered a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Anew.
    Enqueued,
    /// By a transfer.
    Transferred,
    /// From the hands of an agent who is no more.
    Returned,
}

/// Why an interaction left an agent's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// It is over.
    Ended,
    /// It was transferred.
    Transferred,
    /// The agent is no more.
    Returned,
}

/// What follows when an interaction has left an agent's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Nothing: [`What::Handled`] comes next.
    Nothing,
    /// After-contact work: [`What::Handled`] comes when it is over.
    Work,
}
