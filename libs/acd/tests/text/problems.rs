//! Each mistake is one line that says where it is and what to do.

use onqueue_acd::text::parse;

const BEGINNING: &str = r#"{"queues":{"q":{}},"agents":[{"id":"a","queues":[{"id":"q"}]}]}"#;

fn said(text: &str) -> String {
    parse(text).expect_err(text).to_string()
}

/// Mistakes of the first line.
const FIRST: &[(&str, &str)] = &[
    (
        "",
        "line 1: a log begins with its queues, agents and settings: put {\"queues\":{…},\"agents\":[…],\"settings\":{…}} here",
    ),
    (
        r#"{"t":1,"command":"tick"}"#,
        "line 1: a log begins with its queues, agents and settings: put {\"queues\":{…},\"agents\":[…],\"settings\":{…}} here",
    ),
    ("hello", "line 1: a line must be one JSON object: begin it with {"),
    (
        r#"{"queues":{"#,
        "line 1, column 11, queues: EOF while parsing an object: a line must be one JSON object",
    ),
    (
        r#"{"queues":{"q":{"evalution":"x"}}}"#,
        "line 1, column 27, queues.q.evalution: unknown field `evalution`: did you mean `evaluation`?",
    ),
    (
        r#"{"queues":{"q":{"evaluation":"best"}}}"#,
        "line 1, column 35, queues.q.evaluation: unknown value `best`: take one of all_skills, best_skills, disregard",
    ),
    (
        r#"{"queues":{"q":{"id":"q"}}}"#,
        "line 1, queues.q.id: here a queue's id stands before it: remove this",
    ),
    (
        r#"{"queues":{"q":{"rings":[{}]}}}"#,
        "line 1, queues.q.rings: it belongs to another method: say \"method\":\"bullseye\", or remove it",
    ),
    (
        r#"{"queues":{"q":{},"q":{}}}"#,
        "line 1, column 25, queues: `q` is given twice: keep one",
    ),
    (
        r#"{"agents":[{"id":"a"},{"id":"a"}]}"#,
        "line 1, agents[1]: `a` is given twice: keep one",
    ),
    (
        r#"{"agents":[{"id":"a","skills":{"x":5.5}}]}"#,
        "line 1, column 39, agents[0].skills.x: expected a number from 0 to 5 with at most 2 decimals, found 5.5",
    ),
    (
        r#"{"agents":[{"id":"a","queues":[{"id":"q","ring":7}]}]}"#,
        "line 1, column 50, agents[0].queues[0].ring: expected a whole number from 1 to 6, found 7",
    ),
    (
        r#"{"agents":[{"id":"a","queues":[{"id":"q"},{"id":"q"}]}]}"#,
        "line 1, agents[0].queues[1]: `q` is given twice: keep one",
    ),
    (
        r#"{"agents":[{"id":"a","utilization":{"chats":{}}}]}"#,
        "line 1, column 43, agents[0].utilization.chats: unknown field `chats`: did you mean `chat`?",
    ),
];

#[test]
fn in_the_first_line() {
    for (line, expected) in FIRST {
        assert_eq!(said(line), *expected);
    }
}

/// Mistakes of a further line.
const FURTHER: &[(&str, &str)] = &[
    ("", "line 2: this line is empty: remove it"),
    (r#"["t"]"#, "line 2: a line must be one JSON object: begin it with {"),
    (
        r#"{"t":1,"command":"tick"} x"#,
        "line 2, column 26: trailing characters: a line must be one JSON object",
    ),
    (
        r#"{"t":1,"command":"enque"}"#,
        "line 2, command: unknown command `enque`: did you mean `enqueue`?",
    ),
    (r#"{"t":1}"#, "line 2, column 7: `command` is missing: add it"),
    (r#"{"command":"tick"}"#, "line 2, column 18: `t` is missing: add it"),
    (
        r#"{"t":1.5,"command":"tick"}"#,
        "line 2, column 8, t: expected a whole number from 0 to 253402300799999, found 1.5",
    ),
    (
        r#"{"t":1,"t":2,"command":"tick"}"#,
        "line 2, column 10: `t` is given twice: keep one",
    ),
    (
        r#"{"t":1,"command":"tick","agent":"x"}"#,
        "line 2, column 31: unknown field `agent`: nothing is taken here, remove it",
    ),
    (
        r#"{"t":1,"command":"enqueue","interaction":"i"}"#,
        "line 2, column 45: `queue` is missing: add it",
    ),
    (
        r#"{"t":1,"command":"enqueue","interaction":"i","queue":7}"#,
        "line 2, column 54, queue: invalid type: integer `7`, expected a string",
    ),
    (
        r#"{"t":1,"command":"enqueue","interaction":"i","queue":"q","skils":[]}"#,
        "line 2, column 64: unknown field `skils`: did you mean `skills`?",
    ),
    (
        r#"{"t":1,"command":"enqueue","interaction":"i","queue":"q","skills":["a","a"]}"#,
        "line 2, skills[1]: `a` is given twice: keep one",
    ),
    (
        r#"{"t":1,"command":"enqueue","interaction":"i","queue":"q","language":"d"}"#,
        "line 2, column 72, language: expected a language such as \"de\" or \"de-AT\", found \"d\"",
    ),
    (
        r#"{"t":1,"command":"accept","agent":"a"}"#,
        "line 2, interaction: `interaction` is missing: add it, or the offer's id as `offer`",
    ),
    (
        r#"{"t":1,"command":"upsert_queue","queue":"q"}"#,
        "line 2, column 43, queue: invalid type: string \"q\", expected an object",
    ),
    (
        r#"{"t":1,"command":"upsert_queue","queue":{}}"#,
        "line 2, queue: `id` is missing: add it",
    ),
    (
        r#"{"t":1,"command":"configure","settings":{"auto_accept":true}}"#,
        "line 2, settings.auto_accept: it belongs to the first line alone: set the queues' auto_answer",
    ),
];

#[test]
fn in_a_further_line() {
    for (line, expected) in FURTHER {
        assert_eq!(
            said(&format!("{BEGINNING}\n{line}\n{{\"t\":1,\"command\":\"tick\"}}")),
            *expected
        );
    }
}

#[test]
fn in_bytes_that_are_no_text() {
    let problem = parse(b"{}\n\xff").expect_err("no text");
    assert_eq!(problem.to_string(), "line 2: this is not UTF-8: save the file as UTF-8");
}

#[test]
fn endings_of_lines_and_a_mark_at_the_beginning_do_not_matter() {
    let text = format!("\u{feff}{BEGINNING}\r\n{{\"t\":1,\"command\":\"tick\"}}\r\n\r\n");
    assert_eq!(parse(text).map(|log| log.entries.len()), Ok(1));
}

/// References to what nobody knows are for the engine to refuse.
#[test]
fn unknown_agents_and_queues_are_no_problem() {
    let text = format!("{BEGINNING}\n{{\"t\":1,\"command\":\"join_queue\",\"agent\":\"x\",\"queue\":\"y\"}}");
    assert!(parse(text).is_ok());
}
