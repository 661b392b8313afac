//! Where things are in the checkout, and whether they have changed since they were last built.

use crate::cli::{Failure, Outcome};
use std::{
    env, fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

/// The checkout's root, whatever the current folder is.
pub fn root() -> PathBuf {
    let here =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().map_or_else(|| here.clone(), Path::to_owned)
}

/// A path below the root.
pub fn at(relative: &str) -> PathBuf {
    root().join(relative)
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| at("target"), |folder| root().join(folder))
}

/// A folder of ours below the target folder, made if need be.
pub fn scratch(name: &str) -> Outcome<PathBuf> {
    let folder = target().join("xtask").join(name);
    fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    Ok(folder)
}

/// A file that remembers from what something was built last.
pub struct Stamp {
    file: PathBuf,
    now: String,
}

impl Stamp {
    /// Fingerprints the names and contents of the files; folders count with all that is in them except `skip`.
    pub fn of(name: &str, paths: &[PathBuf], skip: &[&str]) -> Outcome<Self> {
        let mut hasher = DefaultHasher::new();
        for path in paths {
            hash(path, skip, &mut hasher).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        }
        Ok(Self {
            file: scratch("stamps")?.join(name),
            now: format!("{:016x}", hasher.finish()),
        })
    }

    /// Whether what was built last was built from the same.
    pub fn holds(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|last| last == self.now)
    }

    /// Remembers that it has been built.
    pub fn keep(&self) -> Outcome {
        fs::write(&self.file, &self.now)
            .map_err(|error| Failure(format!("cannot write {}: {error}", self.file.display())))
    }
}

fn hash(path: &Path, skip: &[&str], hasher: &mut DefaultHasher) -> std::io::Result<()> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    if !path.is_dir() {
        name.hash(hasher);
        fs::read(path)?.hash(hasher);
        return Ok(());
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for entry in entries {
        let is_skipped = entry
            .file_name()
            .is_some_and(|name| skip.iter().any(|skipped| name == *skipped));
        if !is_skipped {
            hash(&entry, skip, hasher)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_breaks_the_stamp_and_a_skipped_folder_does_not() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("a.txt");
        fs::write(&file, "one").expect("write");
        let fingerprint = || {
            Stamp::of("test", &[folder.path().to_owned()], &["skipped"])
                .expect("stamp")
                .now
        };
        let before = fingerprint();
        fs::create_dir(folder.path().join("skipped")).expect("folder");
        fs::write(folder.path().join("skipped/b"), "x").expect("write");
        assert_eq!(fingerprint(), before);
        fs::write(&file, "two").expect("write");
        assert_ne!(fingerprint(), before);
    }

    #[test]
    fn the_root_is_the_workspace() {
        assert!(at("Cargo.toml").is_file() && at("xtask").is_dir());
    }
}
