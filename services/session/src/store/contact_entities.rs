//! The tables of contacts as sea-orm sees them.

use super::entities::{scoped, tables};
use onqueue_store::Scoped;

tables! {
    contact "session_contacts" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        division_id: Uuid,
        revision: i64,
        name: String,
        name_folded: String,
        language: Option<String>,
        fields: String,
        notes: String,
        consents: String,
        salt: Vec<u8>,
        merged_into: Option<Uuid>,
        root_id: Uuid,
        taken: String,
        last_change: i64,
        created_at: i64,
        updated_at: i64,
        deleted_at: Option<i64>,
        request_id: Option<Uuid>,
        request_hash: Option<Vec<u8>>,
    }
    contact_id "session_contact_ids" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        contact_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        kind: i16,
        #[sea_orm(primary_key, auto_increment = false)]
        system: String,
        #[sea_orm(primary_key, auto_increment = false)]
        value: String,
        written: String,
        proved: bool,
        root_id: Uuid,
        added_at: i64,
    }
    contact_change "session_contact_changes" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        contact_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        number: i64,
        at: i64,
        actor: String,
        origin: i16,
        field: String,
        old_value: String,
        new_value: String,
        script: Option<String>,
    }
    contact_field "session_contact_fields" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        revision: i64,
        key: String,
        name: String,
        kind: i16,
        choices: String,
        created_at: i64,
        deleted_at: Option<i64>,
        request_id: Uuid,
        request_hash: Vec<u8>,
    }
    guest_id "session_guest_ids" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        conversation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        kind: i16,
        #[sea_orm(primary_key, auto_increment = false)]
        system: String,
        #[sea_orm(primary_key, auto_increment = false)]
        value: String,
        written: String,
        proved: bool,
    }
    erasure "session_erasures" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        contact_id: Uuid,
        division_id: Uuid,
        at: i64,
        actor: String,
        aliases: String,
        conversations: String,
        counts: String,
        purged_at: Option<i64>,
    }
    script_answer "session_script_answers" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        run_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        step: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        place: i32,
        conversation_id: Uuid,
        at: i64,
    }
    forgetting "session_forgetting" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        conversation_id: Uuid,
        erasure_id: Option<Uuid>,
        erased_at: i64,
    }
}

scoped!(contact contact_id contact_change contact_field guest_id erasure script_answer forgetting);
