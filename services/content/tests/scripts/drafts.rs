//! Making, changing, checking, importing and exporting scripts.

use crate::documents::{SCRIPT, broken, strange, with};
use crate::world::{ADA, BEN, Desk, SALES, SUPPORT, World, draft, request, text, why};
use onqueue_client::metadata;
use onqueue_model::Reason;
use onqueue_proto::content::v1 as proto;
use tonic::Status;

async fn read(desk: &Desk, script: &proto::Script) -> Result<proto::Script, Status> {
    let script_id = script.script_id.clone();
    let read = desk.get_script(proto::GetScriptRequest { script_id }).await?;
    Ok(read.script.expect("said"))
}

async fn import(desk: &Desk, name: &str, content: &str) -> Result<proto::Script, Status> {
    let asked = proto::ImportScriptRequest {
        request_id: request(),
        division_id: text(SALES),
        name: name.to_owned(),
        content: content.to_owned(),
    };
    Ok(desk.import_script(asked).await?.script.expect("said"))
}

#[tokio::test]
async fn a_script_is_made_once_and_changed_by_its_etag() {
    let world = World::new().await;
    let desk = world.administrator();
    let asked = proto::CreateScriptRequest {
        request_id: request(),
        script: Some(draft("Complaint", SCRIPT)),
    };
    let made = desk
        .create_script(asked.clone())
        .await
        .expect("good")
        .script
        .expect("said");
    let again = desk.create_script(asked.clone()).await.expect("the same");
    assert_eq!(again.script.as_ref(), Some(&made));
    let other = proto::CreateScriptRequest {
        script: Some(draft("Other", SCRIPT)),
        ..asked
    };
    assert_eq!(why(desk.create_script(other).await), Reason::RequestIdReused);
    assert_eq!(why(desk.make("COMPLAINT", SCRIPT).await), Reason::NameTaken);
    assert_eq!((made.published_version, made.draft_differs), (0, true));

    let changed = desk.redraft(&made, &broken()).await.expect("may have problems");
    assert_eq!(read(&desk, &made).await.expect("there"), changed);
    assert_eq!(desk.redraft(&made, &broken()).await.expect("is so already"), changed);
    assert_eq!(why(desk.redraft(&made, SCRIPT).await), Reason::EtagMismatch);
    assert_eq!(why(desk.redraft(&changed, "no JSON").await), Reason::FieldInvalid);
    let gone = proto::DeleteScriptRequest {
        script_id: made.script_id.clone(),
        etag: changed.etag.clone(),
    };
    desk.delete_script(gone.clone()).await.expect("may");
    desk.delete_script(gone).await.expect("is so already");
    assert_eq!(why(read(&desk, &made).await), Reason::NotFound);
    desk.make("Complaint", SCRIPT).await.expect("the name is free again");
    let done = ["script.create", "script.update", "script.delete", "script.create"];
    assert_eq!(world.audited().await, done);
}

#[tokio::test]
async fn scripts_are_listed_by_name_where_one_may_see_them() {
    let world = World::new().await;
    let desk = world.administrator();
    for name in ["Übergabe", "Anfang", "anderes"] {
        desk.make(name, SCRIPT).await.expect("good");
    }
    let list = |text: &str, page_token: &str| proto::ListScriptsRequest {
        page_size: 2,
        page_token: page_token.to_owned(),
        text: text.to_owned(),
    };
    let names = |listed: &proto::ListScriptsResponse| -> Vec<String> {
        listed.scripts.iter().map(|script| script.name.clone()).collect()
    };
    let first = desk.list_scripts(list("", "")).await.expect("may");
    assert_eq!(names(&first), ["anderes", "Anfang"]);
    assert!(first.scripts.iter().all(|script| script.document.is_empty()));
    let rest = desk.list_scripts(list("", &first.next_page_token)).await.expect("may");
    assert_eq!(
        (names(&rest), rest.next_page_token.as_str()),
        (vec!["Übergabe".to_owned()], "")
    );
    assert_eq!(
        names(&desk.list_scripts(list("ÜB", "")).await.expect("may")),
        ["Übergabe"]
    );
    let other = world.user(5, &["scripter:script:view"], &[SUPPORT]);
    assert_eq!(names(&other.list_scripts(list("", "")).await.expect("may")), [""; 0]);
    assert_eq!(why(read(&other, &first.scripts[0]).await), Reason::NotFound);
}

#[tokio::test]
async fn who_may_only_see_a_script_may_not_change_it() {
    let world = World::new().await;
    let made = world.administrator().make("Complaint", SCRIPT).await.expect("good");
    let viewer = world.user(5, &["scripter:script:view", "scripter:script:edit"], &[SUPPORT]);
    world.user(5, &["scripter:script:view"], &[SALES]);
    assert_eq!(read(&viewer, &made).await.expect("seen"), made);
    assert_eq!(why(viewer.redraft(&made, &broken()).await), Reason::PermissionMissing);
    assert_eq!(why(viewer.publish(&made).await), Reason::PermissionMissing);
    assert_eq!(world.audited().await, ["script.create"]);
}

