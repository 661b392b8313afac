//! Settings: documented defaults, below a file, below the environment. Every mistake is found before anything starts, and
//! all of them are told at once. The types of the sections belong to those who use them.

mod hidden;
mod layer;
mod reference;
mod typed;

pub use reference::{Key, Section, fields, reference};

use layer::Layers;
use serde::de::DeserializeOwned;
use std::{fmt, path::Path};
use toml::Table;

/// Settings as they are in force.
#[derive(Clone)]
pub struct Loaded<T> {
    /// In the types of their sections.
    pub settings: T,
    table: Table,
}

impl<T> Loaded<T> {
    /// As TOML, without secrets and without passwords and tokens in addresses.
    pub fn print(&self) -> String {
        hidden::shown(&self.table).to_string()
    }
}

/// As they are printed.
impl<T> fmt::Debug for Loaded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.print())
    }
}

/// Something that a person has to change. What it says holds no value that could be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The setting, as `section.key`, the environment variable, or the file.
    pub key: String,
    /// What is wrong with it and what to do.
    pub problem: String,
}

impl Mistake {
    /// About this key. The problem is told on one line, however many it came on.
    pub fn new(key: impl Into<String>, problem: impl AsRef<str>) -> Self {
        let lines: Vec<&str> = problem.as_ref().lines().map(str::trim).collect();
        Self {
            key: key.into(),
            problem: lines.join(" "),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.problem)
    }
}

/// Settings, with what is wrong with them. What has a mistake has the value of the default here.
#[derive(Clone)]
pub struct Tried<T> {
    /// Of which only what has no mistake is meant so.
    pub loaded: Loaded<T>,
    /// In the order in which they were found: file, environment, values.
    pub mistakes: Vec<Mistake>,
    /// The keys that the mistakes are about, as `section.key`, also where a mistake names a variable.
    pub doubtful: Vec<String>,
}

impl<T> Tried<T> {
    /// Adds what further checks found, without what only follows from a mistake that is known.
    pub fn add(&mut self, found: impl IntoIterator<Item = Mistake>) {
        for mistake in found {
            if !self.doubtful.contains(&mistake.key) {
                self.mistakes.push(mistake);
            }
        }
    }
}

/// Reads the settings. `defaults` is TOML that holds every key there is; what it does not hold, the file and the
/// environment may not either, and a value has the type of its default. In the environment a list is separated by commas.
/// A mistake does not hide the next one. The error is one in the defaults themselves.
pub fn load<T: DeserializeOwned>(
    defaults: &str,
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Tried<T>, Mistake> {
    let broken = |error: &dyn fmt::Display| Mistake::new("defaults", error.to_string());
    let known: Table = defaults.parse().map_err(|error| broken(&error))?;
    let mut layers = Layers::over(known);
    if let Some(path) = file {
        layers.add_file(path);
    }
    layers.add_environment(environment);
    typed::refuse_unfit::<T>(&mut layers);
    let Layers {
        table,
        mistakes,
        doubtful,
        ..
    } = layers;
    match table.clone().try_into() {
        Ok(settings) => Ok(Tried {
            loaded: Loaded { settings, table },
            mistakes,
            doubtful,
        }),
        Err(error) => Err(broken(&error)),
    }
}

#[cfg(test)]
mod tests;
