//! What holds for every script and every run, tried with scripts, rules, answers and mutilated documents made by chance.

use onqueue_script::{Date, Facts, Press, Refusal, Run, Script, Step, Value, check};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// What is on a page: kinds of fields, and whether each must be answered.
type Fields = Vec<(u8, bool)>;

/// One rule: of which field it asks, how, and to which page it leads.
type RulePick = (usize, u8, usize);

fn both(text: &str) -> Json {
    json!({"en": text, "de": text})
}

fn field(id: &str, kind: u8, required: bool) -> Json {
    let options = json!([{"id": "a", "label": both("A")}, {"id": "b", "label": both("B")}]);
    let mut field = json!({"id": id, "label": both("?"), "required": required});
    let own = match kind % 6 {
        0 => json!({"type": "text", "max_length": 20}),
        1 => json!({"type": "number", "min": -5, "max": 5}),
        2 => json!({"type": "date"}),
        3 => json!({"type": "choice", "options": options}),
        4 => json!({"type": "multi_choice", "options": options}),
        _ => json!({"type": "checkbox"}),
    };
    let own = own.as_object().expect("an object").clone();
    field.as_object_mut().expect("an object").extend(own);
    field
}

fn condition(id: &str, kind: u8, how: u8) -> String {
    let name = format!("answers.{id}");
    let compared = match (kind % 6, how % 3) {
        (0, 0) => format!("{name} == 'x'"),
        (0, 1) => format!("size({name}) > 2"),
        (0, _) => format!("{name}.contains('a')"),
        (1, 0) => format!("{name} > 0"),
        (1, 1) => format!("{name} * 2.0 + 1.0 <= 3.5"),
        (1, _) => format!("{name} in [1.0, 2.0]"),
        (2, 0) => format!("{name} < today"),
        (2, 1) => format!("days({name}, today) % 7 == 0"),
        (2, _) => format!("{name} >= '2026-01-01'"),
        (3, 0) => format!("{name} == 'a'"),
        (3, 1) => format!("{name} in ['a', 'b']"),
        (3, _) => format!("{name} != 'b'"),
        (4, 0) => format!("'a' in {name}"),
        (4, 1) => format!("size({name}) == 2"),
        (4, _) => format!("!('b' in {name})"),
        (_, 0) => name.clone(),
        (_, 1) => format!("!{name}"),
        (_, _) => format!("{name} || has(contact.name) && contact.name.startsWith('A')"),
    };
    format!("has({name}) && ({compared})")
}

/// A script in which nothing is wrong: each page leads to the one after it, or by rules to any, and can be ended.
fn script(pages: &[(Fields, Vec<RulePick>)]) -> Json {
    let ids: Vec<(String, u8)> = pages
        .iter()
        .enumerate()
        .flat_map(|(page, (fields, _))| {
            let fields = fields.iter().enumerate();
            fields.map(move |(at, (kind, _))| (format!("f{page}_{at}"), *kind))
        })
        .collect();
    let page = |(at, (fields, picks)): (usize, &(Fields, Vec<RulePick>))| {
        let items = fields.iter().enumerate();
        let items: Vec<Json> = items
            .map(|(item, (kind, required))| field(&format!("f{at}_{item}"), *kind, *required))
            .collect();
        let rules: Vec<Json> = picks
            .iter()
            .filter(|_| !ids.is_empty())
            .map(|(which, how, to)| {
                let (id, kind) = &ids[which % ids.len()];
                json!({"when": condition(id, *kind, *how), "page": format!("p{}", to % pages.len())})
            })
            .collect();
        let next = (at + 1).min(pages.len() - 1);
        json!({
            "id": format!("p{at}"),
            "start": at == 0,
            "title": both("{{contact.name|?}} {{answers.f0_0|?}}"),
            "items": items,
            "buttons": [
                {"id": "next", "label": both("Next"), "go": "next", "rules": rules, "otherwise": format!("p{next}")},
                {"id": "back", "label": both("Back"), "go": "back"},
                {"id": "stay", "label": both("Stay"), "go": "stay", "actions": [{"type": "assistance"}]},
                {"id": "end", "label": both("End"), "go": "end"}
            ]
        })
    };
    let mut document = json!({
        "format": 1, "name": both("Script"), "languages": ["en", "de"], "default_language": "de",
        "pages": pages.iter().enumerate().map(page).collect::<Vec<_>>()
    });
    if ids.iter().all(|(id, _)| id != "f0_0") {
        for page in document["pages"].as_array_mut().expect("pages") {
            page["title"] = both("Title");
        }
    }
    document
}

