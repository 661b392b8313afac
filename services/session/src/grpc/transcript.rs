//! TranscriptService.

use super::{Api, Frames, decode, encode};
use crate::app::{
    access::Viewer,
    export::{Export, Order},
    search::{Found, Hit, Wish},
    verify::{Cause, Removal, Report, Verdict},
};
use crate::store::{holds::Hold, log, retention::Progress, search::Filter};
use crate::transcript::{Format, Language, Zone};
use crate::words::{Mark, Query};
use onqueue_model::{ConversationId, EventId, Fault, permissions};
use onqueue_proto::{
    millis,
    session::v1::{
        ExcerptMark, ExportTranscriptRequest, ExportTranscriptResponse, FoundTranscript, GetRetentionRequest,
        GetRetentionResponse, LegalHold, ListEventsRequest, ListEventsResponse, ListLegalHoldsRequest,
        ListLegalHoldsResponse, QueueRetention, RedactMessageRequest, RedactMessageResponse, RemovalCause,
        SearchTranscriptsRequest, SearchTranscriptsResponse, SetLegalHoldRequest, SetLegalHoldResponse,
        TranscriptAudience, TranscriptFormat, TranscriptHit, TranscriptRemoval, TranscriptVerdict,
        VerifyTranscriptRequest, VerifyTranscriptResponse, transcript_service_server::TranscriptService,
    },
    timestamp,
};
use onqueue_server::{
    caller, paced,
    resource::{optional_id, page_size},
    status,
};
use onqueue_store::{decode_token, encode_token};
use tonic::{Request, Response, Status};

/// The longest reason for a redaction or a hold, in characters.
const REASON: usize = 200;

#[tonic::async_trait]
impl TranscriptService for Api {
    async fn list_events(&self, request: Request<ListEventsRequest>) -> Result<Response<ListEventsResponse>, Status> {
        self.events(&request).await.map(Response::new).map_err(status)
    }

    async fn search_transcripts(
        &self,
        request: Request<SearchTranscriptsRequest>,
    ) -> Result<Response<SearchTranscriptsResponse>, Status> {
        self.found(&request).await.map(Response::new).map_err(status)
    }

    type ExportTranscriptStream = Frames<ExportTranscriptResponse>;

    async fn export_transcript(
        &self,
        request: Request<ExportTranscriptRequest>,
    ) -> Result<Response<Self::ExportTranscriptStream>, Status> {
        let caller = caller(&request).map_err(status)?;
        let order = order(request.get_ref()).map_err(status)?;
        let export = self.0.export(&caller, order).await.map_err(status)?;
        let parts = futures::stream::try_unfold((export, true), |(mut export, is_first)| async move {
            let part = export.next().await.map_err(status)?;
            Ok(part.map(|part| (encoded(&export, part, is_first), (export, false))))
        });
        Ok(Response::new(paced(parts)))
    }

