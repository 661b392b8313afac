//! Answers: what is taken, in which form it is kept, and what the contact is to have.

use super::{Kept, values};
use onqueue_script::{ContactChange, Refusal, Value, Went};
use serde_json::json;

#[test]
fn answers_that_are_not_taken_are_all_named_and_nothing_is_kept() {
    let mut kept = Kept::new("every-field");
    let good = json!({"people": 3});
    for (id, value, expected) in [
        ("people", json!(null), "REQUIRED "),
        ("people", json!("three"), "TYPE_WRONG "),
        ("people", json!(0), "TOO_SMALL 1"),
        ("people", json!(13), "TOO_GREAT 12"),
        ("people", json!(2.5), "NOT_WHOLE "),
        ("discount", json!(-0.1), "TOO_SMALL 0"),
        ("discount", json!(100.5), "TOO_GREAT 100"),
        ("number", json!("x".repeat(21)), "TOO_LONG 20"),
        ("number", json!(7), "TYPE_WRONG "),
        ("since", json!("2026-02-30"), "NO_DATE "),
        ("since", json!("23.11.2026"), "NO_DATE "),
        ("since", json!("1989-12-31"), "TOO_EARLY 1990-01-01"),
        ("since", json!("2100-01-01"), "TOO_LATE 2099-12-31"),
        ("tier", json!("gold"), "NOT_AN_OPTION "),
        ("interests", json!("garden"), "TYPE_WRONG "),
        ("interests", json!(["garden", "pool"]), "NOT_AN_OPTION "),
        ("interests", json!(["garden", "garden"]), "CHOSEN_TWICE "),
        ("interests", json!(["garden", "kitchen", "workshop"]), "TOO_MANY 2"),
        ("newsletter", json!("yes"), "TYPE_WRONG "),
        ("nobody", json!(true), "FIELD_UNKNOWN "),
    ] {
        let mut answers = good.clone();
        match value {
            serde_json::Value::Null => _ = answers.as_object_mut().expect("answers").remove(id),
            value => answers[id] = value,
        }
        let Refusal::Values(problems) = kept.refused("next", answers.clone()) else {
            panic!("{answers}")
        };
        let told: Vec<String> = problems
            .iter()
            .map(|it| format!("{} {} {}", it.field, it.code.as_str(), it.limit))
            .collect();
        assert_eq!(told, [format!("{id} {expected}")], "{answers}");
        assert_eq!(
            serde_json::to_value(problems[0].code).expect("JSON"),
            problems[0].code.as_str()
        );
    }
    let Refusal::Values(problems) = kept.refused("next", json!({"tier": "?", "since": "?"})) else {
        panic!("taken")
    };
    assert_eq!(
        problems.iter().map(|it| it.field.as_str()).collect::<Vec<_>>(),
        ["people", "since", "tier"]
    );
}

#[test]
fn answers_are_kept_in_one_form() {
    let mut kept = Kept::new("every-field");
    let decomposed = "  Mu\u{308}ller\n\u{7}GmbH ";
    let answers = json!({
        "people": 3, "number": decomposed, "notes": " a\r\nb\u{0} ", "discount": -0.0, "tier": "", "since": " 2026-01-31 ",
        "interests": ["workshop", "garden"]
    });
    let step = kept.press("next", answers).step;
    let expected = json!({
        "people": 3.0, "number": "Müller GmbH", "notes": "a\nb", "discount": 0.0, "since": "2026-01-31",
        "interests": ["garden", "workshop"], "newsletter": false
    });
    assert_eq!(step.values, values(expected));
    assert!(!serde_json::to_string(&step).expect("JSON").contains("-0.0"));
}

#[test]
fn what_the_contact_is_to_have_is_named_once() {
    let mut kept = Kept::new("every-field");
    kept.facts.set("contact.fields.customer_number", "K-1");
    kept.facts.set("contact.fields.newsletter", true);
    let step = kept
        .press(
            "next",
            json!({"people": 1, "number": "K-1", "discount": 5, "tier": "Gold"}),
        )
        .step;
    let change = |key: &str, value: Value| ContactChange {
        key: key.to_owned(),
        value,
    };
    let expected = [
        change("fields.discount", Value::Number(5.0)),
        change("fields.tier", Value::from("Gold")),
        change("fields.newsletter", Value::Boolean(false)),
    ];
    assert_eq!(step.contact, expected);
    kept.press("back", json!({}));
    for change in step.contact {
        kept.facts.set(format!("contact.{}", change.key), change.value);
    }
    let again = kept
        .press(
            "next",
            json!({"people": 1, "number": "K-1", "discount": 5, "tier": "Gold"}),
        )
        .step;
    assert_eq!(again.contact, []);
}

#[test]
fn rules_see_the_contact_as_it_will_be() {
    let mut kept = Kept::new("every-field");
    let next = kept
        .press("next", json!({"people": 1, "tier": "Gold", "interests": ["garden"]}))
        .step
        .went;
    assert_eq!(
        next,
        Went::Page {
            page: "more".to_owned()
        }
    );
    let mut kept = Kept::new("every-field");
    kept.facts.set("contact.fields.tier", "Gold");
    let next = kept
        .press("next", json!({"people": 1, "interests": ["garden"]}))
        .step
        .went;
    assert_eq!(
        next,
        Went::Page {
            page: "more".to_owned()
        }
    );
    // Of another type than the script says: as if it were not there.
    let mut kept = Kept::new("every-field");
    kept.facts.set("contact.fields.tier", 3.0);
    let next = kept
        .press("next", json!({"people": 1, "interests": ["garden"]}))
        .step
        .went;
    assert_eq!(next, Went::Page { page: "end".to_owned() });
}

#[test]
fn addresses_and_numbers_are_those_that_contacts_take() {
    let mut kept = Kept::new("identify-the-customer");
    kept.press("next", json!({"customer": "new"}));
    let answers = |email: &str, phone: &str, name: &str| json!({"name": name, "email": email, "phone": phone});
    for (answers, expected) in [
        (answers("ann", "", "Ann"), "email NO_EMAIL"),
        (answers("a@b@c", "", "Ann"), "email NO_EMAIL"),
        (answers("ann lee@example.com", "", "Ann"), "email NO_EMAIL"),
        (answers("ann@example.com", "12", "Ann"), "phone NO_PHONE"),
        (answers("ann@example.com", "0049+30", "Ann"), "phone NO_PHONE"),
        (
            answers("ann@example.com", "+49 30 1234567", &"x".repeat(101)),
            "name TOO_LONG",
        ),
    ] {
        let Refusal::Values(problems) = kept.refused("next", answers.clone()) else {
            panic!("{answers}")
        };
        let told: Vec<String> = problems
            .iter()
            .map(|it| format!("{} {}", it.field, it.code.as_str()))
            .collect();
        assert_eq!(told, [expected], "{answers}");
    }
    let step = kept
        .press("next", answers("ann@example.com", "+49 (30) 123-4567", "Ann"))
        .step;
    assert_eq!(step.contact.len(), 3);
}
