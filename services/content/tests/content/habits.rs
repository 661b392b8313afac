//! What making, listing, changing and deleting have in common, tried on libraries and on responses.

use crate::world::{
    ALL, Desk, SALES, SALES_TEXTS, SUPPORT, World, id, library, mask, request, response, said, text, why,
};
use onqueue_model::Reason;
use onqueue_proto::content::v1 as proto;
use std::collections::BTreeSet;
use tonic::Status;

/// What every resource has.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    id: String,
    etag: String,
    name: String,
}

/// How one kind of thing is made and so on; all are sales'.
trait Kind {
    const WORD: &'static str;
    async fn create(desk: &Desk, request: &str, name: &str) -> Result<Seen, Status>;
    async fn get(desk: &Desk, id: &str) -> Result<Seen, Status>;
    async fn list(desk: &Desk, size: i32, token: &str, text: &str) -> Result<(Vec<Seen>, String), Status>;
    async fn rename(desk: &Desk, seen: &Seen, fields: &[&str]) -> Result<Seen, Status>;
    async fn delete(desk: &Desk, id: &str, etag: &str) -> Result<(), Status>;
}

struct Libraries;
struct Responses;

fn seen_library(library: Option<proto::Library>) -> Seen {
    let library = library.expect("said");
    Seen {
        id: library.library_id,
        etag: library.etag,
        name: library.name,
    }
}

fn seen_response(response: Option<proto::Response>) -> Seen {
    let response = response.expect("said");
    Seen {
        id: response.response_id,
        etag: response.etag,
        name: response.name,
    }
}

impl Kind for Libraries {
    const WORD: &'static str = "library";

    async fn create(desk: &Desk, request: &str, name: &str) -> Result<Seen, Status> {
        let asked = proto::CreateLibraryRequest {
            request_id: request.to_owned(),
            library: Some(library(0, name, SALES)),
        };
        desk.create_library(asked).await.map(|made| seen_library(made.library))
    }

    async fn get(desk: &Desk, id: &str) -> Result<Seen, Status> {
        let library_id = id.to_owned();
        let read = desk.get_library(proto::GetLibraryRequest { library_id }).await;
        read.map(|read| seen_library(read.library))
    }

    async fn list(desk: &Desk, size: i32, token: &str, text: &str) -> Result<(Vec<Seen>, String), Status> {
        let asked = proto::ListLibrariesRequest {
            page_size: size,
            page_token: token.to_owned(),
            text: text.to_owned(),
        };
        let page = desk.list_libraries(asked).await?;
        let seen = page.libraries.into_iter().map(|library| seen_library(Some(library)));
        Ok((seen.collect(), page.next_page_token))
    }

    async fn rename(desk: &Desk, seen: &Seen, fields: &[&str]) -> Result<Seen, Status> {
        let wanted = proto::Library {
            library_id: seen.id.clone(),
            etag: seen.etag.clone(),
            name: seen.name.clone(),
            ..proto::Library::default()
        };
        let asked = proto::UpdateLibraryRequest {
            library: Some(wanted),
            update_mask: Some(mask(fields)),
        };
        desk.update_library(asked)
            .await
            .map(|changed| seen_library(changed.library))
    }

    async fn delete(desk: &Desk, id: &str, etag: &str) -> Result<(), Status> {
        let asked = proto::DeleteLibraryRequest {
            library_id: id.to_owned(),
            etag: etag.to_owned(),
        };
        desk.delete_library(asked).await.map(|_| ())
    }
}

impl Kind for Responses {
    const WORD: &'static str = "response";

    async fn create(desk: &Desk, request: &str, name: &str) -> Result<Seen, Status> {
        let asked = proto::CreateResponseRequest {
            request_id: request.to_owned(),
            response: Some(response(name, "Guten Tag")),
        };
        desk.create_response(asked)
            .await
            .map(|made| seen_response(made.response))
    }

    async fn get(desk: &Desk, id: &str) -> Result<Seen, Status> {
        desk.read(id).await.map(|response| seen_response(Some(response)))
    }

    async fn list(desk: &Desk, size: i32, token: &str, text: &str) -> Result<(Vec<Seen>, String), Status> {
        let asked = proto::ListResponsesRequest {
            page_size: size,
            page_token: token.to_owned(),
            text: text.to_owned(),
            ..proto::ListResponsesRequest::default()
        };
        let page = desk.list_responses(asked).await?;
        let seen = page.responses.into_iter().map(|response| seen_response(Some(response)));
        Ok((seen.collect(), page.next_page_token))
    }

    async fn rename(desk: &Desk, seen: &Seen, fields: &[&str]) -> Result<Seen, Status> {
        let wanted = proto::Response {
            response_id: seen.id.clone(),
            etag: seen.etag.clone(),
            name: seen.name.clone(),
            ..proto::Response::default()
        };
        desk.change(&wanted, fields)
            .await
            .map(|changed| seen_response(Some(changed)))
    }

