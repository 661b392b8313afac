//! The examples that ship with the documentation, its guide, and the published schema.

use boon::{Compiler, Schemas};
use onqueue_script::{Code, Script, check};
use serde_json::{Value as Json, json};
use std::{fs, path::PathBuf};

fn docs() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// The examples by the names of their files.
fn examples() -> Vec<(String, String)> {
    let folder = docs().join("examples/scripts");
    let entries = fs::read_dir(&folder).expect("the folder of examples");
    let mut found: Vec<(String, String)> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a text"))
        })
        .collect();
    found.sort();
    assert!(found.len() >= 3, "{found:?}");
    found
}

fn validator() -> (Schemas, boon::SchemaIndex) {
    let text = fs::read_to_string(docs().join("script.schema.json")).expect("the schema");
    let schema: Json = serde_json::from_str(&text).expect("JSON");
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler
        .add_resource("file:///script.schema.json", schema)
        .expect("a schema");
    let index = compiler
        .compile("file:///script.schema.json", &mut schemas)
        .expect("a schema");
    (schemas, index)
}

#[test]
fn nothing_is_wrong_with_the_examples() {
    for (name, source) in examples() {
        assert_eq!(check(&source), [], "{name}");
        let script = Script::parse(&source).expect("good");
        let tags: Vec<&str> = script.document().languages.iter().map(|it| it.as_str()).collect();
        assert_eq!(tags, ["en", "de"], "{name}");
    }
}

#[test]
fn the_examples_are_as_the_schema_says() {
    let (schemas, index) = validator();
    for (name, source) in examples() {
        let document: Json = serde_json::from_str(&source).expect("JSON");
        if let Err(error) = schemas.validate(&document, index) {
            panic!("{name}: {error:#}");
        }
        // What is written of it again is the same format.
        let script = Script::parse(&source).expect("good");
        let canonical: Json = serde_json::from_str(script.canonical()).expect("JSON");
        assert!(schemas.validate(&canonical, index).is_ok(), "{name}");
    }
}

/// What only the shape of a document says, schema and checker agree upon: whatever is taken out of an example, put in, or
/// made of another type, either both refuse or neither does.
#[test]
fn the_schema_and_the_checker_agree_about_shapes() {
    let (schemas, index) = validator();
    let (mut refused, mut let_in) = (0, 0);
    for (name, source) in examples() {
        let document: Json = serde_json::from_str(&source).expect("JSON");
        for pointer in pointers(&document) {
            for change in [Change::Remove, Change::Add, Change::Null, Change::Type] {
                let Some(changed) = changed(&document, &pointer, change) else {
                    continue;
                };
                let found = check(&changed.to_string());
                let by_checker = found.iter().any(|problem| is_of_shape(problem.code));
                let by_schema = schemas.validate(&changed, index).is_err();
                assert_eq!(by_checker, by_schema, "{name}: {change:?} at {pointer}: {found:#?}");
                *(if by_schema { &mut refused } else { &mut let_in }) += 1;
            }
        }
    }
    assert!(refused > 1_000 && let_in > 100, "{refused} refused, {let_in} let in");
}

/// Whether it is about what the schema knows of too.
fn is_of_shape(code: Code) -> bool {
    matches!(
        code,
        Code::FieldUnknown
            | Code::FieldMissing
            | Code::TypeWrong
            | Code::ValueInvalid
            | Code::FormatUnknown
            | Code::IdInvalid
            | Code::LanguageInvalid
            | Code::OtherwiseMissing
    )
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Remove,
    Add,
    Null,
    Type,
}

fn pointers(json: &Json) -> Vec<String> {
    let escaped = |name: &String| name.replace('~', "~0").replace('/', "~1");
    let below = |name: String, json: &Json| {
        let deeper = pointers(json).into_iter().map(|pointer| format!("/{name}{pointer}"));
        deeper.collect::<Vec<_>>()
    };
    let inner: Vec<String> = match json {
        Json::Object(map) => map.iter().flat_map(|(name, json)| below(escaped(name), json)).collect(),
        Json::Array(list) => list
            .iter()
            .enumerate()
            .flat_map(|(at, json)| below(at.to_string(), json))
            .collect(),
        _ => Vec::new(),
    };
    std::iter::once(String::new()).chain(inner).collect()
}