    async fn verify_transcript(
        &self,
        request: Request<VerifyTranscriptRequest>,
    ) -> Result<Response<VerifyTranscriptResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let id = decode::id("conversation_id", &request.get_ref().conversation_id).map_err(status)?;
        let report = self.0.verify(&caller, id).await.map_err(status)?;
        Ok(Response::new(verified(report)))
    }

    async fn redact_message(
        &self,
        request: Request<RedactMessageRequest>,
    ) -> Result<Response<RedactMessageResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let (what, reason) = redaction(request.get_ref()).map_err(status)?;
        let (event, viewer) = self.0.redact(&caller, what, reason).await.map_err(status)?;
        Ok(Response::new(RedactMessageResponse {
            event: encode::event(&event, viewer),
        }))
    }

    async fn set_legal_hold(
        &self,
        request: Request<SetLegalHoldRequest>,
    ) -> Result<Response<SetLegalHoldResponse>, Status> {
        let (caller, message) = (caller(&request).map_err(status)?, request.get_ref());
        let id = decode::id("conversation_id", &message.conversation_id).map_err(status)?;
        let reason = onqueue_chat::line("reason", &message.reason, REASON).map_err(status)?;
        let held = self.0.hold(&caller, id, message.held.then_some(reason)).await;
        Ok(Response::new(SetLegalHoldResponse {
            hold: held.map_err(status)?.as_ref().map(hold),
        }))
    }

    async fn list_legal_holds(
        &self,
        request: Request<ListLegalHoldsRequest>,
    ) -> Result<Response<ListLegalHoldsResponse>, Status> {
        let (caller, message) = (caller(&request).map_err(status)?, request.get_ref());
        let size = page_size(message.page_size).map_err(status)?;
        let before = decode_token(&message.page_token).map_err(status)?;
        let page = self.0.holds(&caller, (before, size)).await.map_err(status)?;
        Ok(Response::new(ListLegalHoldsResponse {
            holds: page.items.iter().map(hold).collect(),
            next_page_token: page.next.map(|next| encode_token(&next)).unwrap_or_default(),
        }))
    }

    async fn get_retention(
        &self,
        request: Request<GetRetentionRequest>,
    ) -> Result<Response<GetRetentionResponse>, Status> {
        let caller = caller(&request).map_err(status)?;
        let progress = self.0.retention(&caller).await.map_err(status)?;
        Ok(Response::new(GetRetentionResponse {
            queues: progress.into_iter().map(retained).collect(),
        }))
    }
}

impl Api {
    async fn found(&self, request: &Request<SearchTranscriptsRequest>) -> Result<SearchTranscriptsResponse, Fault> {
        let (caller, message) = (caller(request)?, request.get_ref());
        let results = self.0.search(&caller, wish(message)?).await?;
        Ok(SearchTranscriptsResponse {
            transcripts: results.found.iter().map(found).collect(),
            next_page_token: results.next.map(|next| encode_token(&next)).unwrap_or_default(),
        })
    }

    async fn events(&self, request: &Request<ListEventsRequest>) -> Result<ListEventsResponse, Fault> {
        let (caller, message) = (caller(request)?, request.get_ref());
        let id = decode::id("conversation_id", &message.conversation_id)?;
        let limit = decode::page_size(message.page_size, 200, 500)?;
        let seen = self.0.see(&caller, id, permissions::TRANSCRIPT_VIEW).await?;
        let place = self.0.place(&seen, &message.page_token).await?;
        let (key, class) = ((caller.organisation, id), seen.viewer.class);
        let lines = log::after(&self.0.store, key, class, place, limit).await?;
        let last = lines.last().and_then(|line| class.place(&line.event)).unwrap_or(place);
        let more = last < seen.conversation.head.numbers.last(class);
        Ok(ListEventsResponse {
            events: lines
                .iter()
                .filter_map(|line| encode::event(&line.event, seen.viewer))
                .collect(),
            next_page_token: if more {
                self.0.cursor(class, last)
            } else {
                String::new()
            },
        })
    }
}

fn wish(message: &SearchTranscriptsRequest) -> Result<Wish, Fault> {
    let limit = decode::page_size(message.page_size, 20, 50)?;
    Ok(Wish {
        query: Query::parse(&message.text)?,
        filter: Filter {
            contact: optional_id("contact_id", &message.contact_id)?,
            agent: optional_id("user_id", &message.user_id)?,
            queue: optional_id("queue_id", &message.queue_id)?,
            from: message.created_from.as_ref().map(millis),
            before: message.created_before.as_ref().map(millis),
            wrap_up: optional_id("wrap_up_code_id", &message.wrap_up_code_id)?,
        },
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
        after: decode_token(&message.page_token)?,
    })
}

fn found(found: &Found) -> FoundTranscript {
    FoundTranscript {
        conversation: Some(encode::conversation(&found.seen)),
        hits: found.hits.iter().map(|one| hit(one, found.seen.viewer)).collect(),
    }
}

