//! What waits to be delivered, each conversation's in order, and which packs have been answered as a whole.

use super::post::KEPT;
use super::report::{Line, Pack, Report, Waiting};
use crate::store::Parcel;
use prost::Message as _;
use std::collections::{HashMap, HashSet, VecDeque};

/// How many conversations are under way at once; those that wait to be tried again do not hold up the others.
const BUSY: usize = 4_096;

/// How many reports go with one call at most.
const REPORTS: usize = 256;

/// A call is full with that many bytes, and holds one report more at most: half of what session takes.
const BYTES: usize = 512 * 1_024;

/// Reports by conversation, and packs by what is left of them.
#[derive(Debug, Default)]
pub struct Lines {
    lines: HashMap<Line, Queue>,
    /// Lines with something to deliver of which nothing is under way.
    ready: VecDeque<Line>,
    /// How many lines are under way.
    busy: usize,
    /// How many reports of each pack have no answer yet. A pack stays known until it is out of the outbox.
    unanswered: HashMap<Parcel, usize>,
    /// How many reports wait.
    count: usize,
    /// How many reports wait or are under way.
    open: usize,
    /// Whether everything in the outbox is known.
    whole: bool,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    busy: bool,
}

impl Lines {
    /// Adds what is in the pack, unless the pack is known. Packs come in the order in which they were committed.
    pub fn add(&mut self, pack: Pack) {
        let parcel = pack.parcel;
        if self.unanswered.contains_key(&parcel) {
            return;
        }
        self.unanswered.insert(parcel, pack.reports.len());
        self.open += pack.reports.len();
        for report in pack.reports {
            self.stand(Waiting { parcel, report });
        }
    }

    fn stand(&mut self, one: Waiting) {
        let line = one.report.line();
        let queue = self.lines.entry(line).or_default();
        if queue.waiting.is_empty() && !queue.busy {
            self.ready.push_back(line);
        }
        queue.waiting.push_back(one);
        self.count += 1;
    }

    /// What goes with the next call; its lines are under way from now on. Empty if nothing is ready.
    pub fn next(&mut self) -> Vec<Waiting> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        let is_full = |batch: &Vec<Waiting>, bytes| batch.len() >= REPORTS || bytes >= BYTES;
        while !is_full(&batch, bytes)
            && self.busy < BUSY
            && let Some(line) = self.ready.pop_front()
        {
            let Some(queue) = self.lines.get_mut(&line) else {
                continue;
            };
            queue.busy = true;
            self.busy += 1;
            while !is_full(&batch, bytes)
                && let Some(one) = queue.waiting.pop_front()
            {
                bytes += one.report.traced.encoded_len();
                batch.push(one);
                self.count -= 1;
            }
        }
        batch
    }

    /// These have been answered, and who waits for that is told. Lines of what is left of the same call stay under way.
    /// Answers the packs of which everything is answered now.
    pub fn answered(&mut self, answered: Vec<Waiting>, left: &[Waiting]) -> Vec<Parcel> {
        let kept: HashSet<Line> = left.iter().map(|one| one.report.line()).collect();
        let mut done = Vec::new();
        self.open -= answered.len();
        for Waiting { parcel, report } in answered {
            let line = report.line();
            tell(report);
            if !kept.contains(&line) {
                self.free(line);
            }
            if let Some(unanswered) = self.unanswered.get_mut(&parcel) {
                *unanswered -= 1;
                done.extend((*unanswered == 0).then_some(parcel));
            }
        }
        done
    }

    fn free(&mut self, line: Line) {
        let Some(queue) = self.lines.get_mut(&line).filter(|queue| queue.busy) else {
            return;
        };
        queue.busy = false;
        self.busy -= 1;
        if queue.waiting.is_empty() {
            self.lines.remove(&line);
        } else {
            self.ready.push_back(line);
        }
    }

    /// These are not in the outbox any more.
    pub fn settled(&mut self, parcels: &[Parcel]) {
        for parcel in parcels {
            self.unanswered.remove(parcel);
        }
    }

    /// How many are known of that have not been delivered.
    pub const fn waiting(&self) -> usize {
        self.open
    }

    /// Whether there is no room at the moment. Who had none waits until there is room for many.
    pub const fn are_full(&self) -> bool {
        let room = if self.whole { KEPT } else { KEPT / 2 };
        self.count >= room
    }

    /// Whether nothing is in the outbox that is not here.
    pub const fn are_whole(&self) -> bool {
        self.whole
    }

    /// The outbox has been read, to its end or not.
    pub const fn be_whole(&mut self, whole: bool) {
        self.whole = whole;
    }
}

/// Whoever does not wait any more need not hear of it.
fn tell(report: Report) {
    if let Some(told) = report.told {
        let _ = told.send(());
    }
}

#[cfg(test)]
pub mod samples {
    use super::super::report::{Pack, Report};
    use crate::store::Parcel;
    use onqueue_model::{Id, InteractionId};
    use onqueue_proto::session::v1::{ReportRequest, TracedReport};
    use uuid::Uuid;

