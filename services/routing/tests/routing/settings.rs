//! What of routing holds for the whole organisation.

use crate::administrator::{administrator, audited, mask, refusal};
use crate::queue_settings::field;
use crate::world::{Desk, World, agent, organisation, reason, sales};
use onqueue_model::Reason;
use onqueue_proto::routing::v1::{self as proto, AgentState, settings_service_client::SettingsServiceClient};
use tonic::Status;

impl Desk {
    async fn settings(&self) -> Result<proto::Settings, Status> {
        let request = self.with(proto::GetSettingsRequest {});
        let answer = SettingsServiceClient::new(self.routing()).get_settings(request).await?;
        Ok(answer.into_inner().settings.expect("settings"))
    }

    async fn set_settings(&self, settings: &proto::Settings, fields: &[&str]) -> Result<proto::Settings, Status> {
        let request = self.with(proto::UpdateSettingsRequest {
            settings: Some(settings.clone()),
            update_mask: mask(fields),
        });
        let answer = SettingsServiceClient::new(self.routing())
            .update_settings(request)
            .await?;
        Ok(answer.into_inner().settings.expect("settings"))
    }
}

#[tokio::test]
async fn what_is_set_is_in_force_at_once_and_stays_so() {
    let mut world = World::new(vec![agent(1, "Anna")]).await;
    let admin = administrator(&world);
    let usual = admin.settings().await.expect("may");
    assert_eq!(
        (usual.etag.as_str(), usual.top, usual.language_counts),
        ("0", 100, true)
    );
    assert_eq!(usual.decline(), proto::DeclineRule::Stays);
    let wanted = proto::Settings {
        decline: proto::DeclineRule::NotResponding.into(),
        least_loaded: true,
        ..usual.clone()
    };
    let after = admin.set_settings(&wanted, &["decline"]).await.expect("may");
    assert_eq!(
        (after.decline(), after.least_loaded),
        (proto::DeclineRule::NotResponding, false)
    );
    assert_eq!(admin.set_settings(&wanted, &["decline"]).await.expect("again"), after);
    let late = admin.set_settings(&wanted, &["least_loaded"]).await;
    assert_eq!(refusal(late), (Some(Reason::EtagMismatch), after.etag.clone()));

    let mut anna = world.on_queue(1, "Anna").await;
    world.open(100, &sales());
    let offer = anna.offer().await;
    anna.desk.decline(&offer).await.expect("she may");
    anna.state(AgentState::NotResponding).await;
    world.restart().await;
    let admin = administrator(&world);
    assert_eq!(admin.settings().await.expect("may"), after);
    let mut anna = world.on_queue(1, "Anna").await;
    let offer = anna.offer().await;
    anna.desk.decline(&offer).await.expect("she may");
    anna.state(AgentState::NotResponding).await;
    let told = "SELECT COUNT(*) FROM routing_log WHERE command LIKE '%\"configure\"%'";
    assert_eq!(world.number(told).await, 1);
    let actions = audited(&world, &format!("organisation:{}", organisation())).await;
    assert_eq!(actions, ["settings.update"]);
}

#[tokio::test]
async fn what_is_out_of_bounds_is_refused_and_so_is_who_may_not() {
    let world = World::new(vec![]).await;
    let admin = administrator(&world);
    let usual = admin.settings().await.expect("may");
    let change = |change: fn(&mut proto::Settings)| {
        let mut settings = usual.clone();
        change(&mut settings);
        settings
    };
    for (settings, named, path) in [
        (change(|s| s.top = -1), "top", "settings.top"),
        (change(|s| s.top = 100_001), "top", "settings.top"),
        (change(|s| s.idle_from = 9), "idle_from", "settings.idle_from"),
        (change(|s| s.decline = 9), "decline", "settings.decline"),
        (usual.clone(), "etag", "update_mask"),
    ] {
        let refused = admin.set_settings(&settings, &[named]).await;
        assert_eq!(field(refused), (Some(Reason::FieldInvalid), path.to_owned()));
    }
    let all = admin.set_settings(&change(|s| s.top = 0), &["top"]).await.expect("may");
    assert_eq!(all.top, 0);
    world.grant(8, &["routing:settings:view", "routing:settings:manage"]);
    let here = world.user(8, "Otto");
    assert_eq!(here.settings().await.expect("may see"), all);
    let refused = here.set_settings(&all, &["top"]).await;
    assert_eq!(reason(refused), Some(Reason::PermissionMissing));
}
