//! `onqueue config`: the settings in force, and what can be set.

use crate::{
    cli::Reference,
    output::say,
    settings::{DEFAULTS, Loaded},
};
use onqueue_model::Fault;
use onqueue_server::settings::{Key, Section, reference as described};

/// Says what settings are and where they come from, above the tables.
const ABOUT: &str = "# Settings

`onqueue config reference` prints this page, and with `--json` the same for programs.

A setting has a place in a settings file (`--config FILE`, TOML) and an environment variable. The environment goes before the
file, the file before the default. In the environment a list is separated by commas. A text can also come from a file: the
key or variable with `_file` or `_FILE` after its name holds the path, and the file the value, as secrets are mounted. What
is marked secret is, or may hold, a password: give it by file.

Everything that is wrong with the settings is told at once, before anything listens, and the process ends with exit code 78.
`onqueue config print` shows what is in force, with secrets hidden.";

/// Prints the settings in force.
pub async fn print(loaded: Loaded) -> Result<(), Fault> {
    say(loaded.print().trim_end());
    Ok(())
}

/// Prints what can be set.
pub fn reference(options: &Reference) -> Result<(), Fault> {
    let sections = described(DEFAULTS).map_err(|mistakes| Fault::internal(format!("{mistakes:?}")))?;
    if options.json {
        let keys: Vec<&Key> = sections.iter().flat_map(|section| &section.keys).collect();
        say(serde_json::to_string_pretty(&keys).map_err(Fault::internal)?);
        return Ok(());
    }
    say(ABOUT);
    sections.iter().for_each(|section| say(page(section)));
    Ok(())
}

fn page(section: &Section) -> String {
    let head = format!(
        "\n## `[{}]`\n\n{}\n\n| key | default | effect | variable |\n|---|---|---|---|",
        section.name, section.about
    );
    let rows = section.keys.iter().map(row);
    [head].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

fn row(key: &Key) -> String {
    let own = key.name.rsplit_once('.').map_or(key.name.as_str(), |(_, own)| own);
    let unit = match key.unit {
        "" => key.kind.to_owned(),
        unit => format!("{}, {unit}", key.kind),
    };
    let secret = if key.secret { "; secret" } else { "" };
    let effect = key.effect.replace('|', "\\|").replace('<', "\\<");
    format!(
        "| `{own}` | `{}` ({unit}{secret}) | {effect} | `{}` |",
        key.default, key.variable
    )
}