fn changed(document: &Json, pointer: &str, change: Change) -> Option<Json> {
    let mut document = document.clone();
    match change {
        Change::Remove => {
            let (above, name) = pointer.rsplit_once('/')?;
            document.pointer_mut(above)?.as_object_mut()?.remove(name)?;
        }
        Change::Add => {
            let map = document.pointer_mut(pointer)?.as_object_mut()?;
            map.insert("strange-one_".to_owned(), json!("x"));
        }
        Change::Null => *document.pointer_mut(pointer)? = Json::Null,
        Change::Type => {
            let value = document.pointer_mut(pointer)?;
            *value = match value {
                Json::String(_) => json!(1),
                _ => json!("text"),
            };
        }
    }
    Some(document)
}

/// Blocks of JSON in the guide, in order.
fn blocks(guide: &str) -> Vec<&str> {
    let starts = guide.split("```json\n").skip(1);
    starts.filter_map(|rest| rest.split("```").next()).collect()
}

/// What the guide builds is what it says, step by step.
#[test]
fn the_guide_builds_a_script_from_nothing() {
    let guide = fs::read_to_string(docs().join("guides/scripts.md")).expect("the guide");
    let blocks = blocks(&guide);
    let read = |text: &str| serde_json::from_str::<Json>(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let codes = |document: &Json| {
        check(&document.to_string())
            .into_iter()
            .map(|it| it.code)
            .collect::<Vec<_>>()
    };
    let mut script = read(blocks[0]);
    assert_eq!(codes(&script), [], "the smallest");
    script["pages"][0]["items"]
        .as_array_mut()
        .expect("items")
        .push(read(blocks[2]));
    assert_eq!(codes(&script), [], "a question");
    script["pages"][0]["buttons"][0] = read(blocks[3]);
    let more = read(&format!("[{}]", blocks[4]));
    script["pages"]
        .as_array_mut()
        .expect("pages")
        .extend(more.as_array().expect("pages").iter().cloned());
    let mut found = codes(&script);
    found.sort();
    assert_eq!(found, [Code::PageUnknown, Code::ValueMayBeMissing], "branching");
    script["pages"][1]["buttons"][1]["rules"][0] = read(blocks[5]);
    assert_eq!(codes(&script), [], "branching, put right");
    let mut finished = script.clone();
    let actions = read(&format!("{{{}}}", blocks[6]));
    script["pages"][2]["buttons"][0]["actions"] = actions["actions"].clone();
    finished["pages"][2]["buttons"][0]["actions"] = json!([actions["actions"][2]]);
    let in_folder = fs::read_to_string(docs().join("examples/scripts/hello.json")).expect("the finished script");
    assert_eq!(in_english(&read(&in_folder)), finished, "the finished script");
    script["contact_fields"] = read(&format!("{{{}}}", blocks[7]))["contact_fields"].clone();
    script["pages"][1]["items"][0]["contact"] = json!("fields.customer_number");
    assert_eq!(codes(&script), [], "actions and contact");
    script["languages"] = json!(["en", "de"]);
    let found = codes(&script);
    assert!(
        found.len() > 10 && found.iter().all(|code| *code == Code::TranslationMissing),
        "{found:?}"
    );
}

/// The document without its German.
fn in_english(json: &Json) -> Json {
    match json {
        Json::Object(map) => {
            let kept = map.iter().filter(|(name, _)| *name != "de");
            kept.map(|(name, json)| (name.clone(), in_english(json))).collect()
        }
        Json::Array(list) => list.iter().filter(|json| **json != "de").map(in_english).collect(),
        other => other.clone(),
    }
}

#[test]
fn the_guide_explains_every_kind_of_problem() {
    let guide = fs::read_to_string(docs().join("guides/scripts.md")).expect("the guide");
    let (_, table) = guide.split_once("## What can be wrong").expect("the table");
    let mut known: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .flat_map(|codes| codes.split(", "))
        .filter(|code| code.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    let mut expected: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    expected.sort_unstable();
    known.sort_unstable();
    assert_eq!(known, expected);
}
