//! Free names and the ids that stand for them. The smaller name has the smaller id, because ids break ties.

use super::value::Name;
use onqueue_model::{GroupId, Id, InteractionId, LabelId, QueueId, SkillId, UserId, WorkId};
use std::{collections::BTreeMap, fmt::Display};
use uuid::Uuid;

/// What the ids of a log are called in its text. A kind of id whose texts are all UUIDs (interactions:
/// `conversation/opening`) has no names: such ids are called as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    pub(super) agents: BTreeMap<UserId, String>,
    pub(super) queues: BTreeMap<QueueId, String>,
    pub(super) skills: BTreeMap<SkillId, String>,
    pub(super) groups: BTreeMap<GroupId, String>,
    pub(super) labels: BTreeMap<LabelId, String>,
    pub(super) works: BTreeMap<WorkId, String>,
    pub(super) interactions: BTreeMap<InteractionId, String>,
}

impl Names {
    /// What an agent is called.
    pub fn agent(&self, id: UserId) -> String {
        called(&self.agents, id)
    }

    /// What a queue is called.
    pub fn queue(&self, id: QueueId) -> String {
        called(&self.queues, id)
    }

    /// What a skill is called.
    pub fn skill(&self, id: SkillId) -> String {
        called(&self.skills, id)
    }

    /// What a group is called.
    pub fn group(&self, id: GroupId) -> String {
        called(&self.groups, id)
    }

    /// What a label is called.
    pub fn label(&self, id: LabelId) -> String {
        called(&self.labels, id)
    }

    /// What external work is called.
    pub fn work(&self, id: WorkId) -> String {
        called(&self.works, id)
    }

    /// What an interaction is called.
    pub fn interaction(&self, id: InteractionId) -> String {
        called(&self.interactions, id)
    }
}

fn called<T: Copy + Ord + Display>(names: &BTreeMap<T, String>, id: T) -> String {
    names.get(&id).cloned().unwrap_or_else(|| id.to_string())
}

/// All names of a text. They are gathered first; which ids they get is known only when all are there.
#[derive(Default)]
pub(super) struct Gathered {
    pub agents: Kind<UserId>,
    pub queues: Kind<QueueId>,
    pub skills: Kind<SkillId>,
    pub groups: Kind<GroupId>,
    pub labels: Kind<LabelId>,
    pub works: Kind<WorkId>,
    pub interactions: Kind<InteractionId>,
}

impl Gathered {
    /// Gives each name its id. To be called when all names were asked for once.
    pub fn settle(&mut self) -> Names {
        Names {
            agents: self.agents.settle(),
            queues: self.queues.settle(),
            skills: self.skills.settle(),
            groups: self.groups.settle(),
            labels: self.labels.settle(),
            works: self.works.settle(),
            interactions: self.interactions.settle(),
        }
    }
}

/// All names of one kind.
pub(super) struct Kind<T> {
    ids: BTreeMap<String, T>,
}

impl<T> Default for Kind<T> {
    fn default() -> Self {
        Self { ids: BTreeMap::new() }
    }
}

impl<T: Named> Kind<T> {
    /// The name's id; before [`Gathered::settle`] one that says nothing.
    pub fn of(&mut self, name: &Name) -> T {
        if let Some(id) = self.ids.get(&name.0) {
            return *id;
        }
        let id = T::numbered(0);
        self.ids.insert(name.0.clone(), id);
        id
    }

    fn settle(&mut self) -> BTreeMap<T, String> {
        let exact: Option<Vec<T>> = self.ids.keys().map(|name| T::exactly(name)).collect();
        if let Some(exact) = exact {
            self.ids.values_mut().zip(exact).for_each(|(id, exact)| *id = exact);
            return BTreeMap::new();
        }
        self.ids
            .values_mut()
            .zip(1..)
            .for_each(|(id, number)| *id = T::numbered(number));
        self.ids.iter().map(|(name, id)| (*id, name.clone())).collect()
    }
}

/// Something that is called by a name.
pub(super) trait Named: Copy + Ord {
    /// The id that is written exactly so.
    fn exactly(text: &str) -> Option<Self>;
    /// An id for the name with this place among all.
    fn numbered(place: u64) -> Self;
}

impl<T> Named for Id<T> {
    fn exactly(text: &str) -> Option<Self> {
        let id: Self = text.parse().ok()?;
        (id.to_string() == text).then_some(id)
    }

    fn numbered(place: u64) -> Self {
        Self::new(Uuid::from_u128(place.into()))
    }
}

impl Named for InteractionId {
    fn exactly(text: &str) -> Option<Self> {
        let (conversation, opening) = text.split_once('/')?;
        let id = Self {
            conversation: Named::exactly(conversation)?,
            opening: opening.parse().ok()?,
        };
        (id.to_string() == text).then_some(id)
    }

    fn numbered(place: u64) -> Self {
        Self {
            conversation: Named::numbered(place),
            opening: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(names: &[&str]) -> (Gathered, Names) {
        let mut all = Gathered::default();
        for name in names {
            let _ = all.agents.of(&Name((*name).to_owned()));
        }
        let names = all.settle();
        (all, names)
    }

    #[test]
    fn the_smaller_name_has_the_smaller_id() {
        let (mut all, names) = gathered(&["b", "a10", "a9", "ä"]);
        let ids = ["a10", "a9", "b", "ä"].map(|name| all.agents.of(&Name(name.to_owned())));
        assert!(ids.is_sorted());
        assert_eq!(ids.map(|id| names.agent(id)), ["a10", "a9", "b", "ä"]);
    }

    #[test]
    fn uuids_stay_what_they_are_if_all_are_uuids() {
        let one = "0190a5c8-1111-7abc-8def-0123456789ab";
        let (mut all, names) = gathered(&[one]);
        assert_eq!(all.agents.of(&Name(one.to_owned())).to_string(), one);
        assert_eq!(names, Names::default());
        let (mut all, names) = gathered(&[one, "x"]);
        let id = all.agents.of(&Name(one.to_owned()));
        assert_ne!(id.to_string(), one);
        assert_eq!(names.agent(id), one);
    }

    #[test]
    fn an_interaction_is_a_conversation_and_its_opening() {
        let text = "0190a5c8-1111-7abc-8def-0123456789ab/2";
        assert_eq!(
            InteractionId::exactly(text).map(|id| id.to_string()),
            Some(text.to_owned())
        );
        for other in [
            "0190a5c8-1111-7abc-8def-0123456789ab",
            "0190a5c8-1111-7abc-8def-0123456789ab/02",
            "x/1",
        ] {
            assert_eq!(InteractionId::exactly(other), None, "{other}");
        }
    }
}
