//! The tables of this service as sea-orm sees them. Nothing outside of `store` knows them.

use onqueue_store::Scoped;

macro_rules! tables {
    ($($module:ident $table:literal { $($(#[$attribute:meta])* $column:ident: $kind:ty,)* })*) => {$(
        pub mod $module {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                $($(#[$attribute])* pub $column: $kind,)*
            }

            #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    )*};
}

macro_rules! scoped {
    ($($module:ident)*) => {$(
        impl Scoped for $module::Entity {
            const ORGANISATION: $module::Column = $module::Column::OrganisationId;
        }
    )*};
}

pub(super) use {scoped, tables};

tables! {
    conversation "session_conversations" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        opening: i32,
        deployment_id: Uuid,
        queue_id: Uuid,
        guest_id: Uuid,
        language: Option<String>,
        guest_name: String,
        topic: String,
        request_id: Uuid,
        request_hash: Vec<u8>,
        state: i16,
        last_sequence: i64,
        last_public_sequence: i64,
        last_agent_sequence: i64,
        head_hash: Vec<u8>,
        report_epoch: i64,
        report_position: i64,
        created_at: i64,
        last_activity_at: i64,
        warned_at: Option<i64>,
        check_at: Option<i64>,
        ended_at: Option<i64>,
        end_reason: Option<i16>,
        kind: i16,
        assistance: Option<String>,
        attributes: Option<String>,
        guest_active_at: Option<i64>,
        agent_active_at: Option<i64>,
        skill_ids: String,
        contact_id: Option<Uuid>,
        erased_at: Option<i64>,
    }
    event "session_events" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        conversation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        sequence: i64,
        public_sequence: Option<i64>,
        agent_sequence: Option<i64>,
        id: Uuid,
        kind: i16,
        visibility: i16,
        at: i64,
        participant_id: Option<Uuid>,
        part: Option<String>,
        salt: Option<Vec<u8>>,
        part_hash: Option<Vec<u8>>,
        hash: Vec<u8>,
        client_message_id: Option<String>,
        traceparent: Option<String>,
    }
    participant "session_participants" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        conversation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        kind: i16,
        user_id: Option<Uuid>,
        name: String,
        joined_at: i64,
        left_at: Option<i64>,
    }
    guest_token "session_guest_tokens" {
        #[sea_orm(primary_key, auto_increment = false)]
        token_hash: Vec<u8>,
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        conversation_id: Uuid,
        participant_id: Uuid,
        replaces_hash: Option<Vec<u8>>,
        created_at: i64,
        used_at: Option<i64>,
        expires_at: i64,
    }
    log_generation "session_log_generation" {
        #[sea_orm(primary_key, auto_increment = false)]
        only: i16,
        generation: i64,
    }
    key "session_keys" {
        #[sea_orm(primary_key, auto_increment = false)]
        kid: String,
        secret: Vec<u8>,
        created_at: i64,
        expires_at: i64,
    }
    trust_key "session_trust_keys" {
        #[sea_orm(primary_key, auto_increment = false)]
        kid: String,
        public_key: Vec<u8>,
        expires_at: i64,
    }
    feed "session_feed" {
        #[sea_orm(primary_key, auto_increment = false)]
        shard: i16,
        #[sea_orm(primary_key, auto_increment = false)]
        number: i64,
        organisation_id: Uuid,
        conversation_id: Uuid,
        opening: i32,
        at: i64,
        traceparent: Option<String>,
        fact: String,
    }
    feed_head "session_feed_heads" {
        #[sea_orm(primary_key, auto_increment = false)]
        shard: i16,
        number: i64,
    }
    assistance "session_assistance" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        conversation_id: Uuid,
        sequence: i64,
        queue_id: Uuid,
        state: i16,
        asked_by: Uuid,
        asked_at: i64,
        taken_by: Option<Uuid>,
        taken_by_name: Option<String>,
        taken_at: Option<i64>,
        closed_at: Option<i64>,
        closed_how: Option<String>,
    }
    supervisor "session_supervisors" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        conversation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        user_id: Uuid,
        participant_id: Uuid,
        name: String,
        mode: i16,
        since: i64,
    }
    policy "session_queue_policies" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        queue_id: Uuid,
        revision: i64,
        name: String,
        division_id: Uuid,
        open: bool,
        inactivity_timeout_ms: i64,
        inactivity_warning_ms: i64,
        removed: bool,
        state: i16,
        changes_at: Option<i64>,
        next_state: i16,
        opens_at: Option<i64>,
        inactivity_counts: i16,
        inactivity_transfer_queue_id: Option<Uuid>,
        abandon_after_ms: i64,
        messaging_window_ms: i64,
        retention_days: i32,
        attachments: Option<crate::store::policies::Attachments>,
        monitor_visible: bool,
        script_id: Option<Uuid>,
        libraries: Option<crate::store::policies::Libraries>,
    }
    guest_presence "session_guest_presence" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        conversation_id: Uuid,
        replica_id: Option<Uuid>,
        away_since: Option<i64>,
    }
    replica "session_replicas" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        seen_at: i64,
    }
    legal_hold "session_legal_holds" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        conversation_id: Uuid,
        at: i64,
        user_id: Uuid,
        reason: String,
    }
    retention "session_retention" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        queue_id: Uuid,
        erased: i64,
        last_erased_at: i64,
    }
}

scoped!(conversation event participant guest_token guest_presence policy assistance supervisor legal_hold retention);
