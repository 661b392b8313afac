//! The contract: style of the protos, and no break with what was released.

use crate::{
    cli::{Failure, Outcome},
    process::{self, Output},
    tree,
};
use std::{
    fs::{self, File},
    path::Path,
    process::Command,
};

/// The image of the last release.
const RELEASED: &str = "proto/released.binpb";

/// A change that breaks every client, for proving that it would be found.
const BREAK: (&str, &str, &str) = (
    "proto/onqueue/session/v1/conversation.proto",
    "string client_message_id = 2;",
    "int64 client_message_id = 2;",
);

/// Checks the style.
pub fn lint(log: &mut File) -> Outcome {
    process::logged(buf(&["lint"]), log, Output::Logged)
}

/// Compares with the last release, and proves first that a break is found.
pub fn breaking(log: &mut File) -> Outcome<String> {
    finds_a_break(log)?;
    if !tree::at(RELEASED).is_file() {
        return Ok(format!(
            "a mutated proto is found; there is no release yet ({RELEASED})"
        ));
    }
    process::logged(buf(&["breaking", "--against", RELEASED]), log, Output::Logged)?;
    Ok("a mutated proto is found; nothing breaks the last release".into())
}

fn finds_a_break(log: &mut File) -> Outcome {
    let folder = tempfile::tempdir().map_err(|error| format!("cannot make a folder: {error}"))?;
    let now = folder.path().join("now.binpb");
    let mut image = buf(&["build", "--output"]);
    image.arg(&now);
    process::logged(image, log, Output::Logged)?;
    mutate(folder.path()).map_err(|error| format!("cannot copy the protos: {error}"))?;
    let mut compare = buf(&["breaking", "--against"]);
    compare.arg(&now).current_dir(folder.path());
    let found = compare.output().map_err(|error| format!("cannot start buf: {error}"))?;
    let said = String::from_utf8_lossy(&found.stdout);
    if !found.status.success() && said.contains("client_message_id") {
        return Ok(());
    }
    Err(Failure(format!(
        "buf breaking does not find that \"{}\" breaks clients; it says: {said}",
        BREAK.2
    )))
}

/// A copy of the protos with the break in it.
fn mutate(folder: &Path) -> std::io::Result<()> {
    fs::copy(tree::at("buf.yaml"), folder.join("buf.yaml"))?;
    copy(&tree::at("proto"), &folder.join("proto"))?;
    let (path, before, after) = BREAK;
    let text = fs::read_to_string(folder.join(path))?;
    let mutated = text.replacen(before, after, 1);
    if mutated == text {
        return Err(std::io::Error::other(format!("{path} has no \"{before}\" any more")));
    }
    fs::write(folder.join(path), mutated)
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn buf(arguments: &[&str]) -> Command {
    process::command(tree::at("web/node_modules/.bin/buf"), arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_break_is_one_in_the_protos_of_today() {
        let folder = tempfile::tempdir().expect("folder");
        mutate(folder.path()).expect("mutated");
        let (path, _, after) = BREAK;
        assert!(
            fs::read_to_string(folder.path().join(path))
                .expect("text")
                .contains(after)
        );
    }
}
