//! ZIP archives and the documents that are such. Every entry is unpacked to count its bytes, none of which are kept.

use super::{
    Kind,
    cursor::{Cursor, MALFORMED, Source, Stop},
};
use crate::Refusal;
use flate2::{Decompress, FlushDecompress, Status};

/// The end of the list of entries, and how long it may be with the comment behind it.
const END: [u8; 4] = *b"PK\x05\x06";
const END_LENGTH: usize = 22;
const END_MOST: u64 = END_LENGTH as u64 + 0xffff;

const LISTED: [u8; 4] = *b"PK\x01\x02";
const LOCAL: [u8; 4] = *b"PK\x03\x04";

/// An archive with more entries, or that unpacks to more, is not for a chat.
const MOST_ENTRIES: u16 = 5_000;
const MOST_LIST: u32 = 2 * 1024 * 1024;
const MOST_UNPACKED: u64 = 256 * 1024 * 1024;

/// How many times larger than itself an archive may be unpacked, beyond the first mebibyte.
const MOST_RATIO: u64 = 100;

/// How much is unpacked before others get their turn.
const SLICE: usize = 4 * 1024;

const DENSE: Stop = Stop::Refused(Refusal::TooDense);

/// Where the list of entries is.
struct List {
    at: u64,
    length: u32,
    entries: u16,
}

/// One entry, as the list has it.
#[derive(Debug)]
struct Entry {
    name: String,
    is_packed: bool,
    packed: u32,
    unpacked: u32,
    at: u32,
}

/// Whether the file, which is something else, can be read as an archive too: from its end, as archives are.
pub(super) async fn is_one_too<S: Source>(cursor: &mut Cursor<'_, S>) -> Result<bool, Stop> {
    let tail = cursor.tail(END_MOST).await?;
    Ok(tail.windows(END_LENGTH).any(|end| end.starts_with(&END)))
}

/// Which kind of archive it is.
pub(super) async fn archive<S: Source>(cursor: &mut Cursor<'_, S>) -> Result<Kind, Stop> {
    let list = list(cursor).await?;
    let entries = entries(cursor, &list).await?;
    let budget = (cursor.bytes().saturating_mul(MOST_RATIO) + 1024 * 1024).min(MOST_UNPACKED);
    if entries.iter().map(|entry| u64::from(entry.unpacked)).sum::<u64>() > budget {
        return Err(DENSE);
    }
    let (mut at, mut first) = (0, Vec::new());
    for entry in &entries {
        // One after the other without a gap: none is there twice, and nothing is hidden in between.
        if u64::from(entry.at) != at {
            return Err(MALFORMED);
        }
        let head = unpack(cursor, entry).await?;
        if at == 0 {
            first = head;
        }
        at = cursor.at();
    }
    if at != list.at {
        return Err(MALFORMED);
    }
    let kind = kind(&entries, &first);
    if kind == Kind::Zip {
        no_archive_within(&entries)?;
    }
    Ok(kind)
}

/// The one at the very end of the file.
async fn list<S: Source>(cursor: &mut Cursor<'_, S>) -> Result<List, Stop> {
    let tail = cursor.tail(END_MOST).await?;
    let ends = tail
        .windows(END_LENGTH)
        .enumerate()
        .filter(|(_, end)| end.starts_with(&END));
    let ends: Vec<(usize, &[u8])> = ends.collect();
    let [(at, end)] = ends[..] else {
        return Err(if ends.is_empty() {
            MALFORMED
        } else {
            Stop::Refused(Refusal::MoreThanOneType)
        });
    };
    let u16_at = |at: usize| u16::from_le_bytes([end[at], end[at + 1]]);
    let u32_at = |at: usize| u32::from_le_bytes([end[at], end[at + 1], end[at + 2], end[at + 3]]);
    let list = List {
        at: u32_at(16).into(),
        length: u32_at(12),
        entries: u16_at(10),
    };
    let is_last = at + END_LENGTH + usize::from(u16_at(20)) == tail.len();
    let is_one_disk = u16_at(4) == 0 && u16_at(6) == 0 && u16_at(8) == list.entries;
    let end = cursor.bytes() - (tail.len() - at) as u64;
    if !is_last || !is_one_disk || list.at + u64::from(list.length) != end {
        return Err(MALFORMED);
    }
    if list.entries > MOST_ENTRIES || list.length > MOST_LIST {
        return Err(DENSE);
    }
    Ok(list)
}

