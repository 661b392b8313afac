//! A page without scripts. Whatever somebody wrote is text in it, and cannot turn around what is beside it.

use super::{Entry, Writer, text};
use onqueue_model::Timestamp;

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;\
    color:#111;background:#fff}dl{display:grid;grid-template-columns:max-content 1fr;gap:0 1rem}dd{margin:0}\
    ol{list-style:none;padding:0}li{margin:.75rem 0}time{color:#555;font-size:.85em}p{margin:0;white-space:pre-wrap;\
    overflow-wrap:anywhere}";

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
    let mut page = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{} {}</title>\n<style>{STYLE}</style>\n\
         </head>\n<body>\n<h1>{}</h1>\n<dl>\n",
        writer.language.tag(),
        labels.transcript,
        title.conversation,
        labels.transcript,
    );
    for (label, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        page.push_str(&format!("<dt>{label}</dt><dd>{}</dd>\n", harmless(value)));
    }
    page.push_str("</dl>\n<ol>\n");
    page
}

pub(super) fn event(writer: &Writer, entry: &Entry) -> String {
    let time = writer.zone.show(entry.at, writer.language);
    let mut item = format!("<li class=\"{}\"><time>{time}</time> ", entry.what);
    if entry.what == "message" {
        item.push_str(&format!("<b>{}</b>", text::who(writer, entry, harmless)));
    }
    item.push_str(&text::sentence(writer, entry, harmless));
    if let Some(said) = &entry.text {
        item.push_str(&format!("<p>{}</p>", harmless(said)));
    }
    item.push_str("</li>\n");
    item
}

/// As text that is set apart from its surroundings.
fn harmless(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let mut harmless = String::with_capacity(text.len() + 16);
    harmless.push_str("<bdi>");
    for letter in text.chars() {
        match letter {
            '&' => harmless.push_str("&amp;"),
            '<' => harmless.push_str("&lt;"),
            '>' => harmless.push_str("&gt;"),
            '"' => harmless.push_str("&quot;"),
            '\'' => harmless.push_str("&#39;"),
            letter if letter.is_control() && !matches!(letter, '\n' | '\t') => {}
            letter => harmless.push(letter),
        }
    }
    harmless.push_str("</bdi>");
    harmless
}
