//! A list of objects.

use super::{Draft, Headings, Lines, Problems, wrong};
use crate::content::Response;
use crate::mistake::Mistake;
use onqueue_model::Fault;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::Value;

/// What may be missing around objects.
const LIST: (Mistake, &str) = (Mistake::ListExpected, "a list, which begins with [,");
const OBJECT: (Mistake, &str) = (Mistake::ObjectExpected, "an object");
const COMMA: (Mistake, &str) = (Mistake::CommaExpected, "a comma or the end of the list, ],");
const END: (Mistake, &str) = (Mistake::EndExpected, "nothing");

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    shortcut: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    substitutions: Vec<Place>,
    texts: Vec<Text>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    default: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    language: String,
    text: String,
}

/// The responses of a list. Notes which of its objects cannot be read; answers what makes it no list.
pub fn read(list: &str, problems: &mut Problems) -> Result<(Headings, Vec<Draft>), Problems> {
    let lines = Lines::of(list.as_bytes());
    let mut drafts = Vec::new();
    for (begin, object) in objects(list, &lines)? {
        let line = lines.at(begin);
        let mut reader = serde_json::Deserializer::from_str(object);
        match serde_path_to_error::deserialize::<_, Entry>(&mut reader) {
            Ok(entry) => drafts.push(draft(line, entry)),
            Err(error) => {
                let path = Some(error.path().to_string()).filter(|path| path != ".");
                let fault = refusal(error.inner());
                problems.add(line_of(line, error.inner()), (path.unwrap_or_default(), 0), fault);
                drafts.extend(partial(line, object));
            }
        }
    }
    Ok((Headings::Json, drafts))
}

/// In the file, of what is wrong in something that begins in that line.
fn line_of(begin: u64, error: &serde_json::Error) -> u64 {
    begin + (error.line() as u64).saturating_sub(1)
}

/// Of what is no JSON, or no response.
fn refusal(error: &serde_json::Error) -> Fault {
    let message = without_place(error);
    let quoted = |start: &str| message.strip_prefix(start)?.split('`').next();
    if !error.is_data() {
        return wrong(Mistake::JsonMalformed, message);
    }
    if let Some(name) = quoted("unknown field `") {
        return wrong(Mistake::FieldUnknown, &message).with("name", name);
    }
    match quoted("missing field `") {
        Some(name) => wrong(Mistake::FieldMissing, &message).with("name", name),
        None => wrong(Mistake::Kind, message),
    }
}

/// What is wrong, without saying where it is in what was read.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ")
        .map_or(text.clone(), |(what, _)| what.to_owned())
}

/// Each object with the place where it begins.
fn objects<'t>(list: &'t str, lines: &Lines) -> Result<Vec<(usize, &'t str)>, Problems> {
    let unexpected = |at: usize, (mistake, wanted): (Mistake, &str)| {
        Problems::one(lines.at(at), wrong(mistake, format!("{wanted} is expected here")))
    };
    let (mut found, mut at) = (Vec::new(), skip(list, 0));
    if !list[at..].starts_with('[') {
        return Err(unexpected(at, LIST));
    }
    at = skip(list, at + 1);
    if list[at..].starts_with(']') {
        return the_end(list, at + 1).map(|()| found).map_err(|at| unexpected(at, END));
    }
    loop {
        let mut values = serde_json::Deserializer::from_str(&list[at..]).into_iter::<IgnoredAny>();
        match values.next() {
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                let line = line_of(lines.at(at), &error);
                return Err(Problems::one(line, refusal(&error)));
            }
            None => return Err(unexpected(at, OBJECT)),
        }
        let end = at + values.byte_offset();
        found.push((at, &list[at..end]));
        at = skip(list, end);
        match list.as_bytes().get(at) {
            Some(b',') => at = skip(list, at + 1),
            Some(b']') => {
                return the_end(list, at + 1).map(|()| found).map_err(|at| unexpected(at, END));
            }
            _ => return Err(unexpected(at, COMMA)),
        }
    }
}

/// Whether nothing follows; or where something does.
fn the_end(list: &str, at: usize) -> Result<(), usize> {
    let at = skip(list, at);
    if at == list.len() { Ok(()) } else { Err(at) }
}

/// Where something stands next.
fn skip(list: &str, at: usize) -> usize {
    let space = list.as_bytes()[at..]
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    at + space.count()
}

fn draft(line: u64, entry: Entry) -> Draft {
    let place = |place: Place| [place.name, place.description, place.default];
    Draft {
        line,
        name: entry.name,
        shortcut: entry.shortcut,
        tags: entry.tags,
        substitutions: entry.substitutions.into_iter().map(place).collect(),
        texts: entry.texts.into_iter().map(|text| (text.language, text.text)).collect(),
        is_partial: false,
    }
}

/// Of an object that is no response, which one it is about; `None` if that cannot be told.
fn partial(line: u64, object: &str) -> Option<Draft> {
    let fields: Value = serde_json::from_str(object).ok()?;
    let text = |name| fields.get(name).map_or(Some(""), Value::as_str).map(str::to_owned);
    Some(Draft {
        line,
        name: text("name").unwrap_or_default(),
        shortcut: text("shortcut")?,
        is_partial: true,
        ..Draft::default()
    })
}

/// The list, a line for each thing in it.
pub fn write(responses: &[Response]) -> Result<Vec<u8>, Fault> {
    let entries: Vec<Entry> = responses.iter().map(entry).collect();
    let mut list = serde_json::to_vec_pretty(&entries).map_err(Fault::internal)?;
    list.push(b'\n');
    Ok(list)
}

fn entry(response: &Response) -> Entry {
    let content = &response.content;
    let substitutions = content.substitutions.iter().map(|substitution| Place {
        name: substitution.name.clone(),
        description: substitution.description.clone(),
        default: substitution.default_value.clone(),
    });
    let texts = content.variants.iter().map(|variant| Text {
        language: variant.language.to_string(),
        text: variant.text.clone(),
    });
    Entry {
        name: content.name.clone(),
        shortcut: content.shortcut.clone(),
        tags: content.tags.clone(),
        substitutions: substitutions.collect(),
        texts: texts.collect(),
    }
}
