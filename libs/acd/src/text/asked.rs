//! What an interaction asks for, as it is written.

use super::value::{Decimal, Level, Name, Tag, Whole};
use crate::KNOWN;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

pub(super) type Priority = Whole<-25_000_000, 25_000_000>;

/// An agent whom the customer prefers.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Preference {
    pub agent: Name,
    pub score: Whole<0, 100>,
}

/// What a transfer asks for instead.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<Skill>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Tag>,
}

/// A skill that is asked for: its name, or with the least that will do.
pub(super) struct Skill {
    pub name: Name,
    pub minimum: Level,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSkill {
    name: Name,
    #[serde(default = "known")]
    minimum: Level,
}

const fn known() -> Level {
    Decimal(KNOWN as u64)
}

impl Serialize for Skill {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.minimum == known() {
            return self.name.serialize(to);
        }
        let written = WrittenSkill {
            name: self.name.clone(),
            minimum: self.minimum,
        };
        written.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Skill {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(EitherSkill)
    }
}

struct EitherSkill;

impl<'de> Visitor<'de> for EitherSkill {
    type Value = Skill;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a skill's name, or {\"name\":…,\"minimum\":…}")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Skill, E> {
        let name = Name::try_from(text.to_owned()).map_err(E::custom)?;
        Ok(Skill { name, minimum: known() })
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Skill, A::Error> {
        let WrittenSkill { name, minimum } = WrittenSkill::deserialize(MapAccessDeserializer::new(fields))?;
        Ok(Skill { name, minimum })
    }
}
