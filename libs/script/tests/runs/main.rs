//! Runs of the examples: where buttons lead, what is kept, what is refused, what is shown, and that a run which is
//! replayed is the same.

mod answers;
mod shown;

use onqueue_model::Language;
use onqueue_script::{
    Action, Date, Facts, MAX_STEPS, MentionKind, Press, Pressed, Refusal, Run, Script, Shown, ShownField, ShownItem,
    Step, Value, Went,
};
use serde_json::json;
use std::{collections::BTreeMap, fs, path::PathBuf};

fn source(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/examples/scripts/{name}.json"));
    fs::read_to_string(path).expect("an example")
}

fn example(name: &str) -> Script {
    Script::parse(&source(name)).unwrap_or_else(|problems| panic!("{name}: {problems:#?}"))
}

fn facts() -> Facts {
    Facts::new(Date::parse("2026-11-23").expect("a day"))
}

fn values(json: serde_json::Value) -> BTreeMap<String, Value> {
    serde_json::from_value(json).expect("answers")
}

/// A run with its steps, as a service keeps them.
struct Kept {
    script: Script,
    facts: Facts,
    run: Run,
    steps: Vec<Step>,
}

impl Kept {
    fn new(name: &str) -> Self {
        let script = example(name);
        let (run, facts) = (script.start(), facts());
        Self {
            script,
            facts,
            run,
            steps: Vec::new(),
        }
    }

    fn try_press(&mut self, button: &str, answers: serde_json::Value) -> Result<Pressed, Refusal> {
        let press = Press {
            page: self.run.page().unwrap_or("nowhere").to_owned(),
            button: button.to_owned(),
            values: values(answers),
        };
        let pressed = self.script.press(&self.run, &press, &self.facts, None)?;
        self.run = pressed.run.clone();
        self.steps.push(pressed.step.clone());
        let stored = serde_json::to_string(&self.steps).expect("JSON");
        let stored: Vec<Step> = serde_json::from_str(&stored).expect("steps");
        assert_eq!(self.script.replay(&stored).as_ref(), Ok(&self.run), "{stored:#?}");
        Ok(pressed)
    }

    fn press(&mut self, button: &str, answers: serde_json::Value) -> Pressed {
        self.try_press(button, answers)
            .unwrap_or_else(|refusal| panic!("{button}: {refusal}"))
    }

    fn refused(&mut self, button: &str, answers: serde_json::Value) -> Refusal {
        let before = self.run.clone();
        let refusal = self.try_press(button, answers).expect_err(button);
        assert_eq!(self.run, before);
        refusal
    }

    fn show(&self, tag: &str) -> Shown {
        let language = Language::parse(tag);
        self.script
            .show(&self.run, &self.facts, language.as_ref())
            .expect("a page")
    }

    fn field(&self, id: &str) -> ShownField {
        let fields = self.show("en").items.into_iter().filter_map(|item| match item {
            ShownItem::Field(field) => Some(field),
            _ => None,
        });
        fields.into_iter().find(|field| field.id == id).expect("a field")
    }
}

#[test]
fn rules_say_which_page_is_next() {
    let order = |reason: &str, arrived: Option<&str>| {
        let mut answers = json!({"order_number": "A-1", "reason": reason});
        if let Some(day) = arrived {
            answers["arrived"] = json!(day);
        }
        answers
    };
    for (answers, page) in [
        (order("broken", None), "damage"),
        (order("wrong", Some("2026-01-01")), "resolution"),
        (order("unwanted", Some("2026-11-09")), "resolution"),
        (order("unwanted", Some("2026-11-08")), "late"),
        (order("unwanted", None), "late"),
    ] {
        let mut kept = Kept::new("return-of-goods");
        let pressed = kept.press("next", answers.clone());
        assert_eq!(pressed.step.went, Went::Page { page: page.to_owned() }, "{answers}");
        assert_eq!((kept.run.page(), kept.run.trail()), (Some(page), vec!["order", page]));
    }
}

