//! What docs/operate.md tells people to type is there: every command, every option, every setting.

use std::{collections::BTreeSet, path::Path, process::Command};

fn said(arguments: &[&str]) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_onqueue"))
        .args(arguments)
        .env_clear()
        .output()
        .expect("runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    output.status.success().then_some(text)
}

fn guide() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operate.md");
    std::fs::read_to_string(page).expect("docs/operate.md")
}

/// What stands as code in the page, a command each.
fn typed(page: &str) -> Vec<String> {
    let lines = page.lines().map(str::trim).filter(|line| line.starts_with("onqueue "));
    let quoted = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| code.starts_with("onqueue "));
    lines
        .chain(quoted)
        .map(|text| text.split('#').next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn every_command_and_option_of_the_guide_is_there() {
    let mut commands = BTreeSet::new();
    for text in typed(&guide()) {
        let words: Vec<&str> = text.split_whitespace().skip(1).collect();
        let is_name = |word: &&&str| word.chars().all(|c| c.is_ascii_lowercase());
        let names: Vec<&str> = words.iter().take_while(is_name).copied().collect();
        if names.first() == Some(&"help") {
            continue;
        }
        let help = said(&[&names[..], &["--help"]].concat());
        let help = help.unwrap_or_else(|| panic!("there is no `{text}`"));
        for option in words.iter().filter_map(|word| word.strip_prefix("--")) {
            assert!(
                help.contains(&format!("--{option} ")) || help.contains(&format!("--{option}\n")),
                "{text}: --{option}"
            );
        }
        commands.insert(names.join(" "));
    }
    for needed in [
        "doctor",
        "backup",
        "restore",
        "restored",
        "keys withdraw",
        "certs",
        "migrate",
        "admin create",
        "admin password",
    ] {
        assert!(commands.contains(needed), "{needed}: {commands:?}");
    }
}

#[test]
fn every_setting_of_the_guide_is_there() {
    let page = guide();
    let reference = said(&["config", "reference", "--json"]).expect("told");
    let keys: Vec<serde_json::Value> = serde_json::from_str(&reference).expect("JSON");
    let keys: BTreeSet<&str> = keys.iter().filter_map(|key| key["name"].as_str()).collect();
    let sections: BTreeSet<&str> = keys
        .iter()
        .filter_map(|key| key.split_once('.'))
        .map(|(section, _)| section)
        .collect();
    let is_setting = |code: &&str| {
        let plain = code
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_'));
        plain
            && code
                .split_once('.')
                .is_some_and(|(section, _)| sections.contains(section))
    };
    let named: BTreeSet<&str> = page.split('`').skip(1).step_by(2).filter(is_setting).collect();
    let unknown: Vec<&&str> = named.iter().filter(|name| !keys.contains(**name)).collect();
    assert!(named.len() > 10 && unknown.is_empty(), "{unknown:?} of {named:?}");
}
