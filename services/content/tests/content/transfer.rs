//! Whole libraries in and out: every wrong row is named and nothing is half done, however a file comes.

use crate::world::{ALL, Desk, SALES, SALES_TEXTS, SUPPORT, SUPPORT_TEXTS, World, request, response, text, why};
use onqueue_model::Reason;
use onqueue_proto::content::v1::{self as proto, ImportMode, ImportState, ResponseFormat};
use std::time::Duration;
use tonic::Status;

/// The longest part.
const PART: usize = 61_440;

pub fn import(file: &str) -> proto::ImportResponsesRequest {
    proto::ImportResponsesRequest {
        request_id: request(),
        library_id: text(SALES_TEXTS),
        format: ResponseFormat::Csv.into(),
        content: file.as_bytes().to_vec().into(),
        ..proto::ImportResponsesRequest::default()
    }
}

pub fn updating(file: &str) -> proto::ImportResponsesRequest {
    proto::ImportResponsesRequest {
        mode: ImportMode::Update.into(),
        ..import(file)
    }
}

/// The file in parts.
fn in_parts(file: &str, whole: &proto::ImportResponsesRequest) -> Vec<proto::ImportResponsesRequest> {
    let parts: Vec<&[u8]> = file.as_bytes().chunks(PART).collect();
    let part = |(number, content): (usize, &&[u8])| proto::ImportResponsesRequest {
        part: number as i32,
        parts: parts.len() as i32,
        content: content.to_vec().into(),
        ..whole.clone()
    };
    parts.iter().enumerate().map(part).collect()
}

async fn bring(desk: &Desk, file: &str, whole: &proto::ImportResponsesRequest) -> proto::ImportResponsesResponse {
    let mut last = None;
    for part in in_parts(file, whole) {
        last = Some(desk.import_responses(part).await.expect("taken"));
    }
    last.expect("a part")
}

async fn export(desk: &Desk, library: u128, format: ResponseFormat) -> Result<(String, String), Status> {
    let asked = proto::ExportResponsesRequest {
        library_id: text(library),
        format: format.into(),
    };
    let parts = desk.export_responses(asked).await?;
    assert!(parts.iter().all(|part| part.content.len() <= 65_536));
    let content: Vec<u8> = parts.iter().flat_map(|part| part.content.to_vec()).collect();
    Ok((parts[0].file_name.clone(), String::from_utf8(content).expect("UTF-8")))
}

pub async fn names(desk: &Desk) -> Vec<String> {
    let page = desk.list_responses(proto::ListResponsesRequest::default()).await;
    page.expect("a page")
        .responses
        .into_iter()
        .map(|one| one.name)
        .collect()
}

pub fn places(answer: &proto::ImportResponsesResponse) -> Vec<(i32, i32, &str, &str)> {
    let place = |problem: &'_ proto::ImportProblem| (problem.line, problem.column_number);
    let problems = answer.problems.iter();
    problems
        .map(|problem| {
            let (line, number) = place(problem);
            (line, number, problem.column.as_str(), problem.reason.as_str())
        })
        .collect()
}

/// What is wrong, in words that programs know, and what belongs to it.
pub fn mistakes(answer: &proto::ImportResponsesResponse) -> Vec<String> {
    let problems = answer.problems.iter();
    problems
        .map(|problem| format!("{} {:?}", problem.mistake, problem.parameters))
        .collect()
}

/// As the product writes it.
pub fn table(rows: usize) -> String {
    let mut file = "\u{feff}name,shortcut,tags,substitutions,text:de,text:en\r\n".to_owned();
    for row in 0..rows {
        file.push_str(&format!(
            "Antwort {row:05},a{row:05},Eil|Geld,ORDER||Nummer der Bestellung,\"Guten Tag,\nBestellung {{{{ORDER}}}} kostet {row} €.\",Order {{{{ORDER}}}} is {row}.\r\n"
        ));
    }
    file
}

