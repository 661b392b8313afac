//! `onqueue keys`: the keys that sign tokens, listed, replaced and taken away.

use crate::{
    cli::{KeysList, KeysRotate, KeysWithdraw},
    node::Stores,
    output::say,
    settings::{Loaded, Settings},
};
use onqueue_bus::Bus;
use onqueue_model::{Fault, Timestamp};
use onqueue_server::{Clock, Context, Ids, Tasks};
use onqueue_store::{Lock, Store};
use onqueue_trust::Trust;
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A key of any service, without its secret.
pub struct Listed {
    /// Who signs with it.
    pub service: &'static str,
    pub kid: String,
    pub made_at: Timestamp,
    /// Until when it signs new tokens.
    pub signs_until: Timestamp,
    /// After this no token of it is valid.
    pub expires_at: Timestamp,
}

/// The databases of those who sign.
struct Signers {
    settings: Settings,
    context: Context,
    stores: Stores,
    /// A running installation holds it; it goes on, and reads what changes here within seconds.
    _lock: Option<Lock>,
}

/// Lists the keys, the newest of each service first.
pub async fn list(loaded: Loaded, options: KeysList) -> Result<(), Fault> {
    let signers = Signers::open(loaded).await?;
    let keys = signers.all().await?;
    if options.json {
        let keys: Vec<_> = keys.iter().map(as_json).collect();
        say(serde_json::to_string_pretty(&keys).map_err(Fault::internal)?);
        return Ok(());
    }
    say(format_args!(
        "{:<8} {:<36} {:<24} {:<24} verifies until",
        "service", "kid", "made", "signs until"
    ));
    for key in keys {
        say(format_args!(
            "{:<8} {:<36} {:<24} {:<24} {}",
            key.service,
            key.kid,
            moment(key.made_at),
            moment(key.signs_until),
            moment(key.expires_at)
        ));
    }
    Ok(())
}

/// Makes new keys.
pub async fn rotate(loaded: Loaded, options: KeysRotate) -> Result<(), Fault> {
    let signers = Signers::open(loaded).await?;
    let Signers { settings, context, .. } = &signers;
    let wanted = |service: &str| options.of.as_deref().is_none_or(|of| of == service);
    if wanted("auth") {
        let kid = onqueue_auth::rotate_signing_key(signers.store("auth")?, context, &settings.auth.own).await?;
        say(format_args!("auth signs with {kid} in a minute"));
    }
    if wanted("session") {
        let kid = onqueue_session::rotate_signing_key(signers.store("session")?, context).await?;
        say(format_args!("session signs with {kid} in about a minute"));
    }
    Ok(())
}

/// Takes a key away.
pub async fn withdraw(loaded: Loaded, options: KeysWithdraw) -> Result<(), Fault> {
    let signers = Signers::open(loaded).await?;
    let Signers { settings, context, .. } = &signers;
    let kid = options.kid.as_str();
    let of_auth = onqueue_auth::withdraw_signing_key(signers.store("auth")?, context, &settings.auth.own, kid).await?;
    let of_session = !of_auth && onqueue_session::withdraw_signing_key(signers.store("session")?, kid).await?;
    if !of_auth && !of_session {
        return Err(Fault::unavailable(format!(
            "{kid}: there is no such key; `onqueue keys list` names those that there are"
        )));
    }
    say(format_args!(
        "every token that {kid} signed is refused within 5 seconds"
    ));
    Ok(())
}

/// The keys of auth, for whoever looks after them.
pub async fn of_auth(store: &Store) -> Result<Vec<Listed>, Fault> {
    let keys = onqueue_auth::signing_keys(store).await?.into_iter();
    let listed = keys.map(|key| Listed {
        service: "auth",
        kid: key.kid,
        made_at: key.made_at,
        signs_until: key.signs_until,
        expires_at: key.expires_at,
    });
    Ok(listed.collect())
}

/// The same of session, as it is now.
pub async fn of_session(store: &Store, now: Timestamp) -> Result<Vec<Listed>, Fault> {
    let keys = onqueue_session::signing_keys(store, now).await?.into_iter();
    let listed = keys.map(|key| Listed {
        service: "session",
        kid: key.kid,
        made_at: key.made_at,
        signs_until: key.expires_at,
        expires_at: key.expires_at,
    });
    Ok(listed.collect())
}

impl Signers {
    async fn open(loaded: Loaded) -> Result<Self, Fault> {
        let mut settings = loaded.settings;
        // Whose tables it reads, whatever runs in the processes that share the file.
        settings.process.services = ["auth".to_owned(), "session".to_owned()].into();
        let lock = Lock::take(&settings.store).ok();
        let context = Context {
            clock: Clock::system(),
            ids: Ids::system(),
            tasks: Tasks::new(),
            bus: Bus::in_process(),
            trust: Trust::new(),
        };
        let stores = Stores::open_at_once(&settings, &context).await?;
        let signers = Self {
            settings,
            context,
            stores,
            _lock: lock,
        };
        let now = signers.store("auth")?.now().await?;
        signers.context.clock.set(now);
        Ok(signers)
    }

    fn store(&self, service: &str) -> Result<&Store, Fault> {
        let missing = || Fault::internal(format_args!("{service} has no database"));
        self.stores.of(service).ok_or_else(missing)
    }

    async fn all(&self) -> Result<Vec<Listed>, Fault> {
        let mut keys = of_auth(self.store("auth")?).await?;
        keys.extend(of_session(self.store("session")?, self.context.clock.now()).await?);
        Ok(keys)
    }
}

/// For people, to the second, in UTC.
pub fn moment(at: Timestamp) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at.millis().div_euclid(1_000)).ok();
    at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
}

fn as_json(key: &Listed) -> serde_json::Value {
    json!({
        "service": key.service,
        "kid": key.kid,
        "made_at": moment(key.made_at),
        "signs_until": moment(key.signs_until),
        "expires_at": moment(key.expires_at),
    })
}
