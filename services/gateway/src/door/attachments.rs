//! Bytes of attachments by HTTP: `PUT` takes a file to session part by part, `GET` brings one from there. Who may is in the ticket
//! that stands in the address; nothing of a file is kept here beyond the part that is on its way.

use super::{disposition::disposition, rates::Who};
use crate::Settings;
use axum::{
    Json, Router,
    body::{Body, BodyDataStream, Bytes},
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
    routing::put,
};
use bytes::BytesMut;
use futures::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use onqueue_client::{Behalf, reason};
use onqueue_model::Reason;
use onqueue_proto::session::v1::{
    Attachment, AttachmentState, CloseUploadRequest, OpenUploadRequest, ReadBytesRequest, StorePartRequest,
    attachment_bytes_service_client::AttachmentBytesServiceClient, read_bytes_response::Frame,
};
use onqueue_server::{Held, InProcess, Tally};
use serde::Serialize;
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, time::timeout};
use tonic::{Code, Status};

/// How long one part may take to be kept.
const PART: Duration = Duration::from_secs(15);

/// Nothing of a file may be shown in a page of ours, run, or be kept by others.
const GUARDS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; sandbox; frame-ancestors 'none'",
    ),
    (header::CACHE_CONTROL, "private, no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
];

#[derive(Clone)]
struct Transfers(Arc<Inner>);

struct Inner {
    session: InProcess,
    uploads: Semaphore,
    per_address: u32,
    open: Tally<Who>,
    within: Duration,
    idle: Duration,
}

/// What goes wrong on the way, as HTTP says it.
#[derive(Debug, PartialEq, Eq)]
struct Refused {
    code: StatusCode,
    reason: &'static str,
    message: String,
}

/// A refusal's body.
#[derive(Serialize)]
struct Told<'a> {
    reason: &'a str,
    message: &'a str,
}

/// What became of a file.
#[derive(Serialize)]
struct Came<'a> {
    attachment_id: &'a str,
    state: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    refusal: &'a str,
}

/// `/attachments/{ticket}`.
pub(super) fn router(settings: &Settings, session: InProcess) -> Router {
    let transfers = Transfers(Arc::new(Inner {
        session,
        uploads: Semaphore::new(settings.uploads),
        per_address: settings.transfers_per_address,
        open: Tally::default(),
        within: Duration::from_millis(settings.upload_ms),
        idle: Duration::from_millis(settings.upload_idle_ms),
    }));
    Router::new()
        .route("/attachments/{ticket}", put(upload).get(download))
        .with_state(transfers)
}

async fn upload(State(Transfers(to)): State<Transfers>, Path(ticket): Path<String>, request: Request) -> Response {
    let answer = to.upload(ticket, request).await;
    let mut response = match &answer {
        Ok(attachment) => came(attachment),
        Err(refused) => refused.told(),
    };
    guard(response.headers_mut());
    response
}

async fn download(State(Transfers(from)): State<Transfers>, Path(ticket): Path<String>, request: Request) -> Response {
    let answer = match from.seat(&request) {
        Ok(seat) => from.download(ticket, seat).await,
        Err(refused) => Err(refused),
    };
    let mut response = answer.unwrap_or_else(|refused| refused.told());
    guard(response.headers_mut());
    response
}

