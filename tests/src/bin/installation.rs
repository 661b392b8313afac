//! An installation of separate processes with the demo in it, to be looked at by people and by tests in other languages:
//! two gateways, sessions and routings, one auth and one content, PostgreSQL and NATS, all on free ports of loopback.
//!
//! Prints one JSON line when all are ready. Every line that it reads is a command; it answers `ok` when that is done. It
//! ends, with everything that it started, when its standard input ends.

// A driver for tests; it is no part of the product.
#![allow(clippy::disallowed_methods, clippy::print_stdout)]

use onqueue::demo;
use onqueue_server::Ids;
use onqueue_tests::installation::{Disks, Installation, Plan};
use serde_json::json;
use std::{error::Error, io::BufRead as _, time::Duration};
use tokio::sync::mpsc;

/// How long a service may take to end in order.
const END: Duration = Duration::from_secs(45);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let demo = demo::load(&Ids::system()).map_err(|fault| format!("{fault:?}"))?;
    let mut said = serde_json::to_value(&demo.credentials)?;
    let plan = Plan::usual(Disks::Own).with("gateway", "default_deployment", demo.credentials.deployment.clone());
    let responses = demo.content.clone();
    let mut installation = Installation::start(&plan, demo).await;
    installation.database.seed_responses(responses).await;
    said["addresses"] = json!(
        installation
            .doors()
            .iter()
            .map(|door| format!("http://{door}"))
            .collect::<Vec<_>>()
    );
    said["health"] = installation
        .members()
        .map(|member| (member.name.clone(), json!(format!("http://{}", member.health))))
        .collect();
    println!("{said}");
    let mut lines = commands();
    while let Some(line) = lines.recv().await {
        obey(&mut installation, line.trim()).await?;
        println!("ok");
    }
    Ok(())
}

/// The lines of standard input; they block, so a thread of their own reads them.
fn commands() -> mpsc::Receiver<String> {
    let (tell, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        let read = std::io::stdin().lock().lines().map_while(Result::ok);
        for line in read {
            if tell.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// `kill NAME`, `kill all`, `term NAME`, `stop NAME`, `cont NAME`, `launch`.
async fn obey(installation: &mut Installation, line: &str) -> Result<(), Box<dyn Error>> {
    let (verb, name) = line.split_once(' ').unwrap_or((line, ""));
    match (verb, name) {
        ("kill", "all") => installation.members().for_each(|member| member.kill()),
        ("kill", name) => installation.member(name).kill(),
        ("term", name) => {
            let member = installation.member(name);
            member.signal("TERM");
            member.wait_until_ended(END).await;
        }
        ("stop", name) => installation.member(name).signal("STOP"),
        ("cont", name) => installation.member(name).signal("CONT"),
        ("launch", _) => installation.launch_all().await,
        _ => return Err(format!("there is no command {line}").into()),
    }
    Ok(())
}
