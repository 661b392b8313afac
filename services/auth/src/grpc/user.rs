//! UserService.

use super::user_draft::{change, creation, encode, query};
use crate::app::Administration;
use onqueue_proto::auth::v1::{
    ChangePasswordRequest, ChangePasswordResponse, CreateUserRequest, CreateUserResponse, DeleteUserRequest,
    DeleteUserResponse, GetUserRequest, GetUserResponse, ListUsersRequest, ListUsersResponse, SetPasswordRequest,
    SetPasswordResponse, UpdateUserRequest, UpdateUserResponse, user_service_server::UserService,
};
use onqueue_server::{
    caller,
    resource::{given, id, page_size},
    status,
};
use onqueue_store::{decode_token, encode_token};
use tonic::{Request, Response, Status};

/// Its handlers.
pub struct UserHandlers(pub Administration);

#[async_trait::async_trait]
impl UserService for UserHandlers {
    async fn create_user(&self, request: Request<CreateUserRequest>) -> Result<Response<CreateUserResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let (draft, once) = creation(&asked).map_err(status)?;
        let password = Some(asked.password).filter(|password| !password.is_empty());
        let user = self.0.create_user(&caller, draft, password, once).await;
        let user = Some(encode(user.map_err(status)?));
        Ok(Response::new(CreateUserResponse { user }))
    }

    async fn get_user(&self, request: Request<GetUserRequest>) -> Result<Response<GetUserResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = id("user_id", &request.get_ref().user_id).map_err(status)?;
        let user = Some(encode(self.0.get_user(&caller, id).await.map_err(status)?));
        Ok(Response::new(GetUserResponse { user }))
    }

    async fn list_users(&self, request: Request<ListUsersRequest>) -> Result<Response<ListUsersResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let size = page_size(asked.page_size).map_err(status)?;
        let after = decode_token(&asked.page_token).map_err(status)?;
        let query = query(asked).map_err(status)?;
        let page = self.0.list_users(&caller, query, after, size).await.map_err(status)?;
        Ok(Response::new(ListUsersResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            users: page.items.into_iter().map(encode).collect(),
        }))
    }

    async fn update_user(&self, request: Request<UpdateUserRequest>) -> Result<Response<UpdateUserResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let user = given("user", asked.user.as_ref()).map_err(status)?;
        let id = id("user.user_id", &user.user_id).map_err(status)?;
        let change = change(asked, user).map_err(status)?;
        let updated = self.0.update_user(&caller, id, change, user.etag.clone());
        let user = Some(encode(updated.await.map_err(status)?));
        Ok(Response::new(UpdateUserResponse { user }))
    }

    async fn delete_user(&self, request: Request<DeleteUserRequest>) -> Result<Response<DeleteUserResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = id("user_id", &asked.user_id).map_err(status)?;
        self.0.delete_user(&caller, id, asked.etag).await.map_err(status)?;
        Ok(Response::new(DeleteUserResponse {}))
    }

    async fn set_password(
        &self,
        request: Request<SetPasswordRequest>,
    ) -> Result<Response<SetPasswordResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = id("user_id", &asked.user_id).map_err(status)?;
        let set = self.0.set_password(&caller, id, asked.password);
        set.await.map_err(status)?;
        Ok(Response::new(SetPasswordResponse {}))
    }

    async fn change_password(
        &self,
        request: Request<ChangePasswordRequest>,
    ) -> Result<Response<ChangePasswordResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let changed = self
            .0
            .change_password(&caller, asked.current_password, asked.new_password);
        changed.await.map_err(status)?;
        Ok(Response::new(ChangePasswordResponse {}))
    }
}
