//! Leading a conversation's agents through a script.

use crate::documents::{SCRIPT, with};
use crate::world::{ADA, BEN, CHAT, SALES, SOFIA, World, page, path, pressed, request, text, why};
use onqueue_client::metadata;
use onqueue_model::Reason;
use onqueue_proto::content::v1::{self as proto, RunAbsence, ScriptRunState, ScriptStepKind, script_item::Item};
use onqueue_proto::session::v1::ResponseLibraryUse;

fn pairs(path: &[(&str, &str)]) -> Vec<(String, String)> {
    path.iter()
        .map(|(page, button)| ((*page).to_owned(), (*button).to_owned()))
        .collect()
}

#[tokio::test]
async fn a_run_goes_from_page_to_page_and_each_step_says_who_took_it_when() {
    let world = World::new().await;
    let script = world.chat().await;
    let ada = world.agent(ADA);
    let run = ada.started().await;
    assert_eq!((run.script_id.as_str(), run.version, run.step), (script.as_str(), 1, 0));
    assert_eq!((page(&run), run.may_submit), ("who", true));
    let first = run.page.as_ref().expect("a page");
    assert_eq!((first.title.as_str(), first.language.as_str()), ("Wer ist es?", "de"));
    let Some(Item::Paragraph(said)) = first.items[0].item.clone() else {
        panic!("{first:?}")
    };
    assert_eq!(said, "Guten Tag, Sie.");
    assert_eq!(ada.started().await, run, "beginning it again finds it");

    let run = ada
        .press(&run, "next", &[("name", "  Bo Müller ")])
        .await
        .expect("good");
    assert_eq!((page(&run), run.step), ("what", 1));
    world.hand.advance(std::time::Duration::from_secs(60));
    let run = ada.press(&run, "next", &[("reason", "broken")]).await.expect("good");
    let run = ada.press(&run, "back", &[]).await.expect("good");
    assert_eq!(page(&run), "what");
    let run = ada.press(&run, "next", &[("reason", "late")]).await.expect("good");
    let run = ada.press(&run, "done", &[]).await.expect("good");
    assert_eq!(
        (run.state(), page(&run), run.may_submit),
        (ScriptRunState::Completed, "", false)
    );
    let expected = [
        ("who", "next"),
        ("what", "next"),
        ("sorry", "back"),
        ("what", "next"),
        ("end", "done"),
    ];
    assert_eq!(path(&run), pairs(&expected));
    let step = &run.steps[0];
    assert_eq!(
        (step.user_id.as_str(), step.user_name.as_str(), step.version),
        (&*text(ADA), "Ada Lang", 1)
    );
    let seconds: Vec<i64> = run.steps.iter().map(|step| step.at.expect("a time").seconds).collect();
    assert_eq!(seconds[1] - seconds[0], 60);
    let answer = &step.answers[0];
    assert_eq!((answer.field_id.as_str(), answer.shown.as_str()), ("name", "Bo Müller"));
    let chosen = &run.steps[1].answers[0];
    assert_eq!((chosen.label.as_str(), chosen.shown.as_str()), ("Grund", "Kaputt"));
    assert_eq!(run.steps[2].kind(), ScriptStepKind::Back);
    assert_eq!(ada.started().await, run, "the same script is not begun again");
    let once_more = proto::SubmitPageRequest {
        page_id: "end".to_owned(),
        ..pressed(&run, "done", &[])
    };
    assert_eq!(why(ada.submit_page(once_more).await), Reason::StateConflict);
}

