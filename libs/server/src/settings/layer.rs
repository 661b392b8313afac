//! What is laid over the defaults, one layer after the other: the file, then the environment.

use super::Mistake;
use std::{io::ErrorKind, path::Path};
use toml::{Table, Value};

/// What names of environment variables begin with. `ONQUEUE_GATEWAY__LISTEN` sets `listen` of `[gateway]`; names without
/// a double underscore are not settings.
const PREFIX: &str = "ONQUEUE_";

/// A text setting `x` may also be given as `x_file`: the path of a file that holds it, as secrets are mounted.
pub(super) const FILE: &str = "_file";

/// How unlike what was written a name may be that is suggested: 0 is nothing in common, 1 the same.
const ALIKE: f64 = 0.75;

/// The environment variable of a key.
pub(super) fn variable(section: &str, key: &str) -> String {
    format!("{PREFIX}{}__{}", section.to_uppercase(), key.to_uppercase())
}

/// What holds so far, and what was wrong on the way.
pub(super) struct Layers {
    /// The defaults: which keys there are, of which type.
    pub known: Table,
    pub table: Table,
    pub mistakes: Vec<Mistake>,
    pub doubtful: Vec<String>,
}

impl Layers {
    pub fn over(known: Table) -> Self {
        Self {
            table: known.clone(),
            known,
            mistakes: Vec::new(),
            doubtful: Vec::new(),
        }
    }

    /// Lays the settings of a file over what holds so far.
    pub fn add_file(&mut self, path: &Path) {
        match read(path) {
            Ok(given) => self.add(given),
            Err(problem) => self.mistakes.push(Mistake::new(path.display().to_string(), problem)),
        }
    }

    /// The same with what stands in the environment.
    pub fn add_environment(&mut self, environment: impl IntoIterator<Item = (String, String)>) {
        let mut given = Table::new();
        for (name, text) in environment {
            let Some(rest) = name.strip_prefix(PREFIX) else {
                continue;
            };
            let Some((section, key)) = rest.split_once("__") else {
                self.refuse_single_underscore(&name, rest);
                continue;
            };
            let (section, key) = (section.to_lowercase(), key.to_lowercase());
            let default = self.known.get(&section).and_then(|section| section.get(&key));
            match typed(default, &text) {
                Ok(value) => {
                    let section = given.entry(section).or_insert_with(|| Value::Table(Table::new()));
                    if let Value::Table(section) = section {
                        section.insert(key, value);
                    }
                }
                Err(expected) => {
                    self.doubtful.push(format!("{section}.{key}"));
                    self.mistakes.push(Mistake::new(name, format!("must be {expected}")));
                }
            }
        }
        self.add(given);
    }

    /// A value cannot be used: what holds is the default.
    pub fn refuse(&mut self, section: &str, key: &str, problem: impl AsRef<str>) {
        let name = format!("{section}.{key}");
        if let Some(default) = self.known.get(section).and_then(|section| section.get(key)).cloned()
            && let Some(Value::Table(table)) = self.table.get_mut(section)
        {
            table.insert(key.to_owned(), default);
        }
        self.doubtful.push(name.clone());
        self.mistakes.push(Mistake::new(name, problem));
    }

    fn add(&mut self, given: Table) {
        for (section, value) in given {
            match (self.known.get(&section), value) {
                (Some(Value::Table(known)), Value::Table(given)) => {
                    let known = known.clone();
                    self.add_section(&section, &known, given);
                }
                (Some(_), _) => {
                    let problem = format!("is a section: write [{section}], and its settings below");
                    self.mistakes.push(Mistake::new(section, problem));
                }
                (None, _) => {
                    let near = nearest(&section, self.known.keys().map(String::as_str));
                    let problem = match near {
                        Some(near) => format!("there is no such section of settings; did you mean [{near}]?"),
                        None => {
                            "there is no such section of settings; `onqueue config reference` lists them".to_owned()
                        }
                    };
                    self.mistakes.push(Mistake::new(section, problem));
                }
            }
        }
    }

    fn add_section(&mut self, section: &str, known: &Table, given: Table) {
        let twice = given.keys().filter_map(|key| key.strip_suffix(FILE));
        let twice: Vec<String> = twice
            .filter(|key| given.contains_key(*key) && known.get(*key).is_some_and(Value::is_str))
            .map(str::to_owned)
            .collect();
        for key in twice {
            let problem = format!("is given twice, as {key} and as {key}{FILE}: leave one of them out");
            self.refuse(section, &key, problem);
        }
        for (key, value) in given {
            let name = format!("{section}.{key}");
            match known.get(&key) {
                Some(default) => match fit(default, value) {
                    Ok(value) => self.set(section, key, value),
                    Err(problem) => self.refuse(section, &key, problem),
                },
                None => match from_file(known, &key, &value) {
                    Some((of, Ok(value))) => self.set(section, of, value),
                    Some((of, Err(problem))) => {
                        self.doubtful.push(format!("{section}.{of}"));
                        self.mistakes.push(Mistake::new(name, problem));
                    }
                    None => self.mistakes.push(Mistake::new(name, self.unknown(section, &key))),
                },
            }
        }
    }

