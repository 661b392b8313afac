//! What the agent sees.

use super::Kept;
use onqueue_script::{ShownItem, Value};
use serde_json::json;

#[test]
fn a_page_is_shown_in_the_language_with_values_as_text() {
    let mut kept = Kept::new("identify-the-customer");
    kept.facts
        .set("conversation.customer_name", "<img src=x onerror=alert(1)> {{today}}");
    kept.facts.set("contact.email", "  ");
    let shown = kept.show("de-AT");
    assert_eq!((shown.title.as_str(), shown.language.as_str()), ("Begrüßung", "de"));
    let ShownItem::Paragraph { text } = &shown.items[0] else {
        panic!("{shown:?}")
    };
    assert!(
        text.contains("<img src=x onerror=alert(1)> {{today}}") && text.contains("unser Service"),
        "{text}"
    );
    assert_eq!(kept.show("fr").language.as_str(), "en");
    assert_eq!(kept.show("fr").missing, Vec::<String>::new());
    kept.facts.set("contact.email", "ann@example.com");
    kept.press("next", json!({"customer": "known"}));
    assert_eq!(kept.run.page(), Some("confirm"));
    kept.facts.values.remove("contact.email");
    let shown = kept.show("en");
    assert_eq!(shown.missing, ["contact.email"]);
    let json = serde_json::to_value(&shown).expect("JSON");
    assert_eq!(json["items"][1]["type"], "checkbox");
    assert!(
        json["items"][0]["text"]
            .as_str()
            .is_some_and(|text| text.contains("the address …")),
        "{json}"
    );
}

#[test]
fn options_are_shown_by_their_labels_and_fields_with_what_is_known() {
    let mut kept = Kept::new("every-field");
    kept.facts.set("contact.fields.tier", "Bronze");
    kept.facts.set("contact.fields.customer_number", "K-1");
    assert_eq!(kept.field("tier").value, None, "not an option any more");
    assert_eq!(kept.field("number").value, Some(Value::from("K-1")));
    assert_eq!(
        (kept.field("number").max_length, kept.field("people").min),
        (Some(20), Some(1.0))
    );
    let answers = json!({"people": 6, "tier": "Silver", "interests": ["garden", "kitchen"]});
    kept.press("next", answers);
    let ShownItem::Paragraph { text } = &kept.show("de").items[0] else {
        panic!("no paragraph")
    };
    assert_eq!(text, "6 Personen, Stufe Silber, Interessen: Garten, Küche.");
    kept.press("back", json!({}));
    assert_eq!(
        kept.field("number").value,
        None,
        "it was left empty when the page was submitted"
    );
}
