//! Forgetting customers for good: what is left nowhere, what stays, and what is refused.
#![allow(clippy::disallowed_methods)] // looks into the database's own files

#[path = "support/people.rs"]
mod people;
mod support;

use futures::future::join_all;
use onqueue_proto::session::v1::{
    self as proto, Contact, ContactField, ContactFieldType, ContactFieldValue, contact_field_value::Value,
};
use onqueue_testkit::{Disk, Stop, own_postgres, until, with_token};
use people::{assertion, fresh, somebody};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use std::{collections::BTreeMap, path::Path};
use support::{
    Chat, Desk, House, SOON, agent, assigned, division, id, offered, organisation, queued, reason, trail, wish, words,
};
use tonic::{Code, Status};

/// In everything that is somebody's. It begins like nothing that is in the database otherwise.
const CANARY: &str = "zqcanary";

fn canary(what: &str) -> String {
    format!("{CANARY}{what}")
}

/// What a customer leaves in a chat that has ended, and whom it is with.
async fn leave_traces(house: &House, request: u128, token: &str) -> (Chat, Contact) {
    let desk = &house.desk;
    let wanted = proto::StartConversationRequest {
        guest_name: canary("name"),
        topic: canary("topic"),
        first_message: canary("first"),
        guest_email: format!("{}@example.com", canary("typed")),
        identity_assertion: assertion(
            house,
            &canary("sub"),
            Some(&format!("{}@example.com", canary("proved"))),
        ),
        ..wish(request)
    };
    let chat = support::chat(desk.try_start(wanted).await.expect("starts"));
    for (position, fact) in [queued(), offered(agent()), assigned(agent())].into_iter().enumerate() {
        let position = i64::try_from(position).expect("few") + 1;
        desk.report(&chat.id, 1, position, fact).await.expect("recorded");
    }
    let said = canary("said ").repeat(200);
    desk.send(&chat.token, &chat.id, &canary("key"), &said)
        .await
        .expect("sent");
    desk.send(token, &chat.id, "k", &canary("answer")).await.expect("sent");
    let contact = desk.get(token, &chat.id).await.expect("seen").contact_id;
    let contact = desk.contact(token, &contact).await.expect("there");
    (chat, contact)
}

/// Everything of the contact that can hold something, changed once so that its history has it too.
async fn fill(house: &House, token: &str, contact: Contact) -> Contact {
    let root = house.tokens.user(organisation(), id(77), "Root");
    let all = onqueue_model::DivisionId::ALL;
    house
        .tokens
        .grant(organisation(), id(77), all, &["externalContacts:*:*"]);
    let request = proto::CreateContactFieldRequest {
        request_id: fresh(),
        contact_field: Some(ContactField {
            key: "nickname".to_owned(),
            name: "Nickname".to_owned(),
            r#type: ContactFieldType::Text.into(),
            ..ContactField::default()
        }),
    };
    house
        .desk
        .fields()
        .create_contact_field(with_token(request, &root))
        .await
        .expect("made");
    let value = ContactFieldValue {
        value: Some(Value::Text(canary("field"))),
    };
    let full = Contact {
        name: canary("contact"),
        notes: canary("notes").repeat(500),
        fields: [("nickname".to_owned(), value)].into(),
        emails: vec![format!("{}@example.com", canary("email"))],
        ..contact
    };
    let full = house
        .desk
        .change(token, full, &["name", "notes", "fields", "emails"])
        .await
        .expect("changed");
    let again = Contact {
        notes: canary("other notes"),
        ..full
    };
    house.desk.change(token, again, &["notes"]).await.expect("changed")
}

/// Every value in every table, as the database writes it.
async fn dump(desk: &Desk) -> String {
    let reader = desk.store.reader();
    let backend = reader.get_database_backend();
    let tables = match backend {
        DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'",
        _ => "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()",
    };
    let rows = reader
        .query_all_raw(Statement::from_string(backend, tables))
        .await
        .expect("tables");
    let mut text = String::new();
    for row in rows {
        let table: String = row.try_get("", "name").expect("a name");
        text += &dump_table(desk, &table).await;
    }
    text
}

