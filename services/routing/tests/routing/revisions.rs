//! What was set about queues before, and setting it again.

use crate::administrator::{administrator, audited, refusal, text};
use crate::queue_settings::{configured, field};
use crate::world::{DIVISION, Desk, SALES, World, reason};
use onqueue_model::Reason;
use onqueue_proto::routing::v1 as proto;
use onqueue_proto::session::v1::QueueState;
use tonic::Status;

impl Desk {
    async fn revisions(&self, page_size: i32, page_token: &str) -> (Vec<proto::QueueRevision>, String) {
        let request = self.with(proto::ListQueueRevisionsRequest {
            queue_id: text(SALES),
            page_size,
            page_token: page_token.to_owned(),
        });
        let answer = self
            .queues()
            .list_queue_revisions(request)
            .await
            .expect("may")
            .into_inner();
        (answer.revisions, answer.next_page_token)
    }

    async fn compare(&self, old: i64, new: i64) -> Result<proto::CompareQueueRevisionsResponse, Status> {
        let request = self.with(proto::CompareQueueRevisionsRequest {
            queue_id: text(SALES),
            old_revision: old,
            new_revision: new,
        });
        Ok(self.queues().compare_queue_revisions(request).await?.into_inner())
    }

    async fn apply(&self, etag: &str, revision: i64) -> Result<proto::Queue, Status> {
        let request = self.with(proto::ApplyQueueRevisionRequest {
            queue_id: text(SALES),
            etag: etag.to_owned(),
            revision,
        });
        let answer = self.queues().apply_queue_revision(request).await?;
        Ok(answer.into_inner().queue.expect("a queue"))
    }
}

#[tokio::test]
async fn every_change_is_kept_compared_and_can_be_set_again() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    let first = admin.queue(SALES).await.expect("may");
    let second = admin.set(SALES, &["limit", "auto_answer"], |queue| {
        (queue.limit, queue.auto_answer) = (5, true);
    });
    let second = second.await.expect("may");
    let third = admin.set(SALES, &["name"], |queue| queue.name = "Verkauf".to_owned());
    let third = third.await.expect("may");

    let (latest, token) = admin.revisions(2, "").await;
    let (rest, end) = admin.revisions(2, &token).await;
    assert_eq!(end, "");
    let all: Vec<_> = latest.into_iter().chain(rest).collect();
    let queues: Vec<_> = all.iter().filter_map(|revision| revision.queue.clone()).collect();
    assert_eq!(queues, [third.clone(), second.clone(), first.clone()]);
    let who: Vec<_> = all.iter().map(|revision| revision.changed_by.as_str()).collect();
    let me = format!("user:{}", text(0xad));
    assert_eq!(who, [&me, &me, "operator"]);
    let number = |queue: &proto::Queue| queue.etag.parse::<i64>().expect("a revision");
    assert!(
        all.iter()
            .zip(&queues)
            .all(|(revision, queue)| revision.revision == number(queue))
    );

    let compared = admin.compare(number(&first), number(&second)).await.expect("may");
    let told: Vec<_> = compared
        .differences
        .iter()
        .map(|one| (one.field.as_str(), one.old_value.as_str(), one.new_value.as_str()))
        .collect();
    assert_eq!(told, [("auto_answer", "false", "true"), ("limit", "0", "5")]);
    let last = admin.compare(0, 0).await.expect("may");
    assert_eq!(
        (last.old_revision, last.new_revision),
        (number(&second), number(&third))
    );
    assert_eq!(last.differences[0].new_value, "\"Verkauf\"");
    let none = admin.compare(0, number(&first)).await;
    assert_eq!(reason(none), Some(Reason::NotFound));

    let late = admin.apply(&second.etag, number(&first)).await;
    assert_eq!(refusal(late), (Some(Reason::EtagMismatch), third.etag.clone()));
    assert_eq!(field(admin.apply("", number(&first)).await).1, "etag");
    assert_eq!(reason(admin.apply(&third.etag, 7_777).await), Some(Reason::NotFound));
    let applied = admin.apply(&third.etag, number(&first)).await.expect("may");
    let expected = proto::Queue {
        etag: applied.etag.clone(),
        ..first.clone()
    };
    assert_eq!(applied, expected);
    assert!(number(&applied) > number(&third));
    assert_eq!(admin.apply(&third.etag, number(&first)).await.expect("again"), applied);
    let told = configured(&world).await.remove(&text(SALES).parse().expect("an id"));
    assert_eq!(told.map(|told| (told.limit, told.auto_answer)), Some((None, false)));
    let policies = world.session.policies();
    assert_eq!(policies.last().expect("pushed").name, "Vertrieb");
    let actions = audited(&world, &format!("queue:{}", text(SALES))).await;
    let expected = ["queue.seed", "queue.update", "queue.update", "queue.apply_revision"];
    assert_eq!(actions, expected);
}

