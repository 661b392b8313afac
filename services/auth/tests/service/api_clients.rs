//! API clients: their secrets, their tokens, and what ends both.

use crate::{
    administered::{Administered, SOON, fields, request_id, why},
    fixture::id,
};
use onqueue_client::reason;
use onqueue_model::{ApiClientId, Caller, Principal, Reason};
use onqueue_proto::{
    auth::v1::{
        ApiClient, ClientCredentialsRequest, CreateApiClientRequest, DeleteApiClientRequest, GetApiClientRequest,
        GetDeploymentRequest, Grant, RotateApiClientSecretRequest, RotateApiClientSecretResponse, SetGrantsRequest,
        UpdateApiClientRequest,
    },
    millis,
};
use onqueue_testkit::{until, with_token};
use std::time::Duration;
use tonic::Status;

const WRONG: Option<Reason> = Some(Reason::CredentialsInvalid);

struct Made {
    client: ApiClient,
    secret: String,
    request: CreateApiClientRequest,
}

async fn make(all: &Administered, name: &str) -> Made {
    let request = CreateApiClientRequest {
        request_id: request_id(),
        api_client: Some(ApiClient {
            name: name.to_owned(),
            division_id: id::<()>(2).to_string(),
            enabled: true,
            ..Default::default()
        }),
    };
    let answer = all.api_clients().create_api_client(all.as_root(request.clone())).await;
    let answer = answer.expect("made").into_inner();
    Made {
        client: answer.api_client.expect("one"),
        secret: answer.secret,
        request,
    }
}

async fn token(all: &Administered, client_id: &str, client_secret: &str) -> Result<String, Status> {
    let request = ClientCredentialsRequest {
        client_id: client_id.to_owned(),
        client_secret: client_secret.to_owned(),
    };
    let answer = all.auth.tokens().client_credentials(request).await?.into_inner();
    let expected = all.auth.context.clock.now() + Duration::from_secs(900);
    assert_eq!(answer.access_expires_at.as_ref().map(millis), Some(expected));
    Ok(answer.access_token)
}

fn caller(all: &Administered, token: &str) -> Result<Caller, Reason> {
    let now = all.auth.context.clock.now();
    let caller = all.auth.context.trust.verify(token, now);
    caller.map_err(|fault| fault.reason)
}

async fn enable(all: &Administered, client: &ApiClient, enabled: bool) -> ApiClient {
    let request = UpdateApiClientRequest {
        api_client: Some(ApiClient {
            enabled,
            ..client.clone()
        }),
        update_mask: Some(fields(&["enabled"])),
    };
    let answer = all.api_clients().update_api_client(all.as_root(request)).await;
    answer.expect("changed").into_inner().api_client.expect("one")
}

async fn grant(all: &Administered, client: &ApiClient, role: u8) {
    let request = SetGrantsRequest {
        subject_id: client.client_id.clone(),
        grants: vec![Grant {
            role_id: id::<()>(role).to_string(),
            division_id: id::<()>(2).to_string(),
        }],
        etag: all.grants_etag(&client.client_id).await,
    };
    all.grants().set_grants(all.as_root(request)).await.expect("granted");
}

