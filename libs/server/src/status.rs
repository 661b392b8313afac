//! The one table from faults to gRPC status.

use onqueue_model::{Category, Fault, Reason};
use onqueue_proto::rpc;
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
    encode(code, fault)
}

/// A request larger than its rpc accepts: the reason is the one for long texts, the code is RESOURCE_EXHAUSTED, because
/// nobody has read what the request says.
pub fn too_large(limit: usize) -> Status {
    let fault = Fault::new(
        Reason::MessageTooLarge,
        format!("a request of this kind has at most {limit} bytes"),
    );
    encode(Code::ResourceExhausted, fault.with("limit", limit))
}

/// The end of a stream whose connection closes. Not a failure, so nothing is logged.
pub(crate) fn closing() -> Status {
    let message = "this connection closes: go on with the last cursor on a new one";
    encode(Code::Unavailable, Fault::new(Reason::Unavailable, message))
}

fn encode(code: Code, fault: Fault) -> Status {
    let details = details(&fault);
    let carried = rpc::Status {
        code: i32::from(code),
        message: fault.message.clone(),
        details,
    };
    Status::with_details(code, fault.message, carried.encode_to_vec().into())
}

const fn code(category: Category) -> Code {
    match category {
        Category::Invalid => Code::InvalidArgument,
        Category::NotFound => Code::NotFound,
        Category::Exists => Code::AlreadyExists,
        Category::Conflict => Code::Aborted,
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
    let info = rpc::ErrorInfo {
        reason: fault.reason.as_str().to_owned(),
        domain: DOMAIN.to_owned(),
        metadata,
    };
    let mut details = vec![rpc::pack("google.rpc.ErrorInfo", &info)];
    if let Some((_, field)) = fault.metadata.iter().find(|(key, _)| *key == "field") {
        let violation = rpc::FieldViolation {
            field: field.clone(),
            description: fault.message.clone(),
        };
        details.push(rpc::pack(
            "google.rpc.BadRequest",
            &rpc::BadRequest {
                field_violations: vec![violation],
            },
        ));
    }
    if let Some(after) = fault.retry_after {
        let seconds = i64::try_from(after.as_secs()).unwrap_or(i64::MAX);
        let nanos = i32::try_from(after.subsec_nanos()).unwrap_or(0);
        let retry_delay = Some(prost_types::Duration { seconds, nanos });
        details.push(rpc::pack("google.rpc.RetryInfo", &rpc::RetryInfo { retry_delay }));
    }
    details
}
