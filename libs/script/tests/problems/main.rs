//! What is wrong with documents: each kind, its place, its line, and that everything is said at once.

mod cases;

use cases::{NEXT, TEXT, cases, good, with};
use onqueue_script::{Code, MAX_BYTES, Problem, Script, check};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

fn problems(document: &Json) -> Vec<Problem> {
    check(&serde_json::to_string_pretty(document).expect("JSON"))
}

#[test]
fn nothing_is_wrong_with_a_good_document() {
    assert_eq!(problems(&good()), []);
}

#[test]
fn every_kind_of_problem_is_found_at_its_place() {
    for (pointer, value, code, at) in cases() {
        let found = problems(&with(&pointer, value.clone()));
        let told: Vec<_> = found.iter().map(|it| (it.code, it.place.pointer.as_str())).collect();
        assert!(told.contains(&(code, &*at)), "{pointer} = {value}: {told:?}");
        for problem in &found {
            assert!(problem.place.line > 0 && problem.place.column > 0, "{problem:?}");
            assert!(
                problem.message.ends_with('.') && problem.message.len() < 700,
                "{problem:?}"
            );
        }
    }
}

/// A mistake is not followed by what only follows from it.
#[test]
fn one_mistake_is_one_problem() {
    // What is not there is missed everywhere.
    let several = [
        Code::DeadEnd,
        Code::PageUnreachable,
        Code::PageUnknown,
        Code::VariableUnknown,
    ];
    for (pointer, value, code, _) in cases() {
        let found = problems(&with(&pointer, value.clone()));
        let follows = found.iter().filter(|it| it.code != code && !several.contains(&it.code));
        assert_eq!(follows.count(), 0, "{pointer} = {value}: {found:#?}");
    }
}

#[test]
fn the_tables_know_every_kind() {
    let of_texts = [Code::JsonInvalid, Code::NameTwice];
    // It says that types and interpreter differ; tests beside the expressions provoke it.
    let of_defects = [Code::ExpressionFails];
    let known: BTreeSet<Code> = cases()
        .into_iter()
        .map(|(_, _, code, _)| code)
        .chain(of_texts)
        .chain(of_defects)
        .collect();
    assert_eq!(known, Code::ALL.iter().copied().collect());
    let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), Code::ALL.len());
    for code in Code::ALL {
        assert_eq!(serde_json::to_value(code).expect("JSON"), code.as_str());
    }
}

#[test]
fn a_place_has_page_item_line_and_column() {
    let document = with(&format!("{TEXT}/contact"), json!("address"));
    let source = serde_json::to_string_pretty(&document).expect("JSON");
    let problem = check(&source).pop().expect("a problem");
    assert_eq!(
        (problem.place.page.as_str(), problem.place.item.as_str()),
        ("first", "customer")
    );
    let line = source.lines().nth(problem.place.line - 1).expect("a line");
    let before: String = line.chars().take(problem.place.column - 1).collect();
    assert!(
        before.trim().is_empty() && line.trim().starts_with("\"contact\": \"address\""),
        "{line}"
    );
    let json = serde_json::to_value(&problem).expect("JSON");
    assert_eq!(
        (&json["code"], &json["pointer"]),
        (&json!("CONTACT_INVALID"), &json!("/pages/0/items/1/contact"))
    );
    // Columns are characters, not bytes.
    let found = check("{\"format\": 1, \"ö\": \"ä\", \"x\": 1}");
    let x = found.iter().find(|problem| problem.place.pointer == "/x").expect("x");
    assert_eq!((x.place.line, x.place.column), (1, 25));
}

#[test]
fn everything_is_said_at_once_in_the_order_of_the_text() {
    let mut document = with(&format!("{TEXT}/colour"), json!(1));
    document["pages"][0]["buttons"][0]["rules"][0]["when"] = json!("answers.nobody && answers.why");
    document["pages"][1]["title"] = json!({"en": "Second"});
    document["pages"][1]["buttons"][0]["id"] = json!("end");
    let found = problems(&document);
    let mut codes: Vec<Code> = found.iter().map(|problem| problem.code).collect();
    let mut expected = [
        Code::FieldUnknown,
        Code::VariableUnknown,
        Code::ValueMayBeMissing,
        Code::IdTwice,
        Code::TranslationMissing,
    ];
    codes.sort();
    expected.sort();
    assert_eq!(codes, expected, "{found:#?}");
    let lines: Vec<usize> = found.iter().map(|problem| problem.place.line).collect();
    assert!(lines.is_sorted(), "{lines:?}");
}

