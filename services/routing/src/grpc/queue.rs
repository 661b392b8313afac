//! QueueService.

use super::{decode, encode};
use crate::app::{Page, Routing};
use crate::store::{Queue, QueuePlace};
use onqueue_acd::Membership;
use onqueue_model::{Fault, UserId, permissions};
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::routing::v1::queue_service_server::QueueService;
use onqueue_server::{caller, status};
use onqueue_store::{decode_token, encode_token};
use tonic::{Request, Response, Status};

/// The rpcs.
pub struct Rpcs(pub Routing);

#[tonic::async_trait]
impl QueueService for Rpcs {
    async fn create_queue(
        &self,
        request: Request<proto::CreateQueueRequest>,
    ) -> Result<Response<proto::CreateQueueResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let draft = decode::draft(request.get_ref()).map_err(status)?;
        let queue = self.0.create_queue(&caller, draft).await.map_err(status)?;
        let queue = Some(encode::queue(&queue));
        Ok(Response::new(proto::CreateQueueResponse { queue }))
    }

    async fn get_queue(
        &self,
        request: Request<proto::GetQueueRequest>,
    ) -> Result<Response<proto::GetQueueResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = decode::id("queue_id", &request.get_ref().queue_id).map_err(status)?;
        let queue = self.0.get_queue(&caller, id).await.map_err(status)?;
        let queue = Some(encode::queue(&queue));
        Ok(Response::new(proto::GetQueueResponse { queue }))
    }

    async fn list_queues(
        &self,
        request: Request<proto::ListQueuesRequest>,
    ) -> Result<Response<proto::ListQueuesResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let (size, after) = place(asked.page_size, &asked.page_token).map_err(status)?;
        let routing = &self.0;
        let page = routing.list_queues(&caller, permissions::QUEUE_VIEW, "", after, size);
        let (queues, next_page_token) = queues(&page.await.map_err(status)?);
        Ok(Response::new(proto::ListQueuesResponse {
            queues,
            next_page_token,
        }))
    }

    async fn search_queues(
        &self,
        request: Request<proto::SearchQueuesRequest>,
    ) -> Result<Response<proto::SearchQueuesResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let (size, after) = place(asked.page_size, &asked.page_token).map_err(status)?;
        let routing = &self.0;
        let page = routing.list_queues(&caller, permissions::QUEUE_SEARCH, &asked.text, after, size);
        let (queues, next_page_token) = queues(&page.await.map_err(status)?);
        Ok(Response::new(proto::SearchQueuesResponse {
            queues,
            next_page_token,
        }))
    }

    async fn list_members(
        &self,
        request: Request<proto::ListMembersRequest>,
    ) -> Result<Response<proto::ListMembersResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let queue = decode::id("queue_id", &asked.queue_id).map_err(status)?;
        let size = decode::page_size(asked.page_size).map_err(status)?;
        let after = decode_token::<UserId>(&asked.page_token).map_err(status)?;
        let page = self.0.list_members(&caller, queue, after, size).await.map_err(status)?;
        Ok(Response::new(proto::ListMembersResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            members: page.items.into_iter().map(encode::member).collect(),
        }))
    }

    async fn set_members(
        &self,
        request: Request<proto::SetMembersRequest>,
    ) -> Result<Response<proto::SetMembersResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let queue = decode::id("queue_id", &request.get_ref().queue_id).map_err(status)?;
        let users = decode::users(&request.get_ref().user_ids).map_err(status)?;
        let members = self.0.set_members(&caller, queue, users).await.map_err(status)?;
        let members = members.into_iter().map(encode::member).collect();
        Ok(Response::new(proto::SetMembersResponse { members }))
    }

    async fn join_queue(
        &self,
        request: Request<proto::JoinQueueRequest>,
    ) -> Result<Response<proto::JoinQueueResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let queue = decode::id("queue_id", &request.get_ref().queue_id).map_err(status)?;
        let joined = Membership { joined: true };
        let member = self.0.set_joined(&caller, queue, joined).await.map_err(status)?;
        let member = Some(encode::member(member));
        Ok(Response::new(proto::JoinQueueResponse { member }))
    }

    async fn leave_queue(
        &self,
        request: Request<proto::LeaveQueueRequest>,
    ) -> Result<Response<proto::LeaveQueueResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let queue = decode::id("queue_id", &request.get_ref().queue_id).map_err(status)?;
        let left = Membership { joined: false };
        let member = self.0.set_joined(&caller, queue, left).await.map_err(status)?;
        let member = Some(encode::member(member));
        Ok(Response::new(proto::LeaveQueueResponse { member }))
    }
}

fn place(size: i32, token: &str) -> Result<(u64, Option<QueuePlace>), Fault> {
    Ok((decode::page_size(size)?, decode_token(token)?))
}

fn queues(page: &Page<Queue, QueuePlace>) -> (Vec<proto::Queue>, String) {
    let next = page.next.as_ref().map(encode_token).unwrap_or_default();
    (page.items.iter().map(encode::queue).collect(), next)
}
