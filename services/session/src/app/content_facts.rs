//! What content asks of conversations and tells of their contacts.

use super::App;
use super::access::{Seen, not_found};
use super::contacts::Draft;
use crate::contact::{Contact, Content, Definition, Field, FieldValue, Kind, KnownId, Origin, ScriptOrigin};
use crate::store::{
    Key, contact_fields, contacts,
    contacts::By,
    forgetting::{self, Forgotten},
    script_answers::{self, Answer, Outcome},
};
use onqueue_chat::{Class, ParticipantKind};
use onqueue_model::{Caller, ContactId, ConversationId, Fault, UserId, permissions};
use onqueue_store::audit::Actor;
use std::sync::Arc;

/// How many conversations content is told of at once.
const FORGOTTEN: u64 = 200;

/// Of each kind, as many as a contact may have.
const IDS: usize = 20;

/// What content must know of a conversation.
pub(crate) struct ConversationFacts {
    pub seen: Seen,
    /// Whether the caller takes part as an agent, or did when it ended.
    pub is_agent: bool,
    /// `None` too where the caller may not see contacts.
    pub contact: Option<Contact>,
    /// What the organisation keeps of its contacts.
    pub fields: Vec<Field>,
}

/// What an answer says of a contact.
pub(crate) enum Said {
    Part(Draft),
    /// An address beside the others.
    Email(KnownId),
    /// A number beside the others.
    Phone(KnownId),
    /// A custom field as text; empty removes it.
    Field(String, String),
}

/// An answer of a script, and who gave it.
pub(crate) struct Told {
    pub answer: Answer,
    pub user: UserId,
    pub script: ScriptOrigin,
    pub said: Said,
}

impl App {
    /// CONVERSATION_NOT_FOUND for guests and for whoever may not see it.
    pub async fn conversation_facts(&self, caller: &Caller, id: ConversationId) -> Result<ConversationFacts, Fault> {
        let seen = self.see(caller, id, permissions::COMMUNICATION_VIEW).await?;
        if seen.viewer.class == Class::Guest {
            return Err(not_found());
        }
        let known = self.known_contact(caller, seen.conversation.contact).await?;
        let fields = match known {
            Some(_) => contact_fields::list(self.store.reader(), caller.organisation).await?,
            None => Vec::new(),
        };
        Ok(ConversationFacts {
            is_agent: is_agent(&seen),
            contact: known,
            fields,
            seen,
        })
    }

    async fn known_contact(&self, caller: &Caller, id: Option<ContactId>) -> Result<Option<Contact>, Fault> {
        let Some(id) = id else { return Ok(None) };
        let found = contacts::find(self.store.reader(), caller.organisation, id).await?;
        let may_see = |contact: &Contact| {
            let (trust, division) = (&self.context.trust, contact.content.division);
            trust.may_in(caller, permissions::CONTACT_VIEW, division).is_ok()
        };
        Ok(found.filter(|contact| !contact.is_deleted && may_see(contact)))
    }

    /// Writes an answer of a script into the conversation's contact, once. NOT_FOUND for a custom field that there is not, also
    /// where the conversation has no contact: waiting for one would not help.
    pub async fn write_answer(&self, told: Told) -> Result<Outcome, Fault> {
        let Told {
            answer,
            user,
            script,
            said,
        } = told;
        let (organisation, now) = (answer.organisation, self.context.clock.now());
        let fields = contact_fields::list(self.store.reader(), organisation).await?;
        let definitions: Vec<Definition> = fields.into_iter().map(|field| field.definition).collect();
        let trust = self.context.trust.clone();
        let names_nothing = matches!(&said, Said::Field(key, _) if kind_of(key, &definitions).is_none());
        let judge = move |present: &Contact| {
            let division = present.content.division;
            if !trust.user_may_in(organisation, user, permissions::CONTACT_EDIT, division) {
                return Err(Fault::missing_named(permissions::CONTACT_EDIT));
            }
            said.draft(&present.content, &definitions)?
                .of(&present.content, &definitions, now)
        };
        let by = By {
            actor: Actor {
                name: format!("user:{user}"),
                at: now,
            },
            origin: Origin::Script,
            script: Some(script),
        };
        match script_answers::write(&self.store, answer, Arc::new(judge), by).await? {
            Outcome::NoContact if names_nothing => Err(no_such_field()),
            outcome => Ok(outcome),
        }
    }

    /// Conversations that content is to forget.
    pub async fn forgotten(&self) -> Result<Vec<Forgotten>, Fault> {
        Ok(forgetting::list(&self.store, FORGOTTEN).await?)
    }

    /// Content has forgotten these, each with that many answers.
    pub async fn confirm_forgotten(&self, forgotten: Vec<(Key, u64)>) -> Result<(), Fault> {
        Ok(forgetting::confirm(&self.store, forgotten).await?)
    }
}

