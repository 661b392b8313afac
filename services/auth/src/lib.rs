//! Organisations, users, roles and tokens: who somebody is, and what the other services may believe of it. It owns the
//! trust tables that they read; judging by those is the trust library's.

mod app;
mod grpc;
mod lockout;
mod migrations;
mod recovery;
mod refusals;
mod rotation;
pub mod seed;
mod settings;
mod store;

pub use migrations::Migrations;
pub use recovery::reset_password;
pub use rotation::{SigningKey, rotate_signing_key, signing_keys, withdraw_signing_key};
pub use seed::{Seed, found, seed, seed_missing};
pub use settings::Settings;

use onqueue_model::{Fault, OrganisationId};
use onqueue_proto::auth::v1::{
    api_client_service_server::ApiClientServiceServer, deployment_service_server::DeploymentServiceServer,
    division_service_server::DivisionServiceServer, grant_service_server::GrantServiceServer,
    organisation_service_server::OrganisationServiceServer, permission_service_server::PermissionServiceServer,
    role_service_server::RoleServiceServer, token_service_server::TokenServiceServer,
    trust_service_server::TrustServiceServer, user_service_server::UserServiceServer,
};
use onqueue_server::{Bound, Context};
use onqueue_store::Store;
use std::sync::Arc;

/// The name of this service.
const NAME: &str = "auth";

/// The organisation whose users log in with that short name; for the operator at the database.
pub async fn organisation_called(store: &Store, slug: &str) -> Result<Option<OrganisationId>, Fault> {
    Ok(store::Tables::new(store.clone()).organisation_called(slug).await?)
}

/// Binds the service: makes a signing key if there is none, and keeps keys and tables tidy in the background. The tables
/// must have been made; keeping `context.trust` up to date afterwards is the process's business, once for all services.
pub async fn bind(settings: &Settings, store: Store, context: Context) -> Result<Bound, Fault> {
    settings.check()?;
    let tables = store::Tables::new(store.clone());
    let keys = app::Keys::open(tables.clone(), context.clone(), settings).await?;
    onqueue_trust::read_store(&store, &context.trust, context.clock.now()).await?;
    let checks = app::passwords::Checks::new(settings.password_checks);
    let tokens = app::Tokens::new(
        tables.clone(),
        Arc::clone(&keys),
        context.clone(),
        checks.clone(),
        settings,
    );
    let administration = app::Administration::new(tables.clone(), context.clone(), checks, settings);
    let clients = app::ApiClients::new(tables.clone(), Arc::clone(&keys), context.clone(), settings);
    let clients = Arc::new(clients);
    let deployments = app::Deployments::new(tables.clone(), context.clone());
    let organisations = app::Organisations::new(tables.clone(), context.clone());
    context
        .tasks
        .spawn("auth upkeep", app::upkeep(tables, keys, context.clone()));
    let routes = tonic::service::Routes::new(TokenServiceServer::new(grpc::TokenHandlers::new(
        tokens,
        Arc::clone(&clients),
    )))
    .add_service(TrustServiceServer::new(grpc::TrustHandlers::new(context.clone())))
    .add_service(OrganisationServiceServer::new(grpc::OrganisationHandlers::new(
        organisations,
    )))
    .add_service(ApiClientServiceServer::new(grpc::ApiClientHandlers::new(clients)))
    .add_service(DeploymentServiceServer::new(grpc::DeploymentHandlers::new(
        deployments,
        context.trust,
    )));
    let routes = with_administration(routes, &administration);
    Ok(Bound { name: NAME, routes })
}

fn with_administration(routes: tonic::service::Routes, all: &app::Administration) -> tonic::service::Routes {
    routes
        .add_service(DivisionServiceServer::new(grpc::DivisionHandlers(all.clone())))
        .add_service(UserServiceServer::new(grpc::UserHandlers(all.clone())))
        .add_service(RoleServiceServer::new(grpc::RoleHandlers(all.clone())))
        .add_service(GrantServiceServer::new(grpc::GrantHandlers(all.clone())))
        .add_service(PermissionServiceServer::new(grpc::PermissionHandlers(all.clone())))
}
