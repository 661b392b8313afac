//! What callers may do with libraries and responses.

mod allowed;
mod authority;
mod contact_writes;
mod conversation_facts;
mod exports;
mod facts;
mod forget;
mod imports;
mod libraries;
mod render;
mod responses;
mod script_refusals;
mod script_runs;
mod scripts;
mod search;
mod upkeep;

pub use exports::File;
pub use imports::{Incoming, Progress};
pub use libraries::LibraryChange;
pub use render::{Render, Rendered};
pub use responses::{ResponseChange, Used, Wanted};
pub use script_runs::{Absence, Begun, Glance, Submission, View};
pub use scripts::{ScriptChange, release};
pub use search::{Found, Sought};

use crate::store::{Actor, Change, Tables};
use allowed::Allowance;
use authority::Authority;
use onqueue_model::{Caller, Principal};
use onqueue_server::{Context, InProcess};
use script_runs::Published;
use search::Indexes;
use std::sync::Arc;

/// The service. Clones share it.
#[derive(Clone)]
pub struct Content(Arc<Inner>);

struct Inner {
    tables: Tables,
    context: Context,
    session: InProcess,
    allowance: Allowance,
    indexes: Indexes,
    published: Published,
}

impl Content {
    /// On these tables; `session` is asked about conversations.
    pub fn new(tables: Tables, context: Context, session: InProcess) -> Self {
        Self(Arc::new(Inner {
            allowance: Allowance::new(session.clone(), context.clock.clone()),
            indexes: Indexes::new(tables.clone(), context.clock.clone()),
            published: Published::new(),
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
