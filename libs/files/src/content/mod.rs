//! What a file is, by its content: read from one end to the other by the rules of the kind that it begins as. A file that can
//! be read as two kinds, that has something hidden behind its end, or that unpacks to far more than it says, is none.

mod archive;
mod cursor;
mod image;
mod kind;
mod pdf;
mod plain;
#[cfg(test)]
mod tests;
mod webp;

pub use cursor::{Source, Whole};
pub use kind::Kind;

use crate::{Refusal, name};
use cursor::{Cursor, Stop};
use onqueue_model::Fault;

/// How many bytes at the beginning say what a file is.
const HEAD: usize = 1_024;

/// What a file is, if it is of one of the media types that are `allowed` and its name does not say otherwise.
pub async fn inspect<S: Source>(source: &S, called: &str, allowed: &[String]) -> Result<Result<Kind, Refusal>, Fault> {
    match recognise(source).await {
        Ok(kind) => Ok(judge(kind, called, allowed)),
        Err(Stop::Refused(refusal)) => Ok(Err(refusal)),
        Err(Stop::Failed(fault)) => Err(fault),
    }
}

fn judge(kind: Kind, called: &str, allowed: &[String]) -> Result<Kind, Refusal> {
    if !allowed
        .iter()
        .any(|allowed| allowed.eq_ignore_ascii_case(kind.media_type()))
    {
        return Err(Refusal::TypeNotAllowed);
    }
    match name::ending(called) {
        Some(ending) if !kind.endings().contains(&ending.as_str()) => Err(Refusal::NameDiffers),
        _ => Ok(kind),
    }
}

async fn recognise<S: Source>(source: &S) -> Result<Kind, Stop> {
    let mut cursor = Cursor::new(source);
    let head = cursor.peek(HEAD).await?;
    let kind = match &head[..] {
        [0xff, 0xd8, 0xff, ..] => image::jpeg(&mut cursor).await?,
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => image::png(&mut cursor).await?,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => image::gif(&mut cursor).await?,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => webp::webp(&mut cursor).await?,
        [b'%', b'P', b'D', b'F', b'-', ..] => pdf::pdf(&mut cursor).await?,
        [b'P', b'K', 3, 4, ..] => return archive::archive(&mut cursor).await,
        _ => plain::text(&mut cursor).await?,
    };
    if kind != Kind::Pdf && contains(&head, b"%PDF-") || archive::is_one_too(&mut cursor).await? {
        return Err(Stop::Refused(Refusal::MoreThanOneType));
    }
    Ok(kind)
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
