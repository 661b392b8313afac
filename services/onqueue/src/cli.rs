//! The command line.

use crate::settings::Settings;
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
    /// Look whether everything that the services need is there and well, and say what to do where it is not. Exits with 1 if
    /// something fails.
    Doctor(Doctor),
    /// Copy a SQLite database as it is at one moment into a new file; also while it is running.
    Backup(Backup),
    /// Put a copy that `backup` made in the place of a SQLite database that is not there any more.
    Restore(Backup),
    /// Say that the database was restored from a backup, before anything is started on it again: brings its tables up to date,
    /// and has clients read anew what they hold.
    Restored(Place),
    /// The keys that sign tokens.
    #[command(subcommand)]
    Keys(Keys),
    /// Put the demo organisation into the database, with new passwords for its users.
    Demo(Demo),
    /// Administration without anybody logged in.
    #[command(subcommand)]
    Admin(Admin),
    /// Ask a running process whether it is ready; exits with 1 if not.
    Healthcheck(Healthcheck),
    /// Try whether an installation does what it is for.
    #[command(subcommand)]
    Check(Check),
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
    /// Scripts that guide agents.
    #[command(subcommand)]
    Script(Script),
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
    /// Folder for the certificates; an authority that is in it already is used again, and it is said which one was.
    #[arg(long, value_name = "DIR", default_value = "certs")]
    pub out: PathBuf,
    /// Days for which the services' certificates hold, 1 to 3650.
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub days: u32,
}

/// Options of `doctor`.
#[derive(Debug, Clone, Args)]
pub struct Doctor {
    #[command(flatten)]
    pub place: Place,
    /// The services to look after, separated by commas; goes before what the settings say.
    #[arg(long, value_name = "NAMES")]
    pub services: Option<String>,
    /// Look at all of a SQLite file, indexes too, however long it takes; otherwise at its pages for two seconds.
    #[arg(long)]
    pub thorough: bool,
    /// Print JSON: a list of what was looked at.
    #[arg(long)]
    pub json: bool,
}

/// Options of `backup` and `restore`.
#[derive(Debug, Clone, Args)]
pub struct Backup {
    #[command(flatten)]
    pub place: Place,
    /// The copy.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// What to do with the keys that sign tokens. Works while the installation runs, which takes notice within seconds.
#[derive(Debug, Clone, Subcommand)]
pub enum Keys {
    /// List them: whose, since when, until when; never the keys themselves.
    List(KeysList),
    /// Make new keys, which sign from a minute later; tokens of the former ones hold until they end.
    Rotate(KeysRotate),
    /// Take a key away that others may know: every token that it signed is refused within seconds, and who had one logs in or
    /// renews it.
    Withdraw(KeysWithdraw),
}

/// Options of `keys list`.
#[derive(Debug, Clone, Args)]
pub struct KeysList {
    #[command(flatten)]
    pub place: Place,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Options of `keys rotate`.
#[derive(Debug, Clone, Args)]
pub struct KeysRotate {
    #[command(flatten)]
    pub place: Place,
    /// Whose: auth signs for users and other systems, session for guests. Both otherwise.
    #[arg(long, value_name = "SERVICE", value_parser = ["auth", "session"])]
    pub of: Option<String>,
}

/// Options of `keys withdraw`.
#[derive(Debug, Clone, Args)]
pub struct KeysWithdraw {
    #[command(flatten)]
    pub place: Place,
    /// The key's name, as `keys list` shows it.
    #[arg(value_name = "KID")]
    pub kid: String,
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
    /// Give somebody another password whom nobody who is logged in can give one, such as the only administrator who lost theirs;
    /// also while it is running. Whoever is logged in as them is logged out.
    Password(AdminPassword),
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
    /// File with the administrator's password: its first line; - reads the standard input.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

/// Options of `admin password`. The new password comes from --password-file, else from the environment variable
/// ONQUEUE_ADMIN_PASSWORD; without either one is made and printed once.
#[derive(Debug, Clone, Args)]
pub struct AdminPassword {
    #[command(flatten)]
    pub place: Place,
    /// The organisation's short name, with which its users log in.
    #[arg(long, value_name = "NAME")]
    pub organisation: String,
    /// The e-mail address with which they log in.
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
    /// File with the new password: its first line; - reads the standard input.
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

    /// Lays what the options say of addresses over the settings.
    pub fn lay_over(&self, settings: &mut Settings) {
        let process = &mut settings.process;
        settings.gateway.listen = self.listen.unwrap_or(settings.gateway.listen);
        process.health_listen = self.health_listen.unwrap_or(process.health_listen);
    }
}

/// Options of `healthcheck`.
#[derive(Debug, Clone, Args)]
pub struct Healthcheck {
    /// Where health is served.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9090")]
    pub address: SocketAddr,
}

/// What to try.
#[derive(Debug, Clone, Subcommand)]
pub enum Check {
    /// Let a guest and an agent talk through the public door. Makes an agent, a queue and a deployment and takes them away
    /// again. Exits with 1 and says at which step it failed.
    Conversation(CheckConversation),
}

/// Options of `check conversation`. The password comes from --password-file, else from the environment variable
/// ONQUEUE_ADMIN_PASSWORD.
#[derive(Debug, Clone, Args)]
pub struct CheckConversation {
    /// The public door: http://host:port, or https://host:port where TLS is spoken.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub address: String,
    /// File with the certificates (PEM) of the authorities to trust at https://, instead of those that this machine trusts.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// The organisation's short name; best one that is there for checks alone.
    #[arg(long, value_name = "NAME")]
    pub organisation: String,
    /// The e-mail address of somebody who administers it.
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
    /// File with their password: its first line; - reads the standard input.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Seconds that each step may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub patience: u64,
}

/// What to do with settings.
#[derive(Debug, Clone, Subcommand)]
pub enum Config {
    /// Print the effective settings, secrets hidden.
    Print(Place),
    /// Print every setting with its default, unit, effect and environment variable, as docs/settings.md.
    Reference(Reference),
}

/// Options of `config reference`.
#[derive(Debug, Clone, Args)]
pub struct Reference {
    /// Print JSON instead: a list of the keys.
    #[arg(long)]
    pub json: bool,
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
    /// The organisation's id, or the short name with which its users log in.
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
    /// The organisation's id, or the short name with which its users log in.
    #[arg(value_name = "ORGANISATION")]
    pub organisation: String,
    /// Only this conversation.
    #[arg(long, value_name = "ID")]
    pub conversation: Option<String>,
}

/// What to do with scripts. docs/guides/scripts.md says what they are.
#[derive(Debug, Clone, Subcommand)]
pub enum Script {
    /// Say everything that is wrong with scripts in files: file, line, column, the kind of problem, and a sentence. Exits with 1 if
    /// anything is wrong, with 2 if a file cannot be read.
    Check(ScriptCheck),
}

/// Options of `script check`.
#[derive(Debug, Clone, Args)]
pub struct ScriptCheck {
    /// The scripts (JSON); - reads the standard input.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Print one JSON object a line for each file.
    #[arg(long)]
    pub json: bool,
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
