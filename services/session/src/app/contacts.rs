//! What is known of customers: read, changed, merged, and said to be whom a conversation is with.

use super::App;
use super::access::{Seen, Viewer};
use crate::contact::{Contact, Content, Definition, FieldValue, KnownBy, KnownId, Origin};
use crate::store::{
    contact_changes::{self, Changed, Place},
    contact_fields,
    contact_lists::{self, Listing, NamePlace, Visible},
    contact_merges::{self, Merge, Separation},
    contacts::{self, By, Change, New, not_found},
    guest_ids::{self, Confirmation, Given, With},
    policies,
};
use onqueue_chat::Class;
use onqueue_model::{
    Caller, ContactId, ConversationId, DivisionId, Divisions, Fault, Language, Principal, Timestamp, permissions,
};
use onqueue_server::resource::{Once, Page};
use onqueue_store::audit::Actor;
use onqueue_trust::Trust;
use std::{collections::BTreeMap, sync::Arc};

/// How many contacts are suggested at most.
const SUGGESTIONS: usize = 20;

/// What is to be set about a contact; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub division: Option<DivisionId>,
    pub name: Option<String>,
    pub language: Option<Option<Language>>,
    /// All of their kind.
    pub emails: Option<Vec<KnownId>>,
    pub phones: Option<Vec<KnownId>>,
    pub external: Option<Vec<KnownId>>,
    /// All custom fields.
    pub fields: Option<BTreeMap<String, FieldValue>>,
    /// Single ones; `None` has them removed.
    pub field: BTreeMap<String, Option<FieldValue>>,
    pub notes: Option<String>,
    pub consents: Option<Vec<(String, bool)>>,
}

/// What a conversation may be with.
pub(crate) struct Suggested {
    pub contacts: Vec<(Contact, Vec<KnownBy>)>,
    pub given: Vec<Given>,
}

/// Who a conversation is said to be with, and what it was with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    pub conversation: ConversationId,
    /// `None` for somebody new.
    pub contact: Option<ContactId>,
    pub former: Option<ContactId>,
}

impl Draft {
    /// The content with what is given.
    pub fn of(&self, present: &Content, definitions: &[Definition], now: Timestamp) -> Result<Content, Fault> {
        let mut content = present.clone();
        let set = |new: &Option<String>, old: &mut String| {
            if let Some(new) = new {
                old.clone_from(new);
            }
        };
        set(&self.name, &mut content.name);
        set(&self.notes, &mut content.notes);
        content.division = self.division.unwrap_or(present.division);
        if let Some(language) = &self.language {
            content.language.clone_from(language);
        }
        for (kind, ids) in [(1, &self.emails), (2, &self.phones), (3, &self.external)] {
            if let Some(ids) = ids {
                replace(&mut content.ids, kind, ids);
            }
        }
        if let Some(said) = &self.consents {
            content.consents = present.consents_as_of(said, now);
        }
        self.set_fields(&mut content.fields, definitions)?;
        Ok(content)
    }

    fn set_fields(&self, present: &mut BTreeMap<String, FieldValue>, known: &[Definition]) -> Result<(), Fault> {
        let find = |key: &String| {
            let unknown = || Fault::field("contact.fields", format!("{key}: there is no such field"));
            known.iter().find(|one| one.key == *key).ok_or_else(unknown)
        };
        if let Some(all) = &self.fields {
            // What was removed from the organisation's fields is not the caller's to forget.
            present.retain(|key, _| !known.iter().any(|one| one.key == *key));
            for (key, value) in all {
                find(key)?.check(value)?;
                present.insert(key.clone(), value.clone());
            }
        }
        for (key, value) in &self.field {
            let definition = find(key)?;
            match value {
                None => drop(present.remove(key)),
                Some(value) => {
                    definition.check(value)?;
                    present.insert(key.clone(), value.clone());
                }
            }
        }
        Ok(())
    }
}

/// Those of one kind are to be these; what was there stays in its place and as it was written.
fn replace(present: &mut Vec<KnownId>, kind: i16, wanted: &[KnownId]) {
    present.retain(|id| id.by.kind() != kind || wanted.iter().any(|one| one.by == id.by));
    for id in wanted {
        if !present.iter().any(|one| one.by == id.by) {
            present.push(id.clone());
        }
    }
}

impl App {
    /// Makes a contact.
    pub async fn create_contact(&self, caller: &Caller, draft: &Draft, once: Once) -> Result<Contact, Fault> {
        let division = draft
            .division
            .ok_or_else(|| Fault::field("contact.division_id", "must be given"))?;
        self.context.trust.may_in(caller, permissions::CONTACT_ADD, division)?;
        let by = self.by(caller);
        let definitions = self.definitions(caller).await?;
        let content = draft.of(&Content::nothing(division), &definitions, by.actor.at)?;
        let new = self.new_contact(content, Some(once), by.actor.at);
        Ok(contacts::create(&self.store, caller.organisation, new, by).await?)
    }

