//! How a node ends when its database does not.
#![allow(clippy::disallowed_methods)] // The test holds a transaction open from outside of every service.

use onqueue::{Node, Place, Surroundings, settings};
use onqueue_server::{Clock, Tasks};
use std::{future::pending, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{sync::Notify, time::timeout};

#[tokio::test]
async fn a_database_that_says_nothing_holds_up_no_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place {
        data: Some(folder.path().to_owned()),
        ..Place::default()
    };
    let mut settings = settings::load(&place).expect("good settings").settings;
    settings.gateway.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let surroundings = Surroundings::new(Clock::system(), Tasks::new());
    let node = Node::start(&settings, surroundings, None).await.expect("starts");
    let (store, begun) = (node.stores["session"].clone(), Arc::new(Notify::new()));
    let has_begun = Arc::clone(&begun);
    let holds = tokio::spawn(async move {
        let held = store.transaction(|_| {
            has_begun.notify_one();
            Box::pin(pending::<Result<(), _>>())
        });
        held.await
    });
    begun.notified().await;
    let ended = timeout(Duration::from_secs(60), node.stop(Duration::from_secs(4))).await;
    assert_eq!(ended, Ok(false), "it ends, and says that not all did");
    holds.abort();
}
