//! The tables of this service as sea-orm sees them. Nothing outside of `store` knows them.

use onqueue_store::Scoped;

/// Everything about one table: its columns, and, unless it is held by shard, which one is the organisation.
macro_rules! tables {
    ($($module:ident $table:literal { $($(#[$attribute:meta])* $column:ident: $kind:ty,)* })*) => {$(
        pub mod $module {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                $($(#[$attribute])* pub $column: $kind,)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    )*};
}

tables! {
    head "routing_heads" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        revision: i64,
        utilization_revision: i64,
    }
    queue "routing_queues" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        queue_id: Uuid,
        etag: String,
        revision: i64,
        applied_revision: i64,
        name: String,
        name_folded: String,
        description: String,
        division_id: Uuid,
        evaluation: i16,
        routing_method: i16,
        limit: i64,
        alerting_timeout_ms: i64,
        inactivity_timeout_ms: i64,
        inactivity_warning_ms: i64,
        settings: crate::store::QueueSettings,
        schedule_group_id: Option<Uuid>,
        request_id: Option<Uuid>,
        request_hash: Option<Vec<u8>>,
        created_at: i64,
        deleted_at: Option<i64>,
    }
    queue_revision "routing_queue_revisions" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        queue_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        revision: i64,
        at: i64,
        actor: String,
        content: crate::store::Content,
    }
    settings "routing_settings" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        revision: i64,
        applied_revision: i64,
        content: crate::store::settings::Content,
    }
    queue_word "routing_queue_words" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        queue_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        words: String,
        shared: i16,
        division_id: Uuid,
    }
    policy "routing_policies" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        queue_id: Uuid,
        acknowledged_revision: i64,
        acknowledged_at: Option<i64>,
        revision: i64,
        renew_at: Option<i64>,
    }
    schedule "routing_schedules" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        schedule_id: Uuid,
        name: String,
        name_folded: String,
        description: String,
        starts: String,
        ends: String,
        rule: String,
        time_zone: String,
        revision: i64,
        request_id: Option<Uuid>,
        request_hash: Option<Vec<u8>>,
        created_at: i64,
        deleted_at: Option<i64>,
    }
    schedule_group "routing_schedule_groups" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        schedule_group_id: Uuid,
        name: String,
        name_folded: String,
        description: String,
        division_id: Uuid,
        time_zone: String,
        emergency_since: Option<i64>,
        emergency_by: Option<Uuid>,
        revision: i64,
        request_id: Option<Uuid>,
        request_hash: Option<Vec<u8>>,
        created_at: i64,
        deleted_at: Option<i64>,
    }
    scheduled "routing_scheduled" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        schedule_group_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        schedule_id: Uuid,
        kind: i16,
    }
    member "routing_members" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        queue_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        user_id: Uuid,
        joined: bool,
        ring: i16,
        group_ids: crate::store::members::Groups,
    }
    skill "routing_skills" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        skill_id: Uuid,
        name: String,
        name_folded: String,
        description: String,
        revision: i64,
        request_id: Option<Uuid>,
        request_hash: Option<Vec<u8>>,
        created_at: i64,
        deleted_at: Option<i64>,
    }
    agent "routing_agents" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        user_id: Uuid,
        name: String,
        // Kept right for processes of the version before; what holds is in the capacities.
        maximum_chats: i16,
        revision: i64,
        applied_revision: i64,
        skills_revision: i64,
        utilization_revision: i64,
    }
    capacity "routing_capacities" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        user_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        medium: i16,
        maximum: i16,
        interruptible_by: i16,
    }
    agent_skill "routing_agent_skills" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        user_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        skill_id: Uuid,
        level: i16,
    }
    agent_language "routing_agent_languages" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        user_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        language: String,
        level: i16,
    }
    interaction "routing_interactions" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        conversation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        opening: i64,
        guest_name: String,
        topic: String,
        // Of the last transfer.
        transfer_request_id: Option<Uuid>,
        transfer_request_hash: Option<Vec<u8>>,
    }
    wrap_up_code "routing_wrap_up_codes" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        code_id: Uuid,
        name: String,
        name_folded: String,
        description: String,
        division_id: Option<Uuid>,
        revision: i64,
        request_id: Option<Uuid>,
        request_hash: Option<Vec<u8>>,
        created_at: i64,
        deleted_at: Option<i64>,
    }
    wrap_up_code_queue "routing_wrap_up_code_queues" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        queue_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        code_id: Uuid,
    }
    wrap_up "routing_wrap_ups" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        conversation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        opening: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        user_id: Uuid,
        queue_id: Uuid,
        code_id: Option<Uuid>,
        notes: String,
        at: Option<i64>,
    }
    log "routing_log" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        position: i64,
        at: i64,
        command: String,
        traceparent: Option<String>,
        epoch: i64,
    }
    snapshot "routing_snapshots" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        position: i64,
        at: i64,
        engine: Vec<u8>,
        // Of snapshots of the version before there is none.
        history: Option<Vec<u8>>,
    }
    interval "routing_intervals" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        subject: i16,
        #[sea_orm(primary_key, auto_increment = false)]
        start_at: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        subject_id: Uuid,
        tally: String,
    }
    decision "routing_decisions" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        decision_id: Uuid,
        conversation_id: Uuid,
        queue_id: Uuid,
        position: i64,
        log_position: i64,
        revision: i64,
        at: i64,
        record: String,
        // What it is about: 1 an offer, 2 one that waits.
        kind: i16,
        // Whom it was offered to.
        agent_id: Option<Uuid>,
    }
    // From before reports were packed.
    report "routing_reports" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        conversation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        position: i64,
        opening: i64,
        epoch: i64,
        traceparent: Option<String>,
        payload: Vec<u8>,
    }
    report_pack "routing_report_packs" {
        #[sea_orm(primary_key, auto_increment = false)]
        organisation_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        place: i64,
        reports: i64,
        payload: Vec<u8>,
    }
    cursor "routing_feed_cursors" {
        #[sea_orm(primary_key, auto_increment = false)]
        shard: i16,
        number: i64,
    }
    lease "routing_leases" {
        #[sea_orm(primary_key, auto_increment = false)]
        shard: i16,
        epoch: i64,
        owner: String,
        address: String,
        expires_at: i64,
    }
}

macro_rules! scoped {
    ($($module:ident)*) => {$(
        impl Scoped for $module::Entity {
            const ORGANISATION: $module::Column = $module::Column::OrganisationId;
        }
    )*};
}

scoped! {
    head queue queue_revision settings queue_word policy member skill agent capacity agent_skill agent_language interaction log snapshot interval decision
    report report_pack schedule schedule_group scheduled wrap_up_code wrap_up_code_queue wrap_up
}
