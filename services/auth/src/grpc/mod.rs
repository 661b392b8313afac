//! The rpcs: decode, authorise, one call, encode.

mod api_client;
mod deployment;
mod deployment_draft;
mod division;
mod grant;
mod organisation;
mod permission;
mod role;
mod token;
mod trust;
mod user;
mod user_draft;

pub use api_client::ApiClientHandlers;
pub use deployment::DeploymentHandlers;
pub use division::DivisionHandlers;
pub use grant::GrantHandlers;
pub use organisation::OrganisationHandlers;
pub use permission::PermissionHandlers;
pub use role::RoleHandlers;
pub use token::TokenHandlers;
pub use trust::TrustHandlers;
pub use user::UserHandlers;
