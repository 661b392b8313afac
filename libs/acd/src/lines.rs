//! Who waits, ranked: per queue, and per signature, so that a pass looks at the first of each kind only.

use crate::state::{Rank, Signature};
use onqueue_model::{InteractionId, QueueId, SkillId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Names a group of waiting interactions with an equal signature, as long as it has any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GroupId(u64);

#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    lines: BTreeMap<QueueId, Line>,
    groups: BTreeMap<GroupId, Group>,
    by_signature: BTreeMap<Arc<Signature>, GroupId>,
    groups_made: u64,
    /// Groups that came about since the last pass. Nobody was eligible for any other, else they would not wait.
    fresh: BTreeSet<GroupId>,
}

#[derive(Clone, Debug, Default)]
struct Line {
    order: BTreeMap<Rank, (InteractionId, GroupId)>,
    /// The first of each group, by the group's lead.
    heads: BTreeMap<Option<SkillId>, BTreeMap<Rank, GroupId>>,
    alerting: usize,
}

#[derive(Clone, Debug)]
struct Group {
    signature: Arc<Signature>,
    ranks: BTreeSet<Rank>,
}

impl Lines {
    pub fn waiting(&self, queue: QueueId) -> usize {
        self.lines.get(&queue).map_or(0, |line| line.order.len())
    }

    pub fn alerting(&self, queue: QueueId) -> usize {
        self.lines.get(&queue).map_or(0, |line| line.alerting)
    }

    pub fn in_order(&self, queue: QueueId) -> impl Iterator<Item = InteractionId> {
        let line = self.lines.get(&queue).into_iter();
        line.flat_map(|line| line.order.values().map(|(interaction, _)| *interaction))
    }

    pub fn started_alerting(&mut self, queue: QueueId) {
        self.lines.entry(queue).or_default().alerting += 1;
    }

    pub fn stopped_alerting(&mut self, queue: QueueId) {
        self.lines.entry(queue).or_default().alerting -= 1;
    }

    pub fn insert(&mut self, rank: Rank, interaction: InteractionId, signature: Signature) {
        let line = self.lines.entry(signature.queue).or_default();
        let id = match self.by_signature.get(&signature) {
            Some(id) => *id,
            None => {
                self.groups_made += 1;
                let id = GroupId(self.groups_made);
                let signature = Arc::new(signature);
                self.by_signature.insert(Arc::clone(&signature), id);
                let ranks = BTreeSet::new();
                self.groups.insert(id, Group { signature, ranks });
                self.fresh.insert(id);
                id
            }
        };
        line.order.insert(rank, (interaction, id));
        if let Some(group) = self.groups.get_mut(&id) {
            let head = group.ranks.first().copied();
            group.ranks.insert(rank);
            line.move_head(group.signature.lead(), id, head, group.ranks.first().copied());
        }
    }

    pub fn remove(&mut self, queue: QueueId, rank: Rank) {
        let Some(line) = self.lines.get_mut(&queue) else { return };
        let Some((_, id)) = line.order.remove(&rank) else {
            return;
        };
        let Some(group) = self.groups.get_mut(&id) else { return };
        let head = group.ranks.first().copied();
        group.ranks.remove(&rank);
        line.move_head(group.signature.lead(), id, head, group.ranks.first().copied());
        if group.ranks.is_empty() {
            self.by_signature.remove(&group.signature);
            self.groups.remove(&id);
            self.fresh.remove(&id);
        }
    }

    /// The groups of a queue with this lead, the one with the best-ranked head first.
    pub fn heads(&self, queue: QueueId, lead: Option<SkillId>) -> impl Iterator<Item = (Rank, GroupId)> {
        let heads = self.lines.get(&queue).and_then(|line| line.heads.get(&lead));
        heads.into_iter().flatten().map(|(rank, id)| (*rank, *id))
    }

    pub fn signature(&self, group: GroupId) -> Option<&Signature> {
        self.groups.get(&group).map(|group| &*group.signature)
    }

    pub fn head(&self, group: GroupId) -> Option<InteractionId> {
        let group = self.groups.get(&group)?;
        let line = self.lines.get(&group.signature.queue)?;
        line.order
            .get(group.ranks.first()?)
            .map(|(interaction, _)| *interaction)
    }

    /// The fresh group with the best-ranked head.
    pub fn first_fresh(&self) -> Option<(Rank, GroupId)> {
        let fresh = self
            .fresh
            .iter()
            .filter_map(|id| Some((*self.groups.get(id)?.ranks.first()?, *id)));
        fresh.min()
    }

    /// Nobody is eligible for this group.
    pub fn settle(&mut self, group: GroupId) {
        self.fresh.remove(&group);
    }

    /// Nobody is eligible for any group.
    pub fn settle_all(&mut self) {
        self.fresh.clear();
    }
}

impl Line {
    fn move_head(&mut self, lead: Option<SkillId>, group: GroupId, from: Option<Rank>, to: Option<Rank>) {
        if from == to {
            return;
        }
        let heads = self.heads.entry(lead).or_default();
        if let Some(from) = from {
            heads.remove(&from);
        }
        if let Some(to) = to {
            heads.insert(to, group);
        }
    }
}
