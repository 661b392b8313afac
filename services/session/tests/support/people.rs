//! Contacts, and customers of whom a web site proves who they are.
#![allow(dead_code)] // each test file uses its part of it

use super::support::{Chat, Desk, House, agent, chat, division, id, organisation, site, wish};
use onqueue_proto::session::v1::{
    self as proto, Contact, ContactChange, Conversation, contact_field_service_client::ContactFieldServiceClient,
    contact_service_client::ContactServiceClient, erasure_service_client::ErasureServiceClient,
};
use onqueue_server::InProcess;
use onqueue_testkit::with_token;
use std::sync::atomic::{AtomicU64, Ordering};
use tonic::Status;

/// The deployment's id.
pub fn shop_page() -> String {
    id::<()>(5).to_string()
}

/// An assertion of the web site about its customer of this number; with an address that it has verified, if there is one.
pub fn assertion(house: &House, customer: &str, email: Option<&str>) -> String {
    let now = house.desk.context.clock.now().millis() / 1_000;
    let claims = serde_json::json!({
        "iss": "shop", "sub": customer, "aud": shop_page(), "iat": now, "exp": now + 300,
        "email": email, "email_verified": email.is_some(), "name": "Ann Lee", "locale": "en",
    });
    site().assertion("site", &claims)
}

/// A request id that was never used.
pub fn fresh() -> String {
    static USED: AtomicU64 = AtomicU64::new(0);
    let next = USED.fetch_add(1, Ordering::Relaxed);
    id::<()>(9_000_000 + u128::from(next)).to_string()
}

impl House {
    /// A token of an agent who may do all with contacts in the division, and in a conversation what agents may.
    pub fn keeper_token(&self) -> String {
        let permissions = [
            "externalContacts:*:*",
            "conversation:communication:view",
            "recording:transcript:*",
        ];
        self.tokens.grant(organisation(), agent(), division(), &permissions);
        self.tokens.user(organisation(), agent(), "Ada")
    }
}

/// What is to be known of somebody.
pub fn somebody(name: &str) -> Contact {
    Contact {
        division_id: division().to_string(),
        name: name.to_owned(),
        ..Contact::default()
    }
}

impl Desk {
    pub fn contacts(&self) -> ContactServiceClient<InProcess> {
        ContactServiceClient::new(self.service.clone())
    }

    pub fn fields(&self) -> ContactFieldServiceClient<InProcess> {
        ContactFieldServiceClient::new(self.service.clone())
    }

    pub fn erasures(&self) -> ErasureServiceClient<InProcess> {
        ErasureServiceClient::new(self.service.clone())
    }

    pub async fn make(&self, token: &str, contact: Contact) -> Result<Contact, Status> {
        let request = proto::CreateContactRequest {
            request_id: fresh(),
            contact: Some(contact),
        };
        let answer = self.contacts().create_contact(with_token(request, token)).await?;
        Ok(answer.into_inner().contact.expect("a contact"))
    }

    pub async fn contact(&self, token: &str, contact_id: &str) -> Result<Contact, Status> {
        let request = proto::GetContactRequest {
            contact_id: contact_id.to_owned(),
        };
        let answer = self.contacts().get_contact(with_token(request, token)).await?;
        Ok(answer.into_inner().contact.expect("a contact"))
    }

    pub async fn change(&self, token: &str, contact: Contact, mask: &[&str]) -> Result<Contact, Status> {
        let mut request = proto::UpdateContactRequest {
            contact: Some(contact),
            update_mask: Some(Default::default()),
            by_script: false,
        };
        if let Some(named) = &mut request.update_mask {
            named.paths = mask.iter().map(|path| (*path).to_owned()).collect();
        }
        let answer = self.contacts().update_contact(with_token(request, token)).await?;
        Ok(answer.into_inner().contact.expect("a contact"))
    }

    pub async fn merge(&self, token: &str, into: &Contact, merged: &Contact) -> Result<Contact, Status> {
        let request = proto::MergeContactsRequest {
            contact_id: into.contact_id.clone(),
            etag: into.etag.clone(),
            merged_contact_id: merged.contact_id.clone(),
            merged_etag: merged.etag.clone(),
        };
        let answer = self.contacts().merge_contacts(with_token(request, token)).await?;
        Ok(answer.into_inner().contact.expect("a contact"))
    }

    pub async fn separate(&self, token: &str, alias: &str, etag: &str) -> Result<Contact, Status> {
        let request = proto::SeparateContactRequest {
            contact_id: alias.to_owned(),
            etag: etag.to_owned(),
        };
        let answer = self.contacts().separate_contact(with_token(request, token)).await?;
        Ok(answer.into_inner().contact.expect("a contact"))
    }

    /// A contact's history in the order in which it came about, read in pages.
    pub async fn history(&self, token: &str, contact_id: &str) -> Vec<ContactChange> {
        let (mut changes, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = proto::ListContactChangesRequest {
                contact_id: contact_id.to_owned(),
                page_size: 2,
                page_token,
            };
            let page = self.contacts().list_contact_changes(with_token(request, token)).await;
            let page = page.expect("a page").into_inner();
            changes.extend(page.changes);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                changes.reverse();
                return changes;
            }
        }
    }

    pub async fn conversations_of(&self, token: &str, contact_id: &str) -> Vec<Conversation> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = proto::ListContactConversationsRequest {
                contact_id: contact_id.to_owned(),
                page_size: 2,
                page_token,
            };
            let page = self
                .contacts()
                .list_contact_conversations(with_token(request, token))
                .await;
            let page = page.expect("a page").into_inner();
            all.extend(page.conversations);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }

    pub async fn suggested(&self, token: &str, chat: &str) -> proto::ListContactSuggestionsResponse {
        let request = proto::ListContactSuggestionsRequest {
            conversation_id: chat.to_owned(),
        };
        let answer = self
            .contacts()
            .list_contact_suggestions(with_token(request, token))
            .await;
        answer.expect("suggestions").into_inner()
    }

    pub async fn confirm(
        &self,
        token: &str,
        chat: &str,
        (contact, former): (&str, &str),
    ) -> Result<proto::ConfirmContactResponse, Status> {
        let request = proto::ConfirmContactRequest {
            conversation_id: chat.to_owned(),
            contact_id: contact.to_owned(),
            former_contact_id: former.to_owned(),
        };
        let answer = self.contacts().confirm_contact(with_token(request, token)).await?;
        Ok(answer.into_inner())
    }

    pub async fn erase(&self, token: &str, contact_id: &str, etag: &str) -> Result<proto::Erasure, Status> {
        let request = proto::EraseContactRequest {
            contact_id: contact_id.to_owned(),
            etag: etag.to_owned(),
        };
        let answer = self.erasures().erase_contact(with_token(request, token)).await?;
        Ok(answer.into_inner().erasure.expect("a receipt"))
    }

    /// A chat of somebody of whom the web site says who they are.
    pub async fn start_as(&self, request: u128, assertion: &str) -> Result<Chat, Status> {
        let wish = proto::StartConversationRequest {
            identity_assertion: assertion.to_owned(),
            ..wish(request)
        };
        self.try_start(wish).await.map(chat)
    }
}
