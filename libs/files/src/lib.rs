//! Files that people send: where their bytes are kept ([`Depot`]), what they are by their content ([`content`]), what they may
//! be called ([`name`]), and who is asked whether they do harm ([`Scanner`]). Whose they are and who may have them is for
//! services/session to say.
#![deny(missing_docs)]

pub mod content;
mod depot;
mod http;
pub mod name;
mod refusal;
mod scanner;
mod settings;

pub use depot::{Depot, PART, Place};
pub use refusal::Refusal;
pub use scanner::{Finding, Scanner};
pub use settings::Settings;
