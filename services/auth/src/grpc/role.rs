//! RoleService.

use super::division::made;
use crate::{
    app::{Administration, RoleDraft, parse_permission},
    store::Role,
};
use onqueue_model::{Fault, Permission};
use onqueue_proto::auth::v1::{
    self as proto, CreateRoleRequest, CreateRoleResponse, DeleteRoleRequest, DeleteRoleResponse, GetRoleRequest,
    GetRoleResponse, ListRolesRequest, ListRolesResponse, UpdateRoleRequest, UpdateRoleResponse,
    role_service_server::RoleService,
};
use onqueue_server::{
    caller,
    resource::{Mask, Once, description, given, id, name, page_size},
    status,
};
use onqueue_store::{decode_token, encode_token};
use std::{collections::BTreeSet, ops::RangeInclusive};
use tonic::{Request, Response, Status};

/// How many permissions a role holds.
const PERMISSIONS: RangeInclusive<usize> = 1..=200;

/// Its handlers.
pub struct RoleHandlers(pub Administration);

#[async_trait::async_trait]
impl RoleService for RoleHandlers {
    async fn create_role(&self, request: Request<CreateRoleRequest>) -> Result<Response<CreateRoleResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let (draft, once) = creation(request.get_ref()).map_err(status)?;
        let role = self.0.create_role(&caller, draft, once).await.map_err(status)?;
        let role = Some(encode(role));
        Ok(Response::new(CreateRoleResponse { role }))
    }

    async fn get_role(&self, request: Request<GetRoleRequest>) -> Result<Response<GetRoleResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = id("role_id", &request.get_ref().role_id).map_err(status)?;
        let role = Some(encode(self.0.get_role(&caller, id).await.map_err(status)?));
        Ok(Response::new(GetRoleResponse { role }))
    }

    async fn list_roles(&self, request: Request<ListRolesRequest>) -> Result<Response<ListRolesResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let size = page_size(asked.page_size).map_err(status)?;
        let after = decode_token(&asked.page_token).map_err(status)?;
        let page = self.0.list_roles(&caller, &asked.text, after, size);
        let page = page.await.map_err(status)?;
        Ok(Response::new(ListRolesResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            roles: page.items.into_iter().map(encode).collect(),
        }))
    }

    async fn update_role(&self, request: Request<UpdateRoleRequest>) -> Result<Response<UpdateRoleResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let role = given("role", asked.role.as_ref()).map_err(status)?;
        let id = id("role.role_id", &role.role_id).map_err(status)?;
        let change = change(asked, role).map_err(status)?;
        let updated = self.0.update_role(&caller, id, change, role.etag.clone());
        let role = Some(encode(updated.await.map_err(status)?));
        Ok(Response::new(UpdateRoleResponse { role }))
    }

    async fn delete_role(&self, request: Request<DeleteRoleRequest>) -> Result<Response<DeleteRoleResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = id("role_id", &asked.role_id).map_err(status)?;
        self.0.delete_role(&caller, id, asked.etag).await.map_err(status)?;
        Ok(Response::new(DeleteRoleResponse {}))
    }
}

fn creation(asked: &CreateRoleRequest) -> Result<(RoleDraft, Once), Fault> {
    let role = given("role", asked.role.as_ref())?;
    let draft = RoleDraft {
        name: name("role.name", &role.name)?,
        description: description("role.description", &role.description)?,
        permissions: permissions(&role.permissions)?,
    };
    Ok((draft, Once::of(&asked.request_id, role)?))
}

fn change(asked: &UpdateRoleRequest, role: &proto::Role) -> Result<(RoleDraft, Mask), Fault> {
    let mask = Mask::of(asked.update_mask.as_ref(), &["name", "description", "permissions"])?;
    let mut draft = RoleDraft {
        name: String::new(),
        description: String::new(),
        permissions: BTreeSet::new(),
    };
    if mask.has("name") {
        draft.name = name("role.name", &role.name)?;
    }
    if mask.has("description") {
        draft.description = description("role.description", &role.description)?;
    }
    if mask.has("permissions") {
        draft.permissions = permissions(&role.permissions)?;
    }
    Ok((draft, mask))
}

fn permissions(texts: &[String]) -> Result<BTreeSet<Permission>, Fault> {
    const FIELD: &str = "role.permissions";
    if !PERMISSIONS.contains(&texts.len()) {
        return Err(Fault::field(FIELD, "1–200 permissions"));
    }
    texts.iter().map(|text| parse_permission(FIELD, text)).collect()
}

fn encode(role: Role) -> proto::Role {
    proto::Role {
        role_id: role.id.to_string(),
        etag: role.revision.to_string(),
        name: role.name,
        description: role.description,
        permissions: role.permissions.iter().map(ToString::to_string).collect(),
        created_at: made(role.created_at),
    }
}