#[test]
fn a_way_to_the_end_is_kept_step_by_step() {
    let mut kept = Kept::new("return-of-goods");
    kept.press("next", json!({"order_number": " A-1 ", "reason": "broken"}));
    kept.press(
        "next",
        json!({"damage": ["glass", "packaging"], "value": 501, "description": "a\r\nb"}),
    );
    assert_eq!(kept.run.page(), Some("expensive"));
    let help = kept.press("ask", json!({}));
    let note = Some("Return worth more than 500 euros".to_owned());
    assert_eq!(
        (help.actions, help.step.went),
        (vec![Action::Assistance { note }], Went::Stay)
    );
    kept.press("next", json!({"approved": true}));
    kept.press("next", json!({"resolution": "refund"}));
    let ended = kept.press("done", json!({}));
    assert_eq!(ended.step.went, Went::End);
    assert!(kept.run.is_ended() && kept.run.page().is_none());
    assert_eq!(kept.script.show(&kept.run, &kept.facts, None), None);
    assert_eq!(kept.run.steps(), 6);
    let expected = json!({
        "order_number": "A-1", "reason": "broken", "damage": ["packaging", "glass"], "value": 501.0, "description": "a\nb",
        "approved": true, "resolution": "refund"
    });
    assert_eq!(*kept.run.answers(), values(expected));
    assert_eq!(kept.refused("done", json!({})), Refusal::Ended);
}

#[test]
fn going_back_forgets_the_way_and_remembers_the_answers() {
    let mut kept = Kept::new("return-of-goods");
    assert_eq!(kept.refused("back", json!({})), Refusal::ButtonUnknown);
    kept.press("next", json!({"order_number": "A-1", "reason": "broken"}));
    kept.press("next", json!({"damage": ["glass"]}));
    kept.press("back", json!({"resolution": "not looked at"}));
    assert_eq!(kept.run.page(), Some("damage"));
    assert_eq!(kept.field("damage").value, Some(Value::Many(vec!["glass".to_owned()])));
    kept.press("back", json!({}));
    assert_eq!(kept.run.trail(), ["order"]);
    assert!(kept.run.answers().is_empty());
    assert_eq!(kept.field("reason").value, Some(Value::from("broken")));
    kept.press("next", json!({"order_number": "A-2", "reason": "wrong"}));
    assert_eq!(
        *kept.run.answers(),
        values(json!({"order_number": "A-2", "reason": "wrong"})),
        "damage was on another way"
    );
}

#[test]
fn there_is_no_way_back_from_the_first_page() {
    let mut document: serde_json::Value = serde_json::from_str(example("return-of-goods").canonical()).expect("JSON");
    let back = json!({"id": "back", "label": {"en": "Back", "de": "Zurück"}, "go": "back"});
    document["pages"][0]["buttons"]
        .as_array_mut()
        .expect("buttons")
        .push(back);
    let script = Script::parse(&document.to_string()).expect("good");
    let (run, facts) = (script.start(), facts());
    let press = |page: &str, button: &str| Press {
        page: page.to_owned(),
        button: button.to_owned(),
        values: BTreeMap::new(),
    };
    assert_eq!(
        script.press(&run, &press("order", "back"), &facts, None),
        Err(Refusal::NoWayBack)
    );
    let buttons = script.show(&run, &facts, None).expect("a page").buttons;
    assert_eq!(
        buttons.iter().map(|button| button.available).collect::<Vec<_>>(),
        [true, false]
    );
    let current = "order".to_owned();
    assert_eq!(
        script.press(&run, &press("late", "back"), &facts, None),
        Err(Refusal::NotCurrent { current })
    );
    assert_eq!(
        script.press(&run, &press("order", "up"), &facts, None),
        Err(Refusal::ButtonUnknown)
    );
}

