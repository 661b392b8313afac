//! The refusals that must look the same wherever they come from.

use onqueue_model::{Fault, Reason};

/// Organisation, address or password is wrong; which one is not said.
pub fn credentials() -> Fault {
    Fault::new(
        Reason::CredentialsInvalid,
        "organisation, e-mail address or password is wrong",
    )
}

/// The refresh token is not one that works.
pub fn refresh_token() -> Fault {
    Fault::new(Reason::TokenInvalid, "the refresh token is not valid; log in again")
}

/// The refresh token has ended.
pub fn refresh_token_expired() -> Fault {
    Fault::new(Reason::TokenExpired, "the refresh token has ended; log in again")
}

/// The client's id or its secret is wrong, or it is switched off; which, is not said.
pub fn client_credentials() -> Fault {
    Fault::new(Reason::CredentialsInvalid, "the client's id or its secret is wrong")
}
