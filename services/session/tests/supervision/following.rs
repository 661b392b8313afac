//! What agents see of supervisors, and supervisors of the conversation.

use crate::support::{House, any_frame, events, frame, id, policy, queue, word};
use crate::{EVERYTHING, not_allowed, refusal};
use onqueue_proto::session::v1::{self as proto, SupervisionMode, WatchResponse, event::Body, watch_response::Frame};
use tonic::Code;

/// Who supervises, as a frame or a summary shows it.
fn shown(supervisors: &[proto::Supervisor]) -> Vec<(String, SupervisionMode)> {
    supervisors.iter().map(|one| (one.name.clone(), one.mode())).collect()
}

/// The next frame about who supervises.
async fn supervision(stream: &mut tonic::Streaming<WatchResponse>) -> Vec<(String, SupervisionMode)> {
    loop {
        if let Some(Frame::Supervision(now)) = any_frame(stream).await.frame {
            return shown(&now.supervisors);
        }
    }
}

#[tokio::test]
async fn agents_see_who_watches_where_the_queue_says_so() {
    let house = House::new(53).await;
    let (desk, chat, ada) = (&house.desk, house.connected(1).await, house.agent_token());
    let (tim, eva) = (
        house.supervisor(1, "Tim", &EVERYTHING),
        house.supervisor(2, "Eva", &EVERYTHING),
    );
    let mut watched = desk.watch(&ada, &chat.id, "").await.expect("hers");
    events(&mut watched, 5).await;
    desk.monitors(&tim, &chat).await.expect("watches");
    desk.coaches(&eva, &chat).await.expect("coaches");
    let coaching = ("Eva".to_owned(), SupervisionMode::Coach);
    assert_eq!(supervision(&mut watched).await, std::slice::from_ref(&coaching));
    let seen = desk.get(&ada, &chat.id).await.expect("hers");
    assert_eq!(shown(&seen.supervisors), [("Eva".to_owned(), SupervisionMode::Coach)]);
    desk.put(proto::QueuePolicy {
        monitor_visible: true,
        ..policy(queue(), 9)
    })
    .await;
    desk.leaves(&eva, &chat).await.expect("leaves");
    // A look that began before the queue said so, or before she left, may still show others of the two.
    let watching = ("Tim".to_owned(), SupervisionMode::Monitor);
    let mut now = supervision(&mut watched).await;
    while now != std::slice::from_ref(&watching) {
        assert!(now.iter().all(|one| [&watching, &coaching].contains(&one)), "{now:?}");
        now = supervision(&mut watched).await;
    }
    desk.coaches(&tim, &chat).await.expect("coaches");
    assert_eq!(
        supervision(&mut watched).await,
        [("Tim".to_owned(), SupervisionMode::Coach)]
    );
    let seen = desk.get(&eva, &chat.id).await.expect("may see");
    assert_eq!(shown(&seen.supervisors), [("Tim".to_owned(), SupervisionMode::Coach)]);
}

#[tokio::test]
async fn who_follows_sees_everything_until_they_leave_or_may_not() {
    let house = House::new(54).await;
    let (desk, chat) = (&house.desk, house.connected(1).await);
    let (tim, eva) = (
        house.supervisor(1, "Tim", &EVERYTHING),
        house.supervisor(2, "Eva", &EVERYTHING),
    );
    let mut tims = desk.monitor(&tim, &chat.id, "").await.expect("a stream");
    desk.coaches(&eva, &chat).await.expect("coaches");
    let mut evas = desk.watch(&eva, &chat.id, "").await.expect("a stream");
    for stream in [&mut tims, &mut evas] {
        events(stream, 5).await;
    }
    desk.whispers(&eva, &chat, ("7", "Slowly")).await.expect("sent");
    let heard = events(&mut tims, 1).await.remove(0).0;
    let own = events(&mut evas, 1).await.remove(0).0;
    let key = |event: &proto::Event| match event.body.as_ref() {
        Some(Body::CoachMessage(message)) => (message.name.clone(), message.client_message_id.clone()),
        _ => panic!("{} instead", word(event)),
    };
    assert_eq!(key(&heard), ("Eva".to_owned(), String::new()));
    assert_eq!(key(&own), ("Eva".to_owned(), "7".to_owned()));
    desk.leaves(&eva, &chat).await.expect("leaves");
    let bye = frame(&mut evas).await;
    assert!(matches!(bye.frame, Some(Frame::Goodbye(bye)) if bye.reason == "access_changed"));
    assert_eq!(refusal(desk.watch(&eva, &chat.id, "").await.map(drop)), not_allowed());
    house.tokens.ungrant(id(401));
    let bye = frame(&mut tims).await;
    assert!(matches!(bye.frame, Some(Frame::Goodbye(bye)) if bye.reason == "access_changed"));
    assert_eq!(refusal(desk.monitors(&tim, &chat).await).0, Code::PermissionDenied);
}
