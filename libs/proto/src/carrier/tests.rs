use super::*;
use http::HeaderValue;

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("te", HeaderValue::from_static("trailers"));
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    headers.append("x-of-its-own", HeaderValue::from_static("one"));
    headers.append("x-of-its-own", HeaderValue::from_static("two"));
    headers.insert("grpc-message", HeaderValue::from_bytes(b"\xff\t ").expect("opaque"));
    headers
}

/// One of each kind, as bytes.
fn spoken() -> BytesMut {
    let mut out = BytesMut::new();
    let body = Bytes::from_static(b"asked");
    assert!(write_call(&mut out, 7, "/a.B/C", &headers(), &body));
    write_cancel(&mut out, 7);
    let pieces = [Bytes::from_static(b"ans"), Bytes::from_static(b"wered")];
    assert!(write_answer(
        &mut out,
        u32::MAX,
        StatusCode::OK,
        &headers(),
        &pieces,
        Some(&headers())
    ));
    assert!(write_answer(
        &mut out,
        1,
        StatusCode::NOT_FOUND,
        &HeaderMap::new(),
        &[],
        None
    ));
    write_refused(&mut out, 2);
    write_apart(&mut out, 3);
    write_lost(&mut out, 4);
    out
}

fn meant() -> Vec<Frame> {
    vec![
        Frame::Call(
            7,
            Call {
                uri: Uri::from_static("/a.B/C"),
                headers: headers(),
                body: Bytes::from_static(b"asked"),
            },
        ),
        Frame::Cancel(7),
        Frame::Answer(
            u32::MAX,
            Answer {
                status: StatusCode::OK,
                headers: headers(),
                body: Bytes::from_static(b"answered"),
                trailers: Some(headers()),
            },
        ),
        Frame::Answer(
            1,
            Answer {
                status: StatusCode::NOT_FOUND,
                headers: HeaderMap::new(),
                body: Bytes::new(),
                trailers: None,
            },
        ),
        Frame::Refused(2),
        Frame::Apart(3),
        Frame::Lost(4),
    ]
}

fn heard(bytes: &[u8], size: usize) -> Result<Vec<Frame>, Malformed> {
    let mut reader = Reader::new(LARGEST_ANSWER);
    let mut frames = Vec::new();
    for part in bytes.chunks(size) {
        reader.push(Bytes::copy_from_slice(part));
        while let Some(frame) = reader.frame()? {
            frames.push(frame);
        }
    }
    Ok(frames)
}

#[test]
fn however_it_is_cut_the_same_is_heard() {
    let spoken = spoken();
    for size in 1..=spoken.len() {
        assert_eq!(heard(&spoken, size), Ok(meant()), "in parts of {size}");
    }
}

#[test]
fn what_is_too_large_is_not_written() {
    let mut out = BytesMut::from(&b"before"[..]);
    let large = Bytes::from(vec![0; LARGEST_CALL]);
    assert!(!write_call(&mut out, 1, "/a", &HeaderMap::new(), &large));
    assert!(!write_call(
        &mut out,
        1,
        &"/".repeat(70_000),
        &HeaderMap::new(),
        &Bytes::new()
    ));
    let mut headers = HeaderMap::new();
    for n in 0..300 {
        headers.append("x", HeaderValue::from(n));
    }
    assert!(!write_call(&mut out, 1, "/a", &headers, &Bytes::new()));
    let huge = [Bytes::from(vec![0; LARGEST_ANSWER])];
    assert!(!write_answer(
        &mut out,
        1,
        StatusCode::OK,
        &HeaderMap::new(),
        &huge,
        None
    ));
    assert_eq!(out, "before");
}

#[test]
fn what_is_no_frame_is_refused_and_never_a_panic() {
    for bytes in [
        &b"\xff\xff\xff\xff"[..],
        b"\0\0\0\0",
        b"\0\0\0\x04\x01\0\0\0",
        b"\0\0\0\x05\x09\0\0\0\x01",
        b"\0\0\0\x06\x02\0\0\0\x01\0",
        b"\0\0\0\x05\x01\0\0\0\x01",
        b"\0\0\0\x09\x01\0\0\0\x01\0\0\0\0",
        b"\0\0\0\x0c\x01\0\0\0\x01\0\x03a/b\0\0",
        b"\0\0\0\x0b\x01\0\0\0\x01\0\x02/ \0\0",
        b"\0\0\0\x0c\x01\0\0\0\x01\0\x01/\0\x01\xee\0",
        b"\0\0\0\x0a\x03\0\0\0\x01\0\0\0\0\0",
        b"\0\0\0\x0a\x03\0\0\0\x01\0\xc8\0\0\x02",
    ] {
        assert_eq!(heard(bytes, bytes.len()), Err(Malformed), "{bytes:?}");
    }
}

#[test]
fn flipped_and_cut_bytes_are_read_or_refused() {
    let spoken = spoken();
    for at in 0..spoken.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = spoken.clone();
            bytes[at] ^= flip;
            if let Ok(frames) = heard(&bytes, 16) {
                assert!(frames.len() <= meant().len() + 1, "{at} {flip}");
            }
        }
        assert!(heard(&spoken[..at], 16).is_ok(), "a beginning is no defect");
    }
}
