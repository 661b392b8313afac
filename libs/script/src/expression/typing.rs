//! Types of rules, known before they run. What is accepted here cannot fail: every variable that is read has a value there
//! (it always has, or `has()` was asked before), every operator and function has operands that it takes, nothing is divided by
//! what may be zero, and no number grows beyond what it is counted with. The sizes are the greatest that fields take.

use super::{
    Flaw,
    functions::{DAYS, MOST_DAYS},
    guards::{asked_for, guards, name},
};
use crate::{
    Date,
    problem::Code,
    variables::{Kind, Variables, is_always_there},
};
use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr, ListExpr, LiteralValue, operators},
};
use std::collections::BTreeSet;

/// Beyond it whole numbers are not exact in comparisons with others.
const GREATEST_WHOLE: f64 = 9e15;

/// Far from where numbers end.
const GREATEST_NUMBER: f64 = 1e300;

/// The most elements of a list and characters of a text, rounded up.
const MOST_SIZE: f64 = 1e8;

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
enum Type {
    Boolean,
    /// A whole number of CEL (`int`).
    Whole(Size),
    /// Any other (`double`): those of fields are.
    Number(Size),
    /// With the text, if it is written there.
    Text(Option<String>),
    Date,
    /// One of these.
    Choice(Vec<String>),
    List(Box<Type>),
}

/// How great a number can be, whatever its sign, and which it is, if it is written there.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Size {
    most: f64,
    written: Option<f64>,
}

const fn up_to(most: f64) -> Size {
    Size { most, written: None }
}

const fn written(number: f64) -> Size {
    Size {
        most: number.abs(),
        written: Some(number),
    }
}

impl Type {
    fn told(&self) -> &'static str {
        match self {
            Self::Boolean => "yes or no",
            Self::Whole(_) => "a whole number",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Date => "a date",
            Self::Choice(_) => "a choice",
            Self::List(_) => "a list",
        }
    }

    fn of(kind: &Kind) -> Self {
        match kind {
            Kind::Boolean => Self::Boolean,
            Kind::Number(most) => Self::Number(up_to(*most)),
            Kind::Text => Self::Text(None),
            Kind::Date => Self::Date,
            Kind::Choice(options) => Self::Choice(options.clone()),
            Kind::Choices(options) => Self::List(Box::new(Self::Choice(options.clone()))),
        }
    }
}

/// All that is wrong with a rule.
pub(super) fn flaws(expression: &IdedExpr, variables: &Variables, present: &BTreeSet<String>) -> Vec<Flaw> {
    let mut typing = Typing {
        variables,
        flaws: Vec::new(),
    };
    match typing.of(expression, present) {
        None | Some(Type::Boolean) => {}
        Some(other) => typing.say(
            Code::ExpressionNotBoolean,
            format!("A rule must say yes or no; this says {}.", other.told()),
        ),
    }
    typing.flaws
}

struct Typing<'v> {
    variables: &'v Variables,
    flaws: Vec<Flaw>,
}

/// `None` where something is wrong that has been said.
type Found = Option<Type>;

