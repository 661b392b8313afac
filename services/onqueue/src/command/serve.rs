//! `onqueue serve`: from the command line to the last task's end.

use crate::{
    cli::Serve,
    demo::{self, Demo},
    embedded::{self, Embedded, Surroundings},
    output::say,
    settings::{Loaded, Settings},
};
use onqueue_model::Fault;
use onqueue_server::{Ending, ending, serve_health};
use serde_json::json;
use std::{net::SocketAddr, path::Path, time::Duration};
use tokio::net::TcpListener;

pub async fn serve(loaded: Loaded, options: Serve) -> Result<(), Fault> {
    let mut settings = loaded.settings;
    settings.gateway.listen = options.listen.unwrap_or(settings.gateway.listen);
    settings.process.health_listen = options.health_listen.unwrap_or(settings.process.health_listen);
    let telemetry = onqueue_telemetry::init("onqueue", &settings.telemetry).map_err(Fault::internal)?;
    let health = embedded::listen("health (--health-listen)", settings.process.health_listen).await?;
    let surroundings = Surroundings::system();
    let demo = options.demo.then(|| demo::load(&surroundings.ids)).transpose()?;
    let embedded = Embedded::start(&settings, surroundings, demo.as_ref()).await?;
    announce(&embedded, &health, demo.as_ref(), options.credentials.as_deref())?;
    let outcome = until_ended(embedded, health, &settings).await;
    let _ = tokio::task::spawn_blocking(move || telemetry.shutdown()).await;
    outcome
}

/// Serves until told to end, or until a task fails, and then ends in order within the limit.
async fn until_ended(embedded: Embedded, health: TcpListener, settings: &Settings) -> Result<(), Fault> {
    let readiness = embedded.readiness.clone();
    let life = async {
        let ending = ending(&embedded.context.tasks).await.map_err(Fault::internal)?;
        tracing::info!(?ending, "ending");
        let in_time = embedded.stop(Duration::from_millis(settings.process.drain_ms)).await;
        match (ending, in_time) {
            (Ending::TaskFailed, _) => Err(Fault::internal("a task failed; the log says which")),
            (Ending::Told, true) => Ok(()),
            (Ending::Told, false) => Err(Fault::internal("some tasks did not end in time and were cut")),
        }
    };
    tokio::select! {
        outcome = life => outcome,
        served = serve_health(health, readiness) => Err(Fault::unavailable(format!("health: {served:?}"))),
    }
}

fn announce(embedded: &Embedded, health: &TcpListener, demo: Option<&Demo>, file: Option<&Path>) -> Result<(), Fault> {
    let address = reachable(embedded.address);
    say("onqueue is serving");
    say(format_args!("  desk      http://{address}/desk"));
    let Some(demo) = demo else {
        say(format_args!("  chat      http://{address}/chat?deployment=<id>"));
        say(
            "without --demo nothing is added: only users and chat pages that the data folder holds already can be used",
        );
        return Ok(());
    };
    let known = &demo.credentials;
    say(format_args!(
        "  chat      http://{address}/chat?deployment={}",
        known.deployment
    ));
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
    match file {
        Some(file) => write(file, address, health.local_addr().map_err(Fault::unavailable)?, demo),
        None => Ok(()),
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

/// Whole or not at all, and for the owner's eyes only: it holds passwords.
fn write(file: &Path, address: SocketAddr, health: SocketAddr, demo: &Demo) -> Result<(), Fault> {
    use std::{fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let failed = |error: std::io::Error| Fault::unavailable(format!("{}: {error}", file.display()));
    let mut content = serde_json::to_value(&demo.credentials).map_err(Fault::internal)?;
    content["address"] = json!(format!("http://{address}"));
    content["health"] = json!(format!("http://{health}"));
    let unfinished = file.with_extension("unfinished");
    let mut out = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&unfinished)
        .map_err(failed)?;
    out.write_all(content.to_string().as_bytes())
        .and_then(|()| out.sync_all())
        .map_err(failed)?;
    std::fs::rename(&unfinished, file).map_err(failed)
}
