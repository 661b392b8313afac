//! Events as one viewer gets them. What a viewer must not see ends here.

use super::encode::{end_reason, kind, user, visibility};
use crate::app::access::Viewer;
use onqueue_chat::{Attachment, Body, Class, Event, ParticipantKind};
use onqueue_model::{EventId, ParticipantId, QueueId, Timestamp, UserId, WrapUpCodeId};
use onqueue_proto::{
    session::v1::{self as proto, event},
    timestamp,
};

/// The event with its place in the viewer's numbering; `None` if it does not exist for them.
pub(super) fn event(event: &Event, viewer: Viewer) -> Option<proto::Event> {
    Some(proto::Event {
        event_id: event.id.to_string(),
        sequence: viewer.class.place(event)?,
        at: Some(timestamp(event.at)),
        participant_id: event.participant.map(|id| id.to_string()).unwrap_or_default(),
        visibility: visibility(event.body.visibility()).into(),
        body: Some(body(event, viewer)),
    })
}

fn body(event: &Event, viewer: Viewer) -> event::Body {
    use event::Body as To;
    match event.body.clone() {
        Body::Message { text } => To::Message(proto::Message {
            text,
            client_message_id: own_key(event, viewer),
        }),
        Body::AttachmentAdded(attachment) => To::AttachmentAdded(attached(attachment, own_key(event, viewer))),
        Body::CoachMessage { user, name, text } => To::CoachMessage(proto::CoachMessage {
            text,
            client_message_id: own_key(event, viewer),
            user_id: user.to_string(),
            name,
        }),
        Body::SideMessage { user, name, text } => To::SideMessage(proto::SideMessage {
            text,
            client_message_id: own_key(event, viewer),
            user_id: user.to_string(),
            name,
        }),
        body => happened(body, viewer),
    }
}

/// What nobody said.
fn happened(body: Body, viewer: Viewer) -> event::Body {
    use event::Body as To;
    match body {
        Body::Queued { queue, queue_name } => To::Queued(proto::Queued {
            queue_id: queue.to_string(),
            queue_name,
        }),
        Body::Offered { user, agent_name } => To::Offered(proto::Offered {
            user_id: user.to_string(),
            agent_name,
        }),
        Body::OfferWithdrawn { user, reason } => To::OfferWithdrawn(proto::OfferWithdrawn {
            user_id: user.to_string(),
            reason: reason.as_str().to_owned(),
        }),
        Body::ParticipantJoined {
            participant,
            kind,
            name,
            user,
        } => To::ParticipantJoined(joined(participant, kind, name, user, viewer)),
        Body::ParticipantLeft { participant } => To::ParticipantLeft(proto::ParticipantLeft {
            participant_id: participant.to_string(),
        }),
        Body::InactivityWarned { ends_at } => To::InactivityWarned(warned(ends_at)),
        Body::Ended { reason } => To::Ended(proto::Ended {
            reason: end_reason(reason).into(),
        }),
        Body::Refused { reason } => To::Refused(proto::Refused { reason }),
        Body::WrapUpSet { user, code, code_name } => To::WrapUpSet(wrap_up(user, (code, code_name))),
        Body::Reopened { opening, last_agent } => To::Reopened(proto::Reopened {
            opening: i64::from(opening),
            last_agent_user_id: user(last_agent, viewer),
        }),
        Body::AttributesSet { keys } => To::AttributesSet(proto::AttributesSet { keys }),
        Body::Erased { kind, .. } => To::Erased(proto::Erased {
            what: kind.as_str().to_owned(),
        }),
        body => with_more(body, viewer),
    }
}

