//! Calls by path and bytes, for tests that go through every rpc there is.

use bytes::{Buf, BufMut, Bytes};
use std::time::Duration;
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataValue,
    transport::Channel,
};

/// Calls an rpc as whoever holds the token. A stream answers with its first frame.
pub async fn call(door: &Channel, path: &'static str, token: Option<&str>, message: Vec<u8>) -> Result<Bytes, Status> {
    let mut grpc = Grpc::new(door.clone());
    grpc.ready()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;
    let mut request = Request::new(Bytes::from(message));
    request.set_timeout(Duration::from_secs(5));
    if let Some(token) = token {
        let value = MetadataValue::try_from(format!("Bearer {token}")).expect("ASCII");
        request.metadata_mut().insert("authorization", value);
    }
    let mut frames = grpc
        .server_streaming(request, path.parse().expect("a path"), Raw)
        .await?
        .into_inner();
    frames.message().await.map(Option::unwrap_or_default)
}

/// Messages as their bytes.
#[derive(Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
