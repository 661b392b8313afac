//! ScriptRunService.

use super::{script_decode as decode, script_encode as encode};
use crate::app::{Absence, Begun, Content, View};
use onqueue_client::Behalf;
use onqueue_model::Fault;
use onqueue_proto::content::v1 as proto;
use onqueue_proto::content::v1::script_run_service_server::ScriptRunService;
use onqueue_server::resource::{id, optional_id};
use onqueue_server::{caller, status};
use std::collections::BTreeMap;
use tonic::{Request, Response, Status};

/// The rpcs.
pub struct Rpcs(pub Content);

#[tonic::async_trait]
impl ScriptRunService for Rpcs {
    async fn start_run(
        &self,
        request: Request<proto::StartRunRequest>,
    ) -> Result<Response<proto::StartRunResponse>, Status> {
        let Begun { run, absence } = self.start(&request).await.map_err(status)?;
        let run = self.drawn(&request, run).await.map_err(status)?;
        let absence = absence.map_or(proto::RunAbsence::Unspecified, absent).into();
        Ok(Response::new(proto::StartRunResponse { run, absence }))
    }

    async fn get_run(&self, request: Request<proto::GetRunRequest>) -> Result<Response<proto::GetRunResponse>, Status> {
        let run = self.get(&request).await.map_err(status)?;
        let run = self.drawn(&request, run).await.map_err(status)?;
        Ok(Response::new(proto::GetRunResponse { run }))
    }

    async fn list_runs(
        &self,
        request: Request<proto::ListRunsRequest>,
    ) -> Result<Response<proto::ListRunsResponse>, Status> {
        let runs = self.list(&request).await.map_err(status)?;
        let listed = |run: View| encode::run(&run.without_page(), &BTreeMap::new());
        Ok(Response::new(proto::ListRunsResponse {
            runs: runs.into_iter().map(listed).collect(),
        }))
    }

    async fn submit_page(
        &self,
        request: Request<proto::SubmitPageRequest>,
    ) -> Result<Response<proto::SubmitPageResponse>, Status> {
        let run = self.submit(&request).await.map_err(status)?;
        let run = self.drawn(&request, Some(run)).await.map_err(status)?;
        Ok(Response::new(proto::SubmitPageResponse { run }))
    }

    async fn end_run(&self, request: Request<proto::EndRunRequest>) -> Result<Response<proto::EndRunResponse>, Status> {
        let run = self.end(&request).await.map_err(status)?;
        let run = self.drawn(&request, Some(run)).await.map_err(status)?;
        Ok(Response::new(proto::EndRunResponse { run }))
    }
}

impl Rpcs {
    async fn start(&self, request: &Request<proto::StartRunRequest>) -> Result<Begun, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let conversation = id("conversation_id", &asked.conversation_id)?;
        let glance = decode::glance(&asked.language, asked.utc_offset_minutes)?;
        let behalf = Behalf::of_request(request);
        self.0.start_run(&caller, &behalf, (conversation, &glance)).await
    }

    async fn get(&self, request: &Request<proto::GetRunRequest>) -> Result<Option<View>, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let which = match optional_id("run_id", &asked.run_id)? {
            Some(run) => Ok(run),
            None => Err(id("conversation_id", &asked.conversation_id)?),
        };
        let glance = decode::glance(&asked.language, asked.utc_offset_minutes)?;
        let behalf = Behalf::of_request(request);
        self.0.get_run(&caller, &behalf, (which, &glance)).await
    }

    async fn list(&self, request: &Request<proto::ListRunsRequest>) -> Result<Vec<View>, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let conversation = id("conversation_id", &asked.conversation_id)?;
        let glance = decode::glance(&asked.language, 0)?;
        let behalf = Behalf::of_request(request);
        self.0.list_runs(&caller, &behalf, (conversation, &glance)).await
    }

    async fn submit(&self, request: &Request<proto::SubmitPageRequest>) -> Result<View, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let glance = decode::glance(&asked.language, asked.utc_offset_minutes)?;
        let submission = decode::submission(asked)?;
        let behalf = Behalf::of_request(request);
        self.0.submit_page(&caller, &behalf, (submission, &glance)).await
    }

    async fn end(&self, request: &Request<proto::EndRunRequest>) -> Result<View, Fault> {
        let (caller, asked) = (caller(request)?, request.get_ref());
        let which = (id("run_id", &asked.run_id)?, asked.step);
        let behalf = Behalf::of_request(request);
        self.0.end_run(&caller, &behalf, which).await
    }

    /// With the responses that its page offers, as far as the caller may use them.
    async fn drawn<T>(&self, request: &Request<T>, view: Option<View>) -> Result<Option<proto::ScriptRun>, Fault> {
        let Some(view) = view else { return Ok(None) };
        let offered = self.0.offered(&caller(request)?, &view).await?;
        Ok(Some(encode::run(&view, &offered)))
    }
}

const fn absent(absence: Absence) -> proto::RunAbsence {
    match absence {
        Absence::NoScript => proto::RunAbsence::NoScript,
        Absence::Gone => proto::RunAbsence::ScriptGone,
        Absence::Unpublished => proto::RunAbsence::ScriptUnpublished,
    }
}
