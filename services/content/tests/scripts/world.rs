//! An organisation with two divisions, and content bound to a session that tests move.

pub use crate::organisation::{Desk, SALES, SUPPORT, id, organisation, request, text, why};

use crate::{documents::SCRIPT, fake_session::FakeSession, organisation::calls};
use onqueue_content::{Migrations, Settings, bind};
use onqueue_proto::content::v1::{
    self as proto, script_run_service_client::ScriptRunServiceClient, script_service_client::ScriptServiceClient,
    script_value::Value,
};
use onqueue_server::{Context, InProcess, ManualClock, layered};
use onqueue_store::{Store, audit};
use onqueue_testkit::{TempStore, Tokens, migrated_store, still_context};
use std::time::Duration;
use tonic::Status;

/// Two agents and a supervisor.
pub const ADA: u128 = 1;
pub const BEN: u128 = 2;
pub const SOFIA: u128 = 3;

/// A conversation.
pub const CHAT: u128 = 0xc1;

pub const SOON: Duration = Duration::from_secs(20);

pub struct World {
    pub temp: TempStore,
    pub context: Context,
    pub hand: ManualClock,
    pub tokens: Tokens,
    pub session: FakeSession,
    pub content: InProcess,
}

impl World {
    pub async fn new() -> Self {
        let (context, hand) = still_context(7);
        let (tokens, session) = (Tokens::new(&context), FakeSession::default());
        let temp = migrated_store("content", |store| Box::pin(store.migrate::<Migrations>())).await;
        let content = bound(temp.store.clone(), &context, &session).await;
        Self {
            temp,
            context,
            hand,
            tokens,
            session,
            content,
        }
    }

    /// Another process on the same database.
    pub async fn beside(&self) -> InProcess {
        let store = Store::open(self.temp.settings()).await.expect("opens again");
        bound(store, &self.context, &self.session).await
    }

    /// The time, moved by hand, and everything else of a process that comes after this one.
    pub async fn again(before: &Self) -> Again {
        let (mut context, hand) = still_context(8);
        context.trust = before.context.trust.clone();
        hand.advance(before.context.clock.now().since(context.clock.now()));
        let store = Store::open(before.temp.settings()).await.expect("opens again");
        Again {
            _content: bound(store, &context, &before.session).await,
            hand,
        }
    }

    /// Somebody who may do this in these divisions.
    pub fn user(&self, number: u128, permissions: &[&str], divisions: &[u128]) -> Desk {
        let (service, who) = ((&self.content, &self.tokens), (organisation(), number));
        Desk::of(service, who, (permissions, divisions))
    }

    pub fn administrator(&self) -> Desk {
        self.user(0xad, &["scripter:*:*"], &[SALES, SUPPORT])
    }

    pub fn agent(&self, number: u128) -> Desk {
        self.user(number, &["scripter:publishedScript:view"], &[SALES])
    }

    /// A conversation of Ada's in a queue with a published script; answers the script's id.
    pub async fn chat(&self) -> String {
        let script = self.administrator().published(SCRIPT).await;
        self.session.open(&text(CHAT), &script.script_id, &[&text(ADA)]);
        script.script_id
    }

    /// A response `Hi` of sales.
    pub async fn seed_response(&self) {
        let library = proto::Library {
            library_id: text(0x11),
            name: "Vertrieb".to_owned(),
            division_id: text(SALES),
            ..proto::Library::default()
        };
        let response = proto::Response {
            response_id: text(0x21),
            name: "Gruß".to_owned(),
            shortcut: "Hi".to_owned(),
            library_ids: vec![text(0x11)],
            variants: vec![proto::Variant {
                language: "de".to_owned(),
                text: "Guten Tag".to_owned(),
            }],
            ..proto::Response::default()
        };
        let seed = onqueue_content::Seed {
            organisation: organisation(),
            libraries: vec![library],
            responses: vec![response],
        };
        let seeded = onqueue_content::seed(&self.temp.store, &self.context, seed).await;
        seeded.expect("good");
    }

    /// What the audit says was done, in order.
    pub async fn audited(&self) -> Vec<String> {
        let records = audit::verify(self.temp.store.reader(), "content", organisation()).await;
        let records = records.expect("the chain holds").into_iter();
        records.map(|record| record.action).collect()
    }
}

/// A later process.
pub struct Again {
    _content: InProcess,
    pub hand: ManualClock,
}

async fn bound(store: Store, context: &Context, session: &FakeSession) -> InProcess {
    let bound = bind(&Settings::default(), store, context.clone(), session.upstream(context)).await;
    layered(bound.expect("it binds"), context)
}