#[tokio::test]
async fn problems_are_named_with_their_place() {
    let world = World::new().await;
    let desk = world.administrator();
    let check = |document: &str| proto::ValidateScriptRequest {
        script_id: String::new(),
        document: document.to_owned(),
    };
    let good = desk.validate_script(check(SCRIPT)).await.expect("read");
    assert_eq!(good.problems, []);
    let lost = desk.validate_script(check(&broken())).await.expect("read").problems;
    let at_button = lost.iter().find(|problem| problem.item_id == "next");
    let at_button = at_button.unwrap_or_else(|| panic!("the button is named: {lost:?}"));
    assert_eq!(at_button.page_id, "who");
    assert!(at_button.line > 10 && at_button.column > 0, "{at_button:?}");
    assert!(at_button.pointer.starts_with("/pages/0/buttons/0"), "{at_button:?}");
    assert!(
        lost.iter().any(|problem| problem.page_id == "what"),
        "unreachable: {lost:?}"
    );
    let unknown = desk.validate_script(check(&strange())).await.expect("read").problems;
    assert!(
        unknown.iter().any(|problem| problem.pointer == "/colour"),
        "{unknown:?}"
    );

    let made = desk.make("Broken", &broken()).await.expect("a draft may be");
    let of_draft = proto::ValidateScriptRequest {
        script_id: made.script_id.clone(),
        document: String::new(),
    };
    let of_draft = desk.validate_script(of_draft).await.expect("read");
    assert_eq!(of_draft.problems, lost);
}

#[tokio::test]
async fn what_a_document_names_is_said_with_its_place_and_whether_responses_are_missing() {
    use proto::ScriptMentionKind::{ContactField, Response, WrapUpCode};
    let world = World::new().await;
    let missing = async |desk: &Desk, document: String| {
        let asked = proto::ValidateScriptRequest {
            document,
            ..proto::ValidateScriptRequest::default()
        };
        let mentions = desk.validate_script(asked).await.expect("read").mentions;
        mentions
            .into_iter()
            .map(|one| (one.kind(), one.name, one.page_id, one.line > 0, one.is_missing))
            .collect::<Vec<_>>()
    };
    let named = |is_missing| {
        let at = |kind, name: &str, page: &str, is_missing| (kind, name.to_owned(), page.to_owned(), true, is_missing);
        vec![
            at(ContactField, "tier", "", false),
            at(Response, "hi", "who", is_missing),
            at(WrapUpCode, "Complaint", "end", false),
        ]
    };
    let blind = world.administrator();
    assert_eq!(missing(&blind, SCRIPT.to_owned()).await, named(false), "cannot know");
    let sees = |number, divisions: &[u128]| {
        let permissions = &["scripter:*:*", "responses:response:view"];
        world.user(number, permissions, divisions)
    };
    assert_eq!(missing(&sees(ADA, &[SALES]), SCRIPT.to_owned()).await, named(true));
    world.seed_response().await;
    assert_eq!(missing(&sees(ADA, &[SALES]), SCRIPT.to_owned()).await, named(false));
    assert_eq!(missing(&sees(BEN, &[SUPPORT]), SCRIPT.to_owned()).await, named(true));
    assert_eq!(
        missing(&sees(ADA, &[SALES]), broken()).await,
        vec![],
        "there are problems"
    );
}

#[tokio::test]
async fn a_file_is_imported_whole_or_not_at_all_and_exported_as_it_was() {
    let world = World::new().await;
    let desk = world.administrator();
    let refused = import(&desk, "", &strange())
        .await
        .expect_err("a field that there is not");
    assert_eq!(metadata(&refused, "pointer").as_deref(), Some("/colour"), "{refused:?}");
    assert_eq!(why::<()>(Err(refused)), Reason::ScriptInvalid);
    assert_eq!(why(import(&desk, "", &broken()).await), Reason::ScriptInvalid);
    assert_eq!(world.audited().await, [""; 0]);

    let made = import(&desk, "", SCRIPT).await.expect("good");
    assert_eq!(made.name, "Complaint");
    assert_eq!(why(import(&desk, "", SCRIPT).await), Reason::NameTaken);
    let second = import(&desk, "Zweite", SCRIPT).await.expect("under another name");
    assert_eq!(second.name, "Zweite");
    let export = |version| proto::ExportScriptRequest {
        script_id: made.script_id.clone(),
        version,
    };
    let file = desk.export_script(export(0)).await.expect("read");
    assert_eq!(
        (file.file_name.as_str(), file.content.as_str()),
        ("complaint.json", SCRIPT)
    );
    assert_eq!(why(desk.export_script(export(1)).await), Reason::NotFound);
    desk.publish(&made).await.expect("without problems");
    let version = desk.export_script(export(1)).await.expect("read");
    assert_eq!(version.file_name, "complaint-v1.json");
    let third = import(&desk, "Dritte", &version.content)
        .await
        .expect("what was exported is good");
    let again = desk
        .publish(&third)
        .await
        .expect("without problems")
        .version
        .expect("said");
    assert_eq!(again.document, version.content);
    let large = with(r#""format": 1,"#, &format!("\"format\": 1,{}", " ".repeat(60_000)));
    assert_eq!(why(import(&desk, "Vierte", &large).await), Reason::ScriptInvalid);
}
