//! Writing a library's responses as a file.

use super::Content;
use crate::transfer::{Format, write};
use onqueue_model::{Caller, Fault, LibraryId, permissions};

/// A file.
#[derive(Clone, Debug)]
pub struct File {
    pub name: String,
    pub media_type: &'static str,
    pub content: Vec<u8>,
}

impl Content {
    /// The responses of a library that the caller may see.
    pub async fn export(&self, caller: &Caller, library: LibraryId, format: Format) -> Result<File, Fault> {
        let divisions = self.authority(caller).divisions(permissions::RESPONSE_VIEW);
        let name = self.see_library(caller, library, &divisions).await?;
        let responses = self.0.tables.whole_library(caller.organisation, library).await?;
        Ok(File {
            name: format!("{}.{}", file_name(&name), format.ending()),
            media_type: format.media_type(),
            content: write(format, &responses)?,
        })
    }
}

/// Letters, digits and what joins them, which every system takes.
fn file_name(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() || letter == '-' {
                letter
            } else {
                '_'
            }
        })
        .collect();
    match name.trim_matches('_') {
        "" => "responses".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_harmless() {
        for (name, expected) in [
            ("Vertrieb", "Vertrieb"),
            ("Grüße & mehr", "Grüße___mehr"),
            ("../../etc/passwd", "etc_passwd"),
            ("\"; rm", "rm"),
            ("…", "responses"),
        ] {
            assert_eq!(file_name(name), expected);
        }
    }
}
