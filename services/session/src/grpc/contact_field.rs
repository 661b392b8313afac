//! ContactFieldService.

use super::{Api, contact_decode as decode, contact_encode as encode};
use crate::contact::Definition;
use crate::store::contact_fields::Edit;
use onqueue_model::Fault;
use onqueue_proto::session::v1::{
    ContactField, CreateContactFieldRequest, CreateContactFieldResponse, DeleteContactFieldRequest,
    DeleteContactFieldResponse, ListContactFieldsRequest, ListContactFieldsResponse, UpdateContactFieldRequest,
    UpdateContactFieldResponse, contact_field_service_server::ContactFieldService,
};
use onqueue_server::resource::{Mask, Once, given, id, name};
use onqueue_server::{caller, status};
use tonic::{Request, Response, Status};

const FIELDS: &[&str] = &["name", "choices"];

#[tonic::async_trait]
impl ContactFieldService for Api {
    async fn create_contact_field(
        &self,
        request: Request<CreateContactFieldRequest>,
    ) -> Result<Response<CreateContactFieldResponse>, Status> {
        let contact_field = Some(self.create_field(&request).await.map_err(status)?);
        Ok(Response::new(CreateContactFieldResponse { contact_field }))
    }

    async fn list_contact_fields(
        &self,
        request: Request<ListContactFieldsRequest>,
    ) -> Result<Response<ListContactFieldsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let fields = self.0.list_contact_fields(&caller).await.map_err(status)?;
        Ok(Response::new(ListContactFieldsResponse {
            contact_fields: fields.into_iter().map(encode::field).collect(),
        }))
    }

    async fn update_contact_field(
        &self,
        request: Request<UpdateContactFieldRequest>,
    ) -> Result<Response<UpdateContactFieldResponse>, Status> {
        let contact_field = Some(self.update_field(&request).await.map_err(status)?);
        Ok(Response::new(UpdateContactFieldResponse { contact_field }))
    }

    async fn delete_contact_field(
        &self,
        request: Request<DeleteContactFieldRequest>,
    ) -> Result<Response<DeleteContactFieldResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = id("contact_field_id", &asked.contact_field_id).map_err(status)?;
        let deleted = self.0.delete_contact_field(&caller, id, asked.etag).await;
        deleted.map_err(status)?;
        Ok(Response::new(DeleteContactFieldResponse {}))
    }
}

impl Api {
    async fn create_field(&self, request: &Request<CreateContactFieldRequest>) -> Result<ContactField, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let field = given("contact_field", asked.contact_field.as_ref())?;
        let once = Once::of(&asked.request_id, field)?;
        let definition = decode::definition(field)?;
        let made = self.0.create_contact_field(&caller, definition, once).await?;
        Ok(encode::field(made))
    }

    async fn update_field(&self, request: &Request<UpdateContactFieldRequest>) -> Result<ContactField, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let field = given("contact_field", asked.contact_field.as_ref())?.clone();
        let id = id("contact_field.contact_field_id", &field.contact_field_id)?;
        let mask = Mask::of(asked.update_mask.as_ref(), FIELDS)?;
        let etag = field.etag.clone();
        let change = move |present: &Definition| {
            let mut after = present.clone();
            if mask.has("name") {
                after.name = name("contact_field.name", &field.name)?;
            }
            if mask.has("choices") {
                after.choices = decode::choices(present.kind, &field.choices)?;
            }
            Ok(after)
        };
        let edit = Edit {
            etag,
            change: Box::new(change),
        };
        Ok(encode::field(self.0.update_contact_field(&caller, id, edit).await?))
    }
}
