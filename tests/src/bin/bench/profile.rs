//! Where the time goes: samples of perf, added up by what they are of.

use crate::Outcome;
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Samples a second; no divisor of what other things happen at.
const FREQUENCY: &str = "499";

/// A profile that is being taken.
pub struct Profile {
    data: PathBuf,
    child: Option<Child>,
}

/// What the time is spent on, by the beginnings of symbols; the first that fits counts.
const PARTS: [(&str, &[&str]); 9] = [
    (
        "TLS",
        &[
            "ring",
            "rustls",
            "tokio_rustls",
            "aes_",
            "gcm_",
            "chacha",
            "_aesni",
            "p256",
            "GFp",
            "ring_core",
        ],
    ),
    (
        "HTTP/2 and gRPC",
        &[
            "h2::",
            "hyper",
            "tonic",
            "prost",
            "tower",
            "http::",
            "http_body",
            "axum",
        ],
    ),
    (
        "SQLite",
        &[
            "sqlite3",
            "walI",
            "pager",
            "btree",
            "vdbe",
            "balance",
            "sqlite",
            "libsqlite3",
        ],
    ),
    ("database driver", &["sqlx", "sea_orm", "sea_query", "sea_"]),
    (
        "runtime",
        &["tokio", "mio", "futures", "parking_lot", "core::task", "crossbeam"],
    ),
    ("telemetry", &["tracing", "opentelemetry", "prometheus"]),
    (
        "memory",
        &["mi_", "_mi_", "malloc", "free", "__mem", "memcpy", "memmove", "memset"],
    ),
    ("Onqueue", &["onqueue"]),
    ("kernel", &["[k]"]),
];

/// Whether the machine has what a profile takes.
pub fn is_possible() -> bool {
    let asked = Command::new("perf").arg("--version").stdout(Stdio::null()).status();
    let is_there = asked.is_ok_and(|status| status.success());
    if !is_there {
        eprintln!("    no profile: perf is not there (Debian: linux-perf)");
    }
    is_there
}

/// Runs one of this binary's drivers once more and watches where its time goes; a table of that.
pub fn of_driver(arguments: &[&str], at: &Path, what: &str) -> Outcome<String> {
    let folder = tempfile::tempdir_in(at)?;
    let data = folder.path().join("perf.data");
    let mut command = Command::new("perf");
    command.args(["record", "-q", "-F", FREQUENCY, "-o"]).arg(&data);
    command.arg("--").arg(std::env::current_exe()?).args(arguments);
    // What it measured meanwhile counts for nothing.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status()?;
    Profile { data, child: None }.table(what)
}

impl Profile {
    /// Watches these processes into a file, after and for that many seconds.
    pub fn begin(data: PathBuf, processes: &[u32], seconds: u64) -> Self {
        let processes: Vec<String> = processes.iter().map(ToString::to_string).collect();
        let record = format!(
            "sleep {seconds}; exec perf record -q -F {FREQUENCY} -o {} -p {} -- sleep {seconds}",
            data.display(),
            processes.join(",")
        );
        let mut command = Command::new("sh");
        command
            .args(["-c", &record])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().ok();
        Self { data, child }
    }

    /// As a table of shares.
    pub fn table(mut self, what: &str) -> Outcome<String> {
        if let Some(child) = &mut self.child {
            child.wait()?;
        }
        let mut command = Command::new("perf");
        command
            .args(["report", "--stdio", "-q", "--no-children", "--sort", "symbol", "-i"])
            .arg(&self.data);
        let output = command.stderr(Stdio::null()).output()?;
        let shares = shares(&String::from_utf8_lossy(&output.stdout));
        if shares.is_empty() {
            return Ok(format!("\nNo profile of {what}: perf recorded nothing.\n"));
        }
        let mut table = format!("\nWhere the time goes, {what} (perf, share of samples):\n\n| part | % |\n|---|---|\n");
        let mut sorted: Vec<_> = shares.into_iter().collect();
        sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
        for (part, share) in sorted {
            let _ = writeln!(table, "| {part} | {share:.1} |");
        }
        Ok(table)
    }
}

/// Adds up the lines of `perf report`: `12.34%  [.] symbol`.
fn shares(report: &str) -> BTreeMap<&'static str, f64> {
    let mut shares = BTreeMap::new();
    for line in report.lines() {
        let Some((percent, symbol)) = line.trim().split_once('%') else {
            continue;
        };
        let Ok(percent) = percent.trim().parse::<f64>() else {
            continue;
        };
        *shares.entry(part(symbol.trim())).or_insert(0.0) += percent;
    }
    shares
}

fn part(symbol: &str) -> &'static str {
    if symbol.starts_with("[k]") {
        return "kernel";
    }
    let name = symbol
        .trim_start_matches("[.]")
        .trim()
        .trim_start_matches(['<', '&', ' ']);
    let fits = |(_, beginnings): &&(&str, &[&str])| beginnings.iter().any(|beginning| name.starts_with(beginning));
    PARTS.iter().find(fits).map_or("other", |(part, _)| part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_added_up_by_the_beginnings_of_symbols() {
        let report =
            " 12.50%  [.] h2::proto::streams\n  2.5%  [.] <tonic::codec as X>::y\n 40.00%  [k] do_syscall\n\n# note\n";
        let shares = shares(report);
        assert_eq!(shares.get("HTTP/2 and gRPC"), Some(&15.0));
        assert_eq!(shares.get("kernel"), Some(&40.0));
    }
}
