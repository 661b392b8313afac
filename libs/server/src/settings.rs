//! Settings: documented defaults, below a file, below the environment. Every mistake is found before anything starts, and
//! all of them are told at once. The types of the sections belong to those who use them.

mod hidden;

use serde::de::DeserializeOwned;
use std::{fmt, path::Path};
use toml::{Table, Value};

/// What names of environment variables begin with. `ONQUEUE_GATEWAY__LISTEN` sets `listen` of `[gateway]`; names without
/// a double underscore are not settings.
const PREFIX: &str = "ONQUEUE_";

/// A text setting `x` may also be given as `x_file`: the path of a file that holds it, as secrets are mounted.
const FILE: &str = "_file";

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

/// Reads the settings. `defaults` is TOML that holds every key there is; what it does not hold, the file and the
/// environment may not either, and a value has the type of its default. In the environment a list is separated by commas.
/// The error has one sentence for each mistake, each naming the key.
pub fn load<T: DeserializeOwned>(
    defaults: &str,
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded<T>, Vec<String>> {
    let mut table: Table = defaults.parse().map_err(|error| vec![format!("defaults: {error}")])?;
    let known = table.clone();
    let mut mistakes = Vec::new();
    if let Some(path) = file {
        match read(path) {
            Ok(given) => merge(&mut table, &known, given, "", &mut mistakes),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    let given = from_environment(&known, environment, &mut mistakes);
    merge(&mut table, &known, given, "", &mut mistakes);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    match table.clone().try_into() {
        Ok(settings) => Ok(Loaded { settings, table }),
        Err(error) => Err(vec![error.to_string().trim().replace('\n', " ")]),
    }
}

fn read(path: &Path) -> Result<Table, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.parse().map_err(|error| format!("{}: {error}", path.display()))
}

fn merge(into: &mut Table, known: &Table, given: Table, above: &str, mistakes: &mut Vec<String>) {
    for (key, value) in given {
        let name = format!("{above}{key}");
        match (known.get(&key), value) {
            (Some(Value::Table(known)), Value::Table(given)) => {
                if let Some(Value::Table(into)) = into.get_mut(&key) {
                    merge(into, known, given, &format!("{name}."), mistakes);
                }
            }
            (Some(default), value) => match fit(default, value) {
                Ok(value) => {
                    into.insert(key, value);
                }
                Err(mistake) => mistakes.push(format!("{name}: {mistake}")),
            },
            (None, value) => match from_file(known, &key, &value) {
                Some(Ok((key, value))) => {
                    into.insert(key, value);
                }
                Some(Err(mistake)) => mistakes.push(format!("{name}: {mistake}")),
                None => mistakes.push(format!("{name}: there is no such setting")),
            },
        }
    }
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

/// `None` if the key does not name a file for a text setting.
fn from_file(known: &Table, key: &str, value: &Value) -> Option<Result<(String, Value), String>> {
    let of = key.strip_suffix(FILE)?;
    let (Some(Value::String(_)), Value::String(path)) = (known.get(of), value) else {
        return None;
    };
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
    Some(text.map(|text| {
        (
            of.to_owned(),
            Value::String(text.trim_end_matches(['\r', '\n']).to_owned()),
        )
    }))
}

fn from_environment(
    known: &Table,
    environment: impl IntoIterator<Item = (String, String)>,
    mistakes: &mut Vec<String>,
) -> Table {
    let mut given = Table::new();
    for (name, text) in environment {
        let Some((section, key)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once("__")) else {
            continue;
        };
        let (section, key) = (section.to_lowercase(), key.to_lowercase());
        let default = known.get(&section).and_then(|section| section.get(&key));
        match typed(default, &text) {
            Ok(value) => {
                let section = given.entry(section).or_insert_with(|| Value::Table(Table::new()));
                if let Value::Table(section) = section {
                    section.insert(key, value);
                }
            }
            Err(expected) => mistakes.push(format!("{name}: must be {expected}")),
        }
    }
    given
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    const DEFAULTS: &str = r#"
        [gateway]
        # Where to listen.
        listen = "127.0.0.1:8080"
        streams = 100
        origins = []
        [store]
        url = "sqlite://data/onqueue.db"
        signing_secret = ""
        ratio = 0.5
        verbose = false
    "#;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct All {
        gateway: Gateway,
        store: Store,
    }
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Gateway {
        listen: std::net::SocketAddr,
        streams: u32,
        origins: Vec<String>,
    }
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Store {
        url: String,
        signing_secret: String,
        ratio: f64,
        verbose: bool,
    }

    fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn the_environment_beats_the_file_beats_the_defaults() {
        let folder = tempfile::tempdir().expect("folder");
        let (file, secret) = (folder.path().join("onqueue.toml"), folder.path().join("secret"));
        std::fs::write(
            &file,
            "[gateway]\nlisten = '0.0.0.0:80'\nstreams = 7\n[store]\nratio = 1\n",
        )
        .expect("written");
        std::fs::write(&secret, "hush\n").expect("written");
        let given = environment(&[
            ("ONQUEUE_GATEWAY__STREAMS", "9"),
            ("ONQUEUE_GATEWAY__ORIGINS", "https://a.example, https://b.example"),
            ("ONQUEUE_STORE__VERBOSE", "true"),
            ("ONQUEUE_STORE__URL", "postgres://me:pw@db:5432/onqueue?a=b@c"),
            ("ONQUEUE_STORE__SIGNING_SECRET_FILE", secret.to_str().expect("path")),
            ("ONQUEUE_TEST_POSTGRES_URL", "not a setting"),
            ("PATH", "/bin"),
        ]);
        let loaded = load::<All>(DEFAULTS, Some(&file), given).expect("good");
        let All { gateway, store } = &loaded.settings;
        assert_eq!(
            (gateway.listen.to_string().as_str(), gateway.streams),
            ("0.0.0.0:80", 9)
        );
        assert_eq!(gateway.origins, ["https://a.example", "https://b.example"]);
        assert_eq!(
            (store.ratio, store.verbose, store.signing_secret.as_str()),
            (1.0, true, "hush")
        );
        let printed = loaded.print();
        assert!(
            store.url.contains(":pw@") && !printed.contains("pw") && !printed.contains("hush"),
            "{printed}"
        );
        assert!(
            printed.contains("postgres://me:(hidden)@db:5432/onqueue?a=b@c"),
            "{printed}"
        );
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("onqueue.toml");
        std::fs::write(&file, "[gateway]\nlisten = 1\nnothing = 2\n[nowhere]\na = 1\n").expect("written");
        let given = environment(&[
            ("ONQUEUE_GATEWAY__STREAMS", "many"),
            ("ONQUEUE_STORE__NOTHING", "x"),
            ("ONQUEUE_STORE__URL_FILE", "/nowhere/at/all"),
        ]);
        let mut mistakes = load::<All>(DEFAULTS, Some(&file), given).expect_err("bad");
        mistakes.sort();
        let expected = [
            "ONQUEUE_GATEWAY__STREAMS: must be a whole number",
            "gateway.listen: must be of type string, not integer",
            "gateway.nothing: there is no such setting",
            "nowhere: there is no such setting",
            "store.nothing: there is no such setting",
            "store.url_file: /nowhere/at/all: No such file",
        ];
        assert_eq!(mistakes.len(), expected.len(), "{mistakes:#?}");
        for (mistake, expected) in mistakes.iter().zip(expected) {
            assert!(mistake.starts_with(expected), "{mistake} is not {expected}");
        }
    }

    #[test]
    fn a_value_that_does_not_parse_names_its_key() {
        let given = environment(&[("ONQUEUE_GATEWAY__LISTEN", "nowhere")]);
        let mistakes = load::<All>(DEFAULTS, None, given).expect_err("bad");
        assert!(mistakes.len() == 1 && mistakes[0].contains("listen"), "{mistakes:?}");
        let missing = load::<All>(DEFAULTS, Some(Path::new("/nowhere.toml")), []).expect_err("no file");
        assert!(missing[0].contains("/nowhere.toml"), "{missing:?}");
    }
}