    /// A contact that is to be, of which nothing is proved.
    pub fn new_contact(&self, content: Content, once: Option<Once>, now: Timestamp) -> New {
        New {
            id: self.context.ids.id(now),
            content,
            proved: false,
            salt: self.context.ids.bytes(),
            once,
        }
    }

    /// The contact, if the caller may see it.
    pub async fn get_contact(&self, caller: &Caller, id: ContactId) -> Result<Contact, Fault> {
        let found = contacts::find(self.store.reader(), caller.organisation, id).await?;
        let found = found.filter(|contact| !contact.is_deleted).ok_or_else(not_found)?;
        let trust = &self.context.trust;
        let seen = trust.may_in(caller, permissions::CONTACT_VIEW, found.content.division);
        seen.map_err(|_| not_found())?;
        Ok(found)
    }

    /// The contacts that the caller may see, by name.
    pub async fn list_contacts(
        &self,
        caller: &Caller,
        mut listing: Listing,
    ) -> Result<Page<Contact, NamePlace>, Fault> {
        let size = listing.limit;
        listing.limit += 1;
        listing.divisions = self.context.trust.divisions(caller, permissions::CONTACT_VIEW);
        let found = contact_lists::list(&self.store, caller.organisation, &listing).await?;
        Ok(Page::of(found, size, NamePlace::of))
    }

    /// Changes what the draft gives.
    pub async fn update_contact(
        &self,
        caller: &Caller,
        (id, etag): (ContactId, String),
        draft: Draft,
        origin: Option<Origin>,
    ) -> Result<Contact, Fault> {
        let mut by = self.by(caller);
        by.origin = origin.filter(|_| caller.user().is_some()).unwrap_or(by.origin);
        let (definitions, now) = (self.definitions(caller).await?, by.actor.at);
        let (trust, who) = (self.context.trust.clone(), caller.clone());
        let judge = move |present: &Contact| {
            may(&trust, &who, permissions::CONTACT_EDIT, present)?;
            let content = draft.of(&present.content, &definitions, now)?;
            if content.division != present.content.division {
                trust.may_in(&who, permissions::CONTACT_EDIT, content.division)?;
            }
            Ok(content)
        };
        let change = Change { etag, by };
        Ok(contacts::update(&self.store, caller.organisation, id, Arc::new(judge), change).await?)
    }

    /// Forgets a contact.
    pub async fn delete_contact(&self, caller: &Caller, id: ContactId, etag: String) -> Result<(), Fault> {
        let judge = self.judge(caller, permissions::CONTACT_DELETE);
        let change = Change {
            etag,
            by: self.by(caller),
        };
        Ok(contacts::delete(&self.store, caller.organisation, id, judge, change).await?)
    }

    /// Makes one contact of two.
    pub async fn merge_contacts(
        &self,
        caller: &Caller,
        into: (ContactId, String),
        merged: (ContactId, String),
    ) -> Result<Contact, Fault> {
        let judge = self.judge(caller, permissions::CONTACT_EDIT);
        let by = By {
            origin: Origin::Merge,
            ..self.by(caller)
        };
        let merge = Merge { into, merged, by };
        Ok(contact_merges::merge(&self.store, caller.organisation, judge, merge).await?)
    }

    /// Makes an alias a contact of its own again.
    pub async fn separate_contact(&self, caller: &Caller, alias: ContactId, etag: String) -> Result<Contact, Fault> {
        let judge = self.judge(caller, permissions::CONTACT_EDIT);
        let by = By {
            origin: Origin::Merge,
            ..self.by(caller)
        };
        let separation = Separation { alias, etag, by };
        Ok(contact_merges::separate(&self.store, caller.organisation, judge, separation).await?)
    }

    /// The contact's history, the newest first.
    pub async fn contact_changes(
        &self,
        caller: &Caller,
        id: ContactId,
        (after, size): (Option<Place>, u64),
    ) -> Result<Page<Changed, Place>, Fault> {
        let contact = self.get_contact(caller, id).await?;
        let found = contact_changes::list(&self.store, caller.organisation, &contact, (after, size + 1)).await?;
        Ok(Page::of(found, size, Changed::place))
    }

    /// The contact's conversations that the caller may see, the newest first.
    pub async fn contact_conversations(
        &self,
        caller: &Caller,
        id: ContactId,
        (before, size): (Option<ConversationId>, u64),
    ) -> Result<Page<Seen, ConversationId>, Fault> {
        let contact = self.get_contact(caller, id).await?;
        let divisions = self.context.trust.divisions(caller, permissions::COMMUNICATION_VIEW);
        let visible = Visible {
            queues: policies::queues_in(&self.store, caller.organisation, &divisions).await?,
            user: caller.subject(),
            before,
            limit: size + 1,
        };
        let found = contact_lists::conversations(&self.store, caller.organisation, &contact, &visible).await?;
        let mut seen = Vec::with_capacity(found.len());
        for conversation in found {
            let class = match visible.queues.contains(&conversation.head.queue) {
                true => Class::Supervisor,
                false => Class::Agent,
            };
            let viewer = Viewer {
                class,
                participant: None,
            };
            seen.push(self.with_policy(conversation, viewer).await?);
        }
        Ok(Page::of(seen, size, |last| last.conversation.head.conversation))
    }

