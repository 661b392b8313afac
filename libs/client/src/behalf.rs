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
        Self {
            authorization: authorization.and_then(|value| AsciiMetadataValue::try_from(value.as_bytes()).ok()),
            within: None,
        }
    }

    /// Of the caller of this request.
    pub fn of_request<T>(request: &Request<T>) -> Self {
        Self {
            authorization: request.metadata().get("authorization").cloned(),
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
