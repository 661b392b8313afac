//! `onqueue transcript verify`: whether what was said is as it was written.

use super::organisation;
use crate::{cli::TranscriptVerify, node::Stores, output::say, settings::Loaded};
use onqueue_bus::Bus;
use onqueue_model::{Fault, Id, OrganisationId};
use onqueue_server::{Clock, Context, Ids, Tasks};
use onqueue_session::{Verification, verify_one, verify_some};
use onqueue_store::{Lock, Store, audit};
use onqueue_trust::Trust;

/// What was found in all.
#[derive(Default)]
struct Sum {
    conversations: u64,
    events: i64,
    removals: usize,
    broken: u64,
}

/// Says what is wrong, a line each, and in the end what was checked.
pub async fn verify(loaded: Loaded, options: TranscriptVerify) -> Result<(), Fault> {
    let mut settings = loaded.settings;
    // Whose tables it reads, whatever runs in the processes that share the file.
    settings.process.services = ["session".to_owned()].into();
    // A running installation holds the lock; it goes on.
    let _lock = Lock::take(&settings.store).ok();
    let context = context();
    let organisation = organisation::named(&settings, &context, &options.organisation).await?;
    let stores = Stores::open_at_once(&settings, &context).await?;
    let store = stores
        .of("session")
        .ok_or_else(|| Fault::internal("session has no database"))?;
    let trail = audit::verify(store.reader(), "session", organisation).await;
    let mut sum = Sum::default();
    if let Err(error) = &trail {
        say(error);
        sum.broken += 1;
    }
    match &options.conversation {
        Some(one) => sum.add(&verify_one(store, organisation, id("a conversation's id", one)?).await?),
        None => verify_all(store, organisation, &mut sum).await?,
    }
    say(format_args!(
        "{} conversations with {} events checked, {} of them removed as they should be",
        sum.conversations, sum.events, sum.removals
    ));
    match sum.broken {
        0 => Ok(()),
        broken => Err(Fault::unavailable(format!("{broken} not as written"))),
    }
}

async fn verify_all(store: &Store, organisation: OrganisationId, sum: &mut Sum) -> Result<(), Fault> {
    let mut after = None;
    loop {
        let some = verify_some(store, organisation, after).await?;
        let Some(last) = some.last() else { return Ok(()) };
        after = Some(last.conversation);
        some.iter().for_each(|one| sum.add(one));
    }
}

impl Sum {
    fn add(&mut self, one: &Verification) {
        self.conversations += 1;
        self.events += one.events;
        self.removals += one.removals;
        if let Some(problem) = &one.problem {
            self.broken += 1;
            say(format_args!("conversation {}: {problem}", one.conversation));
        }
    }
}

fn id<T>(what: &str, text: &str) -> Result<Id<T>, Fault> {
    text.parse()
        .map_err(|_| Fault::unavailable(format!("{text}: {what} is a UUID")))
}

fn context() -> Context {
    Context {
        clock: Clock::system(),
        ids: Ids::system(),
        tasks: Tasks::new(),
        bus: Bus::in_process(),
        trust: Trust::new(),
    }
}