    async fn delete(desk: &Desk, id: &str, etag: &str) -> Result<(), Status> {
        let asked = proto::DeleteResponseRequest {
            response_id: id.to_owned(),
            etag: etag.to_owned(),
        };
        desk.delete_response(asked).await.map(|_| ())
    }
}

#[tokio::test]
async fn the_same_creation_twice_makes_one() {
    let world = World::new().await;
    created_once::<Libraries>(&world).await;
    created_once::<Responses>(&world).await;
}

async fn created_once<K: Kind>(world: &World) {
    let desk = world.administrator();
    let (once, before) = (request(), world.audited().await.len());
    let first = K::create(&desk, &once, "Grüße").await.expect("made");
    assert_eq!(K::create(&desk, &once, "Grüße").await.expect("the same"), first);
    assert_eq!(why(K::create(&desk, &once, "Anderes").await), Reason::RequestIdReused);
    assert_eq!(why(K::create(&desk, "x", "Anderes").await), Reason::IdMalformed);

    let (twin, once) = (desk.clone(), request());
    let twins = tokio::join!(K::create(&desk, &once, "Zwilling"), K::create(&twin, &once, "Zwilling"));
    assert_eq!(twins.0.expect("made"), twins.1.expect("the same"));
    let audited = world.audited().await;
    let made = format!("{}.create user:{}", K::WORD, id::<()>(0xad));
    assert_eq!(audited[before..], [made.clone(), made]);

    // As it is now.
    let renamed = Seen {
        name: "Hallo".to_owned(),
        ..first.clone()
    };
    let renamed = K::rename(&desk, &renamed, &["name"]).await.expect("changed");
    assert_eq!(K::get(&desk, &first.id).await.expect("there"), renamed);
}

#[tokio::test]
async fn changes_go_by_etag_and_mask() {
    let world = World::new().await;
    changed::<Libraries>(&world).await;
    changed::<Responses>(&world).await;
}

async fn changed<K: Kind>(world: &World) {
    let desk = world.administrator();
    let first = K::create(&desk, &request(), "Eins").await.expect("made");
    let wanted = |name: &str, etag: &str| Seen {
        id: first.id.clone(),
        etag: etag.to_owned(),
        name: name.to_owned(),
    };
    let before = world.audited().await.len();
    let second = K::rename(&desk, &wanted("Zwei", &first.etag), &["name"])
        .await
        .expect("changed");
    assert_ne!(second.etag, first.etag);
    // The same again, whatever the etag.
    for etag in [&first.etag, &second.etag, "", "x"] {
        assert_eq!(
            K::rename(&desk, &wanted("Zwei", etag), &["name"])
                .await
                .expect("so already"),
            second
        );
    }
    let conflict = K::rename(&desk, &wanted("Drei", &first.etag), &["name"])
        .await
        .expect_err("changed");
    assert_eq!(said(&conflict, "etag"), Some(second.etag.clone()));
    assert_eq!(why::<()>(Err(conflict)), Reason::EtagMismatch);
    for (name, etag, fields, reason) in [
        ("Drei", "", &["name"][..], Reason::FieldInvalid),
        ("", second.etag.as_str(), &["name"], Reason::FieldInvalid),
        ("Drei", &second.etag, &[], Reason::FieldInvalid),
        ("Drei", &second.etag, &["etag"], Reason::FieldInvalid),
    ] {
        assert_eq!(
            why(K::rename(&desk, &wanted(name, etag), fields).await),
            reason,
            "{name} {fields:?}"
        );
    }
    assert_eq!(K::get(&desk, &first.id).await.expect("there"), second);
    assert_eq!(world.audited().await.len(), before + 1);
    deleted::<K>(world, &desk, &second, &first.etag).await;
}

async fn deleted<K: Kind>(world: &World, desk: &Desk, seen: &Seen, earlier: &str) {
    let before = world.audited().await.len();
    assert_eq!(why(K::delete(desk, &seen.id, earlier).await), Reason::EtagMismatch);
    assert_eq!(why(K::delete(desk, &seen.id, "").await), Reason::FieldInvalid);
    K::delete(desk, &seen.id, &seen.etag).await.expect("gone");
    K::delete(desk, &seen.id, &seen.etag).await.expect("gone already");
    assert_eq!(world.audited().await.len(), before + 1);
    assert_eq!(why(K::get(desk, &seen.id).await), Reason::NotFound);
    assert_eq!(why(K::rename(desk, seen, &["name"]).await), Reason::NotFound);
    assert_eq!(why(K::delete(desk, &text(0xbad), "1").await), Reason::NotFound);
    let (listed, _) = K::list(desk, 0, "", &seen.name).await.expect("listed");
    assert_eq!(listed, []);
    K::create(desk, &request(), &seen.name)
        .await
        .expect("the name is free again");
}

