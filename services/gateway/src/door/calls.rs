//! The gRPC half of the door: what every call passes, and who answers it.

use super::{
    forward::{Forward, forward},
    rates::Rates,
    streams::Streams,
};
use crate::{Settings, Upstreams, grpc};
use http::{Request, Response};
use onqueue_model::{Fault, Reason};
use onqueue_proto::methods;
use onqueue_server::{
    Context, Handler, Layered, Probes, Readiness, layered_door, status, with_health, with_reflection,
};
use std::{collections::BTreeSet, sync::Arc};
use tonic::{Status, body::Body, service::Routes};

/// Answers calls: those of an address with too many refusals not at all, the others behind the layers that every service
/// has.
pub(super) struct Calls {
    rates: Arc<Rates>,
    layered: Layered<Admitted>,
}

impl Calls {
    pub(super) fn new(
        settings: &Settings,
        context: &Context,
        upstreams: &Upstreams,
        readiness: Readiness,
        rates: Arc<Rates>,
    ) -> Result<Self, Fault> {
        let admitted = Admitted {
            rates: Arc::clone(&rates),
            streams: Streams::new(settings.streams_per_caller),
            forward: Forward::new(upstreams),
            own: own(settings, context, upstreams, readiness)?,
        };
        Ok(Self {
            rates,
            layered: layered_door(admitted, context, &settings.limits()),
        })
    }
}

impl Handler for Calls {
    async fn handle(&self, mut request: Request<Body>) -> Response<Body> {
        let looked = match self.rates.look(request.extensions_mut()) {
            Ok(looked) => looked,
            Err(refusal) => return refusal.into_http(),
        };
        let answer = self.layered.handle(request).await;
        self.rates.answered(&looked);
        answer
    }
}

/// Answers calls whose callers may make them, as often as they may.
struct Admitted {
    rates: Arc<Rates>,
    streams: Streams,
    forward: Forward,
    own: Routes,
}

impl Handler for Admitted {
    async fn handle(&self, request: Request<Body>) -> Response<Body> {
        let counted = self.rates.let_in(&request);
        let open = match counted.and_then(|()| self.streams.open(&request)) {
            Ok(open) => open,
            Err(refusal) => return status(refusal).into_http(),
        };
        let answer = match self.forward.upstream(request.uri().path()) {
            Some(upstream) => forward(upstream, request).await.unwrap_or_else(Status::into_http),
            None => self.own.handle(request).await,
        };
        match open {
            Some(open) => open.until_dropped(answer),
            None => answer,
        }
    }
}

/// The services that are answered here; whatever else comes is nobody's.
fn own(settings: &Settings, context: &Context, upstreams: &Upstreams, readiness: Readiness) -> Result<Routes, Fault> {
    let names: BTreeSet<_> = methods()
        .iter()
        .filter(|method| method.is_public())
        .map(|method| method.service())
        .collect();
    let mut routes = with_health(grpc::desk(context, upstreams), Probes::new(readiness, names));
    if settings.reflection {
        routes = with_reflection(routes)?;
    }
    let nobodys =
        || async { status(Fault::new(Reason::Unimplemented, "there is no such service")).into_http::<Body>() };
    let router = routes.into_axum_router().reset_fallback().fallback(nobodys);
    Ok(Routes::from(router).prepare())
}