impl Typing<'_> {
    fn say(&mut self, code: Code, message: impl Into<String>) {
        let flaw = Flaw::new(code, message);
        if !self.flaws.contains(&flaw) {
            self.flaws.push(flaw);
        }
    }

    fn wrong(&mut self, message: impl Into<String>) -> Found {
        self.say(Code::ExpressionType, message);
        None
    }

    fn of(&mut self, expression: &IdedExpr, there: &BTreeSet<String>) -> Found {
        if let Some(name) = asked_for(expression) {
            self.kind(&name)?;
            return Some(Type::Boolean);
        }
        if let Some(name) = name(expression) {
            return self.variable(&name, there);
        }
        match &expression.expr {
            Expr::Literal(literal) => self.literal(literal),
            Expr::List(list) => self.list(list, there),
            Expr::Call(call) => self.call(call, there),
            Expr::Comprehension(_) => self.wrong("Rules have no loops such as exists, all, map and filter; use “in”."),
            Expr::Map(_) | Expr::Struct(_) => self.wrong("Rules have no maps."),
            Expr::Select(_) => {
                self.wrong("A name after a dot stands only for a part of answers, contact or conversation.")
            }
            Expr::Ident(_) | Expr::Unspecified => self.wrong("This says nothing."),
        }
    }

    fn kind(&mut self, name: &str) -> Option<Kind> {
        let kind = self.variables.kind(name).cloned();
        if kind.is_none() {
            self.say(Code::VariableUnknown, unknown(name, self.variables));
        }
        kind
    }

    fn variable(&mut self, name: &str, there: &BTreeSet<String>) -> Found {
        let kind = self.kind(name)?;
        if !there.contains(name) && !is_always_there(name) {
            let message = format!("{name} may be missing here; ask first with has({name}).");
            self.say(Code::ValueMayBeMissing, message);
            return None;
        }
        Some(Type::of(&kind))
    }

    fn literal(&mut self, literal: &LiteralValue) -> Found {
        match literal {
            LiteralValue::Boolean(_) => Some(Type::Boolean),
            LiteralValue::Int(number) => self.whole(written(exact(*number.inner()))),
            LiteralValue::Double(number) => self.number(written(*number.inner())),
            LiteralValue::String(text) => Some(Type::Text(Some(text.inner().to_owned()))),
            LiteralValue::Null => self.wrong("Nothing is null; whether a value is there says has()."),
            LiteralValue::Bytes(_) | LiteralValue::UInt(_) => self.wrong("Rules have texts, numbers, true and false."),
        }
    }

    fn whole(&mut self, size: Size) -> Found {
        match size.most <= GREATEST_WHOLE {
            true => Some(Type::Whole(size)),
            false => self.wrong("The whole number may become too great."),
        }
    }

    fn number(&mut self, size: Size) -> Found {
        match size.most <= GREATEST_NUMBER {
            true => Some(Type::Number(size)),
            false => self.wrong("The number may become too great."),
        }
    }

    /// Elements of one type; of choices and what is written, only the type counts.
    fn list(&mut self, list: &ListExpr, there: &BTreeSet<String>) -> Found {
        if !list.optional_indices.is_empty() {
            return self.wrong("Rules have no optional elements.");
        }
        let elements: Vec<Found> = list.elements.iter().map(|element| self.of(element, there)).collect();
        let elements: Vec<Type> = elements.into_iter().collect::<Option<_>>()?;
        let Some(first) = elements.first() else {
            return self.wrong("An empty list contains nothing.");
        };
        match elements.iter().find(|other| other.told() != first.told()) {
            Some(other) => {
                let message = format!(
                    "A list has elements of one type; this has {} and {}.",
                    first.told(),
                    other.told()
                );
                self.wrong(message)
            }
            None => Some(Type::List(Box::new(first.clone()))),
        }
    }

    fn call(&mut self, call: &CallExpr, there: &BTreeSet<String>) -> Found {
        let name = call.func_name.as_str();
        match (name, call.target.as_deref(), &call.args[..]) {
            (operators::LOGICAL_NOT, None, [inner]) => self.boolean(inner, there),
            (operators::LOGICAL_AND, None, [left, right]) => self.both(left, right, there, &guards(left).if_true),
            (operators::LOGICAL_OR, None, [left, right]) => self.both(left, right, there, &guards(left).if_false),
            (operators::CONDITIONAL, None, [condition, yes, no]) => self.conditional(condition, yes, no, there),
            (operators::NEGATE, None, [inner]) => self.negative(inner, there),
            (operators::EQUALS | operators::NOT_EQUALS, None, [left, right]) => {
                let (left, right) = self.two(left, right, there)?;
                self.equality(&left, &right)
            }
            (
                operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS,
                None,
                [left, right],
            ) => {
                let (left, right) = self.two(left, right, there)?;
                self.order(&left, &right)
            }
            (operators::IN, None, [left, right]) => self.membership(left, right, there),
            (
                operators::ADD | operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO,
                None,
                [left, right],
            ) => {
                let (left, right) = self.two(left, right, there)?;
                self.arithmetic(name, left, right)
            }
            _ => self.function(call, there),
        }
    }

    fn two(&mut self, left: &IdedExpr, right: &IdedExpr, there: &BTreeSet<String>) -> Option<(Type, Type)> {
        let (left, right) = (self.of(left, there), self.of(right, there));
        left.zip(right)
    }

    fn boolean(&mut self, inner: &IdedExpr, there: &BTreeSet<String>) -> Found {
        match self.of(inner, there)? {
            Type::Boolean => Some(Type::Boolean),
            other => self.wrong(format!("Yes or no is needed here, and this is {}.", other.told())),
        }
    }

    /// `&&` and `||`: on the right more may be there, by what was asked on the left.
    fn both(&mut self, left: &IdedExpr, right: &IdedExpr, there: &BTreeSet<String>, asked: &BTreeSet<String>) -> Found {
        let left = self.boolean(left, there);
        let right = self.boolean(right, &(there | asked));
        left.and(right)
    }

    fn conditional(&mut self, condition: &IdedExpr, yes: &IdedExpr, no: &IdedExpr, there: &BTreeSet<String>) -> Found {
        let asked = guards(condition);
        let condition = self.boolean(condition, there);
        let yes = self.of(yes, &(there | &asked.if_true));
        let no = self.of(no, &(there | &asked.if_false));
        let (yes, no) = condition.and(yes.zip(no))?;
        self.either(yes, no)
    }

    /// Of one of two types: the wider one.
    fn either(&mut self, yes: Type, no: Type) -> Found {
        let wider = |a: Size, b: Size| up_to(a.most.max(b.most));
        match (yes, no) {
            (Type::Whole(a), Type::Whole(b)) => Some(Type::Whole(wider(a, b))),
            (Type::Number(a), Type::Number(b)) => Some(Type::Number(wider(a, b))),
            (Type::Text(_) | Type::Choice(_), Type::Text(_) | Type::Choice(_)) => Some(Type::Text(None)),
            (yes, no) if yes == no => Some(yes),
            (yes, no) => self.wrong(format!("One side of “:” is {}, the other {}.", yes.told(), no.told())),
        }
    }

    fn negative(&mut self, inner: &IdedExpr, there: &BTreeSet<String>) -> Found {
        let negative = |size: Size| Size {
            written: size.written.map(|number| -number),
            ..size
        };
        match self.of(inner, there)? {
            Type::Whole(size) => Some(Type::Whole(negative(size))),
            Type::Number(size) => Some(Type::Number(negative(size))),
            other => self.wrong(format!("“-” stands before numbers; this is {}.", other.told())),
        }
    }

    fn equality(&mut self, left: &Type, right: &Type) -> Found {
        match (left, right) {
            (Type::Boolean, Type::Boolean) => Some(Type::Boolean),
            (Type::Choice(options), Type::Text(Some(text))) | (Type::Text(Some(text)), Type::Choice(options)) => {
                self.option(text, options)
            }
            (Type::Choice(_), Type::Choice(_) | Type::Text(None)) | (Type::Text(None), Type::Choice(_)) => {
                Some(Type::Boolean)
            }
            _ => self.order(left, right),
        }
    }

    fn option(&mut self, text: &str, options: &[String]) -> Found {
        // A choice without options is named where it is.
        if !options.is_empty() && !options.iter().any(|option| option == text) {
            let message = format!("“{text}” is not one of the options; there are {}.", few(options));
            self.say(Code::ChoiceInvalid, message);
            return None;
        }
        Some(Type::Boolean)
    }

    fn order(&mut self, left: &Type, right: &Type) -> Found {
        match (left, right) {
            (Type::Whole(_) | Type::Number(_), Type::Whole(_) | Type::Number(_))
            | (Type::Text(_), Type::Text(_))
            | (Type::Date, Type::Date) => Some(Type::Boolean),
            (Type::Date, Type::Text(Some(text))) | (Type::Text(Some(text)), Type::Date) => match Date::parse(text) {
                Some(_) => Some(Type::Boolean),
                None => self.wrong(format!("“{text}” is no date such as '2026-01-31'.")),
            },
            _ => self.wrong(format!(
                "{} and {} cannot be compared.",
                capital(left.told()),
                right.told()
            )),
        }
    }

    fn membership(&mut self, left: &IdedExpr, right: &IdedExpr, there: &BTreeSet<String>) -> Found {
        let element = self.of(left, there);
        // Each element that is written there is compared by itself, so that each option is looked at.
        if let (Some(element), Expr::List(list)) = (&element, &right.expr) {
            self.of(right, there)?;
            let compared: Vec<Found> = list
                .elements
                .iter()
                .map(|other| {
                    let other = self.of(other, there)?;
                    self.equality(element, &other)
                })
                .collect();
            return compared.into_iter().collect::<Option<Vec<_>>>().map(|_| Type::Boolean);
        }
        match (element?, self.of(right, there)?) {
            (element, Type::List(of)) => self.equality(&element, &of),
            (_, other) => self.wrong(format!("“in” wants a list on its right; this is {}.", other.told())),
        }
    }

    fn arithmetic(&mut self, operator: &str, left: Type, right: Type) -> Found {
        match (left, right) {
            (Type::Whole(left), Type::Whole(right)) => {
                let size = self.size(operator, left, right)?;
                self.whole(size)
            }
            (Type::Number(_), Type::Number(_)) if operator == operators::MODULO => {
                self.wrong("“%” is for whole numbers such as those of size() and days().")
            }
            (Type::Number(left), Type::Number(right)) => {
                let size = self.size(operator, left, right)?;
                self.number(size)
            }
            (Type::Text(_) | Type::Choice(_), Type::Text(_) | Type::Choice(_)) if operator == operators::ADD => {
                Some(Type::Text(None))
            }
            (Type::Whole(_), Type::Number(_)) | (Type::Number(_), Type::Whole(_)) => {
                self.wrong("Answers are counted with numbers that have a point: write 2.0 instead of 2.")
            }
            (left, right) => {
                let message = format!("{} and {} cannot be counted with.", capital(left.told()), right.told());
                self.wrong(message)
            }
        }
    }

    fn size(&mut self, operator: &str, left: Size, right: Size) -> Option<Size> {
        let most = match operator {
            operators::MULTIPLY => left.most * right.most,
            operators::DIVIDE | operators::MODULO => match right.written.filter(|number| *number != 0.0) {
                Some(number) => left.most / number.abs().min(1.0),
                None => {
                    self.wrong("Only what is written there and is not zero can be divided by.");
                    return None;
                }
            },
            _ => left.most + right.most,
        };
        Some(up_to(most))
    }

    fn function(&mut self, call: &CallExpr, there: &BTreeSet<String>) -> Found {
        let arguments: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
        let is_member = call.target.is_some();
        let types: Vec<Found> = arguments.iter().map(|argument| self.of(argument, there)).collect();
        let known = match (call.func_name.as_str(), is_member) {
            ("size", _) => arguments.len() == 1,
            ("contains" | "startsWith" | "endsWith", true) => arguments.len() == 2,
            (DAYS, false) => arguments.len() == 2,
            _ => false,
        };
        if !known {
            return self.wrong(format!(
                "There is no “{}” of that kind; there are has(x), size(x), days(from, to), x.contains(y), x.startsWith(y), \
                 x.endsWith(y), “in”, and the operators.",
                call.func_name
            ));
        }
        let types: Vec<Type> = types.into_iter().collect::<Option<_>>()?;
        match (call.func_name.as_str(), &types[..]) {
            ("size", [Type::Text(_) | Type::List(_)]) => Some(Type::Whole(up_to(MOST_SIZE))),
            ("contains" | "startsWith" | "endsWith", [Type::Text(_), Type::Text(_)]) => Some(Type::Boolean),
            (DAYS, [from, to]) if is_date(from) && is_date(to) => Some(Type::Whole(up_to(MOST_DAYS))),
            (name, types) => {
                let told: Vec<_> = types.iter().map(Type::told).collect();
                self.wrong(format!("“{name}” does not take {}.", told.join(" and ")))
            }
        }
    }
}

