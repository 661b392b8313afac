//! Somebody who types while the service of canned responses is away: each letter asks for what begins so. What is answered
//! then comes soon, and when the service is back it is found again without anybody doing anything.

use super::{Limits, report::Goal};
use crate::{
    load::{Organisation, Samples},
    people::{bearing, channel},
};
use onqueue_proto::{
    auth::v1::{LoginRequest, token_service_client::TokenServiceClient},
    content::v1::{SearchResponsesRequest, response_service_client::ResponseServiceClient},
};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{task::JoinSet, time::sleep};
use tonic::{Code, transport::Channel};

/// How fast somebody types.
const LETTER: Duration = Duration::from_millis(200);

/// One letter: when it was typed, how long the answer took, and what it was.
#[derive(Clone, Copy, Debug)]
struct Find {
    at: Instant,
    took: Duration,
    code: Code,
}

/// Somebody who types for as long as this lives.
pub(super) struct Typist {
    finds: Arc<Mutex<Vec<Find>>>,
    /// When the service was away.
    outages: Vec<(Instant, Instant)>,
    _typing: JoinSet<()>,
}

impl Typist {
    /// An agent of the organisation, at one of its doors.
    pub async fn start(door: SocketAddr, organisation: &Organisation) -> Self {
        let asked = LoginRequest {
            organisation: organisation.slug.clone(),
            email: organisation.agents[0].clone(),
            password: organisation.password.clone(),
        };
        let way = channel(door);
        let answer = TokenServiceClient::new(way.clone()).login(asked).await;
        let token = answer
            .expect("logs in")
            .into_inner()
            .tokens
            .expect("tokens")
            .access_token;
        let finds: Arc<Mutex<Vec<Find>>> = Arc::default();
        let mut typing = JoinSet::new();
        typing.spawn(type_on(way, token, Arc::clone(&finds)));
        Self {
            finds,
            outages: Vec::new(),
            _typing: typing,
        }
    }

    /// The service was away from then until then.
    pub fn was_away(&mut self, from: Instant, until: Instant) {
        self.outages.push((from, until));
    }

    /// What was found how soon.
    pub fn judge(&self) -> Finds {
        let all = self.finds.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut finds = Finds::default();
        for find in &all {
            let end = find.at + find.took;
            match self
                .outages
                .iter()
                .find(|(from, until)| find.at <= *until && end >= *from)
            {
                Some((from, until)) if find.at > *from && end < *until => finds.away(*find),
                // Whatever began before or ended after may have been either.
                Some(_) => {}
                None => finds.there(*find),
            }
        }
        for (_, until) in &self.outages {
            let mut later = all.iter().filter(|find| find.at >= *until && find.code == Code::Ok);
            match later.next() {
                Some(first) => finds.again.add(first.at + first.took - *until),
                None => finds.lost += 1,
            }
        }
        finds
    }
}

async fn type_on(way: Channel, token: String, finds: Arc<Mutex<Vec<Find>>>) {
    let mut client = ResponseServiceClient::new(way);
    for letter in "refund".chars().cycle() {
        let asked = SearchResponsesRequest {
            text: letter.to_string(),
            ..SearchResponsesRequest::default()
        };
        let at = Instant::now();
        let answer = client.search_responses(bearing(&token, asked)).await;
        let find = Find {
            at,
            took: at.elapsed(),
            code: answer.map_or_else(|status| status.code(), |_| Code::Ok),
        };
        finds.lock().unwrap_or_else(PoisonError::into_inner).push(find);
        sleep(LETTER).await;
    }
}

/// What became of all letters.
#[derive(Clone, Debug, Default)]
pub(super) struct Finds {
    /// Answers while the service was there.
    calm: Samples,
    /// Answers while it was away.
    away: Samples,
    /// Answers that said neither that it is away nor that it takes too long.
    wrong: usize,
    /// Long after it was back, nothing was found.
    failed: usize,
    /// From its return to the first thing found.
    again: Samples,
    /// Returns after which nothing was found.
    lost: usize,
}

impl Finds {
    fn away(&mut self, find: Find) {
        self.away.add(find.took);
        self.wrong += usize::from(!matches!(find.code, Code::Unavailable | Code::DeadlineExceeded));
    }

    fn there(&mut self, find: Find) {
        match find.code {
            Code::Ok => self.calm.add(find.took),
            _ => self.failed += 1,
        }
    }

    /// What had to hold.
    pub fn goals(&self, limits: &Limits) -> Vec<Goal> {
        let Some((answered, again)) = limits.finds else {
            return Vec::new();
        };
        let longest = Goal::within("finds refused, the longest", answered, (self.away.most(), &self.away));
        let first = Goal::within("found again, the longest", again, (self.again.most(), &self.again));
        vec![
            longest.measured(&self.away),
            Goal::at_most("finds answered as if it were there", 0, self.wrong),
            first.measured(&self.again),
            Goal::at_most("returns after which nothing is found", 0, self.lost),
        ]
    }

    /// For people.
    pub fn figures(&self) -> [(&'static str, String); 2] {
        let times = |samples: &Samples| {
            let (half, most) = (samples.at(0.5), samples.most());
            format!("{half:.1?}, at most {most:.1?}, of {}", samples.count())
        };
        [
            (
                "finds while it is there, p50",
                format!("{}; {} failed", times(&self.calm), self.failed),
            ),
            ("finds while it is away, p50", times(&self.away)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_judged_by_when_the_service_was_away() {
        let begin = Instant::now();
        let at = |tenths: u32| begin + Duration::from_millis(100) * tenths;
        let find = |when: u32, tenths: u32, code| Find {
            at: at(when),
            took: Duration::from_millis(100) * tenths,
            code,
        };
        let finds = vec![
            find(1, 1, Code::Ok),
            find(9, 3, Code::Internal),
            find(11, 2, Code::Unavailable),
            find(14, 3, Code::Ok),
            find(19, 3, Code::Internal),
            find(23, 1, Code::Unavailable),
            find(25, 2, Code::Ok),
        ];
        let typist = Typist {
            finds: Arc::new(Mutex::new(finds)),
            outages: vec![(at(10), at(20))],
            _typing: JoinSet::new(),
        };
        let judged = typist.judge();
        assert_eq!((judged.calm.count(), judged.failed), (2, 1));
        assert_eq!((judged.away.count(), judged.wrong), (2, 1));
        assert_eq!((judged.again.most(), judged.lost), (Duration::from_millis(700), 0));
        let limits = |answered, again| Limits {
            finds: Some((Duration::from_millis(answered), Duration::from_millis(again))),
            ..Limits::default()
        };
        let held = |limits: Limits| {
            judged
                .goals(&limits)
                .iter()
                .map(|goal| goal.is_held)
                .collect::<Vec<_>>()
        };
        assert_eq!(held(limits(300, 700)), [true, false, true, true]);
        assert_eq!(held(limits(299, 699)), [false, false, false, true]);
        assert!(held(Limits::default()).is_empty());
    }
}
