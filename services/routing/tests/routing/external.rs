//! Work that was not routed here counts.

use crate::administrator::administrator;
use crate::deeds::supervisor;
use crate::world::{World, agent, id, reason, sales};
use onqueue_model::Reason;
use onqueue_proto::routing::v1::{self as proto, AgentState, Medium};

async fn let_chats_through_calls(world: &World) {
    let adam = administrator(world);
    let utilization = proto::Utilization {
        etag: "0".to_owned(),
        capacities: vec![
            proto::Capacity {
                medium: Medium::Call.into(),
                maximum: 1,
                interruptible_by: vec![Medium::Chat.into()],
            },
            proto::Capacity {
                medium: Medium::Chat.into(),
                maximum: 3,
                interruptible_by: Vec::new(),
            },
        ],
    };
    let user_id = id::<()>(1).to_string();
    let own = proto::GetUserUtilizationRequest {
        user_id: user_id.clone(),
    };
    let before = adam.utilization().get_user_utilization(adam.with(own)).await;
    let etag = before.expect("may").into_inner().utilization.expect("one").etag;
    let change = adam.with(proto::UpdateUserUtilizationRequest {
        user_id,
        utilization: Some(proto::Utilization { etag, ..utilization }),
    });
    adam.utilization().update_user_utilization(change).await.expect("may");
}

#[tokio::test]
async fn a_reported_call_blocks_chats_until_it_is_over_or_may_be_interrupted() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let (sara, mut anna) = (supervisor(&world), world.on_queue(1, "Anna").await);
    for _ in 0..2 {
        sara.report_work(1, 7, Medium::Call).await.expect("may");
    }
    let busy = anna.state(AgentState::Communicating).await;
    assert_eq!(busy.external_work.len(), 1);
    assert_eq!((busy.media[0].active, busy.media[0].maximum), (1, 1));
    assert_eq!((busy.labels[0].active, busy.labels[0].maximum), (1, None));
    world.open(100, &sales());
    world.reported(100, &["queued"]).await;
    for _ in 0..2 {
        sara.end_work(1, 7).await.expect("may");
    }
    let offer = anna.offer().await;
    anna.desk.accept(&offer).await.expect("hers");

    sara.report_work(1, 8, Medium::Call).await.expect("may");
    world.open(101, &sales());
    world.reported(101, &["queued"]).await;
    assert_eq!(anna.desk.state().await, (AgentState::Interacting, 1));
    let_chats_through_calls(&world).await;
    assert_eq!(anna.offer().await.conversation_id, id::<()>(101).to_string());
}

#[tokio::test]
async fn who_may_not_say_so_is_refused_and_no_more_is_counted_than_makes_sense() {
    let world = World::new(vec![agent(1, "Anna")]).await;
    let (sara, anna) = (supervisor(&world), world.user(1, "Anna"));
    let own = anna.report_work(1, 1, Medium::Call).await;
    assert_eq!(reason(own), Some(Reason::PermissionMissing));
    assert_eq!(
        reason(sara.report_work(9, 1, Medium::Call).await),
        Some(Reason::AgentNotFound)
    );
    assert_eq!(
        reason(sara.report_work(1, 1, Medium::Unspecified).await),
        Some(Reason::FieldInvalid)
    );
    for work in 0..100 {
        sara.report_work(1, work, Medium::Email).await.expect("may");
    }
    assert_eq!(
        reason(sara.report_work(1, 100, Medium::Email).await),
        Some(Reason::StateConflict)
    );
}
