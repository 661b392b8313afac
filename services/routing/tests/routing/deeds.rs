//! What people do to interactions, in short; and queues with settings of the engine.

use crate::administrator::text;
use crate::world::{AGENT, Desk, World, organisation};
use onqueue_acd::{Command, QueueConfig};
use onqueue_proto::routing::v1 as proto;
use onqueue_testkit::START;
use sea_orm::{ConnectionTrait as _, DbBackend};
use tonic::Status;

/// What agents may do by default beside what everybody in these tests may.
pub const HANDS: [&str; 5] = [
    "conversation:webchat:pull",
    "conversation:communication:blindTransfer",
    "conversation:participant:wrapup",
    "routing:queue:search",
    "routing:wrapupCode:view",
];

pub const SUPERVISOR: u128 = 0x5a;

/// Somebody who looks after the queues.
pub fn supervisor(world: &World) -> Desk {
    let may = [
        "routing:queue:view",
        "routing:interaction:edit",
        "routing:externalWork:report",
        "conversation:webchat:assign",
        "conversation:webchat:takeover",
        "conversation:communication:blindTransfer",
        "conversation:communication:view",
    ];
    world.grant(SUPERVISOR, &may);
    world.user(SUPERVISOR, "Sara")
}

impl World {
    /// Agents who may also transfer, pull and wrap up.
    pub fn let_them(&self, agents: &[u128]) {
        for agent in agents {
            self.grant(*agent, &[&AGENT[..], &HANDS[..]].concat());
        }
    }

    /// Gives the engine a queue as it is to be, through its log.
    pub async fn set_queue(&mut self, queue: QueueConfig) {
        let organisation = organisation().uuid();
        let id = match self.temp.store.reader().get_database_backend() {
            DbBackend::Postgres => format!("'{organisation}'::uuid"),
            _ => format!("x'{}'", organisation.simple()),
        };
        let command = serde_json::to_string(&Command::UpsertQueue { queue }).expect("plain data");
        let sql = format!(
            "INSERT INTO routing_log (organisation_id, position, at, command, traceparent, epoch) \
             SELECT {id}, MAX(position) + 1, {}, '{command}', NULL, 1 FROM routing_log WHERE organisation_id = {id}",
            START.millis()
        );
        self.write(&sql).await;
        self.restart().await;
    }
}

type Answer = Result<proto::Interaction, Status>;

impl Desk {
    pub async fn interaction(&self, conversation: u128) -> Answer {
        let conversation_id = text(conversation);
        let request = self.with(proto::GetInteractionRequest { conversation_id });
        let answer = self.interactions().get_interaction(request).await?;
        Ok(answer.into_inner().interaction.expect("an interaction"))
    }

    /// The conversations that are listed, page by page.
    pub async fn listed(&self, request: &proto::ListInteractionsRequest) -> Vec<u128> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = proto::ListInteractionsRequest {
                page_token,
                ..request.clone()
            };
            let page = self.interactions().list_interactions(self.with(request)).await;
            let page = page.expect("may").into_inner();
            let ids = page
                .interactions
                .iter()
                .map(|one| one.conversation_id.parse::<uuid::Uuid>());
            all.extend(ids.map(|id| id.expect("an id").as_u128()));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }

    pub async fn transfer(&self, conversation: u128, change: impl FnOnce(&mut proto::TransferRequest)) -> Answer {
        let mut request = proto::TransferRequest {
            request_id: uuid::Uuid::now_v7().to_string(),
            conversation_id: text(conversation),
            ..proto::TransferRequest::default()
        };
        change(&mut request);
        let answer = self.interactions().transfer(self.with(request)).await?;
        Ok(answer.into_inner().interaction.expect("an interaction"))
    }

    pub async fn cancel_transfer(&self, conversation: u128) -> Answer {
        let conversation_id = text(conversation);
        let request = self.with(proto::CancelTransferRequest { conversation_id });
        let answer = self.interactions().cancel_transfer(request).await?;
        Ok(answer.into_inner().interaction.expect("an interaction"))
    }

    pub async fn assign(&self, conversation: u128, agent: u128, forced: bool) -> Answer {
        let request = self.with(proto::AssignRequest {
            conversation_id: text(conversation),
            user_id: text(agent),
            forced,
        });
        let answer = self.interactions().assign(request).await?;
        Ok(answer.into_inner().interaction.expect("an interaction"))
    }

    pub async fn take_over(&self, conversation: u128) -> Answer {
        let conversation_id = text(conversation);
        let request = self.with(proto::TakeOverRequest { conversation_id });
        let answer = self.interactions().take_over(request).await?;
        Ok(answer.into_inner().interaction.expect("an interaction"))
    }

    pub async fn pull(&self, conversation: u128) -> Answer {
        let conversation_id = text(conversation);
        let request = self.with(proto::PullRequest { conversation_id });
        let answer = self.interactions().pull(request).await?;
        Ok(answer.into_inner().interaction.expect("an interaction"))
    }

    pub async fn set_priority(&self, conversation: u128, priority: i32) -> Answer {
        let request = self.with(proto::SetPriorityRequest {
            conversation_id: text(conversation),
            priority,
        });
        let answer = self.interactions().set_priority(request).await?;
        Ok(answer.into_inner().interaction.expect("an interaction"))
    }

    pub async fn require(&self, conversation: u128, requirements: proto::InteractionRequirements) -> Answer {
        let request = self.with(proto::SetRequirementsRequest {
            conversation_id: text(conversation),
            requirements: Some(requirements),
        });
        let answer = self.interactions().set_requirements(request).await?;
        Ok(answer.into_inner().interaction.expect("an interaction"))
    }

    pub async fn report_work(&self, agent: u128, work: u128, medium: proto::Medium) -> Result<(), Status> {
        let request = self.with(proto::ReportExternalWorkRequest {
            user_id: text(agent),
            work_id: text(work),
            medium: medium.into(),
            label_ids: vec![text(0x1a)],
        });
        self.interactions().report_external_work(request).await.map(drop)
    }

    pub async fn end_work(&self, agent: u128, work: u128) -> Result<(), Status> {
        let request = self.with(proto::EndExternalWorkRequest {
            user_id: text(agent),
            work_id: text(work),
        });
        self.interactions().end_external_work(request).await.map(drop)
    }

    pub async fn wrap_up(&self, conversation: u128, code: &str, notes: &str) -> Result<proto::Agent, Status> {
        let request = self.with(proto::CompleteWrapUpRequest {
            conversation_id: text(conversation),
            wrap_up_code_id: code.to_owned(),
            notes: notes.to_owned(),
        });
        let answer = self.agents().complete_wrap_up(request).await?;
        Ok(answer.into_inner().agent.expect("an agent"))
    }

    pub async fn me(&self) -> proto::Agent {
        let me = self.with(proto::GetAgentRequest::default());
        let agent = self.agents().get_agent(me).await.expect("an agent").into_inner().agent;
        agent.expect("an agent")
    }
}
