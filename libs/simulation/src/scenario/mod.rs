//! A scenario: read, checked, and with its variants laid over what they vary.

mod check;
pub(crate) mod format;

use crate::{Mistake, Model};
use format::File;
use toml::{Table, Value};

/// What is simulated: one or more variants of it, and how often each.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it is called; may be empty.
    pub title: String,
    /// How often each variant is run, each time with other random numbers; at least 1.
    pub replications: u32,
    /// From which all random numbers come. The same seed gives each variant the same arrivals.
    pub seed: u64,
    /// At least one; a scenario without variants is its only one.
    pub variants: Vec<Variant>,
}

/// A scenario with some of its fields changed.
#[derive(Clone, Debug)]
pub struct Variant {
    /// What it is called; empty if it is the only one.
    pub name: String,
    pub(crate) file: File,
}

impl Scenario {
    /// Reads a scenario from TOML; the format is described in `docs/simulation.md`.
    ///
    /// # Errors
    /// Every mistake that was found, at least one; of a text that cannot be read at all the first one only.
    pub fn parse(text: &str) -> Result<Self, Vec<Mistake>> {
        let base = read_text(text).map_err(|mistake| vec![mistake])?;
        let variants = variants(text, &base).map_err(|mistake| vec![mistake])?;
        let mut mistakes = Vec::new();
        for variant in &variants {
            let found = check::mistakes(&variant.file);
            let of_variant = |mistake: Mistake| match variant.name.as_str() {
                "" => mistake,
                name => mistake.within(name),
            };
            mistakes.extend(found.into_iter().map(of_variant));
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self {
            title: base.title,
            replications: base.run.replications,
            seed: base.run.seed,
            variants,
        })
    }
}

impl Variant {
    /// The variant, ready to run.
    pub fn model(&self, seed: u64) -> Model {
        Model::new(&self.file, seed)
    }
}

fn read_text(text: &str) -> Result<File, Mistake> {
    let deserializer = toml::Deserializer::parse(text).map_err(|error| unreadable(text, "", &error))?;
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        unreadable(text, &path, error.inner())
    })
}

fn unreadable(text: &str, path: &str, error: &toml::de::Error) -> Mistake {
    let line = error.span().map(|span| text[..span.start].lines().count().max(1));
    let place = line.map(|line| format!(" (line {line})")).unwrap_or_default();
    let path = if path == "." { "" } else { path };
    Mistake::new(path, format!("{}{place}", error.message()))
}

fn variants(text: &str, base: &File) -> Result<Vec<Variant>, Mistake> {
    if base.variants.is_empty() {
        let file = base.clone();
        return Ok(vec![Variant {
            name: String::new(),
            file,
        }]);
    }
    let mut whole: Table = text.parse().map_err(|error| unreadable(text, "", &error))?;
    whole.remove("variants");
    let numbered = base.variants.iter().enumerate();
    numbered
        .map(|(number, changes)| variant(&whole, changes, number))
        .collect()
}

fn variant(whole: &Table, changes: &Table, number: usize) -> Result<Variant, Mistake> {
    let field = format!("variants[{number}]");
    let mut changes = changes.clone();
    let name = match changes.remove("name") {
        Some(Value::String(name)) if !name.is_empty() => name,
        _ => {
            return Err(Mistake::new(
                format!("{field}.name"),
                "is missing; give every variant a name",
            ));
        }
    };
    for fixed in ["title", "run", "variants"] {
        if changes.contains_key(fixed) {
            return Err(Mistake::new(
                format!("{field}.{fixed}"),
                "cannot be varied; leave it out",
            ));
        }
    }
    let mut file = whole.clone();
    lay_over(&mut file, changes);
    let read: Result<File, _> = serde_path_to_error::deserialize(Value::Table(file));
    let file = read.map_err(|error| {
        let path = error.path().to_string();
        Mistake::new(path, error.inner().message()).within(&name)
    })?;
    Ok(Variant { name, file })
}

/// Puts `changes` in place of what is there; tables are changed key by key.
fn lay_over(base: &mut Table, changes: Table) {
    for (key, change) in changes {
        match (base.get_mut(&key), change) {
            (Some(Value::Table(base)), Value::Table(change)) if !is_choice(&change) => lay_over(base, change),
            (_, change) => {
                base.insert(key, change);
            }
        }
    }
}

/// Whether the table says which of several things it is, so that it replaces the former as a whole.
fn is_choice(table: &Table) -> bool {
    const KINDS: [&str; 4] = ["constant", "exponential", "erlang", "lognormal"];
    table.len() == 1 && table.keys().all(|key| KINDS.contains(&key.as_str()))
}

#[cfg(test)]
mod tests;