#[tokio::test]
async fn a_run_is_read_in_the_language_asked_for_and_its_answers_in_the_order_of_the_page() {
    let world = World::new().await;
    let script = world.chat().await;
    let ada = world.agent(ADA);
    let answers = &[("name", "Bo"), ("mail", "bo@example.org")];
    let run = ada.started().await;
    ada.press(&run, "next", answers).await.expect("good");
    let look = async |language: &str| {
        let asked = proto::GetRunRequest {
            conversation_id: text(CHAT),
            language: language.to_owned(),
            ..proto::GetRunRequest::default()
        };
        ada.get_run(asked).await.expect("may").run.expect("a run")
    };
    let list = async |language: &str| {
        let asked = proto::ListRunsRequest {
            conversation_id: text(CHAT),
            language: language.to_owned(),
        };
        ada.list_runs(asked).await.expect("may").runs.remove(0)
    };
    for (language, name, title, labels) in [
        ("", "Reklamation", "Wer ist es?", ["Name", "Adresse"]),
        ("en", "Complaint", "Who is it?", ["Name", "Address"]),
    ] {
        for read in [look(language).await, list(language).await] {
            let step = &read.steps[0];
            let asked: Vec<&str> = step.answers.iter().map(|answer| &*answer.label).collect();
            assert_eq!((read.script_name.as_str(), step.page_title.as_str()), (name, title));
            assert_eq!(asked, labels);
        }
    }
    let administrator = world.administrator();
    let asked = proto::GetScriptRequest { script_id: script };
    let script = administrator.get_script(asked).await.expect("may").script;
    let renamed = proto::UpdateScriptRequest {
        script: script.map(|script| proto::Script {
            name: "Kulanz".to_owned(),
            ..script
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["name".to_owned()],
        }),
    };
    administrator.update_script(renamed).await.expect("may");
    world.session.change(&text(CHAT), |facts| {
        facts.conversation.as_mut().expect("one").opening = 2;
    });
    ada.started().await;
    assert_eq!(look("en").await.script_name, "Kulanz", "a name given by hand stays");
}

#[tokio::test]
async fn a_wrong_answer_is_named_and_nothing_is_stored() {
    let world = World::new().await;
    world.chat().await;
    let ada = world.agent(ADA);
    let run = ada.started().await;
    let refused = ada
        .press(&run, "next", &[("mail", "x")])
        .await
        .expect_err("a name is required");
    let said = |key: &str| metadata(&refused, key);
    assert_eq!(said("field").as_deref(), Some("answers.name"), "{refused:?}");
    assert_eq!(
        (said("fields").as_deref(), said("codes").as_deref()),
        (Some("name,mail"), Some("REQUIRED,NO_EMAIL"))
    );
    let long = "ä".repeat(41);
    let refused = ada.press(&run, "next", &[("name", &long)]).await.expect_err("too long");
    assert_eq!(metadata(&refused, "codes").as_deref(), Some("TOO_LONG"));
    assert_eq!(why(ada.press(&run, "no", &[]).await), Reason::FieldInvalid);
    assert_eq!(
        why(ada.press(&run, "next", &[("colour", "red"), ("name", "Bo")]).await),
        Reason::FieldInvalid
    );
    assert_eq!(ada.started().await, run);
}

#[tokio::test]
async fn a_repeated_step_is_stored_once_and_a_late_one_is_refused() {
    let world = World::new().await;
    world.chat().await;
    let ada = world.agent(ADA);
    let run = ada.started().await;
    let asked = pressed(&run, "next", &[("name", "Bo")]);
    let first = ada.submit_page(asked.clone()).await.expect("good").run.expect("said");
    let again = ada
        .submit_page(asked.clone())
        .await
        .expect("the same")
        .run
        .expect("said");
    assert_eq!(again, first);
    let other = proto::SubmitPageRequest {
        button_id: "help".to_owned(),
        ..asked.clone()
    };
    assert_eq!(why(ada.submit_page(other).await), Reason::RequestIdReused);
    // Another window has not seen the step.
    let late = proto::SubmitPageRequest {
        request_id: request(),
        ..asked
    };
    let refused = ada.submit_page(late).await.expect_err("taken already");
    assert_eq!(metadata(&refused, "step").as_deref(), Some("1"));
    assert_eq!(why::<()>(Err(refused)), Reason::ScriptStepOutOfOrder);
    // A button that leads nowhere is a step too.
    let run = ada.press(&first, "next", &[("reason", "late")]).await.expect("good");
    assert_eq!(run.step, 2);
}

