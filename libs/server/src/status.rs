//! The one table from faults to gRPC status.

use onqueue_model::{Category, Fault};
use prost::Message as _;
use tonic::{Code, Status};

/// The domain of every `ErrorInfo` we send.
const DOMAIN: &str = "onqueue";

/// A fault as gRPC says it: code, sentence, and `google.rpc.Status` details with `ErrorInfo`, `BadRequest` for fields and
/// `RetryInfo`. The private context is logged here, once, and goes nowhere else.
// Taken by value so that it reads as `.map_err(status)`.
#[allow(clippy::needless_pass_by_value)]
pub fn status(fault: Fault) -> Status {
    log(&fault);
    let code = code(fault.reason.category());
    let details = details(&fault);
    let rpc = google::Status {
        code: i32::from(code),
        message: fault.message.clone(),
        details,
    };
    Status::with_details(code, fault.message, rpc.encode_to_vec().into())
}

const fn code(category: Category) -> Code {
    match category {
        Category::Invalid => Code::InvalidArgument,
        Category::NotFound => Code::NotFound,
        Category::Exists => Code::AlreadyExists,
        Category::Precondition => Code::FailedPrecondition,
        Category::Unauthenticated => Code::Unauthenticated,
        Category::Denied => Code::PermissionDenied,
        Category::Exhausted => Code::ResourceExhausted,
        Category::Unavailable => Code::Unavailable,
        Category::Deadline => Code::DeadlineExceeded,
        Category::Unimplemented => Code::Unimplemented,
        Category::Internal => Code::Internal,
    }
}

fn log(fault: &Fault) {
    let context = fault.context.as_deref().unwrap_or_default();
    match fault.reason.category() {
        Category::Internal => tracing::error!(reason = %fault.reason, context, "internal fault"),
        Category::Unavailable => tracing::warn!(reason = %fault.reason, context, "unavailable"),
        _ => tracing::debug!(reason = %fault.reason, context, "refused"),
    }
}

fn details(fault: &Fault) -> Vec<prost_types::Any> {
    let metadata = fault
        .metadata
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect();
    let info = google::ErrorInfo {
        reason: fault.reason.as_str().to_owned(),
        domain: DOMAIN.to_owned(),
        metadata,
    };
    let mut details = vec![any("google.rpc.ErrorInfo", &info)];
    if let Some((_, field)) = fault.metadata.iter().find(|(key, _)| *key == "field") {
        let violation = google::FieldViolation {
            field: field.clone(),
            description: fault.message.clone(),
        };
        details.push(any(
            "google.rpc.BadRequest",
            &google::BadRequest {
                field_violations: vec![violation],
            },
        ));
    }
    if let Some(after) = fault.retry_after {
        let seconds = i64::try_from(after.as_secs()).unwrap_or(i64::MAX);
        let nanos = i32::try_from(after.subsec_nanos()).unwrap_or(0);
        let retry_delay = Some(prost_types::Duration { seconds, nanos });
        details.push(any("google.rpc.RetryInfo", &google::RetryInfo { retry_delay }));
    }
    details
}

fn any(name: &str, message: &impl prost::Message) -> prost_types::Any {
    prost_types::Any {
        type_url: format!("type.googleapis.com/{name}"),
        value: message.encode_to_vec(),
    }
}

/// The messages of google/rpc that we send, as published with the API design guide.
mod google {
    use std::collections::HashMap;

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Status {
        #[prost(int32, tag = "1")]
        pub code: i32,
        #[prost(string, tag = "2")]
        pub message: String,
        #[prost(message, repeated, tag = "3")]
        pub details: Vec<prost_types::Any>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct ErrorInfo {
        #[prost(string, tag = "1")]
        pub reason: String,
        #[prost(string, tag = "2")]
        pub domain: String,
        #[prost(map = "string, string", tag = "3")]
        pub metadata: HashMap<String, String>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct FieldViolation {
        #[prost(string, tag = "1")]
        pub field: String,
        #[prost(string, tag = "2")]
        pub description: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct BadRequest {
        #[prost(message, repeated, tag = "1")]
        pub field_violations: Vec<FieldViolation>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct RetryInfo {
        #[prost(message, optional, tag = "1")]
        pub retry_delay: Option<prost_types::Duration>,
    }
}
