//! Scripts and runs as clients get them.

use crate::app::View;
use crate::script::{ContactWrite, RunState, Script, Taken, Version, WriteState};
use onqueue_model::{Language, ResponseId};
use onqueue_proto::content::v1::{self as proto, script_action, script_item, script_value};
use onqueue_proto::timestamp;
use onqueue_script::{
    Action, Field, FieldKind, Go, Mention, MentionKind, Problem, Shown, ShownButton, ShownField, ShownItem, Value, Went,
};
use std::collections::BTreeMap;

/// Responses by their shortcuts.
type Offered = BTreeMap<String, ResponseId>;

pub fn script(script: Script) -> proto::Script {
    let content = script.content;
    proto::Script {
        script_id: script.id.to_string(),
        etag: script.revision.to_string(),
        name: content.name,
        description: content.description,
        division_id: content.division.to_string(),
        document: content.document,
        published_version: script.version,
        published_at: script.published_at.map(timestamp),
        draft_differs: script.version == 0 || script.draft_digest != script.digest,
        created_at: Some(timestamp(script.created_at)),
        updated_at: Some(timestamp(script.updated_at)),
    }
}

pub fn version(version: Version) -> proto::ScriptVersion {
    proto::ScriptVersion {
        script_id: version.script.to_string(),
        version: version.number,
        digest: version.digest,
        document: version.document,
        published_at: Some(timestamp(version.at)),
        published_by: version.by,
    }
}

pub fn problem(problem: Problem) -> proto::ScriptProblem {
    let place = problem.place;
    let number = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    proto::ScriptProblem {
        code: problem.code.as_str().to_owned(),
        message: problem.message,
        pointer: place.pointer,
        page_id: place.page,
        item_id: place.item,
        line: number(place.line),
        column: number(place.column),
    }
}

/// What a document names, and whether that is known to be missing.
pub fn mention((mention, is_missing): (Mention, bool)) -> proto::ScriptMention {
    let place = mention.place;
    let number = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let kind = match mention.kind {
        MentionKind::Queue => proto::ScriptMentionKind::Queue,
        MentionKind::WrapUpCode => proto::ScriptMentionKind::WrapUpCode,
        MentionKind::Response => proto::ScriptMentionKind::Response,
        MentionKind::ContactField => proto::ScriptMentionKind::ContactField,
    };
    proto::ScriptMention {
        kind: kind.into(),
        name: mention.name,
        pointer: place.pointer,
        page_id: place.page,
        item_id: place.item,
        line: number(place.line),
        column: number(place.column),
        is_missing,
    }
}

/// A run with the responses that its page offers.
pub fn run(view: &View, offered: &Offered) -> proto::ScriptRun {
    let run = &view.run;
    let state = match run.state {
        RunState::Open => proto::ScriptRunState::Open,
        RunState::Completed => proto::ScriptRunState::Completed,
        RunState::Ended => proto::ScriptRunState::Ended,
    };
    proto::ScriptRun {
        run_id: run.id.to_string(),
        conversation_id: run.conversation.to_string(),
        opening: run.opening,
        script_id: run.script.to_string(),
        script_name: script_name(view),
        version: run.version,
        state: state.into(),
        step: run.step,
        page: view.page.as_ref().map(|page| shown(page, offered)),
        steps: view.steps.iter().map(|taken| step(view, taken)).collect(),
        started_at: Some(timestamp(run.started_at)),
        started_by_user_id: run.started_by.to_string(),
        ended_at: run.ended_at.map(timestamp),
        erased_at: run.erased_at.map(timestamp),
        may_submit: view.may_submit,
        ended_by_user_id: run.ended_by.map(|user| user.to_string()).unwrap_or_default(),
    }
}

/// As the document has it in the language that was asked for; a name that was given by hand stays.
fn script_name(view: &View) -> String {
    let (document, given) = (view.script.document(), &view.run.script_name);
    match document.name.0.values().any(|own| own == given) {
        true => {
            let name = document
                .name
                .nearest(view.language.as_ref(), &document.default_language);
            name.to_owned()
        }
        false => given.clone(),
    }
}

fn step(view: &View, taken: &Taken) -> proto::ScriptStep {
    let (kind, next) = match &taken.step.went {
        Went::Page { page } => (proto::ScriptStepKind::Next, page.clone()),
        Went::Back => (proto::ScriptStepKind::Back, String::new()),
        Went::Stay => (proto::ScriptStepKind::Stay, String::new()),
        Went::End => (proto::ScriptStepKind::End, String::new()),
    };
    let writes = view.writes.iter().filter(|write| write.step == taken.number);
    proto::ScriptStep {
        number: taken.number,
        kind: kind.into(),
        page_id: taken.step.page.clone(),
        page_title: title(view, &taken.step.page),
        button_id: taken.step.button.clone(),
        answers: answers(view, taken),
        at: Some(timestamp(taken.at)),
        user_id: taken.user.to_string(),
        user_name: taken.user_name.clone(),
        version: taken.version,
        next_page_id: next,
        contact_writes: writes.map(write).collect(),
    }
}

fn title(view: &View, page: &str) -> String {
    let document = view.script.document();
    let page = document.page(page);
    let title = page.map(|page| page.title.nearest(view.language.as_ref(), &document.default_language));
    title.unwrap_or_default().to_owned()
}

/// In the order in which they were asked for.
fn answers(view: &View, taken: &Taken) -> Vec<proto::ScriptAnswer> {
    let document = view.script.document();
    let mut values: Vec<_> = taken.step.values.iter().collect();
    values.sort_by_key(|(id, _)| document.fields().position(|field| field.id == **id));
    values
        .into_iter()
        .map(|(field, value)| answer(view, field, value))
        .collect()
}

