//! A script beside a chat: one way through it, whoever takes the steps, whatever is loaded anew, passed on or killed on the way.

use onqueue_client::reason;
use onqueue_model::Reason;
use onqueue_proto::{
    auth::v1::{ListDivisionsRequest, division_service_client::DivisionServiceClient},
    content::v1::{
        ContactWriteState, CreateScriptRequest, PublishScriptRequest, Script, ScriptRun, ScriptRunState,
        ScriptStepKind, ScriptValue, StartRunRequest, SubmitPageRequest,
        script_run_service_client::ScriptRunServiceClient, script_service_client::ScriptServiceClient,
        script_value::Value,
    },
    routing::v1::{
        ConversationRules, GetQueueRequest, TransferRequest, UpdateQueueRequest,
        interaction_service_client::InteractionServiceClient, queue_service_client::QueueServiceClient,
    },
    session::v1::{
        ConfirmContactRequest, Contact, ContactChange, ContactOrigin, EndConversationRequest, EraseContactRequest,
        Erasure, GetErasureRequest, ListContactChangesRequest, contact_service_client::ContactServiceClient,
        erasure_service_client::ErasureServiceClient,
    },
};
use onqueue_tests::{
    cluster::Cluster,
    people::{self, Agent, Customer, bearing, login},
};
use std::time::Duration;
use tonic::{Code, Status};
use uuid::Uuid;

const SCRIPT: &str = r#"{
  "format": 1,
  "name": {"en": "Complaint"},
  "languages": ["en"],
  "default_language": "en",
  "pages": [
    {"id": "who", "start": true, "title": {"en": "Who is it?"},
     "items": [
       {"type": "text", "id": "name", "label": {"en": "Name"}, "required": true, "contact": "name"},
       {"type": "text", "id": "mail", "label": {"en": "Address"}, "contact": "email"}],
     "buttons": [{"id": "on", "label": {"en": "On"}, "go": "next", "otherwise": "what"}]},
    {"id": "what", "title": {"en": "What is it about?"},
     "items": [{"type": "choice", "id": "reason", "label": {"en": "Reason"}, "required": true,
       "options": [{"id": "broken", "label": {"en": "Broken"}}, {"id": "late", "label": {"en": "Late"}}]}],
     "buttons": [
       {"id": "on", "label": {"en": "On"}, "go": "next",
        "rules": [{"when": "answers.reason == 'broken'", "page": "photo"}], "otherwise": "end"},
       {"id": "back", "label": {"en": "Back"}, "go": "back"}]},
    {"id": "photo", "title": {"en": "Ask for a photo"},
     "items": [{"type": "checkbox", "id": "asked", "label": {"en": "Asked"}}],
     "buttons": [{"id": "on", "label": {"en": "On"}, "go": "next", "otherwise": "end"}]},
    {"id": "end", "title": {"en": "The end"}, "items": [],
     "buttons": [{"id": "done", "label": {"en": "Done"}, "go": "end"}]}
  ]
}"#;

/// Somewhat longer than anybody waits for what goes on behind the scenes.
const SOON: Duration = Duration::from_secs(30);

struct Stage {
    cluster: Cluster,
    anna: Agent,
    ben: Agent,
    petra: String,
    customer: Customer,
}

impl Stage {
    /// Anna has a chat of a queue whose script this is, with somebody whom `name` is all that is known of.
    async fn new(name: &str) -> Self {
        let cluster = Cluster::start().await;
        let agent = async |name| Agent::login(cluster.address(), &cluster.credentials, name).await;
        let (mut anna, ben) = (agent("Anna").await, agent("Ben").await);
        let petra = login(cluster.address(), &cluster.credentials, "Petra").await;
        let petra = petra.tokens.expect("tokens").access_token;
        give_script(&cluster, &petra).await;
        anna.on_queue().await;
        let wish = onqueue_proto::session::v1::StartConversationRequest {
            guest_name: name.to_owned(),
            ..Customer::request(&cluster.credentials, "Billing", "en")
        };
        let customer = Customer::begin(cluster.address(), wish).await;
        let offer = anna.next_offer().await;
        assert_eq!(anna.accept(&offer).await, customer.conversation);
        customer.until_joined().await;
        Self {
            cluster,
            anna,
            ben,
            petra,
            customer,
        }
    }

