//! What the check needs in the organisation: an agent, a queue that nobody else serves, and a deployment that offers it. All of
//! it is made as an administrator's page does, under a name of its own, and taken away again.

use super::door::{Door, Token};
use crate::demo::password;
use onqueue_model::{Fault, permissions as may};
use onqueue_proto::{
    auth::v1::{
        CreateDeploymentRequest, CreateUserRequest, DeleteDeploymentRequest, DeleteUserRequest, Deployment,
        DeploymentQueue, GetDeploymentRequest, GetGrantsRequest, GetUserRequest, Grant, ListDivisionsRequest,
        ListRolesRequest, Role, SetGrantsRequest, User, deployment_service_client::DeploymentServiceClient,
        division_service_client::DivisionServiceClient, grant_service_client::GrantServiceClient,
        role_service_client::RoleServiceClient, user_service_client::UserServiceClient,
    },
    routing::v1::{
        CreateQueueRequest, DeleteQueueRequest, Evaluation, GetQueueRequest, Queue, SetMembersRequest,
        queue_service_client::QueueServiceClient,
    },
};
use std::collections::BTreeMap;
use tonic::transport::Channel;

/// What an agent has to be allowed.
const NEEDED: [&str; 2] = [may::AGENT_ONQUEUE, may::WEBCHAT_ACCEPT];

/// The most of a list.
const PAGE: i32 = 200;

/// What was made so far, and who made it.
pub struct Installation {
    administrator: Token,
    /// The agent, logged in.
    pub agent: Option<Token>,
    user: String,
    /// The queue's id.
    pub queue: String,
    /// The deployment's id.
    pub deployment: String,
}

impl Installation {
    /// Makes all of it. If something can not be made, what was made before is taken away.
    pub async fn make(door: &Door, administrator: Token, organisation: &str) -> Result<Self, Fault> {
        let mut installation = Self {
            administrator,
            agent: None,
            user: String::new(),
            queue: String::new(),
            deployment: String::new(),
        };
        match installation.fill(door, organisation).await {
            Ok(()) => Ok(installation),
            Err(fault) => {
                // The first mistake is the one to tell.
                let _ = installation.take_away(door).await;
                Err(fault)
            }
        }
    }

    async fn fill(&mut self, door: &Door, organisation: &str) -> Result<(), Fault> {
        let (name, division) = (format!("Check {}", door.unique()), self.division(door).await?);
        let (email, password) = (format!("{}@check.invalid", door.unique()), password(&door.ids));
        self.hire(door, &name, &email, &password, &division).await?;
        self.open(door, &name, &division).await?;
        self.deploy(door, &name, &division).await?;
        self.agent = Some(door.login(organisation, &email, &password).await?);
        Ok(())
    }

    async fn division(&self, door: &Door) -> Result<String, Fault> {
        let list = async || {
            let request = ListDivisionsRequest {
                page_size: PAGE,
                ..ListDivisionsRequest::default()
            };
            let request = self.administrator.bearing(request);
            DivisionServiceClient::new(door.channel.clone())
                .list_divisions(request)
                .await
        };
        let divisions = door.step("listing divisions", list).await?.divisions;
        let first = divisions.into_iter().next();
        first
            .map(|division| division.division_id)
            .ok_or_else(|| Fault::unavailable("the organisation has no division"))
    }

    /// Makes a user who may take chats.
    async fn hire(
        &mut self,
        door: &Door,
        name: &str,
        email: &str,
        password: &str,
        division: &str,
    ) -> Result<(), Fault> {
        let role = self.role(door).await?;
        let request = CreateUserRequest {
            request_id: door.unique(),
            user: Some(User {
                name: name.to_owned(),
                email: email.to_owned(),
                division_id: division.to_owned(),
                ..User::default()
            }),
            password: password.to_owned(),
        };
        let create = async || {
            let request = self.administrator.bearing(request.clone());
            self.users(door).create_user(request).await
        };
        let made = door.step("making an agent", create).await?.user;
        self.user = made.map(|user| user.user_id).unwrap_or_default();
        let grants = [Grant {
            role_id: role.role_id,
            division_id: division.to_owned(),
        }];
        self.grant(door, grants.into()).await
    }

    /// The role with the fewest permissions that lets its holders take chats.
    async fn role(&self, door: &Door) -> Result<Role, Fault> {
        let list = async || {
            let request = ListRolesRequest {
                page_size: PAGE,
                ..ListRolesRequest::default()
            };
            let request = self.administrator.bearing(request);
            RoleServiceClient::new(door.channel.clone()).list_roles(request).await
        };
        let roles = door.step("listing roles", list).await?.roles;
        fitting(roles).ok_or_else(|| {
            Fault::unavailable(format!(
                "no role lets its holders take chats: it needs {}",
                NEEDED.join(" and ")
            ))
        })
    }

    async fn grant(&self, door: &Door, grants: Vec<Grant>) -> Result<(), Fault> {
        let mut client = GrantServiceClient::new(door.channel.clone());
        let held = async || {
            let subject_id = self.user.clone();
            let request = self.administrator.bearing(GetGrantsRequest { subject_id });
            client.get_grants(request).await
        };
        let etag = door.step("reading the agent's grants", held).await?.etag;
        let mut client = GrantServiceClient::new(door.channel.clone());
        let set = async || {
            let request = SetGrantsRequest {
                subject_id: self.user.clone(),
                grants: grants.clone(),
                etag: etag.clone(),
            };
            client.set_grants(self.administrator.bearing(request)).await
        };
        door.step("granting the agent a role", set).await.map(|_| ())
    }

