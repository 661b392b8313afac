//! PermissionService.

use super::{
    grant::{place, subject},
    user_draft::optional_division,
};
use crate::app::{Administration, Explanation, catalogue, parse_permission};
use onqueue_model::{DivisionId, Divisions, Fault, Permission};
use onqueue_proto::auth::v1::{
    CataloguedPermission, CheckPermissionsRequest, CheckPermissionsResponse, ExplainDenialRequest,
    ExplainDenialResponse, GetMyAccessRequest, GetMyAccessResponse, HeldPermission, ListPermissionsRequest,
    ListPermissionsResponse,
    explain_denial_response::{Held, Missing},
    permission_service_server::PermissionService,
};
use onqueue_server::{caller, status};
use std::ops::RangeInclusive;
use tonic::{Request, Response, Status};

/// How many permissions can be asked about at once.
const PERMISSIONS: RangeInclusive<usize> = 1..=100;

/// Its handlers.
pub struct PermissionHandlers(pub Administration);

#[async_trait::async_trait]
impl PermissionService for PermissionHandlers {
    async fn list_permissions(
        &self,
        _: Request<ListPermissionsRequest>,
    ) -> Result<Response<ListPermissionsResponse>, Status> {
        let catalogued = |(permission, methods): (&str, Vec<&str>)| CataloguedPermission {
            permission: permission.to_owned(),
            methods: methods.into_iter().map(str::to_owned).collect(),
        };
        let permissions = catalogue().into_iter().map(catalogued).collect();
        Ok(Response::new(ListPermissionsResponse { permissions }))
    }

    async fn check_permissions(
        &self,
        request: Request<CheckPermissionsRequest>,
    ) -> Result<Response<CheckPermissionsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let permissions = permissions(&asked.permissions).map_err(status)?;
        let division = optional_division("division_id", &asked.division_id).map_err(status)?;
        let allowed = self.0.check_permissions(&caller, &permissions, division);
        Ok(Response::new(CheckPermissionsResponse { allowed }))
    }

    async fn explain_denial(
        &self,
        request: Request<ExplainDenialRequest>,
    ) -> Result<Response<ExplainDenialResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let subject = subject(&asked.subject_id).map_err(status)?;
        let permission = parse_permission("permission", &asked.permission).map_err(status)?;
        let division = optional_division("division_id", &asked.division_id).map_err(status)?;
        let division = division.unwrap_or(DivisionId::ALL);
        let explained = self.0.explain(&caller, subject, &permission, division).await;
        Ok(Response::new(encode(explained.map_err(status)?)))
    }

    async fn get_my_access(
        &self,
        request: Request<GetMyAccessRequest>,
    ) -> Result<Response<GetMyAccessResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let permissions = self.0.my_access(&caller).into_iter().map(held).collect();
        Ok(Response::new(GetMyAccessResponse { permissions }))
    }
}

fn permissions(texts: &[String]) -> Result<Vec<Permission>, Fault> {
    const FIELD: &str = "permissions";
    if !PERMISSIONS.contains(&texts.len()) {
        return Err(Fault::field(FIELD, "1–100 permissions"));
    }
    texts.iter().map(|text| parse_permission(FIELD, text)).collect()
}

fn held((permission, divisions): (&str, Divisions)) -> HeldPermission {
    let permission = permission.to_owned();
    match divisions {
        Divisions::All => HeldPermission {
            permission,
            all_divisions: true,
            division_ids: Vec::new(),
        },
        Divisions::Only(divisions) => HeldPermission {
            permission,
            all_divisions: false,
            division_ids: divisions.iter().map(ToString::to_string).collect(),
        },
    }
}

fn encode(explained: Explanation) -> ExplainDenialResponse {
    let held = explained.held.into_iter().map(|(role, division, applies)| Held {
        role_id: role.id.to_string(),
        role_name: role.name,
        division_id: place(division),
        applies,
    });
    let missing = explained.would_allow.into_iter().map(|role| Missing {
        role_id: role.id.to_string(),
        role_name: role.name,
    });
    ExplainDenialResponse {
        allowed: explained.is_allowed,
        held: held.collect(),
        would_allow: missing.collect(),
    }
}
