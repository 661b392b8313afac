//! Organisations, users, roles and tokens: who somebody is, and what the other services may believe of it. It owns the
//! trust tables that they read; judging by those is the trust library's.

mod app;
mod grpc;
mod lockout;
mod migrations;
mod refusals;
pub mod seed;
mod settings;
mod store;

pub use migrations::Migrations;
pub use seed::{Seed, seed};
pub use settings::Settings;

use onqueue_model::Fault;
use onqueue_proto::auth::v1::{
    deployment_service_server::DeploymentServiceServer, token_service_server::TokenServiceServer,
    trust_service_server::TrustServiceServer,
};
use onqueue_server::{Bound, Context};
use onqueue_store::Store;
use std::sync::Arc;

/// The name of this service.
const NAME: &str = "auth";

/// Binds the service: makes a signing key if there is none, and keeps keys and tables tidy in the background. The tables
/// must have been made; keeping `context.trust` up to date afterwards is the process's business, once for all services.
pub async fn bind(settings: &Settings, store: Store, context: Context) -> Result<Bound, Fault> {
    settings.check()?;
    let tables = store::Tables::new(store.clone());
    let keys = app::Keys::open(tables.clone(), context.clone(), settings).await?;
    onqueue_trust::read_store(&store, &context.trust, context.clock.now()).await?;
    let tokens = app::Tokens::new(tables.clone(), Arc::clone(&keys), context.clone(), settings);
    context
        .tasks
        .spawn("auth upkeep", app::upkeep(tables, keys, context.clone()));
    let routes = tonic::service::Routes::new(TokenServiceServer::new(grpc::TokenHandlers::new(tokens)))
        .add_service(TrustServiceServer::new(grpc::TrustHandlers::new(context.clone())))
        .add_service(DeploymentServiceServer::new(grpc::DeploymentHandlers::new(
            context.trust,
        )));
    Ok(Bound { name: NAME, routes })
}
