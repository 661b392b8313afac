//! Grants: who holds which role where, and why somebody may or may not do something.

use super::{
    Administration,
    administration::holds_all,
    reach::{Wanted, reach},
};
use crate::store::{Explained, GrantPlace, Granted, NewGrants, Regrant, Role, Subject};
use onqueue_model::{Caller, DivisionId, Divisions, Fault, Permission, RoleId, permissions};
use onqueue_server::resource::Page;
use std::collections::BTreeSet;
use uuid::Uuid;

/// How many roles an explanation names that would allow it.
const WOULD_ALLOW: usize = 50;

/// How many roles are read at once.
const ROLES: u64 = 200;

/// Which grants a caller asks for.
#[derive(Clone, Copy, Debug)]
pub struct GrantQuery {
    /// Of that role.
    pub role: Option<RoleId>,
    /// Of that division.
    pub division: Option<DivisionId>,
}

/// Why somebody may or may not do something.
pub struct Explanation {
    /// Whether they may.
    pub is_allowed: bool,
    /// Roles that they hold and that have it: where, and whether that is enough.
    pub held: Vec<(Role, DivisionId, bool)>,
    /// Roles that have it.
    pub would_allow: Vec<Role>,
}

const fn wanted(permission: &'static str) -> Wanted {
    Wanted {
        view: permissions::GRANT_VIEW,
        permission,
        missing: || Fault::not_found("subject"),
    }
}

impl Administration {
    /// Grants in the divisions in which the caller may see them. Those for all divisions see only who may see all.
    pub async fn list_grants(
        &self,
        caller: &Caller,
        query: GrantQuery,
        after: Option<GrantPlace>,
        size: u64,
    ) -> Result<Page<GrantPlace, GrantPlace>, Fault> {
        let visible = self.trust().divisions(caller, permissions::GRANT_VIEW);
        let divisions = match query.division {
            None => visible,
            Some(division) if visible.contains(&division) => Divisions::Only([division].into()),
            Some(_) => Divisions::NONE,
        };
        let tables = &self.tables;
        let found = tables.grants(caller.organisation, &divisions, query.role, after, size + 1);
        Ok(Page::of(found.await?, size, |last| *last))
    }

    /// All grants of a user or API client whom the caller may see.
    pub async fn get_grants(&self, caller: &Caller, subject: Uuid) -> Result<BTreeSet<Granted>, Fault> {
        Ok(self.subject(caller, subject).await?.grants)
    }

    async fn subject(&self, caller: &Caller, id: Uuid) -> Result<Explained, Fault> {
        let found = self.tables.grants_of(caller.organisation, id).await?;
        let found = found.ok_or_else(|| Fault::not_found("subject"))?;
        reach(
            self.trust(),
            caller,
            wanted(permissions::GRANT_VIEW),
            found.subject.division,
        )?;
        Ok(found)
    }

    /// Makes exactly these the grants of a user or API client.
    pub async fn set_grants(
        &self,
        caller: &Caller,
        subject: Uuid,
        grants: BTreeSet<Granted>,
        etag: String,
    ) -> Result<BTreeSet<Granted>, Fault> {
        let (trust, editor) = (self.trust().clone(), caller.clone());
        let visible = move |subject: &Subject| {
            let seen = trust.may_in(&editor, permissions::GRANT_VIEW, subject.division);
            let managed = || trust.may_in(&editor, permissions::GRANT_MANAGE, subject.division);
            seen.or_else(|_| managed()).map_err(|_| Fault::not_found("subject"))
        };
        let (trust, editor) = (self.trust().clone(), caller.clone());
        let allow = move |regrants: &[Regrant]| {
            for regrant in regrants {
                if regrant.division == DivisionId::ALL {
                    trust.may_everywhere(&editor, permissions::GRANT_MANAGE)?;
                } else {
                    trust.may_in(&editor, permissions::GRANT_MANAGE, regrant.division)?;
                }
                holds_all(&trust, &editor, &regrant.gained, regrant.division)?;
            }
            Ok(())
        };
        let new = NewGrants {
            subject,
            grants,
            etag,
            visible: Box::new(visible),
            allow: Box::new(allow),
        };
        let grants = self
            .tables
            .set_grants(caller.organisation, new, self.actor(caller))
            .await?;
        self.announce();
        Ok(grants)
    }

    /// Why a user or API client may or may not do something in a division, or everywhere.
    pub async fn explain(
        &self,
        caller: &Caller,
        subject: Uuid,
        permission: &Permission,
        division: DivisionId,
    ) -> Result<Explanation, Fault> {
        let found = self.subject(caller, subject).await?;
        let mut held = Vec::new();
        for (id, place) in &found.grants {
            let role = self.tables.role(caller.organisation, *id).await?;
            let having = role.filter(|role| has(role, permission));
            let is_enough = *place == DivisionId::ALL || *place == division;
            held.extend(having.map(|role| (role, *place, is_enough)));
        }
        let is_held = held.iter().any(|(_, _, is_enough)| *is_enough);
        Ok(Explanation {
            is_allowed: is_held && found.subject.is_active,
            held,
            would_allow: self.roles_with(caller, permission).await?,
        })
    }

    async fn roles_with(&self, caller: &Caller, permission: &Permission) -> Result<Vec<Role>, Fault> {
        let (mut having, mut after) = (Vec::new(), None);
        loop {
            let page = self.list_roles(caller, "", after, ROLES).await?;
            having.extend(page.items.into_iter().filter(|role| has(role, permission)));
            having.truncate(WOULD_ALLOW);
            after = page.next;
            if after.is_none() || having.len() == WOULD_ALLOW {
                return Ok(having);
            }
        }
    }
}

fn has(role: &Role, permission: &Permission) -> bool {
    role.permissions.iter().any(|held| held.covers(permission))
}
