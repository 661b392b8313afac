//! What rules can ask besides what CEL has.

use crate::Date;
use cel::{
    DeclarationError, Env, ExecutionError,
    common::{
        types::{CelInt, CelString, STRING_TYPE},
        value::CowVal,
    },
};

/// `days(from, to)`: how many days `to` is after `from`.
pub(super) const DAYS: &str = "days";

/// The most days that lie between two of the calendar, rounded up.
pub(super) const MOST_DAYS: f64 = 4e6;

pub(super) fn add(environment: &mut Env) -> Result<(), DeclarationError> {
    environment.add_overload(DAYS, "days_dates", vec![STRING_TYPE, STRING_TYPE], days)
}

#[allow(clippy::needless_pass_by_value, reason = "the interpreter hands over what it has")]
fn days<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let mut dates = arguments.iter().filter_map(|argument| {
        let text = argument.as_ref().downcast_ref::<CelString<'_>>()?;
        Date::parse(text.inner())
    });
    match (dates.next(), dates.next()) {
        (Some(from), Some(to)) => Ok(CowVal::owned(CelInt::from(from.days_until(to)))),
        _ => Err(ExecutionError::function_error(DAYS, "it wants two dates")),
    }
}
