//! What people may write. Line ends become `\n`, other control characters are taken out (pasted text is full of them and
//! nobody sees them); what then has nothing visible is refused.

use onqueue_model::{Fault, Reason};

/// The longest message, in Unicode scalar values.
pub const MAX_CHARACTERS: usize = 4_000;

/// The longest message as sent, in bytes of UTF-8.
const MAX_BYTES: usize = 16 * 1024;

/// The longest key of a message, in Unicode scalar values.
const MAX_KEY: usize = 64;

/// The text of a message: 1–4,000 characters, something of it visible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// Cleans and checks; MESSAGE_TOO_LARGE, TEXT_EMPTY.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let too_large = || {
            Fault::new(
                Reason::MessageTooLarge,
                format!("a message has at most {MAX_CHARACTERS} characters"),
            )
            .with("maximum_characters", MAX_CHARACTERS)
            .with("field", "text")
        };
        if text.len() > MAX_BYTES {
            return Err(too_large());
        }
        let text = clean(text);
        if !text.chars().any(is_visible) {
            return Err(Fault::new(Reason::TextEmpty, "write something first").with("field", "text"));
        }
        if text.chars().count() > MAX_CHARACTERS {
            return Err(too_large());
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }

    /// As `each` makes it, which takes nothing visible away and makes nothing longer.
    pub(crate) fn map(self, each: impl FnOnce(String) -> String) -> Self {
        Self(each(self.0))
    }
}

/// A sender's key for a message: 1–64 characters without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientMessageId(String);

impl ClientMessageId {
    /// Checks; FIELD_INVALID.
    pub fn parse(key: &str) -> Result<Self, Fault> {
        let is_good = !key.is_empty() && key.chars().count() <= MAX_KEY && !key.chars().any(char::is_control);
        if !is_good {
            return Err(Fault::field(
                "client_message_id",
                "client_message_id must have 1 to 64 characters",
            ));
        }
        Ok(Self(key.to_owned()))
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// A name or a topic: one line of at most `most` characters, without blanks around it; may be empty. FIELD_INVALID.
pub fn line(field: &'static str, text: &str, most: usize) -> Result<String, Fault> {
    let text: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let text = clean(text.trim());
    if text.chars().count() > most {
        return Err(Fault::field(
            field,
            format!("{field} must have at most {most} characters"),
        ));
    }
    Ok(text)
}

fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .map(|c| if c == '\r' { '\n' } else { c })
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect()
}

/// Neither blank nor one of the characters that only steer others.
fn is_visible(c: char) -> bool {
    !c.is_whitespace() && !is_invisible(c)
}

/// One of the characters that only steer others and take no room.
pub(crate) fn is_invisible(c: char) -> bool {
    let blank = c.is_whitespace();
    !blank
        && (c.is_control()
            || matches!(
                c,
                '\u{AD}'
                    | '\u{34F}'
                    | '\u{61C}'
                    | '\u{115F}'
                    | '\u{1160}'
                    | '\u{17B4}'
                    | '\u{17B5}'
                    | '\u{180B}'..='\u{180F}'
                    | '\u{200B}'..='\u{200F}'
                    | '\u{202A}'..='\u{202E}'
                    | '\u{2060}'..='\u{206F}'
                    | '\u{2800}'
                    | '\u{3164}'
                    | '\u{FE00}'..='\u{FE0F}'
                    | '\u{FEFF}'
                    | '\u{FFA0}'
                    | '\u{FFF0}'..='\u{FFFB}'
                    | '\u{E0000}'..='\u{E0FFF}'
            ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let long = "ä".repeat(MAX_CHARACTERS);
        for (given, expected) in [
            ("Grüß Gott", Ok("Grüß Gott")),
            ("a\r\nb\rc\n\td", Ok("a\nb\nc\n\td")),
            ("a\0\u{1b}[31mb\u{9c}", Ok("a[31mb")),
            ("👩‍👩‍👧", Ok("👩‍👩‍👧")),
            (&long, Ok(&long)),
            (&format!("{long}x"), Err(Reason::MessageTooLarge)),
            (&"x".repeat(5_000), Err(Reason::MessageTooLarge)),
            (&"\u{1}".repeat(20_000), Err(Reason::MessageTooLarge)),
            ("", Err(Reason::TextEmpty)),
            (" \n\t\u{a0}", Err(Reason::TextEmpty)),
            ("\u{200b}\u{feff}\u{3164}\u{e0041}", Err(Reason::TextEmpty)),
            ("\0\u{7}", Err(Reason::TextEmpty)),
        ] {
            let parsed = Text::parse(given);
            let seen = parsed.as_ref().map(Text::as_str).map_err(|fault| fault.reason);
            assert_eq!(seen, expected, "{given:?}");
        }
    }

    #[test]
    fn keys_and_lines() {
        for (key, good) in [
            ("a", true),
            (&"ü".repeat(64), true),
            (&"a".repeat(65), false),
            ("", false),
            ("a\n", false),
        ] {
            assert_eq!(ClientMessageId::parse(key).is_ok(), good, "{key:?}");
        }
        for (given, expected) in [
            ("  Ann\tLee \n", Some("Ann Lee")),
            ("", Some("")),
            ("12345678901", None),
        ] {
            assert_eq!(line("guest_name", given, 10).ok().as_deref(), expected, "{given:?}");
        }
    }
}
