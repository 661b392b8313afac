//! Several processes on one database: what must be so at all of them.

use crate::{
    fixture::{Auth, PASSWORD, Session, description, follow},
    trust::nothing_is_read,
};
use onqueue_auth::{Migrations, Settings, seed};
use onqueue_bus::Bus;
use onqueue_model::{Caller, Reason};
use onqueue_server::{Context, ManualClock};
use onqueue_store::{Store, trust::read};
use onqueue_testkit::{nats, own_postgres, still_context, temp_store, until};
use onqueue_trust::follow_service;
use std::{future::Future, time::Duration};

const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(20);
/// Within this a revocation is in force everywhere, even if every hint is lost.
const PROMISED: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn those_who_start_together_make_one_key() {
    for round in 0..5 {
        let store = temp_store().await;
        store.store.migrate::<Migrations>().await.expect("migrated");
        let starting = (0..4).map(|number| {
            let (context, settings) = (still_context(10 * round + number).0, store.settings().clone());
            async move {
                let own = Store::open(&settings).await.expect("opened");
                let bound = onqueue_auth::bind(&Settings::default(), own, context.clone()).await;
                bound.expect("bound");
                context
            }
        });
        let contexts = futures::future::join_all(starting.map(tokio_task)).await;
        let keys = read(&store.store).await.expect("read").auth_keys;
        assert_eq!(keys.len(), 1, "round {round}");
        for context in contexts {
            let known: Vec<_> = context.trust.bundle().keys.into_iter().map(|key| key.kid).collect();
            assert_eq!(known, [keys[0].kid.clone()]);
            context.tasks.drain();
        }
    }
}