fn scripts() -> impl Strategy<Value = Json> {
    let fields = prop::collection::vec((any::<u8>(), any::<bool>()), 0..4);
    let rules = prop::collection::vec((any::<usize>(), any::<u8>(), any::<usize>()), 0..4);
    prop::collection::vec((fields, rules), 1..7).prop_map(|pages| script(&pages))
}

/// Which button is pressed, and seeds for the answers.
fn presses() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
    // The end is pressed seldom: nothing comes after it.
    let button = prop_oneof![8 => Just(0_u8), 4 => Just(1_u8), 1 => Just(2_u8), 1 => Just(3_u8)];
    prop::collection::vec((button, prop::collection::vec(any::<u8>(), 4)), 0..25)
}

/// An answer of the kind that the field wants, or another.
fn answer(kind: &str, seed: u8) -> Option<Value> {
    let many = |texts: &[&str]| Value::Many(texts.iter().map(|text| (*text).to_owned()).collect());
    Some(match (kind, seed % 8) {
        (_, 0) => return None,
        (_, 1) => Value::from("Ünsinn"),
        ("number", seed) => Value::Number(f64::from(seed) - 3.5),
        ("date", seed) => Value::from(format!("2026-1{}-0{}", seed % 3, seed + 1)),
        ("choice", seed) => Value::from(if seed > 4 { "a" } else { "b" }),
        ("multi_choice", seed) => many(&["b", "a"][..usize::from(seed % 3)]),
        ("checkbox", seed) => Value::Boolean(seed > 2),
        (_, seed) => Value::from("xa b".repeat(usize::from(seed) / 2)),
    })
}

fn press(document: &Json, run: &Run, (button, seeds): &(u8, Vec<u8>)) -> Press {
    let page = run.page().expect("a page");
    let pages = document["pages"].as_array().expect("pages");
    let page = pages.iter().find(|it| it["id"] == page).expect("a declared page");
    let items = page["items"].as_array().cloned().unwrap_or_default();
    let values = items.iter().zip(seeds).filter_map(|(item, seed)| {
        let value = answer(item["type"].as_str()?, *seed)?;
        Some((item["id"].as_str()?.to_owned(), value))
    });
    let buttons = page["buttons"].as_array().expect("buttons");
    let button = &buttons[usize::from(*button) % buttons.len()];
    Press {
        page: page["id"].as_str().expect("an id").to_owned(),
        button: button["id"].as_str().expect("an id").to_owned(),
        values: values.collect::<BTreeMap<_, _>>(),
    }
}

fn facts(seed: u8) -> Facts {
    let mut facts = Facts::new(Date::parse("2026-11-23").expect("a day"));
    match seed % 4 {
        0 => {}
        1 => facts.set("contact.name", "Ann"),
        2 => facts.set("contact.name", 3.0),
        _ => facts.set("conversation.topic", "{{answers.f0_0}}"),
    }
    facts
}

