//! Files against what a library has: a row that cannot be beside it is named together with what is wrong in the file, so
//! that whoever mends a file does so once.

use crate::transfer::{import, mistakes, names, places, table, updating};
use crate::world::{ALL, Desk, SALES, SALES_TEXTS, SUPPORT_TEXTS, World, response, text};
use onqueue_proto::content::v1::{self as proto, ImportMode, ImportState, ResponseFormat};

/// Line, number and name of the column, mistake or reason.
type Named = (i32, i32, &'static str, &'static str);

/// A way of importing, a file, and everything that is wrong with it.
type Case = (ImportMode, ResponseFormat, &'static str, &'static [Named]);

const CASES: [Case; 5] = [
    (
        ImportMode::Add,
        ResponseFormat::Csv,
        "name;shortcut;tags;substitutions;text:de;text:en\n\
        Rabatt;rab;Preis|Aktion;CODE||Gutscheincode;Ihr Code: {{CODE}};Your code: {{CODE}}\n\
        Versand;ver sand;;;Versand kostet 5 €;\n\
        Rückruf;RAB;;;Wir rufen zurück;\n\
        Ohne Text;ot;;;;\n\
        Offen;off;;;Hallo {{CUSTOMER_NAME;\n\
        Unbekannt;unb;;;Bestellung {{ORDER_NO}};\n\
        ;leer;;;Text;\n\
        Gift;gift;;;Text;\n",
        &[
            (3, 2, "shortcut", "shortcut"),
            (4, 2, "shortcut", "shortcut_twice"),
            (5, 0, "", "text_missing"),
            (6, 5, "text:de", "substitution_open"),
            (7, 5, "text:de", "substitution_undeclared"),
            (8, 1, "name", "name"),
            (9, 2, "shortcut", "shortcut_taken"),
        ],
    ),
    // Everything about each row, also if it is wrong more than once; names come as often as they like.
    (
        ImportMode::Add,
        ResponseFormat::Csv,
        "name,shortcut,text:de,\nDoppelt,,x,\n,GIFT,,\nGift,gift,x,more\nEinzeln,,{{,\n",
        &[
            (3, 0, "", "text_missing"),
            (3, 1, "name", "name"),
            (3, 2, "shortcut", "shortcut_taken"),
            (4, 2, "shortcut", "shortcut_twice"),
            (4, 2, "shortcut", "shortcut_taken"),
            (4, 4, "", "heading_missing"),
            (5, 3, "text:de", "substitution_open"),
        ],
    ),
    (
        ImportMode::Add,
        ResponseFormat::Json,
        "[\n{\"name\": \"A\", \"shortcut\": \"gift\", \"colour\": 1, \"texts\": []},\n\
        {\"name\": \"B\", \"shortcut\": \"both\", \"texts\": []},\n\
        {\"name\": \"C\", \"shortcut\": \"Both\", \"texts\": [{\"language\": \"de\", \"text\": \"x\"}]}\n]",
        &[
            (2, 0, "colour", "field_unknown"),
            (2, 0, "shortcut", "shortcut_taken"),
            (3, 0, "", "text_missing"),
            (3, 0, "shortcut", "shortcut_taken"),
            (4, 0, "shortcut", "shortcut_twice"),
            (4, 0, "shortcut", "shortcut_taken"),
        ],
    ),
    // A row may change what has its shortcut or name: once, if that is one, and if it may be changed.
    (
        ImportMode::Update,
        ResponseFormat::Csv,
        "name,shortcut,text:de\nDoppelt,,\nEinzeln,,x\nEINZELN,,\nGift,gift,y\nGift,GIFT,z\nNeu,neu,\n\
        Unlesbar,a b,x\nBeide,both,{{\nDoppelt,doppelt,x\n",
        &[
            (2, 0, "", "text_missing"),
            (2, 1, "name", "name_ambiguous"),
            (4, 0, "", "text_missing"),
            (4, 1, "name", "row_twice"),
            (6, 2, "shortcut", "shortcut_twice"),
            (7, 0, "", "text_missing"),
            (8, 2, "shortcut", "shortcut"),
            (9, 0, "", "PERMISSION_MISSING"),
            (9, 3, "text:de", "substitution_open"),
        ],
    ),
    (
        ImportMode::Update,
        ResponseFormat::Json,
        "[\n{\"name\": \"Doppelt\"},\n{\"name\": \"X\", \"shortcut\": \"both\", \"tags\": 1, \"texts\": []},\n\
        {\"name\": \"Einzeln\", \"texts\": [{\"language\": \"de\", \"text\": \"x\"}]},\n\
        {\"name\": \"einzeln\", \"texts\": [{\"language\": \"de\", \"text\": \"x\"}]}\n]",
        &[
            (2, 0, "", "field_missing"),
            (2, 0, "name", "name_ambiguous"),
            (3, 0, "tags", "kind"),
            (3, 0, "", "PERMISSION_MISSING"),
            (5, 0, "name", "row_twice"),
        ],
    ),
];

