//! An organisation with two divisions, and the service bound to it.

pub use crate::organisation::{Desk, SALES, SUPPORT, id, organisation, request, text, why};

use crate::{fake_session::FakeSession, organisation::calls};
use onqueue_content::{Migrations, Seed, Settings, bind};
use onqueue_model::OrganisationId;
use onqueue_proto::content::v1::{
    self as proto, library_service_client::LibraryServiceClient, response_service_client::ResponseServiceClient,
    response_transfer_service_client::ResponseTransferServiceClient,
};
use onqueue_server::{Context, InProcess, ManualClock, layered};
use onqueue_store::{Store, audit};
use onqueue_testkit::{TempStore, Tokens, migrated_store, still_context};
use tonic::Status;

/// A library in each.
pub const SALES_TEXTS: u128 = 0x11;
pub const SUPPORT_TEXTS: u128 = 0x12;

/// Everything.
pub const ALL: [&str; 1] = ["responses:*:*"];

/// What agents need.
pub const AGENT: [&str; 1] = ["responses:response:view"];

pub fn library(number: u128, name: &str, division: u128) -> proto::Library {
    proto::Library {
        library_id: text(number),
        name: name.to_owned(),
        division_id: text(division),
        ..proto::Library::default()
    }
}

/// A response in sales' library, in German.
pub fn response(name: &str, words: &str) -> proto::Response {
    proto::Response {
        name: name.to_owned(),
        library_ids: vec![text(SALES_TEXTS)],
        variants: vec![variant("de", words)],
        ..proto::Response::default()
    }
}

pub fn variant(language: &str, text: &str) -> proto::Variant {
    proto::Variant {
        language: language.to_owned(),
        text: text.to_owned(),
    }
}

pub fn substitution(name: &str, default_value: &str) -> proto::Substitution {
    proto::Substitution {
        name: name.to_owned(),
        description: String::new(),
        default_value: default_value.to_owned(),
    }
}

/// The service with its surroundings.
pub struct World {
    pub temp: TempStore,
    pub context: Context,
    pub hand: ManualClock,
    pub tokens: Tokens,
    pub session: FakeSession,
    pub content: InProcess,
}

impl World {
    /// With a library in each division and nothing in them.
    pub async fn new() -> Self {
        let (context, hand) = still_context(7);
        let (tokens, session) = (Tokens::new(&context), FakeSession::new(&context));
        let temp = migrated_store("content", |store| Box::pin(store.migrate::<Migrations>())).await;
        let content = bound(temp.store.clone(), &context, &session).await;
        let world = Self {
            temp,
            context,
            hand,
            tokens,
            session,
            content,
        };
        let libraries = vec![
            library(SALES_TEXTS, "Vertrieb", SALES),
            library(SUPPORT_TEXTS, "Support", SUPPORT),
        ];
        world.seed(libraries, Vec::new()).await;
        world
    }

    pub async fn seed(&self, libraries: Vec<proto::Library>, responses: Vec<proto::Response>) {
        let seed = Seed {
            organisation: organisation(),
            libraries,
            responses,
        };
        let seeded = onqueue_content::seed(&self.temp.store, &self.context, seed).await;
        seeded.expect("the seed is good");
    }

    /// Another process on the same database.
    pub async fn beside(&self) -> InProcess {
        let store = Store::open(self.temp.settings()).await.expect("opens again");
        bound(store, &self.context, &self.session).await
    }

    /// Somebody of the organisation who may do this in these divisions.
    pub fn user(&self, number: u128, permissions: &[&str], divisions: &[u128]) -> Desk {
        self.user_of(organisation(), number, (permissions, divisions))
    }

    pub fn user_of(
        &self,
        organisation: OrganisationId,
        number: u128,
        (permissions, divisions): (&[&str], &[u128]),
    ) -> Desk {
        let (service, who) = ((&self.content, &self.tokens), (organisation, number));
        Desk::of(service, who, (permissions, divisions))
    }

    /// Somebody who may do everything in both divisions.
    pub fn administrator(&self) -> Desk {
        self.user(0xad, &ALL, &[SALES, SUPPORT])
    }

