//! Every rpc that is audited leaves one record when it changes something, and none when it is repeated.

use crate::spoken::{Book, Things, patiently};
use crate::{PASSWORD, cluster, tester, things};
use onqueue_proto::methods;
use onqueue_tests::{cluster::Cluster, people::Customer};
use prost::Message as _;
use std::{cell::RefCell, collections::BTreeSet};
use uuid::Uuid;

/// Calls as somebody who may do everything, and counts.
struct Walk<'c> {
    cluster: &'c Cluster,
    book: Book,
    token: String,
    things: Things,
    walked: RefCell<BTreeSet<&'static str>>,
    wrong: RefCell<Vec<String>>,
}

impl Walk<'_> {
    /// Calls the rpc twice alike: the first leaves a record, the second none. Answers a text of the first answer.
    async fn step(&self, short: &str, changes: &[(&str, &str)], answer: &str) -> String {
        self.steps(short, changes, &[answer]).await.remove(0)
    }

    async fn steps(&self, short: &str, changes: &[(&str, &str)], answers: &[&str]) -> Vec<String> {
        let method = methods()
            .iter()
            .find(|method| method.path == format!("/onqueue.{short}"));
        let path = method.expect("an rpc").path;
        self.walked.borrow_mut().insert(path);
        // The same each time: what is made up would be another request.
        let (request, address) = (
            Uuid::now_v7().to_string(),
            format!("{}@demo.example", Uuid::now_v7().simple()),
        );
        let mut changes = changes.to_vec();
        if short.contains("/Create") || short.ends_with("/ImportResponses") {
            changes.push(("request_id", &request));
        }
        if short.ends_with("/CreateUser") {
            changes.push(("user.email", &address));
        }
        if short.ends_with("/CreateResponse") {
            changes.extend([("response.shortcut", "walk"), ("response.tags", "walk")]);
        }
        let mut found = vec![String::new(); answers.len()];
        for expected in [1, 0] {
            let before = self.cluster.audit_records().await;
            let outcome = self
                .book
                .call((self.cluster, &self.token), path, &self.things, &changes)
                .await;
            let left = self.cluster.audit_records().await - before;
            match outcome {
                Ok(answered) if expected == 1 => {
                    let texts = answers.iter().filter(|path| !path.is_empty());
                    found.splice(.., texts.map(|path| answered.text(path)).chain([String::new()]));
                }
                Ok(_) => {}
                // A secret is made anew each time; by then the etag is an older one.
                Err(status) if expected == 0 && short.contains("/Rotate") => drop(status),
                Err(status) => self.wrong.borrow_mut().push(format!("{path}: {status:?}")),
            }
            if left != expected {
                self.wrong
                    .borrow_mut()
                    .push(format!("{path} left {left} records instead of {expected}"));
            }
        }
        found
    }

    /// Calls the rpc with what is true or false in its request true.
    async fn switch(&self, path: &'static str, things: &Things) -> Result<bytes::Bytes, tonic::Status> {
        let mut request = self.book.request(path, things).expect("a request");
        request.set_field_by_name("active", prost_reflect::Value::Bool(true));
        patiently(self.cluster, path, Some(&self.token), &request.encode_to_vec()).await
    }

    /// The etag that an rpc answers.
    async fn etag(&self, path: &'static str, answer: &str) -> String {
        let got = self
            .book
            .call((self.cluster, &self.token), path, &self.things, &[])
            .await;
        got.expect("answered").text(answer)
    }

    /// A number that an rpc answers.
    async fn number(&self, path: &'static str, changes: &[(&str, &str)], answer: &str) -> String {
        let got = self.book.call((self.cluster, &self.token), path, &self.things, changes);
        got.await.expect("answered").number(answer)
    }

    /// Makes, renames and removes one of that kind.
    async fn life(&self, service: &str, kind: &str, thing: &str, new: &[(&str, &str)]) {
        let (id, etag) = self.birth(service, kind, thing, new).await;
        self.end(service, kind, thing, &id, &etag).await;
    }

    async fn birth(&self, service: &str, kind: &str, thing: &str, new: &[(&str, &str)]) -> (String, String) {
        let key = if thing == "api_client" {
            "client_id".to_owned()
        } else {
            format!("{thing}_id")
        };
        let fixed = format!("{thing}.name");
        let name = format!("Walk {thing}");
        let mut new = new.to_vec();
        new.push((&fixed, &name));
        let (named, marked) = (format!("{thing}.{key}"), format!("{thing}.etag"));
        let made = self
            .steps(&format!("{service}/Create{kind}"), &new, &[&named, &marked])
            .await;
        let id = made[0].clone();
        let changes = [(named.as_str(), id.as_str()), (&fixed, "Renamed"), (&marked, &made[1])];
        let etag = self.step(&format!("{service}/Update{kind}"), &changes, &marked).await;
        (id, etag)
    }

    async fn end(&self, service: &str, kind: &str, thing: &str, id: &str, etag: &str) {
        let key = if thing == "api_client" {
            "client_id".to_owned()
        } else {
            format!("{thing}_id")
        };
        self.step(&format!("{service}/Delete{kind}"), &[(&key, id), ("etag", etag)], "")
            .await;
    }
}

