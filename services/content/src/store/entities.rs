//! The tables of this service as sea-orm sees them. Nothing outside of `store` knows them.

use onqueue_store::Scoped;

macro_rules! tables {
    ($($module:ident $table:literal { $($(#[$attribute:meta])* $column:ident: $kind:ty,)* })*) => {$(
        pub mod $module {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub organisation_id: Uuid,
                $($(#[$attribute])* pub $column: $kind,)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}

            impl super::Scoped for Entity {
                const ORGANISATION: Column = Column::OrganisationId;
            }
        }
    )*};
}

tables! {
    head "content_heads" {
        revision: i64,
    }
    library "content_libraries" {
        #[sea_orm(primary_key, auto_increment = false)]
        library_id: Uuid,
        revision: i64,
        name: String,
        name_folded: String,
        description: String,
        division_id: Uuid,
        responses: i64,
        request_id: Option<Uuid>,
        request_hash: Option<Vec<u8>>,
        created_at: i64,
        deleted_at: Option<i64>,
    }
    response "content_responses" {
        #[sea_orm(primary_key, auto_increment = false)]
        response_id: Uuid,
        revision: i64,
        name: String,
        name_folded: String,
        shortcut: String,
        libraries: String,
        variants: String,
        substitutions: String,
        tags: String,
        uses: i64,
        last_used_at: Option<i64>,
        request_id: Option<Uuid>,
        request_hash: Option<Vec<u8>>,
        created_at: i64,
        deleted_at: Option<i64>,
    }
    place "content_places" {
        #[sea_orm(primary_key, auto_increment = false)]
        library_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        response_id: Uuid,
        division_id: Uuid,
        name_folded: String,
        shortcut_folded: Option<String>,
    }
    tagged "content_tagged" {
        #[sea_orm(primary_key, auto_increment = false)]
        tag_folded: String,
        #[sea_orm(primary_key, auto_increment = false)]
        library_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        response_id: Uuid,
        division_id: Uuid,
        name_folded: String,
    }
    usage "content_uses" {
        #[sea_orm(primary_key, auto_increment = false)]
        response_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        client_message_id: String,
        used_at: i64,
    }
}
