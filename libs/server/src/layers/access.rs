//! Whether a call may reach its handler: the access that its rpc declares against the token and the connection it came
//! with. Whether the object may be touched is for the owning service to say.

use crate::Peer;
use http::{HeaderMap, HeaderName, header::AUTHORIZATION};
use onqueue_model::{Caller, Fault, Reason, Timestamp};
use onqueue_proto::{Access, Method};
use onqueue_trust::Trust;
use std::time::Duration;

/// The public door puts it on whatever it hands on: such a call is its caller's, not the door's own, and reaches nothing
/// that is for services, not even an rpc that the door has never heard of.
pub const FROM_OUTSIDE: HeaderName = HeaderName::from_static("x-onqueue-from-outside");

/// Checks the rpc's declared access. Answers the verified caller: always there for rpcs that need a token, there if the
/// token is valid for those that do not. TOKEN_INVALID, TOKEN_EXPIRED, PERMISSION_MISSING, CALLER_NOT_ALLOWED; TRUST_STALE
/// before the first trust bundle: whoever has a good token must not be told that it is none.
pub fn admit(
    method: &Method,
    headers: &HeaderMap,
    peer: Option<Peer>,
    trust: &Trust,
    now: Timestamp,
) -> Result<Option<Caller>, Fault> {
    let verified = || {
        let token = bearer(headers)?.ok_or_else(no_token)?;
        trust.read_at().ok_or_else(nobody_known)?;
        trust.verify(token, now)
    };
    match method.access {
        Some(Access::Anyone) => Ok(verified().ok()),
        Some(Access::Participant) => verified().map(Some),
        Some(Access::User) => verified().and_then(user).map(Some),
        Some(Access::Permission(permission)) => {
            let caller = verified()?;
            trust.may(&caller, permission)?;
            Ok(Some(caller))
        }
        Some(Access::Services(names)) => {
            let known = peer.is_some_and(|peer| names.contains(&peer.0));
            if known && !headers.contains_key(FROM_OUTSIDE) {
                Ok(verified().ok())
            } else {
                Err(services_only())
            }
        }
        None => Err(Fault::internal(format_args!("{} declares no access", method.path))),
    }
}

/// The token of the `authorization: Bearer …` header; `None` without one, TOKEN_INVALID for any other or a second one.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Fault> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let Some(first) = given.next() else {
        return Ok(None);
    };
    if given.next().is_some() {
        return Err(malformed());
    }
    let (scheme, token) = first
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || token.contains(' ') {
        return Err(malformed());
    }
    Ok(Some(token))
}

/// Users and other systems; which calls are for people alone, the owning service says.
fn user(caller: Caller) -> Result<Caller, Fault> {
    match caller.subject() {
        Some(_) => Ok(caller),
        None => Err(Fault::new(
            Reason::CallerNotAllowed,
            "this is for users who logged in, not for guests",
        )),
    }
}

fn nobody_known() -> Fault {
    let message = "permissions have not been read yet; try again";
    Fault::new(Reason::TrustStale, message).with_retry_after(Duration::from_millis(500))
}

fn no_token() -> Fault {
    Fault::new(
        Reason::TokenInvalid,
        "this call needs an access token in the header authorization: Bearer …",
    )
}

fn malformed() -> Fault {
    Fault::new(
        Reason::TokenInvalid,
        "the header authorization must be Bearer and one token",
    )
}

fn services_only() -> Fault {
    Fault::new(
        Reason::CallerNotAllowed,
        "only services of this installation may call this",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_str(value).expect("ascii"));
        }
        headers
    }

    #[test]
    fn before_the_first_bundle_nobody_is_told_that_their_token_is_wrong() {
        let method = onqueue_proto::method("/onqueue.session.v1.ConversationService/SendMessage").expect("an rpc");
        let refused = |headers: &HeaderMap| {
            let refused = admit(method, headers, None, &Trust::new(), Timestamp(1));
            refused.map(|_| ()).map_err(|fault| fault.reason)
        };
        assert_eq!(refused(&headers(&["Bearer abc"])), Err(Reason::TrustStale));
        assert_eq!(refused(&headers(&[])), Err(Reason::TokenInvalid));
    }

    #[test]
    fn one_bearer_token_or_none() {
        for (given, expected) in [
            (&[][..], Ok(None)),
            (&["Bearer abc"], Ok(Some("abc"))),
            (&["bearer a.b-c_d"], Ok(Some("a.b-c_d"))),
            (&["Basic abc"], Err(())),
            (&["Bearer"], Err(())),
            (&["Bearer "], Err(())),
            (&["Bearer a b"], Err(())),
            (&["abc"], Err(())),
            (&["Bearer a", "Bearer a"], Err(())),
        ] {
            let headers = headers(given);
            assert_eq!(bearer(&headers).map_err(|_| ()), expected, "{given:?}");
        }
    }
}
