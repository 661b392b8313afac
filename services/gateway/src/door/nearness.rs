//! Which replica of session a call should go to: calls about one conversation meet where it is held in memory already. A
//! preference and nothing more: what is said here is not believed for anything else.

use http::{HeaderMap, HeaderName, Request};
use onqueue_client::{Affinity, affinity};
use onqueue_model::{Caller, ConversationId, Principal};

/// Clients who may see several conversations say here which one a call is about. Not handed on.
pub(super) const CONVERSATION: HeaderName = HeaderName::from_static("onqueue-conversation");

/// A guest has one conversation; others say which.
pub(super) fn nearness<B>(request: &Request<B>) -> Option<Affinity> {
    let caller = request.extensions().get::<Caller>().map(|caller| &caller.principal);
    let conversation = match caller {
        Some(Principal::Guest { conversation, .. }) => Some(*conversation),
        Some(Principal::User { .. } | Principal::Client { .. }) | None => said(request.headers()),
    };
    Some(affinity(&conversation?.to_string()))
}

/// Whatever is not an id is nothing.
fn said(headers: &HeaderMap) -> Option<ConversationId> {
    headers.get(CONVERSATION)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_count_in_any_spelling() {
        let of = |said: Option<&str>| {
            let mut request = Request::builder();
            if let Some(said) = said {
                request = request.header(CONVERSATION, said);
            }
            nearness(&request.body(()).expect("a request")).map(|affinity| affinity.0)
        };
        let id = "019a0000-0000-7000-8000-00000000000a";
        assert_eq!(of(Some(id)), Some(affinity(id).0));
        assert_eq!(of(Some(&id.to_uppercase())), of(Some(id)));
        assert_ne!(of(Some("019a0000-0000-7000-8000-00000000000b")), of(Some(id)));
        for nothing in [None, Some(""), Some("mine"), Some(&*"0".repeat(4_000))] {
            assert_eq!(of(nothing), None, "{nothing:?}");
        }
    }
}
