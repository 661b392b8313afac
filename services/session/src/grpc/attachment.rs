//! AttachmentService.

use super::{Api, decode};
use crate::app::attachments::{Granted, Room, Wish};
use crate::store::attachments::{Attachment, State};
use onqueue_files::content::Kind;
use onqueue_model::{AttachmentId, Fault};
use onqueue_proto::{
    session::v1::{
        self as proto, AttachmentState, CreateUploadRequest, CreateUploadResponse, GetDownloadRequest,
        GetDownloadResponse, ListAttachmentsRequest, ListAttachmentsResponse,
        attachment_service_server::AttachmentService,
    },
    timestamp,
};
use onqueue_server::{caller, status};
use onqueue_store::{decode_token, encode_token};
use tonic::{Request, Response, Status};

/// Where the gateway takes and gives bytes.
const PATH: &str = "/attachments/";

#[tonic::async_trait]
impl AttachmentService for Api {
    async fn create_upload(
        &self,
        request: Request<CreateUploadRequest>,
    ) -> Result<Response<CreateUploadResponse>, Status> {
        self.upload(&request).await.map(Response::new).map_err(status)
    }

    async fn get_download(
        &self,
        request: Request<GetDownloadRequest>,
    ) -> Result<Response<GetDownloadResponse>, Status> {
        self.download(&request).await.map(Response::new).map_err(status)
    }

    async fn list_attachments(
        &self,
        request: Request<ListAttachmentsRequest>,
    ) -> Result<Response<ListAttachmentsResponse>, Status> {
        self.list_files(&request).await.map(Response::new).map_err(status)
    }
}

impl Api {
    async fn upload(&self, request: &Request<CreateUploadRequest>) -> Result<CreateUploadResponse, Fault> {
        let (caller, message) = (caller(request)?, request.get_ref());
        let id = decode::id("conversation_id", &message.conversation_id)?;
        let wish = Wish {
            request: decode::uuid("request_id", &message.request_id)?,
            name: message.name.clone(),
            bytes: u64::try_from(message.bytes).unwrap_or(0),
        };
        let granted = self.0.announce(&caller, id, wish).await?;
        Ok(CreateUploadResponse {
            attachment: Some(attachment(&granted.attachment)),
            upload_path: path(&granted),
            expires_at: Some(timestamp(granted.expires_at)),
        })
    }

    async fn download(&self, request: &Request<GetDownloadRequest>) -> Result<GetDownloadResponse, Fault> {
        let (caller, message) = (caller(request)?, request.get_ref());
        let id = decode::id("conversation_id", &message.conversation_id)?;
        let which = decode::id("attachment_id", &message.attachment_id)?;
        let granted = self.0.download(&caller, id, which).await?;
        Ok(GetDownloadResponse {
            attachment: Some(attachment(&granted.attachment)),
            download_path: path(&granted),
            expires_at: Some(timestamp(granted.expires_at)),
        })
    }

    async fn list_files(&self, request: &Request<ListAttachmentsRequest>) -> Result<ListAttachmentsResponse, Fault> {
        let (caller, message) = (caller(request)?, request.get_ref());
        let id = decode::id("conversation_id", &message.conversation_id)?;
        let limit = decode::page_size(message.page_size, 50, 100)?;
        let after = decode_token::<AttachmentId>(&message.page_token)?;
        let (mut found, room) = self.0.attachments(&caller, id, after, limit + 1).await?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = found.len() > most;
        found.truncate(most);
        let last = found.last().filter(|_| has_more).map(|last| last.place.attachment);
        Ok(ListAttachmentsResponse {
            attachments: found.iter().map(attachment).collect(),
            next_page_token: last.map(|last| encode_token(&last)).unwrap_or_default(),
            limits: Some(limits(room)),
        })
    }
}

fn path(granted: &Granted) -> String {
    let token = granted.token.as_ref();
    token.map(|token| format!("{PATH}{token}")).unwrap_or_default()
}

/// What is said of a file.
pub(super) fn attachment(one: &Attachment) -> proto::Attachment {
    let refusal = match one.state {
        State::Refused(refusal) => refusal.as_str(),
        _ => "",
    };
    proto::Attachment {
        attachment_id: one.place.attachment.to_string(),
        conversation_id: one.place.conversation.to_string(),
        participant_id: one.participant.to_string(),
        name: one.name.clone(),
        media_type: one.media_type.clone().unwrap_or_default(),
        bytes: i64::try_from(one.bytes).unwrap_or(i64::MAX),
        state: state(one.state).into(),
        refusal: refusal.to_owned(),
        created_at: Some(timestamp(one.created_at)),
    }
}

const fn state(state: State) -> AttachmentState {
    match state {
        State::Uploading => AttachmentState::Uploading,
        State::Quarantined => AttachmentState::Quarantined,
        State::Clean => AttachmentState::Clean,
        State::Refused(_) => AttachmentState::Refused,
        State::Erased => AttachmentState::Erased,
    }
}

fn limits(room: Room) -> proto::AttachmentLimits {
    let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    // What a queue allows and nobody here knows is not let in all the same.
    let known = room.media_types.into_iter().filter(|name| Kind::parse(name).is_some());
    proto::AttachmentLimits {
        enabled: room.enabled,
        max_bytes: signed(room.max_bytes),
        left_bytes: signed(room.left_bytes),
        media_types: known.collect(),
    }
}
