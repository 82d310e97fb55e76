//! The text of a policy: TOML, in which every key and every value is known.

use super::entry::{Entry, Source, entries, named};
use super::{Kind, Limits, Measure, Policy, SignerId};
use crate::reason::Finding;
use toml::de::DeTable;

/// The longest path in an initrd, in bytes (PATH_MAX).
const MAX_PATH: usize = 4096;
/// The longest name of a credential, in bytes (NAME_MAX).
const MAX_NAME: usize = 255;
/// Least keys beyond the largest that a signature may have would refuse every file.
const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=4096;
const EC_BITS: std::ops::RangeInclusive<u32> = 256..=521;
/// Registers of the operating system. Those before are the firmware's, those behind can be reset.
const REGISTERS: std::ops::RangeInclusive<u8> = 8..=15;

pub(super) fn onto(mut policy: Policy, file: &'static str, text: &str) -> Result<Policy, Finding> {
    let source = Source { file, text };
    let table = DeTable::parse(text)
        .map_err(|error| source.wrong(error.span().unwrap_or_default(), &error.message().replace('\n', ": ")))?;
    for entry in entries(source, table.get_ref()) {
        set(&mut policy, &entry)?;
    }
    Ok(policy)
}

fn set(policy: &mut Policy, entry: &Entry<'_>) -> Result<(), Finding> {
    match entry.key {
        "unsigned" => policy.unsigned = entry.choice()?,
        "insecure-unsigned" => policy.insecure_unsigned = entry.choice()?,
        "require" => policy.require = entry.choices("everything")?,
        "signed-cmdline" => policy.signed_cmdline = entry.choice()?,
        "signed-initrd" => policy.signed_initrd = entry.choice()?,
        "inject" => policy.inject = entry.list("a list of absolute paths without . and ..", path)?,
        "credentials" => policy.credentials = entry.list("a list of names of credentials", name)?,
        "ignore-revocations" => policy.ignore_revocations = entry.list("a list of names of revocation lists", text)?,
        "refresh" => policy.refresh = entry.choice()?,
        "least" => return entry.table()?.iter().try_for_each(|entry| least(policy, entry)),
        "measure" => return entry.table()?.iter().try_for_each(|entry| measure(&mut policy.measure, entry)),
        "signers" => return entry.table()?.iter().try_for_each(|entry| signers(&mut policy.limits, entry)),
        _ => return Err(unknown(entry)),
    }
    Ok(())
}

fn least(policy: &mut Policy, entry: &Entry<'_>) -> Result<(), Finding> {
    match entry.key {
        "rsa-bits" => policy.limits.rsa_bits = Some(entry.number(RSA_BITS)?),
        "ec-bits" => policy.limits.ec_bits = Some(entry.number(EC_BITS)?),
        "version" => {
            for entry in entry.table()? {
                if !is_manifest(entry.key) {
                    return Err(entry.wrong_key("no manifest can have this name: 1 to 64 of A-Z a-z 0-9 . _ -"));
                }
                policy.versions.insert(entry.key.to_owned(), entry.number(0..=u64::MAX >> 1)?);
            }
        }
        _ => return Err(unknown(entry)),
    }
    Ok(())
}

fn measure(measure: &mut Measure, entry: &Entry<'_>) -> Result<(), Finding> {
    match entry.key {
        "at" => measure.at = entry.choice()?,
        "kernel" => measure.kernel = entry.number(REGISTERS)?,
        "initrd" => measure.initrd = entry.number(REGISTERS)?,
        "cmdline" => measure.cmdline = entry.number(REGISTERS)?,
        _ => return Err(unknown(entry)),
    }
    Ok(())
}

fn signers(limits: &mut Limits, entry: &Entry<'_>) -> Result<(), Finding> {
    const WANTED: &str = "a list of \"certificate:HEX\" and \"key:HEX\", with the 64 digits of a SHA-256";
    let kind: Kind = named(entry.key).ok_or_else(|| unknown(entry))?;
    limits.signers.insert(kind, entry.list(WANTED, SignerId::parse)?);
    Ok(())
}

fn unknown(entry: &Entry<'_>) -> Finding {
    entry.wrong_key(&format!("there is no key {}", entry.full_key()))
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A file's path in an initrd. No other spelling of the same path counts.
fn path(path: &str) -> Option<String> {
    let steps = path.strip_prefix('/')?;
    let plain = steps.split('/').all(|step| !["", ".", ".."].contains(&step)) && !path.contains('\0');
    (plain && path.len() < MAX_PATH).then(|| path.to_owned())
}

/// A name that a manifest can have.
fn is_manifest(name: &str) -> bool {
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(usual)
}

/// A name that a file can have.
fn name(name: &str) -> Option<String> {
    let plain = !["", ".", ".."].contains(&name) && !name.contains(['/', '\0']);
    (plain && name.len() <= MAX_NAME).then(|| name.to_owned())
}