/// In the order in which they lie in the file.
async fn entries<S: Source>(cursor: &mut Cursor<'_, S>, list: &List) -> Result<Vec<Entry>, Stop> {
    cursor.seek(list.at)?;
    let mut entries = Vec::new();
    for _ in 0..list.entries {
        entries.push(entry(cursor).await?);
    }
    if cursor.at() != list.at + u64::from(list.length) || entries.is_empty() {
        return Err(MALFORMED);
    }
    entries.sort_by_key(|entry| entry.at);
    Ok(entries)
}

async fn entry<S: Source>(cursor: &mut Cursor<'_, S>) -> Result<Entry, Stop> {
    let fixed: [u8; 46] = cursor.array().await?;
    let u16_at = |at: usize| u16::from_le_bytes([fixed[at], fixed[at + 1]]);
    let u32_at = |at: usize| u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
    let name = cursor.vec(u16_at(28).into()).await?;
    cursor.skip(u64::from(u16_at(30)) + u64::from(u16_at(32)))?;
    let is_encrypted = u16_at(8) & 1 != 0;
    let is_packed = match u16_at(10) {
        0 => false,
        8 => true,
        _ => return Err(MALFORMED),
    };
    let name = String::from_utf8_lossy(&name).into_owned();
    if !fixed.starts_with(&LISTED) || is_encrypted || !stays_within(&name) {
        return Err(MALFORMED);
    }
    Ok(Entry {
        name,
        is_packed,
        packed: u32_at(20),
        unpacked: u32_at(24),
        at: u32_at(42),
    })
}

/// Whether unpacking it writes nowhere else.
fn stays_within(name: &str) -> bool {
    let is_plain = |part: &str| part != ".." && part != ".";
    !name.is_empty()
        && !name.starts_with('/')
        && !name.contains(['\\', ':'])
        && !name.chars().any(char::is_control)
        && name.split('/').all(is_plain)
}

/// Goes through one entry to its end; answers how its content begins.
async fn unpack<S: Source>(cursor: &mut Cursor<'_, S>, entry: &Entry) -> Result<Vec<u8>, Stop> {
    cursor.seek(entry.at.into())?;
    let fixed: [u8; 30] = cursor.array().await?;
    let u16_at = |at: usize| u16::from_le_bytes([fixed[at], fixed[at + 1]]);
    let name = cursor.vec(u16_at(26).into()).await?;
    cursor.skip(u16_at(28).into())?;
    let is_same = String::from_utf8_lossy(&name) == entry.name && (u16_at(8) == 8) == entry.is_packed;
    if !fixed.starts_with(&LOCAL) || !is_same {
        return Err(MALFORMED);
    }
    let end = cursor.at() + u64::from(entry.packed);
    if end > cursor.bytes() {
        return Err(MALFORMED);
    }
    let head = if entry.is_packed {
        inflate(cursor, entry, end).await?
    } else if entry.packed == entry.unpacked {
        let few = cursor.peek(usize::try_from(entry.packed.min(256)).unwrap_or(0)).await?;
        cursor.seek(end)?;
        few
    } else {
        return Err(MALFORMED);
    };
    skip_description(cursor, u16_at(6) & 8 != 0, entry).await?;
    Ok(head)
}