fn with_more(body: Body, viewer: Viewer) -> event::Body {
    use event::Body as To;
    match body {
        Body::Transferred {
            queue,
            queue_name,
            user,
            agent_name,
            attended,
            note,
        } => To::Transferred(proto::Transferred {
            queue_id: queue.to_string(),
            queue_name,
            user_id: user.map(|user| user.to_string()).unwrap_or_default(),
            agent_name,
            attended,
            note,
        }),
        Body::Notice { code, text, queue } => To::Notice(proto::Notice {
            code: code.as_str().to_owned(),
            text,
            queue_id: for_agents(queue.as_ref().map(QueueId::to_string), viewer),
        }),
        Body::MessageRedacted { event, by, reason, .. } => To::MessageRedacted(redacted(event, by, reason, viewer)),
        Body::AssistanceRequested { assistance, text } => To::AssistanceRequested(proto::AssistanceRequested {
            assistance_id: assistance.to_string(),
            text,
        }),
        Body::AssistanceTaken { assistance, user, name } => To::AssistanceTaken(proto::AssistanceTaken {
            assistance_id: assistance.to_string(),
            user_id: user.to_string(),
            name,
        }),
        Body::AssistanceClosed { assistance, how } => To::AssistanceClosed(proto::AssistanceClosed {
            assistance_id: assistance.to_string(),
            how: how.as_str().to_owned(),
        }),
        body => opened(body),
    }
}

/// What is left: the beginning.
fn opened(body: Body) -> event::Body {
    let kind = body.kind();
    let Body::Opened {
        queue,
        language,
        guest_name,
        topic,
        guest,
    } = body
    else {
        // Every kind is named above; one that is not is not let out.
        let what = kind.as_str().to_owned();
        return event::Body::Erased(proto::Erased { what });
    };
    event::Body::Opened(proto::Opened {
        queue_id: queue.to_string(),
        language: language.map(|language| language.to_string()).unwrap_or_default(),
        guest_name,
        topic,
        guest_participant_id: guest.to_string(),
    })
}

/// The sender's key, for the sender alone.
fn own_key(event: &Event, viewer: Viewer) -> String {
    let own = event.participant.is_some() && event.participant == viewer.participant;
    let key = event.client_message_id.clone().filter(|_| own);
    key.unwrap_or_default()
}

/// What is not the guest's business.
fn for_agents(text: Option<String>, viewer: Viewer) -> String {
    let text = text.filter(|_| viewer.class != Class::Guest);
    text.unwrap_or_default()
}

fn attached(attachment: Attachment, client_message_id: String) -> proto::AttachmentAdded {
    proto::AttachmentAdded {
        attachment_id: attachment.id.to_string(),
        name: attachment.name,
        bytes: i64::try_from(attachment.bytes).unwrap_or(i64::MAX),
        media_type: attachment.media_type,
        client_message_id,
    }
}

/// A guest sees that it was, not by whom and why.
fn redacted(event: Option<EventId>, by: Option<UserId>, reason: String, viewer: Viewer) -> proto::MessageRedacted {
    proto::MessageRedacted {
        event_id: event.map(|event| event.to_string()).unwrap_or_default(),
        by_user_id: user(by, viewer),
        reason: for_agents(Some(reason), viewer),
    }
}

fn wrap_up(user: UserId, (code, name): (Option<WrapUpCodeId>, String)) -> proto::WrapUpSet {
    proto::WrapUpSet {
        user_id: user.to_string(),
        wrap_up_code_id: code.map(|code| code.to_string()).unwrap_or_default(),
        wrap_up_code_name: name,
    }
}

fn joined(
    participant: ParticipantId,
    of: ParticipantKind,
    name: String,
    who: Option<UserId>,
    viewer: Viewer,
) -> proto::ParticipantJoined {
    proto::ParticipantJoined {
        participant_id: participant.to_string(),
        kind: kind(of).into(),
        name,
        user_id: user(who, viewer),
    }
}

