//! The files that are judged, and Rust text with everything blanked that is not code.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// One file.
#[derive(Clone, Debug)]
pub struct Source {
    /// From the root, with slashes.
    pub path: String,
    /// As it is.
    pub text: String,
}

impl Source {
    /// A sample for proving a rule.
    pub fn sample(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// The code alone, in its lines: no comments, no literals, no modules or items for tests.
    pub fn production(&self) -> String {
        without_tests(&code(&self.text))
    }

    /// Whether it only helps to test or to build.
    pub fn is_for_tests(&self) -> bool {
        let folders = ["tests/", "libs/daemons/", "libs/testkit/"];
        folders.iter().any(|folder| self.path.starts_with(folder))
            || ["/tests/", "/benches/", "/examples/"]
                .iter()
                .any(|part| self.path.contains(part))
            || ["/tests.rs", "_tests.rs", "/build.rs"]
                .iter()
                .any(|end| self.path.ends_with(end))
    }
}

/// The checkout's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests lies in the root")
        .to_owned()
}

/// The text of a file of the checkout.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file below the folders with one of the endings, without what is generated.
pub fn files(folders: &[&str], endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    for folder in folders {
        collect(&root().join(folder), endings, &mut found);
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "no {endings:?} below {folders:?}");
    found
}

/// Every Rust file of the workspace.
pub fn rust() -> Vec<Source> {
    files(&["libs", "services", "tests", "xtask"], &["rs"])
}

fn collect(folder: &Path, endings: &[&str], found: &mut Vec<Source>) {
    const MADE: &[&str] = &["target", "node_modules", "dist", "gen"];
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.map(|entry| entry.expect("entry").path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_wanted = path
            .extension()
            .is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted));
        if path.is_dir() {
            if !MADE.contains(&name.as_str()) {
                collect(&path, endings, found);
            }
        } else if is_wanted {
            let relative = path
                .strip_prefix(root())
                .expect("below the root")
                .to_string_lossy()
                .into_owned();
            let text = fs::read_to_string(&path).expect("text");
            found.push(Source { path: relative, text });
        }
    }
}

/// Fails with everything that was found.
pub fn assert_clean(rule: &str, findings: &[String]) {
    assert!(
        findings.is_empty(),
        "{rule}: {} found\n  {}\n",
        findings.len(),
        findings.join("\n  ")
    );
}

/// Where `needle` stands as a whole path or word, by line number from 1.
pub fn lines_with(code: &str, needle: &str) -> Vec<usize> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let stands_alone = |line: &str, at: usize| {
        let before = line[..at].chars().next_back();
        let after = line[at + needle.len()..].chars().next();
        let is_longer = needle.ends_with(is_word) && after.is_some_and(is_word);
        !is_longer && !before.is_some_and(is_word)
    };
    code.lines()
        .enumerate()
        .filter(|(_, line)| line.match_indices(needle).any(|(at, _)| stands_alone(line, at)))
        .map(|(number, _)| number + 1)
        .collect()
}

/// Rust text in which comments and literals are spaces; the lines stay.
pub fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = literal_or_comment(&chars, at);
        if end == at {
            kept.push(chars[at]);
            at += 1;
        } else {
            kept.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    kept
}

/// Where the comment or literal that begins here ends; `at` itself if none does.
fn literal_or_comment(chars: &[char], at: usize) -> usize {
    match (chars[at], chars.get(at + 1)) {
        ('/', Some('/')) => find(chars, at, |rest| rest[0] == '\n'),
        ('/', Some('*')) => block_comment(chars, at),
        ('"', _) => quoted(chars, at, '"'),
        ('r', Some('"' | '#')) if begins_word(chars, at) => raw_string(chars, at),
        ('\'', Some('\\')) => quoted(chars, at, '\''),
        ('\'', Some(_)) if chars.get(at + 2) == Some(&'\'') => at + 3,
        _ => at,
    }
}

