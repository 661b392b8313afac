//! The owner's transaction: what is in the tables after it.

use super::{Batch, Claim, Delivered, Details, Fence, Logged, NewPack, Parcel, Tables, entities};
use crate::Migrations;
use onqueue_acd::Command;
use onqueue_model::{InteractionId, OrganisationId, Shard, Timestamp};
use onqueue_store::StoreError;
use onqueue_testkit::{TempStore, temp_store};
use sea_orm::{ActiveModelTrait as _, EntityTrait, IntoActiveModel, PaginatorTrait as _};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use uuid::Uuid;

const LEASE: Duration = Duration::from_secs(60);

fn organisation() -> OrganisationId {
    Uuid::from_u128(1).into()
}

fn interaction(conversation: u128) -> InteractionId {
    InteractionId {
        conversation: Uuid::from_u128(conversation).into(),
        opening: 1,
    }
}

fn logged(position: i64) -> Logged {
    Logged {
        organisation: organisation(),
        position,
        at: Timestamp(position),
        command: Command::Tick,
        traceparent: None,
        epoch: 1,
    }
}

fn pack(place: i64) -> NewPack {
    NewPack {
        organisation: organisation(),
        place,
        reports: 2,
        payload: vec![7],
    }
}

fn delivered(parcels: impl IntoIterator<Item = Parcel>) -> Delivered {
    let mut delivered = Delivered::default();
    delivered.extend(parcels);
    delivered
}

struct World {
    temp: TempStore,
    tables: Tables,
}

impl World {
    async fn new() -> Self {
        let temp = temp_store().await;
        temp.store.migrate::<Migrations>().await.expect("migrations apply");
        let tables = Tables(temp.store.clone());
        Self { temp, tables }
    }

    async fn take(&self, owner: &str) -> Fence {
        let taken = self.tables.take_leases(owner, "", LEASE, Claim::All).await;
        Fence {
            owner: owner.to_owned(),
            epochs: Arc::new(taken.expect("a database").expect("taken")),
            is_checked: true,
        }
    }

    async fn commit(&self, fence: &Fence, batch: Batch) -> Result<(), StoreError> {
        self.tables.commit(fence, Arc::new(batch)).await
    }

    async fn count<E: EntityTrait<Model: Sync>>(&self) -> u64 {
        E::find().count(self.temp.store.reader()).await.expect("counted")
    }

    /// Of the log, interactions, packs of reports and who had what.
    async fn counts(&self) -> [u64; 4] {
        [
            self.count::<entities::log::Entity>().await,
            self.count::<entities::interaction::Entity>().await,
            self.count::<entities::report_pack::Entity>().await,
            self.count::<entities::wrap_up::Entity>().await,
        ]
    }
}

#[tokio::test]
async fn what_a_batch_says_is_there_and_what_came_and_went_with_it_is_not() {
    let world = World::new().await;
    let fence = world.take("me").await;
    let opened = |conversation| (organisation(), interaction(conversation), Details::default());
    let mut batch = Batch {
        log: vec![logged(1), logged(2)],
        packs: vec![pack(1), pack(2)],
        opened: vec![opened(1), opened(2), opened(3)],
        ended: vec![(organisation(), interaction(2))],
        cursors: BTreeMap::from([(Shard(3), 7), (Shard(4), 8)]),
        ..Batch::default()
    };
    let (user, queues) = (Uuid::from_u128(9).into(), [Uuid::from_u128(5), Uuid::from_u128(6)]);
    let key = (organisation(), interaction(1), user);
    batch.wrap_ups.handled.insert(key, queues[0].into());
    world.commit(&fence, batch).await.expect("committed");
    assert_eq!(world.counts().await, [2, 2, 2, 1]);

    let mut batch = Batch {
        log: vec![logged(3)],
        delivered: delivered([Parcel::Pack(organisation(), 1)]),
        ended: vec![(organisation(), interaction(3)), (organisation(), interaction(4))],
        cursors: BTreeMap::from([(Shard(3), 9)]),
        ..Batch::default()
    };
    batch.wrap_ups.handled.insert(key, queues[1].into());
    world.commit(&fence, batch).await.expect("committed");
    assert_eq!(world.counts().await, [3, 1, 1, 1]);
    let cursors = world.tables.cursors().await.expect("read");
    assert_eq!(cursors[2..6], [0, 9, 8, 0]);
    let handled = world.tables.handled(organisation(), interaction(1).conversation, user);
    let handled = handled.await.expect("read").expect("there");
    assert_eq!((handled.queue, handled.said), (queues[1].into(), None));
}

