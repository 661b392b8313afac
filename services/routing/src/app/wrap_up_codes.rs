//! Wrap-up codes, as callers may see and change them.

use super::Routing;
use crate::store::{Change, CodeContent, CodePlace, NewCode, WrapUpCode};
use onqueue_model::{Caller, DivisionId, Fault, QueueId, WrapUpCodeId, permissions};
use onqueue_server::resource::{Once, Page};
use onqueue_store::query::fold;
use std::sync::Arc;

impl Routing {
    /// Makes a code.
    pub async fn create_code(&self, caller: &Caller, once: Once, content: CodeContent) -> Result<WrapUpCode, Fault> {
        self.may_change_code(caller, permissions::WRAPUP_CODE_ADD, content.division)?;
        let by = self.actor(caller);
        let code = WrapUpCode {
            id: self.context.ids.id(by.at),
            revision: 0,
            content,
            created_at: by.at,
            removed: false,
        };
        let new = NewCode { code, once };
        Ok(self.tables.create_code(caller.organisation, new, by).await?)
    }

    /// The code.
    pub async fn get_code(&self, caller: &Caller, id: WrapUpCodeId) -> Result<WrapUpCode, Fault> {
        let code = self.seen_code(caller, id, permissions::WRAPUP_CODE_VIEW).await?;
        Some(code).filter(|code| !code.removed).ok_or_else(not_found)
    }

    /// The codes that the caller may see, by name; of one queue, if given.
    pub async fn list_codes(
        &self,
        caller: &Caller,
        queue: Option<QueueId>,
        after: Option<CodePlace>,
        size: u64,
    ) -> Result<Page<WrapUpCode, CodePlace>, Fault> {
        self.context.trust.may(caller, permissions::WRAPUP_CODE_VIEW)?;
        let divisions = self.divisions(caller, permissions::WRAPUP_CODE_VIEW);
        let codes = self
            .tables
            .list_codes(caller.organisation, (&divisions, queue), after, size + 1);
        let place = |code: &WrapUpCode| (fold(&code.content.name), code.id);
        Ok(Page::of(codes.await?, size, place))
    }

    /// Makes of the code what `change` says.
    pub async fn update_code(
        &self,
        caller: &Caller,
        (id, etag): (WrapUpCodeId, String),
        change: Change<CodeContent>,
    ) -> Result<WrapUpCode, Fault> {
        self.seen_code(caller, id, permissions::WRAPUP_CODE_EDIT).await?;
        let (routing, editor) = (self.clone(), caller.clone());
        let allowed: Change<CodeContent> = Arc::new(move |before| {
            let after = change(before)?;
            for division in [before.division, after.division] {
                routing.may_change_code(&editor, permissions::WRAPUP_CODE_EDIT, division)?;
            }
            Ok(after)
        });
        let by = self.actor(caller);
        let updated = self.tables.update_code(caller.organisation, (id, etag), allowed, by);
        Ok(updated.await?)
    }

    /// Removes the code.
    pub async fn delete_code(&self, caller: &Caller, id: WrapUpCodeId, etag: String) -> Result<(), Fault> {
        let code = self.seen_code(caller, id, permissions::WRAPUP_CODE_DELETE).await?;
        self.may_change_code(caller, permissions::WRAPUP_CODE_DELETE, code.content.division)?;
        let by = self.actor(caller);
        Ok(self.tables.delete_code(caller.organisation, (id, etag), by).await?)
    }

    /// The code, removed or not, if the caller holds the permission in its division, or anywhere for one of all divisions;
    /// NOT_FOUND for who may not even see it.
    async fn seen_code(
        &self,
        caller: &Caller,
        id: WrapUpCodeId,
        permission: &'static str,
    ) -> Result<WrapUpCode, Fault> {
        self.context.trust.may(caller, permission)?;
        let code = self.tables.code(caller.organisation, id).await?.ok_or_else(not_found)?;
        let holds = |permission| match code.content.division {
            None => !self.divisions(caller, permission).is_empty(),
            Some(division) => self.divisions(caller, permission).contains(&division),
        };
        if holds(permission) {
            return Ok(code);
        }
        match holds(permissions::WRAPUP_CODE_VIEW) && !code.removed {
            true => Err(Fault::missing_named(permission).with("resource", format!("wrap_up_code:{id}"))),
            false => Err(not_found()),
        }
    }

    fn may_change_code(&self, caller: &Caller, permission: &str, division: Option<DivisionId>) -> Result<(), Fault> {
        match division {
            None => self.context.trust.may_everywhere(caller, permission),
            Some(division) => self.context.trust.may_in(caller, permission, division),
        }
    }
}

fn not_found() -> Fault {
    Fault::not_found("wrap_up_code")
}
