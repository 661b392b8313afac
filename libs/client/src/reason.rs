//! Reading refusals.

use onqueue_model::Reason;
use onqueue_proto::rpc::{self, ErrorInfo, RetryInfo, unpack};
use prost::Message as _;
use std::time::Duration;
use tonic::Status;

/// Whose reasons we understand.
pub(crate) const DOMAIN: &str = "onqueue";

/// Why a call was refused, in the words of the API; `None` when the status does not say.
pub fn reason(status: &Status) -> Option<Reason> {
    let info: ErrorInfo = detail(status, "google.rpc.ErrorInfo")?;
    (info.domain == DOMAIN).then(|| Reason::parse(&info.reason)).flatten()
}

/// What a refusal says beside its reason under that key, such as the current `etag`; `None` when it does not say.
pub fn metadata(status: &Status, key: &str) -> Option<String> {
    let mut info: ErrorInfo = detail(status, "google.rpc.ErrorInfo")?;
    info.metadata.remove(key)
}

/// How long to wait before the same call makes sense; `None` when the status does not say.
pub fn retry_after(status: &Status) -> Option<Duration> {
    let info: RetryInfo = detail(status, "google.rpc.RetryInfo")?;
    Duration::try_from(info.retry_delay?).ok()
}

fn detail<M: prost::Message + Default>(status: &Status, name: &str) -> Option<M> {
    let carried = rpc::Status::decode(status.details()).ok()?;
    unpack(name, &carried.details)
}
