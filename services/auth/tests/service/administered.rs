//! An organisation with administrators, and another one beside it.

use crate::fixture::{Auth, PASSWORD, description, id};
use onqueue_access::DefaultRole;
use onqueue_auth::{Seed, Settings, seed};
use onqueue_client::reason;
use onqueue_model::{DivisionId, Reason};
use onqueue_proto::auth::v1::{
    self as proto, api_client_service_client::ApiClientServiceClient,
    deployment_service_client::DeploymentServiceClient, division_service_client::DivisionServiceClient,
    grant_service_client::GrantServiceClient, permission_service_client::PermissionServiceClient,
    role_service_client::RoleServiceClient, user_service_client::UserServiceClient,
};
use onqueue_server::InProcess;
use onqueue_store::audit;
use onqueue_testkit::{until, with_token};
use std::time::Duration;
use tonic::{Request, Status};
use uuid::Uuid;

pub const SOON: Duration = Duration::from_secs(5);

/// Root may do everything; Lou administers division 2 only; Ada, Sam and Ned are as described. Pat administers another
/// organisation.
pub struct Administered {
    pub auth: Auth,
    pub root: String,
    pub lou: String,
    pub pat: String,
}

fn person(number: u8, division: u8, name: &str) -> seed::User {
    seed::User {
        id: id(number),
        division: id(division),
        name: name.to_owned(),
        email: format!("{name}@example.org"),
        language: "en".to_owned(),
        password: Some(PASSWORD.to_owned()),
    }
}

fn organisation() -> Seed {
    let mut seed = description();
    seed.divisions.push(seed::Division {
        id: id(3),
        name: "Branch".to_owned(),
    });
    seed.roles.push(seed::Role {
        id: id(23),
        name: "Local".to_owned(),
        permissions: vec!["authorization:*:*".to_owned(), "routing:queue:*".to_owned()],
    });
    seed.users
        .extend([person(13, 2, "root"), person(14, 2, "lou"), person(15, 3, "eve")]);
    seed.grants.extend([
        seed::Grant {
            user: id(13),
            role: id(22),
            division: DivisionId::ALL,
        },
        seed::Grant {
            user: id(14),
            role: id(23),
            division: id(2),
        },
    ]);
    seed
}

fn neighbour() -> Seed {
    Seed {
        organisation: seed::Organisation {
            id: id(60),
            slug: "other".to_owned(),
            name: "Other".to_owned(),
            language: "en".to_owned(),
            time_zone: "UTC".to_owned(),
        },
        divisions: vec![seed::Division {
            id: id(61),
            name: "Main".to_owned(),
        }],
        users: vec![person(62, 61, "pat")],
        roles: vec![seed::Role {
            id: id(63),
            name: DefaultRole::Administrator.name().to_owned(),
            permissions: vec!["*:*:*".to_owned()],
        }],
        grants: vec![seed::Grant {
            user: id(62),
            role: id(63),
            division: DivisionId::ALL,
        }],
        deployments: Vec::new(),
    }
}

/// The reason of a refusal.
pub fn why<T>(answer: Result<T, Status>) -> Option<Reason> {
    answer.err().and_then(|status| reason(&status))
}

/// A new request id, as a client makes it.
#[allow(clippy::disallowed_methods)]
pub fn request_id() -> String {
    Uuid::now_v7().to_string()
}

impl Administered {
    pub async fn start() -> Self {
        let auth = Auth::start_seeded(&Settings::default(), vec![organisation(), neighbour()]).await;
        let token = async |slug: &str, name: &str| {
            let session = auth.login_as(slug, &format!("{name}@example.org"), PASSWORD).await;
            session.expect("logs in").tokens.access_token
        };
        Self {
            root: token("demo", "root").await,
            lou: token("demo", "lou").await,
            pat: token("other", "pat").await,
            auth,
        }
    }

    pub fn divisions(&self) -> DivisionServiceClient<InProcess> {
        DivisionServiceClient::new(self.auth.service.clone())
    }

    pub fn users(&self) -> UserServiceClient<InProcess> {
        UserServiceClient::new(self.auth.service.clone())
    }

    pub fn roles(&self) -> RoleServiceClient<InProcess> {
        RoleServiceClient::new(self.auth.service.clone())
    }

    pub fn grants(&self) -> GrantServiceClient<InProcess> {
        GrantServiceClient::new(self.auth.service.clone())
    }

    pub fn permissions(&self) -> PermissionServiceClient<InProcess> {
        PermissionServiceClient::new(self.auth.service.clone())
    }

    pub fn deployments(&self) -> DeploymentServiceClient<InProcess> {
        self.auth.deployments()
    }

