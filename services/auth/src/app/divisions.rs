//! Divisions. They belong to none themselves, so whoever changes them holds the permission for all.

use super::Administration;
use crate::store::{Division, Edit, Removal};
use onqueue_model::{Caller, DivisionId, Fault, permissions};
use onqueue_server::resource::{Mask, Once, Page};

/// What is set about a division.
#[derive(Clone, Debug)]
pub struct DivisionDraft {
    /// Unique without regard to case.
    pub name: String,
    /// May be empty.
    pub description: String,
}

impl Administration {
    /// Makes a division.
    pub async fn create_division(&self, caller: &Caller, draft: DivisionDraft, once: Once) -> Result<Division, Fault> {
        self.trust().may_everywhere(caller, permissions::DIVISION_ADD)?;
        let by = self.actor(caller);
        let division = Division {
            id: self.context.ids.id(by.at),
            revision: 1,
            name: draft.name,
            description: draft.description,
            created_at: by.at,
        };
        Ok(self.tables.create(caller.organisation, division, once, by).await?)
    }

    /// The division.
    pub async fn get_division(&self, caller: &Caller, id: DivisionId) -> Result<Division, Fault> {
        let found = self.tables.division(caller.organisation, id).await?;
        found.ok_or_else(|| Fault::not_found("division"))
    }

    /// Divisions by name, whose name begins with the text.
    pub async fn list_divisions(
        &self,
        caller: &Caller,
        text: &str,
        after: Option<String>,
        size: u64,
    ) -> Result<Page<Division, String>, Fault> {
        let found = self
            .tables
            .divisions(caller.organisation, text, after, size + 1)
            .await?;
        Ok(Page::of(found, size, |last| onqueue_store::query::fold(&last.name)))
    }

    /// Changes what the mask names.
    pub async fn update_division(
        &self,
        caller: &Caller,
        id: DivisionId,
        (draft, mask): (DivisionDraft, Mask),
        etag: String,
    ) -> Result<Division, Fault> {
        self.trust().may_everywhere(caller, permissions::DIVISION_EDIT)?;
        let change = move |present: &Division| {
            let present = present.clone();
            Ok(Division {
                name: mask.choose("name", draft.name.clone(), present.name),
                description: mask.choose("description", draft.description.clone(), present.description),
                ..present
            })
        };
        let edit = Edit {
            etag,
            change: Box::new(change),
        };
        let tables = &self.tables;
        Ok(tables
            .update(caller.organisation, id.uuid(), edit, self.actor(caller))
            .await?)
    }

    /// Removes it.
    pub async fn delete_division(&self, caller: &Caller, id: DivisionId, etag: String) -> Result<(), Fault> {
        self.trust().may_everywhere(caller, permissions::DIVISION_DELETE)?;
        let removal: Removal<Division> = Removal {
            etag,
            allow: Box::new(|_| Ok(())),
        };
        let tables = &self.tables;
        Ok(tables
            .delete(caller.organisation, id.uuid(), removal, self.actor(caller))
            .await?)
    }
}