    /// Whom a conversation may be with, by what its guest gave.
    pub async fn contact_suggestions(&self, caller: &Caller, id: ConversationId) -> Result<Suggested, Fault> {
        let seen = self.see(caller, id, permissions::COMMUNICATION_VIEW).await?;
        let given = guest_ids::of(self.store.reader(), (caller.organisation, id)).await?;
        let known: Vec<KnownBy> = given.iter().map(|given| given.id.by.clone()).collect();
        let divisions: Divisions = self.context.trust.divisions(caller, permissions::CONTACT_VIEW);
        let within = (&divisions, SUGGESTIONS);
        let mut contacts = contact_lists::suggestions(&self.store, caller.organisation, &known, within).await?;
        let is_it = |contact: &Contact, id: ContactId| contact.id == id || contact.aliases.contains(&id);
        contacts.retain(|(contact, _)| !seen.conversation.contact.is_some_and(|id| is_it(contact, id)));
        Ok(Suggested { contacts, given })
    }

    /// Notes whom a conversation is with.
    pub async fn confirm_contact(&self, caller: &Caller, said: Said) -> Result<(Contact, Seen), Fault> {
        let seen = self
            .see(caller, said.conversation, permissions::COMMUNICATION_VIEW)
            .await?;
        let with = match said.contact {
            Some(id) => With::This(self.get_contact(caller, id).await?.id),
            None => With::New(Box::new(self.somebody_new(caller, &seen)?)),
        };
        let confirmation = Confirmation {
            conversation: said.conversation,
            former: said.former,
            with,
            by: self.by(caller),
        };
        let judge = self.judge(caller, permissions::CONTACT_EDIT);
        let contact = guest_ids::confirm(&self.store, caller.organisation, judge, confirmation).await?;
        let seen = self
            .see(caller, said.conversation, permissions::COMMUNICATION_VIEW)
            .await?;
        Ok((contact, seen))
    }

    /// A contact of what a conversation says of its guest, where its queue is. It is made once for the conversation.
    fn somebody_new(&self, caller: &Caller, seen: &Seen) -> Result<New, Fault> {
        let policy = seen.policy.as_ref().ok_or_else(super::access::not_found)?;
        self.context
            .trust
            .may_in(caller, permissions::CONTACT_ADD, policy.division)?;
        let conversation = &seen.conversation;
        let content = Content {
            name: conversation.guest_name.clone(),
            language: conversation.language.as_deref().and_then(Language::parse),
            ..Content::nothing(policy.division)
        };
        let once = Once {
            request: conversation.head.conversation.uuid(),
            hash: [0; 32],
        };
        Ok(self.new_contact(content, Some(once), self.context.clock.now()))
    }

    /// What the organisation keeps of its contacts.
    pub async fn definitions(&self, caller: &Caller) -> Result<Vec<Definition>, Fault> {
        let fields = contact_fields::list(self.store.reader(), caller.organisation).await?;
        Ok(fields.into_iter().map(|field| field.definition).collect())
    }

    /// Who changes contacts, and by what way.
    fn by(&self, caller: &Caller) -> By {
        let origin = match caller.principal {
            Principal::User { .. } => Origin::Agent,
            _ => Origin::Api,
        };
        By {
            actor: self.actor(caller),
            origin,
            script: None,
        }
    }

    /// As the audit trail names them.
    pub fn actor(&self, caller: &Caller) -> Actor {
        Actor {
            name: caller.actor(),
            at: self.context.clock.now(),
        }
    }

    fn judge(&self, caller: &Caller, permission: &'static str) -> contacts::Judge<()> {
        let (trust, who) = (self.context.trust.clone(), caller.clone());
        Arc::new(move |contact: &Contact| may(&trust, &who, permission, contact))
    }
}

/// NOT_FOUND for who may not see the contact, PERMISSION_MISSING for who may see it and not do that.
pub(crate) fn may(trust: &Trust, who: &Caller, permission: &str, contact: &Contact) -> Result<(), Fault> {
    let division = contact.content.division;
    match trust.may_in(who, permission, division) {
        Ok(()) => Ok(()),
        Err(missing) => match trust.may_in(who, permissions::CONTACT_VIEW, division) {
            Ok(()) => Err(missing),
            Err(_) => Err(not_found()),
        },
    }
}
