//! Deployments: what they may be, whose they are, and that chat pages know of them.

use crate::{
    administered::{Administered, SOON, fields, request_id, why},
    fixture::id,
};
use onqueue_client::reason;
use onqueue_model::Reason;
use onqueue_proto::auth::v1::{
    CreateDeploymentRequest, DeleteDeploymentRequest, Deployment, DeploymentQueue, GetDeploymentRequest,
    GetPublicDeploymentRequest, GetPublicDeploymentResponse, ListDeploymentsRequest, RotateIdentityKeyRequest,
    RotateIdentityKeyResponse, UpdateDeploymentRequest,
};
use onqueue_testkit::{until, with_token};
use onqueue_trust::{IdentitySecret, identify};
use std::collections::BTreeMap;
use tonic::Status;

fn text(language: &str, said: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(language.to_owned(), said.to_owned())])
}

fn wanted(name: &str, division: u8) -> Deployment {
    Deployment {
        name: name.to_owned(),
        division_id: id::<()>(division).to_string(),
        enabled: true,
        origins: vec!["HTTPS://Shop.Example:443".to_owned(), "https://shop.example".to_owned()],
        queues: vec![DeploymentQueue {
            queue_id: id::<()>(40).to_string(),
            labels: text("de-AT", " Bestellungen "),
            languages: vec!["de".to_owned()],
            skill_ids: vec![id::<()>(50).to_string()],
        }],
        greetings: text("en", "Hello!"),
        ..Default::default()
    }
}

async fn create(all: &Administered, token: &str, deployment: Deployment) -> Result<Deployment, Status> {
    let request = CreateDeploymentRequest {
        request_id: request_id(),
        deployment: Some(deployment),
    };
    let answer = all.deployments().create_deployment(with_token(request, token)).await?;
    Ok(answer.into_inner().deployment.expect("made"))
}

async fn update(all: &Administered, token: &str, deployment: Deployment, mask: &[&str]) -> Result<Deployment, Status> {
    let request = UpdateDeploymentRequest {
        deployment: Some(deployment),
        update_mask: Some(fields(mask)),
    };
    let answer = all.deployments().update_deployment(with_token(request, token)).await?;
    Ok(answer.into_inner().deployment.expect("changed"))
}