fn answer(view: &View, id: &str, given: &Value) -> proto::ScriptAnswer {
    let (document, language) = (view.script.document(), view.language.as_ref());
    let field = document.fields().find(|field| field.id == id);
    let label = field.map(|field| field.label.nearest(language, &document.default_language));
    proto::ScriptAnswer {
        field_id: id.to_owned(),
        value: Some(value(given)),
        label: label.unwrap_or_default().to_owned(),
        shown: readable(field, given, (language, &document.default_language)),
    }
}

/// As people read it: the labels of options.
fn readable(field: Option<&Field>, value: &Value, (language, default): (Option<&Language>, &Language)) -> String {
    let options = match field.map(|field| &field.kind) {
        Some(FieldKind::Choice { options } | FieldKind::MultiChoice { options, .. }) => &options[..],
        _ => &[],
    };
    let label = |id: &String| {
        let option = options.iter().find(|option| option.id == *id);
        option.map_or_else(
            || id.clone(),
            |option| option.label.nearest(language, default).to_owned(),
        )
    };
    match value {
        Value::Boolean(is_so) => if *is_so { "✓" } else { "✗" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => label(text),
        Value::Many(ids) => ids.iter().map(label).collect::<Vec<_>>().join(", "),
    }
}

fn write(write: &ContactWrite) -> proto::ContactWrite {
    let state = match write.state {
        WriteState::Written => proto::ContactWriteState::Written,
        WriteState::NoContact => proto::ContactWriteState::NoContact,
        WriteState::Pending => proto::ContactWriteState::Pending,
        WriteState::Refused => proto::ContactWriteState::Refused,
    };
    proto::ContactWrite {
        contact_field: write.key.clone(),
        state: state.into(),
        reason: write.reason.clone(),
    }
}

fn value(value: &Value) -> proto::ScriptValue {
    let value = match value.clone() {
        Value::Text(text) => script_value::Value::Text(text),
        Value::Number(number) => script_value::Value::Number(number),
        Value::Boolean(is_so) => script_value::Value::Boolean(is_so),
        Value::Many(ids) => script_value::Value::Many(proto::ScriptOptions { ids }),
    };
    proto::ScriptValue { value: Some(value) }
}

fn shown(page: &Shown, offered: &Offered) -> proto::ScriptPage {
    proto::ScriptPage {
        page_id: page.page.clone(),
        language: page.language.to_string(),
        title: page.title.clone(),
        items: page.items.iter().map(|one| item(one, offered)).collect(),
        buttons: page.buttons.iter().map(button).collect(),
        missing: page.missing.clone(),
    }
}

fn item(item: &ShownItem, offered: &Offered) -> proto::ScriptItem {
    let item = match item {
        ShownItem::Paragraph { text } => script_item::Item::Paragraph(text.clone()),
        ShownItem::Field(one) => script_item::Item::Field(field(one)),
        ShownItem::Response { shortcut, label } => script_item::Item::Response(proto::ScriptResponseOffer {
            shortcut: shortcut.clone(),
            label: label.clone(),
            response_id: offered.get(shortcut).map(ToString::to_string).unwrap_or_default(),
        }),
    };
    proto::ScriptItem { item: Some(item) }
}

fn field(field: &ShownField) -> proto::ScriptField {
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let options = field.options.iter().map(|option| proto::ScriptOption {
        option_id: option.id.clone(),
        label: option.label.clone(),
    });
    proto::ScriptField {
        field_id: field.id.clone(),
        r#type: field_type(field.kind).into(),
        label: field.label.clone(),
        hint: field.hint.clone(),
        required: field.required,
        value: field.value.as_ref().map(value),
        contact_field: field.contact.clone(),
        max_length: field.max_length.map(count),
        multiline: field.multiline,
        min: field.min,
        max: field.max,
        whole: field.whole,
        earliest: field.earliest.map(|day| day.to_string()).unwrap_or_default(),
        latest: field.latest.map(|day| day.to_string()).unwrap_or_default(),
        options: options.collect(),
        at_most: field.at_most.map(count),
    }
}

/// By the word that documents have for it.
fn field_type(word: &str) -> proto::ScriptFieldType {
    match word {
        "text" => proto::ScriptFieldType::Text,
        "number" => proto::ScriptFieldType::Number,
        "date" => proto::ScriptFieldType::Date,
        "choice" => proto::ScriptFieldType::Choice,
        "multi_choice" => proto::ScriptFieldType::MultiChoice,
        "checkbox" => proto::ScriptFieldType::Checkbox,
        _ => proto::ScriptFieldType::Unspecified,
    }
}

fn button(button: &ShownButton) -> proto::ScriptButton {
    let kind = match button.go {
        Go::Next => proto::ScriptStepKind::Next,
        Go::Back => proto::ScriptStepKind::Back,
        Go::Stay => proto::ScriptStepKind::Stay,
        Go::End => proto::ScriptStepKind::End,
    };
    proto::ScriptButton {
        button_id: button.id.clone(),
        label: button.label.clone(),
        kind: kind.into(),
        available: button.available,
        actions: button.actions.iter().map(action).collect(),
    }
}

fn action(action: &Action) -> proto::ScriptAction {
    let action = match action.clone() {
        Action::Assistance { note } => script_action::Action::Assistance(proto::ScriptAssistance {
            note: note.unwrap_or_default(),
        }),
        Action::Transfer { queue } => script_action::Action::Transfer(proto::ScriptTransfer { queue_name: queue }),
        Action::WrapUp { code } => script_action::Action::WrapUp(proto::ScriptWrapUp {
            wrap_up_code_name: code,
        }),
    };
    proto::ScriptAction { action: Some(action) }
}
