//! What tests of services need: time that is moved by hand, ids that repeat, a database in a folder that goes away, tokens
//! for whoever is wanted, and waiting for a condition instead of sleeping.
#![deny(missing_docs)]

mod surroundings;
mod tokens;
mod waiting;

pub use surroundings::{START, TempStore, running_context, still_context, temp_store, traced};
pub use tokens::{Tokens, with_token};
pub use waiting::until;
