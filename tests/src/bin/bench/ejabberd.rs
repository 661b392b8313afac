//! ejabberd with its archive on PostgreSQL, as a plain process on a port of loopback: from Debian's packages, installed or
//! unpacked anywhere. Nothing of the system's own ejabberd is touched.

use crate::{
    Outcome,
    talk::xmpp::{DOMAIN, PASSWORD, pair},
};
use onqueue_daemons::{Disk, PostgresServer, psql};
use onqueue_testkit::own_postgres;
use onqueue_tests::process::free;
use std::{
    fs::{self, File},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long it may take to start.
const START: Duration = Duration::from_secs(60);

/// Its tables are in here.
const DATABASE: &str = "ejabberd";

/// A server that ends with this.
pub struct Ejabberd {
    /// Where it takes clients.
    pub address: SocketAddr,
    child: Child,
    // Only kept; the process first.
    postgres: PostgresServer,
    folder: TempDir,
}

impl Drop for Ejabberd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ejabberd {
    /// Starts it from the packages in `root` (`/` where they are installed) with so many pairs of users.
    pub async fn start(root: &Path, at: &Path, pairs: usize) -> Outcome<Self> {
        let (folder, address) = (tempfile::tempdir_in(at)?, free());
        let postgres = own_postgres(Disk::Synced).await;
        make_tables(root, &postgres, pairs)?;
        fs::write(
            folder.path().join("ejabberd.yml"),
            settings(address.port(), postgres.port()),
        )?;
        let child = spawn(root, folder.path())?;
        let mut server = Self {
            address,
            child,
            postgres,
            folder,
        };
        server.wait()?;
        Ok(server)
    }

    fn wait(&mut self) -> Outcome<()> {
        let end = Instant::now() + START;
        while TcpStream::connect(self.address).is_err() {
            if self.child.try_wait()?.is_some() || Instant::now() > end {
                let said = fs::read_to_string(self.folder.path().join("output")).unwrap_or_default();
                return Err(format!("ejabberd does not start:\n{said}").into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// How many messages are in the archive: each is in its sender's and in the other one's.
    pub fn archived(&self) -> Outcome<usize> {
        let count = sql(&self.postgres, DATABASE, "SELECT count(*) FROM archive")?;
        Ok(count.trim().parse::<usize>()? / 2)
    }
}

fn sql(postgres: &PostgresServer, database: &str, text: &str) -> Outcome<String> {
    psql(&postgres.url(database), text).map_err(|failure| failure.0.into())
}

fn make_tables(root: &Path, postgres: &PostgresServer, pairs: usize) -> Outcome<()> {
    sql(postgres, "postgres", &format!("CREATE DATABASE {DATABASE}"))?;
    sql(
        postgres,
        DATABASE,
        &fs::read_to_string(root.join("usr/share/ejabberd/sql/pg.sql"))?,
    )?;
    let users = (0..pairs).map(pair).flat_map(|(one, other)| [one, other]);
    let rows: Vec<String> = users.map(|user| format!("('{user}', '{PASSWORD}')")).collect();
    let insert = format!("INSERT INTO users (username, password) VALUES {}", rows.join(", "));
    sql(postgres, DATABASE, &insert).map(drop)
}

/// As it is by default, but for where things are, for the archive, and for the limit on how much one client may send.
fn settings(port: u16, postgres: u16) -> String {
    format!(
        r#"hosts: ["{DOMAIN}"]
loglevel: warning
listen:
  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    shaper: none
    access: all
sql_type: pgsql
sql_server: "127.0.0.1"
sql_port: {postgres}
sql_database: "{DATABASE}"
sql_username: "onqueue"
sql_password: ""
default_db: sql
auth_method: sql
auth_password_format: plain
modules:
  mod_mam:
    db_type: sql
    default: always
"#
    )
}

/// Erlang's machine as its own script starts it, without a name in any network.
fn spawn(root: &Path, folder: &Path) -> Outcome<Child> {
    let erlang = root.join("usr/lib/erlang");
    let binaries = machine(&erlang)?;
    let output = File::create(folder.join("output"))?;
    let mut command = Command::new(binaries.join("erlexec"));
    command
        .args(["-noinput", "+K", "true", "+P", "250000", "-mnesia", "dir"])
        .arg(format!("{:?}", folder.join("mnesia").display().to_string()))
        .args(["-s", "ejabberd"])
        .env("ROOTDIR", &erlang)
        .env("BINDIR", &binaries)
        .env("EMU", "beam")
        .env("PROGNAME", "erl")
        .env("HOME", folder)
        .env("ERL_LIBS", libraries(root)?)
        .env("ERL_CRASH_DUMP", "/dev/null")
        .env("EJABBERD_CONFIG_PATH", folder.join("ejabberd.yml"))
        .env("EJABBERD_LOG_PATH", folder.join("ejabberd.log"))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output);
    Ok(command.spawn()?)
}

fn machine(erlang: &Path) -> Outcome<PathBuf> {
    let is_machine = |path: &PathBuf| path.join("bin/erlexec").exists();
    let found = folders(erlang)?.into_iter().find(is_machine);
    let found = found.ok_or_else(|| format!("{} holds no Erlang", erlang.display()))?;
    Ok(found.join("bin"))
}

/// The folder of libraries in which ejabberd is: it is named after the machine's architecture.
fn libraries(root: &Path) -> Outcome<PathBuf> {
    let has_it = |path: &PathBuf| {
        let inside = folders(path).unwrap_or_default();
        inside.iter().any(|path| path.join("ebin/ejabberd.app").exists())
    };
    let found = folders(&root.join("usr/lib"))?.into_iter().find(has_it);
    found.ok_or_else(|| format!("{} holds no ejabberd", root.display()).into())
}

fn folders(of: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(of)?.collect::<Result<Vec<_>, _>>()?;
    Ok(entries
        .into_iter()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect())
}
