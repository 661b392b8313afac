//! An installation under load, in which rounds are played, and the judgement at the end.

use super::{
    Fault, Report, Scenario, finds::Typist, machine::Machine, report::Pauses, report::Sends, waits::Waits, writes,
};
use crate::{
    history::{self, Facts, History, check, judge, routing},
    installation::Installation,
    load::{Chance, Load, organisation},
    proxy::Proxy,
};
use onqueue_model::Timestamp;
use onqueue_server::Clock;
use onqueue_testkit::until;
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

/// How long anything may take to go on after a fault before the run is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long after the faults every view must equal the transcript.
const SETTLED: Duration = Duration::from_secs(10);

/// Everything that a run needs.
pub(super) struct Stage {
    pub installation: Installation,
    pub load: Load,
    pub history: History,
    pub chance: Chance,
    /// Between each routing member and the database.
    pub proxies: BTreeMap<String, Proxy>,
    pub pauses: Pauses,
    /// Acknowledgements while content is away, and others.
    pub sends: Sends,
    /// Where content goes away.
    pub typist: Option<Typist>,
    /// From each fault's beginning until everybody was ready again.
    rounds: Vec<history::Fault>,
    /// When the load was under way.
    began: Timestamp,
    /// Things that must not be and are no invariant.
    pub complaints: Vec<String>,
    machine: Machine,
    time: Clock,
    seed: u64,
}

impl Stage {
    /// Starts the installation and the load, and waits until chats are being served.
    pub async fn set(scenario: &Scenario, seed: u64) -> Self {
        let plan = scenario.load;
        let (organisation, demo) = organisation(plan.queues, plan.agents, plan.chats);
        let mut installation = Installation::prepare(&scenario.installation).await;
        let proxies = match scenario.fault {
            Fault::PauseOwner(_) => proxies(&mut installation).await,
            _ => BTreeMap::new(),
        };
        installation.database.seed(demo).await;
        writes::watch(&installation.database, organisation.id);
        installation.launch_all().await;
        let (history, time) = (History::default(), Clock::system());
        let began = time.now();
        let typist = match scenario.fault {
            Fault::ContentDown(_) => Some(Typist::start(installation.doors()[0], &organisation).await),
            _ => None,
        };
        let load = Load::start(plan, installation.doors(), organisation, history.clone(), seed);
        let mut stage = Self {
            installation,
            load,
            chance: Chance::seeded(seed),
            proxies,
            pauses: Pauses::default(),
            sends: Sends::default(),
            typist,
            rounds: Vec::new(),
            began,
            complaints: Vec::new(),
            machine: Machine::watch(scenario.grace, history.clone()),
            history,
            time,
            seed,
        };
        stage.wait_until_busy(plan.conversations / 2).await;
        // Everybody logs in and comes at once: on a small machine that takes its time.
        let until = stage.now() + scenario.grace;
        stage.history.fault(history::Fault {
            from: began.millis(),
            until: until.millis(),
        });
        stage.began = until;
        stage
    }

    async fn wait_until_busy(&self, chats: usize) {
        let served = async || self.load.measured().assigned.count() >= chats;
        until("half of the customers to be served", 2 * PATIENCE, served).await;
    }

    /// Waits until every member is ready and so many messages more were acknowledged.
    pub async fn calm(&mut self, sends: usize) {
        self.installation.wait_until_ready().await;
        self.load.more(sends, PATIENCE).await;
        self.load.check();
    }

    /// One fault from its beginning to recovery.
    pub async fn round(&mut self, scenario: &Scenario, round: usize) {
        let (from, began) = (self.now(), Instant::now());
        let failures = self.load.measured().failures();
        self.play(scenario.fault).await;
        // A fault is over when everybody is ready again.
        self.load.more(1, PATIENCE).await;
        self.pauses.back.add(began.elapsed());
        self.installation.wait_until_ready().await;
        let ready = self.now();
        let fault = |until: Timestamp| history::Fault {
            from: from.millis(),
            until: until.millis(),
        };
        self.history.fault(fault(ready + scenario.grace));
        self.rounds.push(fault(ready));
        let failed = self.load.measured().failures() - failures;
        say(&format!(
            "{} {round}/{}: {failed} attempts failed",
            scenario.name, scenario.rounds
        ));
    }

    /// How many rounds are over.
    pub fn rounds_played(&self) -> usize {
        self.rounds.len()
    }

    pub fn now(&self) -> Timestamp {
        self.time.now()
    }

    /// Ends the load, waits until everything has settled, and judges.
    pub async fn judge(mut self, scenario: &Scenario) -> Report {
        self.load.fade(PATIENCE).await;
        let (records, facts) = self.settle().await;
        for fault in &self.rounds {
            self.pauses.add_take_over(&facts, *fault);
        }
        if let Some(folder) = &scenario.logs {
            self.installation.keep_logs(&folder.join(&scenario.name));
        }
        let waits = Waits::of(&facts, &self.rounds, self.began.millis());
        let stalls = self.machine.stalls();
        let unanswered = records.sends.iter().filter(|send| send.acknowledged.is_none()).count();
        let finds = self.typist.as_ref().map(Typist::judge);
        Report::of(scenario, self.seed, judge(&records, &facts), self.load.measured())
            .with_pauses(scenario, &self.pauses)
            .with_finds(scenario, finds.as_ref())
            .with_sends(scenario, &self.sends)
            .with_waits(scenario, &waits)
            .with_facts(&facts, unanswered)
            .with_figure("stalls of the machine itself", stalls.to_string())
            .with_complaints(self.complaints.clone())
    }

    /// What everybody saw and the database, when every view equals the transcript and routing agrees with session; or, after
    /// the deadline, as they are: the judges say what is wrong. They are given what was compared here, and nothing that came
    /// later on one side only.
    async fn settle(&self) -> (history::Records, Facts) {
        let database = self.installation.database.connect().await;
        let end = Instant::now() + SETTLED;
        loop {
            let now = self.now().millis();
            // First: whatever was seen by then is in the database.
            let records = self.history.records();
            let mut facts = Facts::read(&database, now).await.expect("reads the database");
            let is_settled = check::has_caught_up(&records, &facts) && routing::is_settled(&facts);
            if is_settled || Instant::now() > end {
                facts.writes = writes::read(self, &database).await.expect("reads the notes");
                return (records, facts);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Leads each routing member to the database through a proxy of its own.
async fn proxies(installation: &mut Installation) -> BTreeMap<String, Proxy> {
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, installation.database.port()));
    let mut proxies = BTreeMap::new();
    for name in installation.names("routing") {
        let proxy = Proxy::start(server).await.expect("a proxy");
        installation
            .member(&name)
            .reach_database_through(server.port(), proxy.address.port());
        proxies.insert(name, proxy);
    }
    proxies
}

// Runs last for minutes: who waits wants to see that something happens.
#[allow(clippy::print_stderr)]
fn say(text: &str) {
    eprintln!("  {text}");
}
