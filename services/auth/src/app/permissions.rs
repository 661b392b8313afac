//! What may be allowed at all, and what the caller may do.

use super::Administration;
use onqueue_model::{Caller, DivisionId, Divisions, Fault, Permission, permissions};
use onqueue_proto::{Access, methods};
use std::collections::BTreeMap;

/// Every permission that something asks for, with the rpcs that need it, in their order.
pub fn catalogue() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut catalogue: BTreeMap<_, Vec<_>> = permissions::ALL.iter().map(|text| (*text, Vec::new())).collect();
    for method in methods() {
        if let Some(Access::Permission(wanted)) = method.access {
            catalogue
                .entry(wanted)
                .or_default()
                .push(method.path.trim_start_matches('/'));
        }
    }
    catalogue
}

impl Administration {
    /// For each permission whether the caller holds it in that division, or in any.
    pub fn check_permissions(
        &self,
        caller: &Caller,
        permissions: &[Permission],
        division: Option<DivisionId>,
    ) -> Vec<bool> {
        let held = |permission: &Permission| {
            let divisions = self.trust().divisions(caller, permission.as_str());
            division.map_or(!divisions.is_empty(), |division| divisions.contains(&division))
        };
        permissions.iter().map(held).collect()
    }

    /// What of the catalogue the caller holds, and where.
    pub fn my_access(&self, caller: &Caller) -> Vec<(&'static str, Divisions)> {
        let held = |text: &'static str| (text, self.trust().divisions(caller, text));
        catalogue()
            .into_keys()
            .map(held)
            .filter(|(_, divisions)| !divisions.is_empty())
            .collect()
    }
}

/// `domain:entity:action`; FIELD_INVALID for anything else.
pub fn parse(field: &'static str, text: &str) -> Result<Permission, Fault> {
    let problem = || format!("not a permission in the form domain:entity:action: {text:?}");
    Permission::parse(text).ok_or_else(|| Fault::field(field, problem()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_that_an_rpc_needs_is_in_the_model() {
        assert_eq!(catalogue().len(), permissions::ALL.len());
        assert_eq!(
            catalogue()[permissions::QUEUE_ADD],
            ["onqueue.routing.v1.QueueService/CreateQueue"]
        );
    }
}