    fn report(conversation: u128, position: i64) -> Report {
        let request = ReportRequest {
            position,
            ..ReportRequest::default()
        };
        Report {
            organisation: Id::new(Uuid::from_u128(1)),
            interaction: InteractionId {
                conversation: Id::new(Uuid::from_u128(conversation)),
                opening: 1,
            },
            traced: TracedReport {
                report: Some(request),
                traceparent: String::new(),
            },
            told: None,
        }
    }

    /// The pack of that place with a report of each of these conversations.
    pub fn pack(place: i64, conversations: &[u128]) -> Pack {
        let reports = conversations.iter().zip(place * 100..);
        Pack {
            parcel: Parcel::Pack(Id::new(Uuid::from_u128(1)), place),
            reports: reports
                .map(|(conversation, position)| report(*conversation, position))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::samples::pack;
    use super::*;

    /// Conversations and positions.
    fn short(batch: &[Waiting]) -> Vec<(u128, i64)> {
        let short = |one: &Waiting| {
            let request = one.report.traced.report.as_ref().expect("a request");
            (one.report.interaction.conversation.uuid().as_u128(), request.position)
        };
        batch.iter().map(short).collect()
    }

    fn places(parcels: &[Parcel]) -> Vec<i64> {
        let place = |parcel: &Parcel| match parcel {
            Parcel::Pack(_, place) => *place,
            Parcel::Single(..) => unreachable!("there are none here"),
        };
        parcels.iter().map(place).collect()
    }

    #[test]
    fn one_conversations_reports_go_in_order_and_packs_are_done_when_all_is_answered() {
        let mut lines = Lines::default();
        lines.add(pack(1, &[7, 7, 8]));
        let first = lines.next();
        assert_eq!(short(&first), [(7, 100), (7, 101), (8, 102)]);
        lines.add(pack(2, &[7, 9]));
        let second = lines.next();
        assert_eq!(short(&second), [(9, 201)], "what is under way keeps its line");
        assert!(lines.next().is_empty());
        assert_eq!(places(&lines.answered(second, &[])), [0; 0]);
        assert_eq!(places(&lines.answered(first, &[])), [1]);
        let third = lines.next();
        assert_eq!(short(&third), [(7, 200)]);
        assert_eq!(places(&lines.answered(third, &[])), [2]);
        lines.settled(&[pack(1, &[]).parcel, pack(2, &[]).parcel]);
        assert_eq!((lines.lines.len(), lines.unanswered.len()), (0, 0));
        assert_eq!((lines.count, lines.busy), (0, 0));
    }

    #[test]
    fn what_is_to_be_tried_again_keeps_its_line_and_its_pack() {
        let mut lines = Lines::default();
        lines.add(pack(1, &[7, 7, 8]));
        lines.add(pack(2, &[7]));
        let mut batch = lines.next();
        assert_eq!(short(&batch), [(7, 100), (7, 101), (7, 200), (8, 102)]);
        let answered = vec![batch.remove(0), batch.remove(2)];
        assert_eq!(places(&lines.answered(answered, &batch)), [0; 0]);
        lines.add(pack(3, &[7, 8]));
        let other = lines.next();
        assert_eq!(short(&other), [(8, 301)]);
        assert_eq!(places(&lines.answered(batch, &[])), [1, 2]);
        assert_eq!(short(&lines.next()), [(7, 300)]);
    }

    #[test]
    fn what_is_read_again_is_known_until_it_is_out_of_the_outbox() {
        let mut lines = Lines::default();
        lines.add(pack(1, &[7]));
        let batch = lines.next();
        lines.add(pack(1, &[7]));
        let done = lines.answered(batch, &[]);
        lines.add(pack(1, &[7]));
        assert!(lines.next().is_empty());
        lines.settled(&done);
        lines.add(pack(1, &[7]));
        assert_eq!(short(&lines.next()), [(7, 100)]);
    }

    #[test]
    fn calls_are_bounded_and_a_long_line_is_continued() {
        let mut lines = Lines::default();
        lines.add(pack(1, &[7; REPORTS + 1]));
        lines.add(pack(2, &[8]));
        let first = lines.next();
        assert_eq!(first.len(), REPORTS);
        assert_eq!(short(&lines.next()), [(8, 200)]);
        assert_eq!(places(&lines.answered(first, &[])), [0; 0]);
        let rest = lines.next();
        assert_eq!(rest.len(), 1);
        assert_eq!(places(&lines.answered(rest, &[])), [1]);
        let many: Vec<u128> = (100..100 + BUSY as u128 + 50).collect();
        lines.add(pack(3, &many));
        let mut under_way = 1;
        loop {
            let batch = lines.next();
            under_way += batch.len();
            if batch.is_empty() {
                break;
            }
        }
        assert_eq!(under_way, BUSY, "8 is under way still");
    }

    #[test]
    fn large_reports_go_with_several_calls() {
        let mut lines = Lines::default();
        let mut large = pack(1, &[1, 2, 3]);
        for report in &mut large.reports {
            report.traced.traceparent = "x".repeat(BYTES / 2 + 1);
        }
        lines.add(large);
        assert_eq!((lines.next().len(), lines.next().len()), (2, 1));
    }
}
