//! Grants: who holds which role where.

use super::{
    Tables, User, UserState, administrators, broken,
    divisions::check_there,
    entities::{api_client, grant as row},
    listing, lock_organisation,
    objects::check_etag,
    trust, users,
};
use onqueue_model::{DivisionId, Divisions, Fault, OrganisationId, Permission, RoleId, UserId};
use onqueue_store::{
    Scope, StoreError,
    audit::{self, Actor, Done},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};
use uuid::Uuid;

/// A role and where it is held ([`DivisionId::ALL`]: everywhere).
pub type Granted = (RoleId, DivisionId);

/// Where a page of grants ended: subject, role and division of the last.
pub type GrantPlace = (Uuid, Uuid, Uuid);

/// Whoever can hold roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Names them.
    pub id: Uuid,
    /// What they are.
    pub kind: SubjectKind,
    /// Where they belong.
    pub division: DivisionId,
    /// Whether what they hold is in force.
    pub is_active: bool,
}

/// What somebody who can hold roles is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    /// A person.
    User,
    /// Another system.
    Client,
}

impl SubjectKind {
    /// As the audit trail says it.
    const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Client => "client",
        }
    }
}

/// Refuses something about what it is given.
type Check<T> = Box<dyn Fn(&T) -> Result<(), Fault> + Send + Sync>;

/// Grants to be set.
pub struct NewGrants {
    /// Whose.
    pub subject: Uuid,
    /// All of them.
    pub grants: BTreeSet<Granted>,
    /// The etag that the caller read last.
    pub etag: String,
    /// Refuses a subject that the caller may not see.
    pub visible: Check<Subject>,
    /// Refuses what the caller may not grant or take.
    pub allow: Check<[Regrant]>,
}

/// A grant that comes or goes.
#[derive(Clone, Debug)]
pub struct Regrant {
    /// Where.
    pub division: DivisionId,
    /// What is gained by it; nothing if it goes.
    pub gained: Vec<Permission>,
}

/// What holds of a subject and what would.
pub struct Explained {
    /// Whose.
    pub subject: Subject,
    /// All they hold.
    pub grants: BTreeSet<Granted>,
}