async fn identities(walk: &Walk<'_>) {
    walk.life("auth.v1.DivisionService", "Division", "division", &[]).await;
    walk.life("auth.v1.RoleService", "Role", "role", &[]).await;
    let (user, _) = walk.birth("auth.v1.UserService", "User", "user", &[]).await;
    let get = "/onqueue.auth.v1.GrantService/GetGrants";
    let of = [("subject_id", user.as_str())];
    let granted = walk.book.call((walk.cluster, &walk.token), get, &walk.things, &of);
    let etag = granted.await.expect("answered").text("etag");
    walk.step(
        "auth.v1.GrantService/SetGrants",
        &[("subject_id", &user), ("etag", &etag)],
        "etag",
    )
    .await;
    let password = [("user_id", user.as_str()), ("password", "yet another good password")];
    walk.step("auth.v1.UserService/SetPassword", &password, "").await;
    walk.end("auth.v1.UserService", "User", "user", &user, "3").await;
    let own = [
        ("current_password", PASSWORD),
        ("new_password", "yet another good password"),
    ];
    walk.step("auth.v1.UserService/ChangePassword", &own, "").await;
    let (client, etag) = walk
        .birth("auth.v1.ApiClientService", "ApiClient", "api_client", &[])
        .await;
    let rotate = [("client_id", client.as_str()), ("etag", etag.as_str())];
    let etag = walk
        .step(
            "auth.v1.ApiClientService/RotateApiClientSecret",
            &rotate,
            "api_client.etag",
        )
        .await;
    walk.end("auth.v1.ApiClientService", "ApiClient", "api_client", &client, &etag)
        .await;
    let service = "auth.v1.DeploymentService";
    let (deployment, etag) = walk.birth(service, "Deployment", "deployment", &[]).await;
    let rotate = [("deployment_id", deployment.as_str()), ("etag", etag.as_str())];
    let rotated = format!("{service}/RotateIdentityKey");
    let etag = walk.step(&rotated, &rotate, "deployment.etag").await;
    walk.end(service, "Deployment", "deployment", &deployment, &etag).await;
    let organisation = [("organisation.name", "Renamed"), ("organisation.etag", "1")];
    walk.step("auth.v1.OrganisationService/UpdateOrganisation", &organisation, "")
        .await;
}

async fn hours(walk: &Walk<'_>) {
    let service = "routing.v1.ScheduleService";
    let (group, etag) = walk.birth(service, "ScheduleGroup", "schedule_group", &[]).await;
    walk.end(service, "ScheduleGroup", "schedule_group", &group, &etag)
        .await;
    walk.life(service, "Schedule", "schedule", &[]).await;
    // A request says nothing of what is true or false: that there is none is news only where there was one.
    let (emergency, group) = ("/onqueue.routing.v1.ScheduleService/SetEmergency", &walk.things);
    let begun = walk.switch(emergency, group).await;
    assert!(begun.is_ok(), "{begun:?}");
    walk.step(&format!("{service}/SetEmergency"), &[], "").await;
}