async fn dump_table(desk: &Desk, table: &str) -> String {
    let reader = desk.store.reader();
    let backend = reader.get_database_backend();
    if backend == DbBackend::Postgres {
        let sql = format!("SELECT coalesce(string_agg(t::text, ' '), '') AS text FROM {table} t");
        let row = reader
            .query_one_raw(Statement::from_string(backend, sql))
            .await
            .expect("rows");
        return row.expect("one").try_get("", "text").expect("text");
    }
    let columns = Statement::from_string(backend, format!("SELECT name FROM pragma_table_info('{table}')"));
    let columns = reader.query_all_raw(columns).await.expect("columns");
    let each = columns.iter().map(|row| {
        let name: String = row.try_get("", "name").expect("a name");
        format!("coalesce(CAST({name} AS TEXT), '')")
    });
    let each: Vec<String> = each.collect();
    let all = each.join(" || ' ' || ");
    let sql = format!("SELECT CAST(coalesce(group_concat({all}, ' '), '') AS BLOB) AS text FROM {table}");
    let row = reader
        .query_one_raw(Statement::from_string(backend, sql))
        .await
        .expect("rows");
    let bytes: Vec<u8> = row.expect("one").try_get("", "text").expect("bytes");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Which of these files have the canary in them.
fn infected(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(infected(&path));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        if bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    found
}

fn counts(erasure: &proto::Erasure) -> BTreeMap<&str, i64> {
    erasure.erased.iter().map(|one| (&*one.what, one.count)).collect()
}

async fn purged(desk: &Desk, token: &str, erasure: &proto::Erasure) -> proto::Erasure {
    let request = proto::GetErasureRequest {
        erasure_id: erasure.erasure_id.clone(),
    };
    let get = async || {
        let answer = desk.erasures().get_erasure(with_token(request.clone(), token)).await;
        answer.expect("a receipt").into_inner().erasure.expect("one")
    };
    until("the database is clean", SOON, async || get().await.purged_at.is_some()).await;
    get().await
}

/// A customer who was erased, with another name that they had.
struct Erased {
    house: House,
    token: String,
    chat: Chat,
    contact: Contact,
    alias: Contact,
    /// The log of the chat while it was all there.
    before: Vec<proto::Event>,
    erasure: proto::Erasure,
}

/// Erases one who has left traces wherever one can.
async fn erased(seed: u64) -> Erased {
    let house = House::new(seed).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    house.agent_token();
    let (chat, contact) = leave_traces(&house, 1, &token).await;
    let alias = desk.make(&token, somebody(&canary("alias"))).await.expect("made");
    let contact = fill(&house, &token, contact).await;
    let contact = desk.merge(&token, &contact, &alias).await.expect("merged");
    desk.end(&token, &chat.id).await.expect("ended");
    let before = desk.log(&token, &chat.id).await.expect("a log");
    assert!(dump(desk).await.contains(CANARY), "it is looked for where it is");
    let erasure = desk.erase(&token, &contact.contact_id, &contact.etag).await;
    let erasure = erasure.expect("erased");
    Erased {
        house,
        token,
        chat,
        contact,
        alias,
        before,
        erasure,
    }
}

#[tokio::test]
async fn who_is_in_a_chat_or_was_changed_meanwhile_is_not_erased() {
    let house = House::new(85).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    house.agent_token();
    let (chat, contact) = leave_traces(&house, 1, &token).await;
    let open = desk.erase(&token, &contact.contact_id, &contact.etag).await;
    assert_eq!(reason(&open.expect_err("open")), "STATE_CONFLICT");
    desk.end(&token, &chat.id).await.expect("ended");
    let contact = fill(&house, &token, contact).await;
    let late = desk.erase(&token, &contact.contact_id, "1").await;
    assert_eq!(reason(&late.expect_err("late")), "ETAG_MISMATCH");
    assert_eq!(desk.contact(&token, &contact.contact_id).await.expect("there"), contact);
}

#[tokio::test]
async fn a_receipt_says_what_was_erased() {
    let Erased {
        house,
        token,
        chat,
        alias,
        erasure,
        ..
    } = erased(86).await;
    assert_eq!(erasure.remaining, 0);
    assert_eq!(erasure.conversation_ids, [chat.id]);
    assert_eq!(erasure.alias_ids, [alias.contact_id]);
    assert_eq!(erasure.actor, format!("user:{}", agent()));
    assert_eq!(erasure.division_id, division().to_string());
    let counts = counts(&erasure);
    for (what, count) in [
        ("conversations", 1),
        ("messages", 3),
        ("guest_tokens", 1),
        ("feed_facts", 1),
        ("guest_ids", 3),
    ] {
        assert_eq!(counts.get(what), Some(&count), "{what}: {counts:?}");
    }
    for what in ["contact_fields", "contact_ids", "contact_changes", "texts"] {
        assert!(counts.get(what).is_some_and(|count| *count > 0), "{what}: {counts:?}");
    }
    let done = purged(&house.desk, &token, &erasure).await;
    assert_eq!(done.erased, erasure.erased);
}

#[tokio::test]
async fn nothing_of_an_erased_customer_is_left() {
    let Erased {
        house, token, erasure, ..
    } = erased(81).await;
    purged(&house.desk, &token, &erasure).await;
    let left = dump(&house.desk).await;
    let found = left
        .find(CANARY)
        .map(|at| left[at..].chars().take(80).collect::<String>());
    assert_eq!(found, None);
    if let Some(file) = house.database.sqlite_path() {
        assert_eq!(infected(file.parent().expect("a folder")), [""; 0]);
    }
}

#[tokio::test]
async fn that_and_when_something_happened_stays() {
    let Erased {
        house,
        token,
        chat,
        before,
        ..
    } = erased(87).await;
    let desk = &house.desk;
    let after = desk.log(&token, &chat.id).await.expect("a log");
    let facts = |log: &[proto::Event]| -> Vec<_> {
        let each = log.iter();
        each.map(|one| (one.event_id.clone(), one.sequence, one.at)).collect()
    };
    assert_eq!(facts(&after), facts(&before));
    assert_eq!(words(&after)[..3], ["erased opened", "erased message", "queued"]);
    let key = chat.id.parse().expect("an id");
    let chain = onqueue_session::verify(&desk.store, organisation(), key).await;
    chain.expect("the chain holds");
    let summary = desk.get(&token, &chat.id).await.expect("still seen");
    assert_eq!((&*summary.guest_name, &*summary.topic), ("", ""));
    assert!(summary.erased_at.is_some() && summary.participants.iter().any(|one| one.name == "Ada"));
}

#[tokio::test]
async fn nothing_of_another_customer_is_erased() {
    let house = House::new(88).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    house.agent_token();
    let (chat, contact) = leave_traces(&house, 1, &token).await;
    let other = house.connected(2).await;
    let before = desk.log(&token, &other.id).await.expect("a log");
    assert_eq!(words(&before)[..2], ["opened", "Hallo"]);
    desk.end(&token, &chat.id).await.expect("ended");
    let erasure = desk.erase(&token, &contact.contact_id, &contact.etag).await;
    purged(desk, &token, &erasure.expect("erased")).await;
    assert_eq!(desk.log(&token, &other.id).await.expect("a log"), before);
}

#[tokio::test]
async fn who_is_erased_is_so_once() {
    let Erased {
        house,
        token,
        contact,
        alias,
        erasure,
        ..
    } = erased(89).await;
    let desk = &house.desk;
    let gone = desk.contact(&token, &contact.contact_id).await;
    assert_eq!(reason(&gone.expect_err("gone")), "NOT_FOUND");
    let again = desk.erase(&token, &alias.contact_id, "").await.expect("as the first");
    assert_eq!(again.erasure_id, erasure.erasure_id);
    let request = with_token(proto::ListErasuresRequest::default(), &token);
    let listed = desk.erasures().list_erasures(request).await.expect("listed");
    assert_eq!(listed.into_inner().erasures.len(), 1);
    let trail = trail(desk).await;
    let times = trail.iter().filter(|action| *action == "contact.erase").count();
    assert_eq!(times, 1);
}

#[tokio::test]
async fn who_comes_again_is_somebody_new() {
    let Erased {
        house,
        token,
        chat,
        contact,
        ..
    } = erased(90).await;
    let desk = &house.desk;
    let resume = proto::ResumeConversationRequest {
        resume_token: chat.resume,
    };
    let resumed = desk.conversations().resume_conversation(resume).await;
    assert_eq!(resumed.expect_err("ended").code(), Code::Unauthenticated);
    let said = assertion(&house, &canary("sub"), None);
    let anew = desk.start_as(9, &said).await.expect("starts");
    assert_ne!(anew.id, chat.id);
    let known = desk.get(&token, &anew.id).await.expect("seen").contact_id;
    assert!(!known.is_empty() && known != contact.contact_id, "{known}");
}

#[tokio::test]
async fn what_has_to_be_kept_and_who_may_not_are_refused() {
    let house = House::new(82).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    house.agent_token();
    let (chat, contact) = leave_traces(&house, 1, &token).await;
    desk.end(&token, &chat.id).await.expect("ended");
    let erase = async |token: &str| desk.erase(token, &contact.contact_id, &contact.etag).await;
    let viewer = house.tokens.user(organisation(), id(73), "Vic");
    house
        .tokens
        .grant(organisation(), id(73), division(), &["externalContacts:contact:view"]);
    house
        .tokens
        .grant(organisation(), id(73), id(72), &["recording:transcript:erase"]);
    let stranger = house.tokens.user(organisation(), id(74), "Eve");
    house.tokens.grant(organisation(), id(74), id(72), &["*:*:*"]);
    let refusal = |outcome: Result<proto::Erasure, Status>| reason(&outcome.expect_err("refused"));
    assert_eq!(refusal(erase(&viewer).await), "PERMISSION_MISSING");
    assert_eq!(refusal(erase(&stranger).await), "NOT_FOUND");

    hold(desk, &token, &chat, true).await;
    assert_eq!(refusal(erase(&token).await), "LEGAL_HOLD");
    assert!(dump(desk).await.contains(&canary("answer")), "nothing is gone");
    assert_eq!(desk.contact(&token, &contact.contact_id).await.expect("there"), contact);
    hold(desk, &token, &chat, false).await;
    erase(&token).await.expect("erased");
}

async fn hold(desk: &Desk, token: &str, chat: &Chat, held: bool) {
    let request = proto::SetLegalHoldRequest {
        conversation_id: chat.id.clone(),
        held,
        reason: "a case".to_owned(),
    };
    desk.transcripts()
        .set_legal_hold(with_token(request, token))
        .await
        .expect("set");
}

#[tokio::test]
async fn many_conversations_go_and_what_was_left_undone_is_finished() {
    let house = House::new(83).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    house.agent_token();
    let all = join_all((0..45).map(|request| leave_traces(&house, request, &token))).await;
    for (chat, _) in &all {
        desk.end(&token, &chat.id).await.expect("ended");
    }
    let (_, contact) = &all[0];
    let contact = desk.contact(&token, &contact.contact_id).await.expect("there");
    let erasure = desk
        .erase(&token, &contact.contact_id, &contact.etag)
        .await
        .expect("erased");
    assert_eq!((erasure.conversation_ids.len(), erasure.remaining), (45, 0));
    assert_eq!(counts(&erasure).get("messages"), Some(&(45 * 3)));
    purged(desk, &token, &erasure).await;
    assert!(!dump(desk).await.contains(CANARY));
}

/// The bytes themselves, in the server's own files.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_has_nothing_of_it_in_its_files() {
    let mut server = own_postgres(Disk::Unsynced).await;
    let url = server.url("onqueue");
    let house = House::on(onqueue_store::Settings::postgres(&url), Box::new(()), 84).await;
    let (desk, token) = (&house.desk, house.keeper_token());
    house.agent_token();
    let (chat, contact) = leave_traces(&house, 1, &token).await;
    let contact = fill(&house, &token, contact).await;
    desk.end(&token, &chat.id).await.expect("ended");
    let run = |sql: &str| onqueue_testkit::psql(&url, sql).expect("runs");
    let folder = run("SHOW data_directory");
    let base = Path::new(folder.trim()).join("base");
    run("CHECKPOINT");
    assert!(!infected(&base).is_empty(), "the test looks where it is");
    let erasure = desk
        .erase(&token, &contact.contact_id, &contact.etag)
        .await
        .expect("erased");
    purged(desk, &token, &erasure).await;
    assert!(!dump(desk).await.contains(CANARY));
    // No row and no index entry has it, dead or alive; what is left of it is in the gaps of pages, which VACUUM leaves as they
    // are and the next rows fill.
    run("CREATE EXTENSION pageinspect");
    let dead = run(
        "SELECT count(*) FROM pg_class c, generate_series(0, pg_relation_size(c.oid) / 8192 - 1) page, \
         heap_page_items(get_raw_page(c.oid::regclass::text, page::int)) \
         WHERE (c.relname LIKE 'session%' AND c.relkind = 'r' OR c.oid IN \
         (SELECT reltoastrelid FROM pg_class WHERE relname LIKE 'session%')) AND t_data IS NOT NULL \
         AND position('\\x7a7163616e617279'::bytea IN t_data) > 0",
    );
    assert_eq!(dead.trim(), "0");
    run("VACUUM FULL");
    run("CHECKPOINT");
    server.stop(Stop::Fast).expect("stops");
    assert_eq!(infected(&base), [""; 0]);
    assert!(!server.log().contains(CANARY));
}
