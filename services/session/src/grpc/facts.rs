//! RoutingFactsService.

use super::{Api, decode, policy::policy};
use crate::app::report::{Report, Told};
use onqueue_chat::{Fact, Place, Withdrawal};
use onqueue_model::{Fault, OrganisationId, Reason};
use onqueue_proto::session::v1::{
    PutQueuePolicyRequest, PutQueuePolicyResponse, ReportAllRequest, ReportAllResponse, ReportOutcome, ReportRequest,
    ReportResponse, TracedReport, TransferredFact, WrapUpSetFact, report_request,
    routing_facts_service_server::RoutingFactsService,
};
use onqueue_server::{resource::optional_id, service_caller, status};
use tonic::{Request, Response, Status};

/// The longest name of an agent or a queue, in characters.
pub(super) const NAME: usize = 200;

/// How many reports one call brings at most.
const REPORTS: usize = 1_000;

/// The longest note of a transfer, in characters.
const NOTE: usize = 1_000;

#[tonic::async_trait]
impl RoutingFactsService for Api {
    async fn report(&self, request: Request<ReportRequest>) -> Result<Response<ReportResponse>, Status> {
        service_caller(&request).map_err(status)?;
        let report = self.decode_report(request.into_inner()).await.map_err(status)?;
        let recorded = self.0.report(report).await.map_err(status)?;
        Ok(Response::new(ReportResponse { recorded }))
    }

    async fn report_all(&self, request: Request<ReportAllRequest>) -> Result<Response<ReportAllResponse>, Status> {
        service_caller(&request).map_err(status)?;
        let reports = request.into_inner().reports;
        if reports.len() > REPORTS {
            let problem = Fault::field(
                "reports",
                "reports must be 1,000 at most; send the others with another call",
            );
            return Err(status(problem));
        }
        let mut all = Vec::with_capacity(reports.len());
        for traced in reports {
            all.push(self.decode_told(traced).await);
        }
        let outcomes = self.0.report_all(all).await.into_iter().map(outcome).collect();
        Ok(Response::new(ReportAllResponse { outcomes }))
    }

    async fn put_queue_policy(
        &self,
        request: Request<PutQueuePolicyRequest>,
    ) -> Result<Response<PutQueuePolicyResponse>, Status> {
        service_caller(&request).map_err(status)?;
        let policy = policy(request.get_ref()).map_err(status)?;
        self.0.put_policy(policy).await.map_err(status)?;
        Ok(Response::new(PutQueuePolicyResponse {}))
    }
}

impl Api {
    async fn decode_told(&self, traced: TracedReport) -> Told {
        let request = traced.report.unwrap_or_default();
        Told {
            about: request.conversation_id.clone(),
            traceparent: (!traced.traceparent.is_empty()).then(|| traced.traceparent.into()),
            report: self.decode_report(request).await,
        }
    }

    async fn decode_report(&self, request: ReportRequest) -> Result<Report, Fault> {
        let organisation = decode::id("organisation_id", &request.organisation_id)?;
        let opening = u32::try_from(request.opening).ok().filter(|opening| *opening > 0);
        let fact = request
            .fact
            .ok_or_else(|| Fault::field("fact", "a report needs a fact"))?;
        Ok(Report {
            organisation,
            conversation: decode::id("conversation_id", &request.conversation_id)?,
            opening: opening.ok_or_else(|| Fault::field("opening", "opening counts from 1"))?,
            place: Place {
                epoch: request.epoch,
                position: request.position,
            },
            fact: self.decode_fact(organisation, fact).await?,
        })
    }

    async fn decode_fact(&self, organisation: OrganisationId, fact: report_request::Fact) -> Result<Fact, Fault> {
        use report_request::Fact as From;
        Ok(match fact {
            From::Queued(fact) => {
                let queue = decode::id("queued.queue_id", &fact.queue_id)?;
                Fact::Queued {
                    queue,
                    queue_name: self.0.queue_name(organisation, queue).await?,
                }
            }
            From::Offered(fact) => Fact::Offered {
                user: decode::id("offered.user_id", &fact.user_id)?,
                agent_name: onqueue_chat::line("offered.agent_name", &fact.agent_name, NAME)?,
            },
            From::Rescinded(fact) => Fact::Rescinded {
                user: decode::id("rescinded.user_id", &fact.user_id)?,
                reason: Withdrawal::parse(&fact.reason).ok_or_else(|| {
                    Fault::field("rescinded.reason", "reason must be declined, timed_out or agent_gone")
                })?,
            },
            From::Assigned(fact) => Fact::Assigned {
                user: decode::id("assigned.user_id", &fact.user_id)?,
                agent_name: onqueue_chat::line("assigned.agent_name", &fact.agent_name, NAME)?,
                participant: self.0.context.ids.id(self.0.context.clock.now()),
                queue: optional_id("assigned.queue_id", &fact.queue_id)?,
            },
            From::Refused(fact) => Fact::Refused {
                reason: Reason::parse(&fact.reason)
                    .ok_or_else(|| Fault::field("refused.reason", "reason must be one of the API's"))?,
            },
            From::Transferred(fact) => self.decode_transfer(organisation, &fact).await?,
            From::WrapUpSet(fact) => wrap_up(&fact)?,
            From::AgentLost(fact) => Fact::AgentLost {
                user: decode::id("agent_lost.user_id", &fact.user_id)?,
            },
        })
    }

    async fn decode_transfer(&self, organisation: OrganisationId, fact: &TransferredFact) -> Result<Fact, Fault> {
        let queue = decode::id("transferred.queue_id", &fact.queue_id)?;
        let to = optional_id("transferred.to_user_id", &fact.to_user_id)?;
        let name = onqueue_chat::line("transferred.to_agent_name", &fact.to_agent_name, NAME)?;
        Ok(Fact::Transferred {
            queue,
            queue_name: self.0.queue_name(organisation, queue).await?,
            to: to.map(|user| (user, name)),
            attended: fact.attended,
            note: onqueue_chat::line("transferred.note", &fact.note, NOTE)?,
        })
    }
}

/// The refusal of one report is no refusal of the call, but is logged like one.
fn outcome(answer: Result<bool, Fault>) -> ReportOutcome {
    match answer {
        Ok(recorded) => ReportOutcome {
            recorded,
            ..ReportOutcome::default()
        },
        Err(fault) => ReportOutcome {
            recorded: false,
            refusal: fault.reason.as_str().to_owned(),
            message: status(fault).message().to_owned(),
        },
    }
}

fn wrap_up(fact: &WrapUpSetFact) -> Result<Fact, Fault> {
    let code = optional_id("wrap_up_set.wrap_up_code_id", &fact.wrap_up_code_id)?;
    let name = onqueue_chat::line("wrap_up_set.wrap_up_code_name", &fact.wrap_up_code_name, NAME)?;
    Ok(Fact::WrapUpSet {
        user: decode::id("wrap_up_set.user_id", &fact.user_id)?,
        code: code.map(|code| (code, name)),
    })
}