    fn runs(&self) -> ScriptRunServiceClient<tonic::transport::Channel> {
        ScriptRunServiceClient::new(self.cluster.door())
    }

    /// The chat's run, as the page asks for it when it is opened.
    async fn open(&self, token: &str) -> Result<ScriptRun, Status> {
        let request = StartRunRequest {
            conversation_id: self.customer.conversation.clone(),
            language: "en".to_owned(),
            utc_offset_minutes: 60,
        };
        let answer = self.runs().start_run(bearing(token, request)).await?;
        Ok(answer.into_inner().run.expect("the queue has a script"))
    }

    /// The same, as soon as it is there for them.
    async fn opened(&self, token: &str) -> ScriptRun {
        let mut run = None;
        self.cluster
            .until("the script to be open", async || {
                run = self.open(token).await.ok();
                run.is_some()
            })
            .await;
        run.expect("open")
    }

    /// Presses a button where the run stands, again until it is known whether it was.
    async fn press(&self, token: &str, run: &ScriptRun, button: &str, answers: &[(&str, Value)]) -> ScriptRun {
        let request = press(run, button, answers);
        loop {
            match self.runs().submit_page(bearing(token, request.clone())).await {
                Ok(answer) => return answer.into_inner().run.expect("said"),
                Err(status) => assert!(
                    matches!(
                        status.code(),
                        Code::Unavailable | Code::DeadlineExceeded | Code::Unknown
                    ),
                    "only the crash may be felt: {status:?}"
                ),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Passes the chat on to Ben, who accepts it.
    async fn pass_on(&mut self) {
        self.ben.on_queue().await;
        let request = TransferRequest {
            request_id: Uuid::now_v7().to_string(),
            conversation_id: self.customer.conversation.clone(),
            queue_id: queue(&self.cluster),
            user_id: self.ben.user.clone(),
            ..TransferRequest::default()
        };
        let moved = InteractionServiceClient::new(self.cluster.door())
            .transfer(bearing(&self.anna.token, request))
            .await;
        moved.expect("moves");
        let offer = self.ben.next_offer().await;
        assert_eq!(self.ben.accept(&offer).await, self.customer.conversation);
    }

    /// Makes a contact of whom the chat is with.
    async fn confirm(&self, token: &str) -> Contact {
        let request = ConfirmContactRequest {
            conversation_id: self.customer.conversation.clone(),
            ..ConfirmContactRequest::default()
        };
        let confirmed = ContactServiceClient::new(self.cluster.door())
            .confirm_contact(bearing(token, request))
            .await;
        confirmed.expect("confirmed").into_inner().contact.expect("a contact")
    }

    async fn changes(&self, contact: &Contact) -> Vec<ContactChange> {
        let request = ListContactChangesRequest {
            contact_id: contact.contact_id.clone(),
            ..ListContactChangesRequest::default()
        };
        let listed = ContactServiceClient::new(self.cluster.door())
            .list_contact_changes(bearing(&self.petra, request))
            .await;
        let mut changes = listed.expect("lists").into_inner().changes;
        changes.reverse();
        changes
    }
}

fn press(run: &ScriptRun, button: &str, answers: &[(&str, Value)]) -> SubmitPageRequest {
    let answer = |(field, value): &(&str, Value)| {
        let value = ScriptValue {
            value: Some(value.clone()),
        };
        ((*field).to_owned(), value)
    };
    SubmitPageRequest {
        request_id: Uuid::now_v7().to_string(),
        run_id: run.run_id.clone(),
        step: run.step,
        page_id: page(run).to_owned(),
        button_id: button.to_owned(),
        answers: answers.iter().map(answer).collect(),
        language: "en".to_owned(),
        utc_offset_minutes: 60,
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn page(run: &ScriptRun) -> &str {
    run.page.as_ref().map_or("", |page| page.page_id.as_str())
}

fn queue(cluster: &Cluster) -> String {
    cluster.credentials["queues"]["Billing"]
        .as_str()
        .expect("text")
        .to_owned()
}

/// Publishes the script, and has the queue name it.
async fn give_script(cluster: &Cluster, token: &str) {
    let list = ListDivisionsRequest {
        text: "Main".to_owned(),
        ..ListDivisionsRequest::default()
    };
    let listed = DivisionServiceClient::new(cluster.door())
        .list_divisions(bearing(token, list))
        .await;
    let division = listed.expect("lists").into_inner().divisions.pop().expect("a division");
    let create = CreateScriptRequest {
        request_id: Uuid::now_v7().to_string(),
        script: Some(Script {
            name: "Of this journey".to_owned(),
            division_id: division.division_id,
            document: SCRIPT.to_owned(),
            ..Script::default()
        }),
    };
    let mut scripts = ScriptServiceClient::new(cluster.door());
    let made = scripts.create_script(bearing(token, create)).await;
    let script = made.expect("makes").into_inner().script.expect("a script");
    let publish = PublishScriptRequest {
        script_id: script.script_id.clone(),
        etag: script.etag,
    };
    scripts
        .publish_script(bearing(token, publish))
        .await
        .expect("publishes");
    let mut queues = QueueServiceClient::new(cluster.door());
    let get = GetQueueRequest {
        queue_id: queue(cluster),
    };
    let found = queues.get_queue(bearing(token, get)).await.expect("there").into_inner();
    let mut changed = found.queue.expect("a queue");
    changed.conversation_rules = Some(ConversationRules {
        script_id: script.script_id,
        ..changed.conversation_rules.unwrap_or_default()
    });
    let update = UpdateQueueRequest {
        queue: Some(changed),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["conversation_rules".to_owned()],
        }),
    };
    queues.update_queue(bearing(token, update)).await.expect("changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_way_through_a_script_over_reload_transfer_and_kill_nine() {
    let mut stage = Stage::new("Jürgen").await;
    let (anna, contact) = (stage.anna.token.clone(), stage.confirm(&stage.anna.token).await);
    let run = stage.opened(&anna).await;
    assert_eq!((page(&run), run.version, run.may_submit), ("who", 1, true));
    let answers = [("name", text("Jürgen Groß")), ("mail", text("j.gross@example.com"))];
    let run = stage.press(&anna, &run, "on", &answers).await;
    assert_eq!(page(&run), "what");

    // The page is loaded anew: it stands where it stood.
    let reloaded = stage.opened(&anna).await;
    assert_eq!(reloaded, run);
    stage.pass_on().await;
    let ben = stage.ben.token.clone();
    let there = stage.opened(&ben).await;
    assert_eq!((&there.run_id, page(&there), there.step), (&run.run_id, "what", 1));
    let late = stage.runs().submit_page(bearing(&anna, press(&run, "back", &[]))).await;
    assert_eq!(
        reason(&late.expect_err("Anna has it no more")),
        Some(Reason::ConversationNotFound)
    );

    let there = stage.press(&ben, &there, "on", &[("reason", text("broken"))]).await;
    // Nobody says goodbye.
    stage.cluster.crash("content").await;
    let after = stage.opened(&ben).await;
    assert_eq!((page(&after), &after.steps), ("photo", &there.steps));
    let after = stage
        .press(&ben, &after, "on", &[("asked", Value::Boolean(true))])
        .await;
    let over = stage.press(&ben, &after, "done", &[]).await;

    check_path(&stage, &over);
    check_changes(&stage, &over, &contact).await;
}

/// Every answer once, with who gave it, when, and by which version.
fn check_path(stage: &Stage, over: &ScriptRun) {
    assert_eq!((over.state(), over.step), (ScriptRunState::Completed, 4));
    let steps: Vec<_> = over
        .steps
        .iter()
        .map(|step| {
            let answers: Vec<_> = step.answers.iter().map(|answer| answer.shown.as_str()).collect();
            (
                step.page_id.as_str(),
                step.kind(),
                step.user_id.as_str(),
                step.version,
                answers,
            )
        })
        .collect();
    let (annas, bens) = (stage.anna.user.as_str(), stage.ben.user.as_str());
    let next = ScriptStepKind::Next;
    assert_eq!(
        steps,
        [
            ("who", next, annas, 1, vec!["Jürgen Groß", "j.gross@example.com"]),
            ("what", next, bens, 1, vec!["Broken"]),
            ("photo", next, bens, 1, vec!["✓"]),
            ("end", ScriptStepKind::End, bens, 1, vec![]),
        ]
    );
    assert!(over.steps.iter().all(|step| step.at.is_some()));
    let writes: Vec<_> = over.steps[0].contact_writes.iter().map(|write| write.state()).collect();
    assert_eq!(writes, [ContactWriteState::Written; 2]);
}

/// The contact says what was answered, once, and where that came from.
async fn check_changes(stage: &Stage, over: &ScriptRun, contact: &Contact) {
    let annas = stage.anna.user.as_str();
    let changes = stage.changes(contact).await;
    let mut by_script: Vec<_> = changes
        .iter()
        .filter(|change| change.origin() == ContactOrigin::Script)
        .map(|change| {
            let script = change.script.as_ref().expect("which script");
            assert_eq!((&script.run_id, script.version), (&over.run_id, 1));
            assert_eq!(script.script_name, "Of this journey");
            assert_eq!(change.actor, format!("user:{annas}"));
            (change.field.as_str(), change.new_value.as_str())
        })
        .collect();
    by_script.sort_unstable();
    assert_eq!(
        by_script,
        [("emails", "[\"j.gross@example.com\"]"), ("name", "Jürgen Groß")],
        "once each"
    );
}

/// In everything that is the customer's.
const CANARY: &str = "zqcanary";

async fn receipt(stage: &Stage, erasure: &Erasure) -> Erasure {
    let request = GetErasureRequest {
        erasure_id: erasure.erasure_id.clone(),
    };
    let answer = ErasureServiceClient::new(stage.cluster.door())
        .get_erasure(bearing(&stage.petra, request))
        .await;
    answer.expect("a receipt").into_inner().erasure.expect("said")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_customers_answers_are_forgotten_too() {
    let stage = Stage::new(CANARY).await;
    let anna = stage.anna.token.clone();
    let contact = stage.confirm(&anna).await;
    let run = stage.opened(&anna).await;
    let name = format!("{CANARY} Groß");
    let mail = format!("{CANARY}@example.com");
    let run = stage
        .press(&anna, &run, "on", &[("name", text(&name)), ("mail", text(&mail))])
        .await;
    assert_eq!(run.steps[0].answers.len(), 2);
    let end = EndConversationRequest {
        conversation_id: stage.customer.conversation.clone(),
    };
    let mut client = stage.customer.client.clone();
    client
        .end_conversation(bearing(&stage.customer.token, end))
        .await
        .expect("ended");
    let known = onqueue_proto::session::v1::GetContactRequest {
        contact_id: contact.contact_id.clone(),
    };
    let known = ContactServiceClient::new(stage.cluster.door())
        .get_contact(bearing(&stage.petra, known))
        .await;
    let known = known.expect("there").into_inner().contact.expect("a contact");
    let request = EraseContactRequest {
        contact_id: known.contact_id,
        etag: known.etag,
    };
    let erased = ErasureServiceClient::new(stage.cluster.door())
        .erase_contact(bearing(&stage.petra, request))
        .await;
    let erased = erased.expect("erased").into_inner().erasure.expect("a receipt");
    onqueue_testkit::until("content to have forgotten too", SOON, async || {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let receipt = receipt(&stage, &erased).await;
        // Whose tables are another's has the database clean itself some time.
        receipt.remaining_in_content == 0 && (receipt.purged_at.is_some() || stage.cluster.folder().is_none())
    })
    .await;
    let counted = receipt(&stage, &erased).await.erased;
    let answers = counted.iter().find(|counted| counted.what == "script_answers");
    assert_eq!(answers.map(|answers| answers.count), Some(2), "{counted:?}");
    if let Some(folder) = stage.cluster.folder() {
        assert_eq!(super::erasing::infected(folder), [""; 0]);
    }
    let log = people::events(stage.cluster.address(), &stage.petra, &stage.customer.conversation).await;
    assert!(!format!("{log:?}").contains(CANARY));
}
