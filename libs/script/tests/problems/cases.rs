//! A document with which nothing is wrong, and all the ways to spoil it.

use onqueue_script::Code;
use serde_json::{Value as Json, json};

/// A script of two pages in which nothing is wrong.
pub fn good() -> Json {
    json!({
        "format": 1,
        "name": {"en": "Name", "de": "Name"},
        "languages": ["en", "de"],
        "default_language": "en",
        "contact_fields": {"number": "text", "vip": "boolean"},
        "attributes": ["order"],
        "pages": [
            {
                "id": "first",
                "start": true,
                "title": {"en": "First", "de": "Erste"},
                "items": [
                    {"type": "paragraph", "text": {"en": "Hello {{contact.name|you}}", "de": "Hallo"}},
                    {"type": "text", "id": "customer", "label": {"en": "Who?", "de": "Wer?"}, "contact": "fields.number"},
                    {"type": "choice", "id": "why", "label": {"en": "Why?", "de": "Warum?"}, "options": [
                        {"id": "a", "label": {"en": "A", "de": "A"}},
                        {"id": "b", "label": {"en": "B", "de": "B"}}
                    ]}
                ],
                "buttons": [
                    {"id": "next", "label": {"en": "Next", "de": "Weiter"}, "go": "next",
                     "rules": [{"when": "has(answers.why) && answers.why == 'a'", "page": "second"}],
                     "otherwise": "second"}
                ]
            },
            {
                "id": "second",
                "title": {"en": "Second", "de": "Zweite"},
                "buttons": [
                    {"id": "back", "label": {"en": "Back", "de": "Zurück"}, "go": "back"},
                    {"id": "end", "label": {"en": "End", "de": "Ende"}, "go": "end",
                     "actions": [{"type": "wrap_up", "code": "Solved"}]}
                ]
            }
        ]
    })
}

