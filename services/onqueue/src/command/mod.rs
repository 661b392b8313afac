//! What each command does.

mod admin;
mod backup;
mod check;
mod config;
mod demo;
mod doctor;
mod keys;
mod organisation;
mod password;
mod routing;
mod script;
mod serve;
mod transcript;

use crate::{
    cli::{Admin, Certs, Check, Command, Config, Healthcheck, Keys, Place, Routing, Script, Serve, Transcript},
    node,
    output::{complain, say},
    route,
    settings::{self, Loaded, Mistake, Obstacles, RESTORE},
    simulate,
};
use onqueue_credentials::authority::{self, Made};
use onqueue_model::{Cause, Fault};
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
        Command::Serve(options) => serve(options),
        Command::Migrate(place) => migrate(&place),
        Command::Doctor(options) => doctor::doctor(&options),
        Command::Backup(options) => with_settings(&options.place.clone(), |loaded| backup::back_up(loaded, options)),
        Command::Restore(options) => with_settings(&options.place.clone(), |loaded| backup::restore(loaded, options)),
        Command::Restored(place) => with_settings(&place, backup::restored),
        Command::Keys(Keys::List(options)) => {
            with_settings(&options.place.clone(), |loaded| keys::list(loaded, options))
        }
        Command::Keys(Keys::Rotate(options)) => {
            with_settings(&options.place.clone(), |loaded| keys::rotate(loaded, options))
        }
        Command::Keys(Keys::Withdraw(options)) => {
            with_settings(&options.place.clone(), |loaded| keys::withdraw(loaded, options))
        }
        Command::Certs(options) => ended(certs(&options)),
        Command::Demo(options) => with_settings(&options.place.clone(), |loaded| demo::demo(loaded, options)),
        Command::Admin(Admin::Create(options)) => {
            with_settings(&options.place.clone(), |loaded| admin::create(loaded, options))
        }
        Command::Admin(Admin::Password(options)) => {
            with_settings(&options.place.clone(), |loaded| admin::password(loaded, options))
        }
        Command::Routing(Routing::Export(options)) => {
            with_settings(&options.place.clone(), |loaded| routing::export(loaded, options))
        }
        Command::Transcript(Transcript::Verify(options)) => {
            with_settings(&options.place.clone(), |loaded| transcript::verify(loaded, options))
        }
        Command::Healthcheck(options) => ended(healthcheck(&options)),
        Command::Check(Check::Conversation(options)) => run_to_end(check::conversation(options)),
        Command::Config(Config::Print(place)) => with_settings(&place, config::print),
        Command::Config(Config::Reference(options)) => ended(config::reference(&options)),
        Command::Route(options) => route::route(&options),
        Command::Script(Script::Check(options)) => script::check(&options),
        Command::Simulate(options) => simulate::simulate(&options),
    }
}

/// Before anything is begun, everything is looked at that could keep it from beginning.
fn serve(options: Serve) -> ExitCode {
    let mut tried = match settings::attempt(&options.place()) {
        Ok(tried) => tried,
        Err(mistakes) => return unusable(&mistakes),
    };
    options.lay_over(&mut tried.loaded.settings);
    let Obstacles { mistakes, taken } = settings::obstacles(&tried.loaded.settings);
    tried.add(mistakes);
    if tried.mistakes.is_empty() {
        return match taken.is_empty() {
            true => on_the_database(tried.loaded, |loaded| serve::serve(loaded, options)),
            false => occupied(&taken),
        };
    }
    tried.add(taken);
    unusable(&tried.mistakes)
}

/// What is in the way may be gone in a moment: no mistake in the settings, and worth another try.
fn occupied(taken: &[Mistake]) -> ExitCode {
    taken
        .iter()
        .for_each(|mistake| complain(format_args!("onqueue: {mistake}")));
    ExitCode::FAILURE
}

