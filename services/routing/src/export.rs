//! A live routing log as the text that `onqueue route` repeats.

use crate::store::Tables;
use onqueue_acd::Settings;
use onqueue_acd::text::{Entry, Input, Log, lines};
use onqueue_model::{Fault, OrganisationId};
use onqueue_store::Store;

/// Where an export begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// With the first input ever.
    First,
    /// After the oldest snapshot that is kept, or with the first input if there is none.
    Snapshot,
}

/// An export that is being written.
#[derive(Debug)]
pub struct Export {
    tables: Tables,
    organisation: OrganisationId,
    /// The last input that was read.
    position: i64,
    /// The last input when it began.
    last: i64,
    snapshot: Option<Vec<u8>>,
}

impl Export {
    /// Begins an export of what there is now. Refused for an organisation without a log, and with [`Beginning::First`] for one
    /// whose first inputs are not kept any more.
    pub async fn begin(store: &Store, organisation: OrganisationId, beginning: Beginning) -> Result<Self, Fault> {
        let tables = Tables(store.clone());
        let Some(extent) = tables.log_extent(organisation).await? else {
            return Err(Fault::unavailable(format!(
                "there is no routing log of an organisation {organisation}"
            )));
        };
        let oldest = match beginning {
            Beginning::First => None,
            Beginning::Snapshot => tables.oldest_snapshot(organisation).await?,
        };
        let (position, snapshot) = match oldest {
            Some((position, snapshot)) => (position, Some(snapshot)),
            None => (0, None),
        };
        if *extent.start() > position + 1 {
            return Err(Fault::unavailable(format!(
                "the log of organisation {organisation} is kept from input {} on only: begin with the oldest snapshot \
                 (--from-snapshot FILE)",
                extent.start()
            )));
        }
        Ok(Self {
            tables,
            organisation,
            position,
            last: *extent.end(),
            snapshot,
        })
    }

    /// The engine with which `onqueue route --snapshot` has to begin; `None` where it begins with a fresh one.
    pub fn snapshot(&self) -> Option<&[u8]> {
        self.snapshot.as_deref()
    }

    /// The line that comes before all others, without its end.
    pub fn first_line(&self) -> String {
        lines(&empty()).next().unwrap_or_default()
    }

    /// The next lines, without their ends; none when all were written.
    pub async fn next(&mut self) -> Result<Vec<String>, Fault> {
        let inputs = self.tables.inputs(self.organisation, self.position, self.last).await?;
        let Some(last) = inputs.last().map(|input| input.position) else {
            return Ok(Vec::new());
        };
        if inputs[0].position != self.position + 1 {
            return Err(Fault::unavailable(
                "inputs were dropped while they were written; begin again",
            ));
        }
        self.position = last;
        let entries = inputs.into_iter().map(|input| Entry {
            at: input.at,
            input: Input::Command(input.command),
        });
        let log = Log {
            entries: entries.collect(),
            ..empty()
        };
        Ok(lines(&log).skip(1).collect())
    }
}

/// An engine begins with nobody; whoever there is comes by commands.
fn empty() -> Log {
    Log::new(Settings::default(), Vec::new(), Vec::new())
}