async fn rotate(all: &Administered, token: &str, client: &ApiClient) -> Result<RotateApiClientSecretResponse, Status> {
    let request = RotateApiClientSecretRequest {
        client_id: client.client_id.clone(),
        etag: client.etag.clone(),
    };
    let answer = all
        .api_clients()
        .rotate_api_client_secret(with_token(request, token))
        .await;
    answer.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn the_secret_is_shown_once_and_opens_for_fifteen_minutes() {
    let all = Administered::start().await;
    let made = make(&all, "Shop system").await;
    assert_eq!(made.secret.len(), 43, "256 bits");
    let again = all
        .api_clients()
        .create_api_client(all.as_root(made.request.clone()))
        .await;
    let again = again.expect("answered").into_inner();
    assert_eq!((again.api_client.as_ref(), &*again.secret), (Some(&made.client), ""));
    let token = token(&all, &made.client.client_id, &made.secret)
        .await
        .expect("a token");
    let client: ApiClientId = made.client.client_id.parse().expect("an id");
    let principal = Principal::Client {
        client,
        name: "Shop system".to_owned(),
    };
    let caller = caller(&all, &token).expect("believed");
    assert_eq!((caller.organisation, caller.principal.clone()), (id(1), principal));
    assert_eq!((caller.user(), caller.actor()), (None, format!("client:{client}")));
    all.auth.hand.advance(Duration::from_secs(900));
    assert_eq!(self::caller(&all, &token), Err(Reason::TokenExpired));
    let text = format!("{:?}", all.auth.context.trust);
    assert!(!text.contains(&made.secret));
}

#[tokio::test]
async fn what_is_wrong_is_not_told_and_ten_times_lock() {
    let all = Administered::start().await;
    let made = make(&all, "Shop system").await;
    let other = make(&all, "Other system").await;
    let (unknown, nobody) = (id::<()>(99).to_string(), id::<()>(98).to_string());
    let client = &made.client.client_id;
    for (id, secret) in [
        (client.as_str(), "wrong"),
        (client, ""),
        (client, &other.secret),
        (&unknown, &made.secret),
        ("no id", &made.secret),
    ] {
        assert_eq!(why(token(&all, id, secret).await), WRONG, "{id} {secret}");
    }
    assert!(
        token(&all, client, &made.secret).await.is_ok(),
        "the right one forgets the wrong ones"
    );
    for id in [client, &nobody] {
        for _ in 0..10 {
            assert_eq!(why(token(&all, id, "guess").await), WRONG);
        }
        assert_eq!(why(token(&all, id, &made.secret).await), Some(Reason::AccountLocked));
    }
    assert!(
        token(&all, &other.client.client_id, &other.secret).await.is_ok(),
        "nobody else"
    );
    all.auth.hand.advance(Duration::from_secs(900));
    assert!(token(&all, client, &made.secret).await.is_ok());
}

#[tokio::test]
async fn switching_off_ends_its_tokens_and_on_again_leaves_them_ended() {
    let all = Administered::start().await;
    let made = make(&all, "Shop system").await;
    let client = &made.client.client_id;
    let first = token(&all, client, &made.secret).await.expect("a token");
    let off = enable(&all, &made.client, false).await;
    until("it is refused", SOON, async || {
        caller(&all, &first) == Err(Reason::TokenInvalid)
    })
    .await;
    assert_eq!(why(token(&all, client, &made.secret).await), WRONG);
    let on = enable(&all, &off, true).await;
    let second = token(&all, client, &made.secret).await.expect("a token again");
    assert!(caller(&all, &second).is_ok());
    assert_eq!(caller(&all, &first), Err(Reason::TokenInvalid));
    let request = DeleteApiClientRequest {
        client_id: client.clone(),
        etag: on.etag,
    };
    all.api_clients()
        .delete_api_client(all.as_root(request))
        .await
        .expect("removed");
    until("it is refused", SOON, async || {
        caller(&all, &second) == Err(Reason::TokenInvalid)
    })
    .await;
    assert_eq!(why(token(&all, client, &made.secret).await), WRONG);
}

#[tokio::test]
async fn it_administers_what_it_was_granted_under_its_own_name() {
    let all = Administered::start().await;
    let made = make(&all, "Shop system").await;
    let token = token(&all, &made.client.client_id, &made.secret)
        .await
        .expect("a token");
    let get = |token: &str| {
        let deployment_id = id::<()>(30).to_string();
        with_token(GetDeploymentRequest { deployment_id }, token)
    };
    let refused = all.deployments().get_deployment(get(&token)).await;
    assert_eq!(why(refused), Some(Reason::PermissionMissing));
    grant(&all, &made.client, 23).await;
    until("it may", SOON, async || {
        all.deployments().get_deployment(get(&token)).await.is_ok()
    })
    .await;
    let request = CreateApiClientRequest {
        request_id: request_id(),
        api_client: Some(ApiClient {
            name: "Made by a client".to_owned(),
            ..made.client.clone()
        }),
    };
    all.api_clients()
        .create_api_client(with_token(request, &token))
        .await
        .expect("made");
    let last = onqueue_store::audit::verify(all.auth.store.store.reader(), "auth", id(1)).await;
    let last = last.expect("whole").pop().expect("a record");
    assert_eq!(last.actor, format!("client:{}", made.client.client_id));
}

#[tokio::test]
async fn a_new_secret_replaces_the_former_for_those_who_may_as_much() {
    let all = Administered::start().await;
    let made = make(&all, "Shop system").await;
    let client = &made.client.client_id;
    let open = token(&all, client, &made.secret).await.expect("a token");
    let rotated = rotate(&all, &all.lou, &made.client).await.expect("it may nothing yet");
    assert_eq!(why(token(&all, client, &made.secret).await), WRONG);
    assert!(token(&all, client, &rotated.secret).await.is_ok());
    assert!(caller(&all, &open).is_ok(), "tokens end by themselves");
    assert_eq!(
        why(rotate(&all, &all.lou, &made.client).await),
        Some(Reason::EtagMismatch)
    );
    grant(&all, &made.client, 22).await;
    let now = rotated.api_client.expect("one");
    let refused = rotate(&all, &all.lou, &now).await.expect_err("it may more than Lou");
    assert_eq!(reason(&refused), Some(Reason::PermissionMissing));
    assert!(rotate(&all, &all.root, &now).await.is_ok());
}

#[tokio::test]
async fn others_do_not_see_it() {
    let all = Administered::start().await;
    let made = make(&all, "Shop system").await;
    let hidden = rotate(&all, &all.pat, &made.client).await;
    assert_eq!(why(hidden), Some(Reason::NotFound));
    let get = GetApiClientRequest {
        client_id: made.client.client_id.clone(),
    };
    let hidden = all.api_clients().get_api_client(with_token(get, &all.pat)).await;
    assert_eq!(why(hidden), Some(Reason::NotFound));
}
