//! What divisions, users, roles, deployments and API clients have in common: each is made once, changed by etag, listed in pages.
// Some of the messages have fields beyond those that all have.
#![allow(clippy::needless_update)]

use crate::{
    administered::{Administered, fields, request_id, why},
    fixture::id,
};
use onqueue_model::Reason;
use onqueue_proto::auth::v1 as proto;
use onqueue_testkit::with_token;
use tonic::Status;

/// What all of them have.
#[derive(Clone, Debug, PartialEq)]
struct Thing {
    id: String,
    etag: String,
    name: String,
}

/// One kind of thing, as a caller.
#[async_trait::async_trait]
trait Kind {
    async fn create(all: &Administered, token: &str, request_id: &str, name: &str) -> Result<Thing, Status>;
    async fn get(all: &Administered, token: &str, id: &str) -> Result<Thing, Status>;
    async fn list(
        all: &Administered,
        token: &str,
        text: &str,
        page: (i32, String),
    ) -> Result<(Vec<Thing>, String), Status>;
    async fn rename(all: &Administered, token: &str, thing: &Thing, mask: &[&str]) -> Result<Thing, Status>;
    async fn delete(all: &Administered, token: &str, id: &str, etag: &str) -> Result<(), Status>;
    /// Whether two may have the same name.
    const REPEATS: bool;
    /// What is said of one that there is not.
    const MISSING: Reason;
}

macro_rules! kinds {
    ($($kind:ident $client:ident $thing:ident $field:ident $things:ident $id:ident
       $create:ident $Create:ident $get:ident $Get:ident $list:ident $List:ident
       $update:ident $Update:ident $delete:ident $Delete:ident $repeats:literal $missing:ident $new:expr;)*) => {$(
        struct $kind;

        impl From<proto::$thing> for Thing {
            fn from(thing: proto::$thing) -> Self {
                Self { id: thing.$id, etag: thing.etag, name: thing.name }
            }
        }

        #[async_trait::async_trait]
        impl Kind for $kind {
            const REPEATS: bool = $repeats;
            const MISSING: Reason = Reason::$missing;

            async fn create(all: &Administered, token: &str, request_id: &str, name: &str) -> Result<Thing, Status> {
                let new: fn(&str, &str) -> proto::$thing = $new;
                let request = proto::$Create {
                    request_id: request_id.to_owned(),
                    $field: Some(new(name, request_id)),
                    ..Default::default()
                };
                let answer = all.$client().$create(with_token(request, token)).await?;
                Ok(answer.into_inner().$field.expect("made").into())
            }

            async fn get(all: &Administered, token: &str, id: &str) -> Result<Thing, Status> {
                let request = proto::$Get { $id: id.to_owned() };
                let answer = all.$client().$get(with_token(request, token)).await?;
                Ok(answer.into_inner().$field.expect("found").into())
            }

            async fn list(
                all: &Administered,
                token: &str,
                text: &str,
                (page_size, page_token): (i32, String),
            ) -> Result<(Vec<Thing>, String), Status> {
                let request = proto::$List { page_size, page_token, text: text.to_owned(), ..Default::default() };
                let answer = all.$client().$list(with_token(request, token)).await?.into_inner();
                Ok((answer.$things.into_iter().map(Thing::from).collect(), answer.next_page_token))
            }

            async fn rename(all: &Administered, token: &str, thing: &Thing, mask: &[&str]) -> Result<Thing, Status> {
                let request = proto::$Update {
                    $field: Some(proto::$thing {
                        $id: thing.id.clone(),
                        etag: thing.etag.clone(),
                        name: thing.name.clone(),
                        ..Default::default()
                    }),
                    update_mask: Some(fields(mask)),
                };
                let answer = all.$client().$update(with_token(request, token)).await?;
                Ok(answer.into_inner().$field.expect("changed").into())
            }

            async fn delete(all: &Administered, token: &str, id: &str, etag: &str) -> Result<(), Status> {
                let request = proto::$Delete { $id: id.to_owned(), etag: etag.to_owned() };
                all.$client().$delete(with_token(request, token)).await.map(|_| ())
            }
        }
    )*};
}

