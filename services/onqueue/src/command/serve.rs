//! `onqueue serve`: from the command line to the last task's end.

use crate::{
    cli::Serve,
    demo::{self, Demo},
    node::{self, Node, Surroundings},
    output::say,
    settings::{Loaded, Settings},
};
use onqueue_model::Fault;
use onqueue_server::{Clock, Ending, Probes, Readiness, Tasks, ending, serve_health, show_readiness};
use onqueue_telemetry::metrics;
use serde_json::json;
use std::{net::SocketAddr, path::Path, time::Duration};
use tokio::net::TcpListener;

/// Runs the services until told to end.
pub async fn serve(loaded: Loaded, options: Serve) -> Result<(), Fault> {
    let settings = loaded.settings;
    if options.demo && !settings.process.services().are_all() {
        let problem = "--demo is for one process with all services; for several run `onqueue demo` once";
        return Err(Fault::unavailable(problem));
    }
    let telemetry = onqueue_telemetry::init(known_as(&settings), &settings.telemetry).map_err(Fault::internal)?;
    let health = node::listen("health (--health-listen)", settings.process.health_listen).await?;
    let surroundings = Surroundings::system(&settings);
    let outcome = watched(&settings, surroundings, &options, health).await;
    let _ = tokio::task::spawn_blocking(move || telemetry.shutdown()).await;
    outcome
}

/// What the process is called in traces and metrics.
fn known_as(settings: &Settings) -> &'static str {
    let services = settings.process.services();
    let mut names = services.iter();
    match (names.next(), names.next()) {
        (Some(only), None) => only,
        _ => "onqueue",
    }
}

/// Serves health from the first moment to the last, and the services in between.
async fn watched(
    settings: &Settings,
    surroundings: Surroundings,
    options: &Serve,
    health: TcpListener,
) -> Result<(), Fault> {
    let at = health.local_addr().map_err(Fault::unavailable)?;
    let (readiness, clock) = (surroundings.readiness.clone(), surroundings.clock.clone());
    let services = settings.process.services();
    for service in services.iter() {
        metrics::SERVICE_RUNNING.set(1.0, &[service]);
    }
    show_readiness(readiness.clone(), &surroundings.tasks);
    let probes = Probes::new(readiness, services.iter());
    tokio::select! {
        outcome = live(settings, surroundings, options, at) => outcome,
        served = serve_health(health, probes, clock, metrics::text) => {
            Err(Fault::unavailable(format!("health: {served:?}")))
        }
    }
}

/// Starts, serves until told to end or until a task fails, and then ends in order within the limit.
async fn live(
    settings: &Settings,
    surroundings: Surroundings,
    options: &Serve,
    health: SocketAddr,
) -> Result<(), Fault> {
    let demo = options.demo.then(|| demo::load(&surroundings.ids)).transpose()?;
    let (tasks, readiness) = (surroundings.tasks.clone(), surroundings.readiness.clone());
    let delay = Duration::from_millis(settings.process.drain_delay_ms);
    let told = told(&tasks, &readiness, delay);
    tokio::pin!(told);
    let node = tokio::select! {
        node = Node::start(settings, surroundings, demo.as_ref()) => node?,
        // Nothing serves yet: what has begun ends with the process.
        ending = &mut told => return end(ending?, true),
    };
    announce(&node, settings, demo.as_ref());
    if let (Some(demo), Some(file)) = (demo.as_ref(), options.credentials.as_deref()) {
        write(&node, health, demo, file)?;
    }
    let ending = told.await?;
    let in_all = Duration::from_millis(settings.process.drain_ms);
    let in_time = node.stop(in_all.saturating_sub(delay)).await;
    end(ending, in_time)
}

/// Returns when the services are to end: told to, they go on for a while after readiness has said so.
async fn told(tasks: &Tasks, readiness: &Readiness, delay: Duration) -> Result<Ending, Fault> {
    let ending = ending(tasks).await.map_err(Fault::internal)?;
    tracing::info!(?ending, "ending");
    readiness.drain();
    if ending == Ending::Told {
        Clock::system().sleep(delay).await;
    }
    Ok(ending)
}

fn end(ending: Ending, in_time: bool) -> Result<(), Fault> {
    match (ending, in_time) {
        (Ending::TaskFailed, _) => Err(Fault::internal("a task failed; the log says which")),
        (Ending::Told, true) => Ok(()),
        (Ending::Told, false) => Err(Fault::internal("some tasks did not end in time and were cut")),
    }
}

fn announce(node: &Node, settings: &Settings, demo: Option<&Demo>) {
    let services = settings.process.services();
    if !services.are_all() {
        say(format_args!(
            "onqueue is serving {}",
            services.iter().collect::<Vec<_>>().join(", ")
        ));
    } else {
        say("onqueue is serving");
    }
    let Some(address) = node.door.map(reachable) else {
        return;
    };
    say(format_args!("  desk      http://{address}/desk"));
    let Some(demo) = demo else {
        say(format_args!("  chat      http://{address}/chat?deployment=<id>"));
        if services.are_all() {
            say("nothing is added to what the database holds; `onqueue admin create` makes the first organisation");
        }
        return;
    };
    say(format_args!(
        "  chat      http://{address}/chat?deployment={}",
        demo.credentials.deployment
    ));
    tell(demo);
}

/// Says how to log in.
pub fn tell(demo: &Demo) {
    let known = &demo.credentials;
    say(format_args!(
        "\nlog in at the desk with organisation “{}” and",
        known.organisation
    ));
    for user in &known.users {
        say(format_args!(
            "  {:<20} {:<22} {}   {}",
            user.email, user.password, user.role, user.name
        ));
    }
}

/// Where a browser on this machine finds a door that listens everywhere.
fn reachable(address: SocketAddr) -> SocketAddr {
    match (address.ip().is_unspecified(), address) {
        (true, SocketAddr::V4(_)) => SocketAddr::from(([127, 0, 0, 1], address.port())),
        (true, SocketAddr::V6(_)) => SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, address.port())),
        (false, _) => address,
    }
}

fn write(node: &Node, health: SocketAddr, demo: &Demo, file: &Path) -> Result<(), Fault> {
    let mut places = json!({ "health": format!("http://{health}") });
    if let Some(address) = node.door.map(reachable) {
        places["address"] = json!(format!("http://{address}"));
    }
    demo.write(file, places)
}