#[tokio::test]
async fn a_large_file_comes_in_and_goes_out_alike() {
    let world = World::new().await;
    let desk = world.administrator();
    let file = table(3_000);
    let broken = file
        .replace("Antwort 00041,a00041", "Antwort 00041,a 41")
        .replace("Antwort 01500,", ",")
        .replace("Order {{ORDER}} is 2999", "Order {{NUMBER}} is 2999");
    let before = world.audited().await.len();
    let refused = bring(&desk, &broken, &import("")).await;
    assert_eq!(refused.state(), ImportState::Refused);
    // Each row has two lines.
    assert_eq!(
        places(&refused),
        [
            (2 + 2 * 41, 2, "shortcut", "FIELD_INVALID"),
            (2 + 2 * 1_500, 1, "name", "FIELD_INVALID"),
            (2 + 2 * 2_999, 6, "text:en", "FIELD_INVALID"),
        ]
    );
    assert!(refused.problems[2].message.contains("{{NUMBER}}"), "{refused:?}");
    assert_eq!(
        mistakes(&refused),
        [
            r#"shortcut {"maximum": "20"}"#,
            r#"name {"maximum": "100"}"#,
            r#"substitution_undeclared {"language": "en", "substitution": "NUMBER"}"#,
        ]
    );
    assert_eq!((names(&desk).await.len(), world.audited().await.len()), (0, before));

    let whole = import("");
    let done = bring(&desk, &file, &whole).await;
    assert_eq!(
        (done.state(), done.added, done.problem_count),
        (ImportState::Imported, 3_000, 0)
    );
    assert_eq!(
        world.audited().await[before..],
        ["response.import user:00000000-0000-0000-0000-0000000000ad"]
    );
    // Again, any part of it.
    let again = desk.import_responses(in_parts(&file, &whole).remove(1)).await;
    assert_eq!(again.expect("answered as before"), done);
    goes_out_alike(&desk, &file).await;
}

async fn goes_out_alike(desk: &Desk, file: &str) {
    let (name, exported) = export(desk, SALES_TEXTS, ResponseFormat::Csv).await.expect("exported");
    assert_eq!(name, "Vertrieb.csv");
    assert!(exported == file, "the same, byte by byte");
    let library = proto::GetLibraryRequest {
        library_id: text(SALES_TEXTS),
    };
    let library = desk.get_library(library).await.expect("there").library.expect("said");
    assert_eq!(library.responses, 3_000);

    let (name, list) = export(desk, SALES_TEXTS, ResponseFormat::Json).await.expect("exported");
    assert_eq!(name, "Vertrieb.json");
    let other = proto::ImportResponsesRequest {
        library_id: text(SUPPORT_TEXTS),
        format: ResponseFormat::Json.into(),
        ..import("")
    };
    assert_eq!(bring(desk, &list, &other).await.added, 3_000);
    let (_, copied) = export(desk, SUPPORT_TEXTS, ResponseFormat::Json)
        .await
        .expect("exported");
    assert!(copied == list, "the same, byte by byte");
}

#[tokio::test]
async fn what_is_imported_is_found() {
    let world = World::new().await;
    let desk = world.administrator();
    let beside = Desk {
        content: world.beside().await,
        ..desk.clone()
    };
    let found = async |desk: &Desk, typed: &str| {
        let asked = proto::SearchResponsesRequest {
            text: typed.to_owned(),
            ..proto::SearchResponsesRequest::default()
        };
        desk.search_responses(asked).await.expect("found").responses.len()
    };
    assert_eq!(found(&beside, "erstatten").await, 0);
    desk.import_responses(import("name,text:de\nA,Wir erstatten es.\nB,Bitte warten.\n"))
        .await
        .expect("done");
    assert_eq!(
        (found(&desk, "erstatten").await, found(&beside, "erstatten").await),
        (1, 1)
    );
}

