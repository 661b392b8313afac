//! Messages on their way, with as little room for each stream as most need.

use prost::Message;
use std::marker::PhantomData;
use tonic::codec::BufferSettings;
use tonic_prost::{ProstDecoder, ProstEncoder};

/// The room that a stream's buffer begins with and grows by, in bytes: most messages fit. A stream keeps it while it is idle;
/// the library's own 8 KiB would be most of what one takes.
const ROOM: usize = 1024;

/// As much as this is sent at once, in bytes.
const ENOUGH: usize = 32 * 1024;

/// Encodes `T` and decodes `U` as protobuf.
#[derive(Clone, Debug)]
pub struct Codec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Codec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> tonic::codec::Codec for Codec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = ProstDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::new(BufferSettings::new(ROOM, ENOUGH))
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstDecoder::new(BufferSettings::new(ROOM, ENOUGH))
    }
}
