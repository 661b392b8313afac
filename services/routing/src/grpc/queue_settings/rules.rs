//! What holds for a queue's conversations: from requests, into answers, and into what session must know.

use super::{each, id, ids, one_of, within, wrong};
use crate::store::{
    AgentLostAction, AttachmentRules, ConversationRules, InactivityAction, InactivityCounts, LibraryUse,
};
use onqueue_model::{Fault, LibraryId, QueueId};
use onqueue_proto::routing::v1 as proto;
use std::{collections::BTreeSet, ops::RangeInclusive};

const MEGABYTE: u64 = 1_048_576;
const MEDIA_TYPES: usize = 50;
const LIBRARIES: usize = 200;
const USUAL_MEDIA_TYPES: [&str; 6] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "application/pdf",
    "text/plain",
];

/// What is set; what is left out is as usual.
pub(super) fn decoded(given: Option<&proto::ConversationRules>) -> Result<ConversationRules, Fault> {
    let usual = ConversationRules::default();
    let Some(given) = given else { return Ok(usual) };
    let (action, transfer_to) = silence(given)?;
    let (library_use, library_ids) = libraries(given)?;
    Ok(ConversationRules {
        inactivity_counts: counts(given.inactivity_counts)?,
        inactivity_action: action,
        inactivity_transfer_queue_id: transfer_to,
        abandon_after_ms: time(
            "abandon_after_ms",
            given.abandon_after_ms,
            (usual.abandon_after_ms, 10_000..=86_400_000),
        )?,
        agent_lost_hold_ms: time(
            "agent_lost_hold_ms",
            given.agent_lost_hold_ms,
            (usual.agent_lost_hold_ms, 1_000..=3_600_000),
        )?,
        agent_lost_action: lost(given.agent_lost_action)?,
        messaging_window_ms: time(
            "messaging_window_ms",
            given.messaging_window_ms,
            (usual.messaging_window_ms, 60_000..=31_536_000_000),
        )?,
        retention_days: retention(given.retention_days)?,
        attachments: given.attachments.as_ref().map(attachments).transpose()?,
        monitor_visible: given.monitor_visible,
        transfer_keeps_age: given.transfer_keeps_age,
        script_id: match given.script_id.as_str() {
            "" => None,
            script => Some(id(&path("script_id"), script)?),
        },
        library_use,
        library_ids,
    })
}

fn path(field: &str) -> String {
    format!("queue.conversation_rules.{field}")
}

fn counts(number: i32) -> Result<InactivityCounts, Fault> {
    Ok(match one_of(&path("inactivity_counts"), number)? {
        proto::InactivityCounts::Unspecified => InactivityCounts::Both,
        proto::InactivityCounts::Guest => InactivityCounts::Guest,
        proto::InactivityCounts::Agent => InactivityCounts::Agent,
    })
}

fn silence(given: &proto::ConversationRules) -> Result<(InactivityAction, Option<QueueId>), Fault> {
    let field = path("inactivity_transfer_queue_id");
    let to = given.inactivity_transfer_queue_id.as_str();
    match (one_of(&path("inactivity_action"), given.inactivity_action)?, to) {
        (proto::InactivityAction::Unspecified, "") => Ok((InactivityAction::Disconnect, None)),
        (proto::InactivityAction::Unspecified, _) => Err(wrong(field, "only if the action is a transfer")),
        (proto::InactivityAction::Transfer, "") => Err(wrong(field, "a transfer needs a queue")),
        (proto::InactivityAction::Transfer, to) => Ok((InactivityAction::Transfer, Some(id(&field, to)?))),
    }
}

fn libraries(given: &proto::ConversationRules) -> Result<(LibraryUse, BTreeSet<LibraryId>), Fault> {
    use proto::ResponseLibraryUse as Use;
    let field = path("library_ids");
    let wanted = match one_of(&path("library_use"), given.library_use)? {
        Use::Unspecified => LibraryUse::All,
        Use::Chosen => LibraryUse::Chosen,
        Use::None => LibraryUse::None,
    };
    match (wanted, given.library_ids.len()) {
        (LibraryUse::Chosen, 0) => return Err(wrong(field, "choose one or more")),
        (LibraryUse::All | LibraryUse::None, 1..) => return Err(wrong(field, "only if libraries are chosen")),
        _ => {}
    }
    Ok((wanted, ids(&field, LIBRARIES, &given.library_ids)?))
}

fn lost(number: i32) -> Result<AgentLostAction, Fault> {
    Ok(match one_of(&path("agent_lost_action"), number)? {
        proto::AgentLostAction::Unspecified => AgentLostAction::Requeue,
        proto::AgentLostAction::End => AgentLostAction::End,
    })
}

