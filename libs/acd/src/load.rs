//! What an agent has in hand, counted; and whether there is room for more.

use crate::rules::Rules;
use crate::{Exclusion, Medium, Utilization};
use onqueue_model::LabelId;

/// As what something counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Alerting,
    Held,
    /// After-contact work that holds its slot.
    Acw,
    External,
}

/// What something is, as far as it takes room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Work {
    pub medium: Medium,
    pub labels: Vec<LabelId>,
}

/// Everything that an agent has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Burden {
    media: [[u16; 5]; 4],
    kinds: [u16; 4],
    labels: Vec<(LabelId, [u16; 4])>,
}

impl Burden {
    pub fn add(&mut self, kind: Kind, work: &Work) {
        self.media[kind as usize][work.medium as usize] += 1;
        self.kinds[kind as usize] += 1;
        for label in &work.labels {
            match self.labels.binary_search_by_key(label, |(label, _)| *label) {
                Ok(place) => self.labels[place].1[kind as usize] += 1,
                Err(place) => {
                    let mut counts = [0; 4];
                    counts[kind as usize] = 1;
                    self.labels.insert(place, (*label, counts));
                }
            }
        }
    }

    pub fn remove(&mut self, kind: Kind, work: &Work) {
        self.media[kind as usize][work.medium as usize] -= 1;
        self.kinds[kind as usize] -= 1;
        for label in &work.labels {
            if let Ok(place) = self.labels.binary_search_by_key(label, |(label, _)| *label) {
                self.labels[place].1[kind as usize] -= 1;
                if self.labels[place].1 == [0; 4] {
                    self.labels.remove(place);
                }
            }
        }
    }

    pub fn total(&self) -> usize {
        self.kinds.iter().map(|count| usize::from(*count)).sum()
    }

    pub fn is_external_only(&self) -> bool {
        self.total() == usize::from(self.kinds[Kind::External as usize])
    }

    pub fn of_medium(&self, medium: Medium) -> usize {
        self.media.iter().map(|media| usize::from(media[medium as usize])).sum()
    }

    pub fn of_label(&self, label: LabelId) -> usize {
        self.labels_of(label).iter().map(|count| usize::from(*count)).sum()
    }

    fn labels_of(&self, label: LabelId) -> [u16; 4] {
        let place = self.labels.binary_search_by_key(&label, |(label, _)| *label);
        place.map_or([0; 4], |place| self.labels[place].1)
    }

    /// How much of each medium takes room.
    fn counting(&self, rules: &Rules) -> [u16; 5] {
        let mut counts = [0; 5];
        for kind in Kind::counting(rules) {
            let media = &self.media[kind as usize];
            counts.iter_mut().zip(media).for_each(|(count, more)| *count += more);
        }
        counts
    }
}

impl Kind {
    fn counting(rules: &Rules) -> impl Iterator<Item = Self> {
        let counts = [
            (Self::Alerting, rules.offer_holds_slot),
            (Self::Held, true),
            (Self::Acw, rules.acw_holds_slot),
            (Self::External, rules.external_work_counts),
        ];
        counts.into_iter().filter_map(|(kind, counts)| counts.then_some(kind))
    }
}

/// A [`Utilization`] made ready for counting.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    maxima: [u8; 5],
    /// Per arriving medium, the media that let it through, as bits.
    through: [u8; 5],
    labels: Vec<(LabelId, u8)>,
}

/// Whether there is room for a medium: 0 if there is, 1 if it is at its maximum, else two more than the number of the first
/// other medium that does not let it through.
pub(crate) type Verdict = u8;

/// How many verdicts there are.
pub(crate) const VERDICTS: usize = 7;

/// The reason that a verdict is, for a medium.
pub(crate) fn reason(verdict: Verdict, medium: Medium) -> Option<Exclusion> {
    match verdict {
        0 => None,
        1 => Some(Exclusion::AtCapacity(medium)),
        blocked => Some(Exclusion::BlockedBy(Medium::ALL[usize::from(blocked - 2)])),
    }
}

impl Limits {
    pub fn of(utilization: &Utilization, rules: &Rules) -> Self {
        let through = |arriving: Medium| {
            let lets = |active: &Medium| rules.everything_interrupts || utilization.lets_through(*active, arriving);
            Medium::ALL
                .into_iter()
                .filter(lets)
                .fold(0, |bits, active| bits | 1 << active as u8)
        };
        let labels = utilization.labels.iter().filter(|_| rules.labels_count);
        Self {
            maxima: Medium::ALL.map(|medium| utilization.maximum(medium)),
            through: Medium::ALL.map(through),
            labels: labels.map(|(label, maximum)| (*label, *maximum)).collect(),
        }
    }

    /// For each medium.
    pub fn verdicts(&self, burden: &Burden, rules: &Rules) -> [Verdict; 5] {
        let counts = burden.counting(rules);
        let active = (0..5).fold(0_u8, |bits, medium| bits | u8::from(counts[medium] > 0) << medium);
        std::array::from_fn(|medium| {
            if counts[medium] >= u16::from(self.maxima[medium]) {
                return 1;
            }
            let blocking = active & !(1 << medium) & !self.through[medium];
            if blocking == 0 {
                0
            } else {
                2 + blocking.trailing_zeros() as u8
            }
        })
    }

    /// The first of the labels of which there is as much as there may be.
    pub fn full_label(&self, burden: &Burden, labels: &[LabelId], rules: &Rules) -> Option<LabelId> {
        let is_full = |label: &&LabelId| {
            let maximum = self.labels.iter().find(|(known, _)| known == *label);
            maximum.is_some_and(|(_, maximum)| {
                let counts = burden.labels_of(**label);
                let counting = Kind::counting(rules).map(|kind| counts[kind as usize]);
                counting.sum::<u16>() >= u16::from(*maximum)
            })
        };
        labels.iter().find(is_full).copied()
    }

    pub fn has_labels(&self) -> bool {
        !self.labels.is_empty()
    }
}
