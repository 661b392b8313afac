//! Passwords, and what follows from another one.

use super::{Tables, User, entities::user as row, failures, grants, lock_organisation, sessions, users};
use crate::{
    lockout::{Address, Policy},
    refusals,
};
use onqueue_model::{DivisionId, Fault, OrganisationId, Permission, TokenId, UserId};
use onqueue_store::{
    Scope, StoreError,
    audit::{self, Actor, Done},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _,
    Unchanged,
};
use std::sync::Arc;

/// Refuses who may not give somebody who holds that another password.
pub type AllowHolder = Box<dyn Fn(&User, &[(Permission, DivisionId)]) -> Result<(), Fault> + Send + Sync>;

/// A new password.
pub struct NewPassword {
    /// The user as they were when the hash was made.
    pub user: User,
    /// The PHC string.
    pub hash: String,
    /// The address by which they log in: what has been counted against it is forgotten.
    pub address: Address,
    /// The session that does not end.
    pub keep: Option<TokenId>,
}

impl Tables {
    /// Gives a user another password and ends their sessions. NOT_FOUND; answers false if somebody gave them another one
    /// meanwhile, and nothing was done.
    pub async fn set_password(&self, new: NewPassword, allow: AllowHolder, by: Actor) -> Result<bool, StoreError> {
        let work = Arc::new((new, allow, by));
        self.0
            .transaction(move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    let (new, allow, by) = &*work;
                    set(tx, new, allow, by).await
                })
            })
            .await
    }

    /// What a user holds or would hold, were they not disabled.
    pub async fn holdings(
        &self,
        organisation: OrganisationId,
        user: UserId,
    ) -> Result<Vec<(Permission, DivisionId)>, StoreError> {
        self.0
            .transaction(move |tx| Box::pin(async move { grants::holdings(tx, Scope::of(organisation), user).await }))
            .await
    }

    /// Gives a user the password that they chose themselves, ends their other sessions, and forgets what was counted against
    /// their address. ACCOUNT_LOCKED; CREDENTIALS_INVALID if the password that was checked is theirs no longer.
    pub async fn change_password(&self, new: NewPassword, by: Actor) -> Result<Result<(), Fault>, StoreError> {
        let work = Arc::new((new, by));
        self.0
            .transaction(move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move { change(tx, &work.0, &work.1).await })
            })
            .await
    }

    /// Counts a wrong password; ACCOUNT_LOCKED or CREDENTIALS_INVALID.
    pub async fn count_failure(
        &self,
        address: Address,
        at: onqueue_model::Timestamp,
        policy: Policy,
    ) -> Result<Fault, StoreError> {
        self.0
            .transaction(move |tx| {
                Box::pin(async move {
                    let failures = failures::lock(tx, address).await?;
                    if let Err(locked) = failures.check(at) {
                        return Ok(locked);
                    }
                    failures::record(tx, address, failures, at, &policy).await?;
                    Ok(refusals::credentials())
                })
            })
            .await
    }
}

async fn set(tx: &DatabaseTransaction, new: &NewPassword, allow: &AllowHolder, by: &Actor) -> Result<bool, StoreError> {
    let scope = Scope::of(new.user.organisation);
    lock_organisation(tx, scope.organisation()).await?;
    let found = users::there(scope.organisation())
        .filter(row::Column::UserId.eq(new.user.id.uuid()))
        .lock_exclusive()
        .one(tx)
        .await?;
    let user = User::try_from(found.ok_or_else(|| Fault::not_found("user"))?)?;
    allow(&user, &grants::holdings(tx, scope, user.id).await?)?;
    if user.password_hash != new.user.password_hash {
        return Ok(false);
    }
    failures::clear(tx, new.address).await?;
    write(tx, &user, new, by, "user.set_password").await?;
    Ok(true)
}

async fn change(tx: &DatabaseTransaction, new: &NewPassword, by: &Actor) -> Result<Result<(), Fault>, StoreError> {
    let organisation = new.user.organisation;
    lock_organisation(tx, organisation).await?;
    let failures = failures::lock(tx, new.address).await?;
    if let Err(locked) = failures.check(by.at) {
        return Ok(Err(locked));
    }
    let now = users::lock(tx, organisation, new.user.id).await?;
    let Some(user) = now.filter(|user| user.password_hash == new.user.password_hash) else {
        return Ok(Err(refusals::credentials()));
    };
    failures::clear(tx, new.address).await?;
    write(tx, &user, new, by, "user.change_password").await?;
    Ok(Ok(()))
}

async fn write(
    tx: &DatabaseTransaction,
    user: &User,
    new: &NewPassword,
    by: &Actor,
    action: &str,
) -> Result<(), StoreError> {
    let scope = Scope::of(user.organisation);
    let change = row::ActiveModel {
        organisation_id: Unchanged(user.organisation.uuid()),
        user_id: Unchanged(user.id.uuid()),
        password_hash: Set(Some(new.hash.clone())),
        revision: Set(user.revision + 1),
        ..Default::default()
    };
    row::Entity::update(change).exec(tx).await?;
    sessions::end_all(tx, scope, user.id, new.keep, by.at).await?;
    let done = Done {
        action,
        object: format!("user:{}", user.id),
        before: None,
        after: None,
    };
    audit::record(tx, "auth", scope.organisation(), by, done).await
}
