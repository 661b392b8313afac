//! A field, and what may be answered.

use super::{
    json::{Fields, Node, Reader, line},
    page::{LABEL, is_empty_list},
};
use crate::{
    document::{ChoiceOption, Field, FieldKind},
    problem::Code,
};

const HINT: usize = 500;
const OPTIONS: usize = 100;
/// The longest answer to a text field, in characters.
const ANSWER: usize = 10_000;
const OPTION: usize = 100;

const COMMON: [&str; 6] = ["type", "id", "label", "hint", "required", "contact"];

/// `None` if it cannot be told what it is.
pub(super) fn field(reader: &mut Reader, node: &Node<'_>, kind: &str) -> Option<Field> {
    let own: &[&str] = match kind {
        "text" => &["max_length", "multiline"],
        "number" => &["min", "max", "whole"],
        "date" => &["earliest", "latest"],
        "choice" => &["options"],
        "multi_choice" => &["options", "at_most"],
        "checkbox" => &[],
        _ => {
            let message =
                "The type of an item is paragraph, response, text, number, date, choice, multi_choice or checkbox.";
            reader.say(Code::ValueInvalid, &format!("{}/type", node.pointer), message);
            return None;
        }
    };
    let known: Vec<&str> = COMMON.iter().chain(own).copied().collect();
    let fields = reader.object(node, &known)?;
    Some(Field {
        id: reader.id(&fields),
        label: reader.need_text(&fields, "label", line(LABEL)),
        hint: reader.have_text(&fields, "hint", line(HINT)),
        required: reader.flag(&fields, "required"),
        contact: contact(reader, &fields),
        kind: kind_of(reader, &fields, kind),
    })
}

fn contact(reader: &mut Reader, fields: &Fields<'_>) -> Option<String> {
    let node = fields.have("contact")?;
    reader.string(&node, line(LABEL))
}

fn kind_of(reader: &mut Reader, fields: &Fields<'_>, kind: &str) -> FieldKind {
    match kind {
        "text" => FieldKind::Text {
            max_length: reader.have_count(fields, "max_length", 1, ANSWER),
            multiline: reader.flag(fields, "multiline"),
        },
        "number" => number(reader, fields),
        "date" => date(reader, fields),
        "choice" => FieldKind::Choice {
            options: options(reader, fields),
        },
        "multi_choice" => multi_choice(reader, fields),
        _ => FieldKind::Checkbox,
    }
}

fn number(reader: &mut Reader, fields: &Fields<'_>) -> FieldKind {
    let mut bound = |name| fields.have(name).and_then(|node| reader.number(&node));
    let (min, max) = (bound("min"), bound("max"));
    let whole = reader.flag(fields, "whole");
    if min.zip(max).is_some_and(|(min, max)| min > max) {
        let message = "No number is between “min” and “max”.";
        reader.say(Code::ValueInvalid, &fields.pointer, message);
    }
    FieldKind::Number { min, max, whole }
}

fn date(reader: &mut Reader, fields: &Fields<'_>) -> FieldKind {
    let (earliest, latest) = (reader.have_date(fields, "earliest"), reader.have_date(fields, "latest"));
    if earliest.zip(latest).is_some_and(|(earliest, latest)| earliest > latest) {
        let message = "No day is between “earliest” and “latest”.";
        reader.say(Code::ValueInvalid, &fields.pointer, message);
    }
    FieldKind::Date { earliest, latest }
}

fn multi_choice(reader: &mut Reader, fields: &Fields<'_>) -> FieldKind {
    let options = options(reader, fields);
    let at_most = reader.have_count(fields, "at_most", 1, OPTIONS);
    if at_most.is_some_and(|most| most > options.len()) {
        let message = format!("There are only {} options.", options.len());
        reader.say(Code::ChoiceInvalid, &format!("{}/at_most", fields.pointer), message);
    }
    FieldKind::MultiChoice { options, at_most }
}

fn options(reader: &mut Reader, fields: &Fields<'_>) -> Vec<ChoiceOption> {
    let Some(node) = reader.need(fields, "options") else {
        return Vec::new();
    };
    if is_empty_list(&node) {
        reader.say(Code::ChoiceInvalid, &node.pointer, "There is nothing to choose.");
    }
    let mut options: Vec<ChoiceOption> = Vec::new();
    for element in reader.list(&node, "options", OPTIONS) {
        let Some(option) = option(reader, &element) else {
            continue;
        };
        if options.iter().any(|other| other.id == option.id) {
            let message = format!("The option “{}” is here twice.", option.id);
            reader.say(Code::ChoiceInvalid, &element.pointer, message);
        }
        options.push(option);
    }
    options
}

fn option(reader: &mut Reader, node: &Node<'_>) -> Option<ChoiceOption> {
    let fields = reader.object(node, &["id", "label"])?;
    let id = reader.need(&fields, "id");
    let id = id.and_then(|node| reader.string(&node, line(OPTION)));
    let label = reader.need_text(&fields, "label", line(LABEL));
    Some(ChoiceOption { id: id?, label })
}
