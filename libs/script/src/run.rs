//! A run of a script: on which page it stands, what was answered on the way there, and what pressing a button makes of it.
//!
//! The way is a line of pages: going on makes it longer, going back shorter. Answers are those of the pages that were
//! submitted on the way as it is now; what was answered on pages that one came back from is only remembered, to be shown
//! when they are seen again. A step says where it led, so that a run is the same whenever its steps are replayed, whatever
//! is known of the contact by then.

use crate::{
    Script, Value,
    document::{Button, Go, Page},
    expression::Values,
    facts::Facts,
    show::Action,
    value::{ValueCode, ValueProblem, answer},
};
use onqueue_model::Language;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// The most steps of a run.
pub const MAX_STEPS: usize = 1_000;

/// Answers by the ids of their fields.
pub(crate) type Answers = BTreeMap<String, Value>;

/// Where a run stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The pages from the first to the one that is shown, or was shown last.
    trail: Vec<String>,
    /// What was answered on each of them that was submitted.
    given: Vec<Answers>,
    answers: Answers,
    remembered: BTreeMap<String, Answers>,
    is_ended: bool,
    steps: usize,
}

/// A button that an agent pressed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Press {
    /// The page that they saw.
    pub page: String,
    /// The button's id.
    pub button: String,
    /// What was on the page, by field; for buttons that go on or end.
    #[serde(default)]
    pub values: BTreeMap<String, Value>,
}

/// One step of a run, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The page on which it was made.
    pub page: String,
    /// The button's id.
    pub button: String,
    /// Where it led.
    pub went: Went,
    /// What is kept of what was answered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Value>,
    /// What becomes of the contact.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contact: Vec<ContactChange>,
}

/// Where a step led.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case", deny_unknown_fields)]
pub enum Went {
    /// On to a page.
    Page {
        /// Its id.
        page: String,
    },
    /// To the page before.
    Back,
    /// The run is over.
    End,
    /// Nowhere.
    Stay,
}

/// Something that the contact is to have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactChange {
    /// `name`, `email`, `phone`, `language`, `notes`, `fields.<key>`.
    pub key: String,
    /// What it is to be; an address or number is one more, or the first.
    pub value: Value,
}

/// What pressing a button made.
#[derive(Clone, Debug, PartialEq)]
pub struct Pressed {
    /// To be stored.
    pub step: Step,
    /// Where the run stands then.
    pub run: Run,
    /// What the desk is to do, texts in the language that was asked for.
    pub actions: Vec<Action>,
}

/// Why a button cannot be pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The run is over.
    Ended,
    /// Another page is shown by now.
    NotCurrent {
        /// Which.
        current: String,
    },
    /// The page has no such button.
    ButtonUnknown,
    /// It is the first page.
    NoWayBack,
    /// The run has as many steps as it may.
    TooManySteps {
        /// How many.
        most: usize,
    },
    /// These answers are not taken; nothing was kept.
    Values(Vec<ValueProblem>),
    /// A rule could not be evaluated: a defect, since rules are tried before scripts are accepted.
    Rule {
        /// What the interpreter said.
        message: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => f.write_str("the script is at its end"),
            Self::NotCurrent { current } => write!(f, "the script is on the page “{current}” by now"),
            Self::ButtonUnknown => f.write_str("the page has no such button"),
            Self::NoWayBack => f.write_str("this is the first page"),
            Self::TooManySteps { most } => write!(f, "a script may have {most} steps, and this one has them"),
            Self::Values(problems) => {
                let told: Vec<String> = problems
                    .iter()
                    .map(|it| format!("{}: {}", it.field, it.message))
                    .collect();
                f.write_str(&told.join(" "))
            }
            Self::Rule { message } => write!(f, "a rule could not be evaluated: {message}"),
        }
    }
}

/// Steps that are not those of a run of this script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayError {
    /// Which step, from 0.
    pub step: usize,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {}: {}", self.step + 1, self.message)
    }
}

impl Run {
    /// That stands on its first page.
    pub(crate) fn on(page: &str) -> Self {
        Self {
            trail: vec![page.to_owned()],
            given: Vec::new(),
            answers: Answers::new(),
            remembered: BTreeMap::new(),
            is_ended: false,
            steps: 0,
        }
    }