fn is_agent(seen: &Seen) -> bool {
    let own = |id| seen.conversation.participants.iter().find(move |one| one.id == id);
    let own = seen.viewer.participant.and_then(own);
    own.is_some_and(|own| own.kind == ParticipantKind::Agent)
}

impl Said {
    /// What is to be set, where that is there. FIELD_INVALID, NOT_FOUND.
    fn draft(&self, present: &Content, definitions: &[Definition]) -> Result<Draft, Fault> {
        let mut draft = Draft::default();
        match self {
            Self::Part(part) => return Ok(part.clone()),
            Self::Email(id) => draft.emails = with(present, id)?,
            Self::Phone(id) => draft.phones = with(present, id)?,
            Self::Field(key, text) => {
                let kind = kind_of(key, definitions).ok_or_else(no_such_field)?;
                draft.field = [(key.clone(), typed(kind, key, text)?)].into();
            }
        }
        Ok(draft)
    }
}

/// The type of a custom field, if there is one of that key.
fn kind_of(key: &str, definitions: &[Definition]) -> Option<Kind> {
    let known = definitions.iter().find(|one| one.key == key);
    known.map(|definition| definition.kind)
}

fn no_such_field() -> Fault {
    Fault::not_found("contact_field")
}

/// All of that kind with this one; `None` if it is there already.
fn with(present: &Content, id: &KnownId) -> Result<Option<Vec<KnownId>>, Fault> {
    let mut all: Vec<KnownId> = present.written(id.by.kind()).into_iter().cloned().collect();
    if all.iter().any(|one| one.by == id.by) {
        return Ok(None);
    }
    if all.len() >= IDS {
        return Err(Fault::field("contact", format!("at most {IDS} of a kind")));
    }
    all.push(id.clone());
    Ok(Some(all))
}

/// A text as the field's type reads it.
fn typed(kind: Kind, key: &str, text: &str) -> Result<Option<FieldValue>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = |what: &str| Fault::field("contact.fields", format!("{key}: must be {what}"));
    Ok(Some(match kind {
        Kind::Text => FieldValue::Text(text.to_owned()),
        Kind::Number => FieldValue::Number(text.parse().map_err(|_| wrong("a number"))?),
        Kind::Boolean => FieldValue::Boolean(text.parse().map_err(|_| wrong("true or false"))?),
        Kind::Date => FieldValue::Date(text.to_owned()),
        Kind::Choice => FieldValue::Choice(text.to_owned()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::{email, phone};
    use onqueue_model::{DivisionId, Id, Timestamp};
    use uuid::Uuid;

    fn definitions() -> Vec<Definition> {
        let field = |key: &str, kind, choices: &[&str]| Definition {
            key: key.to_owned(),
            name: key.to_owned(),
            kind,
            choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
        };
        vec![
            field("orders", Kind::Number, &[]),
            field("vip", Kind::Boolean, &[]),
            field("since", Kind::Date, &[]),
            field("tier", Kind::Choice, &["gold"]),
        ]
    }

    fn after(said: &Said, present: &Content) -> Result<Content, Fault> {
        said.draft(present, &definitions())?
            .of(present, &definitions(), Timestamp(1))
    }

    #[test]
    fn answers_are_read_as_the_fields_type_says() {
        let nothing = Content::nothing(DivisionId::new(Uuid::from_u128(1)));
        for (key, text, expected) in [
            ("orders", "12.5", Some(FieldValue::Number(12.5))),
            ("orders", "many", None),
            ("vip", "true", Some(FieldValue::Boolean(true))),
            ("vip", "yes", None),
            ("since", "2026-02-28", Some(FieldValue::Date("2026-02-28".to_owned()))),
            ("since", "2026-02-30", None),
            ("tier", "gold", Some(FieldValue::Choice("gold".to_owned()))),
            ("tier", "tin", None),
            ("unknown", "x", None),
        ] {
            let said = Said::Field(key.to_owned(), text.to_owned());
            let outcome = after(&said, &nothing);
            assert_eq!(outcome.is_ok(), expected.is_some(), "{key} {text}");
            let value = outcome.ok().and_then(|content| content.fields.get(key).cloned());
            assert_eq!(value, expected, "{key} {text}");
        }
    }

    #[test]
    fn an_empty_answer_removes_a_field_and_an_address_is_added_once() {
        let mut present = Content::nothing(Id::new(Uuid::from_u128(1)));
        present.fields.insert("vip".to_owned(), FieldValue::Boolean(true));
        present.ids.push(email("", "ann@example.com").expect("good"));
        let gone = after(&Said::Field("vip".to_owned(), String::new()), &present).expect("good");
        assert!(gone.fields.is_empty());
        let same = Said::Email(email("", "Ann@example.com").expect("good"));
        assert_eq!(after(&same, &present).expect("good"), present);
        let more = Said::Phone(phone("", "+49 30 1").expect("good"));
        assert_eq!(after(&more, &present).expect("good").ids.len(), 2);
    }
}
