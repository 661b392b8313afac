//! Searching transcripts: what the caller may see, the newest conversations first. What one call looks at is bounded; a search
//! for what is everywhere within conversations that are rare goes on from page to page.

use super::App;
use super::access::{Seen, Viewer};
use crate::store::search::{
    Candidate, Filter, Reach, Span, Spot, bounds, candidates, conversation_of, hits, newest, number_of,
};
use crate::store::{conversations, log};
use crate::words::{Excerpt, Query, said};
use onqueue_chat::{Class, Event, Sender, Visibility};
use onqueue_model::{Caller, ConversationId, Fault, ParticipantId, Reason, permissions};
use onqueue_store::{Store, StoreError};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// How many entries of the index are met in one round.
const HITS: u64 = 1_000;

/// How many conversations are read in one round, where they are few.
const READ: u64 = 200;

/// How many rounds a call makes to fill its page.
const ROUNDS: usize = 4;

/// How many events of each conversation are shown.
const SHOWN: usize = 3;

/// What is looked for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub query: Option<Query>,
    pub filter: Filter,
    pub limit: usize,
    pub after: Option<After>,
}

/// Where the page before ended: in that conversation, at that place in it, which names no number of the index.
pub(crate) type After = (ConversationId, i64);

/// A conversation in which something was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub seen: Seen,
    pub hits: Vec<Hit>,
}

/// An event in which it was found.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    pub event: Arc<Event>,
    pub excerpt: Excerpt,
}

/// A page of what was found.
#[derive(Clone, Debug)]
pub(crate) struct Results {
    pub found: Vec<Found>,
    pub next: Option<After>,
}

impl App {
    /// What of the transcripts that the caller may see is as wished. CURSOR_MALFORMED; CALLER_NOT_ALLOWED for a guest.
    pub async fn search(&self, caller: &Caller, wish: Wish) -> Result<Results, Fault> {
        let user = caller
            .subject()
            .ok_or_else(|| Fault::new(Reason::CallerNotAllowed, "this is for users who logged in"))?;
        let reach = Reach {
            organisation: caller.organisation,
            user,
            divisions: self.context.trust.divisions(caller, permissions::TRANSCRIPT_VIEW),
        };
        let (above, mut below) = bounds(&self.store, reach.organisation, &wish.filter).await?;
        if let Some((conversation, within)) = wish.after {
            below = below.min(self.spot(&reach, conversation, within).await?);
        }
        let search = Search {
            store: &self.store,
            reach: &reach,
            filter: &wish.filter,
            limit: wish.limit,
            above,
        };
        let (met, next) = match &wish.query {
            None => search.list(below).await?,
            Some(query) if search.is_narrow() => search.read(query, below).await?,
            Some(query) => search.meet(query, below).await?,
        };
        let next = match next {
            Some(spot) => {
                let conversation = conversation_of(&self.store, reach.organisation, spot.number()).await?;
                Some((conversation, spot.within()))
            }
            None => None,
        };
        let found = self.described(&reach, wish.query.as_ref(), met).await?;
        Ok(Results { found, next })
    }

    async fn spot(&self, reach: &Reach, conversation: ConversationId, within: i64) -> Result<Spot, Fault> {
        let number = number_of(&self.store, reach.organisation, conversation).await?;
        let malformed = || {
            Fault::new(
                Reason::CursorMalformed,
                "this page token was not made here; begin without one",
            )
        };
        let first = Spot::first(number.ok_or_else(malformed)?);
        let spot = Spot(first.0.checked_add(within).ok_or_else(malformed)?);
        (spot.number() == first.number()).then_some(spot).ok_or_else(malformed)
    }

    async fn described(&self, reach: &Reach, query: Option<&Query>, met: Vec<Met>) -> Result<Vec<Found>, Fault> {
        let mut events = self.events(reach, query, &met).await?;
        let ids = met.iter().map(|met| met.candidate.conversation);
        let conversations = conversations::find_many(&self.store, reach.organisation, ids).await?;
        let mut conversations: HashMap<_, _> = conversations
            .into_iter()
            .map(|one| (one.head.conversation, one))
            .collect();
        let mut found = Vec::with_capacity(met.len());
        for Met { candidate, .. } in met {
            let Some(conversation) = conversations.remove(&candidate.conversation) else {
                continue;
            };
            let viewer = viewer(&candidate, conversation.head.party(Sender::User(reach.user)));
            let events = events.remove(&candidate.conversation).unwrap_or_default();
            let hits: Vec<Hit> = query.map_or_else(Vec::new, |query| hits_of(query, viewer, events));
            // What was erased meanwhile is not shown any more.
            if query.is_none() || !hits.is_empty() {
                let seen = self.with_policy(conversation, viewer).await?;
                found.push(Found { seen, hits });
            }
        }
        Ok(found)
    }

    /// The last events of each conversation with what is looked for, in order.
    async fn events(
        &self,
        reach: &Reach,
        query: Option<&Query>,
        met: &[Met],
    ) -> Result<HashMap<ConversationId, Vec<Arc<Event>>>, StoreError> {
        let Some(query) = query else {
            return Ok(HashMap::new());
        };
        let spans: Vec<Span> = met.iter().map(|met| span(&met.candidate, met.spot)).collect();
        let spots = newest(&self.store, reach.organisation, query, &spans, SHOWN).await?;
        let by_number: HashMap<i64, ConversationId> = met
            .iter()
            .map(|met| (met.candidate.number, met.candidate.conversation))
            .collect();
        let mut wanted: BTreeMap<ConversationId, Vec<i64>> = BTreeMap::new();
        for spot in spots {
            if let Some(conversation) = by_number.get(&spot.number()) {
                wanted.entry(*conversation).or_default().push(spot.sequence());
            }
        }
        log::at(&self.store, reach.organisation, wanted).await
    }
}

