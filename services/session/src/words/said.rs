//! Which words of an event are found.

use onqueue_chat::Body;

/// What somebody said or gave; `None` where nothing is to be found.
pub(crate) fn said(body: &Body) -> Option<String> {
    let text = match body {
        Body::Opened { guest_name, topic, .. } => format!("{guest_name} {topic}"),
        Body::Message { text }
        | Body::AssistanceRequested { text, .. }
        | Body::CoachMessage { text, .. }
        | Body::SideMessage { text, .. } => text.clone(),
        Body::Transferred { note, .. } => note.clone(),
        Body::AttachmentAdded(attachment) => attachment.name.clone(),
        _ => return None,
    };
    Some(text)
}
