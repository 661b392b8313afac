//! TranscriptService.

use super::{Api, decode, encode};
use crate::app::cursor;
use crate::store::log;
use onqueue_model::{Fault, permissions};
use onqueue_proto::session::v1::{ListEventsRequest, ListEventsResponse, transcript_service_server::TranscriptService};
use onqueue_server::{caller, status};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl TranscriptService for Api {
    async fn list_events(&self, request: Request<ListEventsRequest>) -> Result<Response<ListEventsResponse>, Status> {
        self.events(&request).await.map(Response::new).map_err(status)
    }
}

impl Api {
    async fn events(&self, request: &Request<ListEventsRequest>) -> Result<ListEventsResponse, Fault> {
        let (caller, message) = (caller(request)?, request.get_ref());
        let id = decode::id("conversation_id", &message.conversation_id)?;
        let limit = decode::page_size(message.page_size, 200, 500)?;
        let seen = self.0.see(&caller, id, permissions::TRANSCRIPT_VIEW).await?;
        let place = self.0.place(&seen, &message.page_token).await?;
        let (key, class) = ((caller.organisation, id), seen.viewer.class);
        let lines = log::after(&self.0.store, key, class, place, limit).await?;
        let last = lines.last().and_then(|line| class.place(&line.event)).unwrap_or(place);
        let more = last < seen.conversation.head.numbers.last(class);
        Ok(ListEventsResponse {
            events: lines
                .iter()
                .filter_map(|line| encode::event(&line.event, seen.viewer))
                .collect(),
            next_page_token: if more {
                cursor::encode(class, last)
            } else {
                String::new()
            },
        })
    }
}
