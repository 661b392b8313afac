//! DeskService: the only service whose messages the gateway reads.

use crate::{
    Upstreams,
    app::desk::{Desk, Start},
};
use futures::{Stream, StreamExt as _, stream};
use onqueue_client::Behalf;
use onqueue_model::{ConversationId, Fault};
use onqueue_proto::gateway::v1::{
    WatchRequest, WatchResponse,
    desk_service_server::{DeskService, DeskServiceServer},
};
use onqueue_server::{Context, caller, status};
use std::{collections::BTreeMap, pin::Pin};
use tonic::{Request, Response, Status, service::Routes};

/// More cursors than a page can have conversations.
const MOST_CURSORS: usize = 200;

/// The routes of DeskService.
pub(crate) fn desk(context: &Context, upstreams: &Upstreams) -> Routes {
    Routes::new(DeskServiceServer::new(Service {
        context: context.clone(),
        upstreams: upstreams.clone(),
    }))
}

struct Service {
    context: Context,
    upstreams: Upstreams,
}

#[tonic::async_trait]
impl DeskService for Service {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<WatchResponse, Status>> + Send>>;

    async fn watch(&self, request: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let start = Start {
            caller: caller(&request).map_err(status)?,
            behalf: Behalf::of_request(&request),
            cursors: cursors(request.into_inner()).map_err(status)?,
        };
        let desk = Desk::open(&self.context, &self.upstreams, start);
        Ok(Response::new(
            stream::unfold(desk, |desk| async { desk?.next().await }).boxed(),
        ))
    }
}

fn cursors(request: WatchRequest) -> Result<BTreeMap<String, String>, Fault> {
    if request.cursors.len() > MOST_CURSORS {
        return Err(Fault::field("cursors", format!("at most {MOST_CURSORS}")));
    }
    request
        .cursors
        .into_iter()
        .map(|at| match at.conversation_id.parse::<ConversationId>() {
            Ok(id) => Ok((id.to_string(), at.cursor)),
            Err(_) => Err(Fault::id("cursors.conversation_id")),
        })
        .collect()
}
