//! Asking somebody else whether a file does harm. The scanner is whatever answers a `POST` of the bytes with
//! `{"verdict": "clean"}` or `{"verdict": "infected", "name": "…"}`; anything else is no verdict.

use crate::{Settings, http::Caller};
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http::{Method, Request, StatusCode, Uri, header};
use http_body::Frame;
use http_body_util::{BodyExt as _, Limited, StreamBody};
use onqueue_model::Fault;
use serde::Deserialize;
use std::{pin::Pin, time::Duration};

/// The longest answer, in bytes.
const ANSWER: usize = 4_096;

/// The longest name of a finding that is logged, in characters.
const NAME: usize = 200;

type Parts = Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, Fault>> + Send>>;

/// What the scanner says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Nothing.
    Clean,
    /// Something, by this name.
    Infected(String),
}

#[derive(Deserialize)]
struct Answer {
    verdict: String,
    #[serde(default)]
    name: String,
}

/// Asks the scanner. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Scanner {
    caller: Caller<StreamBody<Parts>>,
    address: Uri,
    within: Duration,
}

impl Scanner {
    /// The scanner of these settings; `None` if there is none.
    pub fn new(settings: &Settings) -> Result<Option<Self>, Fault> {
        if settings.scanner_url.is_empty() {
            return Ok(None);
        }
        let address = settings.scanner_url.parse();
        Ok(Some(Self {
            caller: Caller::new()?,
            address: address.map_err(|_| Fault::field("attachments.scanner_url", "must be an address"))?,
            within: Duration::from_millis(settings.scanner_ms),
        }))
    }

    /// What it says of a file of so many bytes. UNAVAILABLE if it says nothing that is a verdict, or not in time.
    pub async fn ask(
        &self,
        bytes: u64,
        parts: impl Stream<Item = Result<Bytes, Fault>> + Send + 'static,
    ) -> Result<Finding, Fault> {
        let parts: Parts = Box::pin(parts.map(|part| part.map(Frame::data)));
        let mut request = Request::new(StreamBody::new(parts));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.address.clone();
        let headers = request.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("application/octet-stream"),
        );
        headers.insert(header::CONTENT_LENGTH, bytes.into());
        let answer = tokio::time::timeout(self.within, self.answer(request)).await;
        answer.map_err(|_| Fault::unavailable("the scanner did not answer in time"))?
    }

    async fn answer(&self, request: Request<StreamBody<Parts>>) -> Result<Finding, Fault> {
        let answer = self.caller.call(request).await;
        let (head, body) = answer
            .map_err(|error| Fault::unavailable(format_args!("the scanner: {error}")))?
            .into_parts();
        if head.status != StatusCode::OK {
            return Err(Fault::unavailable(format_args!("the scanner answered {}", head.status)));
        }
        let body = Limited::new(body, ANSWER).collect().await;
        let body = body.map_err(|error| Fault::unavailable(format_args!("the scanner: {error}")))?;
        finding(&body.to_bytes())
    }
}

fn finding(answer: &[u8]) -> Result<Finding, Fault> {
    let no_verdict = || Fault::unavailable("the scanner answered what is no verdict");
    let answer: Answer = serde_json::from_slice(answer).map_err(|_| no_verdict())?;
    match answer.verdict.as_str() {
        "clean" => Ok(Finding::Clean),
        "infected" => Ok(Finding::Infected(
            answer.name.chars().filter(|c| !c.is_control()).take(NAME).collect(),
        )),
        _ => Err(no_verdict()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_verdict_is_one() {
        for (answer, expected) in [
            (r#"{"verdict":"clean"}"#, Some(Finding::Clean)),
            (r#"{"verdict":"clean","engine":"x"}"#, Some(Finding::Clean)),
            (
                r#"{"verdict":"infected","name":"Eicar\n"}"#,
                Some(Finding::Infected("Eicar".to_owned())),
            ),
            (r#"{"verdict":"infected"}"#, Some(Finding::Infected(String::new()))),
            (r#"{"verdict":"CLEAN"}"#, None),
            (r#"{"verdict":true}"#, None),
            ("{}", None),
            ("clean", None),
            ("", None),
        ] {
            assert_eq!(finding(answer.as_bytes()).ok(), expected, "{answer}");
        }
    }
}
