//! What of content can be set: nothing yet.

use serde::{Deserialize, Serialize};

/// The section `[content]`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {}
