//! What an organisation keeps of its contacts. Fields belong to no division: who changes them may do so in all.

use super::App;
use crate::contact::{Definition, Field};
use crate::store::contact_fields::{self, Edit, New};
use onqueue_model::{Caller, ContactFieldId, Fault, permissions};
use onqueue_server::resource::Once;

impl App {
    /// Makes a field.
    pub async fn create_contact_field(
        &self,
        caller: &Caller,
        definition: Definition,
        once: Once,
    ) -> Result<Field, Fault> {
        self.context
            .trust
            .may_everywhere(caller, permissions::CUSTOM_FIELD_ADD)?;
        let by = self.actor(caller);
        let new = New {
            id: self.context.ids.id(by.at),
            definition,
            once,
        };
        Ok(contact_fields::create(&self.store, caller.organisation, new, by).await?)
    }

    /// All fields, by key.
    pub async fn list_contact_fields(&self, caller: &Caller) -> Result<Vec<Field>, Fault> {
        Ok(contact_fields::list(self.store.reader(), caller.organisation).await?)
    }

    /// Changes a field's name or choices.
    pub async fn update_contact_field(&self, caller: &Caller, id: ContactFieldId, edit: Edit) -> Result<Field, Fault> {
        self.context
            .trust
            .may_everywhere(caller, permissions::CUSTOM_FIELD_EDIT)?;
        let by = self.actor(caller);
        Ok(contact_fields::update(&self.store, caller.organisation, id, edit, by).await?)
    }

    /// Removes a field.
    pub async fn delete_contact_field(&self, caller: &Caller, id: ContactFieldId, etag: String) -> Result<(), Fault> {
        self.context
            .trust
            .may_everywhere(caller, permissions::CUSTOM_FIELD_DELETE)?;
        let by = self.actor(caller);
        Ok(contact_fields::delete(&self.store, caller.organisation, id, etag, by).await?)
    }
}