    /// The page that is shown; `None` when the run is over.
    pub fn page(&self) -> Option<&str> {
        self.trail.last().map(String::as_str).filter(|_| !self.is_ended)
    }

    /// Whether it is over.
    pub const fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// How many there were.
    pub const fn steps(&self) -> usize {
        self.steps
    }

    /// The pages from the first to the one that is shown, or was shown last.
    pub fn trail(&self) -> Vec<&str> {
        self.trail.iter().map(String::as_str).collect()
    }

    /// What was answered on the way to the page that is shown.
    pub const fn answers(&self) -> &BTreeMap<String, Value> {
        &self.answers
    }

    /// Whether there is a page before.
    pub(crate) fn can_go_back(&self) -> bool {
        self.trail.len() > 1
    }

    /// What was answered on the page when it was submitted last.
    pub(crate) fn remembered(&self, page: &str) -> Option<&Answers> {
        self.remembered.get(page)
    }

    /// With the current page submitted.
    fn submitted(&self, script: &Script, page: &Page, values: &Answers) -> Self {
        let mut run = self.clone();
        run.given.push(values.clone());
        run.remembered.insert(page.id.clone(), values.clone());
        run.recall(script);
        run
    }

    /// Answers anew, of the pages on the way; of a page that was submitted twice the last ones.
    fn recall(&mut self, script: &Script) {
        self.answers.clear();
        for (id, given) in self.trail.iter().zip(&self.given) {
            let fields = script.document.page(id).into_iter().flat_map(Page::fields);
            for field in fields {
                self.answers.remove(&field.id);
            }
            self.answers
                .extend(given.iter().map(|(id, value)| (id.clone(), value.clone())));
        }
    }
}

