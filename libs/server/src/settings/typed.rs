//! From values to the types of the sections. Each key is tried by itself over the defaults, so that every value that does not
//! fit is found, and found by its name.

use super::{hidden, layer::Layers};
use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// Refuses each value that the types do not take.
pub(super) fn refuse_unfit<T: DeserializeOwned>(layers: &mut Layers) {
    for (section, key, value) in changed(layers) {
        let mut tried: Table = layers.known.clone();
        if let Some(Value::Table(table)) = tried.get_mut(&section) {
            table.insert(key.clone(), value.clone());
        }
        if let Err(error) = tried.try_into::<T>() {
            let problem = match hidden::is_secret(&key) {
                true => "cannot be used as it is".to_owned(),
                false => said(error.message()),
            };
            layers.refuse(&section, &key, problem);
        }
    }
}

/// The parser's words, with an example where they have none.
fn said(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    match first.contains("socket address") {
        true => format!(
            "{first}: write a number and a port, such as 0.0.0.0:8080, [::1]:8080, or 127.0.0.1:0 for any free port"
        ),
        false => first.to_owned(),
    }
}

/// What is not as in the defaults.
fn changed(layers: &Layers) -> Vec<(String, String, Value)> {
    let sections = layers
        .table
        .iter()
        .filter_map(|(name, value)| Some((name, value.as_table()?)));
    let entries = sections.flat_map(|(section, table)| table.iter().map(move |(key, value)| (section, key, value)));
    entries
        .filter(|(section, key, value)| {
            let default = layers.known.get(*section).and_then(|section| section.get(*key));
            default != Some(*value)
        })
        .map(|(section, key, value)| (section.clone(), key.clone(), value.clone()))
        .collect()
}
