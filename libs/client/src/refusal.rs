//! What a caller is told when there is no answer to pass on: in the same form as a service's own refusals.

use crate::reason::DOMAIN;
use onqueue_model::Reason;
use onqueue_proto::rpc::{self, ErrorInfo, pack};
use prost::Message as _;
use std::collections::HashMap;
use tonic::{Code, Status};

/// No connection to the service could be had.
pub(crate) fn unreachable(service: &str) -> Status {
    let message = format!("{service} cannot be reached right now; try again");
    refusal(Code::Unavailable, Reason::Unavailable, message, service)
}

/// The connection ended before the answer did; whether the call was carried out is not known.
pub(crate) fn lost(service: &str) -> Status {
    let message = format!("the connection to {service} was lost before it had answered; try again");
    refusal(Code::Unavailable, Reason::Unavailable, message, service)
}

/// The caller's deadline passed.
pub(crate) fn exceeded(service: &str) -> Status {
    let message = format!("the deadline passed before {service} had answered");
    refusal(Code::DeadlineExceeded, Reason::DeadlineExceeded, message, service)
}

fn refusal(code: Code, reason: Reason, message: String, service: &str) -> Status {
    let info = ErrorInfo {
        reason: reason.as_str().to_owned(),
        domain: DOMAIN.to_owned(),
        metadata: HashMap::from([("service".to_owned(), service.to_owned())]),
    };
    let carried = rpc::Status {
        code: i32::from(code),
        message: message.clone(),
        details: vec![pack("google.rpc.ErrorInfo", &info)],
    };
    Status::with_details(code, message, carried.encode_to_vec().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_a_reason() {
        for (status, code, reason) in [
            (unreachable("auth"), Code::Unavailable, Reason::Unavailable),
            (lost("auth"), Code::Unavailable, Reason::Unavailable),
            (exceeded("auth"), Code::DeadlineExceeded, Reason::DeadlineExceeded),
        ] {
            assert_eq!((status.code(), crate::reason(&status)), (code, Some(reason)));
            assert!(status.message().contains("auth"), "{status}");
        }
    }
}
