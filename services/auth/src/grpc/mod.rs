//! The rpcs: decode, authorise, one call, encode.

mod deployment;
mod token;
mod trust;

pub use deployment::DeploymentHandlers;
pub use token::TokenHandlers;
pub use trust::TrustHandlers;
