//! ScheduleService.

use super::hours;
use crate::app::{Preview, Routing};
use crate::schedule::Zone;
use crate::store::{GroupPlace, SchedulePlace};
use onqueue_model::{Fault, Timestamp};
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::routing::v1::schedule_service_server::ScheduleService;
use onqueue_proto::timestamp;
use onqueue_server::{
    caller,
    resource::{Once, given, id, optional_id, page_size},
    status,
};
use onqueue_store::{decode_token, encode_token};
use std::ops::RangeInclusive;
use tonic::{Request, Response, Status};

/// How many occurrences a preview has if it is not said, and at most.
const PREVIEWED: usize = 10;
const MOST_PREVIEWED: RangeInclusive<i32> = 1..=100;

/// From 1970 to the end of 2199.
const MOMENTS: std::ops::Range<i64> = 0..7_258_118_400_000;

/// The rpcs.
pub struct Rpcs(pub Routing);

#[tonic::async_trait]
impl ScheduleService for Rpcs {
    async fn create_schedule(
        &self,
        request: Request<proto::CreateScheduleRequest>,
    ) -> Result<Response<proto::CreateScheduleResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let schedule = given("schedule", asked.schedule.as_ref()).map_err(status)?;
        let once = Once::of(&asked.request_id, schedule).map_err(status)?;
        let content = hours::schedule(schedule).map_err(status)?;
        let made = self.0.create_schedule(&caller, once, content).await.map_err(status)?;
        let schedule = Some(hours::encoded(made));
        Ok(Response::new(proto::CreateScheduleResponse { schedule }))
    }

    async fn get_schedule(
        &self,
        request: Request<proto::GetScheduleRequest>,
    ) -> Result<Response<proto::GetScheduleResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = id("schedule_id", &request.get_ref().schedule_id).map_err(status)?;
        let schedule = self.0.get_schedule(&caller, id).await.map_err(status)?;
        let schedule = Some(hours::encoded(schedule));
        Ok(Response::new(proto::GetScheduleResponse { schedule }))
    }

    async fn list_schedules(
        &self,
        request: Request<proto::ListSchedulesRequest>,
    ) -> Result<Response<proto::ListSchedulesResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let size = page_size(asked.page_size).map_err(status)?;
        let after = decode_token::<SchedulePlace>(&asked.page_token).map_err(status)?;
        let page = self.0.list_schedules(&caller, &asked.text, after, size);
        let page = page.await.map_err(status)?;
        Ok(Response::new(proto::ListSchedulesResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            schedules: page.items.into_iter().map(hours::encoded).collect(),
        }))
    }

    async fn update_schedule(
        &self,
        request: Request<proto::UpdateScheduleRequest>,
    ) -> Result<Response<proto::UpdateScheduleResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let schedule = given("schedule", asked.schedule.as_ref()).map_err(status)?;
        let which = (
            id("schedule.schedule_id", &schedule.schedule_id).map_err(status)?,
            schedule.etag.clone(),
        );
        let change = hours::schedule_change(&asked).map_err(status)?;
        let updated = self.0.update_schedule(&caller, which, change).await;
        let schedule = Some(hours::encoded(updated.map_err(status)?));
        Ok(Response::new(proto::UpdateScheduleResponse { schedule }))
    }

    async fn delete_schedule(
        &self,
        request: Request<proto::DeleteScheduleRequest>,
    ) -> Result<Response<proto::DeleteScheduleResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = id("schedule_id", &asked.schedule_id).map_err(status)?;
        let deleted = self.0.delete_schedule(&caller, id, asked.etag).await;
        deleted.map_err(status)?;
        Ok(Response::new(proto::DeleteScheduleResponse {}))
    }

    async fn preview_schedule(
        &self,
        request: Request<proto::PreviewScheduleRequest>,
    ) -> Result<Response<proto::PreviewScheduleResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let schedule = given("schedule", asked.schedule.as_ref()).map_err(status)?;
        let content = hours::span(schedule).map_err(status)?;
        let preview = preview(&asked).map_err(status)?;
        let spans = self.0.preview_schedule(&caller, &content, preview);
        let spans = spans.map_err(status)?.into_iter();
        let occurrences = spans.map(|span| proto::Occurrence {
            start_at: Some(timestamp(span.start)),
            end_at: Some(timestamp(span.end)),
        });
        Ok(Response::new(proto::PreviewScheduleResponse {
            occurrences: occurrences.collect(),
        }))
    }

    async fn create_schedule_group(
        &self,
        request: Request<proto::CreateScheduleGroupRequest>,
    ) -> Result<Response<proto::CreateScheduleGroupResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let group = given("schedule_group", asked.schedule_group.as_ref()).map_err(status)?;
        let once = Once::of(&asked.request_id, group).map_err(status)?;
        let content = hours::group(group).map_err(status)?;
        let made = self.0.create_schedule_group(&caller, once, content).await;
        let schedule_group = Some(hours::encoded_group(made.map_err(status)?));
        Ok(Response::new(proto::CreateScheduleGroupResponse { schedule_group }))
    }

    async fn get_schedule_group(
        &self,
        request: Request<proto::GetScheduleGroupRequest>,
    ) -> Result<Response<proto::GetScheduleGroupResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = id("schedule_group_id", &request.get_ref().schedule_group_id).map_err(status)?;
        let group = self.0.get_schedule_group(&caller, id).await.map_err(status)?;
        let schedule_group = Some(hours::encoded_group(group));
        Ok(Response::new(proto::GetScheduleGroupResponse { schedule_group }))
    }

    async fn list_schedule_groups(
        &self,
        request: Request<proto::ListScheduleGroupsRequest>,
    ) -> Result<Response<proto::ListScheduleGroupsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let size = page_size(asked.page_size).map_err(status)?;
        let after = decode_token::<GroupPlace>(&asked.page_token).map_err(status)?;
        let division = optional_id("division_id", &asked.division_id).map_err(status)?;
        let page = self.0.list_schedule_groups(&caller, division, after, size);
        let page = page.await.map_err(status)?;
        Ok(Response::new(proto::ListScheduleGroupsResponse {
            next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
            schedule_groups: page.items.into_iter().map(hours::encoded_group).collect(),
        }))
    }

    async fn update_schedule_group(
        &self,
        request: Request<proto::UpdateScheduleGroupRequest>,
    ) -> Result<Response<proto::UpdateScheduleGroupResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let group = given("schedule_group", asked.schedule_group.as_ref()).map_err(status)?;
        let which = (
            id("schedule_group.schedule_group_id", &group.schedule_group_id).map_err(status)?,
            group.etag.clone(),
        );
        let change = hours::group_change(&asked).map_err(status)?;
        let updated = self.0.update_schedule_group(&caller, which, change).await;
        let schedule_group = Some(hours::encoded_group(updated.map_err(status)?));
        Ok(Response::new(proto::UpdateScheduleGroupResponse { schedule_group }))
    }

    async fn delete_schedule_group(
        &self,
        request: Request<proto::DeleteScheduleGroupRequest>,
    ) -> Result<Response<proto::DeleteScheduleGroupResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = id("schedule_group_id", &asked.schedule_group_id).map_err(status)?;
        let deleted = self.0.delete_schedule_group(&caller, id, asked.etag).await;
        deleted.map_err(status)?;
        Ok(Response::new(proto::DeleteScheduleGroupResponse {}))
    }

    async fn set_emergency(
        &self,
        request: Request<proto::SetEmergencyRequest>,
    ) -> Result<Response<proto::SetEmergencyResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = id("schedule_group_id", &asked.schedule_group_id).map_err(status)?;
        let group = self.0.set_emergency(&caller, id, asked.active).await;
        let schedule_group = Some(hours::encoded_group(group.map_err(status)?));
        Ok(Response::new(proto::SetEmergencyResponse { schedule_group }))
    }

    async fn get_schedule_state(
        &self,
        request: Request<proto::GetScheduleStateRequest>,
    ) -> Result<Response<proto::GetScheduleStateResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let id = id("schedule_group_id", &asked.schedule_group_id).map_err(status)?;
        let at = moment("at", asked.at.as_ref()).map_err(status)?;
        let outlook = self.0.schedule_state(&caller, id, at).await.map_err(status)?;
        Ok(Response::new(hours::state(&outlook)))
    }
}

fn preview(asked: &proto::PreviewScheduleRequest) -> Result<Preview, Fault> {
    let zone = match asked.time_zone.as_str() {
        "" => Zone::UTC,
        name => hours::zone("time_zone", name)?,
    };
    let limit = match asked.limit {
        0 => PREVIEWED,
        limit if MOST_PREVIEWED.contains(&limit) => usize::try_from(limit).unwrap_or(PREVIEWED),
        _ => return Err(Fault::field("limit", "must be 1–100, or 0 for 10")),
    };
    let from = moment("from", asked.from.as_ref())?;
    Ok(Preview { zone, from, limit })
}

fn moment(field: &'static str, at: Option<&prost_types::Timestamp>) -> Result<Option<Timestamp>, Fault> {
    let at = at.map(onqueue_proto::millis);
    match at {
        Some(at) if !MOMENTS.contains(&at.millis()) => Err(Fault::field(field, "must be from 1970 to 2199")),
        at => Ok(at),
    }
}
