//! Of a customer who is erased neither a file nor anything that is found is left.
#![allow(clippy::disallowed_methods)] // the scanner is a server of its own, and files are looked into

mod files;
#[path = "support/find.rs"]
mod find;
#[path = "support/people.rs"]
mod people;
mod support;

use files::Office;
use find::text;
use onqueue_proto::session::v1::{self as proto, AttachmentState};
use onqueue_testkit::until;
use people::assertion;
use support::{SOON, agent, assigned, offered, queued, wish};

/// In everything that is somebody's.
const CANARY: &str = "zqcanary";

/// Which files of the depot have it in them or in their names.
fn infected(office: &Office) -> Vec<String> {
    let has_it = |bytes: &[u8]| bytes.windows(CANARY.len()).any(|some| some == CANARY.as_bytes());
    let kept = office.kept().into_iter();
    let with_it = kept.filter(|path| {
        let name = path.display().to_string();
        has_it(name.as_bytes()) || has_it(&std::fs::read(path).unwrap_or_default())
    });
    with_it.map(|path| path.display().to_string()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_file_and_no_finding_of_an_erased_customer_is_left() {
    let office = Office::open(85).await;
    let (house, desk) = (&office.house, &office.desk);
    let token = house.keeper_token();
    let wanted = proto::StartConversationRequest {
        identity_assertion: assertion(house, CANARY, None),
        first_message: format!("{CANARY}first"),
        ..wish(2)
    };
    let chat = support::chat(desk.try_start(wanted).await.expect("starts"));
    for (position, fact) in (1..).zip([queued(), offered(agent()), assigned(agent())]) {
        assert!(desk.report(&chat.id, 1, position, fact).await.expect("recorded"));
    }
    let content = format!("{CANARY} ").repeat(1_000).into_bytes();
    let name = format!("{CANARY}.txt");
    let file = desk
        .attached(&chat.token, &chat.id, &name, &content)
        .await
        .expect("judged");
    assert_eq!(file.state(), AttachmentState::Clean);
    desk.indexed().await;
    let chats = [chat.clone()];
    let said = text(&format!("{CANARY}first"));
    assert_eq!(desk.finds(&token, said.clone(), &chats).await, [0]);
    assert_eq!(infected(&office).len(), 1, "the test looks where it is");

    desk.end(&chat.token, &chat.id).await.expect("ends");
    let contact = desk.get(&token, &chat.id).await.expect("seen").contact_id;
    let contact = desk.contact(&token, &contact).await.expect("there");
    let erased = desk.erase(&token, &contact.contact_id, &contact.etag).await;
    let erased = erased.expect("erased");
    for what in ["attachments", "search_entries"] {
        let counted = erased.erased.iter().find(|one| one.what == what);
        assert!(counted.is_some_and(|one| one.count > 0), "{what}: {:?}", erased.erased);
    }
    until("its files to be gone", SOON, async || infected(&office).is_empty()).await;
    assert_eq!(desk.finds(&token, said, &chats).await, find::NOWHERE);
    let list = desk.list(&token, &chat.id).await.expect("listed");
    let shown = |file: &proto::Attachment| (file.state(), file.name.clone());
    let left: Vec<_> = list.attachments.iter().map(shown).collect();
    assert_eq!(
        left,
        [(AttachmentState::Erased, String::new())],
        "that there was one is no secret"
    );
}
