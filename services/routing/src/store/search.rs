//! Finding queues by the beginning of any word of their name.
//!
//! A name is kept once for each of its words: turned, so that it begins with that word. A queue in which several words begin
//! with a text is to be listed once, by the first of them. So with each turned name is kept how many characters it has in
//! common with an earlier one of the same queue: the text finds an earlier one too exactly if these are no fewer than it has.
//! Those to be listed lie, for each smaller number, beside one another in an index, and none is read in vain.

use super::entities::{queue, queue_word};
use super::{Queue, QueuePlace, Tables, listing};
use onqueue_model::{Divisions, OrganisationId, QueueId};
use onqueue_server::resource::Page;
use onqueue_store::{
    Scope, StoreError,
    query::{fold, starting_after, within},
};
use queue_word::{Column, Entity};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    Select, Set,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Stands between the end of a turned name and what it began with; in no name.
const TURN: char = '\u{1}';

/// The longest name, folded: a letter becomes two at most.
const LONGEST: usize = 200;

/// A name that begins with one of its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Turned {
    /// The folded name from the word on, and then what is before it. No two queues of an organisation have the same.
    pub words: String,
    /// How many characters it has in common with an earlier one.
    pub shared: i16,
}

impl Tables {
    /// A page of the queues of the divisions of whose name a word begins with `text`, which is not empty: after that place,
    /// in the order of their names from that word on.
    pub async fn search_queues(
        &self,
        organisation: OrganisationId,
        divisions: &Divisions,
        text: &str,
        after: Option<QueuePlace>,
        size: u64,
    ) -> Result<Page<Queue, QueuePlace>, StoreError> {
        let place = after.map(|(words, _)| words);
        let parts = pages(organisation, divisions, &fold(text), place.as_deref(), size + 1);
        let rows = listing::read(self.0.reader(), parts).await?;
        let rows = listing::first(rows, size + 1, |row| row.words.clone());
        let page = Page::of(rows, size, |row| (row.words.clone(), row.queue_id.into()));
        let ids: Vec<Uuid> = page.items.iter().map(|row| row.queue_id).collect();
        Ok(Page {
            items: self.visible(organisation, divisions, &ids).await?,
            next: page.next,
        })
    }

    /// The queues of these ids, in this order, as far as they are there and in the divisions still.
    async fn visible(
        &self,
        organisation: OrganisationId,
        divisions: &Divisions,
        ids: &[Uuid],
    ) -> Result<Vec<Queue>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let there = among(organisation, ids)
            .filter(queue::Column::DeletedAt.is_null())
            .filter(within(queue::Column::DivisionId, divisions));
        let rows = there.all(self.0.reader()).await?;
        let mut rows: BTreeMap<Uuid, _> = rows.into_iter().map(|row| (row.queue_id, row)).collect();
        let found = ids.iter().filter_map(|id| rows.remove(id));
        Ok(found.map(Queue::from).collect())
    }
}

pub(super) fn among(organisation: OrganisationId, ids: &[Uuid]) -> Select<queue::Entity> {
    let all = Scope::of(organisation).find::<queue::Entity>();
    all.filter(queue::Column::QueueId.is_in(ids.iter().copied()))
}

/// Those that begin with the folded text and share fewer characters than it has.
pub(super) fn pages(
    organisation: OrganisationId,
    divisions: &Divisions,
    text: &str,
    place: Option<&str>,
    size: u64,
) -> Vec<Select<Entity>> {
    let length = text.chars().count();
    if length > LONGEST {
        return Vec::new();
    }
    let all = Scope::of(organisation)
        .find::<Entity>()
        .filter(starting_after(Column::Words, text, place))
        .order_by_asc(Column::Words)
        .limit(size);
    let page = |division: &sea_orm::Condition, shared: usize| {
        let of_division = all.clone().filter(division.clone());
        of_division.filter(Column::Shared.eq(number(shared)))
    };
    let divisions = listing::each(Column::DivisionId, divisions);
    let each = divisions
        .iter()
        .flat_map(|division| (0..length).map(move |shared| page(division, shared)));
    each.collect()
}