fn warned(ends_at: Timestamp) -> proto::InactivityWarned {
    proto::InactivityWarned {
        ends_at: Some(timestamp(ends_at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_chat::{Closing, EndReason, Kind, NoticeCode, Visibility, Withdrawal};
    use onqueue_model::Id;
    use uuid::Uuid;

    const GUEST: Viewer = Viewer {
        class: Class::Guest,
        participant: None,
    };
    const SUPERVISOR: Viewer = Viewer {
        class: Class::Supervisor,
        participant: None,
    };

    fn id<T>(number: u128) -> Id<T> {
        Id::new(Uuid::from_u128(number))
    }

    fn text(text: &str) -> String {
        text.to_owned()
    }

    fn of_routing() -> Vec<Body> {
        let (user, queue) = (id(1), id(2));
        vec![
            Body::Queued {
                queue,
                queue_name: text("Sales"),
            },
            Body::Offered {
                user,
                agent_name: text("Ada"),
            },
            Body::OfferWithdrawn {
                user,
                reason: Withdrawal::Declined,
            },
            Body::Refused {
                reason: text("QUEUE_FULL"),
            },
            Body::Transferred {
                queue,
                queue_name: text("Sales"),
                user: Some(user),
                agent_name: text("Ada"),
                attended: true,
                note: text("note"),
            },
            Body::WrapUpSet {
                user,
                code: None,
                code_name: String::new(),
            },
        ]
    }

    fn of_life() -> Vec<Body> {
        let (user, queue, participant) = (id(1), id(2), id(3));
        vec![
            Body::Opened {
                queue,
                language: None,
                guest_name: text("Ann"),
                topic: String::new(),
                guest: participant,
            },
            Body::ParticipantJoined {
                participant,
                kind: ParticipantKind::Agent,
                name: text("Ada"),
                user: Some(user),
            },
            Body::ParticipantLeft { participant },
            Body::InactivityWarned { ends_at: Timestamp(1) },
            Body::Ended {
                reason: EndReason::Rested,
            },
            Body::Reopened {
                opening: 2,
                last_agent: Some(user),
            },
            Body::Notice {
                code: NoticeCode::InactivityTransfer,
                text: String::new(),
                queue: Some(queue),
            },
            Body::MessageRedacted {
                event: Some(id(7)),
                by: Some(user),
                reason: text("because"),
                seen_by: Visibility::Everyone,
            },
            Body::AttributesSet { keys: vec![text("a")] },
        ]
    }

    fn of_people() -> Vec<Body> {
        let (user, assistance, name) = (id(1), id(4), text("Sue"));
        let attachment = Attachment {
            id: id(5),
            name: text("a.png"),
            bytes: 1,
            media_type: text("image/png"),
        };
        vec![
            Body::Message { text: text("hello") },
            Body::AttachmentAdded(attachment),
            Body::CoachMessage {
                user,
                name: name.clone(),
                text: text("slower"),
            },
            Body::SideMessage {
                user,
                name: name.clone(),
                text: text("thanks"),
            },
            Body::AssistanceRequested {
                assistance,
                text: text("help"),
            },
            Body::AssistanceTaken { assistance, user, name },
            Body::AssistanceClosed {
                assistance,
                how: Closing::Agent,
            },
        ]
    }

    fn happening(body: Body) -> Event {
        let is_public = body.visibility() == Visibility::Everyone;
        Event {
            id: id(9),
            sequence: 1,
            public_sequence: is_public.then_some(1),
            agent_sequence: Some(1),
            at: Timestamp(0),
            participant: Some(id(3)),
            body,
            client_message_id: Some(text("key")),
            salt: [0; 16],
            hash: [0; 32],
        }
    }

    #[test]
    fn every_kind_comes_as_itself_and_tells_a_guest_nothing_of_users() {
        let bodies: Vec<Body> = [of_routing(), of_life(), of_people()].concat();
        for kind in Kind::ALL {
            let body = bodies.iter().find(|body| body.kind() == kind);
            let happened = happening(body.unwrap_or_else(|| panic!("one of {kind:?}")).clone());
            let seen = event(&happened, SUPERVISOR).and_then(|event| event.body);
            assert!(!matches!(seen, None | Some(event::Body::Erased(_))), "{kind:?}");
            let to_guest = event(&happened, GUEST);
            assert_eq!(
                to_guest.is_some(),
                happened.body.visibility() == Visibility::Everyone,
                "{kind:?}"
            );
            let shown = format!("{to_guest:?}");
            let is_own = kind == Kind::Queued || kind == Kind::Opened;
            for secret in [id::<()>(1), id(2)].into_iter().filter(|_| !is_own) {
                assert!(!shown.contains(&secret.to_string()), "{shown}");
            }
            assert!(!shown.contains("because") && !shown.contains("key"), "{shown}");
        }
    }

    #[test]
    fn what_is_erased_comes_as_that() {
        let erased = happening(Body::Erased {
            kind: Kind::Message,
            visibility: Visibility::Everyone,
        });
        let seen = event(&erased, GUEST).and_then(|event| event.body);
        assert_eq!(seen, Some(event::Body::Erased(proto::Erased { what: text("message") })));
    }
}