async fn public(all: &Administered, deployment: &Deployment) -> Option<GetPublicDeploymentResponse> {
    let deployment_id = deployment.deployment_id.clone();
    let request = GetPublicDeploymentRequest { deployment_id };
    let answer = all.deployments().get_public_deployment(request).await;
    answer.ok().map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_page_knows_of_each_change_and_says_when_there_is_none() {
    let all = Administered::start().await;
    let made = create(&all, &all.root, wanted("Shop", 2)).await.expect("made");
    assert_eq!(made.origins, ["https://shop.example"], "as browsers send it, once");
    assert_eq!(made.queues[0].labels, text("de-at", "Bestellungen"));
    until("it is shown", SOON, async || public(&all, &made).await.is_some()).await;
    let shown = public(&all, &made).await.expect("shown");
    assert_eq!((&*shown.name, shown.greetings), ("Shop", text("en", "Hello!")));
    let seeded = all.auth.context.trust.deployment(id(30));
    assert!(seeded.is_some_and(|seeded| seeded.enabled), "the others stay");

    let change = Deployment {
        enabled: false,
        name: "Not in the mask".to_owned(),
        ..made.clone()
    };
    let off = update(&all, &all.root, change, &["enabled"]).await.expect("off");
    assert_eq!((off.enabled, &*off.name), (false, "Shop"));
    until("it is off", SOON, async || public(&all, &made).await.is_none()).await;

    let change = Deployment { enabled: true, ..off };
    let on = update(&all, &all.root, change, &["enabled"]).await.expect("on");
    until("it is on", SOON, async || public(&all, &made).await.is_some()).await;
    let request = DeleteDeploymentRequest {
        deployment_id: on.deployment_id.clone(),
        etag: on.etag.clone(),
    };
    all.deployments()
        .delete_deployment(all.as_root(request))
        .await
        .expect("removed");
    until("it is gone", SOON, async || public(&all, &made).await.is_none()).await;
    assert!(all.auth.context.trust.deployment(id(30)).is_some(), "the others stay");
    let trail = all.trail().await;
    assert_eq!(
        trail[trail.len() - 4..],
        [
            "deployment.create",
            "deployment.update",
            "deployment.update",
            "deployment.delete"
        ]
    );
}

#[tokio::test]
async fn what_one_cannot_be_is_refused_by_field() {
    let all = Administered::start().await;
    let long = "x".repeat(501);
    let with = |change: &dyn Fn(&mut Deployment)| {
        let mut deployment = wanted("Shop", 2);
        change(&mut deployment);
        deployment
    };
    for (deployment, field) in [
        (
            with(&|it| it.origins = vec!["https://*.example.com".into()]),
            "deployment.origins",
        ),
        (
            with(&|it| it.origins = vec!["https://example.com/chat".into()]),
            "deployment.origins",
        ),
        (
            with(&|it| it.origins = vec!["example.com".into()]),
            "deployment.origins",
        ),
        (
            with(&|it| it.origins = vec!["https://a.example".into(); 51]),
            "deployment.origins",
        ),
        (with(&|it| it.queues.clear()), "deployment.queues"),
        (
            with(&|it| it.queues = vec![it.queues[0].clone(); 2]),
            "deployment.queues",
        ),
        (
            with(&|it| it.queues[0].queue_id = "x".into()),
            "deployment.queues.queue_id",
        ),
        (
            with(&|it| it.queues[0].skill_ids = vec!["x".into()]),
            "deployment.queues.skill_ids",
        ),
        (
            with(&|it| it.queues[0].languages = vec!["no language".into()]),
            "deployment.queues.languages",
        ),
        (
            with(&|it| it.queues[0].labels = text("de", " ")),
            "deployment.queues.labels",
        ),
        (with(&|it| it.greetings = text("de", &long)), "deployment.greetings"),
        (with(&|it| it.greetings = text("!", "Hello")), "deployment.greetings"),
        (
            with(&|it| it.division_id = id::<()>(0).to_string()),
            "deployment.division_id",
        ),
        (with(&|it| it.division_id.clear()), "deployment.division_id"),
        (with(&|it| it.name.clear()), "deployment.name"),
    ] {
        let refused = create(&all, &all.root, deployment).await.expect_err(field);
        assert_eq!(onqueue_client::metadata(&refused, "field").as_deref(), Some(field));
    }
    let elsewhere = create(&all, &all.root, wanted("Shop", 99)).await;
    assert_eq!(why(elsewhere), Some(Reason::FieldInvalid), "no such division");
}

#[tokio::test]
async fn each_division_has_its_own() {
    let all = Administered::start().await;
    let here = create(&all, &all.lou, wanted("Here", 2)).await.expect("may here");
    let refused = create(&all, &all.lou, wanted("There", 3)).await;
    assert_eq!(why(refused), Some(Reason::PermissionMissing));
    let there = create(&all, &all.root, wanted("There", 3)).await.expect("made");
    let get = GetDeploymentRequest {
        deployment_id: there.deployment_id.clone(),
    };
    let hidden = all.deployments().get_deployment(all.as_lou(get)).await;
    assert_eq!(why(hidden), Some(Reason::DeploymentNotFound));
    let refused = update(&all, &all.lou, there.clone(), &["name"]).await;
    assert_eq!(why(refused), Some(Reason::DeploymentNotFound));
    let move_there = Deployment {
        division_id: there.division_id.clone(),
        ..here.clone()
    };
    let refused = update(&all, &all.lou, move_there, &["division_id"]).await;
    assert_eq!(
        why(refused),
        Some(Reason::PermissionMissing),
        "not into a division that is not theirs"
    );
    let list = async |token: &str, division_id: &str| {
        let request = ListDeploymentsRequest {
            division_id: division_id.to_owned(),
            ..Default::default()
        };
        let answer = all.deployments().list_deployments(with_token(request, token)).await;
        let listed = answer.expect("listed").into_inner().deployments.into_iter();
        listed.map(|deployment| deployment.name).collect::<Vec<_>>()
    };
    assert_eq!(list(&all.lou, "").await, ["Here", "Shop 30", "Shop 31"]);
    assert_eq!(list(&all.lou, &there.division_id).await, [""; 0]);
    assert_eq!(list(&all.root, &there.division_id).await, ["There"]);
}

#[tokio::test]
async fn whoever_only_sees_it_is_told_what_is_missing() {
    let all = Administered::start().await;
    let role = onqueue_proto::auth::v1::Role {
        permissions: vec!["authorization:deployment:view".to_owned()],
        ..all.role(23).await
    };
    all.update_role(&all.root, role, &["permissions"])
        .await
        .expect("changed");
    all.until_may(14, "authorization:deployment:edit", false).await;
    all.until_may(14, "authorization:deployment:view", true).await;
    let get = GetDeploymentRequest {
        deployment_id: id::<()>(30).to_string(),
    };
    let seen = all.deployments().get_deployment(all.as_lou(get)).await.expect("seen");
    let seen = seen.into_inner().deployment.expect("one");
    assert_eq!(
        seen.division_id,
        id::<()>(2).to_string(),
        "seeded ones belong somewhere too"
    );
    let refused = update(&all, &all.lou, seen, &["name"]).await.expect_err("refused");
    assert_eq!(reason(&refused), Some(Reason::PermissionMissing));
}

#[tokio::test]
async fn its_web_site_proves_its_customers_with_keys_that_change() {
    let all = Administered::start().await;
    let made = create(&all, &all.root, wanted("Shop", 2)).await.expect("made");
    assert!(made.identity_keys.is_empty());
    let rotate = async |token: &str, deployment: &Deployment, end_former: bool| {
        let request = RotateIdentityKeyRequest {
            deployment_id: deployment.deployment_id.clone(),
            etag: deployment.etag.clone(),
            end_former,
        };
        let answer = all.deployments().rotate_identity_key(with_token(request, token)).await;
        answer.map(tonic::Response::into_inner)
    };
    let signs = |rotated: &RotateIdentityKeyResponse| {
        let deployment = made.deployment_id.parse().expect("an id");
        let Some(deployment) = all.auth.context.trust.deployment(deployment) else {
            return false; // The bundle has not told of it yet.
        };
        let now = all.auth.context.clock.now();
        let seconds = now.millis() / 1_000;
        let claims = serde_json::json!({
            "iss": "shop", "sub": "1", "aud": made.deployment_id, "iat": seconds, "exp": seconds + 60,
        });
        let secret = IdentitySecret::from_pem(&rotated.private_key).expect("a private key");
        identify(&deployment, &secret.assertion(&rotated.kid, &claims), now).is_ok()
    };
    let first = rotate(&all.root, &made, false).await.expect("a key");
    until("the first is believed", SOON, async || signs(&first)).await;
    assert_eq!(why(rotate(&all.root, &made, false).await), Some(Reason::EtagMismatch));
    let with_one = first.deployment.clone().expect("one");
    let second = rotate(&all.lou, &with_one, false).await.expect("another");
    until("both are believed", SOON, async || signs(&second)).await;
    assert!(signs(&first));
    let keys = second.deployment.clone().expect("one").identity_keys;
    let kids: Vec<&str> = keys.iter().map(|key| &*key.kid).collect();
    assert_eq!(kids, [&*first.kid, &*second.kid]);
    assert!(keys[0].ends_at.is_some() && keys[1].ends_at.is_none());

    let renamed = Deployment {
        name: "Renamed".to_owned(),
        identity_keys: Vec::new(),
        ..second.deployment.clone().expect("one")
    };
    let renamed = update(&all, &all.root, renamed, &["name"]).await.expect("renamed");
    assert_eq!(renamed.identity_keys, keys, "not an update's to change");
    let third = rotate(&all.root, &renamed, true).await.expect("a third");
    until("only the third is believed", SOON, async || {
        signs(&third) && !signs(&first) && !signs(&second)
    })
    .await;
    let there = create(&all, &all.root, wanted("There", 3)).await.expect("made");
    let refused = rotate(&all.lou, &there, false).await;
    assert_eq!(why(refused), Some(Reason::DeploymentNotFound));
}
