//! What was answered goes when session has forgotten its conversation.

use crate::world::{ADA, BEN, CHAT, SOON, World, id, organisation, text, why};
use onqueue_model::Reason;
use onqueue_proto::session::v1::{Contact, ForgottenConversation};
use onqueue_testkit::until;
use sea_orm::{ConnectionTrait as _, Statement};

/// In everything that is the customer's.
const CANARY: &str = "zqcanary";

/// Whether any row of scripts' tables has it.
async fn is_infected(world: &World) -> bool {
    let reader = world.temp.store.reader();
    let backend = reader.get_database_backend();
    let mut found = false;
    for (table, column) in [("content_script_steps", "step"), ("content_contact_writes", "value")] {
        let sql = format!("SELECT COUNT(*) AS n FROM {table} WHERE {column} LIKE '%{CANARY}%'");
        let row = reader.query_one_raw(Statement::from_string(backend, sql)).await;
        let count: i64 = row
            .expect("answers")
            .expect("a row")
            .try_get("", "n")
            .expect("a number");
        found |= count > 0;
    }
    found
}

#[tokio::test]
async fn answers_go_and_the_way_stays() {
    let world = World::new().await;
    world.chat().await;
    let contact = Contact {
        contact_id: text(0xb0),
        ..Contact::default()
    };
    world.session.know(&text(CHAT), contact);
    world.session.state().refused.insert("email".to_owned());
    let ada = world.agent(ADA);
    let run = ada.started().await;
    let name = format!("{CANARY} Bo");
    let mail = format!("{CANARY}@example.com");
    let run = ada
        .press(&run, "next", &[("name", &name), ("mail", &mail)])
        .await
        .expect("good");
    let other = text(0xc2);
    world.session.open(&other, &run.script_id, &[&text(BEN)]);
    assert!(is_infected(&world).await);

    let forgotten = |conversation: &str, organisation: String| ForgottenConversation {
        organisation_id: organisation,
        conversation_id: conversation.to_owned(),
        erased_at: None,
    };
    let list = vec![
        // Of another organisation, whose conversations this is none of.
        forgotten(&text(CHAT), id::<()>(0x0b).to_string()),
        forgotten(&text(CHAT), organisation().to_string()),
        forgotten(&other, organisation().to_string()),
    ];
    world.session.state().forgotten = list;
    until("everything to be forgotten", SOON, async || {
        world.session.state().forgotten.is_empty()
    })
    .await;
    let mut counts: Vec<i64> = world
        .session
        .state()
        .confirmed
        .iter()
        .map(|one| one.script_answers)
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, [0, 0, 2]);
    assert!(!is_infected(&world).await);
    let after = ada.look().await.expect("may").expect("a run");
    assert!(after.erased_at.is_some() && after.page.is_none() && !after.may_submit);
    let step = &after.steps[0];
    assert_eq!(
        (step.page_id.as_str(), step.answers.len(), step.contact_writes.len()),
        ("who", 0, 0)
    );
    assert_eq!((&step.user_id, step.at), (&run.steps[0].user_id, run.steps[0].at));
    assert_eq!(why(ada.press(&run, "back", &[]).await), Reason::ConversationClosed);
}