#[tokio::test]
async fn who_has_lost_the_leases_writes_nothing() {
    let world = World::new().await;
    let (mine, batch) = (world.take("me").await, |position| Batch {
        log: vec![logged(position)],
        packs: vec![pack(1)],
        cursors: BTreeMap::from([(Shard(3), position)]),
        ..Batch::default()
    });
    let theirs = world.take("other").await;
    let refused = world.commit(&mine, batch(1)).await.expect_err("refused");
    assert!(matches!(refused, StoreError::Refused(_)), "{refused:?}");
    assert_eq!(world.counts().await, [0; 4]);
    assert_eq!(world.tables.cursors().await.expect("read")[3], 0);
    world.commit(&theirs, batch(1)).await.expect("committed");
    let mine_again = world.take("me").await;
    let stale = Fence {
        epochs: mine.epochs,
        ..mine_again.clone()
    };
    world.commit(&stale, batch(2)).await.expect_err("an epoch that is over");
    world
        .commit(
            &mine_again,
            Batch {
                packs: vec![],
                ..batch(2)
            },
        )
        .await
        .expect("committed");
    assert_eq!(world.counts().await, [2, 0, 1, 0]);
}

/// The outbox as the version before left it is there beside what is written now, read before it, and emptied.
#[tokio::test]
async fn reports_from_before_they_were_packed_are_read_first_and_taken_out() {
    let world = World::new().await;
    let fence = world.take("me").await;
    let single = |conversation, position| entities::report::Model {
        organisation_id: organisation().uuid(),
        conversation_id: interaction(conversation).conversation.uuid(),
        position,
        opening: 1,
        epoch: 1,
        traceparent: Some("trace".to_owned()),
        payload: vec![1],
    };
    let rows = [single(2, 5), single(1, 7), single(1, 6)].map(IntoActiveModel::into_active_model);
    let written = world.temp.store.transaction(move |tx| {
        let rows = rows.clone().map(|row| row.reset_all());
        Box::pin(async move {
            entities::report::Entity::insert_many(rows)
                .exec_without_returning(tx)
                .await?;
            Ok(())
        })
    });
    written.await.expect("as it was");
    let batch = Batch {
        log: vec![logged(1)],
        packs: vec![pack(3), pack(2)],
        ..Batch::default()
    };
    world.commit(&fence, batch).await.expect("committed");

    let (mut all, mut last) = (Vec::new(), None);
    loop {
        let page = world.tables.undelivered(last).await.expect("read");
        let Some(one) = page.last() else { break };
        last = Some(one.parcel);
        all.extend(page);
    }
    let parcels: Vec<Parcel> = all.iter().map(|one| one.parcel).collect();
    let of = |conversation, position| Parcel::Single(organisation(), interaction(conversation).conversation, position);
    let packs = [2, 3].map(|place| Parcel::Pack(organisation(), place));
    assert_eq!(parcels, [of(1, 6), of(1, 7), of(2, 5), packs[0], packs[1]]);
    assert_eq!(
        (all[0].traceparent.as_deref(), &all[0].payload),
        (Some("trace"), &vec![1])
    );
    assert_eq!((all[3].traceparent.as_deref(), &all[3].payload), (None, &vec![7]));

    let batch = Batch {
        log: vec![logged(2)],
        delivered: delivered([of(1, 6), of(2, 5), packs[1]]),
        ..Batch::default()
    };
    world.commit(&fence, batch).await.expect("committed");
    let left = world.tables.undelivered(None).await.expect("read");
    assert_eq!(left.iter().map(|one| one.parcel).collect::<Vec<_>>(), [of(1, 7)]);
    let left = world.tables.undelivered(Some(of(1, 7))).await.expect("read");
    assert_eq!(left.iter().map(|one| one.parcel).collect::<Vec<_>>(), [packs[0]]);
}
