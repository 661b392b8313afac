//! What is particular to libraries.

use crate::world::{
    ALL, Desk, SALES, SALES_TEXTS, SUPPORT, SUPPORT_TEXTS, World, library, mask, request, response, text, why,
};
use onqueue_model::Reason;
use onqueue_proto::content::v1 as proto;
use tonic::Status;

async fn get(desk: &Desk, number: u128) -> Result<proto::Library, Status> {
    let library_id = text(number);
    let read = desk.get_library(proto::GetLibraryRequest { library_id }).await;
    read.map(|read| read.library.expect("said"))
}

async fn move_to(desk: &Desk, library: &proto::Library, division: u128) -> Result<proto::Library, Status> {
    let moved = proto::Library {
        division_id: text(division),
        ..library.clone()
    };
    let asked = proto::UpdateLibraryRequest {
        library: Some(moved),
        update_mask: Some(mask(&["division_id"])),
    };
    desk.update_library(asked)
        .await
        .map(|moved| moved.library.expect("said"))
}

#[tokio::test]
async fn names_are_unique_without_regard_to_case() {
    let world = World::new().await;
    let desk = world.administrator();
    let create = |name: &str, division| proto::CreateLibraryRequest {
        request_id: request(),
        library: Some(library(0, name, division)),
    };
    assert_eq!(
        why(desk.create_library(create(" VERTRIEB ", SUPPORT)).await),
        Reason::NameTaken
    );
    let made = desk
        .create_library(create("Übersicht", SALES))
        .await
        .expect("made")
        .library
        .expect("said");
    assert_eq!(
        why(desk.create_library(create("übersicht", SALES)).await),
        Reason::NameTaken
    );
    let renamed = proto::UpdateLibraryRequest {
        library: Some(proto::Library {
            name: "support".to_owned(),
            ..made.clone()
        }),
        update_mask: Some(mask(&["name"])),
    };
    assert_eq!(why(desk.update_library(renamed).await), Reason::NameTaken);
    for (name, division, description) in [
        ("", SALES, String::new()),
        ("a\u{7}", SALES, String::new()),
        (&"ä".repeat(101), SALES, String::new()),
        ("Gut", 0, String::new()),
        ("Gut", SALES, "x".repeat(1_001)),
    ] {
        let wrong = proto::CreateLibraryRequest {
            request_id: request(),
            library: Some(proto::Library {
                description,
                ..library(0, name, division)
            }),
        };
        assert!(matches!(
            why(desk.create_library(wrong).await),
            Reason::FieldInvalid | Reason::IdMalformed
        ));
    }
    let empty = proto::CreateLibraryRequest {
        request_id: request(),
        library: None,
    };
    assert_eq!(why(desk.create_library(empty).await), Reason::FieldInvalid);
}

#[tokio::test]
async fn a_library_takes_its_responses_along() {
    let world = World::new().await;
    let desk = world.administrator();
    let own = desk.make(response("Allein", "x")).await;
    let mut shared = response("Beide", "y");
    shared.library_ids.push(text(SUPPORT_TEXTS));
    let shared = desk.make(shared).await;
    let sales = get(&desk, SALES_TEXTS).await.expect("there");
    assert_eq!(sales.responses, 2);

    // To another division, where others see it.
    let supporter = world.user(1, &ALL, &[SUPPORT]);
    assert_eq!(why(supporter.read(&own.response_id).await), Reason::NotFound);
    let seller = world.user(2, &ALL, &[SALES]);
    assert_eq!(why(move_to(&seller, &sales, SUPPORT).await), Reason::PermissionMissing);
    let moved = move_to(&desk, &sales, SUPPORT).await.expect("moved");
    assert_eq!(moved.responses, 2);
    assert_eq!(supporter.read(&own.response_id).await.expect("seen"), own);
    assert_eq!(listed(&supporter).await, ["Allein", "Beide"]);
    assert_eq!((listed(&seller).await, found(&seller).await), (vec![], 0));
    assert_eq!(found(&supporter).await, 2);

    // Away: what is in no other library goes with it.
    let before = world.audited().await.len();
    let gone = proto::DeleteLibraryRequest {
        library_id: moved.library_id.clone(),
        etag: moved.etag.clone(),
    };
    desk.delete_library(gone).await.expect("gone");
    assert_eq!(world.audited().await.len(), before + 1);
    assert_eq!(why(get(&desk, SALES_TEXTS).await), Reason::NotFound);
    assert_eq!(why(desk.read(&own.response_id).await), Reason::NotFound);
    let left = desk.read(&shared.response_id).await.expect("left");
    assert_eq!(left.library_ids, [text(SUPPORT_TEXTS)]);
    assert_ne!(left.etag, shared.etag);
    assert_eq!((listed(&desk).await, found(&desk).await), (vec!["Beide".to_owned()], 1));
    assert_eq!(why(desk.try_make(response("Zu spät", "z")).await), Reason::NotFound);
}

