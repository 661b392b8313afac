//! Files of every kind, and the tricks that are played with them.

use super::*;
use crate::Refusal as R;
use bytes::Bytes;
use flate2::{Compression, write::DeflateEncoder};
use proptest::prelude::*;
use std::io::Write as _;

fn everything() -> Vec<String> {
    Kind::ALL.iter().map(|kind| kind.media_type().to_owned()).collect()
}

/// Brings a file in pieces of that many bytes.
struct Pieces(Bytes, usize);

impl Source for Pieces {
    fn bytes(&self) -> u64 {
        self.0.len() as u64
    }

    async fn read(&self, at: u64) -> Result<Bytes, Fault> {
        let at = usize::try_from(at).expect("small");
        Ok(self.0.slice(at..self.0.len().min(at + self.1)))
    }
}

fn now<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(work)
}

/// What it is, however it comes.
fn of(name: &str, file: &[u8]) -> Result<Kind, Refusal> {
    let inspected = |pieces| now(inspect(&Pieces(file.to_vec().into(), pieces), name, &everything())).expect("read");
    let whole = inspected(usize::MAX / 2);
    for pieces in [1, 7, 4_096] {
        assert_eq!(inspected(pieces), whole, "{name} in pieces of {pieces}");
    }
    whole
}

fn png(width: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [&width.to_be_bytes()[..], &1_u32.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    for (kind, body) in [(b"IHDR", &header[..]), (b"IDAT", b"data"), (b"IEND", b"")] {
        let length = u32::try_from(body.len()).expect("short");
        file.extend([&length.to_be_bytes()[..], kind, body, &[0; 4]].concat());
    }
    file
}

fn jpeg() -> Vec<u8> {
    let mut file = b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0".to_vec();
    file.extend(b"\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00");
    file.extend(b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00data\xff\x00more\xff\xd0end\xff\xd9");
    file
}

fn gif() -> Vec<u8> {
    let header = b"GIF89a\x02\x00\x02\x00\x80\x00\x00\0\0\0\xff\xff\xff";
    let control = b"\x21\xf9\x04\0\0\0\0\0";
    let picture = b"\x2c\0\0\0\0\x02\0\x02\0\0\x02\x03abc\x00\x3b";
    [&header[..], control, picture].concat()
}

fn webp() -> Vec<u8> {
    let body = b"WEBPVP8L\x0a\x00\x00\x00\x2f\x01\x40\x00\x00\x00\x00\x00\x00\x00";
    let length = u32::try_from(body.len()).expect("short");
    [b"RIFF", &length.to_le_bytes()[..], body].concat()
}

fn pdf() -> Vec<u8> {
    b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\nxref\n0 1\ntrailer\n<<>>\nstartxref\n50\n%%EOF\n".to_vec()
}

fn deflated(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("packed");
    encoder.finish().expect("packed")
}

/// An entry of an archive under construction.
#[derive(Clone)]
struct Item {
    name: String,
    method: u16,
    flags: u16,
    packed: Vec<u8>,
    says: u32,
}

fn stored(name: &str, content: &[u8]) -> Item {
    Item {
        name: name.to_owned(),
        method: 0,
        flags: 0,
        packed: content.to_vec(),
        says: u32::try_from(content.len()).expect("short"),
    }
}

fn packed(name: &str, content: &[u8]) -> Item {
    Item {
        method: 8,
        packed: deflated(content),
        ..stored(name, content)
    }
}

fn zip(items: &[Item]) -> Vec<u8> {
    let (mut file, mut list) = (Vec::new(), Vec::new());
    for item in items {
        let at = u32::try_from(file.len()).expect("short");
        let sizes = [
            u32::try_from(item.packed.len()).expect("short").to_le_bytes(),
            item.says.to_le_bytes(),
        ]
        .concat();
        let name = u16::try_from(item.name.len()).expect("short").to_le_bytes();
        let common = [
            &20_u16.to_le_bytes()[..],
            &item.flags.to_le_bytes(),
            &item.method.to_le_bytes(),
            &[0; 8],
            &sizes,
            &name,
            &[0; 2],
        ]
        .concat();
        file.extend([b"PK\x03\x04", &common[..], item.name.as_bytes(), &item.packed].concat());
        if item.flags & 8 != 0 {
            file.extend([b"PK\x07\x08\0\0\0\0", &sizes[..]].concat());
        }
        list.extend(
            [
                b"PK\x01\x02\x14\0",
                &common[..],
                &[0; 10],
                &at.to_le_bytes(),
                item.name.as_bytes(),
            ]
            .concat(),
        );
    }
    let count = u16::try_from(items.len()).expect("few").to_le_bytes();
    let (at, length) = (
        u32::try_from(file.len()).expect("short"),
        u32::try_from(list.len()).expect("short"),
    );
    file.extend(list);
    file.extend(
        [
            b"PK\x05\x06\0\0\0\0",
            &count[..],
            &count,
            &length.to_le_bytes(),
            &at.to_le_bytes(),
            &[0; 2],
        ]
        .concat(),
    );
    file
}

fn docx() -> Vec<u8> {
    zip(&[
        packed("[Content_Types].xml", b"<Types/>"),
        packed("word/document.xml", &b"<w:document/>".repeat(50)),
    ])
}

#[test]
fn every_kind_is_known_by_its_content() {
    let described = Item {
        flags: 8,
        ..packed("a.txt", b"hello hello hello")
    };
    for (name, file, expected) in [
        ("a.png", png(4), Kind::Png),
        ("a.JPEG", jpeg(), Kind::Jpeg),
        ("a.gif", gif(), Kind::Gif),
        ("a.webp", webp(), Kind::Webp),
        ("a.pdf", pdf(), Kind::Pdf),
        ("a.txt", "Grüße\r\n\tund mehr\n".as_bytes().to_vec(), Kind::Text),
        ("a.csv", b"a;b\n\xe4;\xf6\n".to_vec(), Kind::Text),
        ("a", b"x".to_vec(), Kind::Text),
        (
            "a.zip",
            zip(&[stored("a/", b""), packed("a/b.txt", b"hello")]),
            Kind::Zip,
        ),
        ("a.zip", zip(&[described]), Kind::Zip),
        ("a.docx", docx(), Kind::Docx),
        (
            "a.xlsx",
            zip(&[stored("[Content_Types].xml", b"x"), stored("xl/workbook.xml", b"y")]),
            Kind::Xlsx,
        ),
        (
            "a.odt",
            zip(&[
                stored("mimetype", Kind::Odt.media_type().as_bytes()),
                packed("content.xml", b"<x/>"),
            ]),
            Kind::Odt,
        ),
    ] {
        assert_eq!(of(name, &file), Ok(expected), "{name}");
        assert_eq!(of("nameless", &file), Ok(expected), "{name} without its name");
        let nothing = now(inspect(&Whole(file.into()), name, &[])).expect("read");
        assert_eq!(nothing, Err(R::TypeNotAllowed), "{name}");
    }
}

#[test]
fn what_phones_leave_behind_a_picture_is_let_in() {
    let small = jpeg();
    let film = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\x08mdat";
    for (what, tail) in [
        ("zeros", vec![0; 100]),
        ("a second picture", small.clone()),
        ("a film", film.to_vec()),
        ("a film with notes", [film, &b"\0\0SEFHnotesSEFT"[..]].concat()),
        ("notes", b"\0\0\x01\x0anotes\x02\0\0\0SEFHxSEFT".to_vec()),
    ] {
        assert_eq!(of("a.jpg", &[small.clone(), tail].concat()), Ok(Kind::Jpeg), "{what}");
    }
}

#[test]
fn names_do_not_decide() {
    let program = b"MZ\x90\0\x03\0\0\0PE\0\0".to_vec();
    for (name, file, expected) in [
        ("photo.png", program.clone(), R::TypeUnknown),
        ("photo.jpg", program, R::TypeUnknown),
        ("photo.png", jpeg(), R::NameDiffers),
        ("bill.pdf.exe", pdf(), R::NameDiffers),
        ("page.html", b"just text".to_vec(), R::NameDiffers),
        ("a.txt", b"<html><script>alert(1)</script>".to_vec(), R::TypeUnknown),
        ("a.svg", b"  \n<svg onload='x'/>".to_vec(), R::TypeUnknown),
        ("a.txt", b"\xef\xbb\xbf <?xml version='1.0'?>".to_vec(), R::TypeUnknown),
        ("a.txt", b"#!/bin/sh\nrm -rf /\n".to_vec(), R::TypeUnknown),
        ("a.txt", b"MZ all letters".to_vec(), R::TypeUnknown),
        ("a.txt", b"text with\0 a zero".to_vec(), R::TypeUnknown),
        ("a.elf", b"\x7fELF\x02\x01\x01".to_vec(), R::TypeUnknown),
        ("a.rar", b"Rar!\x1a\x07\x01\0".to_vec(), R::TypeUnknown),
        (
            "a.docx",
            zip(&[
                stored("[Content_Types].xml", b"x"),
                stored("word/document.xml", b"y"),
                stored("word/vbaProject.bin", b"z"),
            ]),
            R::NameDiffers,
        ),
        ("a.docx", zip(&[stored("mimetype", b"x")]), R::NameDiffers),
    ] {
        assert_eq!(of(name, &file), Err(expected), "{name}");
    }
}

#[test]
fn nothing_is_two_kinds_at_once() {
    let archive = zip(&[stored("evil.class", b"\xca\xfe\xba\xbe")]);
    for (name, picture) in [
        ("a.gif", gif()),
        ("a.png", png(4)),
        ("a.jpg", jpeg()),
        ("a.webp", webp()),
        ("a.pdf", pdf()),
        ("a.txt", b"text ".to_vec()),
    ] {
        let both = of(name, &[picture.clone(), archive.clone()].concat());
        assert!(
            matches!(both, Err(R::MoreThanOneType | R::TypeUnknown)),
            "{name}: {both:?}"
        );
    }
    for (what, name, file) in [
        (
            "a page behind a picture",
            "a.gif",
            [gif(), b"<script>alert(1)</script>".to_vec()].concat(),
        ),
        (
            "a page behind a photo",
            "a.jpg",
            [jpeg(), b"<script>alert(1)</script>".to_vec()].concat(),
        ),
        (
            "a program behind a picture",
            "a.png",
            [png(4), b"MZ\x90".to_vec()].concat(),
        ),
        ("much behind a picture", "a.png", [png(4), vec![0; 70_000]].concat()),
        ("a document in text", "a.txt", b"hello\n%PDF-1.7\nand so on".to_vec()),
        (
            "two archives",
            "a.zip",
            [zip(&[stored("a", b"1")]), zip(&[stored("b", b"2")])].concat(),
        ),
    ] {
        let judged = of(name, &file);
        assert!(
            matches!(judged, Err(R::MoreThanOneType | R::Malformed)),
            "{what}: {judged:?}"
        );
    }
}

#[test]
fn what_is_broken_is_refused() {
    let cut = |file: Vec<u8>| file[..file.len() - 3].to_vec();
    for (name, file) in [
        ("a.png", png(4)),
        ("a.jpg", jpeg()),
        ("a.gif", gif()),
        ("a.webp", webp()),
        ("a.zip", docx()),
    ] {
        assert_eq!(of(name, &cut(file)), Err(R::Malformed), "{name}");
    }
    assert_eq!(of("a.pdf", b"%PDF-1.7\nno end"), Err(R::Malformed));
    assert_eq!(of("a.png", &png(0)), Err(R::Malformed));
    assert_eq!(of("a.png", &png(500_000_000)), Err(R::TooDense));
}

#[test]
fn archives_do_not_explode() {
    let zeros = vec![0; 20 * 1024 * 1024];
    let honest = packed("zeros", &zeros);
    let liar = Item {
        says: 100,
        ..honest.clone()
    };
    let mut overlapping = zip(&[packed("a", b"hello"), packed("b", b"hello")]);
    // The list's second entry is the first one's bytes again.
    let second = overlapping.len() - 22 - 47 + 42;
    overlapping[second..second + 4].fill(0);
    for (what, file, expected) in [
        ("an honest bomb", zip(&[honest]), R::TooDense),
        ("one that lies of its size", zip(&[liar]), R::TooDense),
        ("entries over one another", overlapping, R::Malformed),
        ("an archive in it", zip(&[stored("inner.zip", b"PK")]), R::TooDense),
        (
            "a name out of it",
            zip(&[stored("../../etc/passwd", b"x")]),
            R::Malformed,
        ),
        ("an absolute name", zip(&[stored("/etc/passwd", b"x")]), R::Malformed),
        ("a drive", zip(&[stored("C:\\x", b"x")]), R::Malformed),
        (
            "locked",
            zip(&[Item {
                flags: 1,
                ..stored("a", b"x")
            }]),
            R::Malformed,
        ),
        (
            "packed otherwise",
            zip(&[Item {
                method: 12,
                ..stored("a", b"x")
            }]),
            R::Malformed,
        ),
        (
            "more than it holds",
            zip(&[Item {
                says: 9,
                ..packed("a", b"hello")
            }]),
            R::Malformed,
        ),
    ] {
        assert_eq!(
            now(inspect(&Whole(file.into()), "a.zip", &everything())).expect("read"),
            Err(expected),
            "{what}"
        );
    }
}

proptest! {
    #[test]
    fn nothing_that_is_changed_makes_it_panic_or_go_on_for_ever(
        which in 0_usize..8,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let files = [png(4), jpeg(), gif(), webp(), pdf(), docx(), zip(&[stored("a", b"x")]), b"text".to_vec()];
        let mut file = files[which].clone();
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if !whole {
            file.truncate(cut.index(file.len()) + 1);
        }
        let judged = now(inspect(&Pieces(file.into(), 64), "a", &everything()));
        prop_assert!(judged.is_ok());
    }
}
