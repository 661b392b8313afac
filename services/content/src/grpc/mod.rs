//! The rpcs: decode, authorise, one call, encode.

mod decode;
mod encode;
mod library;
mod response;

pub use decode::{library_content, response_content};

use crate::app::Content;
use onqueue_proto::content::v1::{
    library_service_server::LibraryServiceServer, response_service_server::ResponseServiceServer,
};
use tonic::service::Routes;

/// Every rpc of the service.
pub fn routes(content: &Content) -> Routes {
    Routes::new(LibraryServiceServer::new(library::Rpcs(content.clone())))
        .add_service(ResponseServiceServer::new(response::Rpcs(content.clone())))
}
