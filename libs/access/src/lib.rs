//! Who may do what: token claims and their checks, roles, grants and their evaluation. Pure data and decisions; signing
//! and remembering tokens is left to the trust library, storing grants to the auth service.
#![deny(missing_docs)]

mod claims;
mod grants;
mod roles;
mod ticket;

pub use claims::{AUDIENCE, Claims, Issuer, MAX_CLIENT_LIFETIME, MAX_LIFETIME};
pub use grants::{Grant, Grants};
pub use roles::DefaultRole;
pub use ticket::{Errand, Ticket};
