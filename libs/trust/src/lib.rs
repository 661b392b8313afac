//! Who may do what, judged in this process: verified tokens, revocations, grants and deployments, from the trust bundle
//! that auth and session write. Reading the bundle and judging by it is here; writing it is theirs.
#![deny(missing_docs)]

mod assertion;
mod bundle;
mod follow;
mod jws;
mod parts;
mod signer;
mod state;
mod trust;
mod wire;

pub use assertion::{Identity, IdentitySecret, identify};
pub use bundle::{Bundle, Change, Deployment, DeploymentQueue, Holdings, IdentityKey, Key, Revoked};
pub use follow::{follow_service, follow_store, read_store};
pub use onqueue_access::{Claims, Errand, Grant, Issuer, Ticket};
pub use parts::parts;
pub use signer::Signer;
pub use trust::{Installed, STALE_AFTER, Trust};
