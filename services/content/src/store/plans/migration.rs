//! Responses that were there before they were listed by tag and counted.

use super::filled::{Words, id, organisation};
use crate::{
    Migrations,
    store::{Listing, Tables, Usage},
};
use onqueue_model::Divisions;
use onqueue_testkit::temp_store;
use sea_orm::ConnectionTrait as _;
use sea_orm_migration::MigratorTrait as _;

#[tokio::test]
async fn what_was_there_is_counted_and_has_its_tags() {
    let temp = temp_store().await;
    let words = Words::of(temp.store.reader().get_database_backend());
    let [own, division, library, one, other] = [1, 2, 4, 10, 11].map(words.id);
    let response = |row: &str, name: &str| {
        format!(
            "INSERT INTO content_responses (organisation_id, response_id, revision, name, name_folded, shortcut, libraries, \
            variants, substitutions, tags, uses, created_at) \
            VALUES ({own}, {row}, 1, '{name}', '{name}', '', '[]', '[]', '[]', '[]', 0, 0); \
            INSERT INTO content_places (organisation_id, library_id, response_id, division_id, name_folded) \
            VALUES ({own}, {library}, {row}, {division}, '{name}');"
        )
    };
    let there = format!(
        "INSERT INTO content_libraries (organisation_id, library_id, revision, name, name_folded, description, division_id, \
        created_at) VALUES ({own}, {library}, 1, 'L', 'l', '', {division}, 0); {} {} \
        INSERT INTO content_tags (organisation_id, tag_folded, response_id) VALUES ({own}, 'hello', {other})",
        response(&one, "a"),
        response(&other, "b"),
    );
    let before = temp.store.transaction(move |tx| {
        let there = there.clone();
        Box::pin(async move {
            Migrations::up(tx, Some(1)).await?;
            tx.execute_unprepared(&there).await?;
            Ok(())
        })
    });
    before.await.expect("as it was");
    temp.store.migrate::<Migrations>().await.expect("migrations apply");
    let tables = Tables(temp.store.clone());
    let found = tables.library(organisation(), id(4).into()).await.expect("read");
    assert_eq!(found.map(|library| library.responses), Some(2));
    let listing = Listing {
        text: String::new(),
        after: None,
        size: 10,
    };
    for divisions in [Divisions::All, Divisions::Only([id(2).into()].into())] {
        for library in [None, Some(id(4).into())] {
            let page = tables.list_responses(organisation(), (library, &divisions), ("Hello", Usage::Any), &listing);
            let items = page.await.expect("a page").items;
            let names: Vec<_> = items.iter().map(|response| response.content.name.as_str()).collect();
            assert_eq!(names, ["b"]);
        }
    }
}