    pub fn api_clients(&self) -> ApiClientServiceClient<InProcess> {
        ApiClientServiceClient::new(self.auth.service.clone())
    }

    pub fn as_root<T>(&self, message: T) -> Request<T> {
        with_token(message, &self.root)
    }

    pub fn as_lou<T>(&self, message: T) -> Request<T> {
        with_token(message, &self.lou)
    }

    /// What the organisation's audit trail says was done, checked.
    pub async fn trail(&self) -> Vec<String> {
        let records = self.records().await.into_iter();
        records.map(|record| record.action).collect()
    }

    /// The same with who did it.
    pub async fn records(&self) -> Vec<audit::Record> {
        let records = audit::verify(self.auth.store.store.reader(), "auth", id(1)).await;
        records.expect("whole")
    }

    /// The grants of a user and their etag.
    pub async fn grants_of(&self, user: u8) -> (Vec<proto::Grant>, String) {
        let subject_id = id::<()>(user).to_string();
        let request = self.as_root(proto::GetGrantsRequest { subject_id });
        let answer = self.grants().get_grants(request).await.expect("there").into_inner();
        (answer.grants, answer.etag)
    }

    /// The etag of a subject's grants.
    pub async fn grants_etag(&self, subject_id: &str) -> String {
        let subject_id = subject_id.to_owned();
        let request = self.as_root(proto::GetGrantsRequest { subject_id });
        let answer = self.grants().get_grants(request).await.expect("there");
        answer.into_inner().etag
    }

    /// Sets the grants of a user as somebody: role and division, 0 for all.
    pub async fn grant_as(&self, token: &str, user: u8, grants: &[(u8, u8)]) -> Result<(), Status> {
        let (_, etag) = self.grants_of(user).await;
        let grant = |(role, division): &(u8, u8)| proto::Grant {
            role_id: id::<()>(*role).to_string(),
            division_id: match division {
                0 => String::new(),
                number => id::<()>(*number).to_string(),
            },
        };
        let request = proto::SetGrantsRequest {
            subject_id: id::<()>(user).to_string(),
            grants: grants.iter().map(grant).collect(),
            etag,
        };
        self.grants().set_grants(with_token(request, token)).await.map(|_| ())
    }

    pub async fn user(&self, number: u8) -> proto::User {
        let user_id = id::<()>(number).to_string();
        let request = self.as_root(proto::GetUserRequest { user_id });
        let answer = self.users().get_user(request).await.expect("there");
        answer.into_inner().user.expect("a user")
    }

    pub async fn role(&self, number: u8) -> proto::Role {
        let role_id = id::<()>(number).to_string();
        let request = self.as_root(proto::GetRoleRequest { role_id });
        let answer = self.roles().get_role(request).await.expect("there");
        answer.into_inner().role.expect("a role")
    }

    /// Disables a user or lets them in again.
    pub async fn set_state(&self, number: u8, state: proto::UserState) -> Result<(), Status> {
        let user = proto::User {
            state: state.into(),
            ..self.user(number).await
        };
        self.update_user(&self.root, user, &["state"]).await.map(|_| ())
    }

    pub async fn update_user(&self, token: &str, user: proto::User, mask: &[&str]) -> Result<proto::User, Status> {
        let request = proto::UpdateUserRequest {
            user: Some(user),
            update_mask: Some(fields(mask)),
        };
        let answer = self.users().update_user(with_token(request, token)).await?;
        Ok(answer.into_inner().user.expect("a user"))
    }

    pub async fn update_role(&self, token: &str, role: proto::Role, mask: &[&str]) -> Result<proto::Role, Status> {
        let request = proto::UpdateRoleRequest {
            role: Some(role),
            update_mask: Some(fields(mask)),
        };
        let answer = self.roles().update_role(with_token(request, token)).await?;
        Ok(answer.into_inner().role.expect("a role"))
    }

    /// Has everything published that the grants say, by a seed that changes none of them.
    pub async fn publish_anew(&self) {
        let seed = Seed {
            users: Vec::new(),
            roles: Vec::new(),
            grants: Vec::new(),
            deployments: Vec::new(),
            ..organisation()
        };
        let store = &self.auth.store.store;
        onqueue_auth::seed(store, &self.auth.context, seed)
            .await
            .expect("seeded");
    }

    /// Waits until a user may do that, or may not.
    pub async fn until_may(&self, user: u8, permission: &str, expected: bool) {
        until("it is known", SOON, async || {
            self.auth.context.trust.user_may(id(1), id(user), permission) == expected
        })
        .await;
    }
}

/// A field mask.
pub fn fields(paths: &[&str]) -> prost_types::FieldMask {
    prost_types::FieldMask {
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
    }
}