impl Desk {
    calls! {
        create_script ScriptServiceClient CreateScriptRequest CreateScriptResponse
        get_script ScriptServiceClient GetScriptRequest GetScriptResponse
        list_scripts ScriptServiceClient ListScriptsRequest ListScriptsResponse
        update_script ScriptServiceClient UpdateScriptRequest UpdateScriptResponse
        delete_script ScriptServiceClient DeleteScriptRequest DeleteScriptResponse
        validate_script ScriptServiceClient ValidateScriptRequest ValidateScriptResponse
        publish_script ScriptServiceClient PublishScriptRequest PublishScriptResponse
        list_script_versions ScriptServiceClient ListScriptVersionsRequest ListScriptVersionsResponse
        get_script_version ScriptServiceClient GetScriptVersionRequest GetScriptVersionResponse
        export_script ScriptServiceClient ExportScriptRequest ExportScriptResponse
        import_script ScriptServiceClient ImportScriptRequest ImportScriptResponse
        start_run ScriptRunServiceClient StartRunRequest StartRunResponse
        get_run ScriptRunServiceClient GetRunRequest GetRunResponse
        list_runs ScriptRunServiceClient ListRunsRequest ListRunsResponse
        submit_page ScriptRunServiceClient SubmitPageRequest SubmitPageResponse
        end_run ScriptRunServiceClient EndRunRequest EndRunResponse
    }

    /// Makes a script of sales.
    pub async fn make(&self, name: &str, document: &str) -> Result<proto::Script, Status> {
        let asked = proto::CreateScriptRequest {
            request_id: request(),
            script: Some(draft(name, document)),
        };
        Ok(self.create_script(asked).await?.script.expect("said"))
    }

    pub async fn publish(&self, script: &proto::Script) -> Result<proto::PublishScriptResponse, Status> {
        let asked = proto::PublishScriptRequest {
            script_id: script.script_id.clone(),
            etag: script.etag.clone(),
        };
        self.publish_script(asked).await
    }

    pub async fn published(&self, document: &str) -> proto::Script {
        let made = self.make("Complaint", document).await.expect("good");
        self.publish(&made)
            .await
            .expect("without problems")
            .script
            .expect("said")
    }

    /// Sets another draft.
    pub async fn redraft(&self, script: &proto::Script, document: &str) -> Result<proto::Script, Status> {
        let asked = proto::UpdateScriptRequest {
            script: Some(proto::Script {
                document: document.to_owned(),
                ..script.clone()
            }),
            update_mask: Some(prost_types::FieldMask {
                paths: vec!["document".to_owned()],
            }),
        };
        Ok(self.update_script(asked).await?.script.expect("said"))
    }

    /// The chat's run, begun if there is none.
    pub async fn start(&self) -> Result<Option<proto::ScriptRun>, Status> {
        let asked = proto::StartRunRequest {
            conversation_id: text(CHAT),
            ..proto::StartRunRequest::default()
        };
        Ok(self.start_run(asked).await?.run)
    }

    /// Why the chat has no run.
    pub async fn absence(&self) -> proto::RunAbsence {
        let asked = proto::StartRunRequest {
            conversation_id: text(CHAT),
            ..proto::StartRunRequest::default()
        };
        let answer = self.start_run(asked).await.expect("may");
        assert_eq!(answer.run, None);
        answer.absence()
    }

    pub async fn started(&self) -> proto::ScriptRun {
        self.start().await.expect("may").expect("a run")
    }

    /// The chat's latest run.
    pub async fn look(&self) -> Result<Option<proto::ScriptRun>, Status> {
        let asked = proto::GetRunRequest {
            conversation_id: text(CHAT),
            ..proto::GetRunRequest::default()
        };
        Ok(self.get_run(asked).await?.run)
    }

    /// Presses a button of the page where the run stands.
    pub async fn press(
        &self,
        run: &proto::ScriptRun,
        button: &str,
        answers: &[(&str, &str)],
    ) -> Result<proto::ScriptRun, Status> {
        let submitted = self.submit_page(pressed(run, button, answers)).await?;
        Ok(submitted.run.expect("said"))
    }
}

/// A request that presses a button of the page where the run stands.
pub fn pressed(run: &proto::ScriptRun, button: &str, answers: &[(&str, &str)]) -> proto::SubmitPageRequest {
    let answer = |value: &str| proto::ScriptValue {
        value: Some(Value::Text(value.to_owned())),
    };
    proto::SubmitPageRequest {
        request_id: request(),
        run_id: run.run_id.clone(),
        step: run.step,
        page_id: page(run).to_owned(),
        button_id: button.to_owned(),
        answers: answers
            .iter()
            .map(|(field, value)| ((*field).to_owned(), answer(value)))
            .collect(),
        ..proto::SubmitPageRequest::default()
    }
}

pub fn draft(name: &str, document: &str) -> proto::Script {
    proto::Script {
        name: name.to_owned(),
        division_id: text(SALES),
        document: document.to_owned(),
        ..proto::Script::default()
    }
}

/// Where a run stands; empty when it is over.
pub fn page(run: &proto::ScriptRun) -> &str {
    run.page.as_ref().map_or("", |page| page.page_id.as_str())
}

/// The pages and buttons of its steps.
pub fn path(run: &proto::ScriptRun) -> Vec<(String, String)> {
    let steps = run.steps.iter();
    steps
        .map(|step| (step.page_id.clone(), step.button_id.clone()))
        .collect()
}
