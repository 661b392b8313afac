//! The rules of all buttons.

use super::{Graph, Rules};
use crate::{
    document::{Document, Rule},
    expression::{Expression, compile as compile_one},
    problem::{Code, Finding},
    variables::Variables,
};
use std::collections::BTreeSet;

/// The most rules of a script: each is tried with many values.
const MOST_RULES: usize = 500;

/// Every rule, in the places where they are; those that cannot be used are left out and named.
pub(super) fn compile(document: &Document, variables: &Variables, graph: &Graph<'_>) -> (Rules, Vec<Finding>) {
    let count: usize = buttons(document).map(|rules| rules.len()).sum();
    if count > MOST_RULES {
        let message = format!("The script has {count} rules; at most {MOST_RULES} are allowed.");
        return (Vec::new(), vec![Finding::new(Code::TooLarge, "/pages", message)]);
    }
    let present = graph.present();
    let mut found = Vec::new();
    let pages = document.pages.iter().enumerate().map(|(page, it)| {
        let buttons = it.buttons.iter().enumerate();
        buttons
            .map(|(button, it)| {
                let at = format!("/pages/{page}/buttons/{button}/rules");
                of_button(&it.rules, &at, variables, &present[page], &mut found)
            })
            .collect()
    });
    (pages.collect(), found)
}

fn buttons(document: &Document) -> impl Iterator<Item = &Vec<Rule>> {
    let pages = document.pages.iter();
    pages.flat_map(|page| page.buttons.iter().map(|button| &button.rules))
}

fn of_button(
    rules: &[Rule],
    at: &str,
    variables: &Variables,
    present: &BTreeSet<String>,
    found: &mut Vec<Finding>,
) -> Vec<Expression> {
    let compiled = rules.iter().enumerate().filter_map(|(index, rule)| {
        let flaws = match compile_one(&rule.when, variables, present) {
            Ok(expression) => return Some(expression),
            Err(flaws) => flaws,
        };
        let finding =
            |flaw: crate::expression::Flaw| Finding::new(flaw.code, format!("{at}/{index}/when"), flaw.message);
        found.extend(flaws.into_iter().map(finding));
        None
    });
    compiled.collect()
}