fn time(field: &str, given: i64, (usual, bounds): (u64, RangeInclusive<i64>)) -> Result<u64, Fault> {
    match given {
        0 => Ok(usual),
        given => within(&path(field), given, bounds),
    }
}

fn retention(given: i32) -> Result<u32, Fault> {
    let days = within(&path("retention_days"), i64::from(given), 0..=36_500)?;
    Ok(u32::try_from(days).unwrap_or(u32::MAX))
}

fn attachments(given: &proto::AttachmentRules) -> Result<AttachmentRules, Fault> {
    let field = |name: &str| path(&format!("attachments.{name}"));
    let max_bytes = match given.max_bytes {
        0 => 10 * MEGABYTE,
        given => within(&field("max_bytes"), given, 1..=104_857_600)?,
    };
    let max_total_bytes = match given.max_total_bytes {
        0 => max_bytes.max(50 * MEGABYTE),
        given => within(&field("max_total_bytes"), given, 1..=1_073_741_824)?,
    };
    if max_total_bytes < max_bytes {
        return Err(wrong(field("max_total_bytes"), "must be at least max_bytes"));
    }
    Ok(AttachmentRules {
        enabled: given.enabled,
        max_bytes,
        max_total_bytes,
        media_types: media_types(&field("media_types"), &given.media_types)?,
    })
}

/// In small letters, each once.
fn media_types(field: &str, given: &[String]) -> Result<Vec<String>, Fault> {
    if given.is_empty() {
        return Ok(USUAL_MEDIA_TYPES.map(str::to_owned).to_vec());
    }
    let types = each(field, MEDIA_TYPES, given, |path, text| {
        let text = text.to_ascii_lowercase();
        match is_media_type(&text) {
            true => Ok(text),
            false => Err(wrong(path, "must be a media type such as image/png")),
        }
    })?;
    let once: BTreeSet<&String> = types.iter().collect();
    match once.len() == types.len() {
        true => Ok(types),
        false => Err(wrong(field, "each media type at most once")),
    }
}

/// A type and a subtype, as RFC 6838 restricts their names, without parameters.
fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        let mut letters = name.chars();
        let begins_well = letters.next().is_some_and(|first| first.is_ascii_alphanumeric());
        begins_well && name.len() <= 127 && letters.all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c))
    };
    text.split_once('/')
        .is_some_and(|(kind, subtype)| is_name(kind) && is_name(subtype))
}

