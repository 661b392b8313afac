//! The tables of this service as sea-orm sees them. Nothing outside of `store` knows them.

use onqueue_store::Scoped;

/// Everything about one table: its columns, the key first.
macro_rules! tables {
    ($($module:ident $table:literal { $($key:ident: $key_kind:ty,)* ; $($(#[$attribute:meta])* $column:ident: $kind:ty,)* })*) => {$(
        pub mod $module {
            use sea_orm::entity::prelude::*;
            use serde::Serialize;

            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                $(#[sea_orm(primary_key, auto_increment = false)] pub $key: $key_kind,)*
                $($(#[$attribute])* pub $column: $kind,)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    )*};
}

tables! {
    organisation "auth_organisations" {
        organisation_id: Uuid, ;
        slug: String,
        name: String,
        language: String,
        time_zone: String,
        #[serde(skip)] revision: i64,
        created_at: i64,
    }
    division "auth_divisions" {
        organisation_id: Uuid, division_id: Uuid, ;
        name: String,
        name_folded: String,
        description: String,
        revision: i64,
        created_at: i64,
        deleted_at: Option<i64>,
        #[serde(skip)] request_id: Option<Uuid>,
        #[serde(skip)] request_hash: Option<Vec<u8>>,
    }
    user "auth_users" {
        organisation_id: Uuid, user_id: Uuid, ;
        division_id: Uuid,
        name: String,
        email: String,
        email_folded: String,
        language: String,
        #[serde(skip)] password_hash: Option<String>,
        name_folded: String,
        #[serde(skip)] address_key: String,
        state: i32,
        revision: i64,
        created_at: i64,
        deleted_at: Option<i64>,
        #[serde(skip)] request_id: Option<Uuid>,
        #[serde(skip)] request_hash: Option<Vec<u8>>,
    }
    login_failure "auth_login_failures" {
        address_hash: Vec<u8>, ;
        failures: String,
        locked_until: Option<i64>,
        ends_at: i64,
    }
    role "auth_roles" {
        organisation_id: Uuid, role_id: Uuid, ;
        name: String,
        name_folded: String,
        description: String,
        permissions: String,
        revision: i64,
        created_at: i64,
        deleted_at: Option<i64>,
        #[serde(skip)] request_id: Option<Uuid>,
        #[serde(skip)] request_hash: Option<Vec<u8>>,
    }
    grant "auth_grants" { organisation_id: Uuid, user_id: Uuid, role_id: Uuid, division_id: Uuid, ; }
    session "auth_sessions" {
        organisation_id: Uuid, session_id: Uuid, ;
        user_id: Uuid,
        made_at: i64,
        revoked_at: Option<i64>,
    }
    refresh_token "auth_refresh_tokens" {
        organisation_id: Uuid, token_hash: Vec<u8>, ;
        session_id: Uuid,
        made_at: i64,
        expires_at: i64,
        used_at: Option<i64>,
        successor_hash: Option<Vec<u8>>,
    }
    signing_key "auth_signing_keys" {
        kid: String, ;
        #[serde(skip)] secret: Vec<u8>,
        public_key: Vec<u8>,
        made_at: i64,
        signs_until: i64,
        expires_at: i64,
    }
    deployment "auth_deployments" {
        organisation_id: Uuid, deployment_id: Uuid, ;
        division_id: Uuid,
        name: String,
        #[serde(skip)] name_folded: String,
        enabled: bool,
        origins: String,
        queues: String,
        greetings: String,
        identity_keys: String,
        #[serde(skip)] revision: i64,
        created_at: i64,
        deleted_at: Option<i64>,
        #[serde(skip)] request_id: Option<Uuid>,
        #[serde(skip)] request_hash: Option<Vec<u8>>,
    }
    api_client "auth_api_clients" {
        organisation_id: Uuid, client_id: Uuid, ;
        division_id: Uuid,
        name: String,
        #[serde(skip)] name_folded: String,
        description: String,
        enabled: bool,
        #[serde(skip)] secret_hash: Vec<u8>,
        #[serde(skip)] token_id: Uuid,
        #[serde(skip)] revision: i64,
        created_at: i64,
        deleted_at: Option<i64>,
        #[serde(skip)] request_id: Uuid,
        #[serde(skip)] request_hash: Vec<u8>,
    }
    trust_head "auth_trust_head" { id: i32, ; revision: i64, }
    trust_key "auth_trust_keys" { kid: String, ; public_key: Vec<u8>, expires_at: i64, }
    trust_revoked "auth_trust_revoked" { organisation_id: Uuid, token_id: Uuid, ; expires_at: i64, revision: i64, }
    trust_organisation "auth_trust_organisations" { organisation_id: Uuid, ; revision: i64, }
    trust_grant "auth_trust_grants" {
        organisation_id: Uuid, subject_id: Uuid, division_id: Uuid, permission: String, ;
    }
    trust_deployment "auth_trust_deployments" {
        organisation_id: Uuid, id: Uuid, ;
        name: String,
        enabled: bool,
        origins: String,
        queues: String,
        greetings: String,
        identity_keys: String,
    }
}

macro_rules! scoped {
    ($($module:ident)*) => {$(
        impl Scoped for $module::Entity {
            const ORGANISATION: $module::Column = $module::Column::OrganisationId;
        }
    )*};
}

scoped! { organisation division user role grant session refresh_token deployment api_client trust_grant trust_deployment }
