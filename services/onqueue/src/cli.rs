//! The command line.

use clap::{Args, Parser, Subcommand};
use std::{net::SocketAddr, path::PathBuf};

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
    /// Run all services in this process.
    Serve(Serve),
    /// Bring the database's tables up to date and exit.
    Migrate(Place),
    /// Ask a running process whether it is ready; exits with 1 if not.
    Healthcheck(Healthcheck),
    /// Settings.
    #[command(subcommand)]
    Config(Config),
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
}

/// Options of `serve`.
#[derive(Debug, Clone, Default, Args)]
pub struct Serve {
    #[command(flatten)]
    pub place: Place,
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
