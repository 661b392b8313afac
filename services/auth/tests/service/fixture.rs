//! An organisation with two users, and the service around it.

use onqueue_access::DefaultRole;
use onqueue_auth::{Migrations, Seed, Settings, seed};
use onqueue_bus::Bus;
use onqueue_client::reason;
use onqueue_model::{Caller, Id, Language, Reason, permissions};
use onqueue_proto::auth::v1::{
    Identity, LoginRequest, RefreshRequest, RevokeRequest, Tokens, deployment_service_client::DeploymentServiceClient,
    token_service_client::TokenServiceClient, trust_service_client::TrustServiceClient,
};
use onqueue_server::{Context, InProcess, ManualClock, as_peer, layered};
use onqueue_store::Store;
use onqueue_testkit::{TempStore, migrated_store, still_context};
use sea_orm::ConnectionTrait as _;
use std::{collections::BTreeMap, sync::Arc};
use tonic::Status;

/// The right password of both users.
pub const PASSWORD: &str = "correct horse";

/// A UUID of that number.
pub fn id<T>(number: u8) -> Id<T> {
    format!("0190a5c8-0000-7abc-8def-0000000000{number:02}")
        .parse()
        .expect("a UUID")
}

/// The service, bound and followed.
pub struct Auth {
    pub context: Context,
    pub hand: ManualClock,
    pub store: Arc<TempStore>,
    pub service: InProcess,
    /// This process's own connections.
    own: Store,
    settings: Settings,
}

/// Ada is an agent and Sam a supervisor in division 2; Ned has no password.
pub fn description() -> Seed {
    let user = |number, name: &str, password: Option<&str>| seed::User {
        id: id(number),
        division: id(2),
        name: name.to_owned(),
        email: format!("{name}@Example.org"),
        language: "de".to_owned(),
        password: password.map(str::to_owned),
    };
    let role = |number, role: DefaultRole| seed::Role {
        id: id(number),
        name: role.name().to_owned(),
        permissions: role.permissions().iter().map(|text| (*text).to_owned()).collect(),
    };
    let grant = |user, role| seed::Grant {
        user: id(user),
        role: id(role),
        division: id(2),
    };
    Seed {
        organisation: seed::Organisation {
            id: id(1),
            slug: "demo".to_owned(),
            name: "Demo".to_owned(),
            language: "de".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
        },
        divisions: vec![seed::Division {
            id: id(2),
            name: "Main".to_owned(),
        }],
        users: vec![
            user(10, "Ada", Some(PASSWORD)),
            user(11, "Sam", Some(PASSWORD)),
            user(12, "Ned", None),
        ],
        roles: vec![
            role(20, DefaultRole::Agent),
            role(21, DefaultRole::Supervisor),
            role(22, DefaultRole::Administrator),
        ],
        grants: vec![grant(10, 20), grant(11, 21)],
        deployments: vec![deployment(30, true), deployment(31, false)],
    }
}

fn deployment(number: u8, enabled: bool) -> seed::Deployment {
    seed::Deployment {
        id: id(number),
        division: id(2),
        name: format!("Shop {number}"),
        enabled,
        origins: vec!["https://shop.example".to_owned()],
        queues: vec![seed::DeploymentQueue {
            queue_id: id(40),
            labels: BTreeMap::from([("de".to_owned(), "Bestellungen".to_owned())]),
            languages: Language::parse("de").into_iter().collect(),
            skill_ids: vec![id(50)],
        }],
        greetings: BTreeMap::from([("de".to_owned(), "Guten Tag!".to_owned())]),
    }
}

impl Auth {
    /// Seeded as described, at default settings.
    pub async fn start() -> Self {
        Self::start_with(&Settings::default()).await
    }

    pub async fn start_with(settings: &Settings) -> Self {
        Self::start_seeded(settings, vec![description()]).await
    }

    /// With those organisations.
    pub async fn start_seeded(settings: &Settings, organisations: Vec<Seed>) -> Self {
        let store = migrated_store("auth", |store| Box::pin(store.migrate::<Migrations>())).await;
        let (store, surroundings) = (Arc::new(store), still_context(7));
        for organisation in organisations {
            seed(&store.store, &surroundings.0, organisation).await.expect("seeded");
        }
        let own = store.store.clone();
        Self::serve(settings, store, own, surroundings).await
    }

    /// Another process that serves the same database at the same settings; `bus` is its own.
    pub async fn another(&self, seed: u64, bus: Bus) -> Self {
        let own = Store::open(self.store.settings()).await.expect("opened");
        let (context, hand) = still_context(seed);
        let surroundings = (Context { bus, ..context }, hand);
        Self::serve(&self.settings, Arc::clone(&self.store), own, surroundings).await
    }

