//! Every rpc, as everybody who might try it. The list comes from the descriptor set: an rpc that declares nothing, or for
//! which this test has no request, fails it by name.
#![allow(clippy::disallowed_methods)]

#[path = "authorization/spoken.rs"]
mod spoken;
#[path = "authorization/trail.rs"]
mod trail;

use onqueue_client::reason;
use onqueue_model::{DivisionId, Id, Reason, UserId};
use onqueue_proto::{Access, Method, auth::v1 as auth, methods};
use onqueue_tests::{
    cluster::Cluster,
    people::{Customer, channel},
};
use prost::Message as _;
use spoken::{Book, Things, is_kept_out, patiently};
use std::collections::BTreeMap;
use tonic::{Code, Status};
use uuid::Uuid;

const PASSWORD: &str = "correct horse battery staple";

/// Somebody who calls everything.
struct Tester {
    name: &'static str,
    token: Option<String>,
}

/// Adds to the demo a user without a role, two who may do everything, and one who may do everything in another division; makes
/// another organisation like it.
async fn cluster() -> Cluster {
    let mut cluster = Cluster::start_with(|demo| {
        let division = demo.auth.divisions[0].id;
        let elsewhere = Id::new(Uuid::from_u128(4));
        demo.auth.divisions.push(onqueue_auth::seed::Division {
            id: elsewhere,
            name: "Elsewhere".into(),
        });
        for (number, name) in [(1, "nobody"), (2, "everybody"), (3, "elsewhere"), (4, "colleague")] {
            let id = UserId::new(Uuid::from_u128(number));
            let division = if name == "elsewhere" { elsewhere } else { division };
            let password = Some(PASSWORD.to_owned());
            let email = format!("{name}@demo.example");
            demo.auth.users.push(onqueue_auth::seed::User {
                id,
                division,
                name: name.into(),
                email,
                language: "en".into(),
                password,
            });
        }
        let role = demo
            .auth
            .roles
            .iter()
            .find(|role| role.name == "Administrator")
            .expect("a default role")
            .id;
        for number in [2, 4] {
            demo.auth.grants.push(onqueue_auth::seed::Grant {
                user: UserId::new(Uuid::from_u128(number)),
                role,
                division: DivisionId::ALL,
            });
        }
        demo.auth.grants.push(onqueue_auth::seed::Grant {
            user: UserId::new(Uuid::from_u128(3)),
            role,
            division: elsewhere,
        });
        let everybody = onqueue_routing::SeedAgent {
            id: UserId::new(Uuid::from_u128(2)),
            name: "everybody".into(),
            ..demo.routing.agents[0].clone()
        };
        demo.routing.agents.push(everybody);
    })
    .await;
    cluster.seed_users(stranger()).await;
    // Every process has read who is who then.
    cluster.restart().await;
    cluster
}

fn stranger() -> onqueue_auth::Seed {
    let (organisation, division, user, role) = (
        Id::new(Uuid::from_u128(10)),
        Id::new(Uuid::from_u128(11)),
        Id::new(Uuid::from_u128(12)),
        Id::new(Uuid::from_u128(13)),
    );
    onqueue_auth::Seed {
        organisation: onqueue_auth::seed::Organisation {
            id: organisation,
            slug: "stranger".into(),
            name: "Stranger".into(),
            language: "en".into(),
            time_zone: "UTC".into(),
        },
        divisions: vec![onqueue_auth::seed::Division {
            id: division,
            name: "Main".into(),
        }],
        users: vec![onqueue_auth::seed::User {
            id: user,
            division,
            name: "stranger".into(),
            email: "stranger@demo.example".into(),
            language: "en".into(),
            password: Some(PASSWORD.into()),
        }],
        roles: vec![onqueue_auth::seed::Role {
            id: role,
            name: "All".into(),
            permissions: vec!["*:*:*".into()],
        }],
        grants: vec![onqueue_auth::seed::Grant {
            user,
            role,
            division: DivisionId::ALL,
        }],
        deployments: Vec::new(),
    }
}

async fn tester(cluster: &Cluster, organisation: &str, name: &'static str) -> Tester {
    let login = auth::LoginRequest {
        organisation: organisation.into(),
        email: format!("{name}@demo.example"),
        password: PASSWORD.into(),
    };
    let mut client = auth::token_service_client::TokenServiceClient::new(channel(cluster.address()));
    let answer = client.login(login).await.expect("logs in").into_inner();
    Tester {
        name,
        token: Some(answer.tokens.expect("tokens").access_token),
    }
}

