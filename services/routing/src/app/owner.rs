//! The owner: the one task that gives inputs to the engines, commits what follows, and only then lets it out.

use super::handle::{Change, Fact, Message, Row};
use super::host::Host;
use super::tenure::Tenure;
use super::turn::Turn;
use super::{Shared, agent_not_found, enforcement, follower, frames, reporter, unowned};
use onqueue_acd::{Command, Effect};
use onqueue_model::{Fault, OrganisationId, QueueId, Timestamp, UserId};
use onqueue_store::StoreError;
use std::{
    collections::{BTreeMap, btree_map},
    sync::Arc,
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
    /// How far each shard's feed was read.
    cursors: Vec<i64>,
    ready: watch::Sender<bool>,
    finished: CancellationToken,
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
            cursors: Vec::new(),
            ready,
            finished,
        };
        (owner, is_ready)
    }

    pub async fn run(mut self) {
        while let Some(tenure) = self.next_tenure().await {
            let stop = self.serve(&tenure).await;
            tenure.give_up();
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

    async fn serve(&mut self, tenure: &Tenure) -> Stop {
        if let Err(error) = self.take_over(tenure).await {
            tracing::error!(%error, "routing not taken over");
            return Stop::Lost;
        }
        self.start_work(tenure);
        self.ready.send_replace(true);
        let (tasks, steady) = (self.shared.context.tasks.clone(), self.shared.steady.clone());
        let grace = std::time::Duration::from_millis(self.shared.settings.drain_ms);
        let drained = async move {
            tasks.draining().await;
            steady.sleep(grace).await;
        };
        tokio::select! {
            () = drained => Stop::Drained,
            () = self.reign(tenure) => Stop::Lost,
        }
    }

    /// Makes every engine again from snapshot and log, goes on from there, and takes over configuration that is new.
    async fn take_over(&mut self, tenure: &Tenure) -> Result<(), StoreError> {
        self.hosts.clear();
        self.cursors = self.shared.tables.cursors().await?;
        for organisation in self.shared.tables.organisations().await? {
            self.host(organisation).await?;
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
        self.shared.reports.notify_one();
        Ok(())
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
    }

    /// Decides until the tenure is over.
    async fn reign(&mut self, tenure: &Tenure) {
        loop {
            let clock = self.shared.context.clock.clone();
            let deadline = self.hosts.values().filter_map(Host::next_deadline).min();
            let message = tokio::select! {
                biased;
                () = tenure.over() => return,
                () = until(&clock, deadline) => None,
                message = self.inbox.recv() => match message {
                    None => return,
                    some => some,
                },
            };
            match self.take_turn(tenure, message).await {
                Ok(()) => {}
                Err(StoreError::Refused(fault)) => {
                    tracing::warn!(context = fault.context.as_deref(), "routing stops here");
                    return;
                }
                Err(error) => {
                    tracing::error!(%error, "routing transaction failed; engines are made again from the log");
                    if let Err(error) = self.take_over(tenure).await {
                        tracing::error!(%error, "engines not made again");
                        return;
                    }
                }
            }
        }
    }

    /// Takes in the message and whatever else waits, lets time pass, and commits it all at once.
    async fn take_turn(&mut self, tenure: &Tenure, first: Option<Message>) -> Result<(), StoreError> {
        let mut turn = self.turn(tenure);
        let mut next = first;
        for _ in 0..BATCH {
            let Some(message) = next else { break };
            self.take_in(&mut turn, message).await?;
            next = self.inbox.try_recv().ok();
        }
        if let Some(message) = next {
            self.take_in(&mut turn, message).await?;
        }
        for host in self.hosts.values_mut() {
            host.pass_time(&mut turn);
        }
        self.conclude(turn).await
    }

    fn turn(&self, tenure: &Tenure) -> Turn {
        let context = &self.shared.context;
        Turn::new(tenure, &context.ids, context.clock.now())
    }

    async fn take_in(&mut self, turn: &mut Turn, message: Message) -> Result<(), StoreError> {
        match message {
            Message::Command {
                organisation,
                command,
                traceparent,
                answer,
            } => {
                let refusal = self
                    .host(organisation)
                    .await?
                    .apply(turn, command, traceparent.as_deref());
                turn.answer(answer, refusal);
            }
            Message::Feed { rows, answer } => {
                for row in rows {
                    self.take_row(turn, row).await?;
                }
                turn.answer(answer, ());
            }
            Message::Refresh { organisation, answer } => {
                self.configure(turn, organisation, None).await?;
                turn.answer(answer, ());
            }
            Message::Delivered { reports, answer } => {
                turn.batch.delivered.extend(reports);
                turn.answer(answer, ());
            }
            Message::Organisations { answer } => turn.answer(answer, self.hosts.keys().copied().collect()),
            reader @ (Message::Watch { organisation, .. } | Message::Look { organisation, .. }) => {
                self.host(organisation).await?;
                turn.readers.push(reader);
            }
        }
        Ok(())
    }

    /// A row that was taken before changes nothing; one that comes too early is a defect of the feed.
    async fn take_row(&mut self, turn: &mut Turn, row: Row) -> Result<(), StoreError> {
        let read = self.cursors.get(usize::from(row.shard.0)).copied().unwrap_or(0);
        if row.number <= read {
            return Ok(());
        }
        if row.number != read + 1 {
            let gap = format!("feed of shard {}: {} after {read}", row.shard.0, row.number);
            return Err(StoreError::Broken(gap));
        }
        if let Some(fact) = row.fact {
            self.take_fact(turn, fact, row.traceparent.as_deref()).await?;
        }
        self.cursors[usize::from(row.shard.0)] = row.number;
        turn.batch.cursors.insert(row.shard, row.number);
        Ok(())
    }

    async fn take_fact(&mut self, turn: &mut Turn, fact: Fact, traceparent: Option<&str>) -> Result<(), StoreError> {
        let interaction = fact.interaction;
        match fact.change {
            Change::Opened {
                queue,
                requirements,
                details,
            } => {
                if self.host(fact.organisation).await?.engine().queue(queue).is_none() {
                    self.configure(turn, fact.organisation, Some(queue)).await?;
                }
                let host = self.host(fact.organisation).await?;
                let enqueue = Command::Enqueue {
                    interaction,
                    queue,
                    requirements,
                };
                if host.apply(turn, enqueue, traceparent).is_none() {
                    host.open(turn, interaction, details);
                }
            }
            Change::Ended => {
                let host = self.host(fact.organisation).await?;
                host.apply(turn, Command::Cancel { interaction }, traceparent);
                turn.batch.ended.push((fact.organisation, interaction));
            }
        }
        Ok(())
    }

    /// Takes over what was committed of the organisation's configuration.
    async fn configure(
        &mut self,
        turn: &mut Turn,
        organisation: OrganisationId,
        used: Option<QueueId>,
    ) -> Result<(), StoreError> {
        let pending = self.shared.tables.pending_configuration(organisation, used).await?;
        self.host(organisation).await?.configure(turn, pending);
        Ok(())
    }

    /// The organisation's host, made from the log if it is not there yet.
    async fn host(&mut self, organisation: OrganisationId) -> Result<&mut Host, StoreError> {
        if let btree_map::Entry::Vacant(place) = self.hosts.entry(organisation) {
            let tables = &self.shared.tables;
            let loaded = tables.load(organisation).await?;
            let configuration = tables.configuration(organisation).await?;
            let details = tables.interactions(organisation).await?;
            let (now, gone_after) = (self.shared.context.clock.now(), self.shared.settings.gone_after());
            place.insert(Host::new(
                organisation,
                loaded,
                &configuration,
                details,
                now,
                gone_after,
            ));
        }
        self.hosts
            .get_mut(&organisation)
            .ok_or_else(|| StoreError::Broken("a host is gone".to_owned()))
    }

    /// Commits the turn under the fence; then answers, tells who watches, and wakes the reporter.
    async fn conclude(&mut self, mut turn: Turn) -> Result<(), StoreError> {
        if let Some(defect) = turn.defect {
            return Err(StoreError::Broken(defect));
        }
        let batch = Arc::new(std::mem::take(&mut turn.batch));
        if !turn.tenure.holds() {
            return Err(StoreError::Refused(Fault::unavailable("the lease is about to end")));
        }
        if !batch.is_empty() {
            self.shared.gate.pass().await;
            self.shared
                .tables
                .commit(&turn.tenure.fence, Arc::clone(&batch))
                .await?;
        }
        for answer in turn.take_answers() {
            answer(Ok(()));
        }
        self.let_out(std::mem::take(&mut turn.effects), &turn.changed);
        for (organisation, interaction) in &batch.ended {
            if let Some(host) = self.hosts.get_mut(organisation) {
                host.forget(*interaction);
            }
        }
        if !batch.reports.is_empty() {
            self.shared.reports.notify_one();
        }
        for reader in std::mem::take(&mut turn.readers) {
            self.read(reader, turn.now);
        }
        self.write_snapshots(&turn);
        Ok(())
    }

    fn let_out(&mut self, effects: Vec<(OrganisationId, Effect)>, changed: &[(OrganisationId, UserId)]) {
        let mut sorted: BTreeMap<OrganisationId, (Vec<Effect>, Vec<UserId>)> = BTreeMap::new();
        for (organisation, effect) in effects {
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
        let age = std::time::Duration::from_millis(settings.snapshot_ms);
        for (organisation, host) in &mut self.hosts {
            let Some((engine, position)) = host.snapshot_due(turn.now, settings.snapshot_inputs, age) else {
                continue;
            };
            let (tables, organisation) = (self.shared.tables.clone(), *organisation);
            let (fence, now) = (turn.tenure.fence.clone(), turn.now);
            self.shared.context.tasks.spawn("routing snapshot", async move {
                let written = async {
                    let copy = serde_json::to_vec(&engine).map_err(|error| StoreError::Broken(error.to_string()))?;
                    tables.save_snapshot(&fence, organisation, position, now, copy).await
                };
                if let Err(error) = written.await {
                    tracing::warn!(%error, %organisation, "snapshot not written");
                }
            });
        }
    }
}

/// Returns when the time has come; never without one.
async fn until(clock: &onqueue_server::Clock, at: Option<Timestamp>) {
    match at {
        Some(at) => clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}
