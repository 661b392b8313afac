//! Who may make, see, change and remove what of an organisation, and doing it.

use super::passwords::Checks;
use crate::{Settings, store::Tables};
use onqueue_bus::Subject;
use onqueue_model::{Caller, Fault, Permission};
use onqueue_server::Context;
use onqueue_store::audit::Actor;
use onqueue_trust::Trust;

/// The use cases of administrators. Clones are the same.
#[derive(Clone)]
pub struct Administration {
    pub(super) tables: Tables,
    pub(super) context: Context,
    pub(super) checks: Checks,
    pub(super) settings: Settings,
}

impl Administration {
    /// Over those tables; passwords are checked together with those of `checks`.
    pub fn new(tables: Tables, context: Context, checks: Checks, settings: &Settings) -> Self {
        Self {
            tables,
            context,
            checks,
            settings: settings.clone(),
        }
    }

    /// The caller as the audit trail names them, now.
    pub(super) fn actor(&self, caller: &Caller) -> Actor {
        Actor {
            name: caller.actor(),
            at: self.context.clock.now(),
        }
    }

    pub(super) fn trust(&self) -> &Trust {
        &self.context.trust
    }

    /// What readers of the trust tables should look at now rather than in a while.
    pub(super) fn announce(&self) {
        self.context.bus.publish(Subject::Trust, "");
    }
}

/// PERMISSION_MISSING with the first of the permissions that the caller does not hold themselves there, and so may not give.
pub(super) fn holds_all<'p>(
    trust: &Trust,
    caller: &Caller,
    permissions: impl IntoIterator<Item = &'p Permission>,
    division: onqueue_model::DivisionId,
) -> Result<(), Fault> {
    let missing = permissions
        .into_iter()
        .find(|permission| !trust.holds(caller, permission, division));
    missing.map_or(Ok(()), |permission| Err(Fault::missing(permission)))
}
