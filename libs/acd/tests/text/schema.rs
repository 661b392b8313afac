//! The published JSON Schema and the reader agree.

use super::{docs, examples};
use boon::{Compiler, SchemaIndex, Schemas};
use onqueue_acd::text::{COMMANDS, lines, parse};
use serde_json::Value;
use std::fs;

struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Schema {
    fn published() -> Self {
        let text = fs::read_to_string(docs().join("routing-log.schema.json")).expect("the schema");
        let document: Value = serde_json::from_str(&text).expect("the schema is JSON");
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        let place = "file:///routing-log.schema.json";
        compiler.add_resource(place, document).expect("the schema's place");
        let index = compiler.compile(place, &mut schemas).expect("the schema is one");
        Self { schemas, index }
    }

    fn refuses(&self, line: &str) -> Option<String> {
        let line: Value = serde_json::from_str(line).expect("the line is JSON");
        let checked = self.schemas.validate(&line, self.index);
        checked.err().map(|error| error.to_string())
    }
}

#[test]
fn every_line_of_the_examples_keeps_to_the_schema() {
    let schema = Schema::published();
    for example in examples() {
        for (line, number) in example.text.lines().zip(1..) {
            assert_eq!(schema.refuses(line), None, "{} line {number}", example.name);
        }
    }
}

#[test]
fn what_is_written_keeps_to_the_schema() {
    let schema = Schema::published();
    for example in examples() {
        let log = parse(&example.text).expect("an example");
        for (line, number) in lines(&log).zip(1..) {
            assert_eq!(schema.refuses(&line), None, "{} line {number}: {line}", example.name);
        }
    }
}

#[test]
fn the_schema_and_the_page_name_every_command() {
    let schema = fs::read_to_string(docs().join("routing-log.schema.json")).expect("the schema");
    let page = fs::read_to_string(docs().join("routing-log.md")).expect("the page");
    for command in COMMANDS {
        assert!(
            schema.contains(&format!("\"const\": \"{command}\"")),
            "{command} in the schema"
        );
        assert!(page.contains(&format!("`{command}`")), "{command} in the page");
    }
}

/// A further field in any object whose names are not data, for which the schema says so.
#[test]
fn schema_and_reader_refuse_what_neither_knows() {
    let schema = Schema::published();
    for example in examples() {
        for (place, line) in example.text.lines().enumerate() {
            let further = format!("{{\"nonsense\":1,{}", line.trim_start_matches('{'));
            assert!(schema.refuses(&further).is_some(), "{further}");
            let mut lines: Vec<&str> = example.text.lines().collect();
            lines[place] = &further;
            let problem = parse(lines.join("\n")).expect_err("nonsense");
            assert_eq!(problem.line, place + 1, "{problem}");
        }
    }
}

/// First lines, and whether they are good.
const FIRST: &[(&str, bool)] = &[
    (
        r#"{"queues":{"q":{"method":"bullseye","rings":[{},{},{},{},{},{}]}}}"#,
        true,
    ),
    (
        r#"{"queues":{"q":{"method":"bullseye","rings":[{},{},{},{},{},{},{}]}}}"#,
        false,
    ),
    (r#"{"queues":{"q":{"alerting_timeout_ms":0}}}"#, false),
    (
        r#"{"queues":{"q":{"after_contact_work":{"mode":"mandatory_timeout","timeout_ms":3600000}}}}"#,
        true,
    ),
    (
        r#"{"queues":{"q":{"after_contact_work":{"mode":"mandatory_timeout","timeout_ms":999}}}}"#,
        false,
    ),
    (
        r#"{"queues":{"q":{"alerting_timeout_ms_by_medium":{"fax":9000}}}}"#,
        false,
    ),
    (r#"{"agents":[{"id":"a","skills":{"x":5}}]}"#, true),
    (r#"{"agents":[{"id":"a","skills":{"x":5.01}}]}"#, false),
    (r#"{"agents":[{"id":"a","skills":{"":1}}]}"#, false),
    (r#"{"agents":[{"id":"a","languages":{"deutschland":1}}]}"#, false),
    (
        r#"{"agents":[{"id":"a","utilization":{"chat":{"maximum":26}}}]}"#,
        false,
    ),
    (r#"{"agents":[{"id":"a","queues":[{"id":"q","ring":0}]}]}"#, false),
    (r#"{"agents":[{"queues":[]}]}"#, false),
    (r#"{"settings":{"top_n":null}}"#, true),
    (r#"{"settings":{"top_n":0}}"#, false),
];

/// Further lines, and whether they are good.
const FURTHER: &[(&str, bool)] = &[
    (
        r#"{"t":0,"command":"set_priority","interaction":"i","priority":-25000000}"#,
        true,
    ),
    (
        r#"{"t":0,"command":"set_priority","interaction":"i","priority":-25000001}"#,
        false,
    ),
    (
        r#"{"t":0,"command":"enqueue","interaction":"i","queue":"q","preferred":[{"agent":"a","score":101}]}"#,
        false,
    ),
    (
        r#"{"t":0,"command":"enqueue","interaction":"i","queue":"q","language":null}"#,
        true,
    ),
    (r#"{"t":0,"command":"enqueue","interaction":"i","queue":""}"#, false),
    (r#"{"t":0,"command":"accept","agent":"a"}"#, false),
    (r#"{"t":0,"command":"accept","agent":"a","interaction":"i"}"#, true),
    (
        r#"{"t":0,"command":"observe_metric","queue":"q","service_level":100.5}"#,
        false,
    ),
    (
        r#"{"t":0,"command":"configure","settings":{"auto_accept":true}}"#,
        false,
    ),
    (r#"{"t":0,"command":"upsert_queue","queue":{}}"#, false),
    (r#"{"t":-1,"command":"tick"}"#, false),
    (r#"{"t":0,"command":"tock"}"#, false),
];

#[test]
fn schema_and_reader_draw_the_same_limits() {
    let schema = Schema::published();
    for (line, good) in FIRST {
        assert_eq!(schema.refuses(line).is_none(), *good, "schema: {line}");
        assert_eq!(parse(line).is_ok(), *good, "reader: {line}");
    }
    for (line, good) in FURTHER {
        assert_eq!(schema.refuses(line).is_none(), *good, "schema: {line}");
        assert_eq!(parse(format!("{{}}\n{line}")).is_ok(), *good, "reader: {line}");
    }
}
