//! Whether a document can be used, and all that is wrong with it.

mod contact;
mod graph;
mod identity;
mod rules;
mod texts;

use crate::{
    document::Document,
    expression::Expression,
    mention::{self, Mention},
    problem::{Code, Finding, Place, Problem},
    reader,
    script::Script,
    variables::Variables,
};
use graph::Graph;
use jsonc_parser::ast::Value as Json;

/// The longest document, in bytes.
pub const MAX_BYTES: usize = 60_000;

/// More problems than anybody reads at once.
const MOST_PROBLEMS: usize = 200;

/// Rules by page, button, and their order.
pub(crate) type Rules = Vec<Vec<Vec<Expression>>>;

/// What a document without problems is made of.
pub(crate) struct Checked {
    pub document: Document,
    pub variables: Variables,
    pub rules: Rules,
    /// The index of the page where runs begin.
    pub start: usize,
    /// What is named outside the document, in the order of the text.
    pub mentions: Vec<Mention>,
}

/// All that is wrong with the text of a script, in the order of the text; nothing if it can be used. Of more than 200
/// problems the first 200.
pub fn check(source: &str) -> Vec<Problem> {
    Script::parse(source).err().unwrap_or_default()
}

pub(crate) fn checked(source: &str) -> Result<Checked, Vec<Problem>> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    if source.len() > MAX_BYTES {
        let message = format!(
            "The document has {} bytes; at most {MAX_BYTES} are allowed.",
            source.len()
        );
        return Err(vec![whole(Code::TooLarge, message, (1, 1))]);
    }
    let json = reader::parse(source).map_err(|no_json| {
        let at = reader::line_and_column(source, no_json.at);
        vec![whole(Code::JsonInvalid, no_json.message, at)]
    })?;
    let judged = judge(&json).map_err(|mut findings| {
        findings.truncate(MOST_PROBLEMS);
        reader::locate(source, &json, findings)
    })?;
    let mentions = reader::locate_mentions(source, &json, mention::named(&judged.document));
    Ok(Checked { mentions, ..judged })
}

/// The problem of a document of so many bytes.
pub(crate) fn too_large(bytes: usize) -> Problem {
    let message = format!("The document has {bytes} bytes or more; at most {MAX_BYTES} are allowed.");
    whole(Code::TooLarge, message, (1, 1))
}

/// The problem of a file that is UTF-8 only up to a byte.
pub(crate) fn no_utf8(bytes: &[u8], upto: usize) -> Problem {
    let good = std::str::from_utf8(&bytes[..upto]).unwrap_or_default();
    let message = "This is no JSON: its text is not in UTF-8 from here on.".to_owned();
    whole(Code::JsonInvalid, message, reader::line_and_column(good, upto))
}

fn whole(code: Code, message: String, (line, column): (usize, usize)) -> Problem {
    Problem {
        code,
        place: Place {
            line,
            column,
            ..Place::default()
        },
        message,
    }
}

fn judge(json: &Json<'_>) -> Result<Checked, Vec<Finding>> {
    let reader::Read { document, findings } = reader::read(json);
    let mut unread = Unread(findings);
    let Some(document) = document else { return Err(unread.0) };
    let variables = Variables::of(&document);
    let graph = Graph::of(&document);
    let (rules, flaws) = rules::compile(&document, &variables, &graph);
    let mut found = identity::findings(&document);
    if unread.leaves_pages_known() {
        found.extend(identity::starts(&document));
    }
    found.extend(graph.targets());
    if unread.leaves_ways_known() {
        found.extend(graph.findings());
    }
    if !unread.is_below("/languages") {
        found.extend(texts::translations(&document));
    }
    found.extend(texts::substitutions(&document, &variables));
    found.extend(contact::findings(&document));
    found.extend(flaws);
    unread.add(found);
    match (unread.0.is_empty(), graph.start) {
        (true, Some(start)) => Ok(Checked {
            document,
            variables,
            rules,
            start,
            mentions: Vec::new(),
        }),
        _ => Err(unread.0),
    }
}

/// What could not be read. Of such a place nothing more is said.
struct Unread(Vec<Finding>);

impl Unread {
    fn is_below(&self, pointer: &str) -> bool {
        self.0.iter().any(|finding| leads_to(pointer, &finding.pointer))
    }

    /// Whether which pages there are is known, and which is the start.
    fn leaves_pages_known(&self) -> bool {
        !self.has(|steps| matches!(steps, ["pages"] | ["pages", _] | ["pages", _, "start"]))
    }

    /// Whether pages, and where their buttons lead, are all known.
    fn leaves_ways_known(&self) -> bool {
        let is_of_ways = |steps: &[&str]| {
            matches!(
                steps,
                ["pages", _, "id"]
                    | ["pages", _, "buttons"]
                    | ["pages", _, "buttons", _]
                    | ["pages", _, "buttons", _, "go" | "rules" | "otherwise", ..]
            )
        };
        self.leaves_pages_known() && !self.has(is_of_ways)
    }

    fn has(&self, is_such: impl Fn(&[&str]) -> bool) -> bool {
        self.0.iter().any(|finding| {
            let steps: Vec<&str> = finding.pointer.split('/').skip(1).collect();
            is_such(&steps)
        })
    }

    fn add(&mut self, found: Vec<Finding>) {
        // Of what is of no known type nothing is known.
        let above = |known: &Finding| known.pointer.strip_suffix("/type").unwrap_or(&known.pointer).to_owned();
        let unread: Vec<String> = self.0.iter().map(above).collect();
        let is_new = |finding: &Finding| !unread.iter().any(|known| leads_to(known, &finding.pointer));
        let new: Vec<Finding> = found.into_iter().filter(is_new).collect();
        self.0.extend(new);
    }
}

/// Whether the second pointer is the first or below it.
fn leads_to(above: &str, pointer: &str) -> bool {
    !above.is_empty()
        && pointer
            .strip_prefix(above)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