    /// What the audit says was done, in order.
    pub async fn audited(&self) -> Vec<String> {
        let records = audit::verify(self.temp.store.reader(), "content", organisation()).await;
        let records = records.expect("the chain holds").into_iter();
        records
            .map(|record| format!("{} {}", record.action, record.actor))
            .collect()
    }
}

async fn bound(store: Store, context: &Context, session: &FakeSession) -> InProcess {
    let bound = bind(&Settings::default(), store, context.clone(), session.upstream()).await;
    layered(bound.expect("it binds"), context)
}

impl Desk {
    calls! {
        create_library LibraryServiceClient CreateLibraryRequest CreateLibraryResponse
        get_library LibraryServiceClient GetLibraryRequest GetLibraryResponse
        list_libraries LibraryServiceClient ListLibrariesRequest ListLibrariesResponse
        update_library LibraryServiceClient UpdateLibraryRequest UpdateLibraryResponse
        delete_library LibraryServiceClient DeleteLibraryRequest DeleteLibraryResponse
        create_response ResponseServiceClient CreateResponseRequest CreateResponseResponse
        get_response ResponseServiceClient GetResponseRequest GetResponseResponse
        list_responses ResponseServiceClient ListResponsesRequest ListResponsesResponse
        update_response ResponseServiceClient UpdateResponseRequest UpdateResponseResponse
        delete_response ResponseServiceClient DeleteResponseRequest DeleteResponseResponse
        search_responses ResponseServiceClient SearchResponsesRequest SearchResponsesResponse
        render_response ResponseServiceClient RenderResponseRequest RenderResponseResponse
        record_use ResponseServiceClient RecordUseRequest RecordUseResponse
        import_responses ResponseTransferServiceClient ImportResponsesRequest ImportResponsesResponse
    }

    /// All parts of the file.
    pub async fn export_responses(
        &self,
        asked: proto::ExportResponsesRequest,
    ) -> Result<Vec<proto::ExportResponsesResponse>, Status> {
        let mut client = ResponseTransferServiceClient::new(self.content.clone());
        let mut parts = client.export_responses(self.with(asked)).await?.into_inner();
        let mut all = Vec::new();
        while let Some(part) = parts.message().await? {
            all.push(part);
        }
        Ok(all)
    }

    /// Makes a response that is good.
    pub async fn make(&self, response: proto::Response) -> proto::Response {
        self.try_make(response).await.expect("it is good")
    }

    pub async fn try_make(&self, response: proto::Response) -> Result<proto::Response, Status> {
        let asked = proto::CreateResponseRequest {
            request_id: request(),
            response: Some(response),
        };
        self.create_response(asked)
            .await
            .map(|made| made.response.expect("said"))
    }

    /// Changes these fields of it.
    pub async fn change(&self, response: &proto::Response, fields: &[&str]) -> Result<proto::Response, Status> {
        let asked = proto::UpdateResponseRequest {
            response: Some(response.clone()),
            update_mask: Some(mask(fields)),
        };
        let changed = self.update_response(asked).await;
        changed.map(|changed| changed.response.expect("said"))
    }

    pub async fn read(&self, response: &str) -> Result<proto::Response, Status> {
        let response_id = response.to_owned();
        let read = self.get_response(proto::GetResponseRequest { response_id }).await;
        read.map(|read| read.response.expect("said"))
    }
}

pub fn mask(fields: &[&str]) -> prost_types::FieldMask {
    prost_types::FieldMask {
        paths: fields.iter().map(|field| (*field).to_owned()).collect(),
    }
}

/// What was said beside the reason.
pub fn said(status: &Status, key: &str) -> Option<String> {
    use onqueue_proto::rpc::{self, ErrorInfo, unpack};
    use prost::Message as _;
    let carried = rpc::Status::decode(status.details()).ok()?;
    let info: ErrorInfo = unpack("google.rpc.ErrorInfo", &carried.details)?;
    info.metadata.get(key).cloned()
}
