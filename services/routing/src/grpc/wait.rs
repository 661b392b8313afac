//! WaitService.

use crate::app::{Heard, NextPosition, PositionWatch, Routing};
use futures::stream::{self, BoxStream};
use onqueue_acd::waiting::{Estimate, Standing, Unknown, WaitMethod};
use onqueue_acd::{KNOWN, Medium, Requirements};
use onqueue_model::{Fault, Language};
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::routing::v1::wait_service_server::WaitService;
use onqueue_proto::routing::v1::watch_position_response::Frame;
use onqueue_proto::timestamp;
use onqueue_server::{caller, paced, resource::id, status};
use std::ops::RangeInclusive;
use tonic::{Request, Response, Status};

const SKILLS: usize = 50;
const PRIORITIES: RangeInclusive<i32> = -25_000_000..=25_000_000;

/// The rpcs.
pub struct Rpcs(pub Routing);

type Frames = BoxStream<'static, Result<proto::WatchPositionResponse, Status>>;

#[tonic::async_trait]
impl WaitService for Rpcs {
    type WatchPositionStream = Frames;

    async fn get_estimated_wait(
        &self,
        request: Request<proto::GetEstimatedWaitRequest>,
    ) -> Result<Response<proto::GetEstimatedWaitResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let queue = id("queue_id", &asked.queue_id).map_err(status)?;
        let requirements = requirements(asked).map_err(status)?;
        let standing = self
            .0
            .estimated_wait(&caller, queue, requirements)
            .await
            .map_err(status)?;
        let standing = Some(encoded(standing));
        Ok(Response::new(proto::GetEstimatedWaitResponse { standing }))
    }

    async fn watch_position(&self, request: Request<proto::WatchPositionRequest>) -> Result<Response<Frames>, Status> {
        let caller = caller(&request).map_err(status)?;
        let conversation = id("conversation_id", &request.get_ref().conversation_id).map_err(status)?;
        let asked = request.into_inner().language;
        language(&asked).map_err(status)?;
        let watch = self.0.watch_position(&caller, conversation, asked);
        let watch = watch.await.map_err(status)?;
        Ok(Response::new(frames(watch)))
    }
}

/// The frames up to the goodbye.
fn frames(watch: PositionWatch) -> Frames {
    let frames = stream::unfold(Some(watch), |watch| async move {
        let mut watch = watch?;
        let next = watch.next().await;
        let rest = (!matches!(next, NextPosition::Goodbye(_))).then_some(watch);
        Some((Ok(encoded_next(next)), rest))
    });
    paced(frames)
}

fn requirements(asked: &proto::GetEstimatedWaitRequest) -> Result<Requirements, Fault> {
    if asked.skill_ids.len() > SKILLS {
        return Err(Fault::field("skill_ids", "at most 50"));
    }
    if !PRIORITIES.contains(&asked.priority) {
        return Err(Fault::field("priority", "−25,000,000 … 25,000,000"));
    }
    let skills = asked.skill_ids.iter().map(|skill| Ok((id("skill_ids", skill)?, KNOWN)));
    Ok(Requirements {
        medium: medium(asked.medium)?,
        skills: skills.collect::<Result<_, Fault>>()?,
        language: language(&asked.language)?,
        priority: asked.priority,
        ..Requirements::default()
    })
}

fn language(tag: &str) -> Result<Option<Language>, Fault> {
    if tag.is_empty() {
        return Ok(None);
    }
    let language = Language::parse(tag);
    let language = language.ok_or_else(|| Fault::field("language", format!("{tag} is no BCP-47 tag")))?;
    Ok(Some(language))
}

fn medium(number: i32) -> Result<Medium, Fault> {
    Ok(match proto::Medium::try_from(number) {
        Ok(proto::Medium::Unspecified | proto::Medium::Chat) => Medium::Chat,
        Ok(proto::Medium::Call) => Medium::Call,
        Ok(proto::Medium::Email) => Medium::Email,
        Ok(proto::Medium::Message) => Medium::Message,
        Ok(proto::Medium::Callback) => Medium::Callback,
        Err(_) => return Err(Fault::field("medium", "no such medium")),
    })
}

fn encoded_next(next: NextPosition) -> proto::WatchPositionResponse {
    let frame = match next {
        NextPosition::Standing(Heard::Standing(standing)) => Frame::Standing(encoded(standing)),
        NextPosition::Standing(Heard::Alerting) => Frame::Standing(proto::Standing {
            alerting: true,
            ..proto::Standing::default()
        }),
        NextPosition::Notice(notice) => Frame::Notice(proto::InQueueNotice {
            text: notice.text,
            language: notice.language,
        }),
        NextPosition::Heartbeat(at) => Frame::Heartbeat(proto::WaitHeartbeat {
            at: Some(timestamp(at)),
        }),
        NextPosition::Goodbye(reason) => Frame::Goodbye(proto::WaitGoodbye {
            reason: reason.to_owned(),
        }),
    };
    proto::WatchPositionResponse { frame: Some(frame) }
}

fn encoded(standing: Standing) -> proto::Standing {
    let position = number(standing.position);
    match standing.estimate {
        Estimate::Wait { p50_ms, p90_ms, method } => proto::Standing {
            position,
            p50_ms: Some(number(p50_ms)),
            p90_ms: Some(number(p90_ms)),
            method: found_by(method).into(),
            ..proto::Standing::default()
        },
        Estimate::Unknown(unknown) => proto::Standing {
            position,
            unknown: why(unknown).into(),
            ..proto::Standing::default()
        },
    }
}

const fn found_by(method: WaitMethod) -> proto::WaitMethod {
    match method {
        WaitMethod::QueueLength => proto::WaitMethod::QueueLength,
        WaitMethod::LastToEnterService => proto::WaitMethod::LastToEnterService,
        WaitMethod::Blend => proto::WaitMethod::Blend,
    }
}

const fn why(unknown: Unknown) -> proto::WaitUnknown {
    match unknown {
        Unknown::NoMember => proto::WaitUnknown::NoMember,
        Unknown::NoCapacity => proto::WaitUnknown::NoCapacity,
        Unknown::NoLanguage => proto::WaitUnknown::NoLanguage,
        Unknown::NoSkills => proto::WaitUnknown::NoSkills,
        Unknown::NobodyServing => proto::WaitUnknown::NobodyServing,
        Unknown::NoExperience => proto::WaitUnknown::NoExperience,
    }
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