fn guard(headers: &mut HeaderMap) {
    for (name, value) in GUARDS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn came(attachment: &Attachment) -> Response {
    let (code, state) = match attachment.state() {
        AttachmentState::Clean => (StatusCode::CREATED, "clean"),
        AttachmentState::Quarantined => (StatusCode::ACCEPTED, "quarantined"),
        _ => (StatusCode::UNPROCESSABLE_ENTITY, "refused"),
    };
    let came = Came {
        attachment_id: &attachment.attachment_id,
        state,
        refusal: &attachment.refusal,
    };
    (code, Json(came)).into_response()
}

impl Inner {
    fn client(&self) -> AttachmentBytesServiceClient<InProcess> {
        AttachmentBytesServiceClient::new(self.session.clone())
    }

    fn seat(&self, request: &Request) -> Result<Held<Who>, Refused> {
        let seat = self.open.take(Who::of(request.extensions()), self.per_address);
        seat.ok_or_else(busy)
    }

    async fn upload(&self, ticket: String, request: Request) -> Result<Attachment, Refused> {
        let _seat = self.seat(&request)?;
        let _room = self.uploads.try_acquire().map_err(|_| busy())?;
        plain(request.headers())?;
        let length = said_length(request.headers());
        let work = self.bring(ticket, length, request.into_body());
        timeout(self.within, work).await.unwrap_or_else(|_| Err(too_slow()))
    }

    /// Takes the file to session, one part after the other.
    async fn bring(&self, ticket: String, length: Option<u64>, body: Body) -> Result<Attachment, Refused> {
        let (mut client, within) = (self.client(), Behalf::default().within(PART));
        let open = OpenUploadRequest {
            upload_token: ticket.clone(),
        };
        let opened = client.open_upload(within.request(open)).await?.into_inner();
        let bytes = u64::try_from(opened.bytes).unwrap_or(0);
        if length.is_some_and(|length| length != bytes) {
            return Err(another_length(bytes));
        }
        let mut parts = Parts {
            body: body.into_data_stream(),
            idle: self.idle,
            most: usize::try_from(opened.part_bytes).unwrap_or(0).max(1),
            bytes,
            left: bytes,
            begun: BytesMut::new(),
        };
        let mut number = 0;
        while let Some(data) = parts.next().await? {
            number += 1;
            let part = StorePartRequest {
                upload_token: ticket.clone(),
                attempt: opened.attempt.clone(),
                number,
                data,
            };
            client.store_part(within.request(part)).await?;
        }
        let close = CloseUploadRequest {
            upload_token: ticket,
            attempt: opened.attempt,
        };
        let closed = client.close_upload(within.request(close)).await?.into_inner();
        closed.attachment.ok_or_else(broken)
    }

    async fn download(&self, ticket: String, seat: Held<Who>) -> Result<Response, Refused> {
        let read = ReadBytesRequest { download_token: ticket };
        let mut frames = self.client().read_bytes(read).await?.into_inner();
        let first = frames.message().await?.and_then(|first| first.frame);
        let Some(Frame::Attachment(attachment)) = first else {
            return Err(broken());
        };
        // The seat is held as long as bytes are on their way.
        let bytes = frames.map(move |frame| {
            let _seat = &seat;
            match frame.map(|frame| frame.frame) {
                Ok(Some(Frame::Data(data))) => Ok(data),
                Ok(_) => Err(axum::Error::new("a frame without bytes")),
                Err(status) => Err(axum::Error::new(status)),
            }
        });
        Ok((headers(&attachment)?, Body::from_stream(bytes)).into_response())
    }
}

fn headers(attachment: &Attachment) -> Result<HeaderMap, Refused> {
    let mut headers = HeaderMap::new();
    let kind = HeaderValue::from_str(&attachment.media_type).map_err(|_| broken())?;
    let name = HeaderValue::from_str(&disposition(&attachment.name)).map_err(|_| broken())?;
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CONTENT_DISPOSITION, name);
    headers.insert(header::CONTENT_LENGTH, attachment.bytes.into());
    Ok(headers)
}

/// A body in parts of one size, of exactly so many bytes.
struct Parts {
    body: BodyDataStream,
    idle: Duration,
    most: usize,
    bytes: u64,
    /// What of it has not come.
    left: u64,
    begun: BytesMut,
}

impl Parts {
    async fn next(&mut self) -> Result<Option<Bytes>, Refused> {
        while self.begun.len() < self.most && self.left > 0 {
            let chunk = self.chunk().await?.ok_or_else(|| another_length(self.bytes))?;
            self.left = self
                .left
                .checked_sub(chunk.len() as u64)
                .ok_or_else(|| another_length(self.bytes))?;
            self.begun.extend_from_slice(&chunk);
        }
        if self.begun.is_empty() {
            // Nothing may follow.
            return match self.chunk().await? {
                None => Ok(None),
                Some(_) => Err(another_length(self.bytes)),
            };
        }
        let length = self.begun.len().min(self.most);
        Ok(Some(self.begun.split_to(length).freeze()))
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Refused> {
        loop {
            match timeout(self.idle, self.body.next()).await {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(chunk))) if chunk.is_empty() => {}
                Ok(Some(Ok(chunk))) => return Ok(Some(chunk)),
                Ok(Some(Err(error))) => return Err(cut(&error)),
                Err(_) => return Err(too_slow()),
            }
        }
    }
}

