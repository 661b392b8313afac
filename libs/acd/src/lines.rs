//! Who waits, ranked: per queue, and per signature, so that a pass looks at the first of each kind only.

use crate::rules::Rules;
use crate::runs::Runs;
use crate::stage::{Knowledge, Open, Signature};
use crate::table::{Map, Slot};
use crate::{Medium, Rank};
use onqueue_model::{SkillId, Timestamp, UserId};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::ops::Bound;
use std::sync::Arc;

/// How many runs of heads are the front of a line, of which an agent looks at what each needs; behind it they go by what they
/// know.
const FRONT: usize = 4;

/// Names a group of waiting interactions with an equal signature, as long as it has any.
pub(crate) type Group = u32;

#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    rules: Rules,
    /// By the number of the queue.
    lines: Vec<Line>,
    groups: Vec<Option<Company>>,
    vacant: Vec<Group>,
    by_signature: Map<Arc<Signature>, Group>,
    /// The groups that name somebody, by the rank of their first.
    naming: Map<UserId, BTreeMap<Rank, Head>>,
    /// Groups that came about since the last pass, by the rank of their first. Nobody was eligible for any other, else they
    /// would not wait.
    fresh: BTreeMap<Rank, Group>,
    /// By the slot of the interaction.
    standing: Vec<Option<Standing>>,
}

#[derive(Clone, Debug, Default)]
struct Line {
    /// By medium.
    heads: [Heads; 5],
    /// Groups that are open to no member who is not named.
    closed: BTreeSet<Group>,
    waiting: usize,
    alerting: usize,
}

/// The first of each group that is open to members.
#[derive(Clone, Debug, Default)]
struct Heads {
    all: Runs<Rank, Head>,
    /// By the lead of the group; no lead without a group. There while not all of it is in front.
    by_lead: Option<Map<Option<SkillId>, BTreeMap<Rank, Head>>>,
}

/// A group, and what an agent need know for it.
#[derive(Clone, Copy, Debug)]
struct Head {
    group: Group,
    needs: Knowledge,
}

/// The waiting interactions of one signature.
#[derive(Clone, Debug)]
struct Company {
    signature: Arc<Signature>,
    needs: Knowledge,
    first: (Rank, Slot),
    rest: BTreeMap<Rank, Slot>,
    fresh: bool,
}

/// How an interaction stands in line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub rank: Rank,
    pub group: Group,
    /// When its stage changes.
    pub due: Option<Timestamp>,
}

/// Whether somebody may be eligible for a new group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prospect {
    Open,
    /// It was found out that nobody is.
    None,
}

