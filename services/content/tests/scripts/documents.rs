//! Scripts to test with.

/// Three pages: who it is, then what it is about, then the end.
pub const SCRIPT: &str = r#"{
  "format": 1,
  "name": {"en": "Complaint", "de": "Reklamation"},
  "languages": ["en", "de"],
  "default_language": "en",
  "contact_fields": {"tier": "choice"},
  "pages": [
    {
      "id": "who",
      "start": true,
      "title": {"en": "Who is it?", "de": "Wer ist es?"},
      "items": [
        {"type": "paragraph", "text": {"en": "Hello {{contact.name|there}}.", "de": "Guten Tag, {{contact.name|Sie}}."}},
        {"type": "response", "shortcut": "hi"},
        {"type": "text", "id": "name", "label": {"en": "Name", "de": "Name"}, "required": true, "max_length": 40, "contact": "name"},
        {"type": "text", "id": "mail", "label": {"en": "Address", "de": "Adresse"}, "contact": "email"}
      ],
      "buttons": [
        {"id": "next", "label": {"en": "On", "de": "Weiter"}, "go": "next", "otherwise": "what"},
        {"id": "help", "label": {"en": "Help", "de": "Hilfe"}, "go": "stay", "actions": [{"type": "assistance"}]}
      ]
    },
    {
      "id": "what",
      "title": {"en": "What is it about?", "de": "Worum geht es?"},
      "items": [
        {"type": "choice", "id": "reason", "label": {"en": "Reason", "de": "Grund"}, "required": true,
         "options": [{"id": "broken", "label": {"en": "Broken", "de": "Kaputt"}}, {"id": "late", "label": {"en": "Late", "de": "Zu spät"}}]}
      ],
      "buttons": [
        {"id": "next", "label": {"en": "On", "de": "Weiter"}, "go": "next",
         "rules": [{"when": "answers.reason == 'broken'", "page": "sorry"}], "otherwise": "end"},
        {"id": "back", "label": {"en": "Back", "de": "Zurück"}, "go": "back"}
      ]
    },
    {
      "id": "sorry",
      "title": {"en": "Say sorry", "de": "Um Entschuldigung bitten"},
      "items": [],
      "buttons": [
        {"id": "next", "label": {"en": "On", "de": "Weiter"}, "go": "next", "otherwise": "end"},
        {"id": "back", "label": {"en": "Back", "de": "Zurück"}, "go": "back"}
      ]
    },
    {
      "id": "end",
      "title": {"en": "The end", "de": "Schluss"},
      "items": [],
      "buttons": [
        {"id": "done", "label": {"en": "Done", "de": "Fertig"}, "go": "end", "actions": [{"type": "wrap_up", "code": "Complaint"}]}
      ]
    }
  ]
}"#;

/// The same with a part exchanged.
pub fn with(part: &str, other: &str) -> String {
    assert!(SCRIPT.contains(part), "{part}");
    SCRIPT.replace(part, other)
}

/// With a button that leads to a page that there is not.
pub fn broken() -> String {
    with(r#""otherwise": "what""#, r#""otherwise": "gone""#)
}

/// With a field that there is not.
pub fn strange() -> String {
    with(r#""format": 1,"#, r#""format": 1, "colour": "red","#)
}