async fn contacts(walk: &Walk<'_>) {
    let field = [("contact_field.key", "walk")];
    walk.life(
        "session.v1.ContactFieldService",
        "ContactField",
        "contact_field",
        &field,
    )
    .await;
    let service = "session.v1.ContactService";
    let known = [("contact.emails", "walk@demo.example"), ("contact.external_ids", "")];
    let (one, one_etag) = walk.birth(service, "Contact", "contact", &known).await;
    let (two, two_etag) = walk.birth(service, "Contact", "contact", &known).await;
    let both = [
        ("contact_id", one.as_str()),
        ("etag", &one_etag),
        ("merged_contact_id", &two),
        ("merged_etag", &two_etag),
    ];
    let merge = format!("{service}/MergeContacts");
    let etag = walk.step(&merge, &both, "contact.etag").await;
    let alias = [("contact_id", two.as_str()), ("etag", &etag)];
    let separate = format!("{service}/SeparateContact");
    let etag = walk.step(&separate, &alias, "contact.etag").await;
    let with = [("contact_id", one.as_str()), ("former_contact_id", "")];
    walk.step(&format!("{service}/ConfirmContact"), &with, "contact.etag")
        .await;
    walk.end(service, "Contact", "contact", &two, &etag).await;
    let (three, etag) = walk.birth(service, "Contact", "contact", &known).await;
    let erased = [("contact_id", three.as_str()), ("etag", &etag)];
    walk.step("session.v1.ErasureService/EraseContact", &erased, "erasure.erasure_id")
        .await;
}

async fn transcripts(walk: &Walk<'_>) {
    let service = "session.v1.TranscriptService";
    for held in ["true", "false"] {
        walk.step(&format!("{service}/SetLegalHold"), &[("held", held)], "")
            .await;
    }
    walk.step(&format!("{service}/RedactMessage"), &[], "").await;
}

/// Who walks is given a chat off queue, and takes it on queue.
async fn interactions(walk: &Walk<'_>) {
    let me = Uuid::from_u128(2).to_string();
    let service = "routing.v1.InteractionService";
    walk.step(&format!("{service}/SetPriority"), &[("priority", "5")], "")
        .await;
    walk.step(&format!("{service}/SetRequirements"), &[], "").await;
    let by_force = [("user_id", me.as_str()), ("forced", "true")];
    walk.step(&format!("{service}/Assign"), &by_force, "").await;
    let on_queue = "/onqueue.routing.v1.AgentService/GoOnQueue";
    let came = walk.book.call((walk.cluster, &walk.token), on_queue, &walk.things, &[]);
    came.await.expect("answered");
    walk.step(&format!("{service}/TakeOver"), &[], "").await;
}

async fn work(walk: &Walk<'_>) {
    let (queue, etag) = walk.birth("routing.v1.QueueService", "Queue", "queue", &[]).await;
    // Whose walk it is.
    let me = Uuid::from_u128(2).to_string();
    let of = [("queue_id", queue.as_str()), ("user_ids", &me), ("members", "")];
    for rpc in ["SetMembers", "LeaveQueue", "JoinQueue"] {
        let of = if rpc == "SetMembers" { &of[..] } else { &of[..1] };
        walk.step(&format!("routing.v1.QueueService/{rpc}"), of, "").await;
    }
    let compared = "/onqueue.routing.v1.QueueService/CompareQueueRevisions";
    let first = walk.number(compared, &[("queue_id", &queue)], "old_revision").await;
    let again = [("queue_id", queue.as_str()), ("etag", &etag), ("revision", &first)];
    let etag = walk
        .step("routing.v1.QueueService/ApplyQueueRevision", &again, "queue.etag")
        .await;
    walk.end("routing.v1.QueueService", "Queue", "queue", &queue, &etag)
        .await;
    let etag = walk
        .etag("/onqueue.routing.v1.SettingsService/GetSettings", "settings.etag")
        .await;
    let declining = [("settings.etag", etag.as_str()), ("settings.decline", "2")];
    walk.step("routing.v1.SettingsService/UpdateSettings", &declining, "")
        .await;
    walk.life("routing.v1.SkillService", "Skill", "skill", &[]).await;
    hours(walk).await;
    walk.life("routing.v1.WrapUpCodeService", "WrapUpCode", "wrap_up_code", &[])
        .await;
    let etag = walk
        .etag("/onqueue.routing.v1.SkillService/GetUserSkills", "user_skills.etag")
        .await;
    let skills = [("user_skills.etag", etag.as_str())];
    walk.step("routing.v1.SkillService/SetUserSkills", &skills, "").await;
    for of in ["", "User"] {
        let get = if of.is_empty() {
            "/onqueue.routing.v1.UtilizationService/GetUtilization"
        } else {
            "/onqueue.routing.v1.UtilizationService/GetUserUtilization"
        };
        let etag = walk.etag(get, "utilization.etag").await;
        let capacities = [
            ("utilization.etag", etag.as_str()),
            ("utilization.capacities.medium", "2"),
        ];
        let update = format!("routing.v1.UtilizationService/Update{of}Utilization");
        walk.step(&update, &capacities, "").await;
    }
    let (library, etag) = walk.birth("content.v1.LibraryService", "Library", "library", &[]).await;
    walk.life(
        "content.v1.ResponseService",
        "Response",
        "response",
        &[("response.library_ids", &library)],
    )
    .await;
    let file = [("library_id", library.as_str()), ("content", "name,text:de\nWalk,x\n")];
    walk.step("content.v1.ResponseTransferService/ImportResponses", &file, "")
        .await;
    walk.end("content.v1.LibraryService", "Library", "library", &library, &etag)
        .await;
    scripts(walk).await;
}

