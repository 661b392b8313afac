//! The demo's scripts: the examples of the documentation.

use super::id;
use onqueue_content::ScriptSeed;
use onqueue_model::{DivisionId, Fault, OrganisationId, ScriptId};
use onqueue_proto::content::v1 as proto;

/// By the name that `demo.toml` has for each, in which division it is, what it is called, and the file.
const SCRIPTS: [(&str, &str, &str, &str); 2] = [
    (
        "identify-the-customer",
        "",
        "Identify the customer",
        include_str!("../../../../docs/examples/scripts/identify-the-customer.json"),
    ),
    (
        "return-of-goods",
        "Sales",
        "Return of goods",
        include_str!("../../../../docs/examples/scripts/return-of-goods.json"),
    ),
];

/// The scripts; `division` finds one by its name, the first without one.
pub fn load(organisation: OrganisationId, division: impl Fn(&str) -> DivisionId) -> ScriptSeed {
    let script = |(called, place, name, document): &(&str, &str, &str, &str)| proto::Script {
        script_id: script(called).to_string(),
        name: (*name).to_owned(),
        division_id: division(place).to_string(),
        document: (*document).to_owned(),
        ..proto::Script::default()
    };
    ScriptSeed {
        organisation,
        scripts: SCRIPTS.iter().map(script).collect(),
    }
}

/// The script of that name in `demo.toml`; none for none.
pub fn named(called: &str) -> Result<Option<ScriptId>, Fault> {
    match called {
        "" => Ok(None),
        known if SCRIPTS.iter().any(|(own, ..)| *own == known) => Ok(Some(script(known))),
        other => Err(Fault::internal(format!("demo.toml: no script {other}"))),
    }
}

fn script(called: &str) -> ScriptId {
    id("script", called)
}
