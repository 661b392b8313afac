//! Ways from page to page: what is reached, what leads to an end, and what has been answered on the way.

use crate::{
    document::{Document, Go},
    problem::{Code, Finding},
};
use std::collections::{BTreeMap, BTreeSet};

/// Pages by their indices.
pub(super) struct Graph<'d> {
    document: &'d Document,
    /// Where runs begin, if one page says so.
    pub start: Option<usize>,
    /// To which pages each may lead.
    ways: Vec<BTreeSet<usize>>,
    /// From which pages each is reached.
    origins: Vec<BTreeSet<usize>>,
}

impl<'d> Graph<'d> {
    pub fn of(document: &'d Document) -> Self {
        let mut by_id: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, page) in document.pages.iter().enumerate() {
            by_id.entry(&page.id).or_insert(index);
        }
        let pages = document.pages.iter();
        let targets = |page: &'d crate::document::Page| page.buttons.iter().flat_map(|button| button.targets());
        let ways: Vec<BTreeSet<usize>> = pages
            .map(|page| targets(page).filter_map(|id| by_id.get(id).copied()).collect())
            .collect();
        let mut origins = vec![BTreeSet::new(); ways.len()];
        for (from, targets) in ways.iter().enumerate() {
            targets.iter().for_each(|to| {
                origins[*to].insert(from);
            });
        }
        let mut starts = document.pages.iter().enumerate().filter(|(_, page)| page.start);
        let start = starts
            .next()
            .map(|(index, _)| index)
            .filter(|_| starts.next().is_none());
        Self {
            document,
            start,
            ways,
            origins,
        }
    }

    /// Buttons that lead to pages which are not there.
    pub fn targets(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let missing = |id: &str| self.document.page(id).is_none();
        let say = |id: &str| format!("There is no page “{id}”.");
        for (page, it) in self.document.pages.iter().enumerate() {
            for (button, it) in it.buttons.iter().enumerate().filter(|(_, it)| it.go == Go::Next) {
                let at = format!("/pages/{page}/buttons/{button}");
                for (rule, it) in it.rules.iter().enumerate().filter(|(_, it)| missing(&it.page)) {
                    let pointer = format!("{at}/rules/{rule}/page");
                    found.push(Finding::new(Code::PageUnknown, pointer, say(&it.page)));
                }
                if let Some(id) = it.otherwise.as_deref().filter(|id| missing(id)) {
                    found.push(Finding::new(Code::PageUnknown, format!("{at}/otherwise"), say(id)));
                }
            }
        }
        found
    }

    /// Pages that are never shown, and such as are never left.
    pub fn findings(&self) -> Vec<Finding> {
        let Some(start) = self.start else { return Vec::new() };
        let (reached, ending) = (self.reached(start), self.ending(start));
        let pages = self.document.pages.iter().enumerate();
        pages
            .filter_map(|(index, page)| {
                let (code, message) = match (reached.contains(&index), ending.contains(&index)) {
                    (false, _) => (
                        Code::PageUnreachable,
                        format!("No button leads from the start to the page “{}”.", page.id),
                    ),
                    (true, false) => (
                        Code::DeadEnd,
                        format!(
                            "From the page “{}” no way leads to a button that ends the script.",
                            page.id
                        ),
                    ),
                    (true, true) => return None,
                };
                Some(Finding::new(code, format!("/pages/{index}"), message))
            })
            .collect()
    }

    fn has(&self, page: usize, go: Go) -> bool {
        self.document.pages[page].buttons.iter().any(|button| button.go == go)
    }

    fn reached(&self, start: usize) -> BTreeSet<usize> {
        let (mut open, mut reached) = (vec![start], BTreeSet::from([start]));
        while let Some(page) = open.pop() {
            open.extend(self.ways[page].iter().filter(|next| reached.insert(**next)));
        }
        reached
    }

    /// The pages from which forwards a way leads to an end; and those from which back one always comes to such a page.
    fn ending(&self, start: usize) -> BTreeSet<usize> {
        let pages = 0..self.ways.len();
        let mut ending: BTreeSet<usize> = pages.clone().filter(|page| self.has(*page, Go::End)).collect();
        grow(&mut ending, pages.clone(), |page, ending| {
            !self.ways[page].is_disjoint(ending)
        });
        grow(&mut ending, pages, |page, ending| {
            let origins = &self.origins[page];
            page != start && self.has(page, Go::Back) && !origins.is_empty() && origins.is_subset(ending)
        });
        ending
    }

    /// For each page, the variables that have a value whenever one of its buttons goes on: answers of the page itself and
    /// of pages that lie on every way to it.
    pub fn present(&self) -> Vec<BTreeSet<String>> {
        let name = |id: &String| format!("answers.{id}");
        let own: Vec<BTreeSet<String>> = self
            .document
            .pages
            .iter()
            .map(|page| {
                let fields = page.fields().filter(|field| field.is_always_answered());
                fields.map(|field| name(&field.id)).collect()
            })
            .collect();
        let everything: BTreeSet<String> = own.iter().flatten().cloned().collect();
        let mut before = vec![everything; own.len()];
        if let Some(start) = self.start {
            before[start].clear();
        }
        let mut changed = true;
        while changed {
            changed = false;
            for (page, targets) in self.ways.iter().enumerate() {
                let after = &before[page] | &own[page];
                for target in targets {
                    let both = &before[*target] & &after;
                    changed |= both.len() < before[*target].len();
                    before[*target] = both;
                }
            }
        }
        before.iter().zip(&own).map(|(before, own)| before | own).collect()
    }
}

/// Adds what belongs to it until nothing more does.
fn grow(set: &mut BTreeSet<usize>, all: std::ops::Range<usize>, belongs: impl Fn(usize, &BTreeSet<usize>) -> bool) {
    loop {
        let more: Vec<usize> = all
            .clone()
            .filter(|one| !set.contains(one) && belongs(*one, set))
            .collect();
        if more.is_empty() {
            return;
        }
        set.extend(more);
    }
}
