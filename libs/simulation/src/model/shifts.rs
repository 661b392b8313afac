//! When a pool's agents are on queue.

use crate::Nanos;
use crate::scenario::format::{ClockTime, Shift};

const MINUTE: Nanos = 60_000_000_000;
const DAY: u32 = 24 * 60;

/// When the agents of a pool are on queue, every day alike; always if there are no shifts.
#[derive(Clone, Debug)]
pub(crate) struct Shifts {
    /// From when to when, in minutes after midnight; one that goes over midnight ends before it begins.
    shifts: Vec<(u32, u32)>,
    /// The time of day when the simulation begins.
    begins: u32,
}

impl Shifts {
    pub fn new(shifts: &[Shift], begins: ClockTime) -> Self {
        let minutes = |shift: &Shift| (shift.from.minutes, shift.to.minutes);
        Self {
            shifts: shifts.iter().map(minutes).collect(),
            begins: begins.minutes,
        }
    }

    /// Whether they are on queue then.
    pub fn cover(&self, at: Nanos) -> bool {
        let minute = self.minute(at);
        let covers = |(from, to): &(u32, u32)| {
            if from < to {
                (*from..*to).contains(&minute)
            } else {
                minute >= *from || minute < *to
            }
        };
        self.shifts.is_empty() || self.shifts.iter().any(covers)
    }

    /// When a shift begins or ends next; `None` is never.
    pub fn next_change(&self, after: Nanos) -> Option<Nanos> {
        let minute = self.minute(after);
        let until = |time: u32| match (time + DAY - minute) % DAY {
            0 => DAY,
            minutes => minutes,
        };
        let times = self.shifts.iter().flat_map(|(from, to)| [*from, *to]);
        let minutes = times.map(until).min()?;
        Some((after / MINUTE + Nanos::from(minutes)) * MINUTE)
    }

    fn minute(&self, at: Nanos) -> u32 {
        let since = u32::try_from(at / MINUTE % Nanos::from(DAY)).unwrap_or(0);
        (self.begins + since) % DAY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_begin_and_end_every_day_and_go_over_midnight() {
        let time = |text: &str| ClockTime::try_from(text.to_owned()).expect("a time of day");
        let shift = |from, to| Shift {
            from: time(from),
            to: time(to),
        };
        let shifts = Shifts::new(&[shift("22:00", "06:00"), shift("08:00", "12:30")], time("07:00"));
        let hour = 60 * MINUTE;
        for (hours, expected) in [
            (0, false),
            (1, true),
            (5, true),
            (6, false),
            (15, true),
            (22, true),
            (23, false),
        ] {
            assert_eq!(shifts.cover(hours * hour), expected, "{hours} hours after 7:00");
        }
        let mut changes = Vec::new();
        let mut at = 0;
        while changes.len() < 5 {
            at = shifts.next_change(at).expect("there are shifts");
            changes.push(at / MINUTE);
        }
        assert_eq!(changes, [60, 330, 900, 1_380, 1_500]);
        let always = Shifts::new(&[], time("07:00"));
        assert!(always.cover(3) && always.next_change(0).is_none());
    }
}
