//! What each command does.

mod admin;
mod demo;
mod routing;
mod serve;
mod transcript;

use crate::{
    cli::{Admin, Certs, Command, Config, Healthcheck, Place, Routing, Transcript},
    node,
    output::{complain, say},
    route,
    settings::{self, Loaded},
    simulate,
};
use onqueue_model::Fault;
use onqueue_store::Lock;
use std::{
    future::Future,
    io::{Read as _, Write as _},
    net::TcpStream,
    process::ExitCode,
    time::Duration,
};

/// The settings cannot be used (EX_CONFIG of sysexits.h).
const UNUSABLE_SETTINGS: u8 = 78;

/// How long work that blocks may go on in the end: a name server that does not answer is not waited for.
const LAST: Duration = Duration::from_secs(1);

/// How long a health check waits.
const PATIENCE: Duration = Duration::from_secs(3);

/// Runs one command to its end.
pub fn run(command: Command) -> ExitCode {
    match command {
        Command::Serve(options) => with_settings(&options.place(), |loaded| serve::serve(loaded, options)),
        Command::Migrate(place) => with_settings(&place, migrate),
        Command::Certs(options) => ended(certs(&options)),
        Command::Demo(options) => with_settings(&options.place.clone(), |loaded| demo::demo(loaded, options)),
        Command::Admin(Admin::Create(options)) => {
            with_settings(&options.place.clone(), |loaded| admin::create(loaded, options))
        }
        Command::Routing(Routing::Export(options)) => {
            with_settings(&options.place.clone(), |loaded| routing::export(loaded, options))
        }
        Command::Transcript(Transcript::Verify(options)) => {
            with_settings(&options.place.clone(), |loaded| transcript::verify(loaded, options))
        }
        Command::Healthcheck(options) => ended(healthcheck(&options)),
        Command::Config(Config::Print(place)) => with_settings(&place, print),
        Command::Route(options) => route::route(&options),
        Command::Simulate(options) => simulate::simulate(&options),
    }
}

fn with_settings<W, F>(place: &Place, work: W) -> ExitCode
where
    W: FnOnce(Loaded) -> F,
    F: Future<Output = Result<(), Fault>>,
{
    let loaded = match settings::load(place) {
        Ok(loaded) => loaded,
        Err(mistakes) => {
            complain("the settings cannot be used:");
            mistakes
                .iter()
                .for_each(|mistake| complain(format_args!("  {mistake}")));
            return ExitCode::from(UNUSABLE_SETTINGS);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return ended(Err(Fault::unavailable(error))),
    };
    let outcome = runtime.block_on(work(loaded));
    runtime.shutdown_timeout(LAST);
    ended(outcome)
}

fn ended(outcome: Result<(), Fault>) -> ExitCode {
    let Err(fault) = outcome else { return ExitCode::SUCCESS };
    complain(format_args!(
        "onqueue: {}",
        fault.context.as_deref().unwrap_or(&fault.message)
    ));
    ExitCode::FAILURE
}

async fn migrate(loaded: Loaded) -> Result<(), Fault> {
    let _lock = Lock::take(&loaded.settings.store)?;
    node::migrate(&loaded.settings.store).await?;
    say("the database is up to date");
    Ok(())
}

async fn print(loaded: Loaded) -> Result<(), Fault> {
    say(loaded.print().trim_end());
    Ok(())
}

fn certs(options: &Certs) -> Result<(), Fault> {
    onqueue_credentials::authority::make(&options.out, options.days)?;
    say(format_args!(
        "certificates for {} days are in {}; run it again for new ones",
        options.days,
        options.out.display()
    ));
    Ok(())
}

fn healthcheck(options: &Healthcheck) -> Result<(), Fault> {
    let answer = ask(options).map_err(|error| Fault::unavailable(format!("{}: {error}", options.address)))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer.as_str(), ""));
    say(body.trim_end());
    if head.starts_with("HTTP/1.1 200") {
        Ok(())
    } else {
        Err(Fault::unavailable("not ready"))
    }
}

fn ask(options: &Healthcheck) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&options.address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET /readyz HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        options.address
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