fn is_date(found: &Type) -> bool {
    match found {
        Type::Date => true,
        Type::Text(Some(text)) => Date::parse(text).is_some(),
        _ => false,
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "what is beyond exact numbers is refused as too great"
)]
fn exact(number: i64) -> f64 {
    number as f64
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// Some names, the others counted.
fn few(names: &[impl AsRef<str>]) -> String {
    const ENOUGH: usize = 12;
    let shown: Vec<&str> = names.iter().take(ENOUGH).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(ENOUGH) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// What there is instead of a name that there is not.
pub(crate) fn unknown(name: &str, variables: &Variables) -> String {
    let name: String = name.chars().take(100).collect();
    let said = match name.split('.').collect::<Vec<_>>()[..] {
        ["contact", "fields", ..] => ("contact.fields", "declare it in “contact_fields”"),
        ["conversation", "attributes", ..] => ("conversation.attributes", "declare it in “attributes”"),
        ["answers", ..] => ("answers", "no field has that id"),
        ["contact", ..] => ("contact", "the organisation's own fields are contact.fields.<key>"),
        ["conversation", ..] => ("conversation", "attributes are conversation.attributes.<name>"),
        _ => {
            return format!(
                "There is no {name}; variables begin with answers, contact or conversation, or are “today”."
            );
        }
    };
    let (group, hint) = said;
    match variables.below(&format!("{group}."))[..] {
        [] => format!("There is no {name}: {hint}."),
        ref names => format!("There is no {name}: {hint}; {group} has {}.", few(names)),
    }
}