/// Keeps the words of a queue's name, of which nothing is kept.
pub(super) async fn keep(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    queue: &Queue,
) -> Result<(), StoreError> {
    let rows = turned(&queue.content.name).into_iter();
    let rows = rows.map(|turned| queue_word::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        queue_id: Set(queue.id.uuid()),
        words: Set(turned.words),
        shared: Set(turned.shared),
        division_id: Set(queue.content.division.uuid()),
    });
    Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(())
}

/// Keeps nothing of a queue's name any more.
pub(super) async fn forget(
    tx: &DatabaseTransaction,
    organisation: OrganisationId,
    queue: QueueId,
) -> Result<(), StoreError> {
    Entity::delete_many()
        .filter(Column::OrganisationId.eq(organisation.uuid()))
        .filter(Column::QueueId.eq(queue.uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

/// The folded name from each of its words on.
pub(crate) fn turned(name: &str) -> Vec<Turned> {
    let name = fold(name);
    let mut all: Vec<Turned> = Vec::new();
    for start in beginnings(&name) {
        let (before, from) = name.split_at(start);
        let words = format!("{from}{TURN}{before}");
        let shared = all.iter().map(|earlier| in_common(&earlier.words, &words)).max();
        let shared = number(shared.unwrap_or(0));
        all.push(Turned { words, shared });
    }
    all
}

/// Where words begin: what is neither a letter nor a digit nor a space is one of its own.
fn beginnings(name: &str) -> impl Iterator<Item = usize> {
    let before = [' '].into_iter().chain(name.chars());
    let letters = name.char_indices().zip(before);
    letters.filter_map(|((place, letter), before)| {
        let goes_on = letter.is_alphanumeric() && before.is_alphanumeric();
        (!letter.is_whitespace() && !goes_on).then_some(place)
    })
}

fn in_common(one: &str, other: &str) -> usize {
    one.chars()
        .zip(other.chars())
        .take_while(|(one, other)| one == other)
        .count()
}

/// Names are far shorter than numbers reach.
fn number(characters: usize) -> i16 {
    i16::try_from(characters).unwrap_or(i16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_turned_to_begin_with_each_word() {
        for (name, expected) in [
            ("Vertrieb", vec![("vertrieb\u{1}", 0)]),
            ("IT  Süd", vec![("it  süd\u{1}", 0), ("süd\u{1}it  ", 0)]),
            ("a_b", vec![("a_b\u{1}", 0), ("_b\u{1}a", 0), ("b\u{1}a_", 0)]),
            (
                "Tee team Te",
                vec![
                    ("tee team te\u{1}", 0),
                    ("team te\u{1}tee ", 2),
                    ("te\u{1}tee team ", 2),
                ],
            ),
        ] {
            let turned = turned(name).into_iter();
            let found: Vec<_> = turned.map(|turned| (turned.words, turned.shared)).collect();
            let found: Vec<_> = found.iter().map(|(words, shared)| (words.as_str(), *shared)).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn whatever_begins_a_word_finds_the_name_once() {
        for name in ["Tee team Te", "a a a a", "100% ÄÖ-äö 100", "x\\y_x", "İi İ", "ΑΣ Σ"] {
            let all = turned(name);
            let texts = all.iter().flat_map(|turned| {
                let ends = turned.words.char_indices().skip(1).map(|(end, _)| end);
                ends.map(|end| &turned.words[..end])
            });
            for text in texts {
                let length = number(text.chars().count());
                let finds = |turned: &&Turned| turned.words.starts_with(text) && turned.shared < length;
                assert_eq!(all.iter().filter(finds).count(), 1, "{name}: {text}");
            }
            assert!(all[0].words.chars().count() <= LONGEST);
        }
    }
}
