//! Somebody who says when queues are open, in short.

use crate::administrator::{mask, text};
use crate::world::Desk;
use onqueue_model::Timestamp;
use onqueue_proto::routing::v1::{self as proto, ScheduleState};
use onqueue_proto::{millis, timestamp};
use tonic::Status;

impl Desk {
    pub async fn create_schedule(&self, request: u128, schedule: proto::Schedule) -> Result<proto::Schedule, Status> {
        let request = self.with(proto::CreateScheduleRequest {
            request_id: text(request),
            schedule: Some(schedule),
        });
        let answer = self.schedules().create_schedule(request).await?;
        Ok(answer.into_inner().schedule.expect("a schedule"))
    }

    pub async fn update_schedule(
        &self,
        schedule: &proto::Schedule,
        fields: &[&str],
    ) -> Result<proto::Schedule, Status> {
        let request = self.with(proto::UpdateScheduleRequest {
            schedule: Some(schedule.clone()),
            update_mask: mask(fields),
        });
        let answer = self.schedules().update_schedule(request).await?;
        Ok(answer.into_inner().schedule.expect("a schedule"))
    }

    pub async fn delete_schedule(&self, schedule: &proto::Schedule) -> Result<(), Status> {
        let (schedule_id, etag) = (schedule.schedule_id.clone(), schedule.etag.clone());
        let request = self.with(proto::DeleteScheduleRequest { schedule_id, etag });
        self.schedules().delete_schedule(request).await.map(drop)
    }

    pub async fn create_group(
        &self,
        request: u128,
        group: proto::ScheduleGroup,
    ) -> Result<proto::ScheduleGroup, Status> {
        let request = self.with(proto::CreateScheduleGroupRequest {
            request_id: text(request),
            schedule_group: Some(group),
        });
        let answer = self.schedules().create_schedule_group(request).await?;
        Ok(answer.into_inner().schedule_group.expect("a group"))
    }

    pub async fn group(&self, schedule_group_id: &str) -> Result<proto::ScheduleGroup, Status> {
        let schedule_group_id = schedule_group_id.to_owned();
        let request = self.with(proto::GetScheduleGroupRequest { schedule_group_id });
        let answer = self.schedules().get_schedule_group(request).await?;
        Ok(answer.into_inner().schedule_group.expect("a group"))
    }

    pub async fn update_group(
        &self,
        group: &proto::ScheduleGroup,
        fields: &[&str],
    ) -> Result<proto::ScheduleGroup, Status> {
        let request = self.with(proto::UpdateScheduleGroupRequest {
            schedule_group: Some(group.clone()),
            update_mask: mask(fields),
        });
        let answer = self.schedules().update_schedule_group(request).await?;
        Ok(answer.into_inner().schedule_group.expect("a group"))
    }

    pub async fn delete_group(&self, group: &proto::ScheduleGroup) -> Result<(), Status> {
        let (schedule_group_id, etag) = (group.schedule_group_id.clone(), group.etag.clone());
        let request = self.with(proto::DeleteScheduleGroupRequest {
            schedule_group_id,
            etag,
        });
        self.schedules().delete_schedule_group(request).await.map(drop)
    }

    pub async fn emergency(&self, group: &proto::ScheduleGroup, active: bool) -> Result<proto::ScheduleGroup, Status> {
        let request = self.with(proto::SetEmergencyRequest {
            schedule_group_id: group.schedule_group_id.clone(),
            active,
        });
        let answer = self.schedules().set_emergency(request).await?;
        Ok(answer.into_inner().schedule_group.expect("a group"))
    }

    /// What the group says at that moment, or now: the state, until when, and when it opens.
    pub async fn says(&self, group: &proto::ScheduleGroup, at: Option<&str>) -> (ScheduleState, String, String) {
        let request = self.with(proto::GetScheduleStateRequest {
            schedule_group_id: group.schedule_group_id.clone(),
            at: at.map(|at| timestamp(moment(at))),
        });
        let answer = self
            .schedules()
            .get_schedule_state(request)
            .await
            .expect("may")
            .into_inner();
        let shown = |at: Option<prost_types::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        (answer.state(), shown(answer.until), shown(answer.opens_at))
    }

    /// The queue keeps to the group from now on; to none if that is empty.
    pub async fn keep_to(&self, queue: u128, schedule_group_id: &str) -> proto::Queue {
        let queue = proto::Queue {
            schedule_group_id: schedule_group_id.to_owned(),
            ..self.queue(queue).await.expect("there")
        };
        self.update_queue(&queue, &["schedule_group_id"]).await.expect("may")
    }
}

pub fn moment(utc: &str) -> Timestamp {
    millis(&utc.parse::<prost_types::Timestamp>().expect("a time"))
}
