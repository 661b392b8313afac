//! Into answers.

use crate::app::Found;
use crate::content::{Library, Response, Substitution, Variant};
use onqueue_proto::content::v1 as proto;
use onqueue_proto::timestamp;

/// The most characters of a preview.
const PREVIEW: usize = 200;

pub fn library(library: Library) -> proto::Library {
    proto::Library {
        library_id: library.id.to_string(),
        etag: library.revision.to_string(),
        name: library.content.name,
        description: library.content.description,
        division_id: library.content.division.to_string(),
        responses: i32::try_from(library.responses).unwrap_or(i32::MAX),
        created_at: Some(timestamp(library.created_at)),
    }
}

pub fn response(response: Response) -> proto::Response {
    let content = response.content;
    proto::Response {
        response_id: response.id.to_string(),
        etag: response.revision.to_string(),
        name: content.name,
        shortcut: content.shortcut,
        library_ids: content.libraries.iter().map(ToString::to_string).collect(),
        variants: content.variants.into_iter().map(variant).collect(),
        substitutions: content.substitutions.into_iter().map(substitution).collect(),
        tags: content.tags,
        uses: response.uses,
        last_used_at: response.last_used_at.map(timestamp),
        created_at: Some(timestamp(response.created_at)),
    }
}

pub fn found(found: Found) -> proto::FoundResponse {
    proto::FoundResponse {
        response: Some(response(found.response)),
        language: found.variant.language.to_string(),
        preview: preview(&found.variant.text),
    }
}

fn variant(variant: Variant) -> proto::Variant {
    proto::Variant {
        language: variant.language.to_string(),
        text: variant.text,
    }
}

fn substitution(substitution: Substitution) -> proto::Substitution {
    proto::Substitution {
        name: substitution.name,
        description: substitution.description,
        default_value: substitution.default_value,
    }
}

/// The beginning of a text in one line.
fn preview(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(PREVIEW) {
        None => line,
        Some(_) => line.chars().take(PREVIEW - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_is_one_line_and_not_long() {
        assert_eq!(
            preview(" Guten\n\n Tag {{CUSTOMER_NAME}} "),
            "Guten Tag {{CUSTOMER_NAME}}"
        );
        assert_eq!(preview(&"ä".repeat(200)).chars().count(), 200);
        let long = preview(&"ä".repeat(201));
        assert!(long.ends_with("ä…") && long.chars().count() == 200);
    }
}
