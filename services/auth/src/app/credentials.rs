//! Giving a user another password, and choosing another oneself.

use super::{Administration, administration::holds_all, passwords, reach::reach, users::wanted};
use crate::{
    lockout::Address,
    store::{NewPassword, User},
};
use onqueue_model::{Caller, DivisionId, Fault, Permission, Reason, UserId, permissions};
use onqueue_trust::Trust;

/// How often a password is set anew because somebody else set another one meanwhile.
const ATTEMPTS: u32 = 3;

impl Administration {
    /// Gives a user another password. That they have it already changes nothing.
    pub async fn set_password(&self, caller: &Caller, id: UserId, password: String) -> Result<(), Fault> {
        passwords::check_new("password", &password)?;
        for _ in 0..ATTEMPTS {
            let found = self.tables.user(caller.organisation, id).await?;
            let user = found.ok_or_else(|| Fault::not_found("user"))?;
            let held = self.tables.holdings(caller.organisation, id).await?;
            may_give(self.trust(), caller, &user, &held)?;
            let has_it = self.checks.is_right(password.clone(), user.password_hash.clone());
            if has_it.await? || self.give(caller, user, password.clone()).await? {
                self.announce();
                return Ok(());
            }
        }
        Err(Fault::unavailable("the password is being set by others"))
    }

    async fn give(&self, caller: &Caller, user: User, password: String) -> Result<bool, Fault> {
        let new = NewPassword {
            hash: self.checks.hash(password, self.context.ids.bytes()).await?,
            address: self.address(&user).await?,
            user,
            keep: None,
        };
        let (trust, editor) = (self.trust().clone(), caller.clone());
        let allow = move |user: &User, held: &[(Permission, DivisionId)]| may_give(&trust, &editor, user, held);
        let tables = &self.tables;
        Ok(tables.set_password(new, Box::new(allow), self.actor(caller)).await?)
    }

    async fn address(&self, user: &User) -> Result<Address, Fault> {
        let slug = self.tables.slug(user.organisation).await?;
        Ok(Address::of(&slug, &user.email))
    }

    /// Changes the caller's own password; their other sessions end. Who repeats it has the new one already.
    pub async fn change_password(&self, caller: &Caller, current: String, password: String) -> Result<(), Fault> {
        let id = caller.user().ok_or_else(users_only)?;
        passwords::check_new("new_password", &password)?;
        let found = self.tables.user(caller.organisation, id).await?;
        let user = found.ok_or_else(|| Fault::not_found("user"))?;
        let address = self.address(&user).await?;
        self.tables.failures(address).await?.check(self.context.clock.now())?;
        let hash = user.password_hash.clone();
        let has_it = self.checks.is_right(password.clone(), hash.clone()).await?;
        if has_it {
            return Ok(());
        }
        if !passwords::fits(&current) || !self.checks.is_right(current, hash).await? {
            return Err(self.wrong(address).await?);
        }
        let new = NewPassword {
            hash: self.checks.hash(password, self.context.ids.bytes()).await?,
            address,
            user,
            keep: Some(caller.token),
        };
        self.tables.change_password(new, self.actor(caller)).await??;
        self.announce();
        Ok(())
    }

    async fn wrong(&self, address: Address) -> Result<Fault, Fault> {
        let policy = self.settings.lockout();
        let counted = self.tables.count_failure(address, self.context.clock.now(), policy);
        Ok(counted.await?)
    }
}

/// Whoever sets a password could log in by it: they must hold what that gives.
fn may_give(trust: &Trust, caller: &Caller, user: &User, held: &[(Permission, DivisionId)]) -> Result<(), Fault> {
    reach(trust, caller, wanted(permissions::USER_PASSWORD_MANAGE), user.division)?;
    for (permission, division) in held {
        holds_all(trust, caller, [permission], *division)?;
    }
    Ok(())
}

fn users_only() -> Fault {
    Fault::new(Reason::CallerNotAllowed, "only people have a password of their own")
}
