//! What the demo begins with.

use crate::world::{SALES, SALES_TEXTS, World, library, response, text};
use onqueue_proto::content::v1 as proto;

fn seeded(number: u128, name: &str, shortcut: &str, libraries: &[u128]) -> proto::Response {
    proto::Response {
        response_id: text(number),
        shortcut: shortcut.to_owned(),
        library_ids: libraries.iter().copied().map(text).collect(),
        ..response(name, "Guten Tag {{AGENT_NAME}}")
    }
}

#[tokio::test]
async fn what_people_changed_stays() {
    let world = World::new().await;
    let desk = world.administrator();
    let responses = || {
        vec![
            seeded(1, "Eins", "eins", &[SALES_TEXTS]),
            seeded(2, "Zwei", "zwei", &[SALES_TEXTS]),
            seeded(3, "Drei", "drei", &[SALES_TEXTS, 0x99]),
        ]
    };
    let libraries = || vec![library(SALES_TEXTS, "Vertrieb", SALES), library(0x77, "support", SALES)];
    world.seed(libraries(), responses()).await;
    assert_eq!(world.audited().await.len(), 2 + 3);
    let mut first = desk.read(&text(1)).await.expect("there");
    assert_eq!(
        desk.read(&text(3)).await.expect("there").library_ids,
        [text(SALES_TEXTS)]
    );
    first.name = "Geändert".to_owned();
    desk.change(&first, &["name"]).await.expect("changed");
    let second = desk.read(&text(2)).await.expect("there");
    let gone = proto::DeleteResponseRequest {
        response_id: second.response_id,
        etag: second.etag,
    };
    desk.delete_response(gone).await.expect("gone");

    let mut again = responses();
    again.extend([
        seeded(4, "Vier", "EINS", &[SALES_TEXTS]),
        seeded(5, "Fünf", "", &[0x77]),
    ]);
    world.seed(libraries(), again).await;
    assert_eq!(desk.read(&text(1)).await.expect("there").name, "Geändert");
    for left_out in [2, 4, 5] {
        assert!(desk.read(&text(left_out)).await.is_err(), "{left_out}");
    }
    assert_eq!(world.audited().await.len(), 2 + 3 + 2);
}
