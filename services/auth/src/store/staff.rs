//! Users as administrators make, change and remove them.

use super::{
    Key, Object, Stored, User, UserState, broken,
    divisions::check_there,
    entities::{grant, user as row},
    search::address_key,
    sessions, trust,
    users::there,
};
use crate::lockout;
use onqueue_model::Fault;
use onqueue_server::resource::Once;
use onqueue_store::{Scope, StoreError, audit::Actor, query::fold};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _, Unchanged,
};
use std::collections::BTreeSet;
use uuid::Uuid;

#[async_trait::async_trait]
impl Object for User {
    const KIND: &'static str = "user";

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn revised(self) -> Self {
        Self {
            revision: self.revision + 1,
            ..self
        }
    }

    fn text(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(broken)
    }

    async fn find(tx: &DatabaseTransaction, scope: Scope, key: Key) -> Result<Option<Stored<Self>>, StoreError> {
        let of = match key {
            Key::Id(id) => row::Column::UserId.eq(id),
            Key::Request(id) => row::Column::RequestId.eq(id),
        };
        // Locked, because logging in looks at it too.
        let found = scope.find::<row::Entity>().filter(of).lock_exclusive();
        let Some(row) = found.one(tx).await? else {
            return Ok(None);
        };
        Ok(Some(Stored {
            request_hash: row.request_hash.clone(),
            is_deleted: row.deleted_at.is_some(),
            object: row.try_into()?,
        }))
    }

    async fn check(&self, tx: &DatabaseTransaction, scope: Scope) -> Result<(), StoreError> {
        let taken = there(scope.organisation())
            .filter(row::Column::EmailFolded.eq(lockout::fold(&self.email)))
            .filter(row::Column::UserId.ne(self.id.uuid()))
            .one(tx)
            .await?;
        if taken.is_some() {
            return Err(Fault::name_taken("user.email").into());
        }
        check_there(tx, scope, &BTreeSet::from([self.division]), "user.division_id").await
    }

    async fn check_free(&self, _: &DatabaseTransaction, _: Scope) -> Result<(), StoreError> {
        Ok(())
    }

    async fn insert(&self, tx: &DatabaseTransaction, scope: Scope, once: Once) -> Result<(), StoreError> {
        let row = row::ActiveModel {
            created_at: Set(self.created_at.millis()),
            deleted_at: Set(None),
            request_id: Set(Some(once.request)),
            request_hash: Set(Some(once.hash.to_vec())),
            ..self.content(scope)
        };
        row::Entity::insert(row).exec_without_returning(tx).await?;
        Ok(())
    }

    async fn replace(
        &self,
        tx: &DatabaseTransaction,
        scope: Scope,
        before: &Self,
        by: &Actor,
    ) -> Result<(), StoreError> {
        row::Entity::update(self.content(scope)).exec(tx).await?;
        if self.state == before.state {
            return Ok(());
        }
        if self.state == UserState::Disabled {
            sessions::end_all(tx, scope, self.id, None, by.at).await?;
        }
        trust::publish_subjects(tx, scope, &[self.id.uuid()]).await?;
        Ok(())
    }

    async fn remove(&self, tx: &DatabaseTransaction, scope: Scope, by: &Actor) -> Result<(), StoreError> {
        let gone = row::ActiveModel {
            deleted_at: Set(Some(by.at.millis())),
            password_hash: Set(None),
            ..self.content(scope)
        };
        row::Entity::update(gone).exec(tx).await?;
        grant::Entity::delete_many()
            .filter(grant::Column::OrganisationId.eq(scope.organisation().uuid()))
            .filter(grant::Column::UserId.eq(self.id.uuid()))
            .exec(tx)
            .await?;
        sessions::end_all(tx, scope, self.id, None, by.at).await?;
        trust::publish_subjects(tx, scope, &[self.id.uuid()]).await?;
        Ok(())
    }
}

impl User {
    pub(super) fn content(&self, scope: Scope) -> row::ActiveModel {
        row::ActiveModel {
            organisation_id: Unchanged(scope.organisation().uuid()),
            user_id: Unchanged(self.id.uuid()),
            division_id: Set(self.division.uuid()),
            name: Set(self.name.clone()),
            name_folded: Set(fold(&self.name)),
            email: Set(self.email.clone()),
            email_folded: Set(lockout::fold(&self.email)),
            address_key: Set(address_key(&fold(&self.name), &lockout::fold(&self.email))),
            language: Set(self.language.clone()),
            password_hash: Set(self.password_hash.clone()),
            state: Set(self.state.number()),
            revision: Set(self.revision),
            created_at: NotSet,
            deleted_at: NotSet,
            request_id: NotSet,
            request_hash: NotSet,
        }
    }
}
