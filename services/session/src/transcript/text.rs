//! Plain text: each event begins a line with its time, and everything else is indented, so that nothing which somebody wrote
//! looks like an event.

use super::{Entry, Writer};
use onqueue_model::Timestamp;

/// Before each line that an event goes on with.
const INDENT: &str = "    ";

pub(super) fn begin(writer: &Writer) -> String {
    let (labels, title) = (writer.language.labels(), &writer.title);
    let show = |at: Timestamp| writer.zone.show(at, writer.language);
    let rows = [
        (labels.conversation, title.conversation.to_string()),
        (labels.queue, title.queue.clone()),
        (labels.customer, title.guest.clone()),
        (labels.topic, title.topic.clone()),
        (labels.began, show(title.began)),
        (labels.ended, title.ended.map(show).unwrap_or_default()),
        (labels.made, show(title.made)),
        (labels.times, writer.zone.name().to_owned()),
    ];
    let mut text = format!("{}\n\n", labels.transcript);
    for (label, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        text.push_str(&format!("{label}: {}\n", line(value)));
    }
    text.push('\n');
    text
}

pub(super) fn event(writer: &Writer, entry: &Entry) -> String {
    let mut text = writer.zone.show(entry.at, writer.language);
    let sentence = sentence(writer, entry, line);
    if entry.what == "message" {
        text.push_str(&format!("  {}:", who(writer, entry, line)));
    }
    if !sentence.is_empty() {
        text.push_str(&format!("  {sentence}"));
    }
    text.push('\n');
    if let Some(said) = &entry.text {
        for said in lines(said) {
            text.push_str(&format!("{INDENT}{said}\n"));
        }
    }
    text
}

/// What happened, in a sentence in which each word of the event was made harmless.
pub(super) fn sentence(writer: &Writer, entry: &Entry, harmless: impl Fn(&str) -> String) -> String {
    let mut rest = writer.language.sentence(entry);
    let mut sentence = String::new();
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        sentence.push_str(before);
        sentence.push_str(&match name {
            "who" => who(writer, entry, &harmless),
            "moment" => entry
                .moment
                .map(|at| writer.zone.show(at, writer.language))
                .unwrap_or_default(),
            name => match entry.detail(name) {
                "" if name == "name" => who(writer, entry, &harmless),
                detail => harmless(detail),
            },
        });
        rest = after;
    }
    sentence.push_str(rest);
    sentence
}

/// Who did it, with what they are.
pub(super) fn who(writer: &Writer, entry: &Entry, harmless: impl Fn(&str) -> String) -> String {
    let Some(who) = &entry.who else { return "–".to_owned() };
    let kind = writer.language.kind(who.kind);
    match harmless(&who.name) {
        name if name.is_empty() => kind.to_owned(),
        name => format!("{name} ({kind})"),
    }
}

/// The lines of a text.
fn lines(text: &str) -> impl Iterator<Item = String> {
    let ends = |c: char| matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    text.split(ends).map(plain)
}

/// A text as one line.
fn line(text: &str) -> String {
    lines(text).collect::<Vec<_>>().join(" ")
}

/// Without characters that turn around or hide what is near them.
fn plain(text: &str) -> String {
    let turns =
        |c: &char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .filter(|c| !turns(c) && (!c.is_control() || *c == '\t'))
        .collect()
}
