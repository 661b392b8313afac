//! What all that administrators make has in common: it is made once for each request, changed and removed by its etag, and
//! each change leaves one audit record in its transaction.

use super::{Tables, administrators, lock_organisation};
use onqueue_model::{Fault, OrganisationId};
use onqueue_server::resource::Once;
use onqueue_store::{
    Scope, StoreError,
    audit::{self, Actor, Done},
};
use sea_orm::DatabaseTransaction;
use std::sync::Arc;
use uuid::Uuid;

/// An object as its table has it.
pub struct Stored<T> {
    /// What it is.
    pub object: T,
    /// SHA-256 of the request that made it.
    pub request_hash: Option<Vec<u8>>,
    /// Whether it has been removed.
    pub is_deleted: bool,
}

/// By what an object is found.
#[derive(Clone, Copy)]
pub enum Key {
    /// Its own id.
    Id(Uuid),
    /// The id of the request that made it.
    Request(Uuid),
}

/// Something that administrators make, change and remove.
#[async_trait::async_trait]
pub trait Object: Clone + PartialEq + Send + Sync + 'static {
    /// Its word, such as `role`.
    const KIND: &'static str;

    /// What is said of one that there is not.
    fn missing() -> Fault {
        Fault::not_found(Self::KIND)
    }

    /// Names it.
    fn id(&self) -> Uuid;
    /// How often it was written; its etag.
    fn revision(&self) -> i64;
    /// The same, written once more.
    fn revised(self) -> Self;
    /// What the audit trail hashes.
    fn text(&self) -> Result<String, StoreError>;

    /// The object, also if it has been removed.
    async fn find(tx: &DatabaseTransaction, scope: Scope, key: Key) -> Result<Option<Stored<Self>>, StoreError>;
    /// Refuses what may not be: a taken name, a division that does not exist.
    async fn check(&self, tx: &DatabaseTransaction, scope: Scope) -> Result<(), StoreError>;
    /// Refuses to remove what others need.
    async fn check_free(&self, tx: &DatabaseTransaction, scope: Scope) -> Result<(), StoreError>;
    /// Writes a new one.
    async fn insert(&self, tx: &DatabaseTransaction, scope: Scope, once: Once) -> Result<(), StoreError>;
    /// Writes it in the place of `before`, with what follows from that.
    async fn replace(
        &self,
        tx: &DatabaseTransaction,
        scope: Scope,
        before: &Self,
        by: &Actor,
    ) -> Result<(), StoreError>;
    /// Removes it, with what follows from that.
    async fn remove(&self, tx: &DatabaseTransaction, scope: Scope, by: &Actor) -> Result<(), StoreError>;
}

/// A change that somebody wants to make.
pub struct Edit<T> {
    /// The etag that they read last.
    pub etag: String,
    /// What the object is to be, given what it is; refuses what they may not.
    pub change: Change<T>,
}

/// Makes of an object what it is to be.
pub type Change<T> = Box<dyn Fn(&T) -> Result<T, Fault> + Send + Sync>;

/// A removal that somebody wants.
pub struct Removal<T> {
    /// The etag that they read last.
    pub etag: String,
    /// Refuses what they may not remove.
    pub allow: Allow<T>,
}

/// Refuses what the caller may not do to an object.
pub type Allow<T> = Box<dyn Fn(&T) -> Result<(), Fault> + Send + Sync>;

impl Tables {
    /// Makes it. The same request again answers what it made, as it is now; with another body REQUEST_ID_REUSED.
    pub async fn create<T: Object>(
        &self,
        organisation: OrganisationId,
        object: T,
        once: Once,
        by: Actor,
    ) -> Result<T, StoreError> {
        let (object, by) = (Arc::new(object), Arc::new(by));
        self.0
            .transaction(move |tx| {
                let (object, by) = (Arc::clone(&object), Arc::clone(&by));
                Box::pin(async move { create::<T>(tx, Scope::of(organisation), &object, once, &by).await })
            })
            .await
    }

    /// Changes it. NOT_FOUND; ETAG_MISMATCH unless nothing would change.
    pub async fn update<T: Object>(
        &self,
        organisation: OrganisationId,
        id: Uuid,
        edit: Edit<T>,
        by: Actor,
    ) -> Result<T, StoreError> {
        let (edit, by) = (Arc::new(edit), Arc::new(by));
        self.0
            .transaction(move |tx| {
                let (edit, by) = (Arc::clone(&edit), Arc::clone(&by));
                Box::pin(async move { update(tx, Scope::of(organisation), id, &edit, &by).await })
            })
            .await
    }