#[test]
fn texts_that_are_no_json_are_named_by_line_and_column() {
    for (source, place) in [
        ("", (1, 1)),
        ("{", (1, 1)),
        ("{\n  \"a\": 1,\n}", (2, 9)),
        ("{\n  \"a\" 1\n}", (2, 7)),
        ("{\"a\": 'b'}", (1, 7)),
        ("{} {}", (1, 4)),
        ("// comment\n{}", (1, 1)),
        ("{\"a\": NaN}", (1, 7)),
        ("{\"ä\": 01}", (1, 8)),
        ("{\n\"ä\": \"a\tb\"}", (2, 7)),
        ("[\"\\ud800\"]", (1, 3)),
    ] {
        let problems = check(source);
        assert_eq!(problems.len(), 1, "{source}: {problems:?}");
        assert_eq!(problems[0].code, Code::JsonInvalid, "{source}: {problems:?}");
        assert_eq!(
            (problems[0].place.line, problems[0].place.column),
            place,
            "{source}: {problems:?}"
        );
    }
    let twice = check("{\"format\": 1, \"format\": 1}");
    assert!(twice.iter().any(|problem| problem.code == Code::NameTwice), "{twice:?}");
}

#[test]
fn a_byte_order_mark_is_no_mistake() {
    assert_eq!(check(&format!("\u{feff}{}", good())), []);
}

#[test]
fn what_is_far_too_large_is_refused_soon() {
    let blanks = format!("{}{}", good(), " ".repeat(MAX_BYTES));
    assert_eq!(check(&blanks)[0].code, Code::TooLarge);
    let deep = format!("{}{}", "[".repeat(25_000), "]".repeat(25_000));
    assert_eq!(check(&deep)[0].code, Code::JsonInvalid);
    let strange: String = (0..4_000).map(|index| format!(",\"f{index}\":0")).collect();
    let found = check(&format!("{{\"format\":1{strange}}}"));
    assert_eq!(found.len(), 200);
    let rule = json!({"when": "true", "page": "second"});
    let mut document = with(&format!("{NEXT}/rules"), json!(vec![rule; 50]));
    for button in 1..20 {
        let mut copy = document["pages"][0]["buttons"][0].clone();
        copy["id"] = json!(format!("next{button}"));
        document["pages"][0]["buttons"]
            .as_array_mut()
            .expect("a list")
            .push(copy);
    }
    let found = check(&document.to_string());
    assert_eq!(
        (found[0].code, found[0].place.pointer.as_str()),
        (Code::TooLarge, "/pages"),
        "{found:?}"
    );
}

/// Answers of pages that lie on every way here need not be asked for; those of others do.
#[test]
fn what_was_answered_on_every_way_is_there() {
    let mut document = with(&format!("{TEXT}/required"), json!(true));
    let rule = json!([{"when": "answers.customer == 'x'", "page": "second"}]);
    document["pages"][0]["buttons"][0]["rules"] = rule.clone();
    assert_eq!(problems(&document), [], "on its own page");
    let both = |text: &str| json!({"en": text, "de": text});
    let third = json!({"id": "third", "title": both("Third"), "buttons": [
        {"id": "next", "label": both("Next"), "go": "next", "rules": rule, "otherwise": "second"}
    ]});
    document["pages"][0]["buttons"][0]["otherwise"] = json!("third");
    document["pages"].as_array_mut().expect("a list").push(third);
    assert_eq!(problems(&document), [], "on a page after it");
    document["pages"][0]["start"] = json!(false);
    document["pages"][2]["start"] = json!(true);
    document["pages"][2]["buttons"][0]["otherwise"] = json!("first");
    let found = problems(&document);
    assert_eq!(
        found.iter().map(|it| it.code).collect::<Vec<_>>(),
        [Code::ValueMayBeMissing],
        "on a page before it"
    );
}

#[test]
fn the_digest_is_of_the_document_and_not_of_its_writing() {
    let pretty = Script::parse(&serde_json::to_string_pretty(&good()).expect("JSON")).expect("good");
    let plain = Script::parse(&good().to_string()).expect("good");
    assert_eq!(pretty.digest(), plain.digest());
    assert_eq!(pretty.digest().len(), 64);
    let again = Script::parse(pretty.canonical()).expect("good");
    assert_eq!(
        (again.canonical(), again.digest()),
        (pretty.canonical(), pretty.digest())
    );
    assert_eq!(again.document(), pretty.document());
    let other = with("/name/en", json!("Other name")).to_string();
    assert_ne!(Script::parse(&other).expect("good").digest(), pretty.digest());
}
