//! Every setting of a policy as a key, a value and its origin.

use super::{Choice, Kind, Origin, Policy, Setting, SignerId};
use serde::Serialize;
use std::fmt;

/// A value as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number.
    Number(u64),
    /// A list of texts.
    List(Vec<String>),
    /// No value.
    Nothing,
}

/// A setting that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The key, with the names of the tables that it is in: `least.rsa-bits`.
    pub key: String,
    /// The value.
    pub value: Value,
    /// Where it was set.
    pub origin: Origin,
}

impl Policy {
    /// Every setting that is in force, in the order of the documentation.
    #[must_use]
    pub fn describe(&self) -> Vec<Described> {
        let (limits, measure) = (&self.limits, &self.measure);
        let mut all = vec![
            choice("unsigned", &self.unsigned),
            choice("insecure-unsigned", &self.insecure_unsigned),
            list("require", &self.require, |part| part.name().to_owned()),
            choice("signed-cmdline", &self.signed_cmdline),
            choice("signed-initrd", &self.signed_initrd),
            list("inject", &self.inject, Clone::clone),
            list("credentials", &self.credentials, Clone::clone),
            list("ignore-revocations", &self.ignore_revocations, Clone::clone),
            choice("refresh", &self.refresh),
            number("least.rsa-bits", &limits.rsa_bits.clone().unwrap_or(2048.into())),
            number("least.ec-bits", &limits.ec_bits.clone().unwrap_or(256.into())),
        ];
        all.extend(self.versions.iter().map(|(name, least)| number(&format!("least.version.{}", quoted(name)), least)));
        all.extend([
            choice("measure.at", &measure.at),
            number("measure.kernel", &measure.kernel),
            number("measure.initrd", &measure.initrd),
            number("measure.cmdline", &measure.cmdline),
        ]);
        all.extend(Kind::NAMES.iter().map(|(name, kind)| match limits.signers.get(kind) {
            Some(signers) => list(&format!("signers.{name}"), signers, SignerId::text),
            None => described(&format!("signers.{name}"), Value::Nothing, Origin::Default),
        }));
        all
    }
}

fn described(key: &str, value: Value, origin: Origin) -> Described {
    Described { key: key.to_owned(), value, origin }
}

fn choice<T: Choice>(key: &str, setting: &Setting<T>) -> Described {
    described(key, Value::Text(setting.value.name().to_owned()), setting.origin)
}

fn list<T>(key: &str, setting: &Setting<Vec<T>>, text: impl Fn(&T) -> String) -> Described {
    described(key, Value::List(setting.value.iter().map(text).collect()), setting.origin)
}

fn number<T: Copy + Into<u64>>(key: &str, setting: &Setting<T>) -> Described {
    described(key, Value::Number(setting.value.into()), setting.origin)
}

/// A basic string of TOML. JSON's are a part of them.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// In TOML's syntax; nothing for no value, for which TOML has none.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Number(number) => number.fmt(f),
            Self::List(texts) => {
                write!(f, "[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
            }
            Self::Nothing => Ok(()),
        }
    }
}
