//! Where the bus is.

use async_nats::ServerAddr;
use onqueue_model::Fault;
use serde::Deserialize;
use std::fmt;

/// Settings of the bus, section `[bus]`.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Addresses of NATS servers of one installation, separated by commas: `nats://host:4222`, or `tls://` for TLS with the
    /// machine's roots; `user:password@` or `token@` before the host, the same in each. Empty: hints stay in the process.
    pub url: String,
    /// The first part of every subject's name, so that installations can share servers: letters, digits, `-` and `_`.
    pub prefix: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: String::new(),
            prefix: "onqueue".to_owned(),
        }
    }
}

/// Without what is secret in the addresses.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers = Servers::of(self).map(|servers| servers.addresses);
        f.debug_struct("Settings")
            .field("url", &servers.unwrap_or_default())
            .field("prefix", &self.prefix)
            .finish()
    }
}

impl Settings {
    /// Refuses what cannot be meant, by name and without repeating it: it may hold a password.
    pub fn check(&self) -> Result<(), Fault> {
        Fault::first_of(self.mistakes())
    }

    /// Everything that cannot be meant.
    pub fn mistakes(&self) -> Vec<Fault> {
        let is_token = |part: &str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            !part.is_empty() && part.bytes().all(fits)
        };
        let prefix = (!is_token(&self.prefix)).then(|| {
            let problem = "must consist of letters, digits, `-` and `_`";
            Fault::field("bus.prefix", problem)
        });
        Servers::of(self).err().into_iter().chain(prefix).collect()
    }

    /// Whether hints stay in the process.
    pub fn is_in_process(&self) -> bool {
        self.url.trim().is_empty()
    }
}

/// The addresses, and apart from them who we say we are: addresses get logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Servers {
    pub addresses: Vec<ServerAddr>,
    pub credentials: Credentials,
}

/// No `Debug`: it is a secret.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    None,
    Token(String),
    User(String, String),
}

impl Servers {
    /// None if hints stay in the process.
    pub fn of(settings: &Settings) -> Result<Self, Fault> {
        let mut servers = Self {
            addresses: Vec::new(),
            credentials: Credentials::None,
        };
        if settings.is_in_process() {
            return Ok(servers);
        }
        for (place, text) in settings.url.split(',').enumerate() {
            let (address, credentials) = server(text.trim()).ok_or_else(|| {
                let problem = "must be nats://[user:password@|token@]host[:port] or tls://…";
                Fault::field("bus.url", format!("address {}: {problem}", place + 1))
            })?;
            if place > 0 && credentials != servers.credentials {
                let problem = format!("address {}: must name the same user as the first", place + 1);
                return Err(Fault::field("bus.url", problem));
            }
            servers.credentials = credentials;
            servers.addresses.push(address);
        }
        Ok(servers)
    }
}

fn server(text: &str) -> Option<(ServerAddr, Credentials)> {
    let address: ServerAddr = text.parse().ok()?;
    if !matches!(address.scheme(), "nats" | "tls") || address.host().is_empty() {
        return None;
    }
    let credentials = match (address.username(), address.password()) {
        (None, None) => Credentials::None,
        (Some(token), None) => Credentials::Token(plain(token)?),
        (user, Some(password)) => Credentials::User(plain(user?)?, plain(password)?),
    };
    let mut url = address.into_inner();
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return None;
    }
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some((ServerAddr::from_url(url).ok()?, credentials))
}

/// The text behind percent signs.
fn plain(encoded: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let value = digit(rest.next()?)? * 16 + digit(rest.next()?)?;
        bytes.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str) -> Settings {
        Settings {
            url: url.to_owned(),
            ..Settings::default()
        }
    }

    #[test]
    fn mistakes_are_named_without_what_is_secret() {
        for (settings, field) in [
            (at("http://host:4222"), "bus.url"),
            (at("nats://host:99999"), "bus.url"),
            (at("nats://"), "bus.url"),
            (at("nats://a,,nats://b"), "bus.url"),
            (at("ws://host"), "bus.url"),
            (at("nats://host/path"), "bus.url"),
            (at("nats://:hush@host"), "bus.url"),
            (at("nats://me:hush%zz@host"), "bus.url"),
            (at("nats://me:hush@a,nats://you:hush@b"), "bus.url"),
            (
                Settings {
                    prefix: "on.queue".to_owned(),
                    ..Settings::default()
                },
                "bus.prefix",
            ),
            (
                Settings {
                    prefix: String::new(),
                    ..Settings::default()
                },
                "bus.prefix",
            ),
        ] {
            let fault = settings.check().expect_err("a mistake");
            assert_eq!(fault.metadata, [("field", field.to_owned())], "{settings:?}");
            assert!(!format!("{fault:?}").contains("hush"));
        }
    }

    #[test]
    fn addresses_and_credentials_come_apart() {
        let settings = at("nats://me:hu%40sh@a:1, tls://me:hu%40sh@b");
        let servers = Servers::of(&settings).expect("fits");
        let address = |server: &ServerAddr| (server.host().to_owned(), server.port(), server.tls_required());
        assert_eq!(
            servers.addresses.iter().map(address).collect::<Vec<_>>(),
            [("a".to_owned(), 1, false), ("b".to_owned(), 4222, true)]
        );
        assert!(servers.credentials == Credentials::User("me".to_owned(), "hu@sh".to_owned()));
        assert!(!format!("{settings:?}").contains("sh@"));
        let token = Servers::of(&at("nats://s3cret@a")).expect("fits");
        assert!(token.credentials == Credentials::Token("s3cret".to_owned()));
        assert_eq!(at("").check(), Ok(()));
        assert!(Servers::of(&at("host:4222,[::1]:4222")).is_ok_and(|servers| servers.addresses.len() == 2));
    }
}
