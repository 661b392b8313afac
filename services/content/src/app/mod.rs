//! What callers may do with libraries and responses.

mod authority;
mod facts;
mod libraries;
mod render;
mod responses;
mod search;

pub use libraries::LibraryChange;
pub use render::{Render, Rendered};
pub use responses::{ResponseChange, Wanted};
pub use search::{Found, Sought};

use crate::store::{Actor, Change, Tables};
use authority::Authority;
use onqueue_model::{Caller, Principal};
use onqueue_server::{Context, InProcess};
use search::Indexes;
use std::sync::Arc;

/// The service. Clones share it.
#[derive(Clone)]
pub struct Content(Arc<Inner>);

struct Inner {
    tables: Tables,
    context: Context,
    session: InProcess,
    indexes: Indexes,
}

impl Content {
    /// On these tables; `session` is asked about conversations.
    pub fn new(tables: Tables, context: Context, session: InProcess) -> Self {
        Self(Arc::new(Inner {
            indexes: Indexes::new(tables.clone(), context.clock.clone()),
            tables,
            context,
            session,
        }))
    }

    fn authority(&self, caller: &Caller) -> Authority {
        Authority::new(self.0.context.trust.clone(), caller.clone())
    }

    fn actor(&self, caller: &Caller) -> Actor {
        Actor {
            name: caller.actor(),
            at: self.0.context.clock.now(),
        }
    }

    fn change(&self, caller: &Caller, etag: String) -> Change {
        let by = self.actor(caller);
        Change { etag, by }
    }
}

/// The caller as others see them; `None` for who has no name.
fn name(caller: &Caller) -> Option<String> {
    match &caller.principal {
        Principal::User { name, .. } | Principal::Client { name, .. } => {
            Some(name.clone()).filter(|name| !name.is_empty())
        }
        Principal::Guest { .. } => None,
    }
}
