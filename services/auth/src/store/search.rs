//! Finding users by the beginning of their name or address.
//!
//! Who is found by both is to be listed once. So addresses are kept for it under a key that begins with the number of
//! characters which name and address begin with in common: where the address begins with a text, the name does so too exactly
//! if these are no fewer than the text has. Those of whom only the address fits lie, for each smaller number, beside one
//! another in an index, and nobody is read in vain.

use super::{
    Tables, User, UserState,
    entities::user::{Column, Entity, Model},
    listing,
    users::there,
};
use crate::lockout;
use onqueue_model::{DivisionId, Divisions, OrganisationId, UserId};
use onqueue_store::{
    StoreError,
    query::{fold, starting_after, starting_after_both},
};
use sea_orm::{ColumnTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The longest text with which an address can begin.
const ADDRESS: usize = 254;

/// Where a page of users ended. Those whose name begins with the text come first, by folded name and id; then those of whom
/// only the address does, by folded address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum UserPlace {
    /// At that name and id.
    Name(String, Uuid),
    /// At that address.
    Address(String),
}

/// Which users are asked for.
#[derive(Clone, Debug)]
pub struct UserFilter {
    /// Those of these divisions.
    pub divisions: Divisions,
    /// Those whose name or address begins with it; empty for all.
    pub text: String,
    /// Those in this state.
    pub state: Option<UserState>,
    /// Those among these; empty for all.
    pub ids: BTreeSet<UserId>,
}

impl Tables {
    /// The first `size` users after that place. Each division and state is read for itself, as far as a page goes, because
    /// an index has its users in order.
    pub async fn users(
        &self,
        organisation: OrganisationId,
        filter: &UserFilter,
        place: Option<UserPlace>,
        size: u64,
    ) -> Result<Vec<User>, StoreError> {
        let rows = if filter.ids.is_empty() {
            self.search(organisation, filter, place, size).await?
        } else {
            let rows = among(organisation, &filter.ids).all(self.0.reader()).await?;
            let fits = |row: &Model| filter.fits(row) && filter.place(row) > place;
            listing::first(rows.into_iter().filter(fits).collect(), size, |row| filter.place(row))
        };
        rows.into_iter().map(User::try_from).collect()
    }

    async fn search(
        &self,
        organisation: OrganisationId,
        filter: &UserFilter,
        place: Option<UserPlace>,
        size: u64,
    ) -> Result<Vec<Model>, StoreError> {
        let (name, address) = match place {
            None => (Some(None), None),
            Some(UserPlace::Name(name, id)) => (Some(Some((name, id))), None),
            Some(UserPlace::Address(address)) => (None, Some(address)),
        };
        let mut found = Vec::new();
        if let Some(place) = name {
            let rows = listing::read(self.0.reader(), by_name(organisation, filter, place, size)).await?;
            found = listing::first(rows, size, |row| filter.place(row));
        }
        let missing = size.saturating_sub(found.len() as u64);
        if missing > 0 {
            let parts = by_address(organisation, filter, address.as_deref(), missing);
            let rows = listing::read(self.0.reader(), parts).await?;
            found.extend(listing::first(rows, missing, |row| filter.place(row)));
        }
        Ok(found)
    }
}

impl UserFilter {
    /// The text as names and addresses are compared with it. A space may follow the beginning of a name, but no address.
    fn folded(&self) -> String {
        let text = self.text.trim_start();
        let is_address = text.contains('@');
        fold(if is_address { text.trim_end() } else { text })
    }

    fn states(&self) -> Vec<UserState> {
        self.state.map_or(UserState::ALL.to_vec(), |state| vec![state])
    }

    /// Each division and state for itself.
    fn parts(&self, organisation: OrganisationId) -> Vec<Select<Entity>> {
        let divisions = listing::each(Column::DivisionId, &self.divisions);
        let of = |state: UserState| {
            let of_state = there(organisation).filter(Column::State.eq(state.number()));
            let parts = divisions.iter().cloned();
            parts.map(move |division| of_state.clone().filter(division))
        };
        self.states().into_iter().flat_map(of).collect()
    }

    /// Whether they are asked for, the text apart.
    fn fits(&self, row: &Model) -> bool {
        let is_in_state = self.states().iter().any(|state| state.number() == row.state);
        is_in_state && self.divisions.contains(&DivisionId::new(row.division_id))
    }

    /// Where they come; nowhere if neither name nor address begins with the text.
    fn place(&self, row: &Model) -> Option<UserPlace> {
        let text = self.folded();
        if row.name_folded.starts_with(&text) {
            return Some(UserPlace::Name(row.name_folded.clone(), row.user_id));
        }
        let by_address = row.email_folded.starts_with(&text);
        by_address.then(|| UserPlace::Address(row.email_folded.clone()))
    }

    /// The place of a user whom it found.
    pub fn place_of(&self, user: &User) -> UserPlace {
        let name = fold(&user.name);
        if name.starts_with(&self.folded()) {
            return UserPlace::Name(name, user.id.uuid());
        }
        UserPlace::Address(lockout::fold(&user.email))
    }
}

/// At most as many as a request may name.
pub(super) fn among(organisation: OrganisationId, ids: &BTreeSet<UserId>) -> Select<Entity> {
    there(organisation).filter(Column::UserId.is_in(ids.iter().map(|id| id.uuid())))
}

/// Those whose name begins with the text.
pub(super) fn by_name(
    organisation: OrganisationId,
    filter: &UserFilter,
    place: Option<(String, Uuid)>,
    size: u64,
) -> Vec<Select<Entity>> {
    let range = starting_after_both(Column::NameFolded, Column::UserId, &filter.folded(), place);
    let page = |part: Select<Entity>| {
        part.filter(range.clone())
            .order_by_asc(Column::NameFolded)
            .order_by_asc(Column::UserId)
            .limit(size)
    };
    filter.parts(organisation).into_iter().map(page).collect()
}

/// Those of whom only the address begins with the text: they share fewer characters than it has.
pub(super) fn by_address(
    organisation: OrganisationId,
    filter: &UserFilter,
    place: Option<&str>,
    size: u64,
) -> Vec<Select<Entity>> {
    let text = filter.folded();
    let length = text.chars().count();
    if length > ADDRESS {
        return Vec::new();
    }
    let page = |part: &Select<Entity>, shared: usize| {
        let place = place.map(|address| key(shared, address));
        let range = starting_after(Column::AddressKey, &key(shared, &text), place.as_deref());
        let ranged = part.clone().filter(range);
        ranged.order_by_asc(Column::AddressKey).limit(size)
    };
    let parts = filter.parts(organisation);
    let each = parts
        .iter()
        .flat_map(|part| (0..length).map(|shared| page(part, shared)));
    each.collect()
}

/// Under what a folded address is kept, of somebody of that folded name.
pub(crate) fn address_key(name: &str, address: &str) -> String {
    let pairs = name.chars().zip(address.chars());
    let shared = pairs.take_while(|(one, other)| one == other).count();
    key(shared, address)
}

fn key(shared: usize, address: &str) -> String {
    format!("{shared:04} {address}")
}
