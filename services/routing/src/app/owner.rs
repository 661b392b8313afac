//! The owner: the one task that gives inputs to the engines, commits what follows, and only then lets it out.

mod intake;

use super::figures::{self, Figures};
use super::handle::Message;
use super::host::Host;
use super::tenure::Tenure;
use super::turn::Turn;
use super::{Shared, agent_not_found, enforcement, follower, frames, reporter, reporter::Backoff, retention, unowned};
use crate::store::{Batch, Waiting};
use futures::{FutureExt as _, future::BoxFuture};
use onqueue_acd::Effect;
use onqueue_model::{Fault, OrganisationId, Shard, Timestamp, UserId};
use onqueue_store::StoreError;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// How many messages go into one transaction at most.
const BATCH: usize = 256;

/// Holds every engine of the shards that this process owns.
pub struct Owner {
    shared: Shared,
    inbox: mpsc::Receiver<Message>,
    tenures: watch::Receiver<Option<Tenure>>,
    hosts: BTreeMap<OrganisationId, Host>,
    /// Organisations whose engine can not be made of what the database holds: they are not served, the others are.
    unreadable: BTreeSet<OrganisationId>,
    /// How far each shard's feed was read.
    cursors: Vec<i64>,
    /// Shards whose feed stands still before something of an organisation that is not served, so that it is not lost.
    stalled: BTreeSet<Shard>,
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
            unreadable: BTreeSet::new(),
            cursors: Vec::new(),
            stalled: BTreeSet::new(),
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
        self.figures = Some(Figures::new(&self.hosts.values()));
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
        self.conclude(turn).await?;
        // A commit may have been reported as failed and stand nevertheless, with reports that nobody was told of.
        self.shared.post.look();
        Ok(())
    }

    /// What is wrong with one organisation's log keeps no other from being served.
    async fn make_host(&mut self, organisation: OrganisationId) -> Result<(), StoreError> {
        match self.host(organisation).await.map(drop) {
            Err(StoreError::Broken(problem)) => {
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
        loop {
            let clock = self.shared.context.clock.clone();
            let deadline = self.hosts.values().filter_map(Host::next_deadline).min();
            let message = tokio::select! {
                biased;
                () = &mut *drained => return Ok(Stop::Drained),
                () = figures::due(self.figures.as_ref(), &self.shared.steady) => {
                    self.count();
                    continue;
                }
                () = until(&clock, deadline) => None,
                message = self.inbox.recv() => match message {
                    None => return Ok(Stop::Drained),
                    some => some,
                },
            };
            match self.take_turn(tenure, message).await {
                Ok(()) => backoff.reset(),
                Err(StoreError::Refused(fault)) => return Ok(stopped(&fault)),
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes in the message and whatever else waits, lets time pass, and commits it all at once.
    async fn take_turn(&mut self, tenure: &Tenure, first: Option<Message>) -> Result<(), StoreError> {
        let mut turn = self.turn(tenure);
        if let Err(error) = self.fill(&mut turn, first).await {
            turn.fail(&told(&error));
            return Err(error);
        }
        self.conclude(turn).await
    }

    async fn fill(&mut self, turn: &mut Turn, first: Option<Message>) -> Result<(), StoreError> {
        let mut next = first;
        for _ in 0..BATCH {
            let Some(message) = next else { break };
            self.take_in(turn, message).await?;
            next = self.inbox.try_recv().ok();
        }
        if let Some(message) = next {
            self.take_in(turn, message).await?;
        }
        for host in self.hosts.values_mut() {
            host.pass_time(turn);
            host.note_waiting(turn);
        }
        Ok(())
    }

    fn turn(&self, tenure: &Tenure) -> Turn {
        let context = &self.shared.context;
        Turn::new(tenure, &context.ids, context.clock.now())
    }

    /// Commits the turn under the fence; then answers, tells who watches, and wakes the reporter.
    async fn conclude(&mut self, mut turn: Turn) -> Result<(), StoreError> {
        let batch = Arc::new(std::mem::take(&mut turn.batch));
        if let Err(error) = self.commit(&mut turn, &batch).await {
            turn.fail(&told(&error));
            return Err(error);
        }
        turn.succeed();
        self.note(&turn, &batch);
        self.let_out(std::mem::take(&mut turn.effects), &turn.changed);
        for (organisation, interaction) in &batch.ended {
            if let Some(host) = self.hosts.get_mut(organisation) {
                host.forget(*interaction);
            }
        }
        if !batch.reports.is_empty() {
            self.shared.post.put(batch.reports.iter().map(Waiting::from));
        }
        for reader in std::mem::take(&mut turn.readers) {
            self.read(reader, turn.now);
        }
        self.write_snapshots(&turn);
        Ok(())
    }

    fn note(&mut self, turn: &Turn, batch: &Batch) {
        for at in &turn.fed {
            figures::feed_lag(*at, turn.now);
        }
        if let Some(figures) = self.figures.as_mut().filter(|_| !batch.log.is_empty()) {
            figures.touch(self.shared.steady.now());
        }
    }

    fn count(&mut self) {
        if let Some(figures) = &mut self.figures {
            figures.count(&self.hosts.values());
        }
    }

    async fn commit(&self, turn: &mut Turn, batch: &Arc<Batch>) -> Result<(), StoreError> {
        if let Some(defect) = turn.defect.take() {
            return Err(StoreError::Broken(defect));
        }
        if !turn.tenure.holds() {
            return Err(StoreError::Refused(Fault::unavailable("the lease is about to end")));
        }
        if batch.is_empty() {
            return Ok(());
        }
        self.shared.gate.pass().await;
        let committed = self.shared.tables.commit(&turn.tenure.fence, Arc::clone(batch)).await;
        if let Err(StoreError::Refused(_)) = &committed {
            figures::fence_rejection();
        }
        committed
    }

    fn let_out(&mut self, effects: Vec<(OrganisationId, Effect)>, changed: &[(OrganisationId, UserId)]) {
        let mut sorted: BTreeMap<OrganisationId, (Vec<Effect>, Vec<UserId>)> = BTreeMap::new();
        for (organisation, effect) in effects {
            figures::offers(&effect);
            sorted.entry(organisation).or_default().0.push(effect);
        }
        for (organisation, user) in changed {
            sorted.entry(*organisation).or_default().1.push(*user);
        }
        for (organisation, (effects, changed)) in sorted {
            if let Some(host) = self.hosts.get_mut(&organisation) {
                host.let_out(&effects, &changed);
            }
        }
    }

    fn read(&mut self, reader: Message, now: Timestamp) {
        match reader {
            Message::Watch {
                organisation,
                user,
                frames: stream,
                answer,
            } => {
                let host = self.hosts.get_mut(&organisation);
                let watched = host.ok_or_else(unowned).and_then(|host| {
                    let first = frames::everything(host, user).ok_or_else(agent_not_found)?;
                    host.watchers.add(user, stream, first);
                    host.presence.hear(user, now);
                    Ok(())
                });
                let _ = answer.send(watched);
            }
            Message::Look { organisation, question } => match self.hosts.get_mut(&organisation) {
                Some(host) => question(Ok((host, now))),
                None => question(Err(unowned())),
            },
            other => other.refuse(),
        }
    }

    fn write_snapshots(&mut self, turn: &Turn) {
        let settings = &self.shared.settings;
        let age = Duration::from_millis(settings.snapshot_ms);
        for (organisation, host) in &mut self.hosts {
            let Some((engine, history, position)) = host.snapshot_due(turn.now, settings.snapshot_inputs, age) else {
                continue;
            };
            let (tables, organisation) = (self.shared.tables.clone(), *organisation);
            let (fence, now) = (turn.tenure.fence.clone(), turn.now);
            self.shared.context.tasks.spawn("routing snapshot", async move {
                let written = async {
                    let broken = |error: serde_json::Error| StoreError::Broken(error.to_string());
                    let engine = serde_json::to_vec(&engine).map_err(broken)?;
                    let copies = (engine, serde_json::to_vec(&history).map_err(broken)?);
                    tables.save_snapshot(&fence, organisation, position, now, copies).await
                };
                if let Err(error) = written.await {
                    tracing::warn!(%error, %organisation, "snapshot not written");
                }
            });
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
