//! DivisionService.

use crate::{
    app::{Administration, DivisionDraft},
    store::Division,
};
use onqueue_model::{Fault, Timestamp};
use onqueue_proto::{
    auth::v1::{
        self as proto, CreateDivisionRequest, CreateDivisionResponse, DeleteDivisionRequest, DeleteDivisionResponse,
        GetDivisionRequest, GetDivisionResponse, ListDivisionsRequest, ListDivisionsResponse, UpdateDivisionRequest,
        UpdateDivisionResponse, division_service_server::DivisionService,
    },
    timestamp,
};
use onqueue_server::{
    caller,
    resource::{Mask, Once, description, given, id, name, page_size},
    status,
};
use onqueue_store::{decode_token, encode_token};
use tonic::{Request, Response, Status};

/// Its handlers.
pub struct DivisionHandlers(pub Administration);

#[async_trait::async_trait]
impl DivisionService for DivisionHandlers {
    async fn create_division(
        &self,
        request: Request<CreateDivisionRequest>,
    ) -> Result<Response<CreateDivisionResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let (draft, once) = creation(request.get_ref()).map_err(status)?;
        let made = self.0.create_division(&caller, draft, once).await.map_err(status)?;
        let division = Some(encode(made));
        Ok(Response::new(CreateDivisionResponse { division }))
    }

    async fn get_division(
        &self,
        request: Request<GetDivisionRequest>,
    ) -> Result<Response<GetDivisionResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = id("division_id", &request.get_ref().division_id).map_err(status)?;
        let division = Some(encode(self.0.get_division(&caller, id).await.map_err(status)?));
        Ok(Response::new(GetDivisionResponse { division }))
    }

    async fn list_divisions(
        &self,
        request: Request<ListDivisionsRequest>,
    ) -> Result<Response<ListDivisionsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let size = page_size(asked.page_size).map_err(status)?;
        let after = decode_token(&asked.page_token).map_err(status)?;
        let page = self.0.list_divisions(&caller, &asked.text, after, size);
        let page = page.await.map_err(status)?;
        Ok(Response::new(ListDivisionsResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            divisions: page.items.into_iter().map(encode).collect(),
        }))
    }

    async fn update_division(
        &self,
        request: Request<UpdateDivisionRequest>,
    ) -> Result<Response<UpdateDivisionResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let division = given("division", asked.division.as_ref()).map_err(status)?;
        let id = id("division.division_id", &division.division_id).map_err(status)?;
        let change = change(asked, division).map_err(status)?;
        let updated = self.0.update_division(&caller, id, change, division.etag.clone());
        let division = Some(encode(updated.await.map_err(status)?));
        Ok(Response::new(UpdateDivisionResponse { division }))
    }

    async fn delete_division(
        &self,
        request: Request<DeleteDivisionRequest>,
    ) -> Result<Response<DeleteDivisionResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = id("division_id", &asked.division_id).map_err(status)?;
        self.0.delete_division(&caller, id, asked.etag).await.map_err(status)?;
        Ok(Response::new(DeleteDivisionResponse {}))
    }
}

fn creation(asked: &CreateDivisionRequest) -> Result<(DivisionDraft, Once), Fault> {
    let division = given("division", asked.division.as_ref())?;
    let draft = DivisionDraft {
        name: name("division.name", &division.name)?,
        description: description("division.description", &division.description)?,
    };
    Ok((draft, Once::of(&asked.request_id, division)?))
}

fn change(asked: &UpdateDivisionRequest, division: &proto::Division) -> Result<(DivisionDraft, Mask), Fault> {
    let mask = Mask::of(asked.update_mask.as_ref(), &["name", "description"])?;
    let mut draft = DivisionDraft {
        name: String::new(),
        description: String::new(),
    };
    if mask.has("name") {
        draft.name = name("division.name", &division.name)?;
    }
    if mask.has("description") {
        draft.description = description("division.description", &division.description)?;
    }
    Ok((draft, mask))
}

fn encode(division: Division) -> proto::Division {
    proto::Division {
        division_id: division.id.to_string(),
        etag: division.revision.to_string(),
        name: division.name,
        description: division.description,
        created_at: made(division.created_at),
    }
}

/// When something was made, if that is known.
pub(super) fn made(at: Timestamp) -> Option<prost_types::Timestamp> {
    (at.millis() > 0).then(|| timestamp(at))
}
