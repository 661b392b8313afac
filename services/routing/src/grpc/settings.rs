//! SettingsService.

use crate::app::Routing;
use crate::store::{Change, OrganisationSettings};
use onqueue_acd::{DeclineRule, IdleFrom, Settings};
use onqueue_model::Fault;
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::routing::v1::settings_service_server::SettingsService;
use onqueue_server::{
    caller,
    resource::{Mask, given},
    status,
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// What can be changed.
const FIELDS: [&str; 6] = [
    "top",
    "language_counts",
    "least_loaded",
    "idle_from",
    "on_queue_resets_idle",
    "decline",
];

/// How many agents compete at most.
const TOP: u32 = 100_000;

/// The rpcs.
pub struct Rpcs(pub Routing);

#[tonic::async_trait]
impl SettingsService for Rpcs {
    async fn get_settings(
        &self,
        request: Request<proto::GetSettingsRequest>,
    ) -> Result<Response<proto::GetSettingsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let settings = Some(encoded(self.0.get_settings(&caller).await.map_err(status)?));
        Ok(Response::new(proto::GetSettingsResponse { settings }))
    }

    async fn update_settings(
        &self,
        request: Request<proto::UpdateSettingsRequest>,
    ) -> Result<Response<proto::UpdateSettingsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = given("settings", request.get_ref().settings.as_ref()).map_err(status)?;
        let change = (change(request.get_ref(), asked).map_err(status)?, asked.etag.clone());
        let settings = self.0.update_settings(&caller, change).await.map_err(status)?;
        let settings = Some(encoded(settings));
        Ok(Response::new(proto::UpdateSettingsResponse { settings }))
    }
}

fn change(request: &proto::UpdateSettingsRequest, new: &proto::Settings) -> Result<Change<Settings>, Fault> {
    let mask = Mask::of(request.update_mask.as_ref(), &FIELDS)?;
    let new = decoded(new)?;
    Ok(Arc::new(move |before| {
        Ok(Settings {
            top: mask.choose("top", new.top, before.top),
            language_counts: mask.choose("language_counts", new.language_counts, before.language_counts),
            least_loaded: mask.choose("least_loaded", new.least_loaded, before.least_loaded),
            idle_from: mask.choose("idle_from", new.idle_from, before.idle_from),
            on_queue_resets_idle: mask.choose(
                "on_queue_resets_idle",
                new.on_queue_resets_idle,
                before.on_queue_resets_idle,
            ),
            decline: mask.choose("decline", new.decline, before.decline),
        })
    }))
}

fn decoded(new: &proto::Settings) -> Result<Settings, Fault> {
    let top = u32::try_from(new.top).ok().filter(|top| *top <= TOP);
    let top = top.ok_or_else(|| Fault::field("settings.top", "must be 1–100,000, or 0 for all"))?;
    let idle_from = match proto::IdleFrom::try_from(new.idle_from) {
        Ok(proto::IdleFrom::Unspecified | proto::IdleFrom::LastOfAssignmentAndEnd) => IdleFrom::LastOfAssignmentAndEnd,
        Ok(proto::IdleFrom::End) => IdleFrom::End,
        Err(_) => return Err(Fault::field("settings.idle_from", "no such value")),
    };
    let decline = match proto::DeclineRule::try_from(new.decline) {
        Ok(proto::DeclineRule::Unspecified | proto::DeclineRule::Stays) => DeclineRule::Stays,
        Ok(proto::DeclineRule::NotResponding) => DeclineRule::NotResponding,
        Err(_) => return Err(Fault::field("settings.decline", "no such value")),
    };
    Ok(Settings {
        top: (top > 0).then_some(top),
        language_counts: new.language_counts,
        least_loaded: new.least_loaded,
        idle_from,
        on_queue_resets_idle: new.on_queue_resets_idle,
        decline,
    })
}

fn encoded(found: OrganisationSettings) -> proto::Settings {
    let settings = found.settings;
    let idle_from = match settings.idle_from {
        IdleFrom::LastOfAssignmentAndEnd => proto::IdleFrom::LastOfAssignmentAndEnd,
        IdleFrom::End => proto::IdleFrom::End,
    };
    let decline = match settings.decline {
        DeclineRule::Stays => proto::DeclineRule::Stays,
        DeclineRule::NotResponding => proto::DeclineRule::NotResponding,
    };
    proto::Settings {
        etag: found.revision.to_string(),
        top: i32::try_from(settings.top.unwrap_or(0)).unwrap_or(i32::MAX),
        language_counts: settings.language_counts,
        least_loaded: settings.least_loaded,
        idle_from: idle_from.into(),
        on_queue_resets_idle: settings.on_queue_resets_idle,
        decline: decline.into(),
    }
}
