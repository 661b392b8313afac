//! Requests and answers by the descriptor set: every rpc that there is can be called, also one that nobody here has heard of.

use onqueue_proto::DESCRIPTOR_SET;
use onqueue_tests::{cluster::Cluster, raw};
use prost::Message as _;
use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _, Value,
};
use std::{collections::BTreeMap, time::Duration};
use tonic::Status;
use uuid::Uuid;

/// A script of one page.
const SCRIPT: &str = r#"{"format": 1, "name": {"en": "Short"}, "languages": ["en"], "default_language": "en", "pages": [
    {"id": "start", "start": true, "title": {"en": "Start"}, "items": [],
     "buttons": [{"id": "done", "label": {"en": "Done"}, "go": "end"}]}]}"#;

/// What requests are filled with, by the names of fields.
#[derive(Clone, Default)]
pub struct Things(pub BTreeMap<&'static str, String>);

/// What the descriptor set says.
pub struct Book(DescriptorPool);

impl Book {
    pub fn open() -> Self {
        Self(DescriptorPool::decode(DESCRIPTOR_SET).expect("a descriptor set"))
    }

    fn messages(&self, path: &str) -> (MessageDescriptor, MessageDescriptor) {
        let (service, method) = path.trim_start_matches('/').split_once('/').expect("a path");
        let service = self.0.get_service_by_name(service).expect("a service");
        let method = service.methods().find(|one| one.name() == method).expect("a method");
        (method.input(), method.output())
    }

    /// A request for the rpc that names these things; names fields of ids that there is nothing for.
    pub fn request(&self, path: &str, things: &Things) -> Result<DynamicMessage, String> {
        filled(&self.messages(path).0, things, 0)
    }

    /// Calls the rpc with a filled request in which these fields are changed. Answers what came.
    pub async fn call(
        &self,
        (cluster, token): (&Cluster, &str),
        path: &'static str,
        things: &Things,
        changes: &[(&str, &str)],
    ) -> Result<Answer, Status> {
        let mut request = self.request(path, things).expect("a request");
        for (field, value) in changes {
            set(&mut request, field, value);
        }
        let bytes = patiently(cluster, path, Some(token), &request.encode_to_vec()).await?;
        let answer = DynamicMessage::decode(self.messages(path).1, bytes).expect("an answer");
        Ok(Answer(answer))
    }
}

/// Calls an rpc, again while it says that there were too many calls: the clock, which the test holds, is moved on for so long.
pub async fn patiently(
    cluster: &Cluster,
    path: &'static str,
    token: Option<&str>,
    message: &[u8],
) -> Result<bytes::Bytes, Status> {
    let mut left = 20;
    loop {
        let outcome = raw::call(&cluster.door(), path, token, message.to_vec()).await;
        left -= 1;
        let reason = outcome.as_ref().err().and_then(onqueue_client::reason);
        if left == 0 || reason != Some(onqueue_model::Reason::RateLimited) {
            return outcome;
        }
        let wait = outcome.as_ref().err().and_then(onqueue_client::retry_after);
        cluster.advance(wait.unwrap_or(Duration::from_millis(20))).await;
    }
}

/// What an rpc answered.
#[derive(Debug)]
pub struct Answer(DynamicMessage);

impl Answer {
    /// A text in it, by the names of fields with dots between.
    pub fn text(&self, path: &str) -> String {
        let mut value = Value::Message(self.0.clone());
        for name in path.split('.') {
            let Value::Message(message) = &value else {
                panic!("{name} is in no message");
            };
            value = message.get_field_by_name(name).expect("a field").into_owned();
        }
        value.as_str().expect("a text").to_owned()
    }

    /// A number in it, as text.
    pub fn number(&self, name: &str) -> String {
        let value = self.0.get_field_by_name(name).expect("a field");
        value.as_i64().expect("a number").to_string()
    }
}

fn set(message: &mut DynamicMessage, path: &str, text: &str) {
    match path.split_once('.') {
        Some((name, rest)) => {
            let inner = message.get_field_by_name_mut(name).expect("a field");
            let inner = match inner {
                Value::List(items) => items.first_mut().expect("one"),
                one => one,
            };
            set(inner.as_message_mut().expect("a message"), rest, text);
        }
        None => {
            let field = message.descriptor().get_field_by_name(path).expect("a field");
            let value = match (field.is_list(), text) {
                (true, "") => Value::List(Vec::new()),
                (true, _) => Value::List(vec![Value::String(text.to_owned())]),
                (false, _) => match field.kind() {
                    Kind::Enum(_) => Value::EnumNumber(text.parse().expect("a number")),
                    Kind::Int64 => Value::I64(text.parse().expect("a number")),
                    Kind::Int32 => Value::I32(text.parse().expect("a number")),
                    Kind::Bool => Value::Bool(text.parse().expect("true or false")),
                    Kind::Bytes => Value::Bytes(text.to_owned().into()),
                    _ => Value::String(text.to_owned()),
                },
            };
            message.set_field(&field, value);
        }
    }
}

fn filled(of: &MessageDescriptor, things: &Things, depth: u8) -> Result<DynamicMessage, String> {
    let mut message = DynamicMessage::new(of.clone());
    for field in of.fields() {
        // Lists of a queue's name what a new one does not have.
        let is_settings = of.full_name() == "onqueue.routing.v1.Queue" && field.is_list();
        if field.is_map() || is_settings || depth > 2 {
            continue;
        }
        let Some(value) = value(&field, things, depth)? else {
            continue;
        };
        let value = if field.cardinality() == Cardinality::Repeated {
            Value::List(vec![value])
        } else {
            value
        };
        message.set_field(&field, value);
    }
    Ok(message)
}

fn value(field: &FieldDescriptor, things: &Things, depth: u8) -> Result<Option<Value>, String> {
    match field.kind() {
        Kind::String => text(field, things).map(|text| text.map(Value::String)),
        Kind::Message(of) if of.full_name() == "google.protobuf.FieldMask" => {
            let mut mask = DynamicMessage::new(of);
            let paths = vec![Value::String(changeable(field))];
            mask.set_field_by_name("paths", Value::List(paths));
            Ok(Some(Value::Message(mask)))
        }
        Kind::Message(of) if of.full_name().starts_with("onqueue.") && field.name() != "substitutions" => {
            filled(&of, things, depth + 1).map(|message| Some(Value::Message(message)))
        }
        // The first that says something.
        Kind::Enum(of) if !field.is_list() => {
            let number = of.values().map(|value| value.number()).find(|number| *number > 0);
            Ok(number.map(Value::EnumNumber))
        }
        _ => Ok(None),
    }
}

/// What an update with this mask may change: the name of what it is about, or else its last field.
fn changeable(mask: &FieldDescriptor) -> String {
    let fields = mask.parent_message().fields();
    let about = fields.filter_map(|field| field.kind().as_message().cloned());
    let about = about.into_iter().find(|of| of.full_name().starts_with("onqueue."));
    let about = about.expect("a mask is for a resource");
    match about.get_field_by_name("name") {
        Some(_) => "name".to_owned(),
        None => about.fields().last().expect("a field").name().to_owned(),
    }
}

fn text(field: &FieldDescriptor, things: &Things) -> Result<Option<String>, String> {
    let name = field.name().trim_end_matches('s');
    if let Some(known) = things.0.get(name) {
        return Ok(Some(known.clone()));
    }
    let unlike = || Uuid::now_v7().simple().to_string();
    Ok(match name {
        "request_id" => Some(Uuid::now_v7().to_string()),
        "client_message_id" | "client_id" | "shortcut" | "tag" => Some(unlike()[20..].to_owned()),
        "etag" => Some("1".to_owned()),
        "name" => Some(format!("Name {}", unlike())),
        "email" => Some(format!("{}@demo.example", unlike())),
        "permission" => Some("routing:queue:view".to_owned()),
        "language" => Some("de".to_owned()),
        "time_zone" => Some("Europe/Berlin".to_owned()),
        "start" => Some("2026-03-29T09:00".to_owned()),
        "end" => Some("2026-03-29T17:00".to_owned()),
        "inactivity_transfer_queue_id" => things.0.get("queue_id").cloned(),
        "open_schedule_id" => things.0.get("schedule_id").cloned(),
        "key" | "id" => Some(unlike()[20..].to_owned()),
        "system" => Some("crm".to_owned()),
        "purpose" => Some("marketing".to_owned()),
        "closed_schedule_id" | "holiday_schedule_id" | "by_user_id" | "alias_id" => None,
        "text" => Some("x".to_owned()),
        "document" | "content" => Some(SCRIPT.to_owned()),
        "page_id" => Some("start".to_owned()),
        "button_id" => Some("done".to_owned()),
        "origin" => Some("https://www.example.com".to_owned()),
        "password" | "new_password" => Some("a password that nobody tries".to_owned()),
        "organisation_id" | "refresh_token" | "resume_token" => None,
        other if other.ends_with("_id") => return Err(format!("no thing for {other}")),
        _ => None,
    })
}

/// Whether it was refused for who called.
pub fn is_kept_out(outcome: &Result<bytes::Bytes, Status>) -> bool {
    use tonic::Code::{NotFound, PermissionDenied};
    let code = outcome.as_ref().map_or_else(Status::code, |_| tonic::Code::Ok);
    matches!(code, NotFound | PermissionDenied)
}