#[tokio::test]
async fn an_update_changes_what_is_there_and_adds_the_rest() {
    let world = World::new().await;
    let desk = world.administrator();
    let file = "name;shortcut;tags;text:de\nEins;e;Eil;eins\nZwei;;;zwei\nDrei;d;;drei\n";
    assert_eq!(desk.import_responses(import(file)).await.expect("done").added, 3);
    let first = desk
        .list_responses(proto::ListResponsesRequest::default())
        .await
        .expect("a page");
    let used = proto::RecordUseRequest {
        response_id: first.responses[1].response_id.clone(),
        client_message_id: "1".to_owned(),
        conversation_id: String::new(),
    };
    desk.record_use(used).await.expect("counted");
    // Only what is new may be added.
    let taken = desk
        .import_responses(import("name,shortcut,text:de\nNeu,n,neu\nAnders,E,x\n"))
        .await;
    let taken = taken.expect("answered");
    assert_eq!(places(&taken), [(3, 2, "shortcut", "NAME_TAKEN")]);
    assert_eq!(mistakes(&taken), [r#"shortcut_taken {"shortcut": "E"}"#]);

    let file = "name;shortcut;tags;text:de\nEinmal;E;;eins\nzwei;;;zwei!\nDrei;d;;drei\nVier;;;vier\n";
    let done = desk.import_responses(updating(file)).await.expect("done");
    assert_eq!((done.added, done.changed, done.unchanged), (1, 2, 1));
    let now = desk
        .list_responses(proto::ListResponsesRequest::default())
        .await
        .expect("a page")
        .responses;
    let seen: Vec<_> = now
        .iter()
        .map(|one| (one.name.as_str(), one.shortcut.as_str(), one.tags.len()))
        .collect();
    assert_eq!(
        seen,
        [("Drei", "d", 0), ("Einmal", "E", 0), ("Vier", "", 0), ("zwei", "", 0)]
    );
    let before = |name: &str| first.responses.iter().find(|one| one.name == name).expect("there");
    assert_eq!((&now[1].response_id, now[1].uses), (&before("Eins").response_id, 1));
    assert_eq!(
        (&now[3].response_id, &now[0].etag),
        (&before("Zwei").response_id, &before("Drei").etag)
    );
    // The same file again changes nothing and leaves nothing in the audit trail.
    let audited = world.audited().await.len();
    let again = desk.import_responses(updating(file)).await.expect("done");
    assert_eq!((again.added, again.changed, again.unchanged), (0, 0, 4));
    assert_eq!(world.audited().await.len(), audited);

    desk.make(response("Vier", "noch eine")).await;
    for (file, line, mistake) in [
        ("name,text:de\nVier,x\n", 2, r#"name_ambiguous {"name": "Vier"}"#),
        ("name,text:de\nDrei,x\nzwei,y\nZWEI,z\n", 4, "row_twice {}"),
    ] {
        let refused = desk.import_responses(updating(file)).await.expect("answered");
        assert_eq!(places(&refused), [(line, 1, "name", "NAME_TAKEN")]);
        assert_eq!(mistakes(&refused), [mistake]);
    }
}

#[tokio::test]
async fn parts_come_in_any_order_and_are_what_they_were() {
    let world = World::new().await;
    let desk = world.administrator();
    let (file, whole) = (table(700), import(""));
    let mut parts = in_parts(&file, &whole);
    assert!(parts.len() > 1, "{}", file.len());
    parts.reverse();
    let (last, first) = (parts.pop().expect("a part"), parts);
    for part in &first {
        let answer = desk.import_responses(part.clone()).await.expect("taken");
        assert_eq!(answer.state(), ImportState::Receiving);
        let again = desk.import_responses(part.clone()).await.expect("taken");
        assert_eq!(again, answer);
    }
    let mut other = first[0].clone();
    other.content = b"something else".to_vec().into();
    assert_eq!(why(desk.import_responses(other).await), Reason::RequestIdReused);
    let mut other = first[0].clone();
    other.mode = ImportMode::Update.into();
    assert_eq!(why(desk.import_responses(other).await), Reason::RequestIdReused);
    // What the last one begins is done once, however often it comes at the same time.
    let (twin, third) = (desk.clone(), desk.clone());
    let answers = tokio::join!(
        desk.import_responses(last.clone()),
        twin.import_responses(last.clone()),
        third.import_responses(last.clone())
    );
    for answer in [answers.0, answers.1, answers.2] {
        assert_eq!(answer.expect("done").added, 700);
    }
    assert_eq!(
        export(&desk, SALES_TEXTS, ResponseFormat::Csv)
            .await
            .expect("exported")
            .1,
        file
    );
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused() {
    type Change = fn(&mut proto::ImportResponsesRequest);
    let world = World::new().await;
    let desk = world.administrator();
    let cases: [(Change, Reason); 10] = [
        (|asked| asked.request_id = "x".to_owned(), Reason::IdMalformed),
        (|asked| asked.library_id = "x".to_owned(), Reason::IdMalformed),
        (|asked| asked.library_id = text(9), Reason::NotFound),
        (|asked| asked.format = 0, Reason::FieldInvalid),
        (|asked| asked.parts = 513, Reason::FieldInvalid),
        (|asked| asked.parts = -1, Reason::FieldInvalid),
        (|asked| asked.part = 1, Reason::FieldInvalid),
        (|asked| asked.part = -1, Reason::FieldInvalid),
        (|asked| asked.content = Vec::new().into(), Reason::FieldInvalid),
        (
            |asked| asked.content = vec![b'x'; PART + 1].into(),
            Reason::FieldInvalid,
        ),
    ];
    for (number, (change, reason)) in cases.into_iter().enumerate() {
        let mut asked = import("name,text:de\nA,x\n");
        change(&mut asked);
        assert_eq!(why(desk.import_responses(asked).await), reason, "{number}");
    }
    let wrong = export(&desk, SALES_TEXTS, ResponseFormat::Unspecified).await;
    assert_eq!(why(wrong), Reason::FieldInvalid);
    let (_, empty) = export(&desk, SALES_TEXTS, ResponseFormat::Json)
        .await
        .expect("exported");
    assert_eq!(empty, "[]\n");
}

#[tokio::test]
async fn who_may_not_fill_a_library_does_not() {
    let world = World::new().await;
    let file = "name,shortcut,text:de\nA,a,x\n";
    let viewer = world.user(1, &["responses:response:view"], &[SALES]);
    assert_eq!(
        why(viewer.import_responses(import(file)).await),
        Reason::PermissionMissing
    );
    let elsewhere = world.user(2, &ALL, &[SUPPORT]);
    assert_eq!(why(elsewhere.import_responses(import(file)).await), Reason::NotFound);
    assert_eq!(
        why(export(&elsewhere, SALES_TEXTS, ResponseFormat::Csv).await),
        Reason::NotFound
    );
    assert!(export(&viewer, SALES_TEXTS, ResponseFormat::Csv).await.is_ok());

    // A response that is in support's library too is not the seller's to change.
    let mut both = response("A", "x");
    both.shortcut = "a".to_owned();
    both.library_ids = vec![text(SALES_TEXTS), text(SUPPORT_TEXTS)];
    world.administrator().make(both).await;
    let seller = world.user(3, &ALL, &[SALES]);
    let refused = seller
        .import_responses(updating("name,shortcut,text:de\nN,n,x\nA,a,y\n"))
        .await;
    assert_eq!(places(&refused.expect("answered")), [(3, 0, "", "PERMISSION_MISSING")]);
    assert_eq!(names(&seller).await, ["A"]);
}

#[tokio::test]
async fn nobody_begins_imports_without_end() {
    let world = World::new().await;
    let desk = world.administrator();
    let begun = || proto::ImportResponsesRequest {
        parts: 2,
        ..import("name,text:de\nA,x\n")
    };
    let first = begun();
    desk.import_responses(first.clone()).await.expect("begun");
    for _ in 1..8 {
        desk.import_responses(begun()).await.expect("begun");
    }
    assert_eq!(why(desk.import_responses(begun()).await), Reason::TenantQuota);
    // Those that are begun go on, and others' do not count.
    desk.import_responses(first).await.expect("again");
    let strangers = world.user_of(crate::world::id(0x0b), 7, (&ALL, &[0]));
    assert_eq!(why(strangers.import_responses(begun()).await), Reason::NotFound);
    world.hand.advance(Duration::from_secs(25 * 3_600));
    onqueue_testkit::until("what was begun is forgotten", Duration::from_secs(30), async || {
        world.administrator().import_responses(begun()).await.is_ok()
    })
    .await;
}
