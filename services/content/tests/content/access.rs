//! Who sees and changes a response that is in libraries of several divisions.

use crate::world::{ALL, SALES, SALES_TEXTS, SUPPORT, SUPPORT_TEXTS, World, response, said, text, why};
use onqueue_model::Reason;
use onqueue_proto::content::v1 as proto;

#[tokio::test]
async fn it_is_seen_by_one_division_and_changed_by_all() {
    let world = World::new().await;
    let desk = world.administrator();
    let mut both = response("Beide", "x");
    both.library_ids = vec![text(SALES_TEXTS), text(SUPPORT_TEXTS)];
    let both = desk.make(both).await;
    let seller = world.user(1, &ALL, &[SALES]);
    assert_eq!(seller.read(&both.response_id).await.expect("seen"), both);
    let renamed = proto::Response {
        name: "Anders".to_owned(),
        ..both.clone()
    };
    let denied = seller.change(&renamed, &["name"]).await.expect_err("not in support");
    assert_eq!(
        said(&denied, "resource"),
        Some(format!("response:{}", both.response_id))
    );
    let gone = proto::DeleteResponseRequest {
        response_id: both.response_id.clone(),
        etag: both.etag.clone(),
    };
    assert_eq!(why(seller.delete_response(gone).await), Reason::PermissionMissing);
    desk.change(&renamed, &["name"]).await.expect("in both");
}

#[tokio::test]
async fn nobody_puts_a_response_where_they_may_not() {
    let world = World::new().await;
    let seller = world.user(1, &ALL, &[SALES]);
    let made = seller.make(response("Eigenes", "x")).await;
    let there = proto::Response {
        library_ids: vec![text(SALES_TEXTS), text(SUPPORT_TEXTS)],
        ..made.clone()
    };
    // It is not there for them; then it is, to look at.
    assert_eq!(why(seller.change(&there, &["library_ids"]).await), Reason::NotFound);
    assert_eq!(why(seller.try_make(there.clone()).await), Reason::NotFound);
    world.user(1, &["responses:library:view"], &[SUPPORT]);
    let denied = seller
        .change(&there, &["library_ids"])
        .await
        .expect_err("to look at only");
    assert_eq!(
        said(&denied, "resource"),
        Some(format!("library:{}", text(SUPPORT_TEXTS)))
    );
    assert_eq!(why(seller.try_make(there.clone()).await), Reason::PermissionMissing);
    world.user(1, &ALL, &[SUPPORT]);
    assert_eq!(
        seller
            .change(&there, &["library_ids"])
            .await
            .expect("moved")
            .library_ids
            .len(),
        2
    );
}
