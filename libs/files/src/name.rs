//! Names of files. What people's machines call a file may hold folders, control characters, and characters that turn the
//! rest around to hide its ending; what others are shown and save may not.

use onqueue_model::Fault;
use unicode_normalization::UnicodeNormalization as _;

/// The longest name, in characters.
pub const MOST: usize = 255;

/// Names that some machines take for devices.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// The name of a file that may be shown and saved: without folders, in Unicode's composed form, without what is invisible or
/// turns the rest around, and without what no file system takes; never a device's, never hidden. FIELD_INVALID about `field` if
/// it is longer than [`MOST`] characters or nothing with a letter or digit is left.
pub fn safe(field: &'static str, name: &str) -> Result<String, Fault> {
    if name.chars().count() > MOST {
        return Err(Fault::field(
            field,
            format!("a file's name has at most {MOST} characters"),
        ));
    }
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter_map(plain).nfc().collect();
    let trimmed = plain.trim_matches(|c: char| c == '.' || c.is_whitespace());
    if !trimmed.chars().any(char::is_alphanumeric) {
        return Err(Fault::field(field, "a file needs a name with a letter or a digit"));
    }
    Ok(if is_device(trimmed) {
        format!("_{trimmed}")
    } else {
        trimmed.to_owned()
    })
}

/// What stands for a character; `None` where nothing does.
fn plain(c: char) -> Option<char> {
    match c {
        _ if c.is_control() || is_invisible(c) => None,
        ':' | '*' | '?' | '"' | '<' | '>' | '|' => Some('_'),
        _ if c.is_whitespace() => Some(' '),
        _ => Some(c),
    }
}

/// Marks of direction, joiners, and other characters that are there without being seen.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffc}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let bare = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    DEVICES.contains(&bare) && stem.len() - bare.len() <= 1
}

/// What stands behind the last dot, in lower case; `None` without one.
pub fn ending(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.')?;
    (!stem.is_empty() && !ending.is_empty()).then(|| ending.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_made_safe() {
        for (name, expected) in [
            ("bill.pdf", Some("bill.pdf")),
            ("../../etc/passwd", Some("passwd")),
            ("..\\..\\windows\\system.ini", Some("system.ini")),
            ("C:\\Users\\a\\b.txt", Some("b.txt")),
            ("a/..", None),
            ("..", None),
            ("", None),
            (" . ", None),
            ("---", None),
            ("\u{202e}gpj.exe", Some("gpj.exe")),
            ("photo\u{202e}gpj.exe", Some("photogpj.exe")),
            ("a\u{200b}b\u{feff}.png", Some("ab.png")),
            ("a\r\nSet-Cookie: x.png", Some("aSet-Cookie_ x.png")),
            ("a\0b.png", Some("ab.png")),
            ("u\u{308}bung.txt", Some("übung.txt")),
            ("会議.png", Some("会議.png")),
            ("عقد.pdf", Some("عقد.pdf")),
            ("🎉 party.png", Some("🎉 party.png")),
            (".htaccess", Some("htaccess")),
            ("trailing. . .", Some("trailing")),
            ("CON", Some("_CON")),
            ("com1.txt", Some("_com1.txt")),
            ("Nul .txt", Some("_Nul .txt")),
            ("comic.png", Some("comic.png")),
            ("a\u{a0}b.png", Some("a b.png")),
            ("what?*.png", Some("what__.png")),
        ] {
            assert_eq!(safe("name", name).ok().as_deref(), expected, "{name:?}");
        }
        assert!(safe("name", &"é".repeat(MOST)).is_ok());
        assert!(safe("name", &"é".repeat(MOST + 1)).is_err());
    }

    #[test]
    fn endings_are_what_stands_last() {
        for (name, expected) in [
            ("a.PDF", Some("pdf")),
            ("a.tar.gz", Some("gz")),
            ("a", None),
            ("a.", None),
            (".png", None),
        ] {
            assert_eq!(ending(name).as_deref(), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_folder_or_its_header(name in "\\PC{0,40}|.{0,40}|(\\.|/|\\\\|[a-z]){0,40}") {
            if let Ok(safe) = safe("name", &name) {
                prop_assert!(!safe.contains(['/', '\\', '\0', '\r', '\n', ':']));
                prop_assert!(!safe.starts_with('.') && !safe.ends_with('.'));
                prop_assert!(safe.chars().any(char::is_alphanumeric));
                prop_assert_eq!(super::safe("name", &safe), Ok(safe), "safe names stay");
            }
        }
    }
}
