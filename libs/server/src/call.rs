//! Who is behind a request, as the layers in front of the handlers found out.

use onqueue_model::{Caller, Fault, Reason};
use tonic::Request;

/// The service that calls, as its connection proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub &'static str);

/// The verified caller; TOKEN_INVALID without one.
pub fn caller<T>(request: &Request<T>) -> Result<Caller, Fault> {
    optional_caller(request)
        .ok_or_else(|| Fault::new(Reason::TokenInvalid, "log in first: this call needs an access token"))
}

/// The verified caller, if there is one.
pub fn optional_caller<T>(request: &Request<T>) -> Option<Caller> {
    request.extensions().get::<Caller>().cloned()
}

/// The calling service; CALLER_NOT_ALLOWED for everybody else.
pub fn service_caller<T>(request: &Request<T>) -> Result<Peer, Fault> {
    let refused = || {
        Fault::new(
            Reason::CallerNotAllowed,
            "only services of this installation may call this",
        )
    };
    request.extensions().get::<Peer>().copied().ok_or_else(refused)
}
