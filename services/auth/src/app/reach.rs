//! What a caller may do to one object that belongs to a division.

use onqueue_model::{Caller, DivisionId, Fault};
use onqueue_trust::Trust;

/// The permission to see such objects, the one that is wanted, and what is said of one that the caller may not see.
#[derive(Clone, Copy)]
pub struct Wanted {
    pub view: &'static str,
    pub permission: &'static str,
    pub missing: fn() -> Fault,
}

/// PERMISSION_MISSING if the caller sees the division's objects and may not do it there; what `wanted` says for one that they
/// may not see.
pub fn reach(trust: &Trust, caller: &Caller, wanted: Wanted, division: DivisionId) -> Result<(), Fault> {
    let Err(denied) = trust.may_in(caller, wanted.permission, division) else {
        return Ok(());
    };
    match trust.may_in(caller, wanted.view, division) {
        Ok(()) => Err(denied.with("resource", format_args!("division:{division}"))),
        Err(_) => Err((wanted.missing)()),
    }
}
