//! What session is to be told of one interaction, on its way from what was decided to session's answer.

use super::host::{Host, REPORTS};
use super::legs::opening;
use super::turn::Turn;
use crate::store::{NewPack, Parcel, Undelivered};
use onqueue_model::{ConversationId, InteractionId, OrganisationId};
use onqueue_proto::session::v1::{ReportAllRequest, ReportRequest, TracedReport, report_request::Fact};
use prost::Message as _;
use tokio::sync::oneshot;

/// How many reports are kept together at most.
const PACK: usize = 1_000;

/// Whose reports go in order.
pub type Line = (OrganisationId, ConversationId);

/// One report.
#[derive(Debug)]
pub struct Report {
    pub organisation: OrganisationId,
    pub interaction: InteractionId,
    pub traced: TracedReport,
    /// Who waits until session has answered it. They are let go if that is not known here any more.
    pub told: Option<oneshot::Sender<()>>,
}

/// Reports that are kept in one row of the outbox.
#[derive(Debug)]
pub struct Pack {
    pub parcel: Parcel,
    pub reports: Vec<Report>,
}

/// One report with what it is kept in.
#[derive(Debug)]
pub struct Waiting {
    pub parcel: Parcel,
    pub report: Report,
}

impl Report {
    /// What it goes in order with.
    pub const fn line(&self) -> Line {
        (self.organisation, self.interaction.conversation)
    }

    /// `None` if the ids in it are none.
    fn read(traced: TracedReport) -> Option<Self> {
        let request = traced.report.as_ref()?;
        Some(Self {
            organisation: request.organisation_id.parse().ok()?,
            interaction: InteractionId {
                conversation: request.conversation_id.parse().ok()?,
                opening: u32::try_from(request.opening).ok()?,
            },
            traced,
            told: None,
        })
    }
}

impl Pack {
    /// Packs an organisation's reports, with what is to be kept of them.
    pub fn of(organisation: OrganisationId, place: i64, mut reports: Vec<Report>) -> (Self, NewPack) {
        let taken = reports.iter_mut().map(|report| std::mem::take(&mut report.traced));
        let request = ReportAllRequest {
            reports: taken.collect(),
        };
        let kept = NewPack {
            organisation,
            place,
            reports: reports.len(),
            payload: request.encode_to_vec(),
        };
        for (report, traced) in reports.iter_mut().zip(request.reports) {
            report.traced = traced;
        }
        let parcel = Parcel::Pack(organisation, place);
        (Self { parcel, reports }, kept)
    }

    /// As it was kept; `None` if that makes no sense.
    pub fn read(kept: Undelivered) -> Option<Self> {
        let payload = kept.payload.as_slice();
        let all = match kept.parcel {
            Parcel::Pack(..) => ReportAllRequest::decode(payload).ok()?.reports,
            Parcel::Single(..) => vec![TracedReport {
                report: Some(ReportRequest::decode(payload).ok()?),
                traceparent: kept.traceparent.unwrap_or_default(),
            }],
        };
        let reports: Option<Vec<_>> = all.into_iter().map(Report::read).collect();
        let parcel = kept.parcel;
        reports
            .filter(|reports| !reports.is_empty())
            .map(|reports| Self { parcel, reports })
    }
}

impl Host {
    /// Tells session of an interaction, after everything that the last input did to it.
    pub fn say(&self, turn: &mut Turn, interaction: InteractionId, said: (Fact, Option<&str>)) {
        self.report(turn, interaction, self.position * REPORTS + REPORTS - 1, said);
    }

    pub(super) fn report(
        &self,
        turn: &mut Turn,
        interaction: InteractionId,
        position: i64,
        (fact, traceparent): (Fact, Option<&str>),
    ) {
        let epoch = turn.tenure.epoch(self.organisation());
        let request = ReportRequest {
            organisation_id: self.organisation().to_string(),
            conversation_id: interaction.conversation.to_string(),
            opening: i64::from(opening(interaction)),
            epoch,
            position,
            fact: Some(fact),
        };
        turn.reports.entry(self.organisation()).or_default().push(Report {
            organisation: self.organisation(),
            interaction,
            traced: TracedReport {
                report: Some(request),
                traceparent: traceparent.unwrap_or_default().to_owned(),
            },
            told: None,
        });
    }

    /// Packs a turn's reports. There is no report without an input, so that packs' places rise with the log.
    pub fn pack(&self, turn: &mut Turn, reports: Vec<Report>) {
        let mut reports = reports.into_iter().peekable();
        let mut place = self.position * REPORTS;
        while reports.peek().is_some() {
            let some = reports.by_ref().take(PACK).collect();
            let (pack, kept) = Pack::of(self.organisation(), place, some);
            turn.packs.push(pack);
            turn.batch.packs.push(kept);
            place += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onqueue_model::Id;
    use uuid::Uuid;

    fn report(position: i64) -> Report {
        let id = Uuid::from_u128(7);
        let request = ReportRequest {
            organisation_id: id.to_string(),
            conversation_id: id.to_string(),
            opening: 2,
            epoch: 3,
            position,
            fact: None,
        };
        let traced = TracedReport {
            report: Some(request),
            traceparent: "trace".to_owned(),
        };
        Report::read(traced).expect("makes sense")
    }

    #[test]
    fn what_is_kept_is_what_was_packed() {
        let (pack, kept) = Pack::of(Id::new(Uuid::from_u128(7)), 5, vec![report(1), report(2)]);
        assert_eq!((kept.place, kept.reports), (5, 2));
        let read = Pack::read(Undelivered {
            parcel: pack.parcel,
            traceparent: None,
            payload: kept.payload,
        });
        let read = read.expect("makes sense");
        let told = |pack: &Pack| {
            pack.reports
                .iter()
                .map(|report| report.traced.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!((read.parcel, told(&read)), (pack.parcel, told(&pack)));
        assert_eq!(read.reports[0].line(), pack.reports[0].line());
        assert_eq!(read.reports[0].interaction.opening, 2);
    }

    #[test]
    fn a_single_report_keeps_its_trace() {
        let request = report(4).traced.report.expect("a request");
        let conversation = Id::new(Uuid::from_u128(7));
        let single = |payload| Undelivered {
            parcel: Parcel::Single(Id::new(Uuid::from_u128(7)), conversation, 4),
            traceparent: Some("trace".to_owned()),
            payload,
        };
        let read = Pack::read(single(request.encode_to_vec())).expect("makes sense");
        assert_eq!(read.reports[0].traced, report(4).traced);
        assert!(Pack::read(single(vec![255])).is_none());
        assert!(Pack::read(single(Vec::new())).is_none(), "without ids");
    }
}
