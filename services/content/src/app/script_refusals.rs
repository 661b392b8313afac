//! Why a step of a run is not taken.

use crate::script::{Run, RunState};
use onqueue_model::{Fault, Reason};
use onqueue_script::{Refusal, ValueProblem};
use onqueue_server::resource::Once;

/// REQUEST_ID_REUSED if the same request was stored with another body.
pub fn check_repeat(once: &Once, stored: &[u8]) -> Result<(), Fault> {
    match stored == once.hash {
        true => Ok(()),
        false => Err(Fault::request_id_reused()),
    }
}

/// Refuses a step of who has not seen where the run stands.
pub fn check_standing(run: &Run, step: i64) -> Result<(), Fault> {
    match run.state == RunState::Open && run.erased_at.is_none() && run.step == step {
        true => Ok(()),
        false => Err(standing_elsewhere(run)),
    }
}

/// CONVERSATION_CLOSED when it was erased, STATE_CONFLICT when it is over, SCRIPT_STEP_OUT_OF_ORDER otherwise.
pub fn standing_elsewhere(run: &Run) -> Fault {
    if run.erased_at.is_some() {
        return erased();
    }
    match run.state {
        RunState::Open => Fault::new(
            Reason::ScriptStepOutOfOrder,
            "this step was taken already; read where the script stands",
        )
        .with("step", run.step),
        RunState::Completed | RunState::Ended => over(),
    }
}

/// Nothing personal is to be added to it any more.
pub fn erased() -> Fault {
    Fault::new(Reason::ConversationClosed, "this conversation was erased")
}

fn over() -> Fault {
    Fault::new(Reason::StateConflict, "this run is over")
}

/// What libs/script refuses, in the words of the API.
pub fn refused(why: Refusal, run: &Run) -> Fault {
    match why {
        Refusal::Ended => over(),
        Refusal::NotCurrent { current } => Fault::new(
            Reason::ScriptStepOutOfOrder,
            format!("the script stands on another page: {current}"),
        )
        .with("step", run.step),
        Refusal::ButtonUnknown => Fault::field("button_id", "is not on this page"),
        Refusal::NoWayBack => Fault::new(Reason::StateConflict, "this is the first page"),
        Refusal::TooManySteps { most } => {
            Fault::new(Reason::StateConflict, format!("a run has at most {most} steps")).with("limit", most)
        }
        Refusal::Rule { message } => {
            let message = format!("what is known does not decide where this leads: {message}");
            Fault::new(Reason::StateConflict, message)
        }
        Refusal::Values(problems) => {
            let joined = |each: fn(&ValueProblem) -> &str| {
                let all: Vec<&str> = problems.iter().map(each).collect();
                all.join(",")
            };
            let first = problems.first();
            let (field, message) = first.map_or_else(Default::default, |one| (&*one.field, &*one.message));
            Fault::new(Reason::FieldInvalid, message)
                .with("field", format_args!("answers.{field}"))
                .with("fields", joined(|one| &one.field))
                .with("codes", joined(|one| one.code.as_str()))
        }
    }
}
