use super::*;
use crate::content::{ResponseContent, Variant};
use onqueue_model::{Id, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

fn id<T>(number: u128) -> Id<T> {
    Uuid::from_u128(number).into()
}

fn language(tag: &str) -> Language {
    Language::parse(tag).expect("a tag")
}

/// Name, shortcut, tags, texts by language, uses; in library 1.
type Row<'a> = (&'a str, &'a str, &'a [&'a str], &'a [(&'a str, &'a str)], i64);

fn response(number: u128, (name, shortcut, tags, texts, uses): Row<'_>) -> Response {
    let variant = |(tag, text): &(&str, &str)| Variant {
        language: language(tag),
        text: (*text).to_owned(),
    };
    Response {
        id: id(number),
        revision: 1,
        content: ResponseContent {
            name: name.to_owned(),
            shortcut: shortcut.to_owned(),
            libraries: BTreeSet::from([id(1)]),
            variants: texts.iter().map(variant).collect(),
            substitutions: Vec::new(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        },
        uses,
        last_used_at: None,
        created_at: Timestamp(0),
        is_deleted: false,
    }
}

const ROWS: [Row<'_>; 6] = [
    (
        "Rückerstattung",
        "re",
        &["Geld"],
        &[
            ("de", "Wir erstatten {{AMOUNT}} binnen einer Woche."),
            ("en", "We refund it within a week."),
        ],
        5,
    ),
    (
        "Rücksendung",
        "ret",
        &["Paket"],
        &[("de", "Bitte senden Sie es zurück."), ("en", "Please send it back.")],
        9,
    ),
    (
        "Begrüßung",
        "hallo",
        &[],
        &[
            ("de", "Guten Tag, wie kann ich helfen?"),
            ("en", "Hello, how may I help?"),
        ],
        50,
    ),
    (
        "Received",
        "",
        &[],
        &[("en-gb", "We have received your return; the refund follows.")],
        7,
    ),
    (
        "Größe",
        "size",
        &["Maße"],
        &[("de", "Die Größe steht auf dem Etikett.")],
        0,
    ),
    ("Wartezeit", "zeit", &[], &[("de", "Es dauert eine Woche.")], 0),
];

fn index() -> Index {
    let mut index = Index::default();
    for (number, row) in ROWS.into_iter().enumerate() {
        index.put(&response(number as u128, row));
    }
    index
}

fn find(index: &Index, text: &str, tag: &str, limit: usize) -> Vec<usize> {
    let (language, libraries) = (Language::parse(tag), BTreeSet::from([id(1)]));
    let asked = Asked {
        text,
        language: language.as_ref(),
        libraries: &libraries,
        limit,
        own: None,
        queue: None,
    };
    let found = index.find(&asked).into_iter();
    found
        .map(|id| usize::try_from(id.uuid().as_u128()).expect("small"))
        .collect()
}

#[test]
fn what_is_typed_finds_in_this_order() {
    let index = index();
    for (text, tag, expected) in [
        // Umlauts in every way of writing them.
        ("rueck", "de", &[1, 0][..]),
        ("ruck", "de", &[1, 0]),
        ("rück", "de", &[1, 0]),
        ("RÜCKER", "de", &[0]),
        ("groesse", "de", &[4]),
        ("grosse", "de", &[4]),
        ("masse", "de", &[4]),
        // The shortcut itself, then what begins so, then words; the more used first in each.
        ("re", "en", &[0, 1, 3]),
        ("ret", "en", &[1, 3]),
        ("refund", "en", &[3, 0]),
        // The conversation's language before others.
        ("woche", "de", &[0, 5]),
        ("week", "de", &[0]),
        ("refund", "de", &[3, 0]),
        ("h", "en", &[2, 3]),
        ("we", "de-ch", &[3, 0]),
        ("we", "en-us", &[3, 0]),
        // Every word, in any order.
        ("refund return", "en", &[3]),
        ("woche erst", "de", &[0]),
        ("woche nichts", "de", &[]),
        // The name of a substitution is none of its words; what stands for nothing finds nothing.
        ("amount", "de", &[]),
        ("erstattung", "de", &[]),
        ("!", "de", &[]),
        // One letter too few, too many, another, two exchanged; after what was typed rightly.
        ("rueckerstatung", "de", &[0]),
        ("ückerst", "de", &[0]),
        ("rükcsend", "de", &[1]),
        ("hallp", "de", &[2]),
        ("recieved", "en", &[3]),
        ("wochr", "de", &[0, 5]),
        ("refunt week", "en", &[0]),
        ("wartezeti woche", "de", &[5]),
        // Not two in one word.
        ("rueckrestatung", "de", &[]),
        // Nothing typed: the most used.
        ("", "de", &[2, 1, 3, 0, 4, 5]),
        (" ", "", &[2, 1, 3, 0, 4, 5]),
    ] {
        assert_eq!(find(&index, text, tag, 50), expected, "{text} in {tag}");
    }
    assert_eq!(find(&index, "", "de", 2), [2, 1]);
}

/// Names that have words in common, in both languages; the longer ones, and texts that say the same, are used more.
const SIMILAR: [Row<'_>; 11] = [
    ("Rückerstattung", "", &[], &[("de", "Das Geld kommt.")], 0),
    ("Rückerstattung abgelehnt", "", &[], &[("de", "Leider nicht.")], 90),
    ("Rückerstattungen im Ausland", "", &[], &[("de", "Es dauert.")], 50),
    (
        "Lieferverzug",
        "",
        &[],
        &[(
            "de",
            "Eine Rückerstattung ist möglich, wird sie abgelehnt, schreiben Sie uns.",
        )],
        500,
    ),
    ("Refund", "", &[], &[("en", "The money comes.")], 0),
    ("Refund declined", "", &[], &[("en", "Not this time.")], 80),
    ("Refunds abroad", "", &[], &[("en", "It takes a while.")], 60),
    (
        "Late delivery",
        "",
        &[],
        &[("en", "We can offer a refund; where it was declined, write to us.")],
        400,
    ),
    ("Claim declined", "", &[], &[("en", "Not this one.")], 70),
    ("Zahlung prüfen", "", &[], &[("de", "Bitte warten.")], 1),
    ("Zahlung prüfer", "", &[], &[("de", "Bitte warten.")], 99),
];

#[test]
fn whole_names_come_first_with_and_without_a_slip() {
    let mut index = Index::default();
    for (number, row) in SIMILAR.into_iter().enumerate() {
        index.put(&response(number as u128, row));
    }
    for (text, tag, expected) in [
        // The name itself, names with the word, with more than it, and texts.
        ("rückerstattung", "de", &[0, 1, 2, 3][..]),
        ("Rueckerstattung", "de", &[0, 1, 2, 3]),
        ("refund", "en", &[4, 5, 6, 7]),
        // All of its words, in any order.
        ("rückerstattung abgelehnt", "de", &[1, 3]),
        ("declined refund", "en", &[5, 7]),
        ("refund declined", "de", &[5, 7]),
        // While it is typed, what is used more.
        ("rück", "de", &[1, 2, 0, 3]),
        ("refu", "en", &[5, 6, 4, 7]),
        ("refund decl", "en", &[5, 7]),
        ("declined", "en", &[5, 8, 7]),
        // With a slip just so.
        ("rückerstattugn", "de", &[0, 1, 2, 3]),
        ("refudn", "en", &[4, 5, 6, 7]),
        ("rükcerstattung abgelehnt", "de", &[1, 3]),
        ("rückerstattung abgelenht", "de", &[1, 3]),
        ("refnud declined", "en", &[5, 7]),
        ("refund declind", "en", &[5, 7]),
        ("claim declinde", "en", &[8]),
        // One slip before two.
        ("zahlunk prüfen", "de", &[9, 10]),
        ("zahlunk prüfer", "de", &[10, 9]),
    ] {
        assert_eq!(find(&index, text, tag, 50), expected, "{text} in {tag}");
    }
}

#[test]
fn only_what_may_be_seen_and_is_there() {
    let mut index = index();
    let libraries = BTreeSet::from([id(2)]);
    let asked = Asked {
        text: "re",
        language: None,
        libraries: &libraries,
        limit: 50,
        own: None,
        queue: None,
    };
    assert_eq!(index.find(&asked), []);
    let mut gone = response(0, ROWS[0]);
    gone.is_deleted = true;
    index.put(&gone);
    assert_eq!(find(&index, "re", "en", 50), [1, 3]);
    index.put(&response(1, ("Anders", "x", &[], &[("de", "neu")], 0)));
    assert_eq!(find(&index, "re", "en", 50), [3]);
    assert_eq!(find(&index, "neu", "de", 50), [1]);
    index.count(id(4), 99);
    assert_eq!(find(&index, "", "de", 1), [4]);
}

#[test]
fn it_is_worn_when_most_of_it_is_passed_over() {
    let mut index = index();
    for _ in 0..=FEW {
        index.put(&response(0, ROWS[0]));
    }
    assert!(index.is_worn());
}

/// The same by looking at everything.
fn naive(rows: &[Response], text: &str, language: &Language) -> Vec<ResponseId> {
    let typed = words(text);
    let whole_text = whole(text);
    // Nearly, in other languages only, not in the name, not a whole word.
    let one = |(near, own, word): &(bool, bool, Word), typed: &Word| {
        let pairs = typed
            .spellings()
            .flat_map(|typed| word.spellings().map(move |word| (typed, word)));
        let fits = |(spelled, word): (&str, &str)| {
            if word.starts_with(spelled) {
                return Some((0_u32, u32::from(word != spelled)));
            }
            let level = Near::of(typed)?.level(word)?;
            Some((1, u32::from(level & BEGINNING > 0)))
        };
        let (nearly, more) = pairs.filter_map(fits).min()?;
        Some([nearly, u32::from(!near), u32::from(!own), more])
    };
    let mut ranked: Vec<_> = rows
        .iter()
        .filter_map(|row| {
            let content = &row.content;
            let mut all = Vec::new();
            let mut hold = |near, own, text: &str| all.extend(words(text).into_iter().map(|word| (near, own, word)));
            hold(true, true, &content.name);
            hold(true, false, &content.shortcut);
            content.tags.iter().for_each(|tag| hold(true, false, tag));
            for variant in &content.variants {
                hold(primary(&variant.language) == primary(language), false, &variant.text);
            }
            let shortcut = whole(&content.shortcut);
            let is_shortcut = |test: fn(&str, &str) -> bool| {
                !content.shortcut.is_empty()
                    && whole_text
                        .spellings()
                        .any(|typed| shortcut.spellings().any(|shortcut| test(shortcut, typed)))
            };
            let best = |typed: &Word| all.iter().filter_map(|word| one(word, typed)).min();
            let total = |sum: [u32; 4], one: [u32; 4]| std::array::from_fn(|part| sum[part] + one[part]);
            let fit = if is_shortcut(|shortcut, typed| shortcut == typed) {
                (0, [0; 4], false)
            } else if is_shortcut(|shortcut, typed| shortcut.starts_with(typed)) {
                (1, [0; 4], false)
            } else {
                let each: Option<Vec<[u32; 4]>> = typed.iter().map(best).collect();
                let cost = each?.into_iter().fold([0; 4], total);
                let is_longer = cost[1..] == [0; 3] && words(&content.name).len() > typed.len();
                (2, cost, is_longer)
            };
            Some((fit, Reverse(row.uses), content.name.to_lowercase(), row.id))
        })
        .collect();
    ranked.sort();
    ranked.into_iter().map(|(.., id)| id).collect()
}

proptest! {
    #[test]
    fn it_finds_what_looking_at_everything_finds(
        rows in prop::collection::vec(("[abü]{1,3}( [abü]{1,3})?", "[abü]{0,2}", "[abü]{1,3}( [abü]{1,3}){0,3}", "[abü]{1,3}", 0_i64..3), 1..12),
        typed in "[abüu]{1,5}( [abüe]{1,4})?",
        again in 0_usize..12,
    ) {
        let rows: Vec<Response> = rows.iter().enumerate().map(|(number, (name, shortcut, de, en, uses))| {
            response(number as u128, (name, shortcut, &[], &[("de", de), ("en", en)], *uses))
        }).collect();
        let mut index = Index::default();
        rows.iter().for_each(|row| index.put(row));
        index.put(&rows[again % rows.len()]);
        let found = find(&index, &typed, "de", 50);
        let expected: Vec<usize> = naive(&rows, &typed, &language("de")).iter().map(|id| id.uuid().as_u128() as usize).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn nothing_of_other_libraries_is_found(
        rows in prop::collection::vec(("[ab]{1,4}", prop::collection::btree_set(0_u128..4, 1..3)), 1..20),
        typed in "[ab]{0,5}",
        allowed in prop::collection::btree_set(0_u128..4, 0..4),
        moved in prop::collection::vec((0_usize..20, prop::collection::btree_set(0_u128..4, 1..3)), 0..6),
    ) {
        let mut index = Index::default();
        let mut all: Vec<Response> = rows.iter().enumerate().map(|(number, (name, libraries))| {
            let mut row = response(number as u128, (name, "", &[], &[("de", name)], 0));
            row.content.libraries = libraries.iter().map(|library| id(*library)).collect();
            row
        }).collect();
        all.iter().for_each(|row| index.put(row));
        for (which, libraries) in moved {
            let which = which % all.len();
            all[which].content.libraries = libraries.iter().map(|library| id(*library)).collect();
            index.put(&all[which]);
        }
        let libraries: BTreeSet<LibraryId> = allowed.iter().map(|library| id(*library)).collect();
        let asked = Asked { text: &typed, language: None, libraries: &libraries, limit: 50, own: None, queue: None };
        let found = index.find(&asked);
        for id in &found {
            let row = all.iter().find(|row| row.id == *id).expect("known");
            prop_assert!(row.content.libraries.iter().any(|library| libraries.contains(library)));
        }
        if typed.is_empty() {
            let expected = all.iter().filter(|row| !row.content.libraries.is_disjoint(&libraries)).count();
            prop_assert_eq!(found.len(), expected);
        }
    }
}

#[test]
fn habits_come_before_what_everybody_does() {
    let index = index();
    let (own, queue) = (Uses::from([(id(5), 3)]), Uses::from([(id(4), 8), (id(0), 1)]));
    let libraries = BTreeSet::from([id(1)]);
    let find = |own, queue| {
        let asked = Asked {
            text: "",
            language: None,
            libraries: &libraries,
            limit: 6,
            own,
            queue,
        };
        let numbers = index.find(&asked).into_iter().map(|id| id.uuid().as_u128());
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(find(None, None), [2, 1, 3, 0, 4, 5]);
    // Two doublings of one's own are worth eight of everybody's; three of the queue's six, one of them two.
    assert_eq!(find(Some(&own), None), [5, 2, 1, 3, 0, 4]);
    assert_eq!(find(None, Some(&queue)), [4, 2, 0, 1, 3, 5]);
    assert_eq!(find(Some(&own), Some(&queue))[..2], [5, 4]);
}