#[tokio::test]
async fn lists_go_by_name_without_gaps() {
    let world = World::new().await;
    let names = [
        "Äpfel", "apfel", "Birne", "birne 2", "ÄPFEL 2", "100 %", "100 €", "10_0", "zebra", "Ωmega",
    ];
    paged::<Libraries>(&world, &names, 2).await;
    // Responses may have the same name.
    let ties: Vec<&str> = names.into_iter().chain(["Birne", "birne", "BIRNE"]).collect();
    paged::<Responses>(&world, &ties, 0).await;
}

async fn paged<K: Kind>(world: &World, names: &[&str], seeded: usize) {
    let desk = world.administrator();
    for name in names {
        K::create(&desk, &request(), name).await.expect("made");
    }
    // By one division, by two, and by all, which are three ways to walk.
    let sales = world.user(1, &ALL, &[SALES]);
    let everywhere = world.user(2, &ALL, &[0]);
    for (desk, more) in [(&desk, seeded), (&sales, seeded.min(1)), (&everywhere, seeded)] {
        let (mut all, mut token, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let (page, next) = K::list(desk, 4, &token, "").await.expect("a page");
            assert!(page.len() <= 4 && !page.is_empty());
            all.extend(page);
            pages += 1;
            token = next;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(
            (all.len(), pages),
            (names.len() + more, (names.len() + more).div_ceil(4))
        );
        let order: Vec<_> = all
            .iter()
            .map(|seen| (seen.name.to_lowercase(), seen.id.clone()))
            .collect();
        assert!(order.is_sorted(), "{order:?}");
        assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), order.len());
        for (text, expected) in [
            ("BIRNE 2", 1),
            ("äpfel", 2),
            ("100", 2),
            ("10_", 1),
            ("%", 0),
            ("ω", 1),
            ("pfel", 0),
        ] {
            let (found, _) = K::list(desk, 0, "", text).await.expect("a page");
            assert_eq!(found.len(), expected, "{text}");
        }
    }
    for (size, token) in [(201, ""), (-1, ""), (0, "x")] {
        assert!(K::list(&desk, size, token, "").await.is_err(), "{size} {token}");
    }
}

#[tokio::test]
async fn what_somebody_may_not_see_is_not_there() {
    let world = World::new().await;
    hidden::<Libraries>(&world).await;
    hidden::<Responses>(&world).await;
}

async fn hidden<K: Kind>(world: &World) {
    let desk = world.administrator();
    let seen = K::create(&desk, &request(), "Geheim").await.expect("made");
    let other = Seen {
        name: "Anders".to_owned(),
        ..seen.clone()
    };
    let stranger = world.user_of(id(0x0b), 3, (&ALL, &[SALES]));
    let elsewhere = world.user(4, &ALL, &[SUPPORT]);
    for desk in [&stranger, &elsewhere] {
        assert_eq!(why(K::get(desk, &seen.id).await), Reason::NotFound);
        assert_eq!(why(K::rename(desk, &other, &["name"]).await), Reason::NotFound);
        assert_eq!(why(K::delete(desk, &seen.id, &seen.etag).await), Reason::NotFound);
        let (listed, _) = K::list(desk, 0, "", "geheim").await.expect("a page");
        assert_eq!(listed, []);
    }
    assert!(matches!(
        why(K::create(&elsewhere, &request(), "Neu").await),
        Reason::PermissionMissing | Reason::NotFound
    ));

    // May see here, and change elsewhere only.
    let view = format!("responses:{}:view", K::WORD);
    let reader = world.user(5, &[&view], &[SALES]);
    world.user(5, &ALL, &[SUPPORT]);
    assert_eq!(K::get(&reader, &seen.id).await.expect("seen"), seen);
    let denied = K::rename(&reader, &other, &["name"]).await.expect_err("not here");
    assert_eq!(said(&denied, "resource"), Some(format!("{}:{}", K::WORD, seen.id)));
    assert_eq!(why::<()>(Err(denied)), Reason::PermissionMissing);
    assert_eq!(
        why(K::delete(&reader, &seen.id, &seen.etag).await),
        Reason::PermissionMissing
    );
    assert_eq!(
        why(K::create(&reader, &request(), "Neu").await),
        Reason::PermissionMissing
    );

    let nobody = world.user(6, &[], &[]);
    assert_eq!(why(K::get(&nobody, &seen.id).await), Reason::PermissionMissing);
    K::delete(&desk, &seen.id, &seen.etag).await.expect("gone");
    assert_eq!(why(K::delete(&elsewhere, &seen.id, &seen.etag).await), Reason::NotFound);
    assert_ne!(text(SALES_TEXTS), seen.id);
}
