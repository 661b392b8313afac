//! The message of a request: one, and all of it, so that a request which was never carried out can go elsewhere.

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use tonic::{Status, body::Body};

/// All that a request's body brings, or its error; it is not copied if it comes in one piece, as messages do.
pub async fn message(mut body: Body) -> Result<Bytes, Status> {
    let mut whole = Bytes::new();
    while !body.is_end_stream() {
        let Some(frame) = body.frame().await else { break };
        // Requests of gRPC have no trailers.
        if let Ok(data) = frame?.into_data() {
            whole = joined(whole, data);
        }
    }
    Ok(whole)
}

fn joined(begun: Bytes, more: Bytes) -> Bytes {
    if begun.is_empty() {
        return more;
    }
    let mut joined = BytesMut::from(begun);
    joined.extend_from_slice(&more);
    joined.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;
    use http_body::Frame;
    use http_body_util::StreamBody;

    #[tokio::test]
    async fn a_message_is_the_same_in_one_piece_or_several() {
        for pieces in [&[][..], &["whole"], &["", "wh", "o", "", "le"]] {
            let frames = pieces
                .iter()
                .map(|piece| Ok::<_, Status>(Frame::data(Bytes::from_static(piece.as_bytes()))));
            let body = Body::new(StreamBody::new(stream::iter(frames.collect::<Vec<_>>())));
            assert_eq!(message(body).await.expect("all of it"), pieces.concat());
        }
        let broken = stream::iter([Err::<Frame<Bytes>, _>(Status::data_loss("broken"))]);
        assert!(message(Body::new(StreamBody::new(broken))).await.is_err());
    }
}
