//! The rpcs: decode, authorise, one call, encode.

mod assistance;
mod attachment;
mod attachment_bytes;
mod contact;
mod contact_decode;
mod contact_encode;
mod contact_field;
mod content_facts;
mod conversation;
mod decode;
mod encode;
mod erasure;
mod events;
mod facts;
mod feed;
mod policy;
mod supervision;
mod transcript;

use crate::app::App;
use onqueue_proto::session::v1::{
    assistance_service_server::AssistanceServiceServer, attachment_bytes_service_server::AttachmentBytesServiceServer,
    attachment_service_server::AttachmentServiceServer, contact_field_service_server::ContactFieldServiceServer,
    contact_service_server::ContactServiceServer, content_facts_service_server::ContentFactsServiceServer,
    conversation_service_server::ConversationServiceServer, erasure_service_server::ErasureServiceServer,
    feed_service_server::FeedServiceServer, routing_facts_service_server::RoutingFactsServiceServer,
    supervision_service_server::SupervisionServiceServer, transcript_service_server::TranscriptServiceServer,
};
use std::sync::Arc;
use tonic::{Status, service::Routes};

/// A server stream.
type Frames<T> = futures::stream::BoxStream<'static, Result<T, Status>>;

/// Implements the services.
#[derive(Clone)]
struct Api(Arc<App>);

/// Every service of session.
pub(crate) fn routes(app: &Arc<App>) -> Routes {
    let api = || Api(Arc::clone(app));
    Routes::new(ConversationServiceServer::new(api()))
        .add_service(TranscriptServiceServer::new(api()))
        .add_service(AttachmentServiceServer::new(api()))
        .add_service(AttachmentBytesServiceServer::new(api()))
        .add_service(ContactServiceServer::new(api()))
        .add_service(ContactFieldServiceServer::new(api()))
        .add_service(ErasureServiceServer::new(api()))
        .add_service(AssistanceServiceServer::new(api()))
        .add_service(SupervisionServiceServer::new(api()))
        .add_service(RoutingFactsServiceServer::new(api()))
        .add_service(ContentFactsServiceServer::new(api()))
        .add_service(FeedServiceServer::new(api()))
}
