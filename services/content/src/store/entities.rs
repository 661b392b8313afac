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
    script "content_scripts" {
        #[sea_orm(primary_key, auto_increment = false)]
        script_id: Uuid,
        revision: i64,
        name: String,
        name_folded: String,
        description: String,
        division_id: Uuid,
        draft: String,
        draft_digest: String,
        published_version: i32,
        published_digest: String,
        published_at: Option<i64>,
        request_id: Option<Uuid>,
        request_hash: Option<Vec<u8>>,
        created_at: i64,
        updated_at: i64,
        deleted_at: Option<i64>,
    }
    version "content_script_versions" {
        #[sea_orm(primary_key, auto_increment = false)]
        script_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        version: i32,
        document: String,
        digest: String,
        published_at: i64,
        published_by: String,
    }
    run "content_script_runs" {
        #[sea_orm(primary_key, auto_increment = false)]
        run_id: Uuid,
        conversation_id: Uuid,
        number: i32,
        opening: i64,
        script_id: Uuid,
        script_name: String,
        version: i32,
        state: i16,
        step: i64,
        started_at: i64,
        started_by: Uuid,
        ended_at: Option<i64>,
        ended_by: Option<Uuid>,
        erased_at: Option<i64>,
        erased_answers: i64,
    }
    step "content_script_steps" {
        #[sea_orm(primary_key, auto_increment = false)]
        run_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        number: i64,
        step: String,
        at: i64,
        user_id: Uuid,
        user_name: String,
        version: i32,
        request_id: Uuid,
        request_hash: Vec<u8>,
    }
    contact_write "content_contact_writes" {
        #[sea_orm(primary_key, auto_increment = false)]
        run_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        step: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        place: i32,
        contact_field: String,
        value: String,
        state: i16,
        reason: String,
        attempts: i32,
        at: i64,
        due_at: Option<i64>,
    }
    usage "content_uses" {
        #[sea_orm(primary_key, auto_increment = false)]
        response_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        client_message_id: String,
        used_at: i64,
        user_id: Option<Uuid>,
        queue_id: Option<Uuid>,
    }
    counted "content_counts" {
        #[sea_orm(primary_key, auto_increment = false)]
        counted_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        response_id: Uuid,
        uses: i64,
        counted_at: i64,
    }
    import "content_imports" {
        #[sea_orm(primary_key, auto_increment = false)]
        request_id: Uuid,
        request_hash: Vec<u8>,
        outcome: Option<String>,
        created_at: i64,
    }
    import_part "content_import_parts" {
        #[sea_orm(primary_key, auto_increment = false)]
        request_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        part: i32,
        part_hash: Vec<u8>,
        content: Option<Vec<u8>>,
    }
}
