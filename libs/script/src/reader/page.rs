//! A page, and its buttons.

use super::{
    field::field,
    json::{Fields, Node, Reader, line, lines},
};
use crate::{
    document::{Button, ButtonAction, Go, Item, Page, Rule},
    problem::Code,
};
use jsonc_parser::ast::Value as Json;

const ITEMS: usize = 50;
const BUTTONS: usize = 20;
const RULES: usize = 50;
const ACTIONS: usize = 3;
/// The longest title, label or note.
pub(super) const LABEL: usize = 200;
/// The longest paragraph.
const PARAGRAPH: usize = 4_000;
/// The longest rule.
const EXPRESSION: usize = 1_000;
/// The longest name of a queue or a wrap-up code.
const NAME: usize = 100;
/// The longest shortcut.
const SHORTCUT: usize = 20;

/// What cannot be read of it is empty.
pub(super) fn page(reader: &mut Reader, node: &Node<'_>) -> Page {
    let Some(fields) = reader.object(node, &["id", "start", "title", "items", "buttons"]) else {
        return Page {
            id: String::new(),
            start: false,
            title: Default::default(),
            items: Vec::new(),
            buttons: Vec::new(),
        };
    };
    Page {
        id: reader.id(&fields),
        start: reader.flag(&fields, "start"),
        title: reader.need_text(&fields, "title", line(LABEL)),
        items: items(reader, &fields),
        buttons: buttons(reader, &fields),
    }
}

fn items(reader: &mut Reader, fields: &Fields<'_>) -> Vec<Item> {
    let Some(node) = fields.have("items") else {
        return Vec::new();
    };
    let elements = reader.list(&node, "items", ITEMS);
    elements.iter().map(|element| item(reader, element)).collect()
}

/// An empty paragraph where it cannot be told what it is.
fn item(reader: &mut Reader, node: &Node<'_>) -> Item {
    let nothing = Item::Paragraph {
        text: Default::default(),
    };
    let Some(kind) = kind(reader, node) else { return nothing };
    match kind.as_str() {
        "paragraph" => paragraph(reader, node).unwrap_or(nothing),
        "response" => response(reader, node).unwrap_or(nothing),
        _ => field(reader, node, &kind).map_or(nothing, Item::Field),
    }
}

/// What an item or action says that it is.
fn kind(reader: &mut Reader, node: &Node<'_>) -> Option<String> {
    let fields = reader.map(node)?;
    let node = reader.need(&fields, "type")?;
    reader.string(&node, line(100))
}

fn paragraph(reader: &mut Reader, node: &Node<'_>) -> Option<Item> {
    let fields = reader.object(node, &["type", "text"])?;
    Some(Item::Paragraph {
        text: reader.need_text(&fields, "text", lines(PARAGRAPH)),
    })
}

fn response(reader: &mut Reader, node: &Node<'_>) -> Option<Item> {
    let fields = reader.object(node, &["type", "shortcut", "label"])?;
    Some(Item::Response {
        shortcut: need_line(reader, &fields, "shortcut", SHORTCUT),
        label: reader.have_text(&fields, "label", line(LABEL)),
    })
}

fn need_line(reader: &mut Reader, fields: &Fields<'_>, name: &str, most: usize) -> String {
    let node = reader.need(fields, name);
    node.and_then(|node| reader.string(&node, line(most)))
        .unwrap_or_default()
}

fn buttons(reader: &mut Reader, fields: &Fields<'_>) -> Vec<Button> {
    let Some(node) = reader.need(fields, "buttons") else {
        return Vec::new();
    };
    let elements = reader.list(&node, "buttons", BUTTONS);
    elements.iter().map(|element| button(reader, element)).collect()
}

fn button(reader: &mut Reader, node: &Node<'_>) -> Button {
    let known = ["id", "label", "go", "rules", "otherwise", "actions"];
    let Some(fields) = reader.object(node, &known) else {
        return Button {
            id: String::new(),
            label: Default::default(),
            go: Go::Stay,
            rules: Vec::new(),
            otherwise: None,
            actions: Vec::new(),
        };
    };
    let go = go(reader, &fields);
    let (rules, otherwise) = way(reader, &fields, go);
    Button {
        id: reader.id(&fields),
        label: reader.need_text(&fields, "label", line(LABEL)),
        go: go.unwrap_or(Go::Stay),
        rules,
        otherwise,
        actions: actions(reader, &fields),
    }
}