/// Things of the demo organisation that the requests name, by the fields that name them; what it does not have is made.
async fn things(cluster: &Cluster, customer: &Customer, (book, token): (&Book, &str)) -> Things {
    let credentials = &cluster.credentials;
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    let user = text(&credentials["users"][0]["user_id"]);
    let said = customer.send("slip", "What nobody should have said").await;
    let event = said.expect("sent").into_inner().event_id;
    let mut things = Things(BTreeMap::from([
        ("conversation_id", customer.conversation.clone()),
        ("queue_id", text(&credentials["queues"]["Billing"])),
        ("deployment_id", text(&credentials["deployment"])),
        ("group_id", Uuid::from_u128(98).to_string()),
        ("offer_id", user.clone()),
        ("decision_id", Uuid::from_u128(96).to_string()),
        ("from_user_id", Uuid::from_u128(95).to_string()),
        ("to_user_id", Uuid::from_u128(94).to_string()),
        ("subject_id", user.clone()),
        ("user_id", user),
        ("work_id", Uuid::from_u128(98).to_string()),
        ("label_id", Uuid::from_u128(97).to_string()),
        ("assistance_id", Uuid::from_u128(90).to_string()),
        ("event_id", event),
        ("merged_contact_id", Uuid::from_u128(93).to_string()),
        ("former_contact_id", Uuid::from_u128(92).to_string()),
        ("erasure_id", Uuid::from_u128(91).to_string()),
        ("attachment_id", Uuid::from_u128(93).to_string()),
        ("run_id", Uuid::from_u128(89).to_string()),
    ]));
    for (path, field) in MADE {
        let known = with_placeholders(&things);
        let made = book.call((cluster, token), path, &known, &[]).await;
        let made = made.unwrap_or_else(|status| panic!("{path}: {status:?}"));
        things.0.insert(last_name(field), made.text(field));
    }
    things
}

/// What has to be made or found first: by which method, and where its answer has the id.
const MADE: [(&str, &str); 12] = [
    ("/onqueue.auth.v1.UserService/GetUser", "user.division_id"),
    ("/onqueue.auth.v1.RoleService/CreateRole", "role.role_id"),
    (
        "/onqueue.auth.v1.ApiClientService/CreateApiClient",
        "api_client.client_id",
    ),
    ("/onqueue.routing.v1.SkillService/CreateSkill", "skill.skill_id"),
    (
        "/onqueue.routing.v1.ScheduleService/CreateSchedule",
        "schedule.schedule_id",
    ),
    (
        "/onqueue.routing.v1.ScheduleService/CreateScheduleGroup",
        "schedule_group.schedule_group_id",
    ),
    (
        "/onqueue.routing.v1.WrapUpCodeService/CreateWrapUpCode",
        "wrap_up_code.wrap_up_code_id",
    ),
    ("/onqueue.content.v1.LibraryService/CreateLibrary", "library.library_id"),
    (
        "/onqueue.content.v1.ResponseService/CreateResponse",
        "response.response_id",
    ),
    ("/onqueue.content.v1.ScriptService/CreateScript", "script.script_id"),
    ("/onqueue.session.v1.ContactService/CreateContact", "contact.contact_id"),
    (
        "/onqueue.session.v1.ContactFieldService/CreateContactField",
        "contact_field.contact_field_id",
    ),
];