async fn scripts(walk: &Walk<'_>) {
    let service = "content.v1.ScriptService";
    let (script, etag) = walk.birth(service, "Script", "script", &[]).await;
    let of = [("script_id", script.as_str()), ("etag", &etag)];
    let etag = walk.step(&format!("{service}/PublishScript"), &of, "script.etag").await;
    walk.end(service, "Script", "script", &script, &etag).await;
    let request = Uuid::now_v7().to_string();
    let file = [("request_id", request.as_str()), ("name", "Walk file")];
    walk.step(&format!("{service}/ImportScript"), &file, "").await;
}

/// Who walks has a chat in hand, which a colleague follows and helps with.
async fn supervision(walk: &Walk<'_>, colleague: &Walk<'_>) {
    for rpc in ["Monitor", "Coach", "BargeIn"] {
        let path = format!("session.v1.SupervisionService/{rpc}");
        colleague.step(&path, &[], "").await;
    }
    let service = "session.v1.AssistanceService";
    let request = Uuid::now_v7().to_string();
    let asked = [("request_id", request.as_str())];
    let asked = walk
        .step(
            &format!("{service}/RequestAssistance"),
            &asked,
            "assistance.assistance_id",
        )
        .await;
    let of = [("assistance_id", asked.as_str())];
    colleague.step(&format!("{service}/TakeAssistance"), &of, "").await;
    walk.step(&format!("{service}/CloseAssistance"), &of, "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_leaves_one_record() {
    let cluster = cluster().await;
    let customer = Customer::start(cluster.address(), &cluster.credentials, "Billing", "en").await;
    let token = tester(&cluster, "demo", "everybody").await.token.expect("logged in");
    let book = Book::open();
    let things = things(&cluster, &customer, (&book, &token)).await;
    let walk = Walk {
        cluster: &cluster,
        book,
        token,
        things,
        walked: RefCell::default(),
        wrong: RefCell::default(),
    };
    let colleague = Walk {
        cluster: &cluster,
        book: Book::open(),
        token: tester(&cluster, "demo", "colleague").await.token.expect("logged in"),
        things: walk.things.clone(),
        walked: RefCell::default(),
        wrong: RefCell::default(),
    };
    identities(&walk).await;
    transcripts(&walk).await;
    interactions(&walk).await;
    customer.until_joined().await;
    supervision(&walk, &colleague).await;
    contacts(&walk).await;
    work(&walk).await;
    walk.walked.borrow_mut().extend(colleague.walked.take());
    walk.wrong.borrow_mut().extend(colleague.wrong.take());
    let walked = walk.walked.borrow();
    let audited = methods().iter().filter(|method| method.audited);
    let left_out = audited.filter(|method| !walked.contains(method.path));
    let mut wrong: Vec<String> = left_out
        .map(|method| format!("{} was not walked", method.path))
        .collect();
    wrong.extend(walk.wrong.borrow().iter().cloned());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
