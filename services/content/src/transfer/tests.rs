use super::*;
use onqueue_model::{Language, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

fn response(content: ResponseContent) -> Response {
    Response {
        id: Uuid::from_u128(1).into(),
        revision: 1,
        content,
        uses: 0,
        last_used_at: None,
        created_at: Timestamp(0),
        is_deleted: false,
    }
}

/// Line, number of column, column and what is said of it; and the mistakes, with what belongs to them.
type Told = (Vec<(u64, u32, String, String)>, Vec<String>);

/// What is wrong with the file, whether it can be read or not.
fn problems(format: Format, file: &[u8]) -> Problems {
    let problems = read(format, file).map_or_else(|problems| problems, |read| read.problems);
    assert!(!problems.is_none(), "it is wrong");
    problems
}

/// The rows of a file with which nothing is wrong.
fn right(format: Format, file: &[u8]) -> Vec<(u64, ResponseContent)> {
    let read = read(format, file).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert!(read.problems.is_none(), "{:?}", read.problems);
    let rows = read.rows.into_iter();
    rows.map(|row| (row.line, row.content.expect("nothing is wrong")))
        .collect()
}

fn all_told(format: Format, file: &[u8]) -> Told {
    let problems = problems(format, file);
    assert_eq!(problems.count as usize, problems.told.len());
    let told = problems.told.into_iter();
    told.map(|problem| {
        let mistake = format!("{} {:?}", problem.mistake, problem.parameters);
        ((problem.line, problem.number, problem.column, problem.message), mistake)
    })
    .unzip()
}

fn told(format: Format, file: &[u8]) -> Vec<(u64, u32, String, String)> {
    all_told(format, file).0
}

/// The first mistake, with what belongs to it.
fn mistake(format: Format, file: &[u8]) -> String {
    all_told(format, file).1.swap_remove(0)
}

fn names(format: Format, file: &str) -> Vec<(u64, String)> {
    let rows = right(format, file.as_bytes()).into_iter();
    rows.map(|(line, content)| (line, content.name)).collect()
}

#[test]
fn tables_are_read_as_programs_write_them() {
    let expected = [(2, "Gruß".to_owned()), (3, "Dank".to_owned())];
    for file in [
        "name,text:de\nGruß,Hallo\nDank,Danke\n",
        "\u{feff}name;text:de\r\nGruß;Hallo\r\nDank;Danke\r\n",
        "NAME\tText:DE\nGruß\tHallo\nDank\tDanke",
        "\"name\";\"text:de\"\n\"Gruß\";\"Hallo\"\n\"Dank\";\"Danke\"",
        "name,text:de,\nGruß,Hallo,\nDank,Danke,\n,,\n",
        "name;text:de\rGruß;Hallo\rDank;Danke\r",
    ] {
        assert_eq!(names(Format::Csv, file), expected, "{file:?}");
    }
}

#[test]
fn lines_are_those_that_an_editor_shows() {
    let file = "name,text:de\r\n\r\n\"A\",\"one\r\ntwo\nthree\"\r\nB,x\r\n\r\n\r\nC,\"a \"\"word\"\", and more\"\r\n";
    assert_eq!(
        names(Format::Csv, file),
        [(3, "A".to_owned()), (6, "B".to_owned()), (9, "C".to_owned())]
    );
    let rows = right(Format::Csv, file.as_bytes());
    let texts: Vec<&str> = rows
        .iter()
        .map(|(_, content)| content.variants[0].text.as_str())
        .collect();
    assert_eq!(texts, ["one\ntwo\nthree", "x", "a \"word\", and more"]);
    let list = "[\n {\"name\": \"A\", \"texts\": [{\"language\": \"de\", \"text\": \"x\"}]},\n\n {\n\"name\": \"B\",\n\"texts\": [{\"language\": \"de\", \"text\": \"x\"}]}\n]\n";
    assert_eq!(names(Format::Json, list), [(2, "A".to_owned()), (4, "B".to_owned())]);
}

#[test]
fn everything_in_a_row_is_read() {
    let file = "tags,text:en,name,substitutions,text:de-AT,shortcut\n\
        Eil|a\\|b,Your {{ORDER}},Order,\"ORDER|none|Its number\nDATE\",'-Ihre {{DATE}},ord\n";
    let (_, content) = &right(Format::Csv, file.as_bytes())[0];
    assert_eq!((content.name.as_str(), content.shortcut.as_str()), ("Order", "ord"));
    assert_eq!(content.tags, ["Eil", "a|b"]);
    let substitution = |name: &str, description: &str, default: &str| Substitution {
        name: name.to_owned(),
        description: description.to_owned(),
        default_value: default.to_owned(),
    };
    assert_eq!(
        content.substitutions,
        [
            substitution("ORDER", "Its number", "none"),
            substitution("DATE", "", "")
        ]
    );
    let variants: Vec<_> = content
        .variants
        .iter()
        .map(|one| (one.language.as_str(), one.text.as_str()))
        .collect();
    assert_eq!(variants, [("en", "Your {{ORDER}}"), ("de-at", "-Ihre {{DATE}}")]);
}

#[test]
fn every_wrong_cell_is_named() {
    let long = "ä".repeat(4_001);
    let file = format!(
        "name,shortcut,text:de,substitutions\n\
        A,a b,x,\n\
        ,b,{long},lower\n\
        C,c,{{{{ORDER}}}},\n\
        D,C,x,\n\
        E,,,\n\
        F,f,x,,more\n\
        {},g,x,\n",
        "y".repeat(101)
    );
    let (told, mistakes) = all_told(Format::Csv, file.as_bytes());
    let places: Vec<_> = told
        .iter()
        .map(|(line, number, column, _)| (*line, *number, column.as_str()))
        .collect();
    assert_eq!(
        places,
        [
            (2, 2, "shortcut"),
            (3, 1, "name"),
            (3, 3, "text:de"),
            (3, 4, "substitutions"),
            (4, 3, "text:de"),
            (5, 2, "shortcut"),
            (6, 0, ""),
            (7, 5, ""),
            (8, 1, "name"),
        ]
    );
    assert!(told[2].3.contains("4,000 characters"), "{}", told[2].3);
    assert!(told[4].3.contains("{{ORDER}}"), "{}", told[4].3);
    assert!(told[5].3.contains("line 4"), "{}", told[5].3);
    assert_eq!(
        mistakes,
        [
            r#"shortcut {"maximum": "20"}"#,
            r#"name {"maximum": "100"}"#,
            r#"too_long {"language": "de", "maximum": "4000", "maximum_characters": "4000"}"#,
            r#"substitution_name {"name": "lower"}"#,
            r#"substitution_undeclared {"language": "de", "substitution": "ORDER"}"#,
            r#"shortcut_twice {"other_line": "4", "shortcut": "C"}"#,
            r"text_missing {}",
            r"heading_missing {}",
            r#"name {"maximum": "100"}"#,
        ]
    );
}

#[test]
fn every_mistake_in_a_table_is_known_by_a_word() {
    let long = "y".repeat(201);
    for (file, expected) in [
        ("".to_owned(), "file_empty {}"),
        ("name,text:de\n".to_owned(), "no_response {}"),
        ("text:de\nA\n".to_owned(), r#"column_missing {"name": "name"}"#),
        ("name\nA\n".to_owned(), "text_column_missing {}"),
        (
            "name,Colour,text:de\nA,b,c\n".to_owned(),
            r#"column_unknown {"name": "Colour"}"#,
        ),
        (
            "name,text:de,text:DE\nA,b,c\n".to_owned(),
            r#"twice {"name": "text:de"}"#,
        ),
        ("name,text:de\nC,\"open\n".to_owned(), "quote_open {}"),
        ("name,tags,text:de\nC,a|A,x\n".to_owned(), r#"twice {"name": "a"}"#),
        (
            format!("name,substitutions,text:de\nC,A||{long},x\n"),
            r#"too_long {"maximum": "200"}"#,
        ),
        (
            format!(
                "name,tags,text:de\nC,{},x\n",
                (0..21).map(|tag| tag.to_string()).collect::<Vec<_>>().join("|")
            ),
            r#"too_many {"maximum": "20"}"#,
        ),
        (
            "name,text:de\nC,Hallo {{ORDER\n".to_owned(),
            r#"substitution_open {"language": "de", "text": "{{ORDER"}"#,
        ),
        (
            "name,text:de\nC,Hallo {{order}}!\n".to_owned(),
            r#"substitution_malformed {"language": "de", "text": "{{order}}"}"#,
        ),
        (
            "name,text:de\nC,Hallo \u{7}\n".to_owned(),
            r#"control_characters {"language": "de"}"#,
        ),
    ] {
        assert_eq!(mistake(Format::Csv, file.as_bytes()), expected, "{file:?}");
    }
    assert_eq!(mistake(Format::Csv, b"name,text:de\nGru\xdf,c\n"), "encoding {}");
    let told = Problems::too_long().told;
    assert_eq!(
        (told[0].mistake.as_str(), &*told[0].parameters["maximum"]),
        ("file_too_long", "16")
    );
}

#[test]
fn every_mistake_in_a_list_is_known_by_a_word() {
    for (file, expected) in [
        ("{}", "list_expected {}"),
        ("[\"A\"", "comma_expected {}"),
        ("[", "object_expected {}"),
        ("[] x", "end_expected {}"),
        ("[{\"name\": \"A\" \"texts\": []}]", "json_malformed {}"),
        (
            "[{\"name\": \"A\", \"colour\": 1, \"texts\": []}]",
            r#"field_unknown {"name": "colour"}"#,
        ),
        ("[{\"texts\": []}]", r#"field_missing {"name": "name"}"#),
        ("[{\"name\": 1, \"texts\": []}]", "kind {}"),
        (
            "[{\"name\": \"A\", \"texts\": [{\"language\": \"d\", \"text\": \"x\"}]}]",
            r#"language {"language": "d"}"#,
        ),
        (
            "[{\"name\": \"A\", \"texts\": [{\"language\": \"de\", \"text\": \" \"}]}]",
            r#"empty {"language": "de"}"#,
        ),
    ] {
        assert_eq!(mistake(Format::Json, file.as_bytes()), expected, "{file}");
    }
}

#[test]
fn what_is_no_table_of_responses_is_refused_with_its_place() {
    for (file, line, number, said) in [
        (&b""[..], 1, 0, "empty"),
        (b"name,text:de\n", 1, 0, "no response"),
        (b"name\nA\n", 1, 0, "column of texts"),
        (b"text:de\nA\n", 1, 0, "column “name"),
        (b"name,colour,text:de\nA,b,c\n", 1, 2, "colour"),
        (b"name,text:d,text:de\nA,b,c\n", 1, 2, "no column"),
        (b"name,text:de,text:DE\nA,b,c\n", 1, 3, "twice"),
        (b"name,text:de\nA,b\nC,\"open\nD,e\n", 3, 0, "quotation mark"),
        (b"name,text:de\nA,b\nGru\xdf,c\n", 3, 0, "UTF-8"),
        (b"\xff\xfen\0a\0m\0e\0", 1, 0, "UTF-8"),
    ] {
        let told = told(Format::Csv, file);
        let (found, column, _, message) = &told[0];
        assert_eq!((*found, *column), (line, number), "{message}");
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn what_is_no_list_of_responses_is_refused_with_its_place() {
    for (file, line, column, said) in [
        ("", 1, "", "begins with ["),
        ("{}", 1, "", "begins with ["),
        ("[]", 1, "", "no response"),
        ("[\n {\"name\": \"A\"},\n]", 3, "", "expected"),
        ("[\n{\"name\": \"A\" \"texts\": []}]", 2, "", "expected `,` or `}`"),
        ("[{\"name\": \"A\",\n\"texts\": [", 2, "", "EOF"),
        ("[\n\n{\"name\": \"A\", \"texts\": []}\n] x", 4, "", "nothing"),
        ("[\n{\"name\": 1, \"texts\": []}]", 2, "name", "string"),
        (
            "[{\n\"name\": \"A\",\n\"colour\": 1, \"texts\": []}]",
            3,
            "colour",
            "unknown field",
        ),
        ("[\n{\"texts\": []}]", 2, "", "missing field `name`"),
        (
            "[\n{\"name\": \"A\", \"texts\": [{\"language\": \"de\",\n\"text\": 1}]}]",
            3,
            "texts[0].text",
            "string",
        ),
        (
            "[\n{\"name\": \"A\", \"texts\": [{\"language\": \"d\", \"text\": \"x\"}]}]",
            2,
            "texts.d",
            "BCP-47",
        ),
        (
            "[\n{\"name\": \"A\", \"texts\": [{\"language\": \"de\", \"text\": \"{{X}}\"}]}]",
            2,
            "texts.de",
            "{{X}}",
        ),
        ("[\n{\"name\": \"A\", \"texts\": []}]", 2, "", "no text"),
    ] {
        let told = told(Format::Json, file.as_bytes());
        let (found, _, called, message) = &told[0];
        assert_eq!((*found, called.as_str()), (line, column), "{file}: {message}");
        assert!(message.contains(said), "{file}: {message}");
    }
}

#[test]
fn a_broken_file_is_not_told_in_a_thousand_pieces() {
    let rows = "A,a b,x\n".repeat(1_000);
    let wrong = problems(Format::Csv, format!("name,shortcut,text:de\n{rows}").as_bytes());
    assert_eq!((wrong.told.len(), wrong.count >= 1_000), (TOLD, true));
    let rows = "A,x\n".repeat(ROWS + 1);
    let problems = problems(Format::Csv, format!("name,text:de\n{rows}").as_bytes());
    assert_eq!((problems.count, problems.told[0].line), (1, ROWS as u64 + 2));
    assert_eq!(problems.told[0].mistake, "too_many_responses");
}

#[test]
fn what_is_told_are_the_first_in_the_order_of_lines() {
    let mut problems = Problems::default();
    let lines = (0..1_000).map(|line| (line * 37) % 1_000);
    for line in lines {
        for number in [2, 1] {
            problems.add(line, (String::new(), number), wrong(Mistake::Kind, "x"));
        }
    }
    let told: Vec<_> = problems.told.iter().map(|told| (told.line, told.number)).collect();
    let first: Vec<_> = (0..100).flat_map(|line| [(line, 1), (line, 2)]).collect();
    assert_eq!((told, problems.count), (first, 2_000));
}

#[test]
fn wrong_rows_still_tell_what_they_are_about() {
    let name = |name: &str| Key::Name(name.to_owned());
    let shortcut = |shortcut: &str| Key::Shortcut(shortcut.to_owned());
    let keys = |format, file: &str| -> Vec<(u64, Key, bool)> {
        let read = read(format, file.as_bytes()).expect("it can be read");
        assert!(read.rows.iter().all(|row| row.content.is_none()), "all are wrong");
        let rows = read.rows.into_iter();
        rows.map(|row| (row.line, row.key, row.repeats)).collect()
    };
    let table = "name,shortcut,tags,text:de\n\
        A,a,,\n,b,,x\nC,,,\nD,d d,,x\n,,,x\nE,A,,\n";
    assert_eq!(
        keys(Format::Csv, table),
        [
            (2, shortcut("a"), false),
            (3, shortcut("b"), false),
            (4, name("C"), false),
            (5, Key::Unreadable, false),
            (6, Key::Unreadable, false),
            (7, shortcut("A"), true),
        ]
    );
    let list = "[{\"name\": \"A\", \"shortcut\": \" a\", \"colour\": 1, \"texts\": []},\n\
        {\"name\": \"B\"},\n{\"shortcut\": \"c\"},\n{\"name\": \"D\", \"shortcut\": 1},\n{\"name\": 1},\n\"E\",\n\
        {\"name\": \"F\", \"shortcut\": \"A \", \"texts\": []}]";
    assert_eq!(
        keys(Format::Json, list),
        [
            (1, shortcut("a"), false),
            (2, name("B"), false),
            (3, shortcut("c"), false),
            (5, Key::Unreadable, false),
            (6, Key::Unreadable, false),
            (7, shortcut("A"), true),
        ]
    );
}

fn contents() -> impl Strategy<Value = ResponseContent> {
    let text = "[a-zä='+|\\\\\"\n;, ]{0,12}[a-z]";
    let variants = prop::collection::btree_map("(de|en|fr|de-at)", text, 1..4);
    let substitutions = prop::collection::btree_map("[A-Z]{1,4}", ("[a|\\\\\n#]{0,5}", "[a|\\\\]{0,5}"), 0..3);
    let name = "[a-zß='@;,\"]{1,8}";
    (
        name,
        "[a-z='|]{0,6}",
        variants,
        substitutions,
        prop::collection::btree_set("[a-z|\\\\'=]{1,5}", 0..4),
    )
        .prop_map(|(name, shortcut, variants, substitutions, tags)| ResponseContent {
            name,
            shortcut,
            libraries: BTreeSet::new(),
            variants: variants
                .into_iter()
                .map(|(language, text)| Variant {
                    language: Language::parse(&language).expect("a tag"),
                    text,
                })
                .collect(),
            substitutions: substitutions
                .into_iter()
                .map(|(name, (default_value, description))| Substitution {
                    name,
                    description,
                    default_value,
                })
                .collect(),
            tags: tags.into_iter().collect(),
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_written_alike(mut all in prop::collection::vec(contents(), 1..6)) {
        // A shortcut comes once.
        let mut seen = BTreeSet::new();
        all.retain(|content| content.shortcut.is_empty() || seen.insert(fold(&content.shortcut)));
        let responses: Vec<Response> = all.iter().cloned().map(response).collect();
        for format in [Format::Csv, Format::Json] {
            let file = write(format, &responses).expect("writes");
            let rows = right(format, &file).into_iter();
            let mut found: Vec<ResponseContent> = rows.map(|(_, content)| content).collect();
            let again = write(format, &found.iter().cloned().map(response).collect::<Vec<_>>()).expect("writes");
            prop_assert_eq!(String::from_utf8_lossy(&file), String::from_utf8_lossy(&again));
            // A table has one order of languages.
            let sorted = |all: &mut Vec<ResponseContent>| all.iter_mut().for_each(|content| {
                content.variants.sort_by(|one, other| one.language.cmp(&other.language));
            });
            let mut expected = all.clone();
            sorted(&mut expected);
            sorted(&mut found);
            prop_assert_eq!(found, expected, "{:?}", format);
        }
    }
}
