//! The first words of a connection: which HTTP it speaks.

use std::{
    io::{self, Cursor, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

/// What an HTTP/2 connection begins with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Http1,
    Http2,
}

/// Reads until it is clear which HTTP a new connection speaks; `None` if it ends before. (The library finds out by
/// itself, but would wait for ever.)
pub(super) async fn listen<I: AsyncRead + Unpin>(mut io: I) -> Option<(Version, Reread<I>)> {
    let mut said = Vec::with_capacity(PREFACE.len());
    loop {
        let missing = PREFACE.len() - said.len();
        let mut more = (&mut io).take(u64::try_from(missing).ok()?);
        if more.read_buf(&mut said).await.ok()? == 0 {
            return None;
        }
        if let Some(version) = version(&said) {
            let said = Cursor::new(said);
            return Some((version, Reread { said, io }));
        }
    }
}

/// `None` while it can still be either.
fn version(said: &[u8]) -> Option<Version> {
    match said {
        PREFACE => Some(Version::Http2),
        _ if PREFACE.starts_with(said) => None,
        _ => Some(Version::Http1),
    }
}

/// A connection whose first words have been heard, and are heard again.
pub(super) struct Reread<I> {
    said: Cursor<Vec<u8>>,
    io: I,
}

impl<I: AsyncRead + Unpin> AsyncRead for Reread<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.remaining();
        let said = Pin::new(&mut self.said).poll_read(cx, buf);
        if buf.remaining() < before {
            return said;
        }
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Reread<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_version() {
        for (said, expected) in [
            (&b"P"[..], None),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", None),
            (PREFACE, Some(Version::Http2)),
            (b"PO", Some(Version::Http1)),
            (b"G", Some(Version::Http1)),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r", Some(Version::Http1)),
        ] {
            assert_eq!(version(said), expected, "{said:?}");
        }
    }

    #[tokio::test]
    async fn what_was_heard_is_heard_again() {
        let words = [PREFACE, b"and more"].concat();
        let (version, mut io) = listen(Cursor::new(words.clone())).await.expect("words");
        let mut heard = Vec::new();
        io.read_to_end(&mut heard).await.expect("read");
        assert_eq!((version, heard), (Version::Http2, words));
        assert!(listen(Cursor::new(b"PRI")).await.is_none());
    }
}
