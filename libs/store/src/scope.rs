//! Queries that cannot leave their organisation.

use onqueue_model::OrganisationId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Select};

/// An entity whose rows belong to an organisation.
pub trait Scoped: EntityTrait {
    /// The column that says which.
    const ORGANISATION: Self::Column;
}

/// The organisation within which everything asked for lies; the only way to begin a query on a [`Scoped`] entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope(OrganisationId);

impl Scope {
    /// Within that organisation.
    pub const fn of(organisation: OrganisationId) -> Self {
        Self(organisation)
    }

    /// Which organisation.
    pub const fn organisation(self) -> OrganisationId {
        self.0
    }

    /// Rows of the entity, of this organisation only.
    pub fn find<E: Scoped>(self) -> Select<E> {
        E::find().filter(E::ORGANISATION.eq(self.0.uuid()))
    }
}