/// Presses all buttons; what was refused changes nothing. Gives the steps and where they led.
fn drive(
    script: &Script,
    document: &Json,
    presses: &[(u8, Vec<u8>)],
    known: &Facts,
) -> Result<(Vec<Step>, Run), TestCaseError> {
    let (mut run, mut steps) = (script.start(), Vec::new());
    for chosen in presses {
        if run.is_ended() {
            break;
        }
        match script.press(&run, &press(document, &run, chosen), known, None) {
            Ok(pressed) => {
                steps.push(pressed.step);
                run = pressed.run;
            }
            Err(Refusal::Values(problems)) => prop_assert!(!problems.is_empty()),
            Err(Refusal::NoWayBack) => prop_assert_eq!(run.trail().len(), 1),
            Err(other) => prop_assert!(false, "{}: {:?}", document, other),
        }
        let shown = script.show(&run, known, None);
        prop_assert_eq!(shown.is_none(), run.is_ended());
        prop_assert!(run.trail().iter().all(|id| script.document().page(id).is_some()));
        prop_assert!(run.page().is_none_or(|page| run.trail().last() == Some(&page)));
    }
    Ok((steps, run))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn runs_stay_on_declared_pages_and_are_the_same_when_replayed(document in scripts(), presses in presses(), seed in any::<u8>()) {
        let script = Script::parse(&document.to_string()).map_err(|problems| TestCaseError::fail(format!("{problems:#?}")))?;
        let (steps, run) = drive(&script, &document, &presses, &facts(seed))?;
        let replayed = script.replay(&steps);
        prop_assert_eq!(replayed.as_ref(), Ok(&run));
        // Stored and read again, by a script that was stored and read again.
        let stored = serde_json::to_string(&steps).expect("JSON");
        let stored: Vec<Step> = serde_json::from_str(&stored).expect("steps");
        let published = Script::parse(script.canonical()).expect("still good");
        prop_assert_eq!(published.digest(), script.digest());
        let replayed = published.replay(&stored);
        prop_assert_eq!(replayed.as_ref(), Ok(&run));
        // Some of the steps are a run as well.
        for count in 0..steps.len() {
            prop_assert!(script.replay(&steps[..count]).is_ok());
        }
    }

    /// Whatever is done to a document: it is judged, each problem has a place, and if it is let in its runs do not fail.
    #[test]
    fn mutilated_documents_are_judged(document in scripts(), cuts in prop::collection::vec((any::<usize>(), any::<u8>(), any::<usize>()), 1..4), presses in presses()) {
        let mut mutant = document;
        for (at, how, other) in cuts {
            mutilate(&mut mutant, at, how, other);
        }
        let source = serde_json::to_string_pretty(&mutant).expect("JSON");
        match Script::parse(&source) {
            Ok(script) => {
                let document: Json = serde_json::from_str(script.canonical()).expect("JSON");
                drive(&script, &document, &presses, &facts(1))?;
            }
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                for problem in problems {
                    let line = source.lines().nth(problem.place.line - 1);
                    prop_assert!(line.is_some_and(|line| problem.place.column <= line.chars().count() + 1), "{:?}", problem);
                }
            }
        }
    }

    #[test]
    fn any_text_is_judged(text in "\\PC{0,200}", cut in any::<usize>(), document in scripts()) {
        prop_assert!(!check(&text).is_empty());
        let source = document.to_string();
        let at = source.char_indices().map(|(at, _)| at).nth(cut % source.chars().count()).unwrap_or_default();
        prop_assert!(!check(&source[..at]).is_empty());
        let with = format!("{}{text}{}", &source[..at], &source[at..]);
        let _ = check(&with);
    }

    /// Rules made by chance, most of them nonsense: those that are let in do not fail, whatever is answered.
    #[test]
    fn rules_that_are_let_in_do_not_fail(rule in rules(), seeds in prop::collection::vec(prop::collection::vec(any::<u8>(), 6), 12), known in any::<u8>()) {
        let kinds = ["text", "number", "date", "choice", "multi_choice", "checkbox"];
        let fields: Fields = (0..6).map(|kind| (kind, kind % 2 == 0)).collect();
        let mut document = script(&[(fields, Vec::new()), (Vec::new(), Vec::new())]);
        // With everything asked for, more of them are let in.
        let asked = ["answers.f0_1", "answers.f0_3", "contact.name", "conversation.topic"].map(|name| format!("has({name})"));
        let mut facts = facts(known);
        let rule = if known > 127 { format!("{} && ({rule})", asked.join(" && ")) } else { rule };
        if known > 127 {
            facts.set("contact.name", "Ann");
            facts.set("conversation.topic", "a");
        }
        document["pages"][0]["buttons"][0]["rules"] = json!([{"when": rule, "page": "p0"}]);
        let Ok(script) = Script::parse(&document.to_string()) else { return Ok(()) };
        for seeds in seeds {
            let named = kinds.iter().zip(&seeds).enumerate();
            let values = named.filter_map(|(at, (kind, seed))| Some((format!("f0_{at}"), answer(kind, *seed)?))).collect();
            let press = Press { page: "p0".to_owned(), button: "next".to_owned(), values };
            let pressed = script.press(&script.start(), &press, &facts, None);
            prop_assert!(!matches!(pressed, Err(Refusal::Rule { .. })), "{}: {:?}", rule, pressed);
        }
    }
}

