//! Debian's packages of ejabberd, for a peer to be measured beside: those of the system, or unpacked below `target` without
//! anything of the system being changed.

use crate::{
    cli::{Failure, Outcome},
    process, tree,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The server, and its driver for PostgreSQL.
const PACKAGES: [&str; 2] = ["ejabberd", "erlang-p1-pgsql"];

/// Said in the report where it is not there.
pub const MISSING: &str = "\
- ejabberd was not measured: its packages were not there and could not be had. On Debian, as root: \
`apt-get install ejabberd erlang-p1-pgsql`; it need not run.
";

/// Where the packages are, as a folder that looks like `/`; `None` where there are none.
pub fn root() -> Outcome<Option<PathBuf>> {
    let unpacked = tree::scratch("ejabberd")?.join("root");
    let found = [PathBuf::from("/"), unpacked.clone()]
        .into_iter()
        .find(|root| is_whole(root));
    if found.is_some() {
        return Ok(found);
    }
    println!("Fetching Debian's packages of ejabberd to measure beside; nothing is installed");
    match unpack(&unpacked) {
        Ok(()) if is_whole(&unpacked) => Ok(Some(unpacked)),
        Ok(()) => Ok(None),
        Err(Failure(text)) => {
            println!("{text}\n{MISSING}");
            Ok(None)
        }
    }
}

/// Whether server and driver are there.
fn is_whole(root: &Path) -> bool {
    let libraries = fs::read_dir(root.join("usr/lib")).into_iter().flatten().flatten();
    let names: Vec<String> = libraries
        .flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten())
        .chain(
            fs::read_dir(root.join("usr/lib/erlang/lib"))
                .into_iter()
                .flatten()
                .flatten(),
        )
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let has = |start: &str| names.iter().any(|name| name.starts_with(start));
    root.join("usr/share/ejabberd/sql/pg.sql").exists() && has("ejabberd-") && has("p1_pgsql-")
}

fn unpack(root: &Path) -> Outcome {
    let packages = root.with_file_name("packages");
    for folder in [root, &packages] {
        fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    }
    let mut download = process::command("apt-get", &["-qq", "download"]);
    download.args(needed()?).current_dir(&packages);
    process::answer(download)?;
    let files = fs::read_dir(&packages).map_err(|error| format!("cannot read {}: {error}", packages.display()))?;
    for file in files.flatten().map(|entry| entry.path()) {
        let mut unpack = process::command("dpkg-deb", &["--extract"]);
        unpack.arg(file).arg(root);
        process::answer(unpack)?;
    }
    fs::remove_dir_all(&packages).map_err(|error| Failure(format!("cannot remove {}: {error}", packages.display())))
}

/// Both with everything of Erlang that they need; what else they need is on most machines.
fn needed() -> Outcome<Vec<String>> {
    let only =
        ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"].map(|what| format!("--no-{what}"));
    let mut depends = process::command("apt-cache", &["depends", "--recurse"]);
    depends.args(only).args(PACKAGES);
    Ok(names(&process::answer(depends)?))
}

fn names(said: &str) -> Vec<String> {
    let is_meant = |line: &&str| PACKAGES.contains(line) || line.starts_with("erlang-");
    let mut names: Vec<String> = said.lines().filter(is_meant).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_found_in_what_apt_says() {
        let said = "ejabberd\n  Depends: adduser\n  Depends: erlang-base\nadduser\nerlang-base\n  Depends: libc6\n<erlang-abi>\nerlang-base\n";
        assert_eq!(names(said), ["ejabberd", "erlang-base"]);
    }

    #[test]
    fn nothing_is_not_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!is_whole(folder.path()));
    }
}
