//! Rule 5: sizes of files and functions, and names that say nothing.

use super::source::{Source, assert_clean, closing, code, files, rust};

const FILE: usize = 500;
const FUNCTION: usize = 60;
const MAIN: usize = 15;
const EMPTY_NAMES: &[&str] = &["utils", "util", "common", "helpers", "helper", "types", "misc"];

/// Where generated code comes in, with the names of its packages.
const GENERATED: &[&str] = &["libs/proto/src/lib.rs"];

fn too_long(source: &Source) -> Option<String> {
    let is_main = source.path.ends_with("/src/main.rs");
    let limit = if is_main { MAIN } else { FILE };
    let lines = source.text.lines().count();
    (lines > limit).then(|| format!("{}: {lines} lines; split it below {limit}", source.path))
}

/// Functions by name, line and lines of code, as clippy counts them.
fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let begins = |at: usize| !code[..at].chars().next_back().is_some_and(is_word);
    let starts = code.match_indices("fn ").filter(|(at, _)| begins(*at));
    starts
        .filter_map(|(at, word)| {
            let rest = &code[at + word.len()..];
            let name: String = rest.chars().take_while(|c| is_word(*c)).collect();
            let (from, to) = body(code, at)?;
            let lines = code[from + 1..to]
                .lines()
                .filter(|line| !line.trim().is_empty())
                .count();
            (!name.is_empty()).then(|| (name, code[..at].lines().count().max(1), lines))
        })
        .collect()
}

/// The braces of the function that begins here; a declaration without a body has none.
fn body(code: &str, at: usize) -> Option<(usize, usize)> {
    let mut depth = 0_i32;
    for (offset, byte) in code.bytes().enumerate().skip(at) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b';' if depth == 0 => return None,
            b'{' if depth == 0 => return Some((offset, closing(code, offset)?)),
            _ => {}
        }
    }
    None
}

fn long_functions(source: &Source) -> Vec<String> {
    let code = if source.is_for_tests() {
        String::new()
    } else {
        source.production()
    };
    let long = functions(&code).into_iter().filter(|(_, _, lines)| *lines > FUNCTION);
    let mut findings: Vec<String> = long
        .map(|(name, line, lines)| {
            format!(
                "{}:{line}: fn {name} has {lines} lines; split it below {FUNCTION}",
                source.path
            )
        })
        .collect();
    if code.contains("clippy::too_many_lines") && !GENERATED.contains(&source.path.as_str()) {
        findings.push(format!(
            "{}: switches clippy::too_many_lines off; split the function",
            source.path
        ));
    }
    findings
}

fn empty_names(source: &Source) -> Vec<String> {
    let stem = source.path.trim_end_matches(".rs");
    let of_path = stem
        .split('/')
        .filter(|part| EMPTY_NAMES.contains(part))
        .map(str::to_owned);
    let code = if GENERATED.contains(&source.path.as_str()) {
        String::new()
    } else {
        code(&source.text)
    };
    let declared = code.split("mod ").skip(1).filter_map(|rest| {
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        EMPTY_NAMES.contains(&name.as_str()).then_some(name)
    });
    of_path
        .chain(declared)
        .map(|name| format!("{}: \"{name}\" does not say what is in it", source.path))
        .collect()
}

#[test]
fn rule_5_files_are_short() {
    let mut sources = rust();
    sources.extend(files(
        &["web/src", "web/tests", "web/scripts"],
        &["ts", "tsx", "mjs", "css"],
    ));
    sources.extend(files(&["proto", "tests"], &["proto", "py", "mjs"]));
    assert_clean("files", &sources.iter().filter_map(too_long).collect::<Vec<_>>());
}

#[test]
fn rule_5_functions_are_short() {
    assert_clean("functions", &rust().iter().flat_map(long_functions).collect::<Vec<_>>());
}

#[test]
fn rule_5_names_say_something() {
    assert_clean("names", &rust().iter().flat_map(empty_names).collect::<Vec<_>>());
}

#[test]
fn rule_5_finds_what_breaks_it() {
    let file = |path: &str, lines: usize| Source::sample(path, &"//\n".repeat(lines));
    for (path, lines, expected) in [
        ("libs/x/src/a.rs", 500, false),
        ("libs/x/src/a.rs", 501, true),
        ("xtask/src/main.rs", 15, false),
        ("xtask/src/main.rs", 16, true),
    ] {
        assert_eq!(too_long(&file(path, lines)).is_some(), expected, "{path} {lines}");
    }
    let function = |lines: usize| {
        format!(
            "impl A {{\n    fn long<T>(a: [u8; 2]) -> T where T: B {{\n{}    }}\n    fn next();\n}}\n",
            "x();\n\n// no\n".repeat(lines)
        )
    };
    let judged = |lines: usize| long_functions(&Source::sample("libs/x/src/a.rs", &function(lines)));
    assert_eq!(judged(60), Vec::<String>::new());
    assert_eq!(
        judged(61),
        ["libs/x/src/a.rs:2: fn long has 61 lines; split it below 60"]
    );
    let allowed = Source::sample("libs/x/src/a.rs", "#[allow(clippy::too_many_lines)]\nfn f() {}");
    assert_eq!(long_functions(&allowed).len(), 1);
    for (path, text, expected) in [
        ("libs/x/src/utils.rs", "", 1),
        ("libs/x/src/helpers/a.rs", "", 1),
        ("libs/x/src/lib.rs", "pub mod types;", 1),
        ("libs/x/src/lib.rs", "pub mod typed;", 0),
    ] {
        assert_eq!(
            empty_names(&Source::sample(path, text)).len(),
            expected,
            "{path} {text}"
        );
    }
}
