//! ContactService.

use super::{Api, contact_decode as decode, contact_encode as encode, encode as encode_conversation};
use crate::app::contacts::Said;
use crate::contact::Origin;
use onqueue_model::Fault;
use onqueue_proto::session::v1::{
    ConfirmContactRequest, ConfirmContactResponse, Contact, CreateContactRequest, CreateContactResponse,
    DeleteContactRequest, DeleteContactResponse, GetContactRequest, GetContactResponse, ListContactChangesRequest,
    ListContactChangesResponse, ListContactConversationsRequest, ListContactConversationsResponse,
    ListContactSuggestionsRequest, ListContactSuggestionsResponse, ListContactsRequest, ListContactsResponse,
    MergeContactsRequest, MergeContactsResponse, SeparateContactRequest, SeparateContactResponse, UpdateContactRequest,
    UpdateContactResponse, contact_service_server::ContactService,
};
use onqueue_server::resource::{Once, given, id, optional_id, page_size};
use onqueue_server::{caller, status};
use onqueue_store::{decode_token, encode_token};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl ContactService for Api {
    async fn create_contact(
        &self,
        request: Request<CreateContactRequest>,
    ) -> Result<Response<CreateContactResponse>, Status> {
        let contact = Some(self.create_contact(&request).await.map_err(status)?);
        Ok(Response::new(CreateContactResponse { contact }))
    }

    async fn get_contact(&self, request: Request<GetContactRequest>) -> Result<Response<GetContactResponse>, Status> {
        let contact = Some(self.get_contact(&request).await.map_err(status)?);
        Ok(Response::new(GetContactResponse { contact }))
    }

    async fn list_contacts(
        &self,
        request: Request<ListContactsRequest>,
    ) -> Result<Response<ListContactsResponse>, Status> {
        self.list_contacts(&request).await.map(Response::new).map_err(status)
    }

    async fn update_contact(
        &self,
        request: Request<UpdateContactRequest>,
    ) -> Result<Response<UpdateContactResponse>, Status> {
        let contact = Some(self.update_contact(&request).await.map_err(status)?);
        Ok(Response::new(UpdateContactResponse { contact }))
    }

    async fn delete_contact(
        &self,
        request: Request<DeleteContactRequest>,
    ) -> Result<Response<DeleteContactResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = id("contact_id", &asked.contact_id).map_err(status)?;
        self.0.delete_contact(&caller, id, asked.etag).await.map_err(status)?;
        Ok(Response::new(DeleteContactResponse {}))
    }

    async fn merge_contacts(
        &self,
        request: Request<MergeContactsRequest>,
    ) -> Result<Response<MergeContactsResponse>, Status> {
        let contact = Some(self.merge_contacts(&request).await.map_err(status)?);
        Ok(Response::new(MergeContactsResponse { contact }))
    }

    async fn separate_contact(
        &self,
        request: Request<SeparateContactRequest>,
    ) -> Result<Response<SeparateContactResponse>, Status> {
        let contact = Some(self.separate_contact(&request).await.map_err(status)?);
        Ok(Response::new(SeparateContactResponse { contact }))
    }

    async fn list_contact_conversations(
        &self,
        request: Request<ListContactConversationsRequest>,
    ) -> Result<Response<ListContactConversationsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let id = id("contact_id", &asked.contact_id).map_err(status)?;
        let page = place(&asked.page_token, asked.page_size).map_err(status)?;
        let page = self.0.contact_conversations(&caller, id, page).await.map_err(status)?;
        Ok(Response::new(ListContactConversationsResponse {
            conversations: page.items.iter().map(encode_conversation::conversation).collect(),
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
        }))
    }

    async fn list_contact_suggestions(
        &self,
        request: Request<ListContactSuggestionsRequest>,
    ) -> Result<Response<ListContactSuggestionsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = id("conversation_id", &request.get_ref().conversation_id).map_err(status)?;
        let suggested = self.0.contact_suggestions(&caller, id).await.map_err(status)?;
        let shown = self.0.definitions(&caller).await.map_err(status)?;
        Ok(Response::new(encode::suggestions(suggested, &shown)))
    }

    async fn confirm_contact(
        &self,
        request: Request<ConfirmContactRequest>,
    ) -> Result<Response<ConfirmContactResponse>, Status> {
        self.confirm_contact(&request).await.map(Response::new).map_err(status)
    }

    async fn list_contact_changes(
        &self,
        request: Request<ListContactChangesRequest>,
    ) -> Result<Response<ListContactChangesResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let id = id("contact_id", &asked.contact_id).map_err(status)?;
        let page = place(&asked.page_token, asked.page_size).map_err(status)?;
        let page = self.0.contact_changes(&caller, id, page).await.map_err(status)?;
        Ok(Response::new(ListContactChangesResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            changes: page.items.into_iter().map(encode::change).collect(),
        }))
    }
}

