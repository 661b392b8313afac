//! Roles. They belong to no division, so whoever changes them holds the permission for all, and everything that is in them.

use super::{Administration, administration::holds_all};
use crate::store::{Edit, Removal, Role};
use onqueue_model::{Caller, DivisionId, Fault, Permission, RoleId, permissions};
use onqueue_server::resource::{Mask, Once, Page};
use std::collections::BTreeSet;

/// What is set about a role.
#[derive(Clone, Debug)]
pub struct RoleDraft {
    /// Unique without regard to case.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// Parts may be `*`.
    pub permissions: BTreeSet<Permission>,
}

impl Administration {
    /// Makes a role.
    pub async fn create_role(&self, caller: &Caller, draft: RoleDraft, once: Once) -> Result<Role, Fault> {
        self.trust().may_everywhere(caller, permissions::ROLE_ADD)?;
        holds_all(self.trust(), caller, &draft.permissions, DivisionId::ALL)?;
        let by = self.actor(caller);
        let role = Role {
            id: self.context.ids.id(by.at),
            revision: 1,
            name: draft.name,
            description: draft.description,
            permissions: draft.permissions,
            created_at: by.at,
        };
        Ok(self.tables.create(caller.organisation, role, once, by).await?)
    }

    /// The role.
    pub async fn get_role(&self, caller: &Caller, id: RoleId) -> Result<Role, Fault> {
        let found = self.tables.role(caller.organisation, id).await?;
        found.ok_or_else(|| Fault::not_found("role"))
    }

    /// Roles by name, whose name begins with the text.
    pub async fn list_roles(
        &self,
        caller: &Caller,
        text: &str,
        after: Option<String>,
        size: u64,
    ) -> Result<Page<Role, String>, Fault> {
        let found = self.tables.roles(caller.organisation, text, after, size + 1).await?;
        Ok(Page::of(found, size, |last| onqueue_store::query::fold(&last.name)))
    }

    /// Changes what the mask names. A role that holds more than the caller is not theirs to change, whatever of it.
    pub async fn update_role(
        &self,
        caller: &Caller,
        id: RoleId,
        (draft, mask): (RoleDraft, Mask),
        etag: String,
    ) -> Result<Role, Fault> {
        self.trust().may_everywhere(caller, permissions::ROLE_EDIT)?;
        let (trust, editor) = (self.trust().clone(), caller.clone());
        let change = move |present: &Role| {
            let present = present.clone();
            holds_all(&trust, &editor, &present.permissions, DivisionId::ALL)?;
            let permissions = mask.choose("permissions", draft.permissions.clone(), present.permissions);
            holds_all(&trust, &editor, &permissions, DivisionId::ALL)?;
            Ok(Role {
                name: mask.choose("name", draft.name.clone(), present.name),
                description: mask.choose("description", draft.description.clone(), present.description),
                permissions,
                ..present
            })
        };
        let edit = Edit {
            etag,
            change: Box::new(change),
        };
        let tables = &self.tables;
        let role = tables
            .update(caller.organisation, id.uuid(), edit, self.actor(caller))
            .await?;
        self.announce();
        Ok(role)
    }

    /// Removes it.
    pub async fn delete_role(&self, caller: &Caller, id: RoleId, etag: String) -> Result<(), Fault> {
        self.trust().may_everywhere(caller, permissions::ROLE_DELETE)?;
        let removal: Removal<Role> = Removal {
            etag,
            allow: Box::new(|_| Ok(())),
        };
        let tables = &self.tables;
        Ok(tables
            .delete(caller.organisation, id.uuid(), removal, self.actor(caller))
            .await?)
    }
}