/// Expressions over everything that there is, of any types.
fn rules() -> impl Strategy<Value = String> {
    let leaves = prop::sample::select(vec![
        "answers.f0_0",
        "answers.f0_1",
        "answers.f0_2",
        "answers.f0_3",
        "answers.f0_4",
        "answers.f0_5",
        "contact.name",
        "conversation.topic",
        "today",
        "true",
        "false",
        "0",
        "1",
        "2.5",
        "0.0",
        "'a'",
        "'2026-01-31'",
        "has(answers.f0_1)",
        "has(answers.f0_3)",
        "has(answers.f0_5)",
        "has(contact.name)",
        "['a', 'b']",
        "[1.0]",
        "1e300",
        "9007199254740993",
    ]);
    leaves.prop_map(str::to_owned).prop_recursive(4, 24, 3, |inner| {
        let operators = prop::sample::select(vec!["&&", "||", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "in"]);
        prop_oneof![
            6 => (inner.clone(), operators, inner.clone()).prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
            1 => inner.clone().prop_map(|inner| format!("!{inner}")),
            1 => inner.clone().prop_map(|inner| format!("(-{inner})")),
            1 => inner.clone().prop_map(|inner| format!("size({inner})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(from, to)| format!("days({from}, {to})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(text, part)| format!("{text}.contains({part})")),
            1 => (inner.clone(), inner.clone(), inner).prop_map(|(when, yes, no)| format!("({when} ? {yes} : {no})")),
        ]
    })
}

fn nodes(json: &Json) -> usize {
    1 + match json {
        Json::Object(map) => map.values().map(nodes).sum(),
        Json::Array(list) => list.iter().map(nodes).sum::<usize>(),
        _ => 0,
    }
}

fn node(json: &mut Json, at: usize) -> Option<&mut Json> {
    if at == 0 {
        return Some(json);
    }
    let mut left = at - 1;
    let children: Box<dyn Iterator<Item = &mut Json>> = match json {
        Json::Object(map) => Box::new(map.values_mut()),
        Json::Array(list) => Box::new(list.iter_mut()),
        _ => return None,
    };
    for child in children {
        let count = nodes(child);
        if left < count {
            return node(child, left);
        }
        left -= count;
    }
    None
}

fn mutilate(document: &mut Json, at: usize, how: u8, other: usize) {
    let count = nodes(document);
    let copy = node(document, other % count).cloned().unwrap_or_default();
    let Some(target) = node(document, at % count) else {
        return;
    };
    match (how % 8, target) {
        (0, target) => *target = Json::Null,
        (1, target) => *target = copy,
        (2, Json::Object(map)) => {
            _ = map
                .keys()
                .nth(other % map.len().max(1))
                .cloned()
                .and_then(|name| map.remove(&name));
        }
        (2, Json::Array(list)) if !list.is_empty() => _ = list.remove(other % list.len()),
        (3, Json::Object(map)) => _ = map.insert("strange".to_owned(), copy),
        (3, Json::Array(list)) => list.push(copy),
        (4, Json::String(text)) => *text = text.chars().rev().collect(),
        (5, Json::String(text)) => text.push_str(["{{", "'", " && true", "_", "\u{0}"][other % 5]),
        (6, Json::Bool(value)) => *value = !*value,
        (7, Json::Array(list)) => list.reverse(),
        (_, target) => *target = json!([1e300, -1, "", {}, true])[other % 5].clone(),
    }
}
