//! What clients send of scripts and runs, into types that cannot be wrong.

use crate::app::{Glance, ScriptChange, Submission};
use crate::script::{ScriptContent, check_draft};
use onqueue_model::{Fault, Language};
use onqueue_proto::content::v1::{self as proto, script_value};
use onqueue_script::Value;
use onqueue_server::resource::{Mask, Once, description, division, given, id, name};

/// Of a page's or button's id, in bytes.
const NAME: usize = 100;

/// As many fields as a page may have.
const ANSWERS: usize = 100;

/// As many options as a field may have.
const OPTIONS: usize = 100;

/// Everything that is set about a script.
pub fn content(script: &proto::Script) -> Result<ScriptContent, Fault> {
    Ok(ScriptContent {
        name: name("script.name", &script.name)?,
        description: description("script.description", &script.description)?,
        division: division("script.division_id", &script.division_id)?,
        document: document(&script.document)?,
    })
}

/// What is to be changed about a script.
pub fn change(asked: &proto::UpdateScriptRequest) -> Result<ScriptChange, Fault> {
    const FIELDS: [&str; 4] = ["name", "description", "division_id", "document"];
    let script = given("script", asked.script.as_ref())?;
    let mask = Mask::of(asked.update_mask.as_ref(), &FIELDS)?;
    let named = |field: &str| mask.has(field).then_some(script);
    Ok(ScriptChange {
        name: named("name").map(|new| name("script.name", &new.name)).transpose()?,
        description: named("description")
            .map(|new| description("script.description", &new.description))
            .transpose()?,
        division: named("division_id")
            .map(|new| division("script.division_id", &new.division_id))
            .transpose()?,
        document: named("document").map(|new| document(&new.document)).transpose()?,
    })
}

fn document(text: &str) -> Result<String, Fault> {
    check_draft("script.document", text)?;
    Ok(text.to_owned())
}

/// How somebody looks at a run.
pub fn glance(language: &str, utc_offset_minutes: i32) -> Result<Glance, Fault> {
    if !(-840..=840).contains(&utc_offset_minutes) {
        return Err(Fault::field("utc_offset_minutes", "must be -840–840"));
    }
    let wrong = || Fault::field("language", "must be a BCP-47 tag such as de or en-GB");
    Ok(Glance {
        language: match language {
            "" => None,
            tag => Some(Language::parse(tag).ok_or_else(wrong)?),
        },
        ahead: i64::from(utc_offset_minutes) * 60_000,
    })
}

/// A button that is pressed.
pub fn submission(asked: &proto::SubmitPageRequest) -> Result<Submission, Fault> {
    if asked.answers.len() > ANSWERS {
        return Err(Fault::field("answers", format!("at most {ANSWERS}")));
    }
    let answers = asked.answers.iter().filter_map(|(field, given)| {
        let value = given.value.as_ref()?;
        Some(value_of(value).map(|value| (field.clone(), value)))
    });
    Ok(Submission {
        run: id("run_id", &asked.run_id)?,
        step: asked.step,
        page: short("page_id", &asked.page_id)?,
        button: short("button_id", &asked.button_id)?,
        values: answers.collect::<Result<_, _>>()?,
        once: Once::of(&asked.request_id, asked)?,
    })
}

fn short(field: &'static str, text: &str) -> Result<String, Fault> {
    match text.len() {
        1..=NAME => Ok(text.to_owned()),
        _ => Err(Fault::field(field, "must be one that the run was answered with")),
    }
}

fn value_of(value: &script_value::Value) -> Result<Value, Fault> {
    Ok(match value {
        script_value::Value::Text(text) => Value::Text(text.clone()),
        script_value::Value::Number(number) if number.is_finite() => Value::Number(*number),
        script_value::Value::Number(_) => return Err(Fault::field("answers", "numbers are finite")),
        script_value::Value::Boolean(is_so) => Value::Boolean(*is_so),
        script_value::Value::Many(options) if options.ids.len() <= OPTIONS => Value::Many(options.ids.clone()),
        script_value::Value::Many(_) => return Err(Fault::field("answers", format!("at most {OPTIONS} options"))),
    })
}
