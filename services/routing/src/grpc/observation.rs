//! ObservationService.

use super::observed;
use crate::app::{NextObservation, ObservationWatch, Observing, Routing};
use crate::store::{IntervalPlace, Span};
use futures::stream::{self, BoxStream};
use onqueue_acd::metrics::DEFINITIONS;
use onqueue_model::{Fault, Id, QueueId};
use onqueue_proto::millis;
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::routing::v1::observation_service_server::ObservationService;
use onqueue_server::{
    caller, paced,
    resource::{given, id, page_size},
    status,
};
use onqueue_store::{decode_token, encode_token};
use std::{collections::BTreeSet, ops::RangeInclusive, time::Duration};
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// How many queues or agents may be named.
const NAMED: usize = 200;

/// In seconds.
const WINDOW: RangeInclusive<i32> = 10..=3_600;
const USUAL_WINDOW: i32 = 900;

const LONGEST_SPAN: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// The rpcs.
pub struct Rpcs(pub Routing);

type Frames = BoxStream<'static, Result<proto::WatchObservationsResponse, Status>>;

#[tonic::async_trait]
impl ObservationService for Rpcs {
    type WatchObservationsStream = Frames;

    async fn get_observations(
        &self,
        request: Request<proto::GetObservationsRequest>,
    ) -> Result<Response<proto::GetObservationsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let wanted = observing(&asked.queue_ids, asked.window_seconds).map_err(status)?;
        let size = page_size(asked.page_size).map_err(status)?;
        let after = decode_token::<Uuid>(&asked.page_token).map_err(status)?;
        let found = self.0.observations(&caller, wanted, after.map(QueueId::new), size);
        let found = found.await.map_err(status)?;
        Ok(Response::new(observed::observations(found)))
    }

    async fn watch_observations(
        &self,
        request: Request<proto::WatchObservationsRequest>,
    ) -> Result<Response<Frames>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let wanted = observing(&asked.queue_ids, asked.window_seconds).map_err(status)?;
        let watch = self.0.watch_observations(&caller, wanted).await.map_err(status)?;
        Ok(Response::new(frames(watch)))
    }

    async fn query_metrics(
        &self,
        request: Request<proto::QueryMetricsRequest>,
    ) -> Result<Response<proto::QueryMetricsResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let span = span(asked).map_err(status)?;
        let answer = match asked.group_by() {
            proto::MetricGroup::Agent => {
                let agents = ids("user_ids", &asked.user_ids).map_err(status)?;
                let page = self.0.agent_history(&caller, &agents, span).await.map_err(status)?;
                proto::QueryMetricsResponse {
                    next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
                    intervals: page.items.into_iter().map(observed::agent_interval).collect(),
                }
            }
            proto::MetricGroup::Unspecified | proto::MetricGroup::Queue => {
                let queues = ids("queue_ids", &asked.queue_ids).map_err(status)?;
                let page = self.0.queue_history(&caller, &queues, span).await.map_err(status)?;
                proto::QueryMetricsResponse {
                    next_page_token: page.next.as_ref().map(encode_token).unwrap_or_default(),
                    intervals: page.items.into_iter().map(observed::queue_interval).collect(),
                }
            }
        };
        Ok(Response::new(answer))
    }

    async fn list_metric_definitions(
        &self,
        request: Request<proto::ListMetricDefinitionsRequest>,
    ) -> Result<Response<proto::ListMetricDefinitionsResponse>, Status> {
        let language = &request.get_ref().language;
        let is_german = language
            .split('-')
            .next()
            .is_some_and(|primary| primary.eq_ignore_ascii_case("de"));
        let words = if is_german {
            observed::in_german
        } else {
            observed::in_english
        };
        let definitions = DEFINITIONS.iter().map(words).collect();
        Ok(Response::new(proto::ListMetricDefinitionsResponse { definitions }))
    }
}

/// The frames up to the goodbye.
fn frames(watch: ObservationWatch) -> Frames {
    let frames = stream::unfold(Some(watch), |watch| async move {
        let mut watch = watch?;
        let next = watch.next().await;
        let rest = (!matches!(next, NextObservation::Goodbye(_))).then_some(watch);
        Some((Ok(observed::next(next)), rest))
    });
    paced(frames)
}

fn observing(queues: &[String], window: i32) -> Result<Observing, Fault> {
    let window = if window == 0 { USUAL_WINDOW } else { window };
    if !WINDOW.contains(&window) {
        return Err(Fault::field("window_seconds", "10–3,600 seconds"));
    }
    Ok(Observing {
        queues: ids("queue_ids", queues)?,
        window: Duration::from_secs(u64::from(window.unsigned_abs())),
    })
}

fn ids<T>(field: &'static str, texts: &[String]) -> Result<BTreeSet<Id<T>>, Fault> {
    if texts.len() > NAMED {
        return Err(Fault::field(field, "at most 200"));
    }
    texts.iter().map(|text| id(field, text)).collect()
}

fn span(asked: &proto::QueryMetricsRequest) -> Result<Span, Fault> {
    let from = given("from", asked.from.as_ref()).map(millis)?;
    let to = given("to", asked.to.as_ref()).map(millis)?;
    if to <= from || to.since(from) > LONGEST_SPAN {
        return Err(Fault::field("to", "must be later than from, by 31 days at most"));
    }
    Ok(Span {
        time: from..to,
        after: decode_token::<IntervalPlace>(&asked.page_token)?,
        size: page_size(asked.page_size)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_and_spans_have_bounds() {
        let window = |seconds| observing(&[], seconds).map(|wanted| wanted.window.as_secs());
        assert_eq!(window(0), Ok(900));
        assert_eq!(window(10), Ok(10));
        assert_eq!(window(3_600), Ok(3_600));
        for bad in [-1, 9, 3_601, i32::MIN] {
            assert!(window(bad).is_err(), "{bad}");
        }
        let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        let days = |from, to| {
            let (from, to) = (at(from), at(to));
            span(&proto::QueryMetricsRequest {
                from,
                to,
                ..proto::QueryMetricsRequest::default()
            })
        };
        assert!(days(0, 31 * 86_400).is_ok());
        for (from, to) in [(0, 0), (1, 0), (0, 31 * 86_400 + 1), (0, i64::MAX), (i64::MIN, 0)] {
            assert!(days(from, to).is_err(), "{from} {to}");
        }
    }
}