#[tokio::test]
async fn of_many_at_once_one_takes_the_step_and_one_begins_the_run() {
    let world = World::new().await;
    world.chat().await;
    let ada = world.agent(ADA);
    let other = crate::world::Desk {
        content: world.beside().await,
        ..ada.clone()
    };
    let desks = [&ada, &other, &ada, &other];
    let runs = futures::future::join_all(desks.map(crate::world::Desk::started)).await;
    assert!(runs.iter().all(|run| *run == runs[0]), "{runs:?}");
    let presses = desks.map(|desk| desk.press(&runs[0], "next", &[("name", "Bo")]));
    let outcomes = futures::future::join_all(presses).await;
    let (taken, late): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((taken.len(), late.len()), (1, 3));
    assert!(late.into_iter().all(|late| why(late) == Reason::ScriptStepOutOfOrder));
    let run = ada.look().await.expect("may").expect("a run");
    assert_eq!((run.step, run.steps.len()), (1, 1));
}

#[tokio::test]
async fn it_goes_on_where_it_stands_after_a_restart_and_with_another_agent() {
    let world = World::new().await;
    world.chat().await;
    let ada = world.agent(ADA);
    let run = ada.started().await;
    let run = ada.press(&run, "next", &[("name", "Bo")]).await.expect("good");
    let ben = crate::world::Desk {
        content: world.beside().await,
        ..world.agent(BEN)
    };
    assert_eq!(why(ben.look().await), Reason::ConversationNotFound);
    world.session.pass_on(&text(CHAT), &text(BEN));
    let there = ben.started().await;
    assert_eq!(
        (&there.run_id, page(&there), &there.steps),
        (&run.run_id, "what", &run.steps)
    );
    assert_eq!(
        why(ada.press(&run, "next", &[("reason", "late")]).await),
        Reason::ConversationNotFound
    );
    let over = ben.press(&there, "next", &[("reason", "broken")]).await.expect("good");
    let users: Vec<&str> = over.steps.iter().map(|step| step.user_id.as_str()).collect();
    assert_eq!(users, [text(ADA), text(BEN)]);
}

#[tokio::test]
async fn supervisors_look_and_take_no_step() {
    let world = World::new().await;
    world.chat().await;
    world.session.state().supervisors.insert(text(SOFIA));
    let sofia = world.agent(SOFIA);
    assert_eq!(sofia.look().await.expect("may"), None);
    let run = world.agent(ADA).started().await;
    let seen = sofia.look().await.expect("may").expect("a run");
    assert_eq!((page(&seen), seen.may_submit), ("who", false));
    assert_eq!(sofia.start().await.expect("may look"), Some(seen));
    assert_eq!(
        why(sofia.press(&run, "next", &[("name", "Bo")]).await),
        Reason::CallerNotAllowed
    );
    let end = proto::EndRunRequest {
        run_id: run.run_id.clone(),
        step: 0,
    };
    assert_eq!(why(sofia.end_run(end).await), Reason::CallerNotAllowed);
    let nobody = world.user(9, &["scripter:script:view"], &[SALES]);
    assert_eq!(why(nobody.look().await), Reason::PermissionMissing);
}

