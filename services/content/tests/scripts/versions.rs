//! What is published stays as it is.

use crate::documents::{SCRIPT, broken, with};
use crate::world::{ADA, Desk, World, why};
use onqueue_client::metadata;
use onqueue_model::Reason;
use onqueue_proto::content::v1 as proto;
use sea_orm::{ConnectionTrait as _, Statement};

async fn version(desk: &Desk, script: &proto::Script, number: i32) -> proto::ScriptVersion {
    let asked = proto::GetScriptVersionRequest {
        script_id: script.script_id.clone(),
        version: number,
    };
    let read = desk.get_script_version(asked).await.expect("there");
    read.version.expect("said")
}

/// The rows of versions, as the database has them.
async fn rows(world: &World) -> Vec<(i32, String, String)> {
    let reader = world.temp.store.reader();
    let sql = "SELECT version, document, digest FROM content_script_versions ORDER BY version";
    let backend = reader.get_database_backend();
    let rows = reader.query_all_raw(Statement::from_string(backend, sql)).await;
    let read = |row: &sea_orm::QueryResult| {
        let text = |column: &str| row.try_get::<String>("", column).expect("text");
        (
            row.try_get("", "version").expect("a number"),
            text("document"),
            text("digest"),
        )
    };
    rows.expect("rows").iter().map(read).collect()
}

/// The newest first, without their documents.
async fn check_listed(desk: &Desk, newest: &proto::Script) {
    let list = proto::ListScriptVersionsRequest {
        script_id: newest.script_id.clone(),
        page_size: 1,
        page_token: String::new(),
    };
    let listed = desk.list_script_versions(list.clone()).await.expect("there");
    let of_page = |listed: &proto::ListScriptVersionsResponse| listed.versions[0].version;
    assert_eq!((of_page(&listed), listed.versions[0].document.as_str()), (2, ""));
    let next = proto::ListScriptVersionsRequest {
        page_token: listed.next_page_token,
        ..list
    };
    let listed = desk.list_script_versions(next).await.expect("there");
    assert_eq!((of_page(&listed), listed.next_page_token.as_str()), (1, ""));
}

#[tokio::test]
async fn publishing_adds_versions_and_changes_none() {
    let world = World::new().await;
    let desk = world.administrator();
    let made = desk.make("Complaint", SCRIPT).await.expect("good");
    let first = desk.publish(&made).await.expect("without problems");
    let (script, one) = (first.script.expect("said"), first.version.expect("said"));
    assert_eq!(
        (one.version, script.published_version, script.draft_differs),
        (1, 1, false)
    );
    assert_eq!(one.digest.len(), 64);
    let again = desk.publish(&made).await.expect("the same draft, whatever the etag");
    assert_eq!(again.version.as_ref(), Some(&one));
    let before = rows(&world).await;

    let draft = desk.redraft(&script, &broken()).await.expect("a draft may be");
    assert!(draft.draft_differs);
    let refused = desk.publish(&draft).await.expect_err("it has problems");
    assert!(
        metadata(&refused, "problems").is_some_and(|count| count != "0"),
        "{refused:?}"
    );
    assert!(
        metadata(&refused, "pointer").is_some_and(|place| place.starts_with("/pages/0")),
        "{refused:?}"
    );
    assert_eq!(why::<()>(Err(refused)), Reason::ScriptInvalid);
    assert_eq!(version(&desk, &script, 1).await, one);

    let other = with("Hello {{contact.name|there}}.", "Good day.");
    let draft = desk.redraft(&draft, &other).await.expect("good");
    assert_eq!(why(desk.publish(&script).await), Reason::EtagMismatch);
    let two = desk.publish(&draft).await.expect("without problems");
    let two = two.version.expect("said");
    assert_eq!(two.version, 2);
    assert_ne!(two.digest, one.digest);
    let newest = desk.publish(&draft).await.expect("again").script.expect("said");
    let gone = proto::DeleteScriptRequest {
        script_id: newest.script_id.clone(),
        etag: newest.etag.clone(),
    };
    check_listed(&desk, &newest).await;
    desk.delete_script(gone).await.expect("may");
    let after = rows(&world).await;
    assert_eq!((&after[..1], after.len()), (&before[..], 2));
    let done = [
        "script.create",
        "script.publish",
        "script.update",
        "script.update",
        "script.publish",
        "script.delete",
    ];
    assert_eq!(world.audited().await, done);
}

#[tokio::test]
async fn a_version_that_is_not_what_was_published_leads_nobody() {
    let world = World::new().await;
    world.chat().await;
    let tampered = world.temp.store.transaction(|tx| {
        Box::pin(async move {
            let sql = "UPDATE content_script_versions SET document = replace(document, 'Hello', 'Begone')";
            tx.execute_unprepared(sql).await?;
            Ok(())
        })
    });
    tampered.await.expect("somebody did");
    assert_eq!(why(world.agent(ADA).start().await), Reason::Internal);
}