/// A conversation of the answer, and where in it something was met last.
struct Met {
    candidate: Candidate,
    spot: Spot,
}

struct Search<'a> {
    store: &'a Store,
    reach: &'a Reach,
    filter: &'a Filter,
    limit: usize,
    /// Nothing is wanted from here downwards.
    above: Spot,
}

impl Search<'_> {
    /// Whether the conversations wanted are so few that they are looked through one by one.
    fn is_narrow(&self) -> bool {
        let Filter {
            contact,
            agent,
            wrap_up,
            ..
        } = self.filter;
        self.reach.divisions.is_empty() || contact.is_some() || agent.is_some() || wrap_up.is_some()
    }

    /// Without anything to look for.
    async fn list(&self, below: Spot) -> Result<(Vec<Met>, Option<Spot>), StoreError> {
        let limit = u64::try_from(self.limit + 1).unwrap_or(u64::MAX);
        let candidates = candidates(self.store, self.reach, self.filter, (ceiling(below), limit), None).await?;
        let mut met: Vec<Met> = candidates
            .into_iter()
            .map(|candidate| Met {
                spot: Spot::first(candidate.number),
                candidate,
            })
            .collect();
        let has_more = met.len() > self.limit;
        met.truncate(self.limit);
        let next = met.last().filter(|_| has_more).map(|last| last.spot);
        Ok((met, next))
    }

    /// Goes through the conversations wanted and looks what is in each.
    async fn read(&self, query: &Query, mut below: Spot) -> Result<(Vec<Met>, Option<Spot>), StoreError> {
        let mut met: Vec<Met> = Vec::new();
        for _ in 0..ROUNDS {
            let some = candidates(self.store, self.reach, self.filter, (ceiling(below), READ), None).await?;
            let spans: Vec<Span> = some
                .iter()
                .map(|candidate| span(candidate, Spot::last(candidate.number).min(Spot(below.0 - 1))))
                .collect();
            let spots = newest(self.store, self.reach.organisation, query, &spans, 1).await?;
            let spots: HashMap<i64, Spot> = spots.into_iter().map(|spot| (spot.number(), spot)).collect();
            for candidate in &some {
                let Some(spot) = spots.get(&candidate.number) else {
                    continue;
                };
                if met.len() == self.limit {
                    let next = met.last().map(|last| Spot::first(last.candidate.number));
                    return Ok((met, next));
                }
                met.push(Met {
                    candidate: *candidate,
                    spot: *spot,
                });
            }
            match some.last() {
                Some(last) if u64::try_from(some.len()) == Ok(READ) => below = Spot::first(last.number),
                _ => return Ok((met, None)),
            }
        }
        Ok((met, Some(below)))
    }

    /// Goes down what has all that is looked for and leaves out what is not wanted or not to be seen.
    async fn meet(&self, query: &Query, mut below: Spot) -> Result<(Vec<Met>, Option<Spot>), StoreError> {
        let mut met: Vec<Met> = Vec::new();
        for _ in 0..ROUNDS {
            let spots = hits(self.store, self.reach.organisation, query, (self.above, below), HITS).await?;
            let mut numbers: Vec<i64> = spots.iter().map(|spot| spot.number()).collect();
            numbers.dedup();
            let some = candidates(self.store, self.reach, self.filter, (i64::MAX, HITS), Some(&numbers)).await?;
            let some: HashMap<i64, Candidate> = some.into_iter().map(|one| (one.number, one)).collect();
            for spot in &spots {
                let is_met = met.last().is_some_and(|last| last.candidate.number == spot.number());
                let candidate = some
                    .get(&spot.number())
                    .filter(|one| !is_met && spot.visibility() <= sees(one));
                let Some(candidate) = candidate else { continue };
                if met.len() == self.limit {
                    let next = met.last().map(|last| Spot::first(last.candidate.number));
                    return Ok((met, next));
                }
                met.push(Met {
                    candidate: *candidate,
                    spot: *spot,
                });
            }
            match spots.last() {
                Some(last) if u64::try_from(spots.len()) == Ok(HITS) => {
                    let is_met = met.last().is_some_and(|met| met.candidate.number == last.number());
                    below = if is_met { Spot::first(last.number()) } else { *last };
                }
                _ => return Ok((met, None)),
            }
        }
        Ok((met, Some(below)))
    }
}

/// Conversations that begin below the spot have lower numbers than this.
const fn ceiling(below: Spot) -> i64 {
    if below.within() == 0 {
        below.number()
    } else {
        below.number() + 1
    }
}

/// What of the conversation its viewer sees, up to that spot.
fn span(candidate: &Candidate, last: Spot) -> Span {
    Span {
        first: Spot::first(candidate.number),
        last,
        visibility: sees(candidate),
    }
}

/// The most hidden that the viewer sees.
const fn sees(candidate: &Candidate) -> i16 {
    if candidate.takes_part {
        Visibility::Agents.code()
    } else {
        Visibility::Supervisors.code()
    }
}

fn viewer(candidate: &Candidate, participant: Option<ParticipantId>) -> Viewer {
    Viewer {
        class: if candidate.takes_part {
            Class::Agent
        } else {
            Class::Supervisor
        },
        participant: participant.filter(|_| candidate.takes_part),
    }
}

fn hits_of(query: &Query, viewer: Viewer, events: Vec<Arc<Event>>) -> Vec<Hit> {
    let seen = events.into_iter().filter(|event| viewer.class.place(event).is_some());
    let hits = seen.filter_map(|event| {
        let excerpt = Excerpt::of(&said(&event.body)?, query);
        Some(Hit { event, excerpt })
    });
    hits.collect()
}
