//! AttachmentBytesService, for the gateway. Whoever holds a ticket is let through; the ticket says for what.

use super::{Api, Frames, attachment::attachment, decode};
use futures::{StreamExt as _, stream};
use onqueue_files::PART;
use onqueue_model::Fault;
use onqueue_proto::session::v1::{
    CloseUploadRequest, CloseUploadResponse, OpenUploadRequest, OpenUploadResponse, ReadBytesRequest,
    ReadBytesResponse, StorePartRequest, StorePartResponse, attachment_bytes_service_server::AttachmentBytesService,
    read_bytes_response::Frame,
};
use onqueue_server::{service_caller, status};
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// How much of a file is in one frame.
const FRAME: usize = 64 * 1024;

#[tonic::async_trait]
impl AttachmentBytesService for Api {
    type ReadBytesStream = Frames<ReadBytesResponse>;

    async fn open_upload(&self, request: Request<OpenUploadRequest>) -> Result<Response<OpenUploadResponse>, Status> {
        service_caller(&request).map_err(status)?;
        let opened = self
            .0
            .open_upload(&request.get_ref().upload_token)
            .await
            .map_err(status)?;
        Ok(Response::new(OpenUploadResponse {
            attempt: opened.attempt.to_string(),
            bytes: i64::try_from(opened.bytes).unwrap_or(i64::MAX),
            part_bytes: i32::try_from(PART).unwrap_or(i32::MAX),
        }))
    }

    async fn store_part(&self, request: Request<StorePartRequest>) -> Result<Response<StorePartResponse>, Status> {
        service_caller(&request).map_err(status)?;
        let message = request.into_inner();
        let attempt = attempt(&message.attempt).map_err(status)?;
        // Numbers below 1 are no part's.
        let number = u32::try_from(message.number).unwrap_or(0);
        let kept = self
            .0
            .store_part(&message.upload_token, attempt, number, message.data)
            .await;
        kept.map(|()| Response::new(StorePartResponse {})).map_err(status)
    }

    async fn close_upload(
        &self,
        request: Request<CloseUploadRequest>,
    ) -> Result<Response<CloseUploadResponse>, Status> {
        service_caller(&request).map_err(status)?;
        let message = request.into_inner();
        let attempt = attempt(&message.attempt).map_err(status)?;
        let closed = self
            .0
            .close_upload(&message.upload_token, attempt)
            .await
            .map_err(status)?;
        Ok(Response::new(CloseUploadResponse {
            attachment: Some(attachment(&closed)),
        }))
    }

    async fn read_bytes(&self, request: Request<ReadBytesRequest>) -> Result<Response<Self::ReadBytesStream>, Status> {
        service_caller(&request).map_err(status)?;
        let (found, parts) = self.0.bytes(&request.get_ref().download_token).await.map_err(status)?;
        let first = frame(Frame::Attachment(attachment(&found)));
        let frames = parts.flat_map(|part| {
            let frames: Vec<Result<ReadBytesResponse, Status>> = match part {
                Ok(part) => (0..part.len())
                    .step_by(FRAME)
                    .map(|at| Ok(frame(Frame::Data(part.slice(at..part.len().min(at + FRAME))))))
                    .collect(),
                Err(fault) => vec![Err(status(fault))],
            };
            stream::iter(frames)
        });
        Ok(Response::new(Box::pin(stream::iter([Ok(first)]).chain(frames))))
    }
}

fn frame(frame: Frame) -> ReadBytesResponse {
    ReadBytesResponse { frame: Some(frame) }
}

fn attempt(text: &str) -> Result<Uuid, Fault> {
    decode::uuid("attempt", text)
}
