//! Calling another service: the trace goes along, calls that may be repeated are, and refusals are read back into
//! reasons. Generated clients are made from an [`Upstream`]; where it leads (this process, or a [`Remote`]) is not their
//! business.
#![deny(missing_docs)]

mod behalf;
mod deadline;
mod message;
mod reason;
mod refusal;
mod remote;
mod retry;

pub use behalf::Behalf;
pub use message::message;
pub use reason::{metadata, reason, retry_after};
pub use remote::{Affinity, Lookup, Remote, Settings, affinity};
pub use retry::Policy;

use futures::future::BoxFuture;
use onqueue_telemetry::TraceLayer;
use std::sync::Arc;
use tonic::{Status, body::Body};
use tower::{Layer as _, ServiceExt as _, util::BoxCloneSyncService};

/// A service, in this process or elsewhere, as generated clients take it.
pub type Upstream = BoxCloneSyncService<http::Request<Body>, http::Response<Body>, Status>;

/// Gives random numbers in 0..1.
pub type Chance = Arc<dyn Fn() -> f64 + Send + Sync>;

/// Starts what runs in the background.
pub type Spawn = Arc<dyn Fn(BoxFuture<'static, ()>) + Send + Sync>;

/// `upstream` as one service calls another: a span per call whose context travels in the headers, and retries by
/// `policy` of calls whose rpc says that it may be repeated. Make one for each upstream and clone it: the retry budget is
/// the clone's too.
pub fn connect(upstream: Upstream, policy: Policy, chance: Chance) -> Upstream {
    let retrying = retry::Retrying::new(upstream, policy, chance);
    let traced = TraceLayer::client(onqueue_proto::known).layer(retrying);
    BoxCloneSyncService::new(traced.map_response(|response| response.map(Body::new)))
}
