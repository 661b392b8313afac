//! The scripts that the demo begins with.

use crate::app::release;
use crate::grpc::script_content;
use crate::script::{Script, ScriptContent};
use crate::store::{Actor, Change, New, Tables};
use onqueue_model::{Fault, OrganisationId, Reason, ScriptId};
use onqueue_proto::content::v1 as proto;
use onqueue_server::Context;
use onqueue_store::{Store, StoreError};
use std::sync::Arc;

/// An organisation's scripts.
#[derive(Clone, Debug)]
pub struct ScriptSeed {
    /// Whose.
    pub organisation: OrganisationId,
    /// Scripts, each with its id and its document.
    pub scripts: Vec<proto::Script>,
}

/// Makes the scripts that the organisation never had, and publishes them. What people have changed or deleted stays so, and a
/// script whose name is taken is left out. FIELD_INVALID and ID_MALFORMED as CreateScript answers them, SCRIPT_INVALID as
/// PublishScript does.
pub async fn seed_scripts(store: &Store, context: &Context, seed: ScriptSeed) -> Result<(), Fault> {
    let tables = Tables(store.clone());
    let by = Actor {
        name: "operator".to_owned(),
        at: context.clock.now(),
    };
    for script in seed.scripts {
        let id = script.script_id.parse().map_err(|_| Fault::id("script_id"))?;
        put(&tables, seed.organisation, (id, script_content(&script)?), &by).await?;
    }
    Ok(())
}

async fn put(
    tables: &Tables,
    organisation: OrganisationId,
    (id, content): (ScriptId, ScriptContent),
    by: &Actor,
) -> Result<(), Fault> {
    let made = match tables.script(organisation, id).await? {
        // Begun and not finished: nobody has published anything of it yet.
        Some(there) if there.version == 0 && there.content == content && !there.is_deleted => there,
        Some(_) => return Ok(()),
        None => {
            let new = New {
                id,
                content,
                once: None,
            };
            match tables.create_script(organisation, new, by.clone()).await {
                Err(StoreError::Refused(fault)) if fault.reason == Reason::NameTaken => return Ok(()),
                made => made?,
            }
        }
    };
    let judge = Arc::new(|script: &Script| release(&script.content.document));
    let change = Change {
        etag: made.revision.to_string(),
        by: by.clone(),
    };
    tables.publish_script(organisation, id, judge, change).await?;
    Ok(())
}
