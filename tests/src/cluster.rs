//! All services in this process, on a temporary database, with a clock that tests move.

use crate::people::channel;
use onqueue::{Embedded, Place, Surroundings, demo, demo::Demo, settings};
use onqueue_model::Timestamp;
use onqueue_server::{Clock, Ids, ManualClock};
use onqueue_testkit::until;
use serde_json::Value;
use std::{net::SocketAddr, time::Duration};
use tempfile::TempDir;
use tonic::transport::Channel;

/// Every service with the demo in it.
pub struct Cluster {
    embedded: Option<Embedded>,
    pub clock: ManualClock,
    pub credentials: Value,
    settings: settings::Settings,
    surroundings: Surroundings,
    _folder: TempDir,
}

impl Cluster {
    /// Starts the demo.
    pub async fn start() -> Self {
        Self::start_with(|_, _| {}).await
    }

    /// Starts the demo after changing it and the settings.
    pub async fn start_with(change: impl FnOnce(&mut settings::Settings, &mut Demo)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = Place {
            config: None,
            data: Some(folder.path().to_owned()),
        };
        let mut settings = settings::load(&place).expect("good settings").settings;
        settings.gateway.listen = "127.0.0.1:0".parse().expect("an address");
        let (clock, manual) = Clock::manual(machine_time());
        let surroundings = Surroundings {
            clock,
            ids: Ids::system(),
        };
        let mut demo = demo::load(&surroundings.ids).expect("a good demo");
        change(&mut settings, &mut demo);
        let credentials = serde_json::to_value(&demo.credentials).expect("JSON");
        let embedded = Embedded::start(&settings, surroundings.clone(), Some(&demo))
            .await
            .expect("starts");
        Self {
            embedded: Some(embedded),
            clock: manual,
            credentials,
            settings,
            surroundings,
            _folder: folder,
        }
    }

    /// Ends all services in order and starts them anew on the same database, at the same moment of the clock.
    pub async fn restart(&mut self) {
        let before = self.embedded.take().expect("running");
        assert!(
            before.stop(Duration::from_secs(20)).await,
            "every task ends when it is told"
        );
        let after = Embedded::start(&self.settings, self.surroundings.clone(), None).await;
        self.embedded = Some(after.expect("starts again"));
    }

    /// Moves the clock on, and lets the services read anew what must not be 30 seconds old.
    pub async fn advance(&self, by: Duration) {
        self.clock.advance(by);
        let trust = self.embedded().context.trust.clone();
        until("permissions to be read anew", Duration::from_secs(20), async || {
            trust.fresh(self.clock.now()).is_ok()
        })
        .await;
    }

    /// The services.
    pub fn embedded(&self) -> &Embedded {
        self.embedded.as_ref().expect("running")
    }

    /// Where the public door is.
    pub fn address(&self) -> SocketAddr {
        self.embedded().address
    }

    /// A connection to the public door.
    pub fn door(&self) -> Channel {
        channel(self.address())
    }
}

/// Leases stay on real time, so the manual clock begins there.
fn machine_time() -> Timestamp {
    Clock::system().now()
}