fn last_name(field: &'static str) -> &'static str {
    field.rsplit('.').next().unwrap_or(field)
}

/// With an id for whatever has none yet.
fn with_placeholders(things: &Things) -> Things {
    let mut known = things.clone();
    for (_, field) in MADE {
        let name = last_name(field);
        known.0.entry(name).or_insert_with(|| Uuid::from_u128(99).to_string());
    }
    known
}

/// What is wrong with the outcome of one call, if anything.
fn judge(method: &Method, who: &Tester, outcome: &Result<bytes::Bytes, Status>) -> Option<String> {
    let code = outcome.as_ref().map_or_else(Status::code, |_| Code::Ok);
    let why = outcome.as_ref().err().and_then(reason);
    let refused = matches!(
        code,
        Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented
    );
    let right = match (method.access?, who.name) {
        (Access::Services(_), _) => matches!(code, Code::PermissionDenied | Code::Unimplemented),
        (Access::Anyone, _) => {
            code != Code::PermissionDenied && code != Code::Unimplemented && why != Some(Reason::TokenInvalid)
                || method.path.ends_with("/Refresh")
                || method.path.ends_with("/ResumeConversation")
        }
        (_, "no token") => code == Code::Unauthenticated && why == Some(Reason::TokenInvalid),
        (Access::Permission(wanted), "nobody" | "guest") => {
            let named = outcome
                .as_ref()
                .err()
                .is_some_and(|status| status.message().contains(wanted));
            code == Code::PermissionDenied && (who.name == "guest" || why == Some(Reason::PermissionMissing) && named)
        }
        (Access::Permission(_) | Access::User, "everybody") => !refused || why == Some(Reason::CredentialsInvalid),
        (Access::Permission(_), "elsewhere") => !method.audited || is_kept_out(outcome),
        (Access::User | Access::Participant, "elsewhere") => code != Code::Unimplemented,
        (Access::User, "guest") => code == Code::PermissionDenied,
        (Access::User, "nobody") => {
            (code != Code::Unauthenticated || why == Some(Reason::CredentialsInvalid)) && code != Code::Unimplemented
        }
        (Access::Participant, "guest") => !refused,
        (Access::Participant, "everybody") => code != Code::Unauthenticated && code != Code::Unimplemented,
        (Access::Participant, "nobody") => code == Code::NotFound,
        (Access::Permission(_), "stranger") if method.audited && !of_own(method) => code != Code::Ok,
        (Access::Participant | Access::User | Access::Permission(_), "stranger") => {
            !refused || why == Some(Reason::CredentialsInvalid)
        }
        _ => false,
    };
    (!right).then(|| format!("{} as {}: {outcome:?}", method.path, who.name))
}

/// Whether it makes something, or changes what every organisation has: a stranger may do that in theirs.
fn of_own(method: &Method) -> bool {
    let makes = [
        "/Create",
        "/ImportScript",
        "/UpdateOrganisation",
        "/UpdateUtilization",
        "/UpdateSettings",
    ];
    makes.iter().any(|name| method.path.contains(name)) || is_about_agents(method)
}

/// Routing knows an agent of whom it has not heard by the id alone: whoever holds all divisions may prepare for them.
fn is_about_agents(method: &Method) -> bool {
    let about = ["/GetAgent", "UserSkills", "UserUtilization"];
    about.iter().any(|name| method.path.contains(name))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rpc_is_tried_by_everybody() {
    let cluster = cluster().await;
    let customer = Customer::start(cluster.address(), &cluster.credentials, "Billing", "en").await;
    let testers = [
        Tester {
            name: "no token",
            token: None,
        },
        tester(&cluster, "demo", "nobody").await,
        tester(&cluster, "stranger", "stranger").await,
        tester(&cluster, "demo", "elsewhere").await,
        tester(&cluster, "demo", "everybody").await,
        Tester {
            name: "guest",
            token: Some(customer.token.clone()),
        },
    ];
    let book = Book::open();
    let token = testers[4].token.clone().expect("logged in");
    let things = things(&cluster, &customer, (&book, &token)).await;
    let mut wrong: Vec<String> = Vec::new();
    // What ends comes last: the others need it.
    let mut all: Vec<&Method> = methods().iter().collect();
    let ends = |path: &str| {
        ["/End", "/Delete", "/LeaveConversation"]
            .iter()
            .any(|name| path.contains(name))
    };
    all.sort_by_key(|method| ends(method.path));
    for method in all {
        if method.access.is_none() {
            wrong.push(format!("{} declares no access", method.path));
        }
        let message = match book.request(method.path, &things) {
            Ok(request) => request.encode_to_vec(),
            Err(missing) => {
                wrong.push(format!("{} has no request in this test: {missing}", method.path));
                continue;
            }
        };
        for who in &testers {
            let outcome = patiently(&cluster, method.path, who.token.as_deref(), &message).await;
            wrong.extend(judge(method, who, &outcome));
            wrong.extend(leak(method, who, &outcome, &things));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Neither a stranger nor somebody of another division must get anything that names a thing of the demo's division.
fn leak(method: &Method, who: &Tester, outcome: &Result<bytes::Bytes, Status>, things: &Things) -> Option<String> {
    // What anyone may call knows nobody's organisation but that of what is named.
    if !matches!(who.name, "stranger" | "elsewhere") || method.access == Some(Access::Anyone) {
        return None;
    }
    let everywhere = ["division_id", "role_id", "skill_id", "schedule_id", "contact_field_id"];
    let answer = outcome.as_ref().ok()?;
    let text = String::from_utf8_lossy(answer);
    let named = things.0.iter().any(|(name, id)| {
        let is_shown = match who.name {
            "elsewhere" => everywhere.contains(name),
            // They gave it themselves.
            _ => {
                *name == "division_id"
                    || matches!(*name, "user_id" | "subject_id" | "offer_id") && is_about_agents(method)
            }
        };
        !is_shown && text.contains(id.as_str())
    });
    named.then(|| format!("{} tells {} of the demo's division: {text}", method.path, who.name))
}
