//! ResponseTransferService.

use crate::app::{Content, File, Incoming, Progress};
use crate::store::{Import, Matching, Part};
use crate::transfer::{Format, Outcome, Problem};
use futures::stream::{self, BoxStream, StreamExt as _};
use onqueue_model::{Fault, LibraryId};
use onqueue_proto::content::v1::{
    self as proto, ImportMode, ImportState, ResponseFormat, response_transfer_service_server::ResponseTransferService,
};
use onqueue_server::{
    caller,
    resource::{Once, id},
    status,
};
use sha2::{Digest as _, Sha256};
use tonic::{Request, Response, Status};

/// The most parts of a file.
const PARTS: i32 = 512;

/// The longest part, in bytes.
const LONGEST: usize = 60 * 1024;

/// How long the parts are that are sent, in bytes.
const SENT: usize = 48 * 1024;

/// The rpcs.
pub struct Rpcs(pub Content);

#[tonic::async_trait]
impl ResponseTransferService for Rpcs {
    async fn import_responses(
        &self,
        request: Request<proto::ImportResponsesRequest>,
    ) -> Result<Response<proto::ImportResponsesResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.into_inner();
        let library = id("library_id", &asked.library_id).map_err(status)?;
        // Before anything else: who may not is told that, whatever they sent.
        let importer = self.0.importer(&caller, library).await.map_err(status)?;
        let parts = asked.parts.max(1);
        let incoming = incoming(&asked, library).map_err(status)?;
        let progress = importer.take(incoming).await.map_err(status)?;
        Ok(Response::new(imported(parts, progress)))
    }

    type ExportResponsesStream = BoxStream<'static, Result<proto::ExportResponsesResponse, Status>>;

    async fn export_responses(
        &self,
        request: Request<proto::ExportResponsesRequest>,
    ) -> Result<Response<Self::ExportResponsesStream>, Status> {
        let caller = caller(&request).map_err(status)?;
        let asked = request.get_ref();
        let library = id("library_id", &asked.library_id).map_err(status)?;
        let format = format(asked.format()).map_err(status)?;
        let file = self.0.export(&caller, library, format).await.map_err(status)?;
        Ok(Response::new(stream::iter(parts(file)).map(Ok).boxed()))
    }
}

fn incoming(asked: &proto::ImportResponsesRequest, library: LibraryId) -> Result<Incoming, Fault> {
    let (format, matching) = (format(asked.format())?, matching(asked.mode()));
    let beside = proto::ImportResponsesRequest {
        part: 0,
        parts: asked.parts.max(1),
        content: bytes::Bytes::new(),
        ..asked.clone()
    };
    let Once { request, hash } = Once::of(&asked.request_id, &beside)?;
    if !(0..=PARTS).contains(&asked.parts) {
        return Err(Fault::field("parts", "must be 0–512"));
    }
    if !(0..asked.parts.max(1)).contains(&asked.part) {
        return Err(Fault::field("part", "must be 0 or more, and less than parts"));
    }
    if !(1..=LONGEST).contains(&asked.content.len()) {
        return Err(Fault::field("content", "must be 1 to 61,440 bytes"));
    }
    Ok(Incoming {
        import: Import {
            request,
            hash,
            parts: beside.parts,
        },
        part: Part {
            number: asked.part,
            hash: Sha256::digest(&asked.content).into(),
            content: asked.content.to_vec(),
        },
        library,
        format,
        matching,
    })
}

fn format(format: ResponseFormat) -> Result<Format, Fault> {
    match format {
        ResponseFormat::Csv => Ok(Format::Csv),
        ResponseFormat::Json => Ok(Format::Json),
        ResponseFormat::Unspecified => Err(Fault::field("format", "must be CSV or JSON")),
    }
}

fn matching(mode: ImportMode) -> Matching {
    match mode {
        ImportMode::Update => Matching::ByShortcutOrName,
        ImportMode::Add | ImportMode::Unspecified => Matching::Never,
    }
}

fn imported(parts: i32, progress: Progress) -> proto::ImportResponsesResponse {
    match progress {
        Progress::Receiving(received_parts) => proto::ImportResponsesResponse {
            state: ImportState::Receiving.into(),
            received_parts,
            ..proto::ImportResponsesResponse::default()
        },
        Progress::Done(outcome) => done(parts, outcome),
    }
}

fn done(received_parts: i32, outcome: Outcome) -> proto::ImportResponsesResponse {
    let state = match outcome.problems.is_none() {
        true => ImportState::Imported,
        false => ImportState::Refused,
    };
    let count = |count: i64| i32::try_from(count).unwrap_or(i32::MAX);
    proto::ImportResponsesResponse {
        state: state.into(),
        received_parts,
        added: count(outcome.added),
        changed: count(outcome.changed),
        unchanged: count(outcome.unchanged),
        problem_count: i32::try_from(outcome.problems.count).unwrap_or(i32::MAX),
        problems: outcome.problems.told.into_iter().map(problem).collect(),
    }
}

fn problem(problem: Problem) -> proto::ImportProblem {
    let number = |number: u64| i32::try_from(number).unwrap_or(i32::MAX);
    proto::ImportProblem {
        line: number(problem.line),
        column: problem.column,
        column_number: number(problem.number.into()),
        reason: problem.reason,
        message: problem.message,
        mistake: problem.mistake,
        parameters: problem.parameters,
    }
}

/// At least one, also of an empty file: its name is to be heard.
fn parts(file: File) -> Vec<proto::ExportResponsesResponse> {
    let mut rest = bytes::Bytes::from(file.content);
    let mut parts = vec![proto::ExportResponsesResponse {
        file_name: file.name,
        media_type: file.media_type.to_owned(),
        content: rest.split_to(rest.len().min(SENT)),
    }];
    while !rest.is_empty() {
        parts.push(proto::ExportResponsesResponse {
            content: rest.split_to(rest.len().min(SENT)),
            ..proto::ExportResponsesResponse::default()
        });
    }
    parts
}
