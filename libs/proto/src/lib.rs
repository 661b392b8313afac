//! The generated gRPC code, the descriptor set, and what each rpc declares about itself. The protos are the contract;
//! nothing here decides anything.
#![deny(missing_docs)]

pub mod carrier;
mod codec;
mod convert;
mod method;
pub mod rpc;
pub mod timeout;

pub use codec::Codec;
pub use convert::{millis, timestamp};
pub use method::{Access, Idempotency, Method, SizeClass, known, method, methods};

/// The file descriptor set of everything, with comments and options, for reflection.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));

/// Generated from `proto/onqueue/auth`.
#[allow(missing_docs, clippy::all, clippy::too_many_lines)]
pub mod auth {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("onqueue.auth.v1");
    }
}

/// Generated from `proto/onqueue/common`.
#[allow(missing_docs, clippy::all, clippy::too_many_lines)]
pub mod common {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("onqueue.common.v1");
    }
}

/// Generated from `proto/onqueue/content`.
#[allow(missing_docs, clippy::all, clippy::too_many_lines)]
pub mod content {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("onqueue.content.v1");
    }
}

/// Generated from `proto/onqueue/gateway`.
#[allow(missing_docs, clippy::all, clippy::too_many_lines)]
pub mod gateway {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("onqueue.gateway.v1");
    }
}

/// Generated from `proto/onqueue/routing`.
#[allow(missing_docs, clippy::all, clippy::too_many_lines)]
pub mod routing {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("onqueue.routing.v1");
    }
}

/// Generated from `proto/onqueue/session`.
#[allow(missing_docs, clippy::all, clippy::too_many_lines)]
pub mod session {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("onqueue.session.v1");
    }
}
