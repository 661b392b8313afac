//! The command line.

use clap::{Args, Parser, Subcommand};
use std::{net::SocketAddr, num::NonZero, path::PathBuf};

/// Open-source contact-centre chat.
#[derive(Debug, Parser)]
#[command(
    name = "onqueue",
    version,
    about = "Open-source contact-centre chat",
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run services in this process: all of them, or those named.
    Serve(Serve),
    /// Bring the database's tables up to date and exit.
    Migrate(Place),
    /// Make certificates for services in separate processes, with an authority for development.
    Certs(Certs),
    /// Put the demo organisation into the database, with new passwords for its users.
    Demo(Demo),
    /// Administration without anybody logged in.
    #[command(subcommand)]
    Admin(Admin),
    /// Ask a running process whether it is ready; exits with 1 if not.
    Healthcheck(Healthcheck),
    /// Settings.
    #[command(subcommand)]
    Config(Config),
    /// What routing has stored.
    #[command(subcommand)]
    Routing(Routing),
    /// What was said in conversations.
    #[command(subcommand)]
    Transcript(Transcript),
    /// Feed a routing log to a fresh engine and print who gets what, one JSON object a line. Exits with 2 if it is no log.
    Route(Route),
    /// Simulate a contact centre with the routing engine: service level, waits and occupancy. Exits with 2 if it is no scenario.
    Simulate(Simulate),
}

/// Where settings and data are.
#[derive(Debug, Clone, Default, Args)]
pub struct Place {
    /// Settings file (TOML).
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder for the data; goes before what the settings say.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The services of this process, separated by commas; goes before what the settings say.
    #[arg(skip)]
    pub services: Option<String>,
}

