//! The owner: the one task that gives inputs to the engines, commits what follows, and only then lets it out.

mod agenda;
mod intake;
mod outcome;

use super::figures::{self, Figures};
use super::handle::Message;
use super::host::Host;
use super::tenure::Tenure;
use super::turn::Turn;
use super::{Shared, enforcement, follower, reporter, reporter::Backoff, retention, unowned};
use agenda::Agenda;
use futures::{FutureExt as _, future::BoxFuture};
use onqueue_model::{Fault, OrganisationId, Shard, Timestamp};
use onqueue_store::StoreError;
use outcome::Commit;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// How many messages go into one transaction at most.
const BATCH: usize = 1_024;

/// How long it may wait for something else to be committed that reports need not be kept any more.
const COMPANY: Duration = Duration::from_millis(200);

/// Holds every engine of the shards that this process owns.
pub struct Owner {
    shared: Shared,
    inbox: mpsc::Receiver<Message>,
    tenures: watch::Receiver<Option<Tenure>>,
    hosts: BTreeMap<OrganisationId, Host>,
    /// When they have something to do by themselves.
    agenda: Agenda,
    /// Organisations whose engine can not be made of what the database holds: they are not served, the others are.
    unreadable: BTreeSet<OrganisationId>,
    /// How far each shard's feed was read.
    cursors: Vec<i64>,
    /// Shards whose feed stands still before something of an organisation that is not served, so that it is not lost.
    stalled: BTreeSet<Shard>,
    /// The turn that is being committed. Its inputs are in the engines already.
    under_way: Option<Commit>,
    /// The turn that is committed next, if there is anything in it.
    next: Option<Turn>,
    /// By the steady clock, until when that one waits for company.
    rests_until: Option<Timestamp>,
    ready: watch::Sender<bool>,
    finished: CancellationToken,
    /// While it owns the shards.
    figures: Option<Figures>,
}

/// Why the owner stops deciding.
enum Stop {
    /// Its lease is not its own any more.
    Lost,
    /// The process ends.
    Drained,
}

impl Owner {
    /// The owner, and whether it owns anything yet. It cancels `finished` when it needs the leases no more.
    pub fn new(
        shared: Shared,
        inbox: mpsc::Receiver<Message>,
        tenures: watch::Receiver<Option<Tenure>>,
        finished: CancellationToken,
    ) -> (Self, watch::Receiver<bool>) {
        let (ready, is_ready) = watch::channel(false);
        let owner = Self {
            shared,
            inbox,
            tenures,
            hosts: BTreeMap::new(),
            agenda: Agenda::default(),
            unreadable: BTreeSet::new(),
            cursors: Vec::new(),
            stalled: BTreeSet::new(),
            under_way: None,
            next: None,
            rests_until: None,
            ready,
            finished,
            figures: None,
        };
        (owner, is_ready)
    }

    pub async fn run(mut self) {
        let mut drained = self.drained();
        while let Some(tenure) = self.next_tenure().await {
            let stop = self.serve(&tenure, &mut drained).await;
            tenure.give_up();
            self.figures = None;
            (self.under_way, self.next) = (None, None);
            self.hosts.clear();
            if matches!(stop, Stop::Drained) {
                break;
            }
        }
        self.finished.cancel();
    }

    /// Waits to own the shards; refuses what is asked meanwhile. `None` when the process ends.
    async fn next_tenure(&mut self) -> Option<Tenure> {
        loop {
            let current = self.tenures.borrow_and_update().clone();
            if let Some(tenure) = current.filter(|tenure| !tenure.is_over()) {
                return Some(tenure);
            }
            tokio::select! {
                changed = self.tenures.changed() => changed.ok()?,
                message = self.inbox.recv() => message?.refuse(),
                () = self.shared.context.tasks.draining() => return None,
            }
        }
    }

