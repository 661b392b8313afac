//! Calling on behalf of whoever called us.

use http::HeaderMap;
use std::time::Duration;
use tonic::{Request, metadata::AsciiMetadataValue};

/// Whose token a call carries, and how long its caller waits.
#[derive(Clone, Debug, Default)]
pub struct Behalf {
    authorization: Option<AsciiMetadataValue>,
    within: Option<Duration>,
}

impl Behalf {
    /// Of the caller whose request had these headers.
    pub fn of(headers: &HeaderMap) -> Self {
        let authorization = headers.get(http::header::AUTHORIZATION);
        Self::with(authorization.and_then(|value| AsciiMetadataValue::try_from(value.as_bytes()).ok()))
    }

    /// Of the caller of this request.
    pub fn of_request<T>(request: &Request<T>) -> Self {
        Self::with(request.metadata().get("authorization").cloned())
    }

    /// The token is marked as sensitive, so that neither we nor the requests made show it when they are printed.
    fn with(mut authorization: Option<AsciiMetadataValue>) -> Self {
        if let Some(authorization) = &mut authorization {
            authorization.set_sensitive(true);
        }
        Self {
            authorization,
            within: None,
        }
    }

    /// To be answered within this time, or DEADLINE_EXCEEDED.
    #[must_use]
    pub const fn within(mut self, within: Duration) -> Self {
        self.within = Some(within);
        self
    }

    /// The message as a request of theirs.
    pub fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(authorization) = &self.authorization {
            request.metadata_mut().insert("authorization", authorization.clone());
        }
        if let Some(within) = self.within {
            request.set_timeout(within);
        }
        request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_carried_but_not_shown() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", http::HeaderValue::from_static("Bearer hush"));
        let of_headers = Behalf::of(&headers);
        let of_request = Behalf::of_request(&of_headers.request(()));
        for behalf in [of_headers, of_request] {
            let request = behalf.request(());
            let carried = request.metadata().get("authorization").expect("carried");
            assert_eq!(carried, "Bearer hush");
            let shown = format!("{behalf:?} {request:?}");
            assert!(!shown.contains("hush"), "{shown}");
        }
    }
}