fn said_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Bytes as they are: what is packed for the way would be counted wrongly.
fn plain(headers: &HeaderMap) -> Result<(), Refused> {
    let packed = headers
        .get(header::CONTENT_ENCODING)
        .filter(|packing| *packing != "identity");
    match packed.or_else(|| headers.get(header::CONTENT_RANGE)) {
        None => Ok(()),
        Some(_) => Err(Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Reason::FieldInvalid,
            "send the file's bytes as they are, and all of them",
        )),
    }
}

fn busy() -> Refused {
    let message = "too many files are on their way; try again soon";
    Refused::new(StatusCode::TOO_MANY_REQUESTS, Reason::RateLimited, message)
}

fn too_slow() -> Refused {
    let message = "the file did not come in time; try again";
    Refused::new(StatusCode::REQUEST_TIMEOUT, Reason::DeadlineExceeded, message)
}

fn another_length(bytes: u64) -> Refused {
    let message = format!("this file was announced with {bytes} bytes; send as many");
    Refused::new(StatusCode::BAD_REQUEST, Reason::FieldInvalid, message)
}

fn cut(error: &axum::Error) -> Refused {
    tracing::debug!(%error, "an upload broke off");
    Refused::new(
        StatusCode::BAD_REQUEST,
        Reason::FieldInvalid,
        "the file was cut off; try again",
    )
}

fn broken() -> Refused {
    let message = "something went wrong on our side; it has been logged";
    Refused::new(StatusCode::BAD_GATEWAY, Reason::Internal, message)
}

impl Refused {
    fn new(code: StatusCode, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.as_str(),
            message: message.into(),
        }
    }

    fn told(&self) -> Response {
        let told = Told {
            reason: self.reason,
            message: &self.message,
        };
        let mut response = (self.code, Json(told)).into_response();
        if matches!(
            self.code,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        ) {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        let code = match status.code() {
            Code::InvalidArgument => StatusCode::BAD_REQUEST,
            Code::Unauthenticated | Code::PermissionDenied => StatusCode::FORBIDDEN,
            Code::NotFound => StatusCode::NOT_FOUND,
            Code::FailedPrecondition | Code::Aborted | Code::AlreadyExists => StatusCode::CONFLICT,
            Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
            Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
            Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(code, reason(&status).unwrap_or(Reason::Internal), status.message())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;

    async fn parts(chunks: &[&'static str], bytes: u64) -> Result<Vec<Bytes>, StatusCode> {
        let chunks: Vec<Result<Bytes, axum::Error>> = chunks.iter().map(|chunk| Ok(Bytes::from(*chunk))).collect();
        let mut parts = Parts {
            body: Body::from_stream(stream::iter(chunks)).into_data_stream(),
            idle: Duration::from_secs(5),
            most: 4,
            bytes,
            left: bytes,
            begun: BytesMut::new(),
        };
        let mut found = Vec::new();
        while let Some(part) = parts.next().await.map_err(|refused| refused.code)? {
            found.push(part);
        }
        Ok(found)
    }

    #[tokio::test]
    async fn parts_are_of_one_size_however_they_come() {
        for chunks in [
            &["abcdefghij"][..],
            &["abc", "", "defgh", "ij"],
            &["a", "b", "cdefghij"],
        ] {
            assert_eq!(
                parts(chunks, 10).await.expect("whole"),
                ["abcd", "efgh", "ij"],
                "{chunks:?}"
            );
        }
        assert_eq!(parts(&["abcd"], 4).await.expect("whole"), ["abcd"]);
        for (chunks, bytes) in [
            (&["abc"][..], 4),
            (&["abcde"], 4),
            (&["abcd", "e"], 4),
            (&[], 1),
            (&["a"], 0),
        ] {
            assert_eq!(parts(chunks, bytes).await, Err(StatusCode::BAD_REQUEST), "{chunks:?}");
        }
    }
}
