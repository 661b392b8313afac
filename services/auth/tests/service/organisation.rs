//! The organisation itself.

use crate::administered::{Administered, fields, why};
use onqueue_client::metadata;
use onqueue_model::Reason;
use onqueue_proto::auth::v1::{
    GetOrganisationRequest, Organisation, UpdateOrganisationRequest,
    organisation_service_client::OrganisationServiceClient,
};
use onqueue_testkit::with_token;
use tonic::Status;

async fn get(all: &Administered, token: &str) -> Organisation {
    let mut client = OrganisationServiceClient::new(all.auth.service.clone());
    let answer = client.get_organisation(with_token(GetOrganisationRequest {}, token));
    answer.await.expect("there").into_inner().organisation.expect("one")
}

async fn update(
    all: &Administered,
    token: &str,
    organisation: Organisation,
    mask: &[&str],
) -> Result<Organisation, Status> {
    let mut client = OrganisationServiceClient::new(all.auth.service.clone());
    let request = UpdateOrganisationRequest {
        organisation: Some(organisation),
        update_mask: Some(fields(mask)),
    };
    let answer = client.update_organisation(with_token(request, token)).await?;
    Ok(answer.into_inner().organisation.expect("one"))
}

#[tokio::test]
async fn everybody_sees_their_own() {
    let all = Administered::start().await;
    let ours = get(&all, &all.lou).await;
    let shown = (&*ours.slug, &*ours.language, &*ours.time_zone);
    assert_eq!(shown, ("demo", "de", "Europe/Berlin"));
    assert_eq!(get(&all, &all.pat).await.slug, "other");
}

#[tokio::test]
async fn it_changes_by_mask_and_etag_once() {
    let all = Administered::start().await;
    let (ours, before) = (get(&all, &all.root).await, all.trail().await.len());
    let wanted = Organisation {
        name: "Larger".to_owned(),
        time_zone: "america/new_york".to_owned(),
        language: "no language".to_owned(),
        slug: "another".to_owned(),
        ..ours.clone()
    };
    let mask = ["name", "time_zone"];
    let after = update(&all, &all.root, wanted.clone(), &mask).await.expect("changed");
    let expected = Organisation {
        name: "Larger".to_owned(),
        time_zone: "America/New_York".to_owned(),
        etag: after.etag.clone(),
        ..ours.clone()
    };
    assert_eq!(after, expected, "the mask's fields and no others");
    let again = update(&all, &all.root, wanted.clone(), &mask).await;
    assert_eq!(again.expect("a repeat"), after);
    assert_eq!(all.trail().await[before..], ["organisation.update"]);
    let late = Organisation {
        name: "Late".to_owned(),
        ..wanted
    };
    let late = update(&all, &all.root, late, &["name"]).await.expect_err("late");
    assert_eq!(metadata(&late, "etag"), Some(after.etag));
}

#[tokio::test]
async fn what_it_cannot_be_is_refused() {
    let all = Administered::start().await;
    let ours = get(&all, &all.root).await;
    let with = |change: fn(&mut Organisation)| {
        let mut wanted = ours.clone();
        change(&mut wanted);
        wanted
    };
    for (wanted, mask) in [
        (
            with(|wanted| wanted.language = "no language".to_owned()),
            &["language"][..],
        ),
        (with(|wanted| wanted.time_zone = "Mars/Base".to_owned()), &["time_zone"]),
        (with(|wanted| wanted.name.clear()), &["name"]),
        (with(|wanted| wanted.slug = "x".to_owned()), &["slug"]),
        (with(|wanted| wanted.etag.clear()), &[]),
        (
            with(|wanted| {
                wanted.etag.clear();
                wanted.name = "Other".to_owned();
            }),
            &["name"],
        ),
    ] {
        let refused = update(&all, &all.root, wanted, mask).await;
        assert_eq!(why(refused), Some(Reason::FieldInvalid), "{mask:?}");
    }
    let renamed = with(|wanted| wanted.name = "Lou's".to_owned());
    let refused = update(&all, &all.lou, renamed, &["name"]).await;
    assert_eq!(
        why(refused),
        Some(Reason::PermissionMissing),
        "one division is not enough"
    );
}