/// A file that is damaged stays so however often the work is begun again: that is told as of settings that cannot be used.
fn on_the_database<W, F>(loaded: Loaded, work: W) -> ExitCode
where
    W: FnOnce(Loaded) -> F,
    F: Future<Output = Result<(), Fault>>,
{
    let file = loaded.settings.store.sqlite_path();
    let outcome = outcome(work(loaded));
    match (outcome, file) {
        (Err(fault), Some(file)) if fault.cause == Some(Cause::DamagedDatabase) => {
            let problem = format!("{}: {}", file.display(), told(&fault));
            unusable(&[Mistake::new("store.url", problem)])
        }
        (outcome, _) => ended(outcome),
    }
}

fn with_settings<W, F>(place: &Place, work: W) -> ExitCode
where
    W: FnOnce(Loaded) -> F,
    F: Future<Output = Result<(), Fault>>,
{
    match settings::load(place) {
        Ok(loaded) => run_to_end(work(loaded)),
        Err(mistakes) => unusable(&mistakes),
    }
}

fn unusable(mistakes: &[Mistake]) -> ExitCode {
    complain("the settings cannot be used:");
    mistakes
        .iter()
        .for_each(|mistake| complain(format_args!("  {mistake}")));
    ExitCode::from(UNUSABLE_SETTINGS)
}

fn run_to_end(work: impl Future<Output = Result<(), Fault>>) -> ExitCode {
    ended(outcome(work))
}

fn outcome(work: impl Future<Output = Result<(), Fault>>) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(Fault::unavailable)?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(LAST);
    outcome
}

fn ended(outcome: Result<(), Fault>) -> ExitCode {
    let Err(fault) = outcome else { return ExitCode::SUCCESS };
    complain(format_args!("onqueue: {}", told(&fault)));
    ExitCode::FAILURE
}

/// What a fault says to the operator, with what to do where its cause is known.
fn told(fault: &Fault) -> String {
    let said = fault.context.as_deref().unwrap_or(&fault.message);
    match fault.cause {
        Some(Cause::DamagedDatabase) => format!("{said}: {RESTORE}"),
        None => said.to_owned(),
    }
}

fn migrate(place: &Place) -> ExitCode {
    let loaded = match settings::load(place) {
        Ok(loaded) => loaded,
        Err(mistakes) => return unusable(&mistakes),
    };
    let mistakes = settings::database(&loaded.settings);
    match mistakes.is_empty() {
        true => on_the_database(loaded, up_to_date),
        false => unusable(&mistakes),
    }
}

async fn up_to_date(loaded: Loaded) -> Result<(), Fault> {
    let _lock = Lock::take(&loaded.settings.store)?;
    node::migrate(&loaded.settings.store).await?;
    say("the database is up to date");
    Ok(())
}

fn certs(options: &Certs) -> Result<(), Fault> {
    let Made { is_new, replaced } = authority::make(&options.out, options.days)?;
    let folder = options.out.display();
    match is_new {
        true => say(format_args!(
            "a NEW authority was made, for there was none in {folder}/ca: keep its key (ca.key), which makes the next certificates"
        )),
        false => say(format_args!("the authority in {folder}/ca was used")),
    }
    if !replaced.is_empty() {
        say(format_args!(
            "the certificates of {} were of ANOTHER authority: who still has one of that one is a stranger from now on. Give all \
             machines their new folders, or put the former `ca` into {folder} and run it again",
            replaced.join(", ")
        ));
    }
    say(format_args!(
        "certificates for {} days are in {folder}; run it again for new ones",
        options.days
    ));
    if let Some(told) = settings::for_whom(&options.out) {
        say(told);
    }
    Ok(())
}

fn healthcheck(options: &Healthcheck) -> Result<(), Fault> {
    let answer = ask(options).map_err(|error| Fault::unavailable(format!("{}: {error}", options.address)))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer.as_str(), ""));
    say(body.trim_end());
    if head.starts_with("HTTP/1.1 200") {
        Ok(())
    } else {
        Err(Fault::unavailable(
            "not ready; if it stays so, `onqueue doctor` with the settings of that process says what is wrong",
        ))
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
