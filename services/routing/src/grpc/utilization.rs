//! UtilizationService.

use crate::app::Routing;
use crate::store::{Capacities, Utilization};
use onqueue_acd::{Capacity, Medium};
use onqueue_model::Fault;
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::routing::v1::utilization_service_server::UtilizationService;
use onqueue_server::{
    caller,
    resource::{given, id},
    status,
};
use std::collections::BTreeSet;
use tonic::{Request, Response, Status};

const FIELD: &str = "utilization.capacities";

/// How much of one medium an agent takes at most.
const MOST: u8 = 25;

/// The rpcs.
pub struct Rpcs(pub Routing);

#[tonic::async_trait]
impl UtilizationService for Rpcs {
    async fn get_utilization(
        &self,
        request: Request<proto::GetUtilizationRequest>,
    ) -> Result<Response<proto::GetUtilizationResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let utilization = self.0.get_utilization(&caller).await.map_err(status)?;
        let utilization = Some(encoded(&utilization));
        Ok(Response::new(proto::GetUtilizationResponse { utilization }))
    }

    async fn update_utilization(
        &self,
        request: Request<proto::UpdateUtilizationRequest>,
    ) -> Result<Response<proto::UpdateUtilizationResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = given("utilization", request.get_ref().utilization.as_ref()).map_err(status)?;
        let (wanted, etag) = (capacities(asked).map_err(status)?, asked.etag.clone());
        let utilization = self.0.update_utilization(&caller, wanted, etag).await.map_err(status)?;
        let utilization = Some(encoded(&utilization));
        Ok(Response::new(proto::UpdateUtilizationResponse { utilization }))
    }

    async fn get_user_utilization(
        &self,
        request: Request<proto::GetUserUtilizationRequest>,
    ) -> Result<Response<proto::GetUserUtilizationResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let user = id("user_id", &request.get_ref().user_id).map_err(status)?;
        let utilization = self.0.get_user_utilization(&caller, user).await.map_err(status)?;
        Ok(Response::new(proto::GetUserUtilizationResponse {
            own: utilization.own,
            utilization: Some(encoded(&utilization)),
        }))
    }

    async fn update_user_utilization(
        &self,
        request: Request<proto::UpdateUserUtilizationRequest>,
    ) -> Result<Response<proto::UpdateUserUtilizationResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let user = id("user_id", &request.get_ref().user_id).map_err(status)?;
        let asked = given("utilization", request.get_ref().utilization.as_ref()).map_err(status)?;
        let own = match asked.capacities.is_empty() {
            true => None,
            false => Some(capacities(asked).map_err(status)?),
        };
        let change = self.0.update_user_utilization(&caller, user, (own, asked.etag.clone()));
        let utilization = change.await.map_err(status)?;
        Ok(Response::new(proto::UpdateUserUtilizationResponse {
            own: utilization.own,
            utilization: Some(encoded(&utilization)),
        }))
    }
}

/// What is asked for; what is not named has its default.
fn capacities(asked: &proto::Utilization) -> Result<Capacities, Fault> {
    let (mut capacities, mut named) = (Capacities::default(), BTreeSet::new());
    for capacity in &asked.capacities {
        let of = medium(capacity.medium)?;
        if !named.insert(of) {
            return Err(Fault::field(FIELD, "each medium at most once"));
        }
        let maximum = u8::try_from(capacity.maximum).ok().filter(|maximum| *maximum <= MOST);
        let capacity = Capacity {
            maximum: maximum.ok_or_else(|| Fault::field(FIELD, "a maximum is 0–25"))?,
            interruptible_by: media(&capacity.interruptible_by)?,
        };
        capacities.0.insert(of, capacity);
    }
    Ok(capacities)
}

fn media(numbers: &[i32]) -> Result<BTreeSet<Medium>, Fault> {
    if numbers.len() > Medium::ALL.len() {
        return Err(Fault::field(FIELD, "each medium interrupts another at most once"));
    }
    numbers.iter().map(|number| medium(*number)).collect()
}

pub(super) fn medium(number: i32) -> Result<Medium, Fault> {
    match proto::Medium::try_from(number) {
        Ok(proto::Medium::Call) => Ok(Medium::Call),
        Ok(proto::Medium::Chat) => Ok(Medium::Chat),
        Ok(proto::Medium::Email) => Ok(Medium::Email),
        Ok(proto::Medium::Message) => Ok(Medium::Message),
        Ok(proto::Medium::Callback) => Ok(Medium::Callback),
        Ok(proto::Medium::Unspecified) | Err(_) => Err(Fault::field(FIELD, "no such medium")),
    }
}

pub(super) const fn encoded_medium(medium: Medium) -> proto::Medium {
    match medium {
        Medium::Call => proto::Medium::Call,
        Medium::Chat => proto::Medium::Chat,
        Medium::Email => proto::Medium::Email,
        Medium::Message => proto::Medium::Message,
        Medium::Callback => proto::Medium::Callback,
    }
}

fn encoded(utilization: &Utilization) -> proto::Utilization {
    let capacities = utilization.capacities.0.iter().map(|(medium, capacity)| {
        let others = capacity.interruptible_by.iter();
        proto::Capacity {
            medium: encoded_medium(*medium).into(),
            maximum: i32::from(capacity.maximum),
            interruptible_by: others.map(|other| encoded_medium(*other).into()).collect(),
        }
    });
    proto::Utilization {
        etag: utilization.revision.to_string(),
        capacities: capacities.collect(),
    }
}
