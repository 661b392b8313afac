//! Rules: expressions in CEL that say yes or no. Only here the interpreter is known.
//!
//! Not all of CEL is let in: no loops (`exists`, `map` …), no regular expressions, no maps, no conversions. What is let in
//! costs no more than the expression is long, and its types are known before it runs, so that a rule which is accepted does
//! not fail: see [`typing`].

mod functions;
mod guards;
mod samples;
mod strain;
mod typing;

pub(crate) use typing::unknown;

use crate::{
    Date, Facts, Value,
    problem::Code,
    variables::{TODAY, Variables},
};
use cel::{
    Context, Env, Program, Value as CelValue,
    objects::{Key, Map},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, LazyLock},
};

/// How deep expressions may be: what is nested, and what is strung together.
const DEPTH: usize = 30;

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut environment = Env::stdlib();
    // The name is free in a fresh environment.
    let _ = functions::add(&mut environment);
    Arc::new(environment)
});

/// A rule that can be evaluated.
#[derive(Debug)]
pub(crate) struct Expression(Program);

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub code: Code,
    pub message: String,
}

impl Flaw {
    fn new(code: Code, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, message }
    }
}

/// Reads a rule; `present` names the variables that have a value whenever it is evaluated.
pub(crate) fn compile(text: &str, variables: &Variables, present: &BTreeSet<String>) -> Result<Expression, Vec<Flaw>> {
    let expression = parse(text).map_err(|flaw| vec![flaw])?;
    let flaws = typing::flaws(expression.0.expression(), variables, present);
    if !flaws.is_empty() {
        return Err(flaws);
    }
    samples::try_all(&expression, variables, present).map_err(|flaw| vec![flaw])?;
    Ok(expression)
}

fn parse(text: &str) -> Result<Expression, Flaw> {
    if strain::of(text) > DEPTH {
        return Err(too_deep());
    }
    let program = ENVIRONMENT.compile(text).map_err(|errors| {
        let first = errors.errors.first();
        let told = first.map_or_else(String::new, |error| {
            let line = error.msg.lines().next().unwrap_or_default();
            format!(": {} (line {}, column {} of it)", line.trim(), error.pos.0, error.pos.1)
        });
        Flaw::new(Code::ExpressionInvalid, format!("This is no expression{told}."))
    })?;
    match guards::depth(program.expression()) > DEPTH {
        true => Err(too_deep()),
        false => Ok(Expression(program)),
    }
}

fn too_deep() -> Flaw {
    Flaw::new(
        Code::TooLarge,
        format!("The expression is too deep: too many brackets or operators in one another (the limit is {DEPTH})."),
    )
}

impl Expression {
    /// Whether it holds; why it cannot be said, which is not to happen for a rule that was accepted.
    pub fn holds(&self, values: &Values) -> Result<bool, String> {
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        for (name, value) in &values.0 {
            context.add_variable_from_value(name.as_str(), value.clone());
        }
        match self.0.execute(&context) {
            Ok(CelValue::Bool(holds)) => Ok(holds),
            Ok(other) => Err(format!("it is no yes or no but {}", other.type_of())),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// What the variables hold at one moment.
pub(crate) struct Values(BTreeMap<String, CelValue>);

impl Values {
    /// Of the answers and facts, what is of the kind that the script says.
    pub fn new(variables: &Variables, answers: &BTreeMap<String, Value>, facts: &Facts) -> Self {
        let answers = answers.iter().map(|(id, value)| (format!("answers.{id}"), value));
        let facts_of = facts.values.iter().map(|(name, value)| (name.clone(), value));
        let all = answers.chain(facts_of);
        let fitting = all.filter(|(name, value)| variables.kind(name).is_some_and(|kind| kind.has(value)));
        Self::of(fitting, facts.today)
    }

    fn of<'v>(named: impl Iterator<Item = (String, &'v Value)>, today: Date) -> Self {
        let mut groups: BTreeMap<&str, HashMap<Key, CelValue>> = GROUPS.map(|group| (group, HashMap::new())).into();
        for (name, value) in named {
            // The longest group that the name begins with.
            let group = GROUPS
                .iter()
                .rev()
                .find(|group| name.strip_prefix(**group).is_some_and(|rest| rest.starts_with('.')));
            let Some(group) = group else { continue };
            let key = Key::from(name[group.len() + 1..].to_owned());
            groups.entry(group).or_default().insert(key, of(value));
        }
        let mut take = |group: &str| map(groups.remove(group).unwrap_or_default());
        let (fields, attributes) = (take("contact.fields"), take("conversation.attributes"));
        let mut all = BTreeMap::from([
            ("answers".to_owned(), take("answers")),
            (TODAY.to_owned(), CelValue::from(today.to_string())),
        ]);
        all.insert("contact".to_owned(), with(take("contact"), "fields", fields));
        all.insert(
            "conversation".to_owned(),
            with(take("conversation"), "attributes", attributes),
        );
        Self(all)
    }
}

/// What variables are grouped under, shorter names before longer ones.
const GROUPS: [&str; 5] = [
    "answers",
    "contact",
    "contact.fields",
    "conversation",
    "conversation.attributes",
];

fn map(values: HashMap<Key, CelValue>) -> CelValue {
    CelValue::Map(Map { map: Arc::new(values) })
}

fn with(group: CelValue, name: &str, value: CelValue) -> CelValue {
    let CelValue::Map(group) = group else { return group };
    let mut values = Arc::unwrap_or_clone(group.map);
    values.insert(Key::from(name), value);
    map(values)
}

fn of(value: &Value) -> CelValue {
    match value {
        Value::Boolean(is_so) => CelValue::Bool(*is_so),
        Value::Number(number) => CelValue::Float(*number),
        Value::Text(text) => CelValue::from(text.as_str()),
        Value::Many(texts) => CelValue::from(texts.clone()),
    }
}

#[cfg(test)]
mod tests;
