//! The table as sea-orm sees it.

use onqueue_store::Scoped;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session_attachments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organisation_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub conversation_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub participant_id: Uuid,
    pub user_id: Option<Uuid>,
    pub request_id: Uuid,
    pub name: String,
    pub bytes: i64,
    pub media_type: Option<String>,
    pub state: i16,
    pub refusal: Option<String>,
    pub attempt: Option<Uuid>,
    pub hashes: Option<Vec<u8>>,
    pub tries: i32,
    pub created_at: i64,
    pub expires_at: i64,
    pub due_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Scoped for Entity {
    const ORGANISATION: Column = Column::OrganisationId;
}
