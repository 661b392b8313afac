//! What is done in a round.

use super::{Fault, stage::Stage, writes};
use crate::proxy::{Way, Weather};
use onqueue_testkit::until;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How long a service may take to end when it is told.
const DRAIN: Duration = Duration::from_secs(45);

/// How long it may take until somebody owns routing.
const OWNED: Duration = Duration::from_secs(30);

/// How long the owner is cut off from the database before it is paused, so that it is paused in the midst of a
/// transaction.
const CUT: Duration = Duration::from_millis(200);

impl Stage {
    pub(super) async fn play(&mut self, fault: Fault) {
        match fault {
            Fault::None | Fault::Streams(_) | Fault::Cuts(..) | Fault::SlowReader(_) | Fault::CollectorGone(_) => {}
            Fault::Kill(service, away) => self.kill(service, away).await,
            Fault::Terminate(service) => self.terminate(service).await,
            Fault::PauseOwner(leases) => self.pause_owner(leases).await,
            Fault::NatsDown(away) => self.nats_down(away).await,
            Fault::ContentDown(away) => self.content_down(away).await,
            Fault::PostgresRestart => self.crash_database().await,
        }
    }

    /// The owner of routing, or any member of another service.
    async fn victim(&mut self, service: &'static str) -> String {
        if service == "routing" {
            return self.owner().await;
        }
        let names = self.installation.names(service);
        names[self.chance.below(names.len())].clone()
    }

    async fn owner(&self) -> String {
        until("an owner of routing", OWNED, async || writes::owner(self).is_some()).await;
        writes::owner(self).expect("just now")
    }

    async fn kill(&mut self, service: &'static str, away: Duration) {
        let victim = self.victim(service).await;
        self.installation.member(&victim).kill();
        sleep(away).await;
        if service == "routing" {
            // It would take over itself if it came back at once.
            let another = async || writes::owner(self).is_some_and(|owner| owner != victim);
            until("another owner of routing", OWNED, another).await;
        }
        self.installation.member(&victim).launch();
    }

    async fn terminate(&mut self, service: &'static str) {
        let victim = self.victim(service).await;
        let member = self.installation.member(&victim);
        let told = Instant::now();
        member.signal("TERM");
        let code = member.wait_until_ended(DRAIN).await;
        self.pauses.exits.add(told.elapsed());
        let member = self.installation.member(&victim);
        if code != Some(0) {
            let complaint = format!("{victim} ended with {code:?}:\n{}", member.log_end());
            self.complaints.push(complaint);
        }
        self.installation.member(&victim).launch();
    }

    /// Pauses the owner while what it sends to the database is on its way, and lets both go on when another owns routing:
    /// what arrives then is stale.
    async fn pause_owner(&mut self, leases: u32) {
        let owner = self.owner().await;
        let lease = self
            .installation
            .member(&owner)
            .setting("routing", "lease_ms")
            .unwrap_or(5_000);
        let silent = Way {
            silent: true,
            ..Way::default()
        };
        self.proxies[&owner].set(Weather {
            to_server: silent,
            ..Weather::default()
        });
        sleep(CUT).await;
        self.installation.member(&owner).signal("STOP");
        sleep(Duration::from_millis(lease) * leases).await;
        let another = async || writes::owner(self).is_some_and(|now| now != owner);
        until("another owner of routing", OWNED, another).await;
        self.proxies[&owner].set(Weather::default());
        self.installation.member(&owner).signal("CONT");
    }

    async fn nats_down(&mut self, away: Duration) {
        self.installation.nats().kill().expect("kills");
        sleep(away).await;
        self.installation.nats().start_again().expect("starts again");
    }

    async fn content_down(&mut self, away: Duration) {
        let (names, is_paused) = (self.installation.names("content"), self.rounds_played() % 2 == 1);
        let (from, sent) = (Instant::now(), self.load.measured().sends.count());
        for name in &names {
            let member = self.installation.member(name);
            if is_paused {
                member.signal("STOP");
            } else {
                member.kill();
            }
        }
        sleep(away).await;
        self.sends.add_outage(&self.load.measured().sends, sent);
        for name in &names {
            let member = self.installation.member(name);
            if is_paused {
                member.signal("CONT");
            } else {
                member.launch();
            }
        }
        if let Some(typist) = &mut self.typist {
            typist.was_away(from, Instant::now());
        }
    }

    async fn crash_database(&mut self) {
        tokio::task::block_in_place(|| self.installation.database.crash());
    }
}
