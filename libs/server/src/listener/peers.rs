//! Connections between services: mutual TLS in front, then HTTP/2 only.

use super::{
    Remote,
    carrier::{self, Marks},
    life::Life,
    words::{Reread, Version, listen},
};
use crate::{InProcess, Peer};
use http::{Request, Response};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use onqueue_credentials::{Identity, peer};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tonic::{Status, body::Body};
use tower::{ServiceExt as _, service_fn};

pub(super) async fn converse(io: TcpStream, service: InProcess, identity: Identity, remote: Remote, life: Life) {
    // Asked for before the certificate is, so that no renewal is missed in between.
    let life = life.unless_renewed(identity.changed());
    let begun = life.begins(begin(io, &identity)).await;
    let (peer, io) = match begun.unwrap_or_else(|| Err("it took too long".to_owned())) {
        Ok(begun) => begun,
        Err(reason) => {
            tracing::debug!(remote = %remote.0, reason, "a connection was refused");
            return;
        }
    };
    let closing = life.closing().clone();
    let marks = Marks { peer, remote, closing };
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        answer(request.map(Body::new), service.clone(), marks.clone())
    });
    let builder = life.http2_for_peers();
    let connection = Box::pin(builder.serve_connection(TokioIo::new(io), TowerToHyperService::new(service)));
    life.live(connection).await;
}

async fn answer(mut request: Request<Body>, service: InProcess, marks: Marks) -> Result<Response<Body>, Status> {
    if carrier::is_for(&request) {
        return Ok(carrier::carry(request, service, marks));
    }
    *request.extensions_mut() = marks.extensions();
    service.oneshot(request).await
}

/// Who calls, as their certificate says, and their words. The error says why they are not heard.
async fn begin(io: TcpStream, identity: &Identity) -> Result<(Peer, Reread<TlsStream<TcpStream>>), String> {
    let shaken = TlsAcceptor::from(identity.server()).accept(io).await;
    let io = shaken.map_err(|error| error.to_string())?;
    let shown = io.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let name = shown.and_then(peer).ok_or("the certificate names no service")?;
    match listen(io).await {
        Some((Version::Http2, io)) => Ok((Peer(name), io)),
        Some((Version::Http1, _)) => Err("it does not speak HTTP/2".to_owned()),
        None => Err("it ended before it said anything".to_owned()),
    }
}