fn find(chars: &[char], from: usize, wanted: impl Fn(&[char]) -> bool) -> usize {
    (from..chars.len())
        .find(|at| wanted(&chars[*at..]))
        .unwrap_or(chars.len())
}

fn block_comment(chars: &[char], from: usize) -> usize {
    let (mut depth, mut at) = (0_usize, from);
    while at < chars.len() {
        match &chars[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

fn quoted(chars: &[char], from: usize, quote: char) -> usize {
    let mut at = from + 1;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn raw_string(chars: &[char], from: usize) -> usize {
    let hashes = chars[from + 1..].iter().take_while(|c| **c == '#').count();
    if chars.get(from + 1 + hashes) != Some(&'"') {
        return from;
    }
    let closing: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    (find(chars, from + 2 + hashes, |rest| rest.starts_with(&closing)) + closing.len()).min(chars.len())
}

/// Whether a literal's prefix begins here and not the end of some other word.
fn begins_word(chars: &[char], at: usize) -> bool {
    let before: Vec<char> = chars[at.saturating_sub(2)..at].iter().rev().copied().collect();
    let is_word = |c: &char| c.is_alphanumeric() || *c == '_';
    match before.as_slice() {
        [] => true,
        [first] => !is_word(first) || matches!(first, 'b' | 'c'),
        [first, second, ..] => !is_word(first) || (matches!(first, 'b' | 'c') && !is_word(second)),
    }
}

/// Blanks what is compiled for tests only. Expects what [`code`] gives.
fn without_tests(code: &str) -> String {
    let mut text = code.to_owned();
    let mut from = 0;
    while let Some(at) = text[from..].find("#[cfg(test)]").map(|at| at + from) {
        let end = item_end(&text, at + "#[cfg(test)]".len());
        let blank: String = text[at..end]
            .chars()
            .map(|c| if c == '\n' { '\n' } else { ' ' })
            .collect();
        from = at + blank.len();
        text.replace_range(at..end, &blank);
    }
    text
}

/// Where the item that begins here ends: at its semicolon, or at the brace that closes its first.
fn item_end(code: &str, from: usize) -> usize {
    let rest = &code[from..];
    let opening = rest.find('{').unwrap_or(rest.len());
    let semicolon = rest.find(';').unwrap_or(rest.len());
    if semicolon < opening {
        return from + semicolon + 1;
    }
    closing(code, from + opening).map_or(code.len(), |at| at + 1)
}

/// Where the brace that opens here is closed.
pub fn closing(code: &str, opening: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(opening) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[test]
fn only_code_is_kept_and_lines_stay() {
    let text = "let a = \"x // \\\" y\"; // Instant::now\n/* a /* b */ c */ let b = r#\"q\"q\"#;\nlet c: &'static str = f('\"', b'\\'');\n";
    let kept = code(text);
    assert_eq!(kept.lines().count(), text.lines().count());
    for gone in ["Instant", "x", "y", "q", "\""] {
        assert!(!kept.contains(gone), "{gone} in {kept}");
    }
    for stays in ["let a = ", "let b = ", "&'static str = f("] {
        assert!(kept.contains(stays), "{stays} in {kept}");
    }
}

#[test]
fn test_modules_are_no_production_code() {
    let text =
        "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { { } }\n}\nfn c() {}\n#[cfg(test)]\nmod more;\nfn d() {}\n";
    let kept = Source::sample("libs/x/src/lib.rs", text).production();
    for (name, expected) in [
        ("fn a", true),
        ("fn b", false),
        ("fn c", true),
        ("mod more", false),
        ("fn d", true),
    ] {
        assert_eq!(kept.contains(name), expected, "{name}");
    }
}

#[test]
fn words_are_found_whole() {
    let code = "std::env::var(\"A\")\nenv::vars()\nmy_env::var()\n";
    assert_eq!(lines_with(code, "env::var"), [1]);
    assert_eq!(lines_with("a::spawn(x)\nrespawn(x)", "spawn("), [1]);
}
