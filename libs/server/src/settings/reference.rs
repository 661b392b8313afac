//! What can be set, as the commented defaults say it: the comment above a key is what the key does.

use super::{Mistake, hidden, layer};
use serde::{
    Serialize,
    de::{self, DeserializeOwned, Deserializer, Visitor},
    forward_to_deserialize_any,
};
use std::fmt;
use toml::{Table, Value};

/// A section with its keys.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Section {
    /// Its name, as in `[gateway]`.
    pub name: String,
    /// What it is about.
    pub about: String,
    /// Its keys, in the order of the defaults.
    pub keys: Vec<Key>,
}

/// A setting.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Key {
    /// The whole name, `gateway.listen`.
    pub name: String,
    /// `string`, `integer`, `float`, `boolean` or `list`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// As TOML.
    pub default: String,
    /// What a value counts or names.
    pub unit: &'static str,
    /// What it does.
    pub effect: String,
    /// The environment variable.
    pub variable: String,
    /// The environment variable with the path of a file that holds the value; texts have one.
    pub file_variable: Option<String>,
    /// Whether it is, or may hold, what nobody else may know.
    pub secret: bool,
}

/// Reads commented defaults. The comment lines right above a section or a key are its description; one without is a
/// mistake.
pub fn reference(defaults: &str) -> Result<Vec<Section>, Vec<Mistake>> {
    let table: Table = defaults
        .parse()
        .map_err(|error: toml::de::Error| vec![Mistake::new("defaults", error.to_string())])?;
    let (mut sections, mut mistakes) = (Vec::<Section>::new(), Vec::new());
    let mut comment = String::new();
    for line in defaults.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix('#') {
            let parts = [comment.as_str(), text.trim()];
            comment = parts
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" ");
            continue;
        }
        let about = std::mem::take(&mut comment);
        let name = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let described = match (name, line.split_once('=')) {
            (Some(name), _) => {
                sections.push(Section {
                    name: name.to_owned(),
                    about: about.clone(),
                    keys: Vec::new(),
                });
                Some(name.to_owned())
            }
            (None, Some((key, _))) => sections.last_mut().and_then(|section| {
                let key = described(section, &table, key.trim(), about.clone())?;
                let name = key.name.clone();
                section.keys.push(key);
                Some(name)
            }),
            (None, None) => None,
        };
        if let Some(name) = described.filter(|_| about.is_empty()) {
            mistakes.push(Mistake::new(name, "has no comment right above it in the defaults"));
        }
    }
    if mistakes.is_empty() {
        Ok(sections)
    } else {
        Err(mistakes)
    }
}

fn described(section: &Section, table: &Table, key: &str, effect: String) -> Option<Key> {
    let default = table.get(&section.name)?.get(key)?;
    let kind = kind(default);
    let variable = layer::variable(&section.name, key);
    Some(Key {
        name: format!("{}.{key}", section.name),
        kind,
        default: default.to_string(),
        unit: unit(key, default),
        effect,
        file_variable: default
            .is_str()
            .then(|| format!("{variable}{}", layer::FILE.to_uppercase())),
        variable,
        secret: hidden::may_be_secret(key),
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Integer(_) => "integer",
        Value::Float(_) => "float",
        Value::Boolean(_) => "boolean",
        Value::Array(_) => "list",
        _ => "string",
    }
}

/// Units stand at the end of the names of keys.
fn unit(key: &str, default: &Value) -> &'static str {
    const ENDINGS: [(&str, &str); 15] = [
        ("_ms", "milliseconds"),
        ("_seconds", "seconds"),
        ("_minutes", "minutes"),
        ("_days", "days"),
        ("_bytes", "bytes"),
        ("_per_second", "a second"),
        ("_rate", "COUNT/second, /minute or /hour, burst COUNT"),
        ("_per_address", "count"),
        ("listen", "IP address and port"),
        ("address", "host and port"),
        ("url", "address"),
        ("endpoint", "address"),
        ("folder", "path"),
        ("_clock", "path"),
        ("_ratio", "part of 1"),
    ];
    let by_name = ENDINGS
        .iter()
        .find(|(ending, _)| key.ends_with(ending))
        .map(|(_, unit)| *unit);
    by_name.unwrap_or(match default {
        Value::Integer(_) | Value::Float(_) => "count",
        _ => "",
    })
}

/// The names of the fields that a type is read from; none if it is no plain struct.
pub fn fields<T: DeserializeOwned>() -> &'static [&'static str] {
    match T::deserialize(Asked) {
        Err(Answer(fields)) => fields,
        Ok(_) => &[],
    }
}

/// Asked for a value, it learns what of.
struct Asked;

/// The fields that somebody asked for, as the error that ends the asking.
#[derive(Debug)]
struct Answer(&'static [&'static str]);

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Answer {}

impl de::Error for Answer {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(&[])
    }
}

impl<'de> Deserializer<'de> for Asked {
    type Error = Answer;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Answer> {
        Err(Answer(&[]))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Answer> {
        Err(Answer(fields))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct Pair {
        first: u32,
        second: String,
    }

    #[test]
    fn comments_become_descriptions() {
        let text = "# The door.\n[gateway]\n# Where it\n# listens.\nlisten = \"127.0.0.1:8080\"\n\n# Apart.\n\n# How long.\nwait_ms = 5\n";
        let found = reference(text).expect("good");
        assert_eq!(
            (found[0].name.as_str(), found[0].about.as_str()),
            ("gateway", "The door.")
        );
        let [listen, wait] = &found[0].keys[..] else {
            panic!("{found:?}")
        };
        assert_eq!(
            (listen.name.as_str(), listen.effect.as_str(), listen.unit),
            ("gateway.listen", "Where it listens.", "IP address and port")
        );
        assert_eq!(listen.variable, "ONQUEUE_GATEWAY__LISTEN");
        assert_eq!(listen.file_variable.as_deref(), Some("ONQUEUE_GATEWAY__LISTEN_FILE"));
        assert_eq!(
            (wait.kind, wait.unit, wait.default.as_str()),
            ("integer", "milliseconds", "5")
        );
        assert_eq!((wait.effect.as_str(), &wait.file_variable), ("How long.", &None));
    }

    #[test]
    fn what_has_no_comment_is_named() {
        let mistakes = reference("[a]\nb = 1\n# c is described\nc = 1\n").expect_err("not described");
        let keys: Vec<&str> = mistakes.iter().map(|mistake| mistake.key.as_str()).collect();
        assert_eq!(keys, ["a", "a.b"]);
    }

    #[test]
    fn fields_of_structs_are_told() {
        assert_eq!(fields::<Pair>(), ["first", "second"]);
        assert_eq!(fields::<String>(), [""; 0]);
    }
}
