//! What one caller may see and do. Whoever may not see something is told that it is not there.

use crate::content::{Library, Places, Response};
use crate::script::Script;
use onqueue_model::{Caller, DivisionId, Divisions, Fault, LibraryId, permissions};
use onqueue_trust::Trust;

/// A caller's rights, as they are at each question.
#[derive(Clone, Debug)]
pub struct Authority {
    trust: Trust,
    caller: Caller,
}

impl Authority {
    pub const fn new(trust: Trust, caller: Caller) -> Self {
        Self { trust, caller }
    }

    /// Where the caller holds the permission.
    pub fn divisions(&self, permission: &str) -> Divisions {
        self.trust.divisions(&self.caller, permission)
    }

    fn holds(&self, permission: &str, division: DivisionId) -> bool {
        self.divisions(permission).contains(&division)
    }

    /// Whether the caller holds the permission in that division.
    pub fn in_division(&self, permission: &str, division: DivisionId) -> Result<(), Fault> {
        self.trust.may_in(&self.caller, permission, division)
    }

    /// Whether the caller holds the permission where the library is.
    pub fn on_library(&self, permission: &str, library: &Library) -> Result<(), Fault> {
        let division = library.content.division;
        if self.holds(permission, division) {
            return Ok(());
        }
        if self.holds(permissions::LIBRARY_VIEW, division) {
            return Err(missing(permission, format_args!("library:{}", library.id)));
        }
        Err(Fault::not_found("library"))
    }

    /// Whether the caller holds the permission where the script is.
    pub fn on_script(&self, permission: &str, script: &Script) -> Result<(), Fault> {
        let division = script.content.division;
        if self.holds(permission, division) {
            return Ok(());
        }
        if self.holds(permissions::SCRIPT_VIEW, division) {
            return Err(missing(permission, format_args!("script:{}", script.id)));
        }
        Err(Fault::not_found("script"))
    }

    /// Whether the caller may see the response: holds that permission where any of its libraries is.
    pub fn sees(&self, places: &Places, response: &Response) -> Result<(), Fault> {
        let divisions = self.divisions(permissions::RESPONSE_VIEW);
        if within(places, response).any(|division| divisions.contains(&division)) {
            return Ok(());
        }
        Err(Fault::not_found("response"))
    }

    /// Whether the caller may change the response: holds the permission where each of its libraries is.
    pub fn on_response(&self, permission: &str, places: &Places, response: &Response) -> Result<(), Fault> {
        let divisions = self.divisions(permission);
        if within(places, response).all(|division| divisions.contains(&division)) {
            return Ok(());
        }
        self.sees(places, response)?;
        Err(missing(permission, format_args!("response:{}", response.id)))
    }

    /// Whether the caller may put responses into these libraries.
    pub fn may_fill<'l>(
        &self,
        permission: &str,
        places: &Places,
        libraries: impl Iterator<Item = &'l LibraryId>,
    ) -> Result<(), Fault> {
        for library in libraries {
            let resource = format!("library:{library}");
            let place = places.get(library).filter(|place| !place.is_deleted);
            let division = place.map(|place| place.division);
            if division.is_some_and(|division| self.holds(permission, division)) {
                continue;
            }
            let seen = [permissions::RESPONSE_VIEW, permissions::LIBRARY_VIEW];
            let is_seen = |division| seen.iter().any(|permission| self.holds(permission, division));
            if !division.is_some_and(is_seen) {
                return Err(Fault::not_found("library").with("resource", resource));
            }
            return Err(missing(permission, resource));
        }
        Ok(())
    }
}

fn within<'p>(places: &'p Places, response: &'p Response) -> impl Iterator<Item = DivisionId> {
    let libraries = response.content.libraries.iter();
    libraries
        .filter_map(|library| places.get(library))
        .map(|place| place.division)
}

fn missing(permission: &str, resource: impl std::fmt::Display) -> Fault {
    Fault::missing_named(permission).with("resource", resource)
}