/// Responses in sales' library: with a shortcut, two of one name, one of another, and one that support has too.
async fn shelf(world: &World) {
    let desk = world.administrator();
    for (name, shortcut) in [("Gift", "gift"), ("Doppelt", ""), ("Doppelt", ""), ("Einzeln", "")] {
        let mut made = response(name, "Text");
        made.shortcut = shortcut.to_owned();
        desk.make(made).await;
    }
    let mut both = response("Beide", "Text");
    both.shortcut = "both".to_owned();
    both.library_ids = vec![text(SALES_TEXTS), text(SUPPORT_TEXTS)];
    desk.make(both).await;
}

async fn everything(world: &World, desk: &Desk) -> (Vec<String>, usize) {
    (names(desk).await, world.audited().await.len())
}

#[tokio::test]
async fn what_cannot_be_beside_the_stored_is_named_with_everything_else() {
    let world = World::new().await;
    shelf(&world).await;
    let seller = world.user(3, &ALL, &[SALES]);
    let before = everything(&world, &seller).await;
    for (mode, format, file, expected) in CASES {
        let asked = proto::ImportResponsesRequest {
            mode: mode.into(),
            format: format.into(),
            ..import(file)
        };
        let answer = seller.import_responses(asked.clone()).await.expect("answered");
        let problems = answer.problems.iter();
        let found: Vec<_> = problems
            .map(|one| {
                let what = [&one.mistake, &one.reason].into_iter().find(|word| !word.is_empty());
                (
                    one.line,
                    one.column_number,
                    one.column.as_str(),
                    what.map_or("", |word| word),
                )
            })
            .collect();
        assert_eq!(found, expected, "{file}");
        assert_eq!(
            (answer.state(), answer.problem_count as usize),
            (ImportState::Refused, expected.len())
        );
        assert_eq!((answer.added, answer.changed, answer.unchanged), (0, 0, 0));
        // The same request again is answered as before, and nothing has changed.
        assert_eq!(seller.import_responses(asked).await.expect("answered"), answer);
        assert_eq!(everything(&world, &seller).await, before, "{file}");
    }
}

#[tokio::test]
async fn what_is_mended_at_once_is_taken_at_once() {
    let world = World::new().await;
    shelf(&world).await;
    let desk = world.administrator();
    let refused = desk
        .import_responses(import("name,shortcut,text:de\nLob,lob,\nGift,gift,Text\n"))
        .await;
    let refused = refused.expect("answered");
    assert_eq!(
        places(&refused),
        [(2, 0, "", "FIELD_INVALID"), (3, 2, "shortcut", "NAME_TAKEN")]
    );
    assert_eq!(
        mistakes(&refused),
        ["text_missing {}", r#"shortcut_taken {"shortcut": "gift"}"#]
    );
    let mended = import("name,shortcut,text:de\nLob,lob,Danke\nGift,gift2,Text\n");
    let done = desk.import_responses(mended).await.expect("answered");
    assert_eq!((done.state(), done.added), (ImportState::Imported, 2));
    let changes = updating("name,shortcut,text:de\nBeide,both,Hallo\nEinzeln,,Text\n");
    let done = desk.import_responses(changes).await.expect("answered");
    assert_eq!(
        (done.state(), done.changed, done.unchanged),
        (ImportState::Imported, 1, 1)
    );
}

#[tokio::test]
async fn of_many_that_are_taken_the_first_are_told() {
    let world = World::new().await;
    let desk = world.administrator();
    let file = table(250);
    assert_eq!(desk.import_responses(import(&file)).await.expect("done").added, 250);
    let broken = file.replace("Antwort 00100,a00100", "Antwort 00100,a 100");
    let refused = desk.import_responses(import(&broken)).await.expect("answered");
    assert_eq!((refused.problem_count, refused.problems.len()), (250, 200));
    let found = refused.problems.iter().map(|one| (one.line, one.mistake.as_str()));
    // Each row has two lines.
    let expected = (0..200).map(|row| {
        let mistake = if row == 100 { "shortcut" } else { "shortcut_taken" };
        (2 + 2 * row, mistake)
    });
    assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}