    /// Removes it. NOT_FOUND; ETAG_MISMATCH unless it is gone already.
    pub async fn delete<T: Object>(
        &self,
        organisation: OrganisationId,
        id: Uuid,
        removal: Removal<T>,
        by: Actor,
    ) -> Result<(), StoreError> {
        let (removal, by) = (Arc::new(removal), Arc::new(by));
        self.0
            .transaction(move |tx| {
                let (removal, by) = (Arc::clone(&removal), Arc::clone(&by));
                Box::pin(async move { delete(tx, Scope::of(organisation), id, &removal, &by).await })
            })
            .await
    }
}

async fn create<T: Object>(
    tx: &DatabaseTransaction,
    scope: Scope,
    object: &T,
    once: Once,
    by: &Actor,
) -> Result<T, StoreError> {
    lock_organisation(tx, scope.organisation()).await?;
    if let Some(before) = T::find(tx, scope, Key::Request(once.request)).await? {
        if before.request_hash.as_deref() != Some(&once.hash[..]) {
            return Err(Fault::request_id_reused().into());
        }
        return Ok(before.object);
    }
    object.check(tx, scope).await?;
    object.insert(tx, scope, once).await?;
    record(tx, scope, by, "create", (None, Some(object))).await?;
    Ok(object.clone())
}

async fn update<T: Object>(
    tx: &DatabaseTransaction,
    scope: Scope,
    id: Uuid,
    edit: &Edit<T>,
    by: &Actor,
) -> Result<T, StoreError> {
    lock_organisation(tx, scope.organisation()).await?;
    let stored = T::find(tx, scope, Key::Id(id)).await?;
    let found = stored.filter(|stored| !stored.is_deleted);
    let before = found.ok_or_else(T::missing)?.object;
    let after = (edit.change)(&before)?;
    if after == before {
        return Ok(before);
    }
    check_etag(before.revision(), &edit.etag, T::KIND)?;
    let after = after.revised();
    after.check(tx, scope).await?;
    let had = administrators::any(tx, scope).await?;
    after.replace(tx, scope, &before, by).await?;
    administrators::still_any(tx, scope, had).await?;
    record(tx, scope, by, "update", (Some(&before), Some(&after))).await?;
    Ok(after)
}

async fn delete<T: Object>(
    tx: &DatabaseTransaction,
    scope: Scope,
    id: Uuid,
    removal: &Removal<T>,
    by: &Actor,
) -> Result<(), StoreError> {
    lock_organisation(tx, scope.organisation()).await?;
    let stored = T::find(tx, scope, Key::Id(id)).await?;
    let stored = stored.ok_or_else(T::missing)?;
    (removal.allow)(&stored.object)?;
    if stored.is_deleted {
        return Ok(());
    }
    let before = stored.object;
    check_etag(before.revision(), &removal.etag, T::KIND)?;
    before.check_free(tx, scope).await?;
    let had = administrators::any(tx, scope).await?;
    before.remove(tx, scope, by).await?;
    administrators::still_any(tx, scope, had).await?;
    record(tx, scope, by, "delete", (Some(&before), None)).await
}

/// FIELD_INVALID without an etag, ETAG_MISMATCH with another than the current one.
pub(super) fn check_etag(current: impl std::fmt::Display, given: &str, kind: &'static str) -> Result<(), Fault> {
    if given.is_empty() {
        let problem = format!("must be the etag of the {} as it was read last", kind.replace('_', " "));
        return Err(Fault::field("etag", problem));
    }
    if given != current.to_string() {
        return Err(Fault::etag_mismatch(current));
    }
    Ok(())
}

async fn record<T: Object>(
    tx: &DatabaseTransaction,
    scope: Scope,
    by: &Actor,
    verb: &str,
    (before, after): (Option<&T>, Option<&T>),
) -> Result<(), StoreError> {
    let id = before.or(after).map(T::id).unwrap_or_default();
    let done = Done {
        action: &format!("{}.{verb}", T::KIND),
        object: format!("{}:{id}", T::KIND),
        before: before.map(T::text).transpose()?,
        after: after.map(T::text).transpose()?,
    };
    audit::record(tx, "auth", scope.organisation(), by, done).await
}
