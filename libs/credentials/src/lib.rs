//! Who a service is to other services: its certificate, the authority that all of them trust, and the names in them. Reads
//! them from files, reads them again when they change, and makes a development authority. What a name may call is for the
//! rpcs to declare.
//!
//! The files of each service lie as cert-manager mounts them: `<folder>/<service>/{tls.crt,tls.key,ca.crt}`, in PEM. The
//! certificate carries one of our names, `<service>.onqueue.internal`, and serves both ends of a connection.
#![deny(missing_docs)]

pub mod authority;
mod files;
mod identity;
mod name;
mod set;
mod settings;

pub use identity::Identity;
pub use name::{SERVICES, peer, server_name};
pub use settings::Settings;
