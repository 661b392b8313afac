//! Letting out what was committed: to followers in this process, as hints to other replicas; and the other way round,
//! acting on hints and looking every second at what no hint told of.

use super::{App, decide::Moved, feed, hint::Hint, hint::subject, hub::Hub};
use crate::store::{assistance, compare, log};
use onqueue_bus::{Bus, SUBJECTS, Subject};
use onqueue_chat::{Body, Class, EndReason, NoticeCode};
use onqueue_model::UserId;
use onqueue_store::StoreError;
use onqueue_telemetry::metrics;
use std::{sync::Arc, time::Duration};

/// How much of a log is read after a hint.
const READ: u64 = 500;

/// Hands over what moved.
pub(crate) fn deliver(hub: &Hub, bus: &Bus, moved: &Moved) {
    if moved.lines.is_empty() {
        return;
    }
    count(moved);
    let (organisation, conversation) = moved.key;
    hub.hand(conversation, &moved.lines);
    let users = concerned(moved);
    hub.sets.wake(&users);
    let sequence = moved.head.numbers.sequence;
    let hint = Hint::Moved {
        conversation,
        sequence,
        users,
    };
    bus.publish(subject(conversation), hint.encode());
    if moved.lines.iter().any(|line| is_about_help(&line.event.body)) {
        let hint = Hint::Supervised {
            conversation,
            organisation,
        };
        bus.publish(subject(conversation), hint.encode());
    }
    if moved.lines.iter().any(|line| is_in_feed(&line.event.body)) {
        bus.publish(Subject::Feed, feed::hint(organisation));
    }
}

/// Whether those who may help look again, and those who follow who supervises.
const fn is_about_help(body: &Body) -> bool {
    matches!(
        body,
        Body::AssistanceRequested { .. } | Body::AssistanceTaken { .. } | Body::AssistanceClosed { .. }
    )
}

/// Whether routing hears of it.
const fn is_in_feed(body: &Body) -> bool {
    matches!(
        body,
        Body::Opened { .. }
            | Body::Reopened { .. }
            | Body::Ended { .. }
            | Body::Notice {
                code: NoticeCode::InactivityTransfer,
                ..
            }
    )
}

fn count(moved: &Moved) {
    let of = |is: fn(&Body) -> bool| {
        let count = moved.lines.iter().filter(|line| is(&line.event.body)).count();
        u64::try_from(count).unwrap_or(u64::MAX)
    };
    metrics::MESSAGES.add(of(|body| matches!(body, Body::Message { .. })), &[]);
    let silence = |body: &Body| matches!(body, Body::Ended { reason } if *reason == EndReason::Inactivity);
    metrics::INACTIVITY_DISCONNECTS.add(of(silence), &[]);
}

/// The users whose set of conversations this changes.
fn concerned(moved: &Moved) -> Vec<UserId> {
    let changes = |body: &Body| {
        matches!(
            body,
            Body::ParticipantJoined { .. } | Body::ParticipantLeft { .. } | Body::Ended { .. }
        )
    };
    if !moved.lines.iter().any(|line| changes(&line.event.body)) {
        return Vec::new();
    }
    moved.head.agents.iter().map(|agent| agent.user).collect()
}

/// Starts acting on hints and comparing.
pub(crate) fn start(app: &Arc<App>) {
    for number in 0..SUBJECTS {
        let app = Arc::clone(app);
        let tasks = app.context.tasks.clone();
        let hints = app.context.bus.subscribe(Subject::Conversations(number));
        tasks.spawn("session hints", async move {
            let draining = app.context.tasks.drain_token().clone();
            draining.run_until_cancelled(listen(&app, hints)).await;
        });
    }
    let compared = Arc::clone(app);
    app.context.tasks.spawn("session compare", async move {
        let draining = compared.context.tasks.drain_token().clone();
        draining.run_until_cancelled(look_again_and_again(&compared)).await;
    });
}

async fn listen(app: &App, mut hints: onqueue_bus::Hints) {
    loop {
        let Some(bytes) = hints.next().await else {
            report("compare", look_at_all(app).await);
            report("compare sets", look_at_sets(app).await);
            report("compare requests", look_at_requests(app).await);
            continue;
        };
        let Some(hint) = Hint::decode(&bytes) else { continue };
        match &hint {
            Hint::Typing {
                conversation,
                participant,
                typing,
            } => app.hub.hand_typing(*conversation, *participant, *typing),
            Hint::Presence {
                conversation,
                away_since,
            } => app.hub.hand_presence(*conversation, *away_since),
            Hint::Supervised {
                conversation,
                organisation,
            } => {
                app.hub.helps.wake(*organisation);
                app.hub.hand_supervised(*conversation);
            }
            Hint::Moved { users, .. } => {
                app.hub.sets.wake(users);
                report("read", catch_up(app, &hint).await);
            }
        }
    }
}

async fn catch_up(app: &App, hint: &Hint) -> Result<(), StoreError> {
    let Some((key, last)) = app.hub.behind(hint) else {
        return Ok(());
    };
    let lines = log::after(&app.store, key, Class::Supervisor, last, READ).await?;
    app.hub.hand(key.1, &lines);
    Ok(())
}

/// Every second, with jitter: whoever missed a hint is found here. The sets of users every other time.
async fn look_again_and_again(app: &App) {
    let mut is_for_sets = false;
    loop {
        let [jitter] = app.context.ids.bytes::<1>();
        tokio::time::sleep(Duration::from_millis(850 + u64::from(jitter))).await;
        report("compare", look_at_all(app).await);
        is_for_sets = !is_for_sets;
        if is_for_sets {
            report("compare sets", look_at_sets(app).await);
            report("compare requests", look_at_requests(app).await);
        }
    }
}

async fn look_at_all(app: &App) -> Result<(), StoreError> {
    let grown = compare::grown(&app.store, &app.hub.followed()).await?;
    metrics::BUS_GAP.add(app.hub.compare(&grown), &[]);
    Ok(())
}

async fn look_at_requests(app: &App) -> Result<(), StoreError> {
    let organisations = app.hub.helps.followed();
    let now = assistance::open_of(&app.store, &organisations).await?;
    app.hub.helps.compare(&organisations, now);
    Ok(())
}

async fn look_at_sets(app: &App) -> Result<(), StoreError> {
    let users = app.hub.sets.followed();
    let now = compare::sets(&app.store, &users).await?;
    app.hub.sets.compare(&users, now);
    Ok(())
}

fn report(what: &str, outcome: Result<(), StoreError>) {
    if let Err(error) = outcome {
        tracing::warn!(what, %error, "followers may be late; it is tried again in a second");
    }
}
