//! What to tell somebody who waits, and when.

use serde::{Deserialize, Serialize};

/// A text for those who wait in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InQueueMessage {
    /// When it is due.
    pub when: When,
    /// Names the text; the queue's languages have it.
    pub text: String,
}

/// See [`InQueueMessage::when`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Once, after waiting so long, in milliseconds.
    AfterMs(u64),
    /// Each time another so many milliseconds were waited, the first time not at once; 0 is never. What was not sent in time is
    /// not made up for.
    EveryMs(u64),
    /// Once, as soon as the position is at most this.
    PositionAtMost(u64),
}

/// What somebody was told while they waited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// By place in the queue's list of messages: how long they had waited when it was last sent, in milliseconds.
    last: Vec<Option<u64>>,
}

impl Sent {
    /// Notes that the message at this place of the list was sent after so long a wait.
    pub fn note(&mut self, place: usize, waited_ms: u64) {
        if self.last.len() <= place {
            self.last.resize(place + 1, None);
        }
        self.last[place] = Some(waited_ms);
    }

    fn last(&self, place: usize) -> Option<u64> {
        self.last.get(place).copied().flatten()
    }
}

/// A message that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due<'a> {
    /// Its place in the list, for [`Sent::note`].
    pub place: usize,
    /// Which text.
    pub text: &'a str,
}

/// The first message of the list that is due to somebody who has waited so long and stands there (`None`: nobody knows). After
/// sending and noting it, the next may be asked for.
pub fn due<'a>(messages: &'a [InQueueMessage], waited_ms: u64, position: Option<u64>, sent: &Sent) -> Option<Due<'a>> {
    let mut numbered = messages.iter().enumerate();
    let (place, message) =
        numbered.find(|(place, message)| is_due(message.when, waited_ms, position, sent.last(*place)))?;
    Some(Due {
        place,
        text: &message.text,
    })
}

/// After how long a wait, in milliseconds, something may be due by time alone that is not due yet; `None` if nothing will be.
pub fn next_look(messages: &[InQueueMessage], waited_ms: u64, sent: &Sent) -> Option<u64> {
    let times = messages
        .iter()
        .enumerate()
        .filter_map(|(place, message)| match message.when {
            When::AfterMs(after) => (sent.last(place).is_none() && after > waited_ms).then_some(after),
            When::EveryMs(every) => waited_ms.checked_div(every)?.checked_add(1)?.checked_mul(every),
            When::PositionAtMost(_) => None,
        });
    times.min()
}

fn is_due(when: When, waited_ms: u64, position: Option<u64>, last: Option<u64>) -> bool {
    match when {
        When::AfterMs(after) => last.is_none() && waited_ms >= after,
        When::EveryMs(every) => {
            let turns = |waited: u64| waited.checked_div(every).unwrap_or(0);
            turns(waited_ms) > turns(last.unwrap_or(0))
        }
        When::PositionAtMost(most) => last.is_none() && position.is_some_and(|position| position <= most),
    }
}

#[cfg(test)]
mod tests {
    use super::{InQueueMessage, Sent, When, due, next_look};
    use proptest::prelude::*;

    fn message(when: When, text: &str) -> InQueueMessage {
        let text = text.to_owned();
        InQueueMessage { when, text }
    }

    /// Everything that is sent to somebody who is looked at after these waits, standing there.
    fn told(messages: &[InQueueMessage], looks: &[(u64, Option<u64>)]) -> Vec<(u64, String)> {
        let mut sent = Sent::default();
        let mut told = Vec::new();
        for (waited, position) in looks {
            while let Some(next) = due(messages, *waited, *position, &sent) {
                told.push((*waited, next.text.to_owned()));
                sent.note(next.place, *waited);
            }
        }
        told
    }

    #[test]
    fn in_the_order_of_the_list_each_in_its_time() {
        let messages = [
            message(When::AfterMs(0), "welcome"),
            message(When::EveryMs(60_000), "still"),
            message(When::PositionAtMost(2), "soon"),
            message(When::AfterMs(90_000), "sorry"),
        ];
        let looks = [
            (0, Some(5)),
            (30_000, None),
            (61_000, Some(3)),
            (100_000, Some(2)),
            (110_000, Some(1)),
            (250_000, Some(4)),
        ];
        let expected = [
            (0, "welcome"),
            (61_000, "still"),
            (100_000, "soon"),
            (100_000, "sorry"),
            (250_000, "still"),
        ];
        let expected = expected.map(|(waited, text)| (waited, text.to_owned()));
        assert_eq!(told(&messages, &looks), expected);
    }

    #[test]
    fn says_when_to_look_again() {
        let messages = [
            message(When::AfterMs(90_000), "sorry"),
            message(When::EveryMs(60_000), "still"),
            message(When::PositionAtMost(2), "soon"),
        ];
        let mut sent = Sent::default();
        assert_eq!(next_look(&messages, 0, &sent), Some(60_000));
        assert_eq!(next_look(&messages, 60_000, &sent), Some(90_000));
        sent.note(0, 90_000);
        assert_eq!(next_look(&messages, 90_000, &sent), Some(120_000));
        assert_eq!(next_look(&messages[2..], 0, &sent), None);
        assert_eq!(next_look(&[message(When::EveryMs(0), "never")], 5, &sent), None);
    }

    fn whens() -> impl Strategy<Value = When> {
        prop_oneof![
            (0..50_u64).prop_map(When::AfterMs),
            (0..50_u64).prop_map(When::EveryMs),
            (0..5_u64).prop_map(When::PositionAtMost),
        ]
    }

    proptest! {
        #[test]
        fn looking_only_when_told_misses_nothing_that_comes_by_time(whens in prop::collection::vec(whens(), 0..5)) {
            let messages: Vec<_> = whens.iter().map(|when| message(*when, "")).collect();
            let always: Vec<_> = (0..200).map(|waited| (waited, None)).collect();
            let mut sent = Sent::default();
            let mut sparse = Vec::new();
            let mut look = Some(0);
            while let Some(waited) = look.filter(|waited| *waited < 200) {
                while let Some(next) = due(&messages, waited, None, &sent) {
                    sparse.push((waited, next.text.to_owned()));
                    sent.note(next.place, waited);
                }
                look = next_look(&messages, waited, &sent);
            }
            prop_assert_eq!(sparse, told(&messages, &always));
        }
    }
}
