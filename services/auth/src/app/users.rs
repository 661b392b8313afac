//! Users, each in a division.

use super::{
    Administration, passwords,
    reach::{Wanted, reach},
};
use crate::store::{Edit, Removal, User, UserFilter, UserPlace, UserState};
use onqueue_model::{Caller, DivisionId, Divisions, Fault, Reason, UserId, permissions};
use onqueue_server::resource::{Mask, Once, Page};
use std::collections::BTreeSet;

/// What is set about a user.
#[derive(Clone, Debug)]
pub struct UserDraft {
    /// As others see them.
    pub name: String,
    /// What they log in with.
    pub email: String,
    /// BCP-47 tag; empty for the organisation's.
    pub language: String,
    /// Where they belong; `None` if that is not to be set.
    pub division: Option<DivisionId>,
    /// Whether they may log in.
    pub state: UserState,
}

/// Which users a caller asks for.
#[derive(Clone, Debug)]
pub struct UserQuery {
    /// Whose name or address begins with it.
    pub text: String,
    /// Of that division.
    pub division: Option<DivisionId>,
    /// In that state.
    pub state: Option<UserState>,
    /// Among these; empty for all.
    pub ids: BTreeSet<UserId>,
}

/// What a permission about users means.
pub(super) const fn wanted(permission: &'static str) -> Wanted {
    Wanted {
        view: permissions::USER_VIEW,
        permission,
        missing: missing_user,
    }
}

fn missing_user() -> Fault {
    Fault::not_found("user")
}

fn no_division() -> Fault {
    Fault::field("user.division_id", "must be given")
}

impl Administration {
    /// Makes a user, with a password or without.
    pub async fn create_user(
        &self,
        caller: &Caller,
        draft: UserDraft,
        password: Option<String>,
        once: Once,
    ) -> Result<User, Fault> {
        let division = draft.division.ok_or_else(no_division)?;
        self.trust().may_in(caller, permissions::USER_ADD, division)?;
        let by = self.actor(caller);
        let user = User {
            organisation: caller.organisation,
            id: self.context.ids.id(by.at),
            revision: 1,
            division,
            name: draft.name,
            email: draft.email,
            language: draft.language,
            state: draft.state,
            password_hash: self.hashed(password).await?,
            created_at: by.at,
        };
        Ok(self.tables.create(caller.organisation, user, once, by).await?)
    }

    async fn hashed(&self, password: Option<String>) -> Result<Option<String>, Fault> {
        let Some(password) = password else {
            return Ok(None);
        };
        passwords::check_new("password", &password)?;
        let salt = self.context.ids.bytes();
        Ok(Some(self.checks.hash(password, salt).await?))
    }

    /// The user, if the caller may see them.
    pub async fn get_user(&self, caller: &Caller, id: UserId) -> Result<User, Fault> {
        let found = self.tables.user(caller.organisation, id).await?;
        let user = found.ok_or_else(missing_user)?;
        reach(self.trust(), caller, wanted(permissions::USER_VIEW), user.division)?;
        Ok(user)
    }

    /// Users that the caller may see, by name; then those who are found by their address alone, by address.
    pub async fn list_users(
        &self,
        caller: &Caller,
        query: UserQuery,
        after: Option<UserPlace>,
        size: u64,
    ) -> Result<Page<User, UserPlace>, Fault> {
        let visible = self.trust().divisions(caller, permissions::USER_VIEW);
        let divisions = match query.division {
            None => visible,
            Some(division) if visible.contains(&division) => Divisions::from_iter([division]),
            Some(_) => Divisions::NONE,
        };
        let filter = UserFilter {
            divisions,
            text: query.text,
            state: query.state,
            ids: query.ids,
        };
        let found = self.tables.users(caller.organisation, &filter, after, size + 1).await?;
        Ok(Page::of(found, size, |last| filter.place_of(last)))
    }

    /// Changes what the mask names; who moves a user needs the permission in both divisions.
    pub async fn update_user(
        &self,
        caller: &Caller,
        id: UserId,
        (draft, mask): (UserDraft, Mask),
        etag: String,
    ) -> Result<User, Fault> {
        let (trust, editor) = (self.trust().clone(), caller.clone());
        let change = move |present: &User| {
            let present = present.clone();
            reach(&trust, &editor, wanted(permissions::USER_EDIT), present.division)?;
            let division = mask.choose("division_id", draft.division, Some(present.division));
            let division = division.ok_or_else(no_division)?;
            trust.may_in(&editor, permissions::USER_EDIT, division)?;
            Ok(User {
                division,
                name: mask.choose("name", draft.name.clone(), present.name),
                email: mask.choose("email", draft.email.clone(), present.email),
                language: mask.choose("language", draft.language.clone(), present.language),
                state: mask.choose("state", draft.state, present.state),
                ..present
            })
        };
        let edit = Edit {
            etag,
            change: Box::new(change),
        };
        let tables = &self.tables;
        let user = tables
            .update(caller.organisation, id.uuid(), edit, self.actor(caller))
            .await?;
        self.announce();
        Ok(user)
    }

    /// Removes a user, whose sessions end and whose grants go.
    pub async fn delete_user(&self, caller: &Caller, id: UserId, etag: String) -> Result<(), Fault> {
        let (trust, editor) = (self.trust().clone(), caller.clone());
        let allow = move |present: &User| {
            reach(&trust, &editor, wanted(permissions::USER_DELETE), present.division)?;
            if editor.user() == Some(present.id) {
                let message = "nobody may remove themselves; ask another administrator";
                return Err(Fault::new(Reason::StateConflict, message));
            }
            Ok(())
        };
        let removal = Removal {
            etag,
            allow: Box::new(allow),
        };
        let tables = &self.tables;
        tables
            .delete::<User>(caller.organisation, id.uuid(), removal, self.actor(caller))
            .await?;
        self.announce();
        Ok(())
    }
}
