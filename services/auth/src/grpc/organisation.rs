//! OrganisationService.

use crate::{
    app::{Organisations, time_zone},
    store::{Organisation, OrganisationChange},
};
use onqueue_model::{Fault, Language};
use onqueue_proto::{
    auth::v1::{
        self as proto, GetOrganisationRequest, GetOrganisationResponse, UpdateOrganisationRequest,
        UpdateOrganisationResponse, organisation_service_server::OrganisationService,
    },
    timestamp,
};
use onqueue_server::{
    caller,
    resource::{Mask, given, name},
    status,
};
use tonic::{Request, Response, Status};

/// Its handlers.
pub struct OrganisationHandlers(Organisations);

impl OrganisationHandlers {
    /// Over the use cases.
    pub const fn new(organisations: Organisations) -> Self {
        Self(organisations)
    }
}

#[async_trait::async_trait]
impl OrganisationService for OrganisationHandlers {
    async fn get_organisation(
        &self,
        request: Request<GetOrganisationRequest>,
    ) -> Result<Response<GetOrganisationResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let found = self.0.get(&caller).await.map_err(status)?;
        let organisation = Some(encode(found));
        Ok(Response::new(GetOrganisationResponse { organisation }))
    }

    async fn update_organisation(
        &self,
        request: Request<UpdateOrganisationRequest>,
    ) -> Result<Response<UpdateOrganisationResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let change = decode(request.get_ref()).map_err(status)?;
        let changed = self.0.update(&caller, change).await.map_err(status)?;
        let organisation = Some(encode(changed));
        Ok(Response::new(UpdateOrganisationResponse { organisation }))
    }
}

fn decode(request: &UpdateOrganisationRequest) -> Result<OrganisationChange, Fault> {
    let wanted = given("organisation", request.organisation.as_ref())?;
    let mask = Mask::of(request.update_mask.as_ref(), &["name", "language", "time_zone"])?;
    let when = |field: &str, read: &dyn Fn() -> Result<String, Fault>| mask.has(field).then(read).transpose();
    Ok(OrganisationChange {
        etag: wanted.etag.clone(),
        name: when("name", &|| name("organisation.name", &wanted.name))?,
        language: when("language", &|| language(&wanted.language))?,
        time_zone: when("time_zone", &|| zone(&wanted.time_zone))?,
    })
}

fn language(tag: &str) -> Result<String, Fault> {
    let problem = || Fault::field("organisation.language", "must be a BCP-47 tag such as de or en-GB");
    Language::parse(tag).map(|_| tag.to_owned()).ok_or_else(problem)
}

fn zone(text: &str) -> Result<String, Fault> {
    let problem = || {
        Fault::field(
            "organisation.time_zone",
            "must be an IANA time zone such as Europe/Berlin",
        )
    };
    time_zone(text).ok_or_else(problem)
}

fn encode(organisation: Organisation) -> proto::Organisation {
    proto::Organisation {
        organisation_id: organisation.id.to_string(),
        etag: organisation.revision.to_string(),
        slug: organisation.slug,
        name: organisation.name,
        language: organisation.language,
        time_zone: organisation.time_zone,
        created_at: Some(timestamp(organisation.created_at)),
    }
}