#[tokio::test]
async fn a_run_keeps_its_version_and_the_next_one_has_the_newest() {
    let world = World::new().await;
    world.chat().await;
    let (admin, ada) = (world.administrator(), world.agent(ADA));
    let run = ada.started().await;
    let list = admin.list_scripts(proto::ListScriptsRequest::default()).await;
    let script = list.expect("may").scripts.remove(0);
    let draft = admin
        .redraft(&script, &with("Wer ist es?", "Wer da?"))
        .await
        .expect("good");
    admin.publish(&draft).await.expect("without problems");
    let same = ada.started().await;
    assert_eq!(
        (same.version, same.page.as_ref().map(|page| &*page.title)),
        (1, Some("Wer ist es?"))
    );
    let end = proto::EndRunRequest {
        run_id: run.run_id.clone(),
        step: 0,
    };
    let ended = ada.end_run(end.clone()).await.expect("may").run.expect("said");
    assert_eq!(
        (ended.state(), ended.ended_by_user_id.as_str()),
        (ScriptRunState::Ended, &*text(ADA))
    );
    assert_eq!(ada.end_run(end).await.expect("again").run, Some(ended));
    // The customer comes back: that is another run.
    let reopen = |facts: &mut onqueue_proto::session::v1::GetConversationFactsResponse| {
        facts.conversation.as_mut().expect("one").opening = 2;
    };
    world.session.change(&text(CHAT), reopen);
    let next = ada.started().await;
    assert_eq!((next.version, next.opening), (2, 2));
    let both = proto::ListRunsRequest {
        conversation_id: text(CHAT),
        ..proto::ListRunsRequest::default()
    };
    let both = ada.list_runs(both).await.expect("may").runs;
    let openings: Vec<i64> = both.iter().map(|run| run.opening).collect();
    assert_eq!(
        (openings, both.iter().all(|run| run.page.is_none())),
        (vec![2, 1], true)
    );
}

#[tokio::test]
async fn why_nothing_begins_is_said() {
    let world = World::new().await;
    let (ada, administrator) = (world.agent(ADA), world.administrator());
    let named = |script: &str| world.session.open(&text(CHAT), script, &[&text(ADA)]);
    named("");
    assert_eq!(ada.absence().await, RunAbsence::NoScript);
    named(&text(0xdead));
    assert_eq!(ada.absence().await, RunAbsence::ScriptGone);
    let draft = administrator.make("Complaint", SCRIPT).await.expect("good");
    named(&draft.script_id);
    assert_eq!(ada.absence().await, RunAbsence::ScriptUnpublished);
    let script = administrator.publish(&draft).await.expect("without problems");
    let script = script.script.expect("said");
    let deleted = proto::DeleteScriptRequest {
        script_id: script.script_id,
        etag: script.etag,
    };
    administrator.delete_script(deleted).await.expect("deleted");
    assert_eq!(ada.absence().await, RunAbsence::ScriptGone);
    // Who looks on has no reason to be told.
    world.session.state().supervisors.insert(text(SOFIA));
    assert_eq!(world.agent(SOFIA).absence().await, RunAbsence::Unspecified);
}

#[tokio::test]
async fn without_a_script_nothing_begins_and_without_session_nothing_is_stored() {
    let world = World::new().await;
    let ada = world.agent(ADA);
    world.session.open(&text(CHAT), "", &[&text(ADA)]);
    assert_eq!(ada.start().await.expect("may"), None);
    let draft = world.administrator().make("Complaint", SCRIPT).await.expect("good");
    world.session.open(&text(CHAT), &draft.script_id, &[&text(ADA)]);
    assert_eq!(ada.start().await.expect("nothing published"), None);
    world.administrator().publish(&draft).await.expect("without problems");
    let run = ada.started().await;
    world.session.go_away(true);
    assert_eq!(
        why(ada.press(&run, "next", &[("name", "Bo")]).await),
        Reason::Unavailable
    );
    assert_eq!(why(ada.look().await), Reason::Unavailable);
    world.session.go_away(false);
    assert_eq!(ada.started().await, run);
}

#[tokio::test]
async fn a_page_offers_the_responses_that_its_queue_allows() {
    let world = World::new().await;
    world.chat().await;
    world.seed_response().await;
    let ada = world.agent(ADA);
    let offered = |run: &proto::ScriptRun| {
        let items = run.page.as_ref().expect("a page").items.clone();
        items.into_iter().find_map(|item| match item.item {
            Some(Item::Response(offer)) => Some(offer.response_id),
            _ => None,
        })
    };
    assert_eq!(
        offered(&ada.started().await).as_deref(),
        Some(""),
        "may not use responses"
    );
    world.user(ADA, &["responses:response:view"], &[SALES]);
    assert_eq!(offered(&ada.started().await), Some(text(0x21)));
    world
        .session
        .change(&text(CHAT), |facts| facts.library_use = ResponseLibraryUse::None.into());
    assert_eq!(offered(&ada.started().await).as_deref(), Some(""));
}
