//! The rpcs: decode, authorise, one call, encode.

mod decode;
mod encode;
mod library;
mod response;
mod script;
mod script_decode;
mod script_encode;
mod script_run;
mod transfer;

pub use decode::{library_content, response_content};
pub use script_decode::content as script_content;

use crate::app::Content;
use onqueue_proto::content::v1::{
    library_service_server::LibraryServiceServer, response_service_server::ResponseServiceServer,
    response_transfer_service_server::ResponseTransferServiceServer, script_run_service_server::ScriptRunServiceServer,
    script_service_server::ScriptServiceServer,
};
use tonic::service::Routes;

/// Every rpc of the service.
pub fn routes(content: &Content) -> Routes {
    Routes::new(LibraryServiceServer::new(library::Rpcs(content.clone())))
        .add_service(ResponseServiceServer::new(response::Rpcs(content.clone())))
        .add_service(ScriptServiceServer::new(script::Rpcs(content.clone())))
        .add_service(ScriptRunServiceServer::new(script_run::Rpcs(content.clone())))
        .add_service(ResponseTransferServiceServer::new(transfer::Rpcs(content.clone())))
}