#[test]
fn steps_of_another_script_or_order_are_refused() {
    let mut kept = Kept::new("return-of-goods");
    kept.press("next", json!({"order_number": "A-1", "reason": "broken"}));
    kept.press("back", json!({}));
    let steps = kept.steps.clone();
    let changed = |change: &dyn Fn(&mut Vec<Step>)| {
        let mut steps = steps.clone();
        change(&mut steps);
        kept.script.replay(&steps)
    };
    assert!(changed(&|_| {}).is_ok());
    assert_eq!(changed(&|steps| steps.reverse()).expect_err("order").step, 0);
    assert_eq!(
        changed(&|steps| steps[0].went = Went::End).expect_err("elsewhere").step,
        0
    );
    assert_eq!(
        changed(&|steps| steps[0].went = Went::Page {
            page: "summary".to_owned()
        })
        .expect_err("far")
        .step,
        0
    );
    assert_eq!(
        changed(&|steps| steps[0].button = "none".to_owned())
            .expect_err("button")
            .step,
        0
    );
    assert_eq!(
        changed(&|steps| _ = steps[0].values.insert("damage".to_owned(), Value::Boolean(true)))
            .expect_err("field")
            .step,
        0
    );
    assert_eq!(
        changed(&|steps| steps.push(steps[1].clone())).expect_err("twice").step,
        2
    );
    assert!(example("identify-the-customer").replay(&steps).is_err());
}

#[test]
fn steps_are_stored_as_they_were() {
    let mut kept = Kept::new("every-field");
    let step = kept.press("next", json!({"people": 2, "tier": "Gold"})).step;
    let json = serde_json::to_value(&step).expect("JSON");
    let expected = json!({
        "page": "fields",
        "button": "next",
        "went": {"to": "page", "page": "end"},
        "values": {"people": 2.0, "tier": "Gold", "interests": [], "newsletter": false},
        "contact": [{"key": "fields.tier", "value": "Gold"}, {"key": "fields.newsletter", "value": false}]
    });
    assert_eq!(json, expected);
    assert_eq!(serde_json::from_value::<Step>(json).expect("a step"), step);
    assert!(
        serde_json::from_value::<Step>(json!({"page": "a", "button": "b", "went": {"to": "end"}, "who": "?"})).is_err()
    );
}

#[test]
fn a_run_has_so_many_steps_and_no_more() {
    let mut kept = Kept::new("every-field");
    let press = Press {
        page: "fields".to_owned(),
        button: "help".to_owned(),
        values: BTreeMap::new(),
    };
    for _ in 0..MAX_STEPS {
        kept.run = kept
            .script
            .press(&kept.run, &press, &kept.facts, None)
            .expect("one more")
            .run;
    }
    assert_eq!(
        kept.refused("help", json!({})),
        Refusal::TooManySteps { most: MAX_STEPS }
    );
}

#[test]
fn what_a_script_relies_on() {
    let script = example("every-field");
    let named = |kind| {
        let mentions = script.mentions().iter().filter(move |mention| mention.kind == kind);
        mentions.map(|mention| &*mention.name).collect::<Vec<_>>()
    };
    assert_eq!(named(MentionKind::Queue), ["Billing"]);
    assert_eq!(named(MentionKind::WrapUpCode), ["Handed over", "Solved"]);
    assert_eq!(named(MentionKind::Response), ["hi"]);
    assert_eq!(named(MentionKind::ContactField).len(), 5);
}

#[test]
fn what_a_script_relies_on_has_its_place() {
    let source = source("every-field");
    let script = Script::parse(&source).expect("good");
    for mention in script.mentions() {
        let line = source.lines().nth(mention.place.line - 1).expect("a line");
        let rest: String = line.chars().skip(mention.place.column - 1).collect();
        let is_there = match mention.kind {
            MentionKind::ContactField => rest.starts_with(&format!("\"{}\"", mention.name)),
            _ => rest.contains(&format!("\"{}\"", mention.name)),
        };
        assert!(is_there, "{mention:?}: {rest}");
        assert_eq!(mention.place.page.is_empty(), mention.kind == MentionKind::ContactField);
    }
}

#[test]
fn scripts_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    shared(&example("every-field"));
}
