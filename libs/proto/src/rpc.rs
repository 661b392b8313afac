//! The messages of google/rpc that refusals carry, as published with the API design guide.

use std::collections::HashMap;

/// `google.rpc.Status`: what travels in `grpc-status-details-bin`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Status {
    /// The gRPC code.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// A sentence.
    #[prost(string, tag = "2")]
    pub message: String,
    /// The messages below, packed.
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<prost_types::Any>,
}

/// `google.rpc.ErrorInfo`: the stable reason.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ErrorInfo {
    /// In the words of the API.
    #[prost(string, tag = "1")]
    pub reason: String,
    /// Whose words they are.
    #[prost(string, tag = "2")]
    pub domain: String,
    /// What programs may want to know beside it.
    #[prost(map = "string, string", tag = "3")]
    pub metadata: HashMap<String, String>,
}

/// `google.rpc.BadRequest.FieldViolation`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct FieldViolation {
    /// Which field.
    #[prost(string, tag = "1")]
    pub field: String,
    /// What is wrong with it.
    #[prost(string, tag = "2")]
    pub description: String,
}

/// `google.rpc.BadRequest`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct BadRequest {
    /// Every field that is wrong.
    #[prost(message, repeated, tag = "1")]
    pub field_violations: Vec<FieldViolation>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RetryInfo {
    /// How long to wait first.
    #[prost(message, optional, tag = "1")]
    pub retry_delay: Option<prost_types::Duration>,
}

/// Packs a message under its full name.
pub fn pack(name: &str, message: &impl prost::Message) -> prost_types::Any {
    prost_types::Any {
        type_url: format!("type.googleapis.com/{name}"),
        value: message.encode_to_vec(),
    }
}

/// The first message of that full name among `details`; `None` if there is none or it is malformed.
pub fn unpack<M: prost::Message + Default>(name: &str, details: &[prost_types::Any]) -> Option<M> {
    let packed = details
        .iter()
        .find(|any| any.type_url.rsplit('/').next() == Some(name))?;
    M::decode(packed.value.as_slice()).ok()
}
