//! QueueService.

use super::{Groups, decode, encode, revision};
use crate::app::{Routing, Wanted};
use crate::store::{Queue, QueuePlace};
use onqueue_acd::Membership;
use onqueue_model::{Fault, UserId, permissions};
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::routing::v1::queue_service_server::QueueService;
use onqueue_server::{
    caller,
    resource::{Once, Page, given, id, optional_id, page_size},
    status,
};
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
        let asked = request.get_ref();
        let queue = given("queue", asked.queue.as_ref()).map_err(status)?;
        let once = Once::of(&asked.request_id, queue).map_err(status)?;
        let (had, new) = (&[][..], &self.0.new_groups());
        let content = decode::content(queue, &Groups { had, new }).map_err(status)?;
        let queue = self.0.create_queue(&caller, once, content).await.map_err(status)?;
        let queue = Some(encode::queue(&queue));
        Ok(Response::new(proto::CreateQueueResponse { queue }))
    }

    async fn get_queue(
        &self,
        request: Request<proto::GetQueueRequest>,
    ) -> Result<Response<proto::GetQueueResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = id("queue_id", &request.get_ref().queue_id).map_err(status)?;
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
        let wanted = Wanted {
            permission: permissions::QUEUE_VIEW,
            division: optional_id("division_id", &asked.division_id).map_err(status)?,
            text: String::new(),
        };
        let page = self.0.list_queues(&caller, wanted, after, size);
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
        let wanted = Wanted {
            permission: permissions::QUEUE_SEARCH,
            division: None,
            text: asked.text,
        };
        let page = self.0.list_queues(&caller, wanted, after, size);
        let (queues, next_page_token) = queues(&page.await.map_err(status)?);
        Ok(Response::new(proto::SearchQueuesResponse {
            queues,
            next_page_token,
        }))
    }

    async fn update_queue(
        &self,
        request: Request<proto::UpdateQueueRequest>,
    ) -> Result<Response<proto::UpdateQueueResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let queue = given("queue", request.get_ref().queue.as_ref()).map_err(status)?;
        let which = (
            id("queue.queue_id", &queue.queue_id).map_err(status)?,
            queue.etag.clone(),
        );
        let change = decode::change(request.get_ref(), self.0.new_groups()).map_err(status)?;
        let queue = self.0.update_queue(&caller, which, change).await.map_err(status)?;
        let queue = Some(encode::queue(&queue));
        Ok(Response::new(proto::UpdateQueueResponse { queue }))
    }

    async fn delete_queue(
        &self,
        request: Request<proto::DeleteQueueRequest>,
    ) -> Result<Response<proto::DeleteQueueResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let queue = id("queue_id", &asked.queue_id).map_err(status)?;
        self.0.delete_queue(&caller, queue, asked.etag).await.map_err(status)?;
        Ok(Response::new(proto::DeleteQueueResponse {}))
    }

    async fn list_members(
        &self,
        request: Request<proto::ListMembersRequest>,
    ) -> Result<Response<proto::ListMembersResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let queue = id("queue_id", &asked.queue_id).map_err(status)?;
        let size = page_size(asked.page_size).map_err(status)?;
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
        let queue = id("queue_id", &request.get_ref().queue_id).map_err(status)?;
        let roster = decode::roster(request.get_ref()).map_err(status)?;
        let members = self.0.set_members(&caller, queue, roster).await.map_err(status)?;
        let members = members.into_iter().map(encode::member).collect();
        Ok(Response::new(proto::SetMembersResponse { members }))
    }

    async fn join_queue(
        &self,
        request: Request<proto::JoinQueueRequest>,
    ) -> Result<Response<proto::JoinQueueResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let queue = id("queue_id", &request.get_ref().queue_id).map_err(status)?;
        let joined = Membership::new(true);
        let member = self.0.set_joined(&caller, queue, joined).await.map_err(status)?;
        let member = Some(encode::member(member));
        Ok(Response::new(proto::JoinQueueResponse { member }))
    }

    async fn leave_queue(
        &self,
        request: Request<proto::LeaveQueueRequest>,
    ) -> Result<Response<proto::LeaveQueueResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let queue = id("queue_id", &request.get_ref().queue_id).map_err(status)?;
        let left = Membership::new(false);
        let member = self.0.set_joined(&caller, queue, left).await.map_err(status)?;
        let member = Some(encode::member(member));
        Ok(Response::new(proto::LeaveQueueResponse { member }))
    }

    async fn list_queue_revisions(
        &self,
        request: Request<proto::ListQueueRevisionsRequest>,
    ) -> Result<Response<proto::ListQueueRevisionsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let queue = id("queue_id", &asked.queue_id).map_err(status)?;
        let size = page_size(asked.page_size).map_err(status)?;
        let below = decode_token::<i64>(&asked.page_token).map_err(status)?;
        let found = self.0.list_queue_revisions(&caller, queue, below, size).await;
        Ok(Response::new(revision::page(found.map_err(status)?)))
    }

    async fn compare_queue_revisions(
        &self,
        request: Request<proto::CompareQueueRevisionsRequest>,
    ) -> Result<Response<proto::CompareQueueRevisionsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let queue = id("queue_id", &asked.queue_id).map_err(status)?;
        let which = (asked.old_revision, asked.new_revision);
        let compared = self.0.compare_queue_revisions(&caller, queue, which).await;
        Ok(Response::new(revision::comparison(compared.map_err(status)?)))
    }

    async fn apply_queue_revision(
        &self,
        request: Request<proto::ApplyQueueRevisionRequest>,
    ) -> Result<Response<proto::ApplyQueueRevisionResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let queue = id("queue_id", &asked.queue_id).map_err(status)?;
        let applied = self
            .0
            .apply_queue_revision(&caller, (queue, asked.etag), asked.revision);
        let queue = Some(encode::queue(&applied.await.map_err(status)?));
        Ok(Response::new(proto::ApplyQueueRevisionResponse { queue }))
    }
}

fn place(size: i32, token: &str) -> Result<(u64, Option<QueuePlace>), Fault> {
    Ok((page_size(size)?, decode_token(token)?))
}

fn queues(page: &Page<Queue, QueuePlace>) -> (Vec<proto::Queue>, String) {
    let next = page.next.as_ref().map(encode_token).unwrap_or_default();
    (page.items.iter().map(encode::queue).collect(), next)
}
