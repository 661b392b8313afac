//! The single values of a routing log: numbers as they are written, never as floating point, names, languages and maps.

use super::problem::twice;
use onqueue_model::Language;
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::{collections::BTreeMap, fmt, marker::PhantomData};

/// A number from 0 with at most `DIGITS` decimals, held as a whole number of the last decimal, at most `MAX` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal<const DIGITS: usize, const MAX: u64>(pub u64);

/// Seconds, held as milliseconds; at most ten years.
pub(super) type Seconds = Decimal<3, 315_360_000_000>;

/// 0–5, held as hundredths.
pub(super) type Level = Decimal<2, 500>;

/// Percent, held as hundredths.
pub(super) type Percent = Decimal<2, 10_000>;

impl<const DIGITS: usize, const MAX: u64> Decimal<DIGITS, MAX> {
    /// Of the last decimal, as another type, into which `MAX` must fit.
    pub fn to<T: TryFrom<u64>>(self) -> T {
        let Ok(number) = T::try_from(self.0) else {
            unreachable!("the range was chosen for the type")
        };
        number
    }

    fn parse(text: &str) -> Option<u64> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let decimals = decimals.trim_end_matches('0');
        if decimals.len() > DIGITS {
            return None;
        }
        let scaled = format!("{whole}{decimals:0<DIGITS$}").parse().ok()?;
        (scaled <= MAX).then_some(scaled)
    }
}

impl<const DIGITS: usize, const MAX: u64> fmt::Display for Decimal<DIGITS, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:0>width$}", self.0, width = DIGITS + 1);
        let (whole, decimals) = digits.split_at(digits.len() - DIGITS);
        match decimals.trim_end_matches('0') {
            "" => f.write_str(whole),
            decimals => write!(f, "{whole}.{decimals}"),
        }
    }
}

impl<'de, const DIGITS: usize, const MAX: u64> Deserialize<'de> for Decimal<DIGITS, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = written(from)?;
        Self::parse(&written).map(Self).ok_or_else(|| {
            D::Error::custom(format_args!(
                "expected a number from 0 to {} with at most {DIGITS} decimals, found {}",
                Self(MAX),
                shortened(&written)
            ))
        })
    }
}

impl<const DIGITS: usize, const MAX: u64> Serialize for Decimal<DIGITS, MAX> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.to_string()).map_err(S::Error::custom)?;
        raw.serialize(to)
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Whole<const MIN: i64, const MAX: i64>(pub i64);

/// A point in time: milliseconds since an origin of the log's own choosing, or since 1970; up to the year 9999.
pub(super) type Millis = Whole<0, 253_402_300_799_999>;

/// A number of things.
pub(super) type Count<const MIN: i64> = Whole<MIN, { u32::MAX as i64 }>;

/// A length of time in milliseconds, at least one, at most ten years.
pub(super) type Span = Whole<1, 315_360_000_000>;

impl<const MIN: i64, const MAX: i64> Whole<MIN, MAX> {
    /// As another type, into which every number of the range must fit.
    pub fn to<T: TryFrom<i64>>(self) -> T {
        let Ok(number) = T::try_from(self.0) else {
            unreachable!("the range was chosen for the type")
        };
        number
    }
}

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = written(from)?;
        let number = written.parse().ok().filter(|number| (MIN..=MAX).contains(number));
        number.map(Self).ok_or_else(|| {
            D::Error::custom(format_args!(
                "expected a whole number from {MIN} to {MAX}, found {}",
                shortened(&written)
            ))
        })
    }
}

/// A value as it stands in the text.
fn written<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let raw = <&RawValue>::deserialize(from)?;
    Ok(raw.get().to_owned())
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A name that a person, or another system, gave to something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Name(pub String);

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.is_empty() {
            true => Err("expected a name, found an empty text"),
            false => Ok(Self(text)),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A language that is one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Tag(pub Language);

impl TryFrom<String> for Tag {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let language = Language::parse(&text).map(Self);
        language.ok_or_else(|| format!("expected a language such as \"de\" or \"de-AT\", found {text:?}"))
    }
}

/// A JSON object whose names are data; each once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Map<K: Ord, V>(pub BTreeMap<K, V>);

impl<K: Ord, V> Default for Map<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord, V> Map<K, V> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl<'de, K: Ord + Deserialize<'de> + Serialize, V: Deserialize<'de>> Deserialize<'de> for Map<K, V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Entries(PhantomData))
    }
}

struct Entries<K, V>(PhantomData<(K, V)>);

impl<'de, K: Ord + Deserialize<'de> + Serialize, V: Deserialize<'de>> Visitor<'de> for Entries<K, V> {
    type Value = Map<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = Map::default();
        while let Some((key, value)) = entries.next_entry::<K, V>()? {
            if map.0.contains_key(&key) {
                let key = serde_json::to_string(&key).map_err(A::Error::custom)?;
                return Err(A::Error::custom(twice(key.trim_matches('"'))));
            }
            map.0.insert(key, value);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_and_written_as_they_stand() {
        for (text, held, back) in [
            ("0", Some(0), "0"),
            ("2.5", Some(2_500), "2.5"),
            ("0.001", Some(1), "0.001"),
            ("10.000000", Some(10_000), "10"),
            ("1.0005", None, ""),
            ("-1", None, ""),
            ("1e3", None, ""),
            ("\"1\"", None, ""),
            ("null", None, ""),
            ("315360000.001", None, ""),
        ] {
            let read = serde_json::from_str::<Seconds>(text).ok();
            assert_eq!(read.map(|read| read.0), held, "{text}");
            if let Some(read) = read {
                assert_eq!(serde_json::to_string(&read).expect("a number"), back);
            }
        }
    }

    #[test]
    fn whole_numbers_keep_to_their_range() {
        for (text, number) in [
            ("1", Some(1)),
            ("6", Some(6)),
            ("0", None),
            ("7", None),
            ("1.0", None),
            ("true", None),
        ] {
            let read = serde_json::from_str::<Whole<1, 6>>(text).ok();
            assert_eq!(read.map(|read| read.0), number, "{text}");
        }
    }

    #[test]
    fn a_name_stands_in_an_object_once() {
        let error = serde_json::from_str::<Map<Name, Level>>(r#"{"german":1,"german":2}"#).expect_err("twice");
        assert!(error.to_string().starts_with("`german` is given twice"), "{error}");
    }
}