    /// Another replica takes over at once; without one, calls are answered for a while.
    fn drained(&self) -> BoxFuture<'static, ()> {
        let (tasks, steady) = (self.shared.context.tasks.clone(), self.shared.steady.clone());
        let settings = Arc::clone(&self.shared.settings);
        let drained = async move {
            tasks.draining().await;
            if !settings.is_replicated() {
                steady.sleep(settings.drain()).await;
            }
        };
        drained.boxed()
    }

    /// Whatever it waits for, a database that hangs for instance, it stops when the tenure is over.
    async fn serve(&mut self, tenure: &Tenure, drained: &mut BoxFuture<'static, ()>) -> Stop {
        tokio::select! {
            biased;
            () = tenure.over() => Stop::Lost,
            stop = self.reign(tenure, drained) => stop,
        }
    }

    async fn reign(&mut self, tenure: &Tenure, drained: &mut BoxFuture<'static, ()>) -> Stop {
        if let Err(stop) = self.rebuild(tenure, drained).await {
            return stop;
        }
        self.figures = Some(Figures::new());
        self.count();
        self.start_work(tenure);
        self.ready.send_replace(true);
        let mut backoff = Backoff::new(self.shared.settings.retry());
        loop {
            match self.decide(tenure, drained, &mut backoff).await {
                Ok(stop) => return stop,
                Err(error) => {
                    tracing::error!(%error, "routing transaction failed; engines are made again from the log");
                }
            }
            // Who watches hears that what they saw may be no more.
            self.hosts.clear();
            self.refuse_for(backoff.next()).await;
            if let Err(stop) = self.rebuild(tenure, drained).await {
                return stop;
            }
        }
    }

    /// Makes the engines again, as often as it takes: a database that is slow or away does not cost the lease as long as that
    /// can be renewed.
    async fn rebuild(&mut self, tenure: &Tenure, drained: &mut BoxFuture<'static, ()>) -> Result<(), Stop> {
        let mut backoff = Backoff::new(self.shared.settings.retry());
        loop {
            let made = tokio::select! {
                () = &mut *drained => return Err(Stop::Drained),
                made = self.take_over(tenure) => made,
            };
            match made {
                Ok(()) => return Ok(()),
                Err(StoreError::Refused(fault)) => return Err(stopped(&fault)),
                Err(error) => tracing::error!(%error, "engines not made; it is tried again"),
            }
            self.refuse_for(backoff.next()).await;
        }
    }

    /// Nobody waits for engines that are not there.
    async fn refuse_for(&mut self, pause: Duration) {
        let refusing = async {
            while let Some(message) = self.inbox.recv().await {
                message.refuse();
            }
        };
        tokio::select! {
            () = refusing => {}
            () = self.shared.steady.sleep(pause) => {}
        }
    }

    /// Makes every engine again from snapshot and log, goes on from there, and takes over configuration that is new.
    async fn take_over(&mut self, tenure: &Tenure) -> Result<(), StoreError> {
        self.hosts.clear();
        self.agenda = Agenda::default();
        self.unreadable.clear();
        self.stalled.clear();
        self.cursors = self.shared.tables.cursors().await?;
        for organisation in self.shared.tables.organisations().await? {
            self.make_host(organisation).await?;
        }
        let mut turn = self.turn(tenure);
        for host in self.hosts.values_mut() {
            host.resume(&mut turn);
        }
        for organisation in self.hosts.keys().copied().collect::<Vec<_>>() {
            self.configure(&mut turn, organisation, None).await?;
        }
        for (organisation, host) in &self.hosts {
            self.agenda.set(*organisation, host.next_deadline());
        }
        self.launch(turn)?;
        self.land().await?;
        // A commit may have been reported as failed and stand nevertheless, with reports that nobody was told of.
        self.shared.post.look();
        Ok(())
    }

    /// What is wrong with one organisation's log keeps no other from being served.
    async fn make_host(&mut self, organisation: OrganisationId) -> Result<(), StoreError> {
        match self.host(organisation).await.map(drop) {
            Err(StoreError::Broken(problem) | StoreError::Damaged(problem)) => {
                tracing::error!(%organisation, problem, "this organisation's engine cannot be made: it is not served");
                figures::unreadable();
                self.unreadable.insert(organisation);
                Ok(())
            }
            made => made,
        }
    }

    fn start_work(&self, tenure: &Tenure) {
        let (shared, tasks) = (&self.shared, &self.shared.context.tasks);
        tasks.spawn("routing feed", follower::follow(shared.clone(), tenure.clone()));
        tasks.spawn("routing reports", reporter::report(shared.clone(), tenure.clone()));
        tasks.spawn(
            "routing policies",
            super::policies::push(shared.clone(), tenure.clone()),
        );
        tasks.spawn(
            "routing enforcement",
            enforcement::enforce(shared.clone(), tenure.clone()),
        );
        tasks.spawn("routing retention", retention::retain(shared.clone(), tenure.clone()));
    }

    /// Decides until it has to stop, or a transaction fails.
    async fn decide(
        &mut self,
        tenure: &Tenure,
        drained: &mut BoxFuture<'static, ()>,
        backoff: &mut Backoff,
    ) -> Result<Stop, StoreError> {
        let stopped_by = loop {
            match self.step(tenure, drained, backoff).await {
                Ok(Some(stop)) => break Ok(stop),
                Ok(None) => {}
                Err(error) => break Err(error),
            }
        };
        // What was sent to the database is waited for: its callers are told, and engines are made of all that is there.
        let landed = self.land().await;
        let mut outcome = landed.and(stopped_by);
        if let Ok(Stop::Drained) = outcome {
            outcome = self.tidy_up().await.map(|()| Stop::Drained);
        }
        if let Some(turn) = self.next.take() {
            turn.fail(&outcome.as_ref().err().map_or_else(unowned, told));
        }
        match outcome {
            Err(StoreError::Refused(fault)) => Ok(stopped(&fault)),
            outcome => outcome,
        }
    }

    /// In the end nothing waits for company.
    async fn tidy_up(&mut self) -> Result<(), StoreError> {
        if let Some(turn) = self.next.take_if(|turn| !turn.is_due()) {
            self.launch(turn)?;
        }
        self.land().await
    }

    /// Waits for the next thing to do, and does it.
    async fn step(
        &mut self,
        tenure: &Tenure,
        drained: &mut BoxFuture<'static, ()>,
        backoff: &mut Backoff,
    ) -> Result<Option<Stop>, StoreError> {
        let (clock, steady) = (self.shared.context.clock.clone(), self.shared.steady.clone());
        let (deadline, rests_until) = (self.agenda.next(), self.rests_until);
        let has_room = self.next.as_ref().is_none_or(|turn| turn.messages < BATCH);
        tokio::select! {
            biased;
            () = &mut *drained => return Ok(Some(Stop::Drained)),
            outcome = outcome::of(&mut self.under_way) => {
                self.conclude(outcome)?;
                backoff.reset();
            }
            () = figures::due(self.figures.as_ref(), &self.shared.steady) => self.count(),
            () = until(&clock, deadline) => self.fill(tenure, None).await?,
            () = until(&steady, rests_until) => {}
            message = self.inbox.recv(), if has_room => match message {
                None => return Ok(Some(Stop::Drained)),
                some => self.fill(tenure, some).await?,
            },
        }
        if self.under_way.is_none() {
            self.launch_next()?;
        }
        Ok(None)
    }

    /// Begins to commit the next turn, if there is one. One that only tidies up waits for company for a while: each commit costs
    /// the same, however little is in it.
    fn launch_next(&mut self) -> Result<(), StoreError> {
        let now = self.shared.steady.now();
        let rests_until = self.rests_until.unwrap_or(now + COMPANY);
        match self.next.take_if(|turn| turn.is_due() || rests_until <= now) {
            Some(turn) => {
                self.rests_until = None;
                self.launch(turn)
            }
            None => {
                self.rests_until = self.next.as_ref().map(|_| rests_until);
                Ok(())
            }
        }
    }

    /// Takes the message and whatever else waits into the next turn, and lets time pass.
    async fn fill(&mut self, tenure: &Tenure, first: Option<Message>) -> Result<(), StoreError> {
        let mut turn = self.next.take().unwrap_or_else(|| self.turn(tenure));
        turn.now = turn.now.max(self.shared.context.clock.now());
        let taken = self.take_in_all(&mut turn, first).await;
        self.pass_time(&mut turn);
        self.next = Some(turn);
        taken
    }

    /// Lets time pass for those for whom something came in, and for those who have something to do now.
    fn pass_time(&mut self, turn: &mut Turn) {
        for organisation in self.agenda.due(turn.now) {
            let next = self.hosts.get_mut(&organisation).and_then(|host| {
                host.pass_time(turn);
                host.note_waiting(turn);
                host.next_deadline()
            });
            self.agenda.set(organisation, next);
        }
    }

    async fn take_in_all(&mut self, turn: &mut Turn, first: Option<Message>) -> Result<(), StoreError> {
        if let Some(message) = first {
            self.take_in(turn, message).await?;
        }
        while turn.messages < BATCH
            && let Ok(message) = self.inbox.try_recv()
        {
            self.take_in(turn, message).await?;
        }
        Ok(())
    }

    fn turn(&self, tenure: &Tenure) -> Turn {
        let context = &self.shared.context;
        Turn::new(tenure, &context.ids, context.clock.now())
    }

    fn count(&mut self) {
        let (now, steady) = (self.shared.context.clock.now(), self.shared.steady.now());
        if let Some(figures) = &mut self.figures {
            figures.count(&self.hosts.values(), now);
            figures.age(steady);
        }
    }
}

/// The fence refused, or would have.
fn stopped(fault: &Fault) -> Stop {
    tracing::warn!(context = fault.context.as_deref(), "routing stops here");
    Stop::Lost
}

/// What callers hear of a transaction that failed.
fn told(error: &StoreError) -> Fault {
    match error {
        StoreError::Refused(_) => unowned(),
        error => Fault::unavailable(error),
    }
}

/// Returns when the time has come; never without one.
async fn until(clock: &onqueue_server::Clock, at: Option<Timestamp>) {
    match at {
        Some(at) => clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}
