//! Trying a rule with values that it may meet: every variable in it with some of its kind, and without one where it may be
//! missing. The types say already that none of them fails; this says that the interpreter sees it so too.

use super::{Expression, Flaw, Values, guards};
use crate::{
    Date, Value,
    problem::Code,
    variables::{Kind, TODAY, Variables, is_always_there},
};
use std::collections::{BTreeMap, BTreeSet};

/// How many combinations are tried at most.
const MOST: usize = 256;

/// Values to try; `None` stands for none.
type Choices = Vec<Option<Value>>;

/// One value, or none, for each variable.
type Sample<'s> = Vec<(&'s str, Option<&'s Value>)>;

/// Names the first sample with which it fails.
pub(super) fn try_all(expression: &Expression, variables: &Variables, present: &BTreeSet<String>) -> Result<(), Flaw> {
    let mut names = BTreeSet::new();
    guards::names(expression.0.expression(), &mut names);
    let choices: BTreeMap<&str, Choices> = names
        .iter()
        .filter(|name| name.as_str() != TODAY)
        .filter_map(|name| {
            let may_be_missing = !present.contains(name) && !is_always_there(name);
            Some((name.as_str(), choices(variables.kind(name)?, may_be_missing)))
        })
        .collect();
    for sample in samples(&choices) {
        let named = sample
            .iter()
            .filter_map(|(name, value)| Some(((*name).to_owned(), (*value)?)));
        if let Err(why) = expression.holds(&Values::of(named, Date::of_millis(0))) {
            let message = format!("It fails with {}: {why}.", told(&sample));
            return Err(Flaw::new(Code::ExpressionFails, message));
        }
    }
    Ok(())
}

fn choices(kind: &Kind, may_be_missing: bool) -> Choices {
    let texts = |texts: &[&str]| texts.iter().map(|text| Value::from(*text)).collect::<Vec<_>>();
    let values = match kind {
        Kind::Boolean => vec![Value::Boolean(true), Value::Boolean(false)],
        Kind::Number(most) => [0.0, 1.5, *most, -*most].map(Value::Number).to_vec(),
        Kind::Choice(options) if options.is_empty() => texts(&["a"]),
        Kind::Text => texts(&["a", "Ünïcode ✓", ""]),
        Kind::Date => texts(&["2026-01-31", "0001-01-01", "9999-12-31"]),
        Kind::Choice(options) => options.iter().take(4).cloned().map(Value::Text).collect(),
        Kind::Choices(options) => {
            let one = options.iter().take(1).cloned().collect();
            [Vec::new(), one, options.clone()].map(Value::Many).to_vec()
        }
    };
    let missing = may_be_missing.then_some(None);
    values.into_iter().map(Some).chain(missing).collect()
}

/// All combinations if they are few; else everything at its first, each variable at each of its values in turn, and all that
/// may be missing missing.
fn samples<'s>(choices: &'s BTreeMap<&'s str, Choices>) -> Vec<Sample<'s>> {
    let count = choices
        .values()
        .try_fold(1_usize, |count, values| count.checked_mul(values.len().max(1)));
    match count.filter(|count| *count <= MOST) {
        Some(count) => (0..count).map(|index| combination(choices, index)).collect(),
        None => one_by_one(choices),
    }
}

fn combination<'s>(choices: &'s BTreeMap<&'s str, Choices>, index: usize) -> Sample<'s> {
    let mut rest = index;
    let pick = |(name, values): (&&'s str, &'s Choices)| {
        let count = values.len().max(1);
        let value = values.get(rest % count).and_then(Option::as_ref);
        rest /= count;
        (*name, value)
    };
    choices.iter().map(pick).collect()
}

fn one_by_one<'s>(choices: &'s BTreeMap<&'s str, Choices>) -> Vec<Sample<'s>> {
    let with = |wanted: &str, index: usize| -> Sample<'s> {
        let pick = |(name, values): (&&'s str, &'s Choices)| {
            let index = if *name == wanted { index } else { 0 };
            (*name, values.get(index).and_then(Option::as_ref))
        };
        choices.iter().map(pick).collect()
    };
    let each = choices
        .iter()
        .flat_map(|(name, values)| (0..values.len()).map(move |index| (*name, index)));
    let last = choices
        .iter()
        .map(|(name, values)| (*name, values.last().and_then(Option::as_ref)))
        .collect();
    each.map(|(name, index)| with(name, index)).chain([last]).collect()
}

fn told(sample: &Sample<'_>) -> String {
    let one = |(name, value): &(&str, Option<&Value>)| match value {
        Some(value) => format!("{name} = {}", serde_json::to_string(value).unwrap_or_default()),
        None => format!("no {name}"),
    };
    match sample.is_empty() {
        true => "any values".to_owned(),
        false => sample.iter().map(one).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::parse;

    /// What the types would have refused: proof that trying alone finds it as well.
    #[test]
    fn the_first_sample_that_fails_is_named() {
        let variables = Variables::for_tests();
        for (text, expected) in [
            ("answers.vip", "no answers.vip"),
            ("answers.amount < 1.0 && answers.amount", "answers.amount = 0.0"),
            ("1 / size(answers.seen) > 0", "answers.seen = []"),
            ("answers.name", "answers.name = \"a\""),
            ("nothing", "any values"),
        ] {
            let expression = parse(text).expect(text);
            let present = BTreeSet::from(["answers.seen", "answers.name"].map(str::to_owned));
            let flaw = try_all(&expression, &variables, &present).expect_err(text);
            assert_eq!(flaw.code, Code::ExpressionFails);
            assert!(flaw.message.contains(expected), "{text}: {}", flaw.message);
        }
    }

    #[test]
    fn many_variables_are_tried_one_by_one() {
        let variables = Variables::for_tests();
        let names = ["vip", "amount", "name", "bought", "reason", "seen"];
        let text = names.map(|name| format!("has(answers.{name})")).join(" && ");
        let expression = parse(&format!(
            "{text} && answers.vip || !has(answers.vip) && answers.amount > 1.0"
        ));
        let flaw = try_all(&expression.expect("an expression"), &variables, &BTreeSet::new());
        assert!(flaw.is_err_and(|flaw| flaw.message.contains("no answers.vip")));
    }
}