kinds! {
    Divisions divisions Division division divisions division_id
        create_division CreateDivisionRequest get_division GetDivisionRequest list_divisions ListDivisionsRequest
        update_division UpdateDivisionRequest delete_division DeleteDivisionRequest false NotFound
        |name, _| proto::Division { name: name.to_owned(), ..Default::default() };
    Roles roles Role role roles role_id
        create_role CreateRoleRequest get_role GetRoleRequest list_roles ListRolesRequest
        update_role UpdateRoleRequest delete_role DeleteRoleRequest false NotFound
        |name, _| proto::Role {
            name: name.to_owned(),
            permissions: vec!["routing:queue:view".to_owned()],
            ..Default::default()
        };
    Users users User user users user_id
        create_user CreateUserRequest get_user GetUserRequest list_users ListUsersRequest
        update_user UpdateUserRequest delete_user DeleteUserRequest true NotFound
        |name, request| proto::User {
            name: name.to_owned(),
            email: format!("{request}@example.org"),
            division_id: id::<()>(2).to_string(),
            ..Default::default()
        };
    Deployments deployments Deployment deployment deployments deployment_id
        create_deployment CreateDeploymentRequest get_deployment GetDeploymentRequest
        list_deployments ListDeploymentsRequest update_deployment UpdateDeploymentRequest
        delete_deployment DeleteDeploymentRequest false DeploymentNotFound
        |name, _| proto::Deployment {
            name: name.to_owned(),
            division_id: id::<()>(2).to_string(),
            queues: vec![proto::DeploymentQueue { queue_id: id::<()>(40).to_string(), ..Default::default() }],
            ..Default::default()
        };
    ApiClients api_clients ApiClient api_client api_clients client_id
        create_api_client CreateApiClientRequest get_api_client GetApiClientRequest
        list_api_clients ListApiClientsRequest update_api_client UpdateApiClientRequest
        delete_api_client DeleteApiClientRequest false NotFound
        |name, _| proto::ApiClient {
            name: name.to_owned(),
            division_id: id::<()>(2).to_string(),
            ..Default::default()
        };
}

/// Every kind, one after the other.
macro_rules! each {
    ($($test:ident)*) => {$(
        #[tokio::test]
        async fn $test() {
            let all = Administered::start().await;
            habit::$test::<Divisions>(&all).await;
            habit::$test::<Roles>(&all).await;
            habit::$test::<Users>(&all).await;
            habit::$test::<Deployments>(&all).await;
            habit::$test::<ApiClients>(&all).await;
        }
    )*};
}

each! {
    the_same_request_makes_one
    twins_make_one
    a_change_needs_the_current_etag
    a_removed_one_is_gone_and_its_name_is_free
    pages_follow_each_other
    nobody_else_sees_them
}

mod habit {
    use super::*;

    pub async fn the_same_request_makes_one<K: Kind>(all: &Administered) {
        let (root, request) = (&all.root, request_id());
        let before = all.trail().await.len();
        let first = K::create(all, root, &request, " Größe ").await.expect("made");
        assert_eq!(first.name, "Größe");
        assert_eq!(K::create(all, root, &request, " Größe ").await.expect("again"), first);
        assert_eq!(all.trail().await.len(), before + 1, "one record");
        let other = K::create(all, root, &request, "Other thing").await;
        assert_eq!(why(other), Some(Reason::RequestIdReused));
        let taken = why(K::create(all, root, &request_id(), "GRÖSSE").await);
        assert_eq!(taken, None, "ß is not ss");
        let taken = why(K::create(all, root, &request_id(), "GRÖßE").await);
        assert_eq!(taken, (!K::REPEATS).then_some(Reason::NameTaken));
        for bad in ["", "  ", "a\nb", &"ä".repeat(101)] {
            let refused = K::create(all, root, &request_id(), bad).await;
            assert_eq!(why(refused), Some(Reason::FieldInvalid), "{bad}");
        }
        let refused = K::create(all, root, "one", "Fine").await;
        assert_eq!(why(refused), Some(Reason::IdMalformed));
    }

    pub async fn twins_make_one<K: Kind>(all: &Administered) {
        let (request, before) = (request_id(), all.trail().await.len());
        let twins = (0..8).map(|_| K::create(all, &all.root, &request, "Twin"));
        let made: Vec<_> = futures::future::join_all(twins).await;
        let first = made[0].as_ref().expect("made");
        for one in &made {
            assert_eq!(one.as_ref().expect("made"), first);
        }
        assert_eq!(all.trail().await.len(), before + 1);
    }