/// As it is answered.
pub(super) fn encoded(rules: &ConversationRules) -> proto::ConversationRules {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let counts = match rules.inactivity_counts {
        InactivityCounts::Both => proto::InactivityCounts::Unspecified,
        InactivityCounts::Guest => proto::InactivityCounts::Guest,
        InactivityCounts::Agent => proto::InactivityCounts::Agent,
    };
    let action = match rules.inactivity_action {
        InactivityAction::Disconnect => proto::InactivityAction::Unspecified,
        InactivityAction::Transfer => proto::InactivityAction::Transfer,
    };
    let lost = match rules.agent_lost_action {
        AgentLostAction::Requeue => proto::AgentLostAction::Unspecified,
        AgentLostAction::End => proto::AgentLostAction::End,
    };
    let libraries = match rules.library_use {
        LibraryUse::All => proto::ResponseLibraryUse::Unspecified,
        LibraryUse::Chosen => proto::ResponseLibraryUse::Chosen,
        LibraryUse::None => proto::ResponseLibraryUse::None,
    };
    let to = rules.inactivity_transfer_queue_id;
    proto::ConversationRules {
        inactivity_counts: counts.into(),
        inactivity_action: action.into(),
        inactivity_transfer_queue_id: to.map(|queue| queue.to_string()).unwrap_or_default(),
        abandon_after_ms: number(rules.abandon_after_ms),
        agent_lost_hold_ms: number(rules.agent_lost_hold_ms),
        agent_lost_action: lost.into(),
        messaging_window_ms: number(rules.messaging_window_ms),
        retention_days: i32::try_from(rules.retention_days).unwrap_or(i32::MAX),
        attachments: rules.attachments.as_ref().map(|rules| proto::AttachmentRules {
            enabled: rules.enabled,
            max_bytes: number(rules.max_bytes),
            max_total_bytes: number(rules.max_total_bytes),
            media_types: rules.media_types.clone(),
        }),
        monitor_visible: rules.monitor_visible,
        transfer_keeps_age: rules.transfer_keeps_age,
        script_id: rules.script_id.map(|script| script.to_string()).unwrap_or_default(),
        library_use: libraries.into(),
        library_ids: rules.library_ids.iter().map(ToString::to_string).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: &str = "0190a5c8-1111-7abc-8def-0123456789ab";

    #[test]
    fn what_is_left_out_is_as_usual() {
        let usual = ConversationRules::default();
        assert_eq!(decoded(None), Ok(usual.clone()));
        assert_eq!(decoded(Some(&proto::ConversationRules::default())), Ok(usual.clone()));
        assert_eq!(serde_json::from_str::<ConversationRules>("{}").ok(), Some(usual));
        let attachments = Some(proto::AttachmentRules {
            max_bytes: 60 * 1_048_576,
            ..proto::AttachmentRules::default()
        });
        let some = decoded(Some(&proto::ConversationRules {
            attachments,
            ..proto::ConversationRules::default()
        }));
        let attachments = some.expect("good").attachments.expect("some");
        assert_eq!(attachments.max_total_bytes, 60 * MEGABYTE);
        assert_eq!(attachments.media_types, USUAL_MEDIA_TYPES);
    }

    #[test]
    fn what_was_answered_can_be_set_again() {
        let rules = ConversationRules {
            inactivity_counts: InactivityCounts::Agent,
            inactivity_action: InactivityAction::Transfer,
            inactivity_transfer_queue_id: QUEUE.parse().ok(),
            abandon_after_ms: 30_000,
            agent_lost_hold_ms: 5_000,
            agent_lost_action: AgentLostAction::End,
            messaging_window_ms: 60_000,
            retention_days: 30,
            attachments: Some(AttachmentRules {
                enabled: true,
                max_bytes: 1,
                max_total_bytes: 2,
                media_types: vec!["image/svg+xml".to_owned()],
            }),
            monitor_visible: true,
            transfer_keeps_age: true,
            script_id: QUEUE.parse().ok(),
            library_use: LibraryUse::Chosen,
            library_ids: QUEUE.parse().into_iter().collect(),
        };
        assert_eq!(decoded(Some(&encoded(&rules))), Ok(rules.clone()));
        let stored = serde_json::to_string(&rules).expect("JSON");
        assert_eq!(serde_json::from_str::<ConversationRules>(&stored).ok(), Some(rules));
    }

    #[test]
    fn what_is_wrong_is_named() {
        type Change = fn(&mut proto::ConversationRules);
        fn attachments(rules: &mut proto::ConversationRules) -> &mut proto::AttachmentRules {
            rules.attachments.get_or_insert_default()
        }
        let wrong: [(Change, &str); 19] = [
            (|r| r.inactivity_counts = 3, "inactivity_counts"),
            (|r| r.inactivity_action = 2, "inactivity_action"),
            (|r| r.inactivity_action = 1, "inactivity_transfer_queue_id"),
            (
                |r| r.inactivity_transfer_queue_id = QUEUE.to_owned(),
                "inactivity_transfer_queue_id",
            ),
            (|r| r.abandon_after_ms = 9_999, "abandon_after_ms"),
            (|r| r.agent_lost_hold_ms = -1, "agent_lost_hold_ms"),
            (|r| r.agent_lost_action = 9, "agent_lost_action"),
            (|r| r.script_id = "x".to_owned(), "script_id"),
            (|r| r.library_use = 3, "library_use"),
            (|r| r.library_use = 1, "library_ids"),
            (|r| r.library_ids = vec![QUEUE.to_owned()], "library_ids"),
            (
                |r| (r.library_use, r.library_ids) = (1, vec![QUEUE.to_owned(), "x".to_owned()]),
                "library_ids",
            ),
            (|r| r.messaging_window_ms = 59_999, "messaging_window_ms"),
            (|r| r.retention_days = 36_501, "retention_days"),
            (|r| attachments(r).max_bytes = 104_857_601, "attachments.max_bytes"),
            (|r| attachments(r).max_total_bytes = 5, "attachments.max_total_bytes"),
            (
                |r| attachments(r).media_types = vec!["png".to_owned()],
                "attachments.media_types[0]",
            ),
            (
                |r| attachments(r).media_types = ["text/plain", "Text/Plain"].map(str::to_owned).to_vec(),
                "attachments.media_types",
            ),
            (
                |r| attachments(r).media_types = vec!["a/b".to_owned(); 51],
                "attachments.media_types",
            ),
        ];
        for (change, field) in wrong {
            let mut rules = proto::ConversationRules::default();
            change(&mut rules);
            let fault = decoded(Some(&rules)).expect_err(field);
            assert_eq!(fault.metadata, [("field", path(field))]);
        }
    }
}