    /// Makes a queue that the agent alone serves.
    async fn open(&mut self, door: &Door, name: &str, division: &str) -> Result<(), Fault> {
        let request = CreateQueueRequest {
            request_id: door.unique(),
            queue: Some(Queue {
                name: name.to_owned(),
                division_id: division.to_owned(),
                evaluation: Evaluation::Disregard.into(),
                ..Queue::default()
            }),
        };
        let create = async || {
            let request = self.administrator.bearing(request.clone());
            self.queues(door).create_queue(request).await
        };
        let made = door.step("making a queue", create).await?.queue;
        self.queue = made.map(|queue| queue.queue_id).unwrap_or_default();
        let members = async || {
            let request = SetMembersRequest {
                queue_id: self.queue.clone(),
                user_ids: vec![self.user.clone()],
                members: Vec::new(),
            };
            let request = self.administrator.bearing(request);
            self.queues(door).set_members(request).await
        };
        door.step("making the agent a member of the queue", members)
            .await
            .map(|_| ())
    }

    async fn deploy(&mut self, door: &Door, name: &str, division: &str) -> Result<(), Fault> {
        let offered = DeploymentQueue {
            queue_id: self.queue.clone(),
            labels: BTreeMap::from([("en".to_owned(), name.to_owned())]),
            ..DeploymentQueue::default()
        };
        let request = CreateDeploymentRequest {
            request_id: door.unique(),
            deployment: Some(Deployment {
                name: name.to_owned(),
                division_id: division.to_owned(),
                enabled: true,
                queues: vec![offered],
                ..Deployment::default()
            }),
        };
        let create = async || {
            let request = self.administrator.bearing(request.clone());
            self.deployments(door).create_deployment(request).await
        };
        let made = door.step("making a deployment", create).await?.deployment;
        self.deployment = made.map(|deployment| deployment.deployment_id).unwrap_or_default();
        Ok(())
    }

    /// Takes away what was made, the last first; goes on after a mistake and tells the first.
    pub async fn take_away(&self, door: &Door) -> Result<(), Fault> {
        let outcomes = [
            self.close_deployment(door).await,
            self.close_queue(door).await,
            self.dismiss(door).await,
        ];
        outcomes.into_iter().collect()
    }

    async fn close_deployment(&self, door: &Door) -> Result<(), Fault> {
        if self.deployment.is_empty() {
            return Ok(());
        }
        let delete = async || {
            let deployment_id = self.deployment.clone();
            let request = GetDeploymentRequest {
                deployment_id: deployment_id.clone(),
            };
            let request = self.administrator.bearing(request);
            let read = self.deployments(door).get_deployment(request).await?;
            let etag = read.into_inner().deployment.unwrap_or_default().etag;
            let request = DeleteDeploymentRequest { deployment_id, etag };
            let request = self.administrator.bearing(request);
            self.deployments(door).delete_deployment(request).await
        };
        door.step("removing the deployment", delete).await.map(|_| ())
    }

    async fn close_queue(&self, door: &Door) -> Result<(), Fault> {
        if self.queue.is_empty() {
            return Ok(());
        }
        let delete = async || {
            let queue_id = self.queue.clone();
            let request = GetQueueRequest {
                queue_id: queue_id.clone(),
            };
            let request = self.administrator.bearing(request);
            let read = self.queues(door).get_queue(request).await?;
            let etag = read.into_inner().queue.unwrap_or_default().etag;
            let request = DeleteQueueRequest { queue_id, etag };
            let request = self.administrator.bearing(request);
            self.queues(door).delete_queue(request).await
        };
        door.step("removing the queue", delete).await.map(|_| ())
    }

    async fn dismiss(&self, door: &Door) -> Result<(), Fault> {
        if self.user.is_empty() {
            return Ok(());
        }
        let delete = async || {
            let user_id = self.user.clone();
            let request = GetUserRequest {
                user_id: user_id.clone(),
            };
            let request = self.administrator.bearing(request);
            let read = self.users(door).get_user(request).await?;
            let etag = read.into_inner().user.unwrap_or_default().etag;
            let request = DeleteUserRequest { user_id, etag };
            let request = self.administrator.bearing(request);
            self.users(door).delete_user(request).await
        };
        door.step("removing the agent", delete).await.map(|_| ())
    }

    fn users(&self, door: &Door) -> UserServiceClient<Channel> {
        UserServiceClient::new(door.channel.clone())
    }

    fn queues(&self, door: &Door) -> QueueServiceClient<Channel> {
        QueueServiceClient::new(door.channel.clone())
    }

    fn deployments(&self, door: &Door) -> DeploymentServiceClient<Channel> {
        DeploymentServiceClient::new(door.channel.clone())
    }
}

/// Of the roles that allow what is needed, the one that allows least.
fn fitting(roles: Vec<Role>) -> Option<Role> {
    let has = |role: &Role, needed: &str| role.permissions.iter().any(|held| held == needed);
    let fits = roles
        .into_iter()
        .filter(|role| NEEDED.iter().all(|needed| has(role, needed)));
    fits.min_by_key(|role| role.permissions.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str, permissions: &[&str]) -> Role {
        Role {
            name: name.to_owned(),
            permissions: permissions.iter().map(|&text| text.to_owned()).collect(),
            ..Role::default()
        }
    }

    #[test]
    fn the_smallest_role_that_takes_chats_is_taken() {
        let all = ["a:b:c", may::AGENT_ONQUEUE, may::WEBCHAT_ACCEPT];
        let roles = [
            role("Large", &all),
            role("Fitting", &all[1..]),
            role("Lacking", &all[2..]),
        ];
        let taken = fitting(roles.into()).expect("one fits");
        assert_eq!(taken.name, "Fitting");
        assert!(fitting(vec![role("Lacking", &all[..2])]).is_none());
    }
}