/// On a thread of its own, as processes are.
async fn tokio_task<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let handle = tokio::runtime::Handle::current();
    let ran = tokio::task::spawn_blocking(move || handle.block_on(work)).await;
    ran.expect("no panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_signs_the_other_believes_and_exchanges() {
    let one = Auth::start().await;
    let two = one.another(8, Bus::in_process()).await;
    let session = one.login(PASSWORD).await.expect("logged in");
    assert!(two.verify(&session).is_ok());
    let next = two.refresh(session.refresh_token()).await.expect("refreshed");
    assert!(one.verify(&next).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_refresh_at_two_places_one_goes_on() {
    for (refresh_repeat_seconds, answered) in [(0, 1), (10, 2)] {
        let settings = Settings {
            refresh_repeat_seconds,
            ..Settings::default()
        };
        let one = Auth::start_with(&settings).await;
        let two = one.another(8, Bus::in_process()).await;
        for _ in 0..10 {
            let session = one.login(PASSWORD).await.expect("logged in");
            let token = session.refresh_token();
            let (first, second) = tokio::join!(one.refresh(token), two.refresh(token));
            let won: Vec<_> = [first, second].into_iter().filter_map(Result::ok).collect();
            assert_eq!(won.len(), answered);
            // Where nothing may be repeated, coming twice has ended the session.
            assert!(goes_on(&one, &two, &won).await < answered, "two go on from one token");
        }
    }
}

async fn goes_on(one: &Auth, two: &Auth, won: &[Session]) -> usize {
    let at = [one, two].into_iter().zip(won);
    let answers = at.map(|(auth, session)| auth.refresh(session.refresh_token()));
    let answers = futures::future::join_all(answers).await;
    answers.iter().filter(|answer| answer.is_ok()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_count_over_both() {
    let one = Auth::start().await;
    let two = one.another(8, Bus::in_process()).await;
    let guesses = (0..8).map(|_| async { tokio::join!(one.login("wrong"), two.login("wrong")) });
    let answers = futures::future::join_all(guesses).await;
    let answers: Vec<_> = answers.into_iter().flat_map(|(one, two)| [one, two]).collect();
    let count = |reason| {
        answers
            .iter()
            .filter(|answer| answer.as_ref().err() == Some(&Some(reason)))
            .count()
    };
    assert_eq!(
        (count(Reason::CredentialsInvalid), count(Reason::AccountLocked)),
        (10, 6)
    );
    for auth in [&one, &two] {
        assert_eq!(auth.login(PASSWORD).await.err(), Some(Some(Reason::AccountLocked)));
    }
}

/// Two replicas of auth, somebody who reads the database and a gateway that asks the second replica.
struct Four {
    one: Auth,
    two: Auth,
    reader: Context,
    gateway: Context,
}

impl Four {
    async fn start(mut bus: impl AsyncFnMut() -> Bus) -> Self {
        let one = Auth::start().await;
        let two = one.another(8, bus().await).await;
        let one = one.another(9, bus().await).await;
        let reader = Context {
            bus: bus().await,
            ..still_context(10).0
        };
        follow(&Store::open(one.store.settings()).await.expect("opened"), &reader);
        let gateway = still_context(11).0;
        ask(&two, &gateway);
        Self {
            one,
            two,
            reader,
            gateway,
        }
    }

    fn contexts(&self) -> [&Context; 4] {
        [&self.one.context, &self.two.context, &self.reader, &self.gateway]
    }

    /// Somebody logs in, is believed everywhere and logs out: within how long they are refused everywhere.
    async fn revoke_within(&self, limit: Duration) {
        let session = self.one.login(PASSWORD).await.expect("logged in");
        let token = &session.tokens.access_token;
        until("everybody believes it", PATIENCE, async || {
            self.contexts()
                .iter()
                .all(|context| context.trust.verify(token, context.clock.now()).is_ok())
        })
        .await;
        let caller = self.one.verify(&session).expect("believed");
        self.one.revoke(session.refresh_token()).await;
        until("it is refused everywhere", limit, async || {
            self.contexts()
                .iter()
                .all(|context| is_refused(context, token, &caller))
        })
        .await;
    }
}

/// Keeps the gateway's trust on what this replica says.
fn ask(auth: &Auth, gateway: &Context) {
    let (upstream, clock) = (auth.trust_as("gateway"), gateway.clock.clone());
    let stop = gateway.tasks.drain_token().clone().cancelled_owned();
    let following = follow_service(upstream, gateway.trust.clone(), move || clock.now(), stop);
    gateway.tasks.spawn("trust", following);
}

/// For new calls and open streams alike.
fn is_refused(context: &Context, token: &str, caller: &Caller) -> bool {
    let now = context.clock.now();
    let reasons = [
        context.trust.verify(token, now).err(),
        context.trust.still_valid(caller, now).err(),
    ];
    reasons
        .iter()
        .all(|fault| fault.as_ref().is_some_and(|fault| fault.reason == Reason::TokenInvalid))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_in_force_everywhere_in_time_when_every_hint_is_lost() {
    let four = Four::start(async || {
        let bus = Bus::in_process();
        bus.lose(100);
        bus
    })
    .await;
    for _ in 0..3 {
        four.revoke_within(PROMISED).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_hints_it_does_not_wait_for_the_next_look() {
    let settings = onqueue_bus::Settings {
        url: nats().await,
        prefix: "revocation".to_owned(),
    };
    // Kept: they end with the test.
    let (drivers, _) = still_context(12);
    let four = Four::start(async || {
        let (bus, drive) = Bus::connect(&settings).expect("fits");
        let stop = drivers.tasks.drain_token().clone().cancelled_owned();
        drivers.tasks.spawn("bus", async move {
            tokio::select! { () = drive => {}, () = stop => {} }
        });
        until("the bus is connected", PATIENCE, async || bus.is_connected()).await;
        bus
    })
    .await;
    for _ in 0..4 {
        four.revoke_within(Duration::from_millis(1_500)).await;
    }
    drivers.tasks.drain();
}

fn is_fresh(context: &Context) -> Result<(), Reason> {
    context.trust.fresh(context.clock.now()).map_err(|fault| fault.reason)
}

/// Moves the clock as far as a second short of what makes what was read just now stale.
async fn read_then_wait(context: &Context, hand: &ManualClock) {
    hand.advance(2 * SECOND);
    until("it was read", PATIENCE, async || {
        context.trust.read_at() == Some(context.clock.now())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_away_for_thirty_seconds_is_believed_again_when_it_is_back() {
    let mut server = own_postgres(onqueue_testkit::Disk::Unsynced).await;
    let settings = onqueue_store::Settings::postgres(&server.url("onqueue"));
    let store = Store::open(&settings).await.expect("opened");
    store.migrate::<Migrations>().await.expect("migrated");
    let (context, hand) = still_context(7);
    seed(&store, &context, description()).await.expect("seeded");
    follow(&store, &context);
    until("it was read", PATIENCE, async || context.trust.revision() > 0).await;
    read_then_wait(&context, &hand).await;

    server.stop(onqueue_testkit::Stop::Immediate).expect("stopped");
    hand.advance(30 * SECOND);
    assert_eq!(is_fresh(&context), Ok(()), "what was read holds for a while");
    hand.advance(SECOND);
    assert_eq!(is_fresh(&context), Err(Reason::TrustStale));
    nothing_is_read(&context).await;

    server.start_again().expect("started");
    until("it was read again", PATIENCE, async || is_fresh(&context).is_ok()).await;
    context.tasks.drain();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_auth_keeps_the_last_bundle_while_auth_is_away_and_goes_on_with_another() {
    let one = Auth::start().await;
    let two = one.another(8, Bus::in_process()).await;
    let (gateway, hand) = still_context(11);
    ask(&one, &gateway);
    until("the bundle has come", PATIENCE, async || gateway.trust.revision() > 0).await;
    let session = two.login(PASSWORD).await.expect("logged in");
    let revision = gateway.trust.revision();
    let believed = || gateway.trust.verify(&session.tokens.access_token, gateway.clock.now());

    one.stop().await;
    hand.advance(31 * SECOND);
    assert_eq!(is_fresh(&gateway), Err(Reason::TrustStale));
    assert_eq!((gateway.trust.revision(), believed().is_ok()), (revision, true));

    ask(&two, &gateway);
    two.hand.advance(31 * SECOND);
    until("it is fresh again", PATIENCE, async || is_fresh(&gateway).is_ok()).await;
    two.revoke(session.refresh_token()).await;
    until("the other's change has come", PATIENCE, async || believed().is_err()).await;
    gateway.tasks.drain();
}
