//! Groups of members, and what is told to those who wait.

use super::{DAY, Groups, each, id, within, wrong};
use crate::store::{Group, Message};
use onqueue_acd::waiting::When;
use onqueue_model::{Fault, GroupId, Language};
use onqueue_proto::routing::v1::{self as proto, in_queue_message};
use onqueue_server::resource;
use onqueue_store::query::fold;
use std::collections::BTreeSet;

const GROUPS: usize = 50;
const MESSAGES: usize = 20;
const LANGUAGES: usize = 20;
const CHARACTERS: usize = 1_000;

/// Groups that the queue had, by their id or their name, and new ones.
pub(super) fn groups(given: &[proto::MemberGroup], groups: &Groups<'_>) -> Result<Vec<Group>, Fault> {
    const FIELD: &str = "queue.groups";
    let given = each(FIELD, GROUPS, given, |path, group| {
        let field = format!("{path}.name");
        let name = resource::name(FIELD, &group.name).map_err(|fault| wrong(field, fault.message))?;
        let id = group_id(&format!("{path}.group_id"), group, &name, groups)?;
        Ok(Group { id, name })
    })?;
    let ids: BTreeSet<GroupId> = given.iter().map(|group| group.id).collect();
    let names: BTreeSet<String> = given.iter().map(|group| fold(&group.name)).collect();
    match ids.len() == given.len() && names.len() == given.len() {
        true => Ok(given),
        false => Err(wrong(FIELD, "each group and each name at most once")),
    }
}

fn group_id(field: &str, group: &proto::MemberGroup, name: &str, groups: &Groups<'_>) -> Result<GroupId, Fault> {
    let mut had = groups.had.iter();
    if group.group_id.is_empty() {
        let same = had.find(|had| fold(&had.name) == fold(name));
        return Ok(same.map_or_else(|| (groups.new)(), |had| had.id));
    }
    let id = id(field, &group.group_id)?;
    match had.any(|had| had.id == id) {
        true => Ok(id),
        false => Err(wrong(
            field,
            "the queue has no such group; leave this empty for a new one",
        )),
    }
}

pub(super) fn messages(given: &[proto::InQueueMessage]) -> Result<Vec<Message>, Fault> {
    each("queue.messages", MESSAGES, given, |path, message| {
        let texts = each(&format!("{path}.texts"), LANGUAGES, &message.texts, text)?;
        let languages: BTreeSet<_> = texts.iter().map(|(language, _)| language).collect();
        if texts.is_empty() || languages.len() < texts.len() {
            return Err(wrong(
                format!("{path}.texts"),
                "at least one, and each language at most once",
            ));
        }
        let when = when(path, message.when.as_ref())?;
        Ok(Message { when, texts })
    })
}

fn when(path: &str, given: Option<&in_queue_message::When>) -> Result<When, Fault> {
    use in_queue_message::When as Given;
    Ok(match given {
        None => return Err(wrong(path, "must say when: after_ms, every_ms or position_at_most")),
        Some(Given::AfterMs(time)) => When::AfterMs(within(&format!("{path}.after_ms"), *time, DAY)?),
        Some(Given::EveryMs(time)) => When::EveryMs(within(&format!("{path}.every_ms"), *time, 10_000..=86_400_000)?),
        Some(Given::PositionAtMost(most)) => {
            let field = format!("{path}.position_at_most");
            When::PositionAtMost(within(&field, i64::from(*most), 1..=10_000)?)
        }
    })
}

fn text(path: &str, given: &proto::MessageText) -> Result<(Language, String), Fault> {
    let language = Language::parse(&given.language);
    let language = language.ok_or_else(|| wrong(format!("{path}.language"), "no BCP-47 tag"))?;
    let is_bad = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    let length = given.text.chars().count();
    if given.text.trim().is_empty() || length > CHARACTERS || given.text.chars().any(is_bad) {
        let problem = "1–1,000 characters, none of them control characters";
        return Err(wrong(format!("{path}.text"), problem));
    }
    Ok((language, given.text.clone()))
}
