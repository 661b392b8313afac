//! How long searches take in a large organisation: `cargo test -p onqueue-content --release -- --ignored --nocapture timing`.
// What is measured is real time.
#![allow(clippy::disallowed_methods, clippy::print_stdout)]

use crate::world::{SALES_TEXTS, World, response, text, variant};
use onqueue_proto::content::v1 as proto;
use std::time::Instant;

const RESPONSES: usize = 20_000;

/// Syllables of which words are made, so that what begins with one letter is a lot and what begins with five is little.
const SYLLABLES: [&str; 16] = [
    "er", "rück", "sen", "dung", "be", "zah", "lung", "lie", "fer", "kon", "to", "an", "stal", "über", "ge", "wei",
];

fn word(seed: usize) -> String {
    let place = |step: usize| SYLLABLES[(seed / step) % SYLLABLES.len()];
    format!("{}{}{}", place(1), place(16), place(256))
}

fn words(seed: usize, count: usize) -> String {
    let many = (0..count).map(|number| word(seed.wrapping_mul(31).wrapping_add(number * 2_654_435_761)));
    many.collect::<Vec<_>>().join(" ")
}

fn large(number: usize) -> proto::Response {
    proto::Response {
        response_id: text(0x10_0000 + number as u128),
        shortcut: format!("s{number}"),
        library_ids: vec![text(SALES_TEXTS)],
        variants: vec![variant("de", &words(number, 40)), variant("en", &words(number + 7, 40))],
        tags: vec![word(number)],
        ..response(&words(number, 3), "x")
    }
}

#[tokio::test]
#[ignore = "a measurement, not a test"]
async fn timing_of_searches_in_20_000_responses() {
    let world = World::new().await;
    let (desk, begun) = (world.administrator(), Instant::now());
    world.seed(Vec::new(), (0..RESPONSES).map(large).collect()).await;
    println!("seeded in {:?}", begun.elapsed());
    let begun = Instant::now();
    let mut times = Vec::new();
    for round in 0..40 {
        for typed in [
            "r",
            "rü",
            "rück",
            "rueckse",
            "s1",
            "er be",
            "be zah kon",
            "",
            "xyz",
            "überge",
        ] {
            let asked = proto::SearchResponsesRequest {
                text: typed.to_owned(),
                language: "de".to_owned(),
                ..proto::SearchResponsesRequest::default()
            };
            let begun = Instant::now();
            desk.search_responses(asked).await.expect("found");
            times.push((begun.elapsed(), typed, round));
        }
        if round == 0 {
            println!("first ten, with filling the index: {:?}", begun.elapsed());
            times.clear();
        }
    }
    times.sort_unstable();
    let at = |part: usize| times[times.len() * part / 1_000];
    println!("p50 {:?}\np99 {:?}\nmost {:?}", at(500), at(990), times.last());
}
