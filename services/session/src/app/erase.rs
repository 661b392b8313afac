//! Forgetting customers for good: who they are at once, then what they said, conversation by conversation, and last what the
//! database's files still hold of it. A receipt says how far that has come, so that it goes on after a restart.

use super::App;
use super::contacts::may;
use crate::contact::{Contact, Origin};
use crate::store::{
    contacts::By,
    erasures::{self, Erasure, Judge, Listing, Wanted},
    forgetting, policies,
};
use onqueue_model::{Caller, ContactId, ErasureId, Fault, QueueId, permissions};
use onqueue_server::resource::Page;
use onqueue_store::Purged;
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// How often it is looked for what another replica left undone.
const EVERY: Duration = Duration::from_secs(30);

/// How soon the database is asked again when somebody reads what was there before.
const SOON: Duration = Duration::from_secs(1);

/// How often a database is asked that cleans itself without being asked.
const RARELY: Duration = Duration::from_secs(3_600);

/// How many receipts are looked at at once.
const AT_ONCE: u64 = 100;

/// Tables in which something personal of customers is.
const TABLES: &[&str] = &[
    "session_conversations",
    "session_events",
    "session_participants",
    "session_guest_tokens",
    "session_guest_ids",
    "session_contacts",
    "session_contact_ids",
    "session_contact_changes",
    "session_feed",
    "session_attachments",
    "session_search_words",
];

/// A receipt, and of how many conversations the contents are still to go.
pub(crate) struct Receipt {
    pub erasure: Erasure,
    pub remaining: u64,
    /// Of how many content has not said yet that it has forgotten them.
    pub remaining_in_content: u64,
}

impl App {
    /// Erases a contact with everything that was said; answers the receipt, of the first time if there was one.
    pub async fn erase_contact(&self, caller: &Caller, contact: ContactId, etag: String) -> Result<Receipt, Fault> {
        let divisions = self.context.trust.divisions(caller, permissions::TRANSCRIPT_ERASE);
        let queues = policies::queues_in(&self.store, caller.organisation, &divisions).await?;
        let by = By {
            actor: self.actor(caller),
            origin: Origin::Agent,
            script: None,
        };
        let wanted = Wanted {
            id: self.context.ids.id(by.actor.at),
            contact,
            etag,
            by,
        };
        let judge = self.may_erase(caller, queues.into_iter().collect());
        let erasure = erasures::begin(&self.store, caller.organisation, judge, wanted).await?;
        self.finish(&erasure).await?;
        self.erasing.notify_one();
        self.receipt(caller, erasure.id).await
    }

    fn may_erase(&self, caller: &Caller, allowed: BTreeSet<QueueId>) -> Judge {
        let (trust, who) = (self.context.trust.clone(), caller.clone());
        Arc::new(move |contact: &Contact, queues: &BTreeSet<QueueId>| {
            may(&trust, &who, permissions::TRANSCRIPT_ERASE, contact)?;
            match queues.difference(&allowed).next() {
                None => Ok(()),
                Some(queue) => Err(Fault::missing_named(permissions::TRANSCRIPT_ERASE).with("queue_id", queue)),
            }
        })
    }

    /// Removes what was said in the conversations of a receipt, as far as it is still there.
    async fn finish(&self, erasure: &Erasure) -> Result<(), Fault> {
        let key = (erasure.organisation, erasure.id);
        loop {
            let emptied = erasures::go_on(&self.store, key, self.context.clock.now()).await?;
            if emptied.is_empty() {
                return Ok(());
            }
            for conversation in emptied {
                // Their names are gone; if their bytes cannot be removed now, they follow.
                self.erase_attachments((erasure.organisation, conversation), None)
                    .await?;
            }
        }
    }

    /// One receipt that the caller may see.
    pub async fn receipt(&self, caller: &Caller, id: ErasureId) -> Result<Receipt, Fault> {
        let found = erasures::find(&self.store, caller.organisation, id).await?;
        let erasure = found.ok_or_else(no_erasure)?;
        let trust = &self.context.trust;
        let seen = trust.may_in(caller, permissions::TRANSCRIPT_ERASE, erasure.division);
        seen.map_err(|_| no_erasure())?;
        self.with_remaining(erasure).await
    }

    /// The receipts that the caller may see, the newest first.
    pub async fn receipts(
        &self,
        caller: &Caller,
        (before, size): (Option<ErasureId>, u64),
    ) -> Result<Page<Receipt, ErasureId>, Fault> {
        let listing = Listing {
            divisions: self.context.trust.divisions(caller, permissions::TRANSCRIPT_ERASE),
            before,
            limit: size + 1,
        };
        let found = erasures::list(&self.store, caller.organisation, &listing).await?;
        let page = Page::of(found, size, |last| last.id);
        let mut items = Vec::with_capacity(page.items.len());
        for erasure in page.items {
            items.push(self.with_remaining(erasure).await?);
        }
        Ok(Page { items, next: page.next })
    }

    async fn with_remaining(&self, erasure: Erasure) -> Result<Receipt, Fault> {
        Ok(Receipt {
            remaining: match erasure.purged_at {
                Some(_) => 0,
                None => erasures::remaining(&self.store, &erasure).await?,
            },
            remaining_in_content: forgetting::remaining(&self.store, erasure.organisation, erasure.id).await?,
            erasure,
        })
    }

    /// Finishes what was begun and has the database cleaned, for ever; for a task.
    pub async fn keep_erasing(&self) {
        loop {
            let pause = match self.clean().await {
                Ok(None | Some(Purged::Yes)) => EVERY,
                Ok(Some(Purged::Busy)) => SOON,
                Ok(Some(Purged::NotOurs)) => {
                    tracing::info!("the database cleans itself of what was erased: its tables are another role's");
                    RARELY
                }
                Err(fault) => {
                    tracing::warn!(%fault, context = fault.context, "what is to be erased could not be; it is tried again");
                    EVERY
                }
            };
            // Another erasing begins at once; what this one left is looked at then, too.
            let _ = tokio::time::timeout(pause, self.erasing.notified()).await;
        }
    }

    /// `None` if there was nothing to do.
    async fn clean(&self) -> Result<Option<Purged>, Fault> {
        let begun = erasures::unpurged(&self.store, AT_ONCE).await?;
        if begun.is_empty() {
            return Ok(None);
        }
        for erasure in &begun {
            self.finish(erasure).await?;
        }
        let purged = self.store.purge(TABLES).await?;
        if purged == Purged::Yes {
            let ids = begun.iter().map(|erasure| (erasure.organisation, erasure.id)).collect();
            erasures::purged(&self.store, ids, self.context.clock.now()).await?;
        }
        Ok(Some(purged))
    }
}

fn no_erasure() -> Fault {
    Fault::not_found("erasure")
}
