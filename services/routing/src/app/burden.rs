//! What an agent has to do now: in hand, after contact, and elsewhere.

use super::host::Host;
use onqueue_acd::{AcwView, AfterContactMode, AgentView, ExternalWorkView, Medium};
use onqueue_model::{ConversationId, LabelId};
use std::collections::BTreeMap;

/// Everything that counts, and what it counts against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Burden {
    /// Conversations in hand.
    pub held: Vec<ConversationId>,
    /// After-contact work, the oldest first.
    pub after_contact: Vec<AfterContactNow>,
    /// Work that was not routed here.
    pub external: Vec<ExternalWorkView>,
    /// How much of every medium, and how much at most.
    pub media: Vec<(Medium, usize, u8)>,
    /// The same of labels of which there is something, or a maximum.
    pub labels: BTreeMap<LabelId, (usize, Option<u8>)>,
}

/// After-contact work that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AfterContactNow {
    /// As the engine has it.
    pub work: AcwView,
    /// The queue's name.
    pub queue_name: String,
    /// Why there is any.
    pub mode: &'static str,
}

impl Burden {
    pub fn of(host: &Host, agent: &AgentView<'_>) -> Self {
        let mut after_contact: Vec<_> = agent.acw.iter().map(|work| after_contact_now(host, work)).collect();
        after_contact.sort_by_key(|now| now.work.since);
        let utilization = &agent.profile.utilization;
        let media = Medium::ALL.map(|medium| {
            let active = agent.active_by_medium[medium as usize];
            (medium, active, utilization.maximum(medium))
        });
        Self {
            held: agent.held.iter().map(|interaction| interaction.conversation).collect(),
            after_contact,
            external: agent.external.to_vec(),
            media: media.into(),
            labels: labels(host, agent),
        }
    }
}

fn after_contact_now(host: &Host, work: &AcwView) -> AfterContactNow {
    AfterContactNow {
        queue_name: host.names().queue(work.queue),
        mode: mode(host, work),
        work: work.clone(),
    }
}

/// As the work shows it; where that leaves it open, as the queue says now.
fn mode(host: &Host, work: &AcwView) -> &'static str {
    let queue = host.engine().queue(work.queue);
    let configured = queue.map(|queue| queue.config.after_contact.mode);
    match (work.forced, configured) {
        (true, _) => "mandatory_forced",
        (false, Some(AfterContactMode::AgentRequested)) => "agent_requested",
        (false, _) if work.ends.is_some() => "mandatory_timeout",
        (false, _) => "mandatory",
    }
}

fn labels(host: &Host, agent: &AgentView<'_>) -> BTreeMap<LabelId, (usize, Option<u8>)> {
    let engine = host.engine();
    let alerting = agent.alerting.iter().filter_map(|offer| engine.offer(*offer));
    let routed = agent
        .held
        .iter()
        .copied()
        .chain(alerting.map(|offer| offer.interaction));
    let routed = routed.filter_map(|interaction| engine.interaction(interaction));
    let after_contact = agent.acw.iter().filter(|work| work.holds_slot);
    let all = routed
        .flat_map(|interaction| interaction.requirements.labels.iter())
        .chain(after_contact.flat_map(|work| &work.labels))
        .chain(agent.external.iter().flat_map(|work| &work.labels));
    let maxima = &agent.profile.utilization.labels;
    let mut labels: BTreeMap<_, _> = maxima.iter().map(|(label, most)| (*label, (0, Some(*most)))).collect();
    for label in all {
        labels.entry(*label).or_insert((0, None)).0 += 1;
    }
    labels
}