impl Lines {
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            ..Self::default()
        }
    }

    fn line(&mut self, queue: u32) -> &mut Line {
        let place = queue as usize;
        if self.lines.len() <= place {
            self.lines.resize_with(place + 1, Line::default);
        }
        &mut self.lines[place]
    }

    pub fn waiting(&self, queue: u32) -> usize {
        self.lines.get(queue as usize).map_or(0, |line| line.waiting)
    }

    pub fn alerting(&self, queue: u32) -> usize {
        self.lines.get(queue as usize).map_or(0, |line| line.alerting)
    }

    /// All that waits in a queue, with its group. Looks at each.
    pub fn in_order(&self, queue: u32) -> impl Iterator<Item = (Rank, Group, Slot)> {
        let line = self.lines.get(queue as usize).into_iter();
        let members = |group| {
            let members = self.company(group).members();
            members.map(move |(rank, slot)| (rank, group, slot))
        };
        let mut all: Vec<_> = line.flat_map(Line::groups).flat_map(members).collect();
        // Each group is in order: put together they are a few sorted pieces.
        all.sort_by_key(|(rank, ..)| *rank);
        all.into_iter()
    }

    /// The first of each queue.
    pub fn first_of_each(&self) -> impl Iterator<Item = (Rank, Slot)> {
        let first = move |line: &Line| line.groups().map(|group| self.company(group).first).min();
        self.lines.iter().filter_map(first)
    }

    pub fn started_alerting(&mut self, queue: u32) {
        self.line(queue).alerting += 1;
    }

    pub fn stopped_alerting(&mut self, queue: u32) {
        self.line(queue).alerting -= 1;
    }

    pub fn standing(&self, interaction: Slot) -> Option<Standing> {
        self.standing.get(interaction as usize).copied().flatten()
    }

    /// Whether others with that signature wait.
    pub fn knows(&self, signature: &Signature) -> bool {
        !self.by_signature.is_empty() && self.by_signature.contains_key(signature)
    }

    pub fn insert(
        &mut self,
        rank: Rank,
        interaction: Slot,
        signature: Signature,
        due: Option<Timestamp>,
        prospect: Prospect,
    ) {
        let queue = signature.queue;
        let group = match self.by_signature.get(&signature).copied() {
            Some(group) => {
                self.join(group, rank, interaction);
                group
            }
            None => self.found(signature, rank, interaction, prospect),
        };
        self.line(queue).waiting += 1;
        let place = interaction as usize;
        if self.standing.len() <= place {
            self.standing.resize(place + 1, None);
        }
        self.standing[place] = Some(Standing { rank, group, due });
    }

    fn found(&mut self, signature: Signature, rank: Rank, interaction: Slot, prospect: Prospect) -> Group {
        let signature = Arc::new(signature);
        let company = Company {
            signature: Arc::clone(&signature),
            needs: signature.needs(&self.rules),
            first: (rank, interaction),
            rest: BTreeMap::new(),
            fresh: prospect == Prospect::Open,
        };
        let group = match self.vacant.pop() {
            Some(group) => {
                self.groups[group as usize] = Some(company);
                group
            }
            None => {
                self.groups.push(Some(company));
                (self.groups.len() - 1) as Group
            }
        };
        let line = self.line(signature.queue);
        if signature.open == Open::Nobody {
            line.closed.insert(group);
        }
        self.by_signature.insert(signature, group);
        self.move_head(group, None, Some(rank));
        group
    }

    fn join(&mut self, group: Group, rank: Rank, interaction: Slot) {
        let Some(company) = self.groups[group as usize].as_mut() else {
            return;
        };
        let (first, _) = company.first;
        if first < rank {
            company.rest.insert(rank, interaction);
            return;
        }
        let former = std::mem::replace(&mut company.first, (rank, interaction));
        company.rest.insert(former.0, former.1);
        self.move_head(group, Some(first), Some(rank));
    }

    /// Takes an interaction out of its line.
    pub fn remove(&mut self, interaction: Slot) -> Option<Standing> {
        let standing = self.standing.get_mut(interaction as usize)?.take()?;
        let Standing { rank, group, .. } = standing;
        let company = self.groups[group as usize].as_mut()?;
        let queue = company.signature.queue;
        if company.first.0 != rank {
            company.rest.remove(&rank);
        } else if let Some(next) = company.rest.pop_first() {
            company.first = next;
            self.move_head(group, Some(rank), Some(next.0));
        } else {
            self.move_head(group, Some(rank), None);
            self.dissolve(group);
        }
        self.lines[queue as usize].waiting -= 1;
        Some(standing)
    }

    fn dissolve(&mut self, group: Group) {
        if let Some(company) = self.groups[group as usize].take() {
            self.by_signature.remove(&company.signature);
            self.lines[company.signature.queue as usize].closed.remove(&group);
            self.vacant.push(group);
        }
    }

    /// Keeps the heads in step with the first of a group.
    fn move_head(&mut self, group: Group, from: Option<Rank>, to: Option<Rank>) {
        let Some(company) = self.groups[group as usize].as_ref() else {
            return;
        };
        let signature = &company.signature;
        if company.fresh {
            shift(&mut self.fresh, group, from, to);
        }
        let needs = company.needs;
        let head = Head { group, needs };
        if signature.open != Open::Nobody {
            let line = &mut self.lines[signature.queue as usize];
            let heads = &mut line.heads[signature.medium as usize];
            heads.shift(signature.lead(&self.rules), head, from, to);
            let lead = |group: Group| self.groups[group as usize].as_ref()?.signature.lead(&self.rules);
            heads.keep_leads(lead);
        }
        for agent in signature.names() {
            shift_in(&mut self.naming, agent, head, from, to);
        }
    }

    /// Whether any group of this medium is open to members of a queue.
    pub fn has_heads(&self, queue: u32, medium: Medium) -> bool {
        self.heads(queue, medium).is_some_and(|heads| !heads.all.is_empty())
    }

    fn heads(&self, queue: u32, medium: Medium) -> Option<&Heads> {
        let line = self.lines.get(queue as usize)?;
        Some(&line.heads[medium as usize])
    }

    /// Of the groups open to members of a queue those in front, the one with the best-ranked head first, without those that need
    /// what somebody with this knowledge surely lacks.
    pub fn front(&self, queue: u32, medium: Medium, knows: Knowledge) -> impl Iterator<Item = (Rank, Group)> {
        let heads = self.heads(queue, medium).into_iter();
        let front = heads.flat_map(|heads| heads.all.slices().take(FRONT));
        front.flat_map(move |(ranks, heads)| {
            let possible = heads
                .iter()
                .enumerate()
                .filter(move |(_, head)| knows.may_have(head.needs));
            possible.map(move |(place, head)| (ranks[place], head.group))
        })
    }

    /// The last rank of the front, if there is anything behind it.
    pub fn end_of_front(&self, queue: u32, medium: Medium) -> Option<Rank> {
        let heads = self.heads(queue, medium).filter(|heads| heads.all.runs() > FRONT)?;
        let (ranks, _) = heads.all.slices().nth(FRONT - 1)?;
        ranks.last().copied()
    }

    /// Those with this lead that rank after some rank behind the front, without those that need what they surely lack.
    pub fn heads_led(
        &self,
        queue: u32,
        medium: Medium,
        lead: Option<SkillId>,
        knows: Knowledge,
        after: Rank,
    ) -> impl Iterator<Item = (Rank, Group)> {
        let heads = self.heads(queue, medium).and_then(|heads| heads.by_lead.as_ref());
        let heads = heads.and_then(|by_lead| by_lead.get(&lead));
        let behind = heads.map(|heads| heads.range((Bound::Excluded(after), Bound::Unbounded)));
        let possible = behind
            .unwrap_or_default()
            .filter(move |(_, head)| knows.may_have(head.needs));
        possible.map(|(rank, head)| (*rank, head.group))
    }

    /// The groups that name an agent, likewise.
    pub fn naming(&self, agent: UserId) -> impl Iterator<Item = (Rank, Group)> {
        let heads = self.naming.get(&agent).into_iter().flatten();
        heads.map(|(rank, head)| (*rank, head.group))
    }

    pub fn signature(&self, group: Group) -> &Arc<Signature> {
        &self.company(group).signature
    }

    /// The first of a group.
    pub fn head(&self, group: Group) -> Slot {
        self.company(group).first.1
    }

    fn company(&self, group: Group) -> &Company {
        self.groups[group as usize]
            .as_ref()
            .expect("a group is asked for while it has any")
    }

    /// The fresh group with the best-ranked head.
    pub fn first_fresh(&self) -> Option<(Rank, Group)> {
        self.fresh.first_key_value().map(|(rank, group)| (*rank, *group))
    }

    /// Nobody is eligible for this group.
    pub fn settle(&mut self, group: Group) {
        if let Some(company) = self.groups[group as usize].as_mut().filter(|company| company.fresh) {
            company.fresh = false;
            self.fresh.remove(&company.first.0);
        }
    }

    /// Nobody is eligible for any group.
    pub fn settle_all(&mut self) {
        self.fresh.clear();
        self.groups
            .iter_mut()
            .flatten()
            .for_each(|company| company.fresh = false);
    }

    /// Somebody may be eligible for any group of a queue.
    pub fn refresh(&mut self, queue: u32) {
        for (group, company) in (0..).zip(&mut self.groups) {
            if let Some(company) = company.as_mut().filter(|company| company.signature.queue == queue) {
                company.fresh = true;
                self.fresh.insert(company.first.0, group);
            }
        }
    }
}