#[tokio::test]
async fn a_library_counts_its_responses_and_lists_them_by_tag() {
    let world = World::new().await;
    let desk = world.administrator();
    let counts = async || {
        let each = [SALES_TEXTS, SUPPORT_TEXTS].map(|number| get(&desk, number));
        let [sales, support] = each;
        let counts = [sales.await.expect("there"), support.await.expect("there")];
        counts.map(|library| library.responses)
    };
    let tagged = |name: &str, tag: &str, libraries: &[u128]| proto::Response {
        tags: vec![tag.to_owned()],
        library_ids: libraries.iter().map(|number| text(*number)).collect(),
        ..response(name, "x")
    };
    let both = desk.make(tagged("Beide", "Gruß", &[SALES_TEXTS, SUPPORT_TEXTS])).await;
    desk.make(tagged("Allein", "gruß", &[SALES_TEXTS])).await;
    assert_eq!(counts().await, [2, 1]);
    assert_eq!(with_tag(&desk, "GRUSS").await, [""; 0]);
    assert_eq!(with_tag(&desk, "GRUß").await, ["Allein", "Beide"]);
    assert_eq!(with_tag(&world.user(1, &ALL, &[SUPPORT]), "gruß").await, ["Beide"]);
    let everywhere = world.user(2, &ALL, &[SUPPORT, SALES]);
    assert_eq!(with_tag(&everywhere, "gruß").await, ["Allein", "Beide"]);

    let moved = proto::Response {
        library_ids: vec![text(SUPPORT_TEXTS)],
        tags: vec!["anders".to_owned()],
        ..both
    };
    let moved = desk.change(&moved, &["library_ids", "tags"]).await.expect("moved");
    assert_eq!(counts().await, [1, 1]);
    assert_eq!(with_tag(&desk, "gruß").await, ["Allein"]);
    let gone = proto::DeleteResponseRequest {
        response_id: moved.response_id,
        etag: moved.etag,
    };
    desk.delete_response(gone).await.expect("gone");
    assert_eq!(counts().await, [1, 0]);
    assert_eq!(with_tag(&desk, "anders").await, [""; 0]);
}

async fn with_tag(desk: &Desk, tag: &str) -> Vec<String> {
    let asked = proto::ListResponsesRequest {
        tag: tag.to_owned(),
        ..Default::default()
    };
    let page = desk.list_responses(asked).await.expect("a page");
    page.responses.into_iter().map(|response| response.name).collect()
}

async fn listed(desk: &Desk) -> Vec<String> {
    let page = desk
        .list_responses(proto::ListResponsesRequest::default())
        .await
        .expect("a page");
    page.responses.into_iter().map(|response| response.name).collect()
}

async fn found(desk: &Desk) -> usize {
    let found = desk.search_responses(proto::SearchResponsesRequest::default()).await;
    found.expect("found").responses.len()
}