    fn set(&mut self, section: &str, key: String, value: Value) {
        if let Some(Value::Table(table)) = self.table.get_mut(section) {
            table.insert(key, value);
        }
    }

    /// What is said of a key that there is not, with the one that was perhaps meant.
    fn unknown(&self, section: &str, key: &str) -> String {
        let names: Vec<String> = self.names().collect();
        let elsewhere = names
            .iter()
            .find(|name| name.rsplit_once('.').is_some_and(|(_, own)| own == key));
        let own = names.iter().filter(|name| name.starts_with(&format!("{section}.")));
        let wanted = format!("{section}.{key}");
        let near = nearest(&wanted, own.map(String::as_str));
        match near.or(elsewhere.map(String::as_str)) {
            Some(near) => format!("there is no such setting; did you mean {near}?"),
            None => "there is no such setting; `onqueue config reference` lists them".to_owned(),
        }
    }

    /// `ONQUEUE_GATEWAY_LISTEN` is nobody's variable, and sets nothing: it is said rather than passed over.
    fn refuse_single_underscore(&mut self, name: &str, rest: &str) {
        let meant = self
            .names()
            .find(|known| known.replace('.', "_").eq_ignore_ascii_case(rest));
        if let Some((section, key)) = meant.as_deref().and_then(|name| name.split_once('.')) {
            let problem = format!("sets nothing: write {}, with two underscores", variable(section, key));
            self.mistakes.push(Mistake::new(name, problem));
        }
    }

    /// Every key as `section.key`.
    fn names(&self) -> impl Iterator<Item = String> {
        self.known.iter().flat_map(|(section, keys)| {
            let keys = keys.as_table().into_iter().flat_map(Table::keys);
            keys.map(move |key| format!("{section}.{key}"))
        })
    }
}

/// The most alike, if any is alike enough.
fn nearest<'a>(name: &str, all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let rated = all.map(|one| (strsim::normalized_damerau_levenshtein(name, one), one));
    let best = rated.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (best.0 >= ALIKE).then_some(best.1)
}

/// The parser's own words show the line, which may hold a password: only what it expected and where is told.
fn read(path: &Path) -> Result<Table, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("the settings file cannot be read: {}: {error}", remedy(error.kind())))?;
    text.parse::<Table>().map_err(|error| {
        let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
        let place = line.map(|line| format!("line {line}: ")).unwrap_or_default();
        format!("{place}not TOML: {}", said(error.message()))
    })
}

fn remedy(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotFound => "look at the path after --config",
        ErrorKind::IsADirectory => "name the file in that folder after --config",
        ErrorKind::PermissionDenied => "give this user the right to, or run this as the user of the service",
        ErrorKind::InvalidData => "write it in UTF-8",
        _ => "look at the path after --config, and at its disk",
    }
}

/// One line, and nothing that was quoted from the file.
fn said(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    first
        .split(['`', '"'])
        .step_by(2)
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" … ")
}

fn fit(default: &Value, value: Value) -> Result<Value, String> {
    match (default, value) {
        #[allow(clippy::cast_precision_loss)]
        (Value::Float(_), Value::Integer(number)) => Ok(Value::Float(number as f64)),
        (default, value) if default.same_type(&value) => Ok(value),
        (default, value) => Err(format!(
            "must be of type {}, not {}",
            default.type_str(),
            value.type_str()
        )),
    }
}

/// The setting that a file is named for, with what the file holds; `None` if the key does not name a file for a text setting.
/// The path is not repeated: it may be the secret itself, put there by mistake.
fn from_file(known: &Table, key: &str, value: &Value) -> Option<(String, Result<Value, String>)> {
    let of = key.strip_suffix(FILE)?;
    let (Some(Value::String(_)), Value::String(path)) = (known.get(of), value) else {
        return None;
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("must be the path of a file that this process may read, which holds {of}: {error}"));
    Some((
        of.to_owned(),
        text.map(|text| Value::String(text.trim_end_matches(['\r', '\n']).to_owned())),
    ))
}

fn typed(default: Option<&Value>, text: &str) -> Result<Value, &'static str> {
    match default {
        Some(Value::Integer(_)) => text.parse().map(Value::Integer).map_err(|_| "a whole number"),
        Some(Value::Float(_)) => text.parse().map(Value::Float).map_err(|_| "a number"),
        Some(Value::Boolean(_)) => text.parse().map(Value::Boolean).map_err(|_| "true or false"),
        Some(Value::Array(_)) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Ok(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        _ => Ok(Value::String(text.to_owned())),
    }
}
