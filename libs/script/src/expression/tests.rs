//! What rules are let in, what is wrong with the others, and that those let in do not fail.

use super::*;
use crate::variables::Kind;

impl Variables {
    /// One answer of each kind.
    pub(crate) fn for_tests() -> Self {
        let options = ["broken", "wrong size"].map(str::to_owned).to_vec();
        Self::from_iter([
            ("answers.vip", Kind::Boolean),
            ("answers.amount", Kind::Number(1e15)),
            ("answers.name", Kind::Text),
            ("answers.bought", Kind::Date),
            ("answers.reason", Kind::Choice(options.clone())),
            ("answers.seen", Kind::Choices(options)),
            ("contact.name", Kind::Text),
            ("contact.fields.since", Kind::Date),
            ("conversation.attributes.order", Kind::Text),
            (TODAY, Kind::Date),
        ])
    }
}

/// All answers are there, what is known of contact and conversation may be missing.
fn present() -> BTreeSet<String> {
    let ids = ["vip", "amount", "name", "bought", "reason", "seen"];
    ids.map(|id| format!("answers.{id}")).into()
}

fn values() -> Values {
    let mut facts = Facts::new(Date::parse("2026-11-23").expect("a day"));
    facts.set("contact.name", "Ann");
    facts.set("contact.fields.since", "no day");
    facts.set("conversation.attributes.order", "A-1");
    let answers = BTreeMap::from([
        ("vip".to_owned(), Value::Boolean(true)),
        ("amount".to_owned(), Value::Number(12.5)),
        ("name".to_owned(), Value::from("Rückläufer")),
        ("bought".to_owned(), Value::from("2026-11-10")),
        ("reason".to_owned(), Value::from("broken")),
        ("seen".to_owned(), Value::Many(vec!["wrong size".to_owned()])),
    ]);
    Values::new(&Variables::for_tests(), &answers, &facts)
}

#[test]
fn rules_that_are_let_in() {
    for (text, expected) in [
        ("true", true),
        ("answers.vip", true),
        ("!answers.vip", false),
        ("answers.amount > 12", true),
        ("answers.amount == 12.5 && answers.amount != 3", true),
        ("answers.amount * 2.0 - 1.0 >= 24.0", true),
        ("answers.amount / 4.0 < 3.2", true),
        ("-answers.amount < -12", true),
        ("answers.name.startsWith('Rück') && answers.name.endsWith('er')", true),
        ("answers.name.contains('x') || size(answers.name) == 10", true),
        ("answers.name + '!' == 'Rückläufer!'", true),
        ("days(answers.bought, today) <= 14", true),
        ("days(answers.bought, today) == 13", true),
        ("days('2026-11-24', today) == -1", true),
        ("answers.bought < today && answers.bought >= '2026-11-10'", true),
        ("answers.reason == 'broken'", true),
        ("answers.reason in ['broken', 'wrong size']", true),
        ("'wrong size' in answers.seen", true),
        ("!('broken' in answers.seen)", true),
        ("size(answers.seen) == 1 && answers.seen.size() % 2 == 1", true),
        ("answers.amount in [1.0, 12.5]", true),
        ("has(contact.name) && contact.name == 'Ann'", true),
        ("!has(contact.name) || contact.name == 'Ann'", true),
        ("has(contact.name) ? contact.name == 'Ann' : false", true),
        ("has(contact.fields.since) && contact.fields.since < today", false),
        (
            "has(conversation.attributes.order) && conversation.attributes.order == 'A-1'",
            true,
        ),
        ("(answers.vip ? 1 : 2) == 1", true),
        ("answers.vip == (answers.amount > 1)", true),
        ("has(answers.name)", true),
    ] {
        let expression = compile(text, &Variables::for_tests(), &present());
        let expression = expression.unwrap_or_else(|flaws| panic!("{text}: {flaws:?}"));
        assert_eq!(expression.holds(&values()), Ok(expected), "{text}");
    }
}