fn hit(hit: &Hit, viewer: Viewer) -> TranscriptHit {
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let mark = |mark: &Mark| ExcerptMark {
        start: count(mark.start),
        length: count(mark.length),
    };
    let event = &hit.event;
    TranscriptHit {
        event_id: event.id.to_string(),
        sequence: viewer.class.place(event).unwrap_or_default(),
        at: Some(timestamp(event.at)),
        participant_id: event.participant.map(|id| id.to_string()).unwrap_or_default(),
        visibility: encode::visibility(event.body.visibility()).into(),
        excerpt: hit.excerpt.text.clone(),
        marks: hit.excerpt.marks.iter().map(mark).collect(),
    }
}

fn order(message: &ExportTranscriptRequest) -> Result<Order, Fault> {
    let invalid = Fault::field;
    let format = match TranscriptFormat::try_from(message.format) {
        Ok(TranscriptFormat::Unspecified | TranscriptFormat::Text) => Format::Text,
        Ok(TranscriptFormat::Json) => Format::Json,
        Ok(TranscriptFormat::Html) => Format::Html,
        Err(_) => return Err(invalid("format", "format must be one of TranscriptFormat")),
    };
    let for_guest = match TranscriptAudience::try_from(message.audience) {
        Ok(audience) => audience == TranscriptAudience::Guest,
        Err(_) => return Err(invalid("audience", "audience must be one of TranscriptAudience")),
    };
    Ok(Order {
        conversation: decode::id("conversation_id", &message.conversation_id)?,
        format,
        for_guest,
        language: Language::parse(&message.language).ok_or_else(|| invalid("language", "language must be de or en"))?,
        zone: Zone::parse(&message.time_zone)
            .ok_or_else(|| invalid("time_zone", "time_zone must be an IANA name such as Europe/Berlin"))?,
    })
}

fn encoded(export: &Export, part: String, is_first: bool) -> ExportTranscriptResponse {
    let first = |text: String| if is_first { text } else { String::new() };
    ExportTranscriptResponse {
        file_name: first(export.file_name()),
        media_type: first(export.media_type().to_owned()),
        content: part.into(),
    }
}

fn verified(report: Report) -> VerifyTranscriptResponse {
    let (verdict, first) = match report.verdict {
        Verdict::Intact => (TranscriptVerdict::Intact, 0),
        Verdict::Changed(sequence) => (TranscriptVerdict::Changed, sequence),
        Verdict::CutOff(sequence) => (TranscriptVerdict::CutOff, sequence),
        Verdict::Removed(sequence) => (TranscriptVerdict::Removed, sequence),
    };
    let removal = |removal: Removal| TranscriptRemoval {
        sequence: removal.sequence,
        cause: match removal.cause {
            Cause::Redacted => RemovalCause::Redacted,
            Cause::Retention => RemovalCause::Retention,
            Cause::Erased => RemovalCause::Erased,
        }
        .into(),
        at: Some(timestamp(removal.at)),
        by: removal.by,
    };
    VerifyTranscriptResponse {
        verdict: verdict.into(),
        events: report.events,
        first_broken_sequence: first,
        removals: report.removals.into_iter().map(removal).collect(),
        end_recorded: report.end_recorded,
    }
}

fn redaction(message: &RedactMessageRequest) -> Result<((ConversationId, EventId), String), Fault> {
    let conversation = decode::id("conversation_id", &message.conversation_id)?;
    let event = decode::id("event_id", &message.event_id)?;
    let reason = onqueue_chat::line("reason", &message.reason, REASON)?;
    Ok(((conversation, event), reason))
}

fn hold(hold: &Hold) -> LegalHold {
    LegalHold {
        conversation_id: hold.conversation.to_string(),
        at: Some(timestamp(hold.at)),
        user_id: hold.user.to_string(),
        reason: hold.reason.clone(),
    }
}

fn retained(progress: Progress) -> QueueRetention {
    QueueRetention {
        queue_id: progress.rule.queue.to_string(),
        queue_name: progress.rule.name,
        days: progress.rule.days,
        erased: progress.erased,
        last_erased_at: progress.last_erased_at.map(timestamp),
        due: i32::try_from(progress.due).unwrap_or(i32::MAX),
    }
}