fn go(reader: &mut Reader, fields: &Fields<'_>) -> Option<Go> {
    let node = reader.need(fields, "go")?;
    let go = match reader.string(&node, line(100))?.as_str() {
        "next" => Go::Next,
        "back" => Go::Back,
        "end" => Go::End,
        "stay" => Go::Stay,
        _ => {
            reader.say(
                Code::ValueInvalid,
                &node.pointer,
                "A button goes next, back, end or stay.",
            );
            return None;
        }
    };
    Some(go)
}

/// The rules and what is if none holds; only buttons that go to the next page have them.
fn way(reader: &mut Reader, fields: &Fields<'_>, go: Option<Go>) -> (Vec<Rule>, Option<String>) {
    let is_next = go.is_none_or(|go| go == Go::Next);
    for node in ["rules", "otherwise"].iter().filter_map(|name| fields.have(name)) {
        if !is_next {
            let message = "Only a button with “go”: “next” has rules and otherwise.";
            reader.say(Code::ValueInvalid, &node.pointer, message);
        }
    }
    if go == Some(Go::Next) && fields.have("otherwise").is_none() {
        let message = "The button does not say which page is next when no rule holds; name it in “otherwise”.";
        reader.say(Code::OtherwiseMissing, &fields.pointer, message);
    }
    let otherwise = fields.have("otherwise");
    let otherwise = otherwise.and_then(|node| reader.string(&node, line(LABEL)));
    (rules(reader, fields), otherwise.filter(|_| is_next))
}

fn rules(reader: &mut Reader, fields: &Fields<'_>) -> Vec<Rule> {
    let Some(node) = fields.have("rules") else {
        return Vec::new();
    };
    let elements = reader.list(&node, "rules", RULES);
    elements.iter().map(|element| rule(reader, element)).collect()
}

fn rule(reader: &mut Reader, node: &Node<'_>) -> Rule {
    let Some(fields) = reader.object(node, &["when", "page"]) else {
        return Rule {
            when: String::new(),
            page: String::new(),
        };
    };
    let when = reader.need(&fields, "when");
    Rule {
        when: when
            .and_then(|node| reader.string(&node, lines(EXPRESSION)))
            .unwrap_or_default(),
        page: need_line(reader, &fields, "page", LABEL),
    }
}

fn actions(reader: &mut Reader, fields: &Fields<'_>) -> Vec<ButtonAction> {
    let Some(node) = fields.have("actions") else {
        return Vec::new();
    };
    let elements = reader.list(&node, "actions", ACTIONS);
    let mut actions: Vec<ButtonAction> = Vec::new();
    for element in &elements {
        let Some(action) = action(reader, element) else {
            continue;
        };
        if actions.iter().any(|other| other.kind() == action.kind()) {
            let message = format!("A button has one action of the type {} at most.", action.kind());
            reader.say(Code::ValueInvalid, &element.pointer, message);
        }
        actions.push(action);
    }
    actions
}

fn action(reader: &mut Reader, node: &Node<'_>) -> Option<ButtonAction> {
    let kind = kind(reader, node)?;
    let known: &[&str] = match kind.as_str() {
        "assistance" => &["type", "note"],
        "transfer" => &["type", "queue"],
        "wrap_up" => &["type", "code"],
        _ => {
            let message = "The type of an action is assistance, transfer or wrap_up.";
            reader.say(Code::ValueInvalid, &format!("{}/type", node.pointer), message);
            return None;
        }
    };
    let fields = reader.object(node, known)?;
    Some(match kind.as_str() {
        "assistance" => ButtonAction::Assistance {
            note: reader.have_text(&fields, "note", line(LABEL)),
        },
        "transfer" => ButtonAction::Transfer {
            queue: need_line(reader, &fields, "queue", NAME),
        },
        _ => ButtonAction::WrapUp {
            code: need_line(reader, &fields, "code", NAME),
        },
    })
}

/// Whether the value is an empty list.
pub(super) fn is_empty_list(node: &Node<'_>) -> bool {
    matches!(node.json, Json::Array(list) if list.elements.is_empty())
}
