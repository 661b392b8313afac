//! The routing log as text: what the documents in docs/ say holds for what the engine reads, does and writes.

mod examples;
mod problems;
mod round;
mod schema;

use std::{fs, path::PathBuf};

/// A documented example.
struct Example {
    name: String,
    text: String,
    expected: String,
}

fn docs() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// All examples, by name.
fn examples() -> Vec<Example> {
    let folder = docs().join("examples/routing");
    let files = fs::read_dir(&folder).expect("the folder of examples");
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    let read = |path: &PathBuf| fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let example = |path: &PathBuf| Example {
        name: path.file_stem().expect("a name").to_string_lossy().into_owned(),
        text: read(path),
        expected: read(&path.with_extension("out")),
    };
    paths.iter().map(example).collect()
}
