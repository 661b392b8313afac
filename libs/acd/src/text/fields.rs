//! Taking `t` and `command`, which all lines have, apart from the fields that one command has.

use super::value::Millis;
use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::{fmt, marker::PhantomData};

/// A line whose command is known.
pub(super) struct Rest<T> {
    pub at: Millis,
    pub fields: T,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Rest<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(WholeLine(PhantomData))
    }
}

struct WholeLine<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for WholeLine<T> {
    type Value = Rest<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with t, command and what belongs to it")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        let mut at = None;
        let others = Others { entries, at: &mut at };
        let fields = T::deserialize(MapAccessDeserializer::new(others))?;
        let at = at.ok_or_else(|| A::Error::missing_field("t"))?;
        Ok(Rest { at, fields })
    }
}

/// The entries that are neither `t` nor `command`.
struct Others<'t, A> {
    entries: A,
    at: &'t mut Option<Millis>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Others<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.entries.next_key::<String>()? {
            match key.as_str() {
                "t" if self.at.is_some() => return Err(A::Error::duplicate_field("t")),
                "t" => *self.at = Some(self.entries.next_value()?),
                "command" => drop(self.entries.next_value::<IgnoredAny>()?),
                _ => return seed.deserialize(StringDeserializer::new(key)).map(Some),
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.entries.next_value_seed(seed)
    }
}