/// The etag of all grants of a subject together.
pub fn etag(grants: &BTreeSet<Granted>) -> String {
    let hash = Sha256::digest(text(grants));
    hash[..16].iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn text(grants: &BTreeSet<Granted>) -> String {
    grants.iter().fold(String::new(), |mut text, (role, division)| {
        let _ = writeln!(text, "{role} {division}");
        text
    })
}

impl Tables {
    /// The subject and their grants; `None` if the organisation has neither user nor API client of that id.
    pub async fn grants_of(&self, organisation: OrganisationId, id: Uuid) -> Result<Option<Explained>, StoreError> {
        let scope = Scope::of(organisation);
        let Some(subject) = subject(self.0.reader(), scope, id).await? else {
            return Ok(None);
        };
        let grants = grants_of(self.0.reader(), scope, id).await?;
        Ok(Some(Explained { subject, grants }))
    }

    /// The first `size` grants after that place, by subject, role and division; each division of the caller's is read for
    /// itself, as far as a page goes.
    pub async fn grants(
        &self,
        organisation: OrganisationId,
        divisions: &Divisions,
        role: Option<RoleId>,
        place: Option<GrantPlace>,
        size: u64,
    ) -> Result<Vec<GrantPlace>, StoreError> {
        let parts = pages(organisation, (divisions, role), place, size);
        let found = listing::read(self.0.reader(), parts).await?;
        let places = found.into_iter().map(|row| (row.user_id, row.role_id, row.division_id));
        Ok(listing::first(places.collect(), size, |place| *place))
    }

    /// Makes exactly these the subject's grants and answers them. NOT_FOUND; ETAG_MISMATCH unless nothing would change.
    pub async fn set_grants(
        &self,
        organisation: OrganisationId,
        new: NewGrants,
        by: Actor,
    ) -> Result<BTreeSet<Granted>, StoreError> {
        let (new, by) = (Arc::new(new), Arc::new(by));
        self.0
            .transaction(move |tx| {
                let (new, by) = (Arc::clone(&new), Arc::clone(&by));
                Box::pin(async move {
                    set(tx, Scope::of(organisation), &new, &by).await?;
                    Ok(new.grants.clone())
                })
            })
            .await
    }
}

/// Each division for itself.
pub(super) fn pages(
    organisation: OrganisationId,
    (divisions, role): (&Divisions, Option<RoleId>),
    place: Option<GrantPlace>,
    size: u64,
) -> Vec<Select<row::Entity>> {
    let of_role = role.map(|role| row::Column::RoleId.eq(role.uuid()));
    let narrowed = Condition::all().add_option(of_role).add_option(place.map(after));
    let page = |division| {
        Scope::of(organisation)
            .find::<row::Entity>()
            .filter(division)
            .filter(narrowed.clone())
            .order_by_asc(row::Column::UserId)
            .order_by_asc(row::Column::RoleId)
            .order_by_asc(row::Column::DivisionId)
            .limit(size)
    };
    let divisions = listing::each(row::Column::DivisionId, divisions);
    divisions.into_iter().map(page).collect()
}

/// Rows after that place. It says twice where the subjects begin: from the first an index knows where to begin to read.
fn after((subject, role, division): GrantPlace) -> Condition {
    let of_role = Condition::all()
        .add(row::Column::RoleId.eq(role))
        .add(row::Column::DivisionId.gt(division));
    let later = Condition::any()
        .add(row::Column::UserId.gt(subject))
        .add(row::Column::RoleId.gt(role))
        .add(of_role);
    Condition::all().add(row::Column::UserId.gte(subject)).add(later)
}

async fn set(tx: &DatabaseTransaction, scope: Scope, new: &NewGrants, by: &Actor) -> Result<(), StoreError> {
    lock_organisation(tx, scope.organisation()).await?;
    let subject = subject(tx, scope, new.subject).await?;
    let subject = subject.ok_or_else(|| Fault::not_found("subject"))?;
    (new.visible)(&subject)?;
    let current = grants_of(tx, scope, subject.id).await?;
    if current == new.grants {
        return Ok(());
    }
    check_etag(etag(&current), &new.etag, "grants")?;
    (new.allow)(&regrants(tx, scope, &current, &new.grants).await?)?;
    let had = administrators::any(tx, scope).await?;
    write(tx, scope, subject.id, (&current, &new.grants)).await?;
    trust::publish_subjects(tx, scope, &[subject.id]).await?;
    administrators::still_any(tx, scope, had).await?;
    let done = Done {
        action: "grants.update",
        object: format!("{}:{}", subject.kind.word(), subject.id),
        before: Some(text(&current)),
        after: Some(text(&new.grants)),
    };
    audit::record(tx, "auth", scope.organisation(), by, done).await
}

/// What comes and goes; FIELD_INVALID if a role or division is not there.
async fn regrants(
    tx: &DatabaseTransaction,
    scope: Scope,
    current: &BTreeSet<Granted>,
    wanted: &BTreeSet<Granted>,
) -> Result<Vec<Regrant>, StoreError> {
    let coming: Vec<_> = wanted.difference(current).collect();
    let divisions = coming.iter().map(|(_, division)| *division);
    let divisions = divisions.filter(|division| *division != DivisionId::ALL).collect();
    check_there(tx, scope, &divisions, "grants.division_id").await?;
    let roles = coming.iter().map(|(role, _)| role.uuid()).collect();
    let permissions = trust::permissions_of(tx, scope, roles).await?;
    let going = current.difference(wanted).map(|(_, division)| Regrant {
        division: *division,
        gained: Vec::new(),
    });
    let mut regrants: Vec<_> = going.collect();
    for (role, division) in coming {
        let gained = permissions.get(&role.uuid()).cloned();
        let no_role = || Fault::field("grants.role_id", "the organisation has no such role");
        regrants.push(Regrant {
            division: *division,
            gained: gained.ok_or_else(no_role)?,
        });
    }
    Ok(regrants)
}

async fn write(
    tx: &DatabaseTransaction,
    scope: Scope,
    subject: Uuid,
    (current, wanted): (&BTreeSet<Granted>, &BTreeSet<Granted>),
) -> Result<(), StoreError> {
    let organisation = scope.organisation().uuid();
    for (role, division) in current.difference(wanted) {
        row::Entity::delete_by_id((organisation, subject, role.uuid(), division.uuid()))
            .exec(tx)
            .await?;
    }
    let rows: Vec<_> = wanted
        .difference(current)
        .map(|(role, division)| row::ActiveModel {
            organisation_id: Set(organisation),
            user_id: Set(subject),
            role_id: Set(role.uuid()),
            division_id: Set(division.uuid()),
        })
        .collect();
    if !rows.is_empty() {
        row::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// All grants of a subject.
pub(super) async fn grants_of<C: ConnectionTrait>(
    connection: &C,
    scope: Scope,
    subject: Uuid,
) -> Result<BTreeSet<Granted>, StoreError> {
    let rows = scope
        .find::<row::Entity>()
        .filter(row::Column::UserId.eq(subject))
        .all(connection)
        .await?;
    let granted = |row: row::Model| (RoleId::new(row.role_id), DivisionId::new(row.division_id));
    Ok(rows.into_iter().map(granted).collect())
}

async fn subject<C: ConnectionTrait>(connection: &C, scope: Scope, id: Uuid) -> Result<Option<Subject>, StoreError> {
    let user = users::there(scope.organisation())
        .filter(super::entities::user::Column::UserId.eq(id))
        .one(connection)
        .await?;
    if let Some(user) = user {
        return Ok(Some(User::try_from(user).map_err(broken)?.subject()));
    }
    let client = scope
        .find::<api_client::Entity>()
        .filter(api_client::Column::ClientId.eq(id))
        .filter(api_client::Column::DeletedAt.is_null())
        .one(connection)
        .await?;
    Ok(client.map(|client| Subject {
        id: client.client_id,
        kind: SubjectKind::Client,
        division: DivisionId::new(client.division_id),
        is_active: client.enabled,
    }))
}

impl User {
    fn subject(&self) -> Subject {
        Subject {
            id: self.id.uuid(),
            kind: SubjectKind::User,
            division: self.division,
            is_active: self.state == UserState::Active,
        }
    }
}

/// What a user holds or would hold, were they not disabled: permissions and where.
pub(super) async fn holdings(
    tx: &DatabaseTransaction,
    scope: Scope,
    user: UserId,
) -> Result<Vec<(Permission, DivisionId)>, StoreError> {
    let grants = grants_of(tx, scope, user.uuid()).await?;
    let roles = grants.iter().map(|(role, _)| role.uuid()).collect();
    let permissions = trust::permissions_of(tx, scope, roles).await?;
    let each = |(role, division): &Granted| {
        let of_role = permissions.get(&role.uuid()).cloned().unwrap_or_default();
        let division = *division;
        of_role.into_iter().map(move |permission| (permission, division))
    };
    Ok(grants.iter().flat_map(each).collect())
}
