//! What a client may ask of a deployment. Queues and skills are the routing service's: whether those named exist is not known
//! here.

use crate::app::{DeploymentDraft, normal_origin};
use onqueue_model::{Fault, Language};
use onqueue_proto::auth::v1 as proto;
use onqueue_server::resource;
use onqueue_trust::DeploymentQueue;
use std::collections::{BTreeMap, BTreeSet};

const ORIGINS: usize = 50;
const QUEUES: usize = 50;
/// Of labels, greetings and a queue's languages.
const LANGUAGES: usize = 50;
const SKILLS: usize = 50;
const LABEL: usize = 100;
const GREETING: usize = 500;

/// Of the fields that are wanted; the others may hold anything.
pub fn draft(deployment: &proto::Deployment, is_wanted: impl Fn(&str) -> bool) -> Result<DeploymentDraft, Fault> {
    let mut draft = DeploymentDraft::default();
    if is_wanted("name") {
        draft.name = Some(resource::name("deployment.name", &deployment.name)?);
    }
    if is_wanted("division_id") {
        draft.division = Some(resource::division("deployment.division_id", &deployment.division_id)?);
    }
    if is_wanted("enabled") {
        draft.enabled = Some(deployment.enabled);
    }
    if is_wanted("origins") {
        draft.origins = Some(origins(&deployment.origins)?);
    }
    if is_wanted("queues") {
        draft.queues = Some(queues(&deployment.queues)?);
    }
    if is_wanted("greetings") {
        draft.greetings = Some(texts("deployment.greetings", &deployment.greetings, GREETING)?);
    }
    Ok(draft)
}

/// As browsers send them, each once, in the order given.
fn origins(given: &[String]) -> Result<Vec<String>, Fault> {
    const FIELD: &str = "deployment.origins";
    if given.len() > ORIGINS {
        return Err(Fault::field(FIELD, "at most 50"));
    }
    let mut origins: Vec<String> = Vec::with_capacity(given.len());
    for text in given {
        let origin = normal_origin(text).map_err(|problem| Fault::field(FIELD, problem))?;
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    Ok(origins)
}

fn queues(given: &[proto::DeploymentQueue]) -> Result<Vec<DeploymentQueue>, Fault> {
    const FIELD: &str = "deployment.queues";
    if !(1..=QUEUES).contains(&given.len()) {
        return Err(Fault::field(FIELD, "1–50"));
    }
    let queues: Vec<_> = given.iter().map(queue).collect::<Result<_, _>>()?;
    let ids: BTreeSet<_> = queues.iter().map(|queue| queue.queue_id).collect();
    if ids.len() < queues.len() {
        return Err(Fault::field(FIELD, "each queue once"));
    }
    Ok(queues)
}

fn queue(given: &proto::DeploymentQueue) -> Result<DeploymentQueue, Fault> {
    const LANGUAGES_FIELD: &str = "deployment.queues.languages";
    const SKILLS_FIELD: &str = "deployment.queues.skill_ids";
    if given.languages.len() > LANGUAGES {
        return Err(Fault::field(LANGUAGES_FIELD, "at most 50"));
    }
    if given.skill_ids.len() > SKILLS {
        return Err(Fault::field(SKILLS_FIELD, "at most 50"));
    }
    let languages = given.languages.iter().map(|tag| language(LANGUAGES_FIELD, tag));
    let skills = given.skill_ids.iter().map(|id| resource::id(SKILLS_FIELD, id));
    Ok(DeploymentQueue {
        queue_id: resource::id("deployment.queues.queue_id", &given.queue_id)?,
        labels: texts("deployment.queues.labels", &given.labels, LABEL)?,
        languages: languages.collect::<Result<_, _>>()?,
        skill_ids: skills.collect::<Result<_, _>>()?,
    })
}

/// Texts by language, none of them empty.
fn texts(
    field: &'static str,
    given: &BTreeMap<String, String>,
    longest: usize,
) -> Result<BTreeMap<String, String>, Fault> {
    if given.len() > LANGUAGES {
        return Err(Fault::field(field, "at most 50 languages"));
    }
    let mut texts = BTreeMap::new();
    for (tag, text) in given {
        let language = language(field, tag)?.to_string();
        let text = text.trim();
        if !(1..=longest).contains(&text.chars().count()) {
            return Err(Fault::field(field, format!("{tag}: 1–{longest} characters")));
        }
        if text.chars().any(|letter| letter.is_control() && letter != '\n') {
            return Err(Fault::field(field, format!("{tag}: no control characters")));
        }
        if texts.insert(language, text.to_owned()).is_some() {
            return Err(Fault::field(field, format!("{tag}: each language once")));
        }
    }
    Ok(texts)
}

fn language(field: &'static str, tag: &str) -> Result<Language, Fault> {
    Language::parse(tag).ok_or_else(|| Fault::field(field, format!("{tag}: must be a BCP-47 tag such as de or en-GB")))
}