/// Unpacks to nowhere, and never further than the entry says.
async fn inflate<S: Source>(cursor: &mut Cursor<'_, S>, entry: &Entry, end: u64) -> Result<Vec<u8>, Stop> {
    let (mut stream, mut room, mut head) = (Decompress::new(false), vec![0; 64 * 1024], Vec::new());
    let mut is_done = false;
    while !is_done && cursor.at() < end {
        let here = cursor.at_hand().await?;
        let most = usize::try_from(end - cursor.at()).unwrap_or(usize::MAX);
        let input = &here[..here.len().min(most).min(SLICE)];
        let (from, before) = (stream.total_in(), stream.total_out());
        let status = stream
            .decompress(input, &mut room, FlushDecompress::None)
            .map_err(|_| MALFORMED)?;
        let (taken, made) = (stream.total_in() - from, stream.total_out() - before);
        if stream.total_out() > u64::from(entry.unpacked) {
            return Err(DENSE);
        }
        if before == 0 {
            head = room[..usize::try_from(made.min(256)).unwrap_or(0)].to_vec();
        }
        if taken == 0 && made == 0 && status != Status::StreamEnd {
            return Err(MALFORMED);
        }
        is_done = status == Status::StreamEnd;
        cursor.skip(taken)?;
        tokio::task::yield_now().await;
    }
    let is_whole = is_done && cursor.at() == end && stream.total_out() == u64::from(entry.unpacked);
    if is_whole { Ok(head) } else { Err(MALFORMED) }
}

/// What was not known before an entry was written stands behind it, with a mark in front or without.
async fn skip_description<S: Source>(cursor: &mut Cursor<'_, S>, is_there: bool, entry: &Entry) -> Result<(), Stop> {
    if !is_there {
        return Ok(());
    }
    let sizes = [entry.packed.to_le_bytes(), entry.unpacked.to_le_bytes()].concat();
    let next = cursor.peek(16).await?;
    match () {
        () if next.starts_with(b"PK\x07\x08") && next[8..] == sizes => cursor.skip(16),
        () if next.len() >= 12 && next[4..12] == sizes => cursor.skip(12),
        () => Err(MALFORMED),
    }
}

fn kind(entries: &[Entry], first: &[u8]) -> Kind {
    let has = |name: &str| entries.iter().any(|entry| entry.name == name);
    let first_is = |name: &str| entries[0].name == name;
    let has_code = entries.iter().any(|entry| {
        let name = entry.name.to_ascii_lowercase();
        name.ends_with("vbaproject.bin") || name.starts_with("basic/") || name.starts_with("scripts/")
    });
    if has_code {
        return Kind::Zip;
    }
    if has("[Content_Types].xml") {
        let parts = [
            ("word/document.xml", Kind::Docx),
            ("xl/workbook.xml", Kind::Xlsx),
            ("ppt/presentation.xml", Kind::Pptx),
        ];
        let found: Vec<Kind> = parts
            .iter()
            .filter(|(name, _)| has(name))
            .map(|(_, kind)| *kind)
            .collect();
        return if let [kind] = found[..] { kind } else { Kind::Zip };
    }
    let open = [Kind::Odt, Kind::Ods, Kind::Odp];
    let open = open.into_iter().find(|kind| kind.media_type().as_bytes() == first);
    open.filter(|_| first_is("mimetype") && !entries[0].is_packed)
        .unwrap_or(Kind::Zip)
}

/// Archives within archives hide what is in them from whoever looks only once.
fn no_archive_within(entries: &[Entry]) -> Result<(), Stop> {
    const ARCHIVES: [&str; 12] = [
        ".zip", ".jar", ".7z", ".rar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".tar", ".cab", ".iso",
    ];
    let is_one = |entry: &Entry| {
        let name = entry.name.to_lowercase();
        ARCHIVES.iter().any(|ending| name.ends_with(ending))
    };
    if entries.iter().any(is_one) { Err(DENSE) } else { Ok(()) }
}