#[tokio::test]
async fn what_can_not_be_set_again_is_said() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    let skill = admin.create_skill(1, "Griechisch").await.expect("may");
    let ring = proto::Ring {
        skills_to_remove: vec![skill.skill_id.clone()],
        ..proto::Ring::default()
    };
    let with = admin
        .set(SALES, &["rings"], |queue| queue.rings = vec![ring])
        .await
        .expect("may");
    let without = admin
        .set(SALES, &["rings"], |queue| queue.rings.clear())
        .await
        .expect("may");
    admin.delete_skill(&skill).await.expect("nobody names it");
    let revision = with.etag.parse().expect("a revision");
    let refused = admin.apply(&without.etag, revision).await;
    let expected = (
        Some(Reason::StateConflict),
        "queue.rings[0].skills_to_remove".to_owned(),
    );
    assert_eq!(field(refused), expected);

    world.grant(8, &["routing:queue:view"]);
    let viewer = world.user(8, "Otto");
    viewer.compare(0, 0).await.expect("may see");
    let refused = viewer.apply(&without.etag, revision).await;
    assert_eq!(reason(refused), Some(Reason::PermissionMissing));
}

/// What session was told last of when the queue is open.
fn told(world: &World) -> QueueState {
    let policies = world.session.policies().into_iter();
    let mut of_it = policies.filter(|policy| policy.queue_id == text(SALES));
    of_it.next_back().expect("it was told").state()
}

#[tokio::test]
async fn a_queue_gets_the_hours_back_that_it_had_and_none_where_it_had_none() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    let nights = proto::ScheduleGroup {
        name: "Nie".to_owned(),
        division_id: text(DIVISION),
        time_zone: "Europe/Berlin".to_owned(),
        ..proto::ScheduleGroup::default()
    };
    let group = admin.create_group(1, nights).await.expect("may");
    let number = |queue: &proto::Queue| queue.etag.parse::<i64>().expect("a revision");
    let always = admin.queue(SALES).await.expect("may");
    let never = admin.keep_to(SALES, &group.schedule_group_id).await;
    assert_eq!(told(&world), QueueState::Closed);

    let again = admin.apply(&never.etag, number(&always)).await.expect("may");
    assert_eq!(again.schedule_group_id, "");
    assert_eq!(told(&world), QueueState::Unspecified, "always open");
    let compared = admin.compare(number(&never), number(&again)).await.expect("may");
    let fields: Vec<_> = compared.differences.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(fields, ["schedule_group_id"]);

    let closed = admin.apply(&again.etag, number(&never)).await.expect("may");
    assert_eq!(closed.schedule_group_id, group.schedule_group_id);
    assert_eq!(told(&world), QueueState::Closed);
    let open = admin.apply(&closed.etag, number(&always)).await.expect("may");
    admin.delete_group(&group).await.expect("nobody keeps to it");
    let gone = field(admin.apply(&open.etag, number(&never)).await);
    assert_eq!(
        gone,
        (Some(Reason::StateConflict), "queue.schedule_group_id".to_owned())
    );
    assert_eq!(admin.queue(SALES).await.expect("may"), open, "nothing changed");
}
