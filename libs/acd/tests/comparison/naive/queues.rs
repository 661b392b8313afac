//! Queues and what is observed of them.

use super::*;
use onqueue_acd::{Comparison, GroupRule, Method, Metric};

impl Naive {
    pub(super) fn upsert_queue(&mut self, queue: &QueueConfig) {
        let former = self.queue(queue.id).map(|queue| queue.method.clone());
        self.queues.retain(|other| other.id != queue.id);
        self.queues.push(queue.clone());
        if former.as_ref() == Some(&queue.method) {
            return;
        }
        let openings = self.openings(queue.id);
        for chat in self.chats.iter_mut().filter(|chat| chat.queue == queue.id) {
            chat.openings.clone_from(&openings);
        }
        for id in self.in_order_of_entry(|chat| chat.queue == queue.id && chat.at == At::Line) {
            self.note_stage(id);
        }
    }

    pub(super) fn remove_queue(&mut self, queue: QueueId) {
        if self.queue(queue).is_none() {
            return;
        }
        let lost = |chat: &&Chat| chat.queue == queue && !matches!(chat.at, At::With { .. });
        let mut lost: Vec<InteractionId> = self.chats.iter().filter(lost).map(|chat| chat.id).collect();
        lost.sort_unstable();
        self.queues.retain(|other| other.id != queue);
        self.observed.retain(|other| other.queue != queue);
        for interaction in lost {
            self.cancel(interaction);
            let refusal = Refusal::UnknownQueue;
            self.out.push(Effect::Rejected { interaction, refusal });
        }
    }

    pub(super) fn observe(&mut self, queue: QueueId, wait: Option<u64>, level: Option<u16>) -> Done {
        self.queue(queue).ok_or(Refusal::UnknownQueue)?;
        self.observed.retain(|other| other.queue != queue);
        self.observed.push(Observed {
            queue,
            estimated_wait: wait,
            service_level: level,
        });
        Ok(())
    }

    /// Which conditional rules of the queue are true now.
    pub(super) fn openings(&self, queue: QueueId) -> Vec<usize> {
        let Some(Method::Conditional { rules }) = self.queue(queue).map(|queue| &queue.method) else {
            return Vec::new();
        };
        let mut openings = Vec::new();
        for (place, rule) in rules.iter().enumerate() {
            let about = if place == 0 { queue } else { rule.queue };
            if self.is_true(rule, about) {
                openings.push(place);
            }
        }
        openings
    }

    fn is_true(&self, rule: &GroupRule, about: QueueId) -> bool {
        let Some(observed) = self.observed.iter().find(|observed| observed.queue == about) else {
            return false;
        };
        let value = match rule.metric {
            Metric::EstimatedWait => observed.estimated_wait,
            Metric::ServiceLevel => observed.service_level.map(u64::from),
        };
        value.is_some_and(|value| match rule.comparison {
            Comparison::Greater => value > rule.value,
            Comparison::AtLeast => value >= rule.value,
            Comparison::Less => value < rule.value,
            Comparison::AtMost => value <= rule.value,
        })
    }
}
