//! What the gateway does of its own.

pub(crate) mod desk;
mod follow;
