//! The rpcs: decode, authorise, one call, encode.

mod conversation;
mod decode;
mod encode;
mod facts;
mod feed;
mod transcript;

use crate::app::App;
use onqueue_proto::session::v1::{
    conversation_service_server::ConversationServiceServer, feed_service_server::FeedServiceServer,
    routing_facts_service_server::RoutingFactsServiceServer, transcript_service_server::TranscriptServiceServer,
};
use std::{pin::Pin, sync::Arc};
use tonic::{Status, service::Routes};

/// A server stream.
type Frames<T> = Pin<Box<dyn futures::Stream<Item = Result<T, Status>> + Send>>;

/// Implements the services.
#[derive(Clone)]
struct Api(Arc<App>);

/// Every service of session.
pub(crate) fn routes(app: &Arc<App>) -> Routes {
    let api = || Api(Arc::clone(app));
    Routes::new(ConversationServiceServer::new(api()))
        .add_service(TranscriptServiceServer::new(api()))
        .add_service(RoutingFactsServiceServer::new(api()))
        .add_service(FeedServiceServer::new(api()))
}
