//! What is secret in settings, left out where they are shown.

use toml::{Table, Value};

/// Settings whose names end so are never shown.
const SECRET: [&str; 4] = ["secret", "password", "token", "_key"];

/// What is shown in place of a secret.
const HIDDEN: &str = "(hidden)";

/// The same without secrets: settings that are named as such, and what stands in addresses to prove who one is.
pub(super) fn shown(table: &Table) -> Table {
    let shown = |(key, value): (&String, &Value)| (key.clone(), shown_value(key, value));
    table.iter().map(shown).collect()
}

fn shown_value(key: &str, value: &Value) -> Value {
    match value {
        Value::Table(inner) => Value::Table(shown(inner)),
        Value::Array(items) => Value::Array(items.iter().map(|item| shown_value(key, item)).collect()),
        Value::String(text) if text.is_empty() => value.clone(),
        Value::String(_) if is_secret(key) => Value::String(HIDDEN.to_owned()),
        Value::String(text) => Value::String(addresses(text)),
        _ => value.clone(),
    }
}

/// Whether a setting is secret by its name.
pub(super) fn is_secret(name: &str) -> bool {
    SECRET.iter().any(|ending| name.ends_with(ending))
}

/// Whether a setting is secret, or an address that may hold a password.
pub(super) fn may_be_secret(name: &str) -> bool {
    is_secret(name) || name == "url" || name.ends_with("_url")
}

/// `scheme://user:password@host/…?password=…` or `scheme://token@host`, one or several in a list, with a scheme or without.
fn addresses(text: &str) -> String {
    let parts: Vec<_> = text.split("://").map(without_secrets).collect();
    parts.join("://")
}

/// What follows a scheme, perhaps up to the next one.
fn without_secrets(part: &str) -> String {
    let (authority, rest) = part.split_at(part.find(['/', '?']).unwrap_or(part.len()));
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) => format!("{}@{host}", without_password(user)),
        None => authority.to_owned(),
    };
    match rest.split_once('?') {
        Some((path, query)) => format!("{authority}{path}?{}", parameters(query)),
        None => format!("{authority}{rest}"),
    }
}

/// A user without a password is a token.
fn without_password(user: &str) -> String {
    match user.split_once(':') {
        Some((name, _)) => format!("{name}:{HIDDEN}"),
        None => HIDDEN.to_owned(),
    }
}

fn parameters(query: &str) -> String {
    let shown = |parameter: &str| match parameter.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={HIDDEN}"),
        _ => parameter.to_owned(),
    };
    query.split('&').map(shown).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_what_proves_who_one_is() {
        for (given, expected) in [
            ("", ""),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("sqlite://data/me@home/onqueue.db", "sqlite://data/me@home/onqueue.db"),
            ("/run/me@home/certs", "/run/me@home/certs"),
            (
                "postgres://me:hush@db:5432/onqueue?a=b@c",
                "postgres://me:(hidden)@db:5432/onqueue?a=b@c",
            ),
            ("postgres://me:hu,sh@db/onqueue", "postgres://me:(hidden)@db/onqueue"),
            (
                "postgres://db/onqueue?user=me&password=hush&sslmode=require",
                "postgres://db/onqueue?user=me&password=(hidden)&sslmode=require",
            ),
            ("nats://hush@a", "nats://(hidden)@a"),
            ("nats://hush@a:1, tls://hush@b", "nats://(hidden)@a:1, tls://(hidden)@b"),
            (
                "nats://me:hush@a,nats://me:hush@b",
                "nats://me:(hidden)@a,nats://me:(hidden)@b",
            ),
            ("nats://me:hush@a,me:hush@b", "nats://me:(hidden)@b"),
            ("me:hush@a:4222", "me:(hidden)@a:4222"),
        ] {
            assert_eq!(addresses(given), expected);
        }
    }

    #[test]
    fn secrets_are_hidden_by_name_wherever_they_are() {
        let table: Table = "[a]\nsigning_secret = 'hush'\nempty_token = ''\nurls = ['nats://hush@a', 'x']\nn = 1"
            .parse()
            .expect("TOML");
        let expected: Table =
            "[a]\nsigning_secret = '(hidden)'\nempty_token = ''\nurls = ['nats://(hidden)@a', 'x']\nn = 1"
                .parse()
                .expect("TOML");
        assert_eq!(shown(&table), expected);
    }
}
