//! Users who were there before their addresses were compared with their names.

use super::filled::{Words, id};
use crate::{Migrations, store::entities::user};
use onqueue_store::Scope;
use onqueue_testkit::temp_store;
use sea_orm::ConnectionTrait as _;
use sea_orm_migration::MigratorTrait as _;

#[tokio::test]
async fn addresses_that_were_there_are_compared() {
    let temp = temp_store().await;
    let words = Words::of(temp.store.reader().get_database_backend());
    let (organisation, user) = ((words.id)(1), (words.id)(2));
    let insert = format!(
        "INSERT INTO auth_users (organisation_id, user_id, division_id, name, name_folded, email, email_folded, language) \
        VALUES ({organisation}, {user}, {user}, 'Zoë Ada', 'zoë ada', 'Zoë@x', 'zoë@x', '')"
    );
    let before = temp.store.transaction(move |tx| {
        let insert = insert.clone();
        Box::pin(async move {
            Migrations::up(tx, Some(5)).await?;
            tx.execute_unprepared(&insert).await?;
            Ok(())
        })
    });
    before.await.expect("as it was");
    temp.store.migrate::<Migrations>().await.expect("migrations apply");
    let rows = Scope::of(id(1).into()).find::<user::Entity>();
    let rows = rows.all(temp.store.reader()).await.expect("rows");
    let keys: Vec<_> = rows.iter().map(|row| row.address_key.as_str()).collect();
    assert_eq!(keys, ["0003 zoë@x"]);
}