/// With a value put in, or taken away.
pub fn with(pointer: &str, value: Json) -> Json {
    let mut document = good();
    let (above, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = document.pointer_mut(above).unwrap_or_else(|| panic!("{above}"));
    match (parent, value) {
        (Json::Object(map), Json::Null) => _ = map.remove(name),
        (Json::Object(map), value) => _ = map.insert(name.to_owned(), value),
        (Json::Array(list), Json::Null) => _ = list.remove(name.parse().expect("an index")),
        (Json::Array(list), value) => match name.parse::<usize>().expect("an index") {
            index if index < list.len() => list[index] = value,
            _ => list.push(value),
        },
        (parent, _) => panic!("{parent}"),
    }
    document
}

const PAGE: &str = "/pages/0";
pub const TEXT: &str = "/pages/0/items/1";
const CHOICE: &str = "/pages/0/items/2";
pub const NEXT: &str = "/pages/0/buttons/0";

/// What is changed, what is wrong then, and where.
#[allow(clippy::too_many_lines)]
pub fn cases() -> Vec<(String, Json, Code, String)> {
    let mut cases = Vec::new();
    let mut case = |pointer: &str, value: Json, code: Code, at: &str| {
        cases.push((pointer.to_owned(), value, code, at.to_owned()));
    };
    let both = |text: &str| json!({"en": text, "de": text});
    // Its shape.
    case("/colour", json!("red"), Code::FieldUnknown, "/colour");
    case(
        "/pages/0/items/1/labels",
        json!({}),
        Code::FieldUnknown,
        "/pages/0/items/1/labels",
    );
    case(
        "/pages/0/buttons/0/a~1b",
        json!(1),
        Code::FieldUnknown,
        "/pages/0/buttons/0/a~01b",
    );
    case("/name", Json::Null, Code::FieldMissing, "/name");
    case(
        &format!("{CHOICE}/options"),
        Json::Null,
        Code::FieldMissing,
        &format!("{CHOICE}/options"),
    );
    case(
        &format!("{NEXT}/rules/0/when"),
        Json::Null,
        Code::FieldMissing,
        &format!("{NEXT}/rules/0/when"),
    );
    case("/pages", json!({}), Code::TypeWrong, "/pages");
    case(PAGE, json!("page"), Code::TypeWrong, PAGE);
    case(
        &format!("{TEXT}/required"),
        json!("yes"),
        Code::TypeWrong,
        &format!("{TEXT}/required"),
    );
    case(
        &format!("{TEXT}/label"),
        json!("Who?"),
        Code::TypeWrong,
        &format!("{TEXT}/label"),
    );
    case(
        &format!("{TEXT}/type"),
        json!("slider"),
        Code::ValueInvalid,
        &format!("{TEXT}/type"),
    );
    case(
        &format!("{TEXT}/max_length"),
        json!(0),
        Code::ValueInvalid,
        &format!("{TEXT}/max_length"),
    );
    case(
        &format!("{TEXT}/max_length"),
        json!(1.5),
        Code::ValueInvalid,
        &format!("{TEXT}/max_length"),
    );
    case(
        &format!("{TEXT}/label/en"),
        json!(" "),
        Code::ValueInvalid,
        &format!("{TEXT}/label/en"),
    );
    case(
        &format!("{TEXT}/label/en"),
        json!("a\u{7}"),
        Code::ValueInvalid,
        &format!("{TEXT}/label/en"),
    );
    case(
        &format!("{NEXT}/go"),
        json!("away"),
        Code::ValueInvalid,
        &format!("{NEXT}/go"),
    );
    case(
        "/pages/1/buttons/1/otherwise",
        json!("first"),
        Code::ValueInvalid,
        "/pages/1/buttons/1/otherwise",
    );
    case(
        "/pages/1/buttons/1/actions/0/type",
        json!("dance"),
        Code::ValueInvalid,
        "/pages/1/buttons/1/actions/0/type",
    );
    let twice = json!({"type": "wrap_up", "code": "Other"});
    case(
        "/pages/1/buttons/1/actions/1",
        twice,
        Code::ValueInvalid,
        "/pages/1/buttons/1/actions/1",
    );
    let number = json!({"type": "number", "id": "n", "label": both("N"), "min": 2, "max": 1});
    case(
        &format!("{PAGE}/items/3"),
        number,
        Code::ValueInvalid,
        &format!("{PAGE}/items/3"),
    );
    let date = json!({"type": "date", "id": "d", "label": both("D"), "earliest": "2026-02-30"});
    case(
        &format!("{PAGE}/items/3"),
        date,
        Code::ValueInvalid,
        &format!("{PAGE}/items/3/earliest"),
    );
    case(
        "/contact_fields/number",
        json!("colour"),
        Code::ValueInvalid,
        "/contact_fields/number",
    );
    case("/languages", json!([]), Code::ValueInvalid, "/languages");
    case("/format", json!(2), Code::FormatUnknown, "/format");
    case("/format", Json::Null, Code::FieldMissing, "/format");
    // Sizes.
    case("/name/en", json!("x".repeat(101)), Code::TooLarge, "/name/en");
    case(
        "/pages/0/items/0/text/de",
        json!("ä".repeat(4_001)),
        Code::TooLarge,
        "/pages/0/items/0/text/de",
    );
    case(
        &format!("{NEXT}/rules/0/when"),
        json!("a".repeat(1_001)),
        Code::TooLarge,
        &format!("{NEXT}/rules/0/when"),
    );
    case(
        &format!("{NEXT}/rules/0/when"),
        json!("(".repeat(500)),
        Code::TooLarge,
        &format!("{NEXT}/rules/0/when"),
    );
    case(
        "/pages/0/items",
        json!(vec![json!({"type": "paragraph", "text": both("x")}); 51]),
        Code::TooLarge,
        "/pages/0/items",
    );
    // Ids and languages.
    case("/pages/1/id", json!("Second Page"), Code::IdInvalid, "/pages/1/id");
    case(
        &format!("{TEXT}/id"),
        json!("in"),
        Code::IdInvalid,
        &format!("{TEXT}/id"),
    );
    case("/attributes/0", json!("order-number"), Code::IdInvalid, "/attributes/0");
    case("/pages/1/id", json!("first"), Code::IdTwice, "/pages/1/id");
    case(
        &format!("{CHOICE}/id"),
        json!("customer"),
        Code::IdTwice,
        &format!("{CHOICE}/id"),
    );
    case(
        "/pages/1/buttons/1/id",
        json!("back"),
        Code::IdTwice,
        "/pages/1/buttons/1/id",
    );
    case("/languages/1", json!("deutsch!"), Code::LanguageInvalid, "/languages/1");
    case("/name/x_y", json!("Nom"), Code::LanguageInvalid, "/name/x_y");
    case("/name/fr", json!("Nom"), Code::LanguageUndeclared, "/name/fr");
    case(
        "/default_language",
        json!("fr"),
        Code::LanguageUndeclared,
        "/default_language",
    );
    case("/name/de", Json::Null, Code::TranslationMissing, "/name");
    case(
        &format!("{CHOICE}/options/1/label/en"),
        Json::Null,
        Code::TranslationMissing,
        &format!("{CHOICE}/options/1/label"),
    );
    // Ways.
    case("/pages/0/start", Json::Null, Code::StartMissing, "/pages");
    case("/pages/1/start", json!(true), Code::StartTwice, "/pages/1/start");
    case(
        &format!("{NEXT}/otherwise"),
        json!("third"),
        Code::PageUnknown,
        &format!("{NEXT}/otherwise"),
    );
    case(
        &format!("{NEXT}/rules/0/page"),
        json!("third"),
        Code::PageUnknown,
        &format!("{NEXT}/rules/0/page"),
    );
    let alone =
        json!({"id": "alone", "title": both("Alone"), "buttons": [{"id": "end", "label": both("End"), "go": "end"}]});
    case("/pages/2", alone, Code::PageUnreachable, "/pages/2");
    case("/pages/1/buttons/1/go", json!("stay"), Code::DeadEnd, "/pages/0");
    case("/pages/1/buttons", json!([]), Code::DeadEnd, "/pages/1");
    case(&format!("{NEXT}/otherwise"), Json::Null, Code::OtherwiseMissing, NEXT);
    // Choices and contacts.
    case(
        &format!("{CHOICE}/options"),
        json!([]),
        Code::ChoiceInvalid,
        &format!("{CHOICE}/options"),
    );
    case(
        &format!("{CHOICE}/options/1/id"),
        json!("a"),
        Code::ChoiceInvalid,
        &format!("{CHOICE}/options/1"),
    );
    let many = json!({"type": "multi_choice", "id": "m", "label": both("M"), "at_most": 2, "options": [{"id": "a", "label": both("A")}]});
    case(
        &format!("{PAGE}/items/3"),
        many,
        Code::ChoiceInvalid,
        &format!("{PAGE}/items/3/at_most"),
    );
    case(
        &format!("{TEXT}/contact"),
        json!("fields.other"),
        Code::ContactInvalid,
        &format!("{TEXT}/contact"),
    );
    case(
        &format!("{TEXT}/contact"),
        json!("fields.vip"),
        Code::ContactInvalid,
        &format!("{TEXT}/contact"),
    );
    case(
        &format!("{TEXT}/contact"),
        json!("address"),
        Code::ContactInvalid,
        &format!("{TEXT}/contact"),
    );
    case(
        &format!("{CHOICE}/contact"),
        json!("language"),
        Code::ContactInvalid,
        &format!("{CHOICE}/contact"),
    );
    case(
        &format!("{CHOICE}/contact"),
        json!("fields.number"),
        Code::ContactInvalid,
        &format!("{CHOICE}/contact"),
    );
    // Texts and rules.
    case(
        "/pages/0/items/0/text/de",
        json!("Hallo {{contact.name"),
        Code::SubstitutionInvalid,
        "/pages/0/items/0/text/de",
    );
    case(
        "/pages/0/items/0/text/de",
        json!("{{answers.nobody}}"),
        Code::VariableUnknown,
        "/pages/0/items/0/text/de",
    );
    let rule = format!("{NEXT}/rules/0/when");
    for (text, code) in [
        ("answers.whi == 'a'", Code::VariableUnknown),
        ("answers.why == 'a'", Code::ValueMayBeMissing),
        ("has(answers.why) && answers.why == 'c'", Code::ChoiceInvalid),
        ("has(answers.why) &&", Code::ExpressionInvalid),
        ("has(answers.customer) && answers.customer > 3", Code::ExpressionType),
        ("size('abc')", Code::ExpressionNotBoolean),
    ] {
        case(&rule, json!(text), code, &rule);
    }
    cases
}
