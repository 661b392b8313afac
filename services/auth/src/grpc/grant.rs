//! GrantService.

use super::user_draft::optional_division;
use crate::{
    app::{Administration, GrantQuery},
    store::{GrantPlace, Granted, grants_etag},
};
use onqueue_model::{DivisionId, Fault, RoleId};
use onqueue_proto::auth::v1::{
    self as proto, GetGrantsRequest, GetGrantsResponse, ListGrantsRequest, ListGrantsResponse, SetGrantsRequest,
    SetGrantsResponse, grant_service_server::GrantService,
};
use onqueue_server::{
    caller,
    resource::{id, optional_id, page_size},
    status,
};
use onqueue_store::{decode_token, encode_token};
use std::collections::BTreeSet;
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// How many grants somebody holds at most.
const GRANTS: usize = 200;

/// Its handlers.
pub struct GrantHandlers(pub Administration);

#[async_trait::async_trait]
impl GrantService for GrantHandlers {
    async fn list_grants(&self, request: Request<ListGrantsRequest>) -> Result<Response<ListGrantsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let size = page_size(asked.page_size).map_err(status)?;
        let after = decode_token::<GrantPlace>(&asked.page_token).map_err(status)?;
        let query = query(asked).map_err(status)?;
        let page = self.0.list_grants(&caller, query, after, size).await.map_err(status)?;
        Ok(Response::new(ListGrantsResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            grants: page.items.into_iter().map(held).collect(),
        }))
    }

    async fn get_grants(&self, request: Request<GetGrantsRequest>) -> Result<Response<GetGrantsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let subject = subject(&request.get_ref().subject_id).map_err(status)?;
        let granted = self.0.get_grants(&caller, subject).await.map_err(status)?;
        let (grants, etag) = encode(&granted);
        Ok(Response::new(GetGrantsResponse { grants, etag }))
    }

    async fn set_grants(&self, request: Request<SetGrantsRequest>) -> Result<Response<SetGrantsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let subject = subject(&asked.subject_id).map_err(status)?;
        let grants = decode(&asked.grants).map_err(status)?;
        let set = self.0.set_grants(&caller, subject, grants, asked.etag);
        let (grants, etag) = encode(&set.await.map_err(status)?);
        Ok(Response::new(SetGrantsResponse { grants, etag }))
    }
}

/// A user's id or an API client's.
pub(super) fn subject(text: &str) -> Result<Uuid, Fault> {
    id::<()>("subject_id", text).map(onqueue_model::Id::uuid)
}

fn query(asked: &ListGrantsRequest) -> Result<GrantQuery, Fault> {
    Ok(GrantQuery {
        role: optional_id("role_id", &asked.role_id)?,
        division: optional_division("division_id", &asked.division_id)?,
    })
}

fn decode(grants: &[proto::Grant]) -> Result<BTreeSet<Granted>, Fault> {
    if grants.len() > GRANTS {
        return Err(Fault::field("grants", "at most 200 grants"));
    }
    let granted = |grant: &proto::Grant| {
        let division = optional_division("grants.division_id", &grant.division_id)?;
        Ok((
            id("grants.role_id", &grant.role_id)?,
            division.unwrap_or(DivisionId::ALL),
        ))
    };
    grants.iter().map(granted).collect()
}

fn encode(granted: &BTreeSet<Granted>) -> (Vec<proto::Grant>, String) {
    let grants = granted.iter().map(|(role, division)| grant(*role, *division));
    (grants.collect(), grants_etag(granted))
}

fn grant(role: RoleId, division: DivisionId) -> proto::Grant {
    proto::Grant {
        role_id: role.to_string(),
        division_id: place(division),
    }
}

/// A grant's division; empty for all.
pub(super) fn place(division: DivisionId) -> String {
    if division == DivisionId::ALL {
        return String::new();
    }
    division.to_string()
}

fn held((subject, role, division): GrantPlace) -> proto::HeldGrant {
    proto::HeldGrant {
        subject_id: subject.to_string(),
        grant: Some(grant(RoleId::new(role), DivisionId::new(division))),
    }
}