impl Place {
    /// What the command line says, as the environment would.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let url = |folder: &PathBuf| format!("sqlite://{}", folder.join("onqueue.db").display());
        let attachments = |folder: &PathBuf| folder.join("attachments").display().to_string();
        let given = [
            ("ONQUEUE_ATTACHMENTS__FOLDER", self.data.as_ref().map(attachments)),
            ("ONQUEUE_STORE__URL", self.data.as_ref().map(url)),
            ("ONQUEUE_PROCESS__SERVICES", self.services.clone()),
        ];
        given
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

/// Options of `certs`.
#[derive(Debug, Clone, Args)]
pub struct Certs {
    /// Folder for the certificates; an authority that is in it already is used again.
    #[arg(long, value_name = "DIR", default_value = "certs")]
    pub out: PathBuf,
    /// Days for which the services' certificates hold.
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    pub days: u32,
}

/// Options of `demo`.
#[derive(Debug, Clone, Args)]
pub struct Demo {
    #[command(flatten)]
    pub place: Place,
    /// Write ids and passwords to this file as JSON instead of printing them.
    #[arg(long, value_name = "FILE")]
    pub credentials: Option<PathBuf>,
}

/// What to administer.
#[derive(Debug, Clone, Subcommand)]
pub enum Admin {
    /// Make an organisation with its first division, the usual roles and an administrator; also while it is running.
    Create(AdminCreate),
}

/// Options of `admin create`. The password comes from --password-file, else from the environment variable
/// ONQUEUE_ADMIN_PASSWORD; without either one is made and printed once.
#[derive(Debug, Clone, Args)]
pub struct AdminCreate {
    #[command(flatten)]
    pub place: Place,
    /// The organisation's short name, with which its users log in: lower-case letters, digits and hyphens.
    #[arg(long, value_name = "NAME")]
    pub organisation: String,
    /// The organisation's name; the short name otherwise.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The language that its users begin with (BCP-47).
    #[arg(long, value_name = "TAG", default_value = "en")]
    pub language: String,
    /// The time zone of its opening hours and reports (IANA).
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub time_zone: String,
    /// The name of its first division.
    #[arg(long, value_name = "NAME", default_value = "Main")]
    pub division: String,
    /// The administrator's e-mail address, with which they log in.
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
    /// The administrator's name, as others see it.
    #[arg(long, value_name = "NAME", default_value = "Administrator")]
    pub administrator: String,
    /// File with the administrator's password: its first line.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

/// Options of `serve`.
#[derive(Debug, Clone, Default, Args)]
pub struct Serve {
    #[command(flatten)]
    pub place: Place,
    /// The services to run here, separated by commas (gateway, auth, routing, session, content); all of them otherwise.
    #[arg(long, value_name = "NAMES")]
    pub services: Option<String>,
    /// Make the demo organisation and print new passwords for its users.
    #[arg(long)]
    pub demo: bool,
    /// Write the demo's addresses, ids and passwords to this file as JSON once serving.
    #[arg(long, value_name = "FILE", requires = "demo")]
    pub credentials: Option<PathBuf>,
    /// Address of the public door; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Address of health over HTTP; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    pub health_listen: Option<SocketAddr>,
}

impl Serve {
    /// Where settings are, with what the options say of them.
    pub fn place(&self) -> Place {
        Place {
            services: self.services.clone(),
            ..self.place.clone()
        }
    }
}

/// Options of `healthcheck`.
#[derive(Debug, Clone, Args)]
pub struct Healthcheck {
    /// Where health is served.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9090")]
    pub address: SocketAddr,
}

/// What to do with settings.
#[derive(Debug, Clone, Subcommand)]
pub enum Config {
    /// Print the effective settings, secrets hidden.
    Print(Place),
}

/// Options of `route`. docs/routing-log.md says what a log is.
#[derive(Debug, Clone, Args)]
pub struct Route {
    /// The log; - reads the standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print decisions and refusals too.
    #[arg(long)]
    pub explain: bool,
    /// Print the digest of the engine's state at the end.
    #[arg(long)]
    pub digest: bool,
    /// Begin with the engine in this file instead of a fresh one; `onqueue routing export --from-snapshot` writes it.
    #[arg(long, value_name = "FILE")]
    pub snapshot: Option<PathBuf>,
}

/// What to do with routing.
#[derive(Debug, Clone, Subcommand)]
pub enum Routing {
    /// Write the routing log of an organisation as text, which `onqueue route` repeats; also while it is running.
    Export(RoutingExport),
}

/// Options of `routing export`.
#[derive(Debug, Clone, Args)]
pub struct RoutingExport {
    #[command(flatten)]
    pub place: Place,
    /// The organisation's id.
    #[arg(value_name = "ORGANISATION")]
    pub organisation: String,
    /// Write the oldest snapshot that is kept to this file, and only what came after it to the standard output: for a log of
    /// which the beginning is not kept any more.
    #[arg(long, value_name = "FILE")]
    pub from_snapshot: Option<PathBuf>,
}

/// What to do with transcripts.
#[derive(Debug, Clone, Subcommand)]
pub enum Transcript {
    /// Check that no event of an organisation's conversations was changed, taken out or cut off since it was written, and that
    /// the audit trail which says how long they were is whole; also while it is running. Exits with 1 if anything is wrong.
    Verify(TranscriptVerify),
}

/// Options of `transcript verify`.
#[derive(Debug, Clone, Args)]
pub struct TranscriptVerify {
    #[command(flatten)]
    pub place: Place,
    /// The organisation's id.
    #[arg(value_name = "ORGANISATION")]
    pub organisation: String,
    /// Only this conversation.
    #[arg(long, value_name = "ID")]
    pub conversation: Option<String>,
}

/// Options of `simulate`. docs/simulation.md says what a scenario is.
#[derive(Debug, Clone, Args)]
pub struct Simulate {
    /// The scenario (TOML).
    #[arg(value_name = "SCENARIO")]
    pub file: PathBuf,
    /// From which all random numbers come; goes before what the scenario says.
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// How often each variant is run; goes before what the scenario says.
    #[arg(long, value_name = "NUMBER")]
    pub replications: Option<NonZero<u32>>,
    /// Print JSON instead of tables.
    #[arg(long)]
    pub json: bool,
    /// Write plots (SVG) into this folder.
    #[arg(long, value_name = "DIR")]
    pub plots: Option<PathBuf>,
}
