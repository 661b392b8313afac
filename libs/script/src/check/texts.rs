//! Texts: whether each is in every language, and what they name.

use crate::{
    document::{ButtonAction, ChoiceOption, Document, Field, FieldKind, Item, Text},
    expression::unknown,
    problem::{Code, Finding},
    template::{self, Part},
    variables::Variables,
};

/// A text and where it is.
struct Placed<'d> {
    pointer: String,
    text: &'d Text,
}

fn texts(document: &Document) -> Vec<Placed<'_>> {
    let mut all = vec![Placed {
        pointer: "/name".to_owned(),
        text: &document.name,
    }];
    optional(&mut all, "/description", document.description.as_ref());
    all.extend(filled_in(document));
    for (page, it) in document.pages.iter().enumerate() {
        for (item, it) in it.fields_with_places() {
            let at = format!("/pages/{page}/items/{item}");
            all.extend(options(it, &at));
        }
        for (button, it) in it.buttons.iter().enumerate() {
            let at = format!("/pages/{page}/buttons/{button}");
            all.push(placed(&at, "label", &it.label));
            for (action, it) in it.actions.iter().enumerate() {
                if let ButtonAction::Assistance { note } = it {
                    optional(&mut all, &format!("{at}/actions/{action}/note"), note.as_ref());
                }
            }
        }
    }
    all
}

/// Those that may name variables: titles, paragraphs, labels and hints of fields, labels of responses.
fn filled_in(document: &Document) -> Vec<Placed<'_>> {
    let mut all = Vec::new();
    for (page, it) in document.pages.iter().enumerate() {
        let at = format!("/pages/{page}");
        all.push(placed(&at, "title", &it.title));
        for (item, it) in it.items.iter().enumerate() {
            let at = format!("{at}/items/{item}");
            match it {
                Item::Paragraph { text } => all.push(placed(&at, "text", text)),
                Item::Response { label, .. } => optional(&mut all, &format!("{at}/label"), label.as_ref()),
                Item::Field(field) => {
                    all.push(placed(&at, "label", &field.label));
                    optional(&mut all, &format!("{at}/hint"), field.hint.as_ref());
                }
            }
        }
    }
    all
}

fn placed<'d>(at: &str, name: &str, text: &'d Text) -> Placed<'d> {
    let pointer = format!("{at}/{name}");
    Placed { pointer, text }
}

fn optional<'d>(all: &mut Vec<Placed<'d>>, pointer: &str, text: Option<&'d Text>) {
    let pointer = pointer.to_owned();
    all.extend(text.map(|text| Placed { pointer, text }));
}

fn options<'d>(field: &'d Field, at: &str) -> Vec<Placed<'d>> {
    let options: &[ChoiceOption] = match &field.kind {
        FieldKind::Choice { options } | FieldKind::MultiChoice { options, .. } => options,
        _ => &[],
    };
    let labels = options.iter().enumerate();
    labels
        .map(|(index, option)| placed(&format!("{at}/options/{index}"), "label", &option.label))
        .collect()
}

/// Languages that are missing, and such as are not declared.
pub(super) fn translations(document: &Document) -> Vec<Finding> {
    let mut found = Vec::new();
    for Placed { pointer, text } in texts(document) {
        for language in document
            .languages
            .iter()
            .filter(|language| !text.0.contains_key(*language))
        {
            let message = format!("The text is not there in {language}.");
            found.push(Finding::new(Code::TranslationMissing, &pointer, message));
        }
        for language in text.0.keys().filter(|language| !document.languages.contains(language)) {
            let message = format!("{language} is not one of the languages that the script declares.");
            found.push(Finding::new(
                Code::LanguageUndeclared,
                format!("{pointer}/{language}"),
                message,
            ));
        }
    }
    found
}

/// What is no substitution, and what substitutions name that nobody declares.
pub(super) fn substitutions(document: &Document, variables: &Variables) -> Vec<Finding> {
    let mut found = Vec::new();
    for Placed { pointer, text } in filled_in(document) {
        for (language, text) in &text.0 {
            let at = format!("{pointer}/{language}");
            match template::parse(text) {
                Ok(parts) => found.extend(strange(&parts, &at, variables)),
                Err(message) => found.push(Finding::new(Code::SubstitutionInvalid, at, message)),
            }
        }
    }
    found
}

fn strange(parts: &[Part<'_>], at: &str, variables: &Variables) -> Vec<Finding> {
    let names = parts.iter().filter_map(|part| match part {
        Part::Value { name, .. } => Some(*name),
        Part::Text(_) => None,
    });
    names
        .filter(|name| !variables.is_for_texts(name))
        .map(|name| Finding::new(Code::VariableUnknown, at, unknown(name, variables)))
        .collect()
}
