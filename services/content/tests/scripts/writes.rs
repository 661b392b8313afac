//! Answers that go into the contact, and what becomes of those that cannot be brought there.

use crate::world::{ADA, CHAT, SOON, World, text};
use onqueue_proto::content::v1::{self as proto, ContactWriteState, script_item::Item};
use onqueue_proto::session::v1::Contact;
use onqueue_testkit::until;
use std::time::Duration;

fn bo() -> Contact {
    Contact {
        contact_id: text(0xb0),
        name: "Bo".to_owned(),
        ..Contact::default()
    }
}

fn states(run: &proto::ScriptRun) -> Vec<(String, ContactWriteState)> {
    let writes = run.steps.iter().flat_map(|step| &step.contact_writes);
    writes
        .map(|write| (write.contact_field.clone(), write.state()))
        .collect()
}

fn values(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(field, value): &(&str, &str)| ((*field).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

const ANSWERS: [(&str, &str); 2] = [("name", "Bo Müller"), ("mail", "bo@example.com")];

#[tokio::test]
async fn what_differs_is_written_once_with_who_answered_it_where() {
    let world = World::new().await;
    let script = world.chat().await;
    world.session.know(&text(CHAT), bo());
    let ada = world.agent(ADA);
    let run = ada.started().await;
    let fields = run.page.as_ref().expect("a page").items.iter();
    let known: Vec<_> = fields
        .filter_map(|item| match &item.item {
            Some(Item::Field(field)) => Some((field.contact_field.as_str(), field.value.is_some())),
            _ => None,
        })
        .collect();
    assert_eq!(known, [("name", true), ("email", false)]);
    let asked = crate::world::pressed(&run, "next", &ANSWERS);
    let run = ada.submit_page(asked.clone()).await.expect("good").run.expect("said");
    let written = ContactWriteState::Written;
    assert_eq!(
        states(&run),
        [("name".to_owned(), written), ("email".to_owned(), written)]
    );
    ada.submit_page(asked).await.expect("again");
    let mut told = world.session.values();
    told.sort();
    assert_eq!(told, values(&[("email", "bo@example.com"), ("name", "Bo Müller")]));
    let first = world.session.state().written[0].clone();
    let origin = first.script.expect("said");
    assert_eq!(
        (origin.script_id, origin.script_name.as_str(), origin.version),
        (script, "Complaint", 1)
    );
    assert_eq!((first.user_id, first.step, origin.run_id), (text(ADA), 1, run.run_id));
}

#[tokio::test]
async fn without_a_contact_they_wait_until_there_is_one() {
    let world = World::new().await;
    world.chat().await;
    let ada = world.agent(ADA);
    let run = ada.started().await;
    let run = ada.press(&run, "next", &ANSWERS).await.expect("good");
    assert!(
        states(&run)
            .iter()
            .all(|(_, state)| *state == ContactWriteState::NoContact),
        "{run:?}"
    );
    world.session.know(&text(CHAT), bo());
    let run = ada.look().await.expect("may").expect("a run");
    assert!(
        states(&run)
            .iter()
            .all(|(_, state)| *state == ContactWriteState::Written),
        "{run:?}"
    );
    assert_eq!(world.session.values().len(), 2);
}

#[tokio::test]
async fn what_is_refused_is_not_tried_again() {
    let world = World::new().await;
    world.chat().await;
    world.session.know(&text(CHAT), bo());
    world.session.state().refused.insert("email".to_owned());
    let ada = world.agent(ADA);
    let run = ada.started().await;
    let run = ada.press(&run, "next", &ANSWERS).await.expect("the step is good");
    let write = run.steps[0]
        .contact_writes
        .iter()
        .find(|write| write.contact_field == "email");
    let write = write.expect("said");
    assert_eq!(
        (write.state(), write.reason.as_str()),
        (ContactWriteState::Refused, "FIELD_INVALID")
    );
    let told = world.session.state().told;
    ada.look().await.expect("may");
    assert_eq!(world.session.state().told, told);
}

/// As if session went away between the step and what it says of the contact.
async fn forget_states(world: &World) {
    use sea_orm::ConnectionTrait as _;
    let due = world.context.clock.now().millis() + 1_000;
    let lost = world.temp.store.transaction(move |tx| {
        Box::pin(async move {
            let sql = format!("UPDATE content_contact_writes SET state = 3, due_at = {due}");
            tx.execute_unprepared(&sql).await?;
            Ok(())
        })
    });
    lost.await.expect("so it is");
}

#[tokio::test]
async fn what_waits_is_found_again_after_a_restart() {
    let world = World::new().await;
    world.chat().await;
    let ada = world.agent(ADA);
    let run = ada.started().await;
    ada.press(&run, "next", &ANSWERS).await.expect("good");
    world.session.know(&text(CHAT), bo());
    forget_states(&world).await;
    world.context.tasks.drain();
    world.session.go_away(true);
    let told = world.session.state().told;
    // Another process finds what is due, and tries until session is there.
    let again = World::again(&world).await;
    again.hand.advance(Duration::from_secs(2));
    world.session.go_away(false);
    until("what was answered to be in the contact", SOON, async || {
        again.hand.advance(Duration::from_secs(1));
        world.session.values().len() == 2
    })
    .await;
    assert!(world.session.state().told >= told + 2);
}