#[test]
#[allow(clippy::too_many_lines)]
fn rules_that_are_not() {
    for (text, code, said) in [
        ("answers.vip &&", Code::ExpressionInvalid, "line 1"),
        ("", Code::ExpressionInvalid, "no expression"),
        ("answers.vip = true", Code::ExpressionInvalid, "no expression"),
        ("'open", Code::ExpressionInvalid, "no expression"),
        ("answers.amount", Code::ExpressionNotBoolean, "a number"),
        ("'yes'", Code::ExpressionNotBoolean, "a text"),
        ("answers.seen", Code::ExpressionNotBoolean, "a list"),
        ("answers.vip ? 1 : 2", Code::ExpressionNotBoolean, "a whole number"),
        ("answers.vipp", Code::VariableUnknown, "answers.vipp"),
        ("has(answers.vipp)", Code::VariableUnknown, "no field has that id"),
        ("answers", Code::VariableUnknown, "answers has amount"),
        ("contact.fields.x == 'a'", Code::VariableUnknown, "contact_fields"),
        ("has(conversation.attributes.x)", Code::VariableUnknown, "“attributes”"),
        ("vip", Code::VariableUnknown, "begin with answers"),
        ("contact.name == 'Ann'", Code::ValueMayBeMissing, "has(contact.name)"),
        (
            "contact.name == 'Ann' && has(contact.name)",
            Code::ValueMayBeMissing,
            "ask first",
        ),
        (
            "has(contact.name) || contact.name == 'a'",
            Code::ValueMayBeMissing,
            "ask first",
        ),
        (
            "has(contact.name) && answers.vip || contact.name == 'a'",
            Code::ValueMayBeMissing,
            "ask first",
        ),
        ("answers.amount == '12'", Code::ExpressionType, "A number and a text"),
        ("answers.vip > false", Code::ExpressionType, "compared"),
        (
            "answers.vip && answers.amount",
            Code::ExpressionType,
            "Yes or no is needed",
        ),
        ("!answers.name", Code::ExpressionType, "Yes or no is needed"),
        ("answers.amount * 2 > 1.0", Code::ExpressionType, "2.0"),
        ("1 / size(answers.seen) > 0", Code::ExpressionType, "divided"),
        ("answers.amount / 0.0 > 1.0", Code::ExpressionType, "divided"),
        ("answers.amount % 2.0 == 1.0", Code::ExpressionType, "whole numbers"),
        ("9223372036854775807 + 1 > 0", Code::ExpressionType, "too great"),
        ("size(answers.name) * 1000000000 > 1", Code::ExpressionType, "too great"),
        ("answers.reason == 'brokn'", Code::ChoiceInvalid, "broken, wrong size"),
        ("'brokn' in answers.seen", Code::ChoiceInvalid, "brokn"),
        ("answers.reason in ['broken', 'x']", Code::ChoiceInvalid, "“x”"),
        ("answers.reason > 'a'", Code::ExpressionType, "compared"),
        ("answers.bought == 'yesterday'", Code::ExpressionType, "no date"),
        ("days(answers.bought, answers.name) > 1", Code::ExpressionType, "days"),
        ("days(answers.bought) > 1", Code::ExpressionType, "days"),
        ("answers.seen.exists(x, x == 'a')", Code::ExpressionType, "loops"),
        ("[1, 2].map(x, x * 2) == [2, 4]", Code::ExpressionType, "loops"),
        (
            "answers.name.matches('(a+)+$')",
            Code::ExpressionType,
            "There is no “matches”",
        ),
        ("size(answers.amount) > 1", Code::ExpressionType, "does not take"),
        ("answers['vip']", Code::VariableUnknown, "There is no answers"),
        ("{'a': 1} == {'a': 1}", Code::ExpressionType, "maps"),
        ("answers.vip == null", Code::ExpressionType, "null"),
        ("answers.amount == 1u", Code::ExpressionType, "texts, numbers"),
        ("answers.amount in [1, 'a']", Code::ExpressionType, "one type"),
        ("answers.amount in []", Code::ExpressionType, "empty"),
        ("answers.amount in answers.amount", Code::ExpressionType, "wants a list"),
        ("answers.vip ? 1 : 'a'", Code::ExpressionType, "One side"),
        ("-answers.name == 'a'", Code::ExpressionType, "before numbers"),
        ("dyn(1) == 1", Code::ExpressionType, "There is no “dyn”"),
    ] {
        let flaws = compile(text, &Variables::for_tests(), &present()).expect_err(text);
        let first = &flaws[0];
        assert_eq!(first.code, code, "{text}: {}", first.message);
        assert!(first.message.contains(said), "{text}: {}", first.message);
    }
}

#[test]
fn everything_that_is_wrong_with_a_rule_is_said_at_once() {
    let text = "answers.x && contact.name == 'a' && answers.amount > 'b'";
    let flaws = compile(text, &Variables::for_tests(), &present()).expect_err(text);
    let codes: Vec<Code> = flaws.iter().map(|flaw| flaw.code).collect();
    assert_eq!(
        codes,
        [Code::VariableUnknown, Code::ValueMayBeMissing, Code::ExpressionType]
    );
}

/// The longest rules that anybody can give, made to be expensive.
#[test]
fn hostile_rules_end_soon() {
    let long = |text: &str| text.repeat(1_000 / text.len());
    for text in [
        long("("),
        long("["),
        long("!"),
        long("-"),
        long("a."),
        long("a?"),
        long("1+"),
        long("true?true:"),
        format!("{}true", long("true&&")),
        format!("{}1 > 0", long("1+")),
        format!("{}true{}", "(".repeat(29), ")".repeat(29)),
        format!("{}1{} == 1", "size([".repeat(80), "])".repeat(80)),
        long("\u{0}"),
        long("'\\"),
        long("\"\"\""),
        long("{a:{"),
        long("x.all(x,"),
        "\\".repeat(1_000),
        "🙂".repeat(1_000),
    ] {
        match compile(&text, &Variables::for_tests(), &present()) {
            Ok(expression) => assert!(expression.holds(&values()).is_ok(), "{text}"),
            Err(flaws) => assert!(!flaws.is_empty(), "{text}"),
        }
    }
}
