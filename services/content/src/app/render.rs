//! Filling in a response.

use super::{
    Content,
    facts::{self, Told},
    name,
};
use crate::content::Response;
use crate::fields::{TEXT, too_long};
use crate::template::Template;
use onqueue_client::Behalf;
use onqueue_model::{Caller, ConversationId, Fault, Language, Reason, ResponseId};
use std::collections::{BTreeMap, BTreeSet};

/// What is to be filled in, and how.
#[derive(Clone, Debug)]
pub struct Render {
    pub response: ResponseId,
    /// The nearest variant is taken; the first for `None`.
    pub language: Option<Language>,
    /// Where it is to be sent; `None` for a preview.
    pub conversation: Option<ConversationId>,
    /// What goes before everything that is known.
    pub values: BTreeMap<String, String>,
}

/// A text that can be sent, and its language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub text: String,
    pub language: Language,
}

impl Content {
    /// The response with everything filled in. VARIABLE_MISSING if there is no value for something; NOT_FOUND if the
    /// conversation's queue does not allow it. Session is asked on behalf of the caller.
    pub async fn render(&self, caller: &Caller, behalf: Behalf, asked: Render) -> Result<Rendered, Fault> {
        let response = self.get_response(caller, asked.response).await?;
        let variant = response.content.nearest(asked.language.as_ref());
        let variant = variant.ok_or_else(|| Fault::internal("a response without a text"))?;
        let template = Template::parse(&variant.text).map_err(Fault::internal)?;
        let names = template.names();
        let mut values = asked.values;
        values.retain(|_, value| !value.trim().is_empty());
        if let Some(name) = name(caller) {
            add(&mut values, "AGENT_NAME", &name);
            if asked.conversation.is_none() {
                add(&mut values, "AGENT_ALIAS", &name);
            }
        }
        let is_open = |name: &&str| names.contains(name) && !values.contains_key(*name);
        let mut unasked = None;
        if let Some(conversation) = asked.conversation {
            match facts::of_conversation(&self.0.session, behalf, conversation, caller.user()).await {
                Ok(told) => {
                    allow(&told, &response)?;
                    told.values
                        .iter()
                        .for_each(|(name, value)| add(&mut values, name, value));
                }
                // What it would have said is perhaps not needed; nor can anybody send the text while it is away.
                Err(fault) if fault.reason == Reason::Unavailable && !facts::NAMES.iter().any(is_open) => {
                    unasked = Some(fault);
                }
                Err(fault) => return Err(fault),
            }
        }
        add_defaults(&mut values, caller, &response);
        // What is missing, the conversation may have.
        let text = fill(&template, &values).map_err(|fault| match unasked {
            Some(unasked) if fault.reason == Reason::VariableMissing => unasked,
            _ => fault,
        })?;
        Ok(Rendered {
            text,
            language: variant.language.clone(),
        })
    }
}

/// Whether the conversation's queue allows a library that the response is in; NOT_FOUND otherwise.
fn allow(told: &Told, response: &Response) -> Result<(), Fault> {
    let mut libraries = response.content.libraries.iter();
    let is_allowed = libraries.any(|library| told.allowed.libraries.has(library));
    is_allowed.then_some(()).ok_or_else(|| Fault::not_found("response"))
}

fn add(values: &mut BTreeMap<String, String>, name: &str, value: &str) {
    values.entry(name.to_owned()).or_insert_with(|| value.to_owned());
}

/// An agent who does not take part under another name has the one they log in with.
fn add_defaults(values: &mut BTreeMap<String, String>, caller: &Caller, response: &Response) {
    if let Some(name) = name(caller) {
        add(values, "AGENT_ALIAS", &name);
    }
    let declared = response.content.substitutions.iter();
    for substitution in declared.filter(|substitution| !substitution.default_value.is_empty()) {
        add(values, &substitution.name, &substitution.default_value);
    }
}

fn fill(template: &Template<'_>, values: &BTreeMap<String, String>) -> Result<String, Fault> {
    let text = template.fill(values).map_err(missing)?;
    if text.chars().count() > TEXT {
        return Err(too_long("with these values the text has").with("field", "values"));
    }
    Ok(text)
}

fn missing(names: BTreeSet<&str>) -> Fault {
    let names = names.into_iter().collect::<Vec<_>>().join(",");
    let message = format!("give a value for {}", names.replace(',', ", "));
    Fault::new(Reason::VariableMissing, message).with("variables", names)
}
