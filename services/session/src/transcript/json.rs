//! JSON: one object, with an array that has an object for each event.

use super::{Entry, Title, time::exact};
use serde_json::{Map, Value, json};

pub(super) fn begin(title: &Title) -> String {
    let conversation = json!({
        "conversation_id": title.conversation.to_string(),
        "queue_name": title.queue,
        "guest_name": title.guest,
        "topic": title.topic,
        "created_at": exact(title.began),
        "ended_at": title.ended.map(exact),
        "exported_at": exact(title.made),
    });
    format!("{{\"conversation\":{conversation},\"events\":[")
}

pub(super) fn event(entry: &Entry) -> String {
    let mut event = Map::new();
    let mut put = |name: &str, value: Value| event.insert(name.to_owned(), value);
    put("event_id", entry.event.clone().into());
    put("sequence", entry.place.into());
    put("at", exact(entry.at).into());
    put("type", entry.what.into());
    if let Some(who) = &entry.who {
        let kind = serde_json::to_value(who.kind).unwrap_or_default();
        put(
            "participant",
            json!({ "participant_id": who.id.to_string(), "kind": kind, "name": who.name }),
        );
    }
    if let Some(text) = &entry.text {
        put("text", text.clone().into());
    }
    if let Some(moment) = entry.moment {
        put("ends_at", exact(moment).into());
    }
    for (name, detail) in &entry.details {
        put(name, detail.clone().into());
    }
    let comma = if entry.place == 1 { "" } else { "," };
    format!("{comma}\n{}", Value::Object(event))
}