    pub async fn a_change_needs_the_current_etag<K: Kind>(all: &Administered) {
        let root = &all.root;
        let made = K::create(all, root, &request_id(), "Before").await.expect("made");
        let before = all.trail().await.len();
        let change = |etag: &str, name: &str| Thing {
            etag: etag.to_owned(),
            name: name.to_owned(),
            ..made.clone()
        };
        let after = K::rename(all, root, &change(&made.etag, "After"), &["name"])
            .await
            .expect("changed");
        assert_eq!(after.name, "After");
        assert_ne!(after.etag, made.etag);
        for etag in [made.etag.as_str(), ""] {
            let again = K::rename(all, root, &change(etag, "After"), &["name"]).await;
            assert_eq!(again.expect("nothing to change"), after);
        }
        assert_eq!(all.trail().await.len(), before + 1, "one record for one change");
        let late = K::rename(all, root, &change(&made.etag, "Late"), &["name"])
            .await
            .expect_err("late");
        let (code, etag) = (late.code(), onqueue_client::metadata(&late, "etag"));
        assert_eq!((code, etag), (tonic::Code::Aborted, Some(after.etag.clone())));
        for (thing, mask, expected) in [
            (change("", "Late"), &["name"][..], Reason::FieldInvalid),
            (change(&after.etag, " "), &["name"], Reason::FieldInvalid),
            (change(&after.etag, "Late"), &[], Reason::FieldInvalid),
            (change(&after.etag, "Late"), &["etag"], Reason::FieldInvalid),
        ] {
            assert_eq!(
                why(K::rename(all, root, &thing, mask).await),
                Some(expected),
                "{thing:?}"
            );
        }
        let unknown = Thing {
            id: id::<()>(99).to_string(),
            ..after
        };
        assert_eq!(why(K::rename(all, root, &unknown, &["name"]).await), Some(K::MISSING));
    }

    pub async fn a_removed_one_is_gone_and_its_name_is_free<K: Kind>(all: &Administered) {
        let root = &all.root;
        let made = K::create(all, root, &request_id(), "Gone").await.expect("made");
        let before = all.trail().await.len();
        assert_eq!(
            why(K::delete(all, root, &made.id, "").await),
            Some(Reason::FieldInvalid)
        );
        assert_eq!(
            why(K::delete(all, root, &made.id, "99").await),
            Some(Reason::EtagMismatch)
        );
        for _ in 0..2 {
            K::delete(all, root, &made.id, &made.etag).await.expect("removed");
        }
        assert_eq!(all.trail().await.len(), before + 1, "one record");
        assert_eq!(why(K::get(all, root, &made.id).await), Some(K::MISSING));
        assert_eq!(why(K::rename(all, root, &made, &["name"]).await), Some(K::MISSING));
        let (listed, _) = K::list(all, root, "gone", (200, String::new())).await.expect("listed");
        assert_eq!(listed, []);
        let next = K::create(all, root, &request_id(), "Gone")
            .await
            .expect("the name is free");
        assert_ne!(next.id, made.id);
        assert_eq!(
            why(K::delete(all, root, &id::<()>(99).to_string(), "1").await),
            Some(K::MISSING)
        );
    }

    pub async fn pages_follow_each_other<K: Kind>(all: &Administered) {
        let root = &all.root;
        let names = ["zz ä", "zz A", "ZZ b", "zz \u{10ffff}", "zz 1", "zz_x", "zz%", "zz é"];
        let ties = if K::REPEATS { 3 } else { 1 };
        for name in names {
            for _ in 0..ties {
                K::create(all, root, &request_id(), name).await.expect("made");
            }
        }
        let (mut seen, mut place) = (Vec::new(), String::new());
        loop {
            let (page, next) = K::list(all, root, "ZZ ", (2, place)).await.expect("a page");
            assert!(page.len() <= 2);
            seen.extend(page);
            if next.is_empty() {
                break;
            }
            place = next;
        }
        let mut expected: Vec<_> = names.iter().filter(|name| name.len() > 3).collect();
        expected.retain(|name| !["zz_x", "zz%"].contains(name));
        let mut folded: Vec<_> = expected.iter().map(|name| name.to_lowercase()).collect();
        folded.sort();
        let folded: Vec<_> = folded.iter().flat_map(|name| vec![name.clone(); ties]).collect();
        let listed: Vec<_> = seen.iter().map(|thing| thing.name.to_lowercase()).collect();
        assert_eq!(listed, folded);
        let mut ids: Vec<_> = seen.iter().map(|thing| &thing.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), seen.len(), "each once");
        for (size, token, expected) in [
            (201, "", Reason::FieldInvalid),
            (-1, "", Reason::FieldInvalid),
            (1, "nonsense", Reason::CursorMalformed),
        ] {
            assert_eq!(
                why(K::list(all, root, "", (size, token.to_owned())).await),
                Some(expected)
            );
        }
    }

    pub async fn nobody_else_sees_them<K: Kind>(all: &Administered) {
        let made = K::create(all, &all.root, &request_id(), "Ours").await.expect("made");
        let pat = &all.pat;
        assert_eq!(why(K::get(all, pat, &made.id).await), Some(K::MISSING));
        assert_eq!(why(K::rename(all, pat, &made, &["name"]).await), Some(K::MISSING));
        assert_eq!(why(K::delete(all, pat, &made.id, &made.etag).await), Some(K::MISSING));
        let (listed, _) = K::list(all, pat, "ours", (0, String::new())).await.expect("listed");
        assert_eq!(listed, []);
        assert_eq!(K::get(all, &all.root, &made.id).await.expect("ours"), made);
    }
}