fn place<T: serde::de::DeserializeOwned>(token: &str, size: i32) -> Result<(Option<T>, u64), Fault> {
    Ok((decode_token(token)?, page_size(size)?))
}

impl Api {
    async fn create_contact(&self, request: &Request<CreateContactRequest>) -> Result<Contact, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let contact = given("contact", asked.contact.as_ref())?;
        let once = Once::of(&asked.request_id, contact)?;
        let draft = decode::whole(contact)?;
        let made = self.0.create_contact(&caller, &draft, once).await?;
        Ok(encode::contact(made, &self.0.definitions(&caller).await?))
    }

    async fn get_contact(&self, request: &Request<GetContactRequest>) -> Result<Contact, Fault> {
        let caller = caller(request)?;
        let id = id("contact_id", &request.get_ref().contact_id)?;
        let found = self.0.get_contact(&caller, id).await?;
        Ok(encode::contact(found, &self.0.definitions(&caller).await?))
    }

    async fn list_contacts(&self, request: &Request<ListContactsRequest>) -> Result<ListContactsResponse, Fault> {
        let caller = caller(request)?;
        let listing = decode::listing(request.get_ref())?;
        let page = self.0.list_contacts(&caller, listing).await?;
        let shown = self.0.definitions(&caller).await?;
        Ok(ListContactsResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            contacts: page.items.into_iter().map(|one| encode::contact(one, &shown)).collect(),
        })
    }

    async fn update_contact(&self, request: &Request<UpdateContactRequest>) -> Result<Contact, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let contact = given("contact", asked.contact.as_ref())?;
        let which = (id("contact.contact_id", &contact.contact_id)?, contact.etag.clone());
        let paths = asked.update_mask.as_ref().map_or(&[][..], |mask| &mask.paths);
        let draft = decode::named(contact, paths)?;
        let origin = asked.by_script.then_some(Origin::Script);
        let changed = self.0.update_contact(&caller, which, draft, origin).await?;
        Ok(encode::contact(changed, &self.0.definitions(&caller).await?))
    }

    async fn merge_contacts(&self, request: &Request<MergeContactsRequest>) -> Result<Contact, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let into = (id("contact_id", &asked.contact_id)?, asked.etag.clone());
        let merged = id("merged_contact_id", &asked.merged_contact_id)?;
        let merged = (merged, asked.merged_etag.clone());
        let contact = self.0.merge_contacts(&caller, into, merged).await?;
        Ok(encode::contact(contact, &self.0.definitions(&caller).await?))
    }

    async fn separate_contact(&self, request: &Request<SeparateContactRequest>) -> Result<Contact, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let alias = id("contact_id", &asked.contact_id)?;
        let contact = self.0.separate_contact(&caller, alias, asked.etag.clone()).await?;
        Ok(encode::contact(contact, &self.0.definitions(&caller).await?))
    }

    async fn confirm_contact(&self, request: &Request<ConfirmContactRequest>) -> Result<ConfirmContactResponse, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let said = Said {
            conversation: id("conversation_id", &asked.conversation_id)?,
            contact: optional_id("contact_id", &asked.contact_id)?,
            former: optional_id("former_contact_id", &asked.former_contact_id)?,
        };
        let (contact, seen) = self.0.confirm_contact(&caller, said).await?;
        Ok(ConfirmContactResponse {
            contact: Some(encode::contact(contact, &self.0.definitions(&caller).await?)),
            conversation: Some(encode_conversation::conversation(&seen)),
        })
    }
}