impl Script {
    /// The run that these steps make. They are not judged anew: what leads where and what was answered is as it is stored,
    /// as long as it is possible in this script.
    pub fn replay<'s>(&self, steps: impl IntoIterator<Item = &'s Step>) -> Result<Run, ReplayError> {
        let mut run = self.start();
        for (index, step) in steps.into_iter().enumerate() {
            run = self
                .take(&run, step)
                .map_err(|message| ReplayError { step: index, message })?;
        }
        Ok(run)
    }

    fn take(&self, run: &Run, step: &Step) -> Result<Run, String> {
        if run.page() != Some(step.page.as_str()) {
            return Err(format!("it is on the page “{}”, and the run is not", step.page));
        }
        let page = self.document.page(&step.page).ok_or("there is no such page")?;
        let button = page.button(&step.button).ok_or("there is no such button")?;
        let is_own = |id: &String| page.fields().any(|field| field.id == *id);
        if !step.values.keys().all(is_own) {
            return Err("it answers what is not on its page".to_owned());
        }
        match (&step.went, button.go) {
            (Went::Page { page: next }, Go::Next) if button.targets().any(|target| target == next) => {}
            (Went::Back, Go::Back) if run.can_go_back() => {}
            (Went::End, Go::End) | (Went::Stay, Go::Stay) => {}
            _ => return Err("its button does not lead there".to_owned()),
        }
        Ok(self.stepped(run, page, step))
    }

    /// After a step that can be made.
    fn stepped(&self, run: &Run, page: &Page, step: &Step) -> Run {
        let mut after = match step.went {
            Went::Page { .. } | Went::End => run.submitted(self, page, &step.values),
            Went::Back | Went::Stay => run.clone(),
        };
        match &step.went {
            Went::Page { page } => after.trail.push(page.clone()),
            Went::End => after.is_ended = true,
            Went::Stay => {}
            Went::Back => {
                after.trail.pop();
                after.given.truncate(after.trail.len() - 1);
                after.recall(self);
            }
        }
        after.steps += 1;
        after
    }

    /// What pressing the button makes; nothing is changed where it is refused. Texts of actions are in the language that is
    /// asked for, else in the script's own.
    pub fn press(
        &self,
        run: &Run,
        press: &Press,
        facts: &Facts,
        language: Option<&Language>,
    ) -> Result<Pressed, Refusal> {
        let (index, page) = self.current(run)?;
        if press.page != page.id {
            let current = page.id.clone();
            return Err(Refusal::NotCurrent { current });
        }
        if run.steps >= MAX_STEPS {
            return Err(Refusal::TooManySteps { most: MAX_STEPS });
        }
        let place = page.buttons.iter().position(|button| button.id == press.button);
        let place = place.ok_or(Refusal::ButtonUnknown)?;
        let button = &page.buttons[place];
        let (values, contact) = match button.go {
            Go::Next | Go::End => self.taken(page, press, facts)?,
            Go::Back | Go::Stay => Default::default(),
        };
        let went = match button.go {
            Go::Next => self.next(run, (index, place), &values, &contact, facts)?,
            Go::Back if !run.can_go_back() => return Err(Refusal::NoWayBack),
            Go::Back => Went::Back,
            Go::End => Went::End,
            Go::Stay => Went::Stay,
        };
        let step = Step {
            page: page.id.clone(),
            button: button.id.clone(),
            went,
            values,
            contact,
        };
        Ok(Pressed {
            run: self.stepped(run, page, &step),
            step,
            actions: self.actions(button, language),
        })
    }

    fn current(&self, run: &Run) -> Result<(usize, &Page), Refusal> {
        let id = run.page().ok_or(Refusal::Ended)?;
        let mut pages = self.document.pages.iter().enumerate();
        // A run of another script is on none of these pages.
        pages.find(|(_, page)| page.id == id).ok_or(Refusal::Ended)
    }

    fn actions(&self, button: &Button, language: Option<&Language>) -> Vec<Action> {
        let default = &self.document.default_language;
        button
            .actions
            .iter()
            .map(|action| Action::of(action, language, default))
            .collect()
    }

    /// What is kept of the page, and what of it the contact is to have; all answers that are not taken.
    fn taken(&self, page: &Page, press: &Press, facts: &Facts) -> Result<(Answers, Vec<ContactChange>), Refusal> {
        let (mut kept, mut contact, mut problems) = (Answers::new(), Vec::new(), unknown_fields(page, press));
        for field in page.fields() {
            let value = match answer(field, press.values.get(&field.id)) {
                Ok(Some(value)) => value,
                Ok(None) => continue,
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            if let Some(key) = &field.contact {
                let is_so = facts.values.get(&format!("contact.{key}")) == Some(&value);
                contact.extend((!is_so).then(|| ContactChange {
                    key: key.clone(),
                    value: value.clone(),
                }));
            }
            kept.insert(field.id.clone(), value);
        }
        match problems.is_empty() {
            true => Ok((kept, contact)),
            false => Err(Refusal::Values(problems)),
        }
    }

    /// The first page whose rule holds, with what the contact is to have as if it had it.
    fn next(
        &self,
        run: &Run,
        (page, button): (usize, usize),
        values: &Answers,
        contact: &[ContactChange],
        facts: &Facts,
    ) -> Result<Went, Refusal> {
        let it = &self.document.pages[page];
        let answers = run.submitted(self, it, values).answers;
        let mut facts = facts.clone();
        for change in contact {
            facts.set(format!("contact.{}", change.key), change.value.clone());
        }
        let values = Values::new(&self.variables, &answers, &facts);
        let button = (&it.buttons[button], &self.rules[page][button]);
        for (rule, expression) in button.0.rules.iter().zip(button.1) {
            let holds = expression.holds(&values).map_err(|message| Refusal::Rule { message })?;
            if holds {
                let page = rule.page.clone();
                return Ok(Went::Page { page });
            }
        }
        // A checked button has it.
        let page = button.0.otherwise.clone().unwrap_or_default();
        Ok(Went::Page { page })
    }
}

fn unknown_fields(page: &Page, press: &Press) -> Vec<ValueProblem> {
    let strange = press
        .values
        .keys()
        .filter(|id| page.fields().all(|field| field.id != **id));
    let problem = |id: &String| {
        let message = "The page has no such field.";
        ValueProblem::new(id, ValueCode::FieldUnknown, "", message)
    };
    strange.map(problem).collect()
}