    async fn serve(
        settings: &Settings,
        store: Arc<TempStore>,
        own: Store,
        (context, hand): (Context, ManualClock),
    ) -> Self {
        let bound = onqueue_auth::bind(settings, own.clone(), context.clone())
            .await
            .expect("bound");
        follow(&own, &context);
        Self {
            service: layered(bound, &context),
            context,
            hand,
            store,
            own,
            settings: settings.clone(),
        }
    }

    /// Ends what it does in the background, and closes its connections.
    pub async fn stop(self) {
        self.context.tasks.drain();
        self.own.close().await.expect("closed");
    }

    pub fn tokens(&self) -> TokenServiceClient<InProcess> {
        TokenServiceClient::new(self.service.clone())
    }

    pub fn deployments(&self) -> DeploymentServiceClient<InProcess> {
        DeploymentServiceClient::new(self.service.clone())
    }

    pub fn trust_as(&self, peer: &'static str) -> TrustServiceClient<InProcess> {
        TrustServiceClient::new(as_peer(self.service.clone(), peer))
    }

    /// Seeds again, with a change.
    pub async fn seed_with(&self, change: impl FnOnce(&mut Seed)) {
        let mut description = description();
        change(&mut description);
        seed(&self.store.store, &self.context, description)
            .await
            .expect("seeded");
    }

    pub async fn login_as(&self, organisation: &str, email: &str, password: &str) -> Result<Session, Status> {
        let request = LoginRequest {
            organisation: organisation.to_owned(),
            email: email.to_owned(),
            password: password.to_owned(),
        };
        let answer = self.tokens().login(request).await?.into_inner();
        Ok(Session {
            tokens: answer.tokens.expect("tokens"),
            identity: answer.identity.expect("identity"),
        })
    }

    /// Ada's login with that password: the reason if it was refused.
    pub async fn login(&self, password: &str) -> Result<Session, Option<Reason>> {
        self.login_as("demo", "ada@example.org", password)
            .await
            .map_err(|status| reason(&status))
    }

    pub async fn refresh(&self, refresh_token: &str) -> Result<Session, Option<Reason>> {
        let refresh_token = refresh_token.to_owned();
        match self.tokens().refresh(RefreshRequest { refresh_token }).await {
            Ok(answer) => {
                let answer = answer.into_inner();
                Ok(Session {
                    tokens: answer.tokens.expect("tokens"),
                    identity: answer.identity.expect("identity"),
                })
            }
            Err(status) => Err(reason(&status)),
        }
    }

    pub async fn revoke(&self, refresh_token: &str) {
        let refresh_token = refresh_token.to_owned();
        self.tokens()
            .revoke(RevokeRequest { refresh_token })
            .await
            .expect("always answered alike");
    }

    /// Writes to the database behind the service's back; answers how many rows.
    pub async fn write(&self, sql: &str) -> u64 {
        let sql = sql.to_owned();
        let written = self.store.store.transaction(move |tx| {
            let sql = sql.clone();
            Box::pin(async move { Ok(tx.execute_unprepared(&sql).await?.rows_affected()) })
        });
        written.await.expect("written")
    }

    pub fn verify(&self, session: &Session) -> Result<Caller, Reason> {
        let now = self.context.clock.now();
        self.context
            .trust
            .verify(&session.tokens.access_token, now)
            .map_err(|fault| fault.reason)
    }
}

/// Keeps the context's trust on what the database says.
pub fn follow(store: &Store, context: &Context) {
    let clock = context.clock.clone();
    context.tasks.spawn(
        "trust",
        onqueue_trust::follow_store(
            store.clone(),
            context.trust.clone(),
            context.bus.clone(),
            move || clock.now(),
            context.tasks.drain_token().clone().cancelled_owned(),
        ),
    );
}

/// What a login or refresh gave.
#[derive(Debug)]
pub struct Session {
    pub tokens: Tokens,
    pub identity: Identity,
}

impl Session {
    pub fn refresh_token(&self) -> &str {
        &self.tokens.refresh_token
    }
}

/// What Ada may do, as the catalogue writes it.
pub fn agent_permissions() -> Vec<&'static str> {
    let mut names = vec![
        permissions::AGENT_ONQUEUE,
        permissions::QUEUE_JOIN,
        permissions::QUEUE_SEARCH,
        permissions::QUEUE_VIEW,
        permissions::WEBCHAT_ACCEPT,
        permissions::WEBCHAT_PULL,
        permissions::COMMUNICATION_BLIND_TRANSFER,
        permissions::PARTICIPANT_WRAPUP,
        permissions::WRAPUP_CODE_VIEW,
        permissions::PUBLISHED_SCRIPT_VIEW,
        permissions::COMMUNICATION_DISCONNECT,
        permissions::RESPONSE_VIEW,
        permissions::ASSISTANCE_REQUEST,
        permissions::ATTRIBUTE_EDIT,
        permissions::CONTACT_ADD,
        permissions::CONTACT_EDIT,
        permissions::CONTACT_VIEW,
        permissions::CUSTOM_FIELD_VIEW,
    ];
    names.sort_unstable();
    names
}