impl Line {
    fn groups(&self) -> impl Iterator<Item = Group> {
        let open = self.heads.iter().flat_map(|heads| heads.all.iter());
        open.map(|(_, head)| head.group).chain(self.closed.iter().copied())
    }
}

impl Company {
    fn members(&self) -> impl Iterator<Item = (Rank, Slot)> {
        let rest = self.rest.iter().map(|(rank, slot)| (*rank, *slot));
        std::iter::once(self.first).chain(rest)
    }
}

impl Heads {
    fn shift(&mut self, lead: Option<SkillId>, head: Head, from: Option<Rank>, to: Option<Rank>) {
        if let Some(from) = from {
            self.all.remove(&from);
        }
        if let Some(to) = to {
            self.all.insert(to, head);
        }
        if let Some(by_lead) = &mut self.by_lead {
            shift_in(by_lead, lead, head, from, to);
        }
    }

    fn keep_leads(&mut self, lead: impl Fn(Group) -> Option<SkillId>) {
        let runs = self.all.runs();
        if runs > FRONT && self.by_lead.is_none() {
            let mut by_lead: Map<_, BTreeMap<Rank, Head>> = Map::default();
            for (rank, head) in self.all.iter() {
                by_lead.entry(lead(head.group)).or_default().insert(*rank, *head);
            }
            self.by_lead = Some(by_lead);
        } else if runs <= FRONT / 2 {
            self.by_lead = None;
        }
    }
}

fn shift_in<K: Eq + Hash>(
    all: &mut Map<K, BTreeMap<Rank, Head>>,
    key: K,
    head: Head,
    from: Option<Rank>,
    to: Option<Rank>,
) {
    match all.entry(key) {
        Entry::Occupied(mut heads) => {
            shift(heads.get_mut(), head, from, to);
            if heads.get().is_empty() {
                heads.remove();
            }
        }
        Entry::Vacant(heads) => {
            if let Some(to) = to {
                heads.insert(BTreeMap::from([(to, head)]));
            }
        }
    }
}

fn shift<H>(heads: &mut BTreeMap<Rank, H>, head: H, from: Option<Rank>, to: Option<Rank>) {
    if let Some(from) = from {
        heads.remove(&from);
    }
    if let Some(to) = to {
        heads.insert(to, head);
    }
}
